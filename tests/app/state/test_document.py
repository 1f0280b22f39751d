"""The document, without any window."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.state.document import Document, OpenMethod
from app.state.settings import ViewSettings
from keygrid.data.garment import Garment
from keygrid.prediction import MethodId

ROOT = Path(__file__).parents[3]


def garment(name: str) -> Garment:
    return Garment(name, np.eye(3), np.array([[0, 1, 2]]), Path(f"{name}.obj"))


def checkpoint(name: str) -> OpenMethod:
    return OpenMethod(MethodId.of_file(Path(f"{name}.safetensors"), "0", "T-shirt"), 8)


@pytest.fixture
def document():
    return Document()


def test_the_state_needs_neither_qt_nor_vtk_nor_torch():
    code = "import sys, app.state.document, app.state.settings; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert "app" in loaded
    assert not loaded & {"PySide6", "vtkmodules", "pyvista", "pyvistaqt", "torch", "trimesh", "open3d"}


def test_a_garment_is_added_with_or_without_being_chosen(document):
    first, second = garment("a"), garment("b")
    document.add_garment(first, choose=True)
    document.add_garment(second, choose=False)
    assert document.garments == (first, second)
    assert document.garment is first


def test_choosing_another_garment_clears_what_was_predicted_and_selected_first(document):
    document.add_garment(garment("a"), choose=True)
    document.prediction, document.keypoint = object(), 3
    seen = []
    document.events.garment.connect(lambda _: seen.append((document.prediction, document.keypoint)))
    document.add_garment(garment("b"), choose=True)
    assert seen == [(None, None)]


def test_a_file_that_is_read_again_takes_its_own_place(document):
    old, new, other = garment("a"), garment("a"), garment("b")
    document.add_garment(old, choose=True)
    document.add_garment(other, choose=False)
    document.add_garment(new, choose=False)
    assert set(document.garments) == {new, other}
    assert document.garment is new


def test_a_checkpoint_that_is_read_again_is_another_one_and_said_so(document):
    document.add_method(checkpoint("a"), choose=True)
    told = []
    document.events.method.connect(told.append)
    again = checkpoint("a")
    document.add_method(again, choose=False)
    assert document.methods == (again,)
    assert document.method is again
    assert told == [again]


def test_closing_the_chosen_garment_chooses_the_last_of_the_others(document):
    first, second, third = (garment(name) for name in "abc")
    for one in (first, second, third):
        document.add_garment(one, choose=True)
    document.choose(garment=first)
    document.keypoint = 1
    document.close_garment(first)
    assert (document.garment, document.keypoint) == (third, None)
    document.close_garment(second)
    assert document.garment is third
    document.close_garment(third)
    assert (document.garment, document.garments) == (None, ())


def test_settings_tell_each_change_once_and_only_changes():
    settings, told = ViewSettings(), []
    settings.events.connect(lambda info: told.append((info.signal.name, *info.args)))
    settings.switch("samples", on=True)
    settings.switch("samples", on=True)
    settings.strength = 0.25
    assert [change[:2] for change in told] == [("layers", {"samples": True}), ("strength", 0.25)]


def test_two_documents_do_not_hear_each_other(document):
    other, told = Document(), []
    other.events.keypoint.connect(told.append)
    document.keypoint = 2
    assert (told, other.keypoint) == ([], None)
