"""What was done is undone in its order, whatever did it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.state.document import OpenMethod
from app.state.history import MOST, History, Recording, Step
from app.state.workspace import Workspace
from keygrid.checkpoints.labels import KeypointLabels
from keygrid.clouds import Crop, Recipe
from keygrid.data.garment import Garment
from keygrid.prediction import MethodId

METHOD = OpenMethod(MethodId("Farthest points", "1", "farthest?k=4"), 4)
OTHER = OpenMethod(MethodId("Still points", "1", "still?k=4"), 4)


def garment(name: str) -> Garment:
    return Garment(name, np.eye(3), np.array([[0, 1, 2]]), source=Path(f"{name}.obj"))


@pytest.fixture
def workspace() -> Workspace:
    workspace = Workspace()
    for name in ("shirt", "hat"):
        workspace.document.add_garment(garment(name), choose=True)
    workspace.document.choose(method=METHOD)
    return workspace


@pytest.fixture
def history(workspace: Workspace) -> History:
    history = History()
    history.recording = Recording(workspace, history)  # type: ignore[attr-defined]  # lives as long
    return history


def titles(history: History) -> list[str]:
    return [step.title for step in history.earlier]


def test_everything_comes_back_in_order_and_goes_again(workspace: Workspace, history: History) -> None:
    document, comparison, settings = workspace.document, workspace.comparison, workspace.first.settings
    settings.hidden = frozenset({2})
    document.relabel(document.labels.named(1, "left cuff"))
    view = comparison.add(document.garment, OTHER)
    hat = document.garment
    assert hat is not None
    document.close_garment(hat)
    workspace.preparation.change(Recipe((Crop((-1, -1, -1), (1, 1, 1)),)))
    assert titles(history) == [
        "hide keypoint 2", "name or colour of a keypoint", "add view B", "close hat", "change of the recipe",
    ]  # fmt: skip

    def state() -> tuple[object, ...]:
        names = [one.name for one in document.garments]
        steps = len(workspace.preparation.recipe.steps)
        return settings.hidden, dict(document.labels.names), comparison.views, names, steps

    states = [state()]
    while history.undo():
        states.append(state())
    assert states[-1] == (frozenset(), {}, (), ["shirt", "hat"], 0)
    assert document.garment is hat
    for earlier in reversed(states[:-1]):
        assert history.redo() is not None
        assert state() == earlier
    assert comparison.views == (view,)
    assert history.redo() is None


def test_a_new_step_ends_what_could_be_redone(workspace: Workspace, history: History) -> None:
    settings = workspace.first.settings
    settings.hidden = frozenset({0})
    history.undo()
    settings.hidden = frozenset({1, 2})
    assert titles(history) == ["hide 2 keypoints"]
    assert not history.later


def test_linked_views_are_one_step(workspace: Workspace, history: History) -> None:
    view = workspace.comparison.add(workspace.document.garment, METHOD)
    workspace.first.settings.hidden = view.settings.hidden = frozenset({1})
    assert titles(history) == ["add view B", "hide keypoint 1"]
    workspace.comparison.selection = False
    view.settings.hidden = frozenset()
    assert titles(history)[-1] == "show keypoint 1"
    history.undo()
    assert view.settings.hidden == {1}


def test_another_method_keeps_its_names(workspace: Workspace, history: History) -> None:
    document = workspace.document
    document.relabel(KeypointLabels().named(0, "hem"))
    document.choose(method=OTHER)
    history.undo()
    assert document.labels == KeypointLabels()
    assert document.method is OTHER


def test_a_garment_that_was_opened_again_is_open_once(workspace: Workspace, history: History) -> None:
    document = workspace.document
    hat = document.garment
    assert hat is not None
    document.close_garment(hat)
    document.add_garment(replace(hat), choose=True)
    history.undo()
    assert [one.name for one in document.garments] == ["shirt", "hat"]
    assert document.garment is hat


def test_steps_undone_in_a_panel_are_not_undone_twice(workspace: Workspace, history: History) -> None:
    workspace.first.settings.hidden = frozenset({3})
    workspace.preparation.change(Recipe((Crop((-1, -1, -1), (1, 1, 1)),)))
    workspace.preparation.undo()
    assert titles(history) == ["hide keypoint 3"]


def test_only_so_many_steps_are_remembered() -> None:
    history = History()
    for number in range(MOST + 5):
        history.add(Step(str(number), lambda: None, lambda: None))
    assert len(history.earlier) == MOST
    assert history.earlier[0].title == "5"
