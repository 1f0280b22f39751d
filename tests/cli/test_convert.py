from typing import get_args

import pytest

from keygrid.cli.convert import convert
from keygrid.data.formats.convert import WRITERS
from tests.cli.conftest import SHIRT, Refuse


def test_convert_offers_every_format() -> None:
    assert list(get_args(convert.__annotations__["to"])) == sorted(WRITERS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((SHIRT, "--to", "usd", "--out", "new"), 'Invalid value "usd" for --to'),
        ((SHIRT, "--to", "obj", "--out", "."), "name a folder that is new or empty"),
        (("points.xyz", "--to", "clothesnet", "--out", "new"), "convert it to another format"),
        (("points.xyz", "--to", "shapenet", "--out", "new"), "points has 80 points"),
    ],
)
def test_what_can_not_be_converted_is_one_sentence(
    arguments: tuple[object, ...], sentence: str, refuse: Refuse
) -> None:
    assert sentence in refuse("convert", *arguments)
