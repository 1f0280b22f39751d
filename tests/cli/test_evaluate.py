import pytest

from tests.cli.conftest import SHIRT, Refuse


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tshirt.safetensors", "--data", SHIRT), "no checkpoint tshirt.safetensors"),
        (("still?k=65",), "65"),
        (("--method", "nearest?k=8"), "no method 'nearest'"),
        ((), "no method to score"),
    ],
)
def test_what_can_not_be_scored_is_one_sentence(arguments: tuple[object, ...], sentence: str, refuse: Refuse) -> None:
    assert sentence in refuse("evaluate", *arguments)
