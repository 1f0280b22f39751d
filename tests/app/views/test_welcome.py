"""The first start: three offers on bundled data, one click each, that step aside."""

import pytest
from PySide6.QtCore import QSettings

from app.commands.offers import SHIRT
from app.views.welcome import OFFERS
from tests.app.conftest import click


@pytest.fixture
def store(tmp_path):
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


def test_offers_are_made_once(open_window, store, tiny_checkpoint, sequence):
    window = open_window(sequence, tiny_checkpoint, store=store, size=(1280, 800))
    assert window.offers.isVisible()
    click(window.offers.close_button)
    assert not window.offers.isVisible()
    assert not open_window(store=store).offers.isVisible()


def test_offers_step_aside_where_the_user_opens_a_file(open_window, store, sequence, until):
    window = open_window(store=store)
    assert window.offers.isVisible()
    window.open([sequence])
    until(lambda: window.document.garment is not None)
    assert window.offers.isVisible()
    window.open([SHIRT])
    until(lambda: len(window.document.garments) == 2)
    assert not window.offers.isVisible()


def test_each_offer_is_one_click(open_window, store, until):
    window = open_window(store=store, size=(1280, 800))
    window.list_methods()
    seen = {}
    for name in OFFERS:
        window.offers.show()
        click(window.offers.buttons[name])
        assert not window.offers.isVisible()
        until(lambda: not window.worker.busy and window.document.garment is not None)
        assert window.document.garment.source == SHIRT
        seen[name] = window.document.keypoint, window.settings.layers.get("slice"), len(window.comparison.views)
    assert seen == {"try_inspect": (0, None, 0), "try_scrub": (None, True, 0), "try_compare": (None, True, 1)}
    (view,) = window.comparison.views
    assert view.subject.method is not window.document.method
    until(lambda: view.subject.prediction is not None)
