"""The choice among the objects of a file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from app.views.dialogs.objects import ObjectDialog
from tests.app.conftest import OpenWindow, Until


def lines(name: str, mesh: trimesh.Trimesh, before: int) -> list[str]:
    return [
        f"o {name}",
        *(f"v {x} {y} {z}" for x, y, z in mesh.vertices),
        *(f"f {a} {b} {c}" for a, b, c in mesh.faces + 1 + before),
    ]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An avatar, closed, and a tube of cloth."""
    avatar, tube = trimesh.creation.icosphere(subdivisions=3), trimesh.creation.cylinder(1, 3, sections=64)
    tube.update_faces(np.abs(tube.face_normals[:, 2]) < 0.5)
    tube.apply_translation([5, 0, 0])
    path = tmp_path_factory.mktemp("scene") / "scene.obj"
    path.write_text("\n".join([*lines("Avatar", avatar, 0), *lines("Skirt/1", tube, len(avatar.vertices)), ""]))
    return path


@pytest.fixture(scope="module")
def window(open_shared_window: OpenWindow, scene: Path, tmp_path_factory: pytest.TempPathFactory) -> MainWindow:
    return open_shared_window(scene, pictures=tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def dialog(window: MainWindow, until: Until) -> Iterator[ObjectDialog]:
    window.commands["choose_object"].trigger()
    until(lambda: isinstance(QApplication.activeModalWidget(), ObjectDialog))
    found = QApplication.activeModalWidget()
    assert isinstance(found, ObjectDialog)
    yield found
    window.notice.hide()


def test_a_guess_is_told_with_a_way_to_choose_another(window: MainWindow, scene: Path) -> None:
    assert window.document.garment is not None
    assert len(window.document.garment.faces) == 128
    assert "Skirt/1 is taken, the largest open one" in window.notice.label.text()
    assert window.notice.offer.isVisible()
    assert window.notice.offer.defaultAction() is window.commands["choose_object"]
    window.messages.warn("Something else.")
    assert not window.notice.offer.isVisible()


def test_objects_are_chosen_by_keys_and_have_pictures(dialog: ObjectDialog, window: MainWindow, until: Until) -> None:
    assert [dialog.list.item(row).text() for row in range(2)] == ["Avatar", "Skirt/1"]
    until(lambda: not dialog.list.item(1).icon().isNull() and dialog.list.item(1).icon().availableSizes())
    dialog.list.setCurrentRow(1)
    QTest.keyClick(dialog.list, Qt.Key.Key_Left)
    assert dialog.list.currentRow() == 0
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)
    until(lambda: window.document.garment is not None and len(window.document.garment.faces) == 1280)
    assert len(window.document.garments) == 2, "what was open stays open"
    assert window.commands["choose_object"].isEnabled()
    window.commands["choose_object"].trigger()
    until(QApplication.activeModalWidget)
    again = QApplication.activeModalWidget()
    assert isinstance(again, ObjectDialog)
    assert again.list.currentItem().text() == "Avatar"
    QTest.keyClick(again, Qt.Key.Key_Escape)
    assert len(window.document.garments) == 2


def test_an_object_that_is_gone_is_told_and_nothing_is_lost(
    dialog: ObjectDialog, window: MainWindow, scene: Path, until: Until
) -> None:
    before, text = window.document.garment, scene.read_text()
    scene.write_text(text.replace("o Skirt/1", "o Dress"))
    dialog.list.setCurrentRow(1)
    dialog.accept()
    until(lambda: "no object" in window.notice.label.text())  # an earlier notice may still be there
    assert "no object 'Skirt/1'; its objects are Avatar, Dress" in window.notice.label.text()
    assert window.notice.isVisible()
    assert window.document.garment is before
    scene.write_text(text)


def test_one_object_offers_no_choice(window: MainWindow) -> None:
    document = window.document
    document.close()
    assert not window.commands["choose_object"].isEnabled()
