import pytest

from tests.cli.conftest import Refuse


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("truncated.obj", "--out", "k.safetensors"), "truncated.obj"),
        (("truncated.obj", "--out", "k.pt"), "must end in .safetensors; you gave k.pt"),
    ],
)
def test_what_can_not_be_imported_is_one_sentence(arguments: tuple[object, ...], sentence: str, refuse: Refuse) -> None:
    assert sentence in refuse("import", *arguments)
