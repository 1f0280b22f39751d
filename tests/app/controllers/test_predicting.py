"""Predictions that are kept for the next time that a garment is opened."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.controllers.predicting import Predicting
from app.main_window import MainWindow
from app.state.document import Document, OpenMethod
from app.state.workspace import Workspace
from keygrid.data import open_path
from keygrid.data.garment import Garment
from keygrid.methods import unlearned_methods
from keygrid.prediction.kept import keep, kept_path
from tests.app.conftest import OpenWindow, Until
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def window(open_shared_window: OpenWindow) -> MainWindow:
    return open_shared_window()


@pytest.fixture(scope="module")
def method() -> OpenMethod:
    return next(OpenMethod(method, count) for method, count in unlearned_methods() if "farthest" in method.spec)


@pytest.fixture(scope="module")
def shirt() -> Garment:
    opened = open_path(ROOT / "assets" / "garments" / "tshirt-07-lift.npz")
    assert isinstance(opened, Garment)
    return opened


def opened(window: MainWindow, shirt: Garment, method: OpenMethod, folder: Path) -> tuple[Predicting, Document, list]:
    """A view's predictions, its document, and all predictions that were shown."""
    workspace, shown = Workspace(), []
    predicting = Predicting(workspace.first, window.worker, window, kept_in=folder)
    workspace.document.events.prediction.connect(lambda found: shown.append(found) if found is not None else None)
    workspace.document.add_garment(shirt, choose=True)
    workspace.document.add_method(method, choose=True)
    return predicting, workspace.document, shown


def test_what_was_found_before_is_shown_until_it_is_found_anew(
    window: MainWindow, until: Until, shirt: Garment, method: OpenMethod, tmp_path: Path
) -> None:
    predicting, document, shown = opened(window, shirt, method, tmp_path)
    until(lambda: len(document.predictions) == shirt.frame_count)
    predicting.shut()
    (path,) = tmp_path.iterdir()  # the first frame's alone
    assert path == kept_path(tmp_path, shirt, 0, method.id, "soft")
    keep(replace(shown[0], seconds=123.0), path)

    predicting, document, again = opened(window, shirt, method, tmp_path)
    until(lambda: len(document.predictions) == shirt.frame_count)
    predicting.shut()
    assert [found.seconds == 123.0 for found in again] == [True, False]
    assert np.array_equal(again[0].keypoints, shown[0].keypoints)
    assert document.prediction is again[1]
