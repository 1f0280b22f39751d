"""Pictures of the window: those of the user guide, and of every panel and dialog to be looked at.

    python -m tests.screenshots guide            # docs/*.png and docs/story.webp, in light
    python -m tests.screenshots film FILE.webp   # the moving picture alone
    python -m tests.screenshots all FOLDER       # every panel and dialog, light and dark, at one and two pixels a pixel

Opens real windows, at 1280 x 800 of the user's pixels; where there is no display, `xvfb-run -a` provides one.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).parents[1]
ASSETS = ROOT / "assets"
SHIRT = ASSETS / "garments" / "tshirt-real-fold-sleeve.npz"
CHECKPOINTS = [
    ASSETS / "checkpoints" / f"{name}.safetensors"
    for name in ("tops-k8-surface", "tops-k8-keygrid", "tshirt-k8-motions", "tops-k12-surface")
]

FILM_WIDTH = 640
"""Width of the moving picture, in pixels."""

GUIDE = (
    "inspect", "weights", "scrub", "field", "compare", "overlay", "difference", "landmarks", "evaluation", "palette",
    "preferences", "video",
)  # fmt: skip
"""Pictures that the user guide shows."""


class Studio:
    """A window with a garment that moves, and what can be done before a picture is taken."""

    def __init__(self, theme: str) -> None:
        from PySide6.QtWidgets import QApplication

        self.application = QApplication.instance() or QApplication(sys.argv[:1])
        QApplication.setStyle("Fusion")
        from app.main_window import MainWindow

        self.pictures = TemporaryDirectory()
        self.window = window = MainWindow(None, Path(self.pictures.name))
        window.set_theme(theme)  # type: ignore[arg-type]
        window.resize(1280, 800)
        window.show()
        window.activateWindow()
        window.open([SHIRT, *CHECKPOINTS])
        self.until(lambda: len(window.document.methods) == len(CHECKPOINTS))
        self.window.document.choose(method=window.document.methods[0])
        self.settle()

    def until(self, holds: Callable[[], object], seconds: float = 240) -> None:
        """Let events go on until something holds."""
        from PySide6.QtTest import QTest

        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "waited in vain"
            QTest.qWait(20)

    def settle(self) -> None:
        """Wait until nothing is awaited, and all is drawn."""
        from PySide6.QtTest import QTest

        self.until(lambda: not self.window.busy)
        QTest.qWait(400)

    def show_tab(self, title: str) -> None:
        """Bring a panel to the front."""
        from PySide6.QtWidgets import QDockWidget

        next(dock for dock in self.window.findChildren(QDockWidget) if dock.windowTitle() == title).raise_()

    def start_anew(self) -> None:
        """Show everything as at the start."""
        from dataclasses import fields

        from app.state.settings import ViewSettings
        from app.state.slices import SliceSettings

        window = self.window
        window.comparison.difference = False
        window.comparison.stop()
        window.commands["place_landmarks"].setChecked(False)
        window.commands["evaluation"].setChecked(False)
        for state, kind in ((window.settings, ViewSettings), (window.slices, SliceSettings)):
            for attribute in fields(kind):
                setattr(state, attribute.name, getattr(kind(), attribute.name))
        window.document.keypoint = window.document.other = window.document.segment = None
        window.document.go_to(0)
        window.notice.hide()
        window.viewport.readout.show_probes([])
        for title in ("Layers", "Keypoints"):
            self.show_tab(title)
        window.viewport.look_first()
        self.settle()

    def dialog(self, command: str) -> object:
        """Trigger a command, and return the dialog that it opens."""
        from PySide6.QtTest import QTest
        from PySide6.QtWidgets import QApplication

        self.window.activateWindow()
        self.window.commands[command].trigger()
        QTest.qWait(300)
        self.until(lambda: QApplication.activeModalWidget() is not None)
        return QApplication.activeModalWidget()

    def take(self, path: Path) -> None:
        """Save what is shown: a dialog if there is one, else the window."""
        from PySide6.QtWidgets import QApplication

        dialog = QApplication.activeModalWidget()
        if dialog is None:
            self.window.save_screenshot(path)
        else:
            dialog.grab().save(str(path), "PNG")
            dialog.close()
            self.settle()


def inspect(studio: Studio) -> None:
    studio.window.document.keypoint, studio.window.document.other = 2, 7
    studio.until(lambda: studio.window.document.distance is not None and studio.window.document.distance.settled)


def weights(studio: Studio) -> None:
    studio.window.document.keypoint, studio.window.settings.weights = 3, True
    studio.window.settings.layers = {"slice": False, "skeleton": False}


def segments(studio: Studio) -> None:
    studio.show_tab("Segments")
    studio.show_tab("Display")
    studio.window.document.segment, studio.window.settings.strength = 5, 0.5


def scrub(studio: Studio) -> None:
    from app.scene.picking import Probe

    slices = studio.window.slices
    slices.show("x", shown=True)
    slices.show("free", shown=True)
    studio.window.settings.surface_opacity = 0.35
    studio.settle()
    place = studio.window.document.prediction.keypoints[4]  # type: ignore[union-attr]
    studio.window.viewport.readout.show_probes([Probe("slice", place, heat=0.871, plane="x")])


def garment_map(studio: Studio) -> None:
    studio.until(lambda: len(studio.window.document.predictions) == studio.window.document.frame_count)
    compare(studio)
    studio.settle()
    studio.show_tab("Map")


def field(studio: Studio) -> None:
    studio.show_tab("Heatmap")
    own = studio.window.document.prediction.explanation.heatmap.sigma_squared**0.5  # type: ignore[union-attr]
    studio.window.slices.sigma = 1.6 * own
    studio.window.settings.layers = {"slice": False, "isosurface": True, "volume": True}


def compare(studio: Studio) -> None:
    studio.window.commands["compare_methods"].trigger()
    studio.window.document.keypoint = 2


def overlay(studio: Studio) -> None:
    compare(studio)
    studio.window.comparison.mode = "overlay"


def difference(studio: Studio) -> None:
    studio.window.comparison.add(studio.window.document.garment, studio.window.document.methods[1])
    studio.window.comparison.difference = True


def unlinked(studio: Studio) -> None:
    difference(studio)
    for link in ("frame", "slices", "layers", "colours"):
        setattr(studio.window.comparison, link, False)


def empty(studio: Studio) -> None:
    for garment in studio.window.document.garments:
        studio.window.document.close_garment(garment)


def notice(studio: Studio) -> None:
    studio.window.notice.say("folder/broken.ply can't be read: the file ends in the middle of its vertices.")


def training(studio: Studio) -> None:
    studio.window.commands["training"].trigger()


def prepare(studio: Studio) -> None:
    cloud = Path(studio.pictures.name) / "scan.xyz"
    if not cloud.exists():
        from keygrid.data.readers import read_garment
        from keygrid.data.sampling import sample

        rng = np.random.default_rng(0)
        shirt = sample(read_garment(ASSETS / "garments" / "unisex_shirt.ply"), 6000).points / 100
        lying = (shirt - shirt.min(axis=0))[:, [0, 2, 1]] * [1, 0.15, 1]
        table = np.column_stack([rng.uniform(-0.2, 1.1, (9000, 1)), rng.normal(0, 0.001, (9000, 1)),
                                 rng.uniform(-0.2, 1.0, (9000, 1))])  # fmt: skip
        np.savetxt(cloud, np.concatenate([lying + np.array([0, 0.01, 0]), table]))
    studio.window.open([cloud])
    studio.settle()
    studio.window.commands["usual_steps"].trigger()


def landmarks(studio: Studio) -> None:
    from keygrid.data.landmarks import landmarks_path

    studio.window.settings.layers = {"slice": False, "skeleton": False, "trails": False}
    studio.window.commands["place_landmarks"].setChecked(True)
    studio.window.state.placing.selected = studio.window.document.garment, "left sleeve top"
    assert not landmarks_path(SHIRT).exists(), "nothing is written beside the garments that come with the application"


def evaluation(studio: Studio) -> None:
    """Show the scores that are in the documentation."""
    import json

    from app.state.evaluation import KINDS, Cell

    window, state = studio.window, studio.window.state.evaluation
    window.commands["evaluation"].setChecked(True)
    report = json.loads((ROOT / "docs" / "results" / "t-shirts.json").read_text(encoding="utf-8"))
    known = {method.id.label.removesuffix(".safetensors"): method for method in window.document.methods}
    rows = [row for row in report["methods"] if row["name"].removesuffix(".safetensors") in known]
    state.judged = tuple(known[row["name"].removesuffix(".safetensors")] for row in rows)
    state.methods = frozenset(method.id.spec for method in state.judged)
    state.done = state.total = 1
    state.cells = tuple(
        Cell(method.id.spec, name, values["across"], {kind: row["confusion"][kind] for kind in KINDS}, {}, b"")
        for method, row in zip(state.judged, rows, strict=True)
        for name, values in row["garments"].items()
    )
    studio.settle()
    table = window.evaluation_panel.scores
    table.expand(table.model().index(0, 0))


def palette(studio: Studio) -> None:
    from PySide6.QtTest import QTest

    QTest.keyClicks(studio.dialog("palette").line, "slice")  # type: ignore[attr-defined]


def crash(studio: Studio) -> None:
    studio.window.sessions.offer(Path("open-1.keygrid"))


def opener(command: str) -> Callable[[Studio], None]:
    return lambda studio: (studio.dialog(command), None)[1]


SCENES: dict[str, Callable[[Studio], None]] = {
    "inspect": inspect, "weights": weights, "segments": segments, "scrub": scrub,
    "map": garment_map, "field": field, "compare": compare,
    "overlay": overlay, "difference": difference, "unlinked": unlinked, "notice": notice, "training": training,
    "landmarks": landmarks, "evaluation": evaluation,
    "prepare": prepare,
    "palette": palette, "preferences": opener("preferences"), "shortcuts": opener("shortcuts"),
    "picture": opener("export_picture"), "video": opener("export_video"), "new_run": opener("new_run"),
    "colour": lambda studio: (setattr(studio.window.document, "keypoint", 3), opener("colour_keypoint")(studio))[1],
    "about": opener("about"), "crash": crash, "empty": empty,
}  # fmt: skip


def take_all(names: list[str], folder: Path, theme: str, ending: str = "") -> None:
    """Save the pictures of some scenes."""
    studio = Studio(theme)
    for name in names:
        studio.start_anew()
        SCENES[name](studio)
        studio.settle()
        studio.take(folder / f"{name}{ending}.png")
        print(folder / f"{name}{ending}.png", flush=True)  # noqa: T201
    studio.window.close()
    studio.pictures.cleanup()


def film(path: Path) -> None:
    """Save a moving picture: a garment folds and unfolds while a slice goes through its heatmap and back."""
    from PIL import Image

    studio = Studio("light")
    window = studio.window
    window.resize(1280, 640)
    studio.settle()
    count = window.document.frame_count
    there = [*range(count), *[count - 1] * 4]
    pictures = []
    for step, frame in enumerate([*there, *reversed(there)]):
        window.document.go_to(frame)
        share = step / (2 * len(there) - 1)
        window.slices.move(0.7 * float(np.sin(2 * np.pi * share)), "z")
        studio.until(lambda: not window.busy)
        taken = Image.fromarray(window.viewport.picture())
        pictures.append(taken.resize((FILM_WIDTH, round(FILM_WIDTH * taken.height / taken.width))))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=90, loop=0, quality=70, method=6)
    print(path, flush=True)  # noqa: T201
    window.close()
    studio.pictures.cleanup()


def main(arguments: list[str]) -> None:
    """Do what the module says."""
    if arguments == ["guide"]:
        take_all(list(GUIDE), ROOT / "docs", "light")
        film(ROOT / "docs" / "story.webp")
    elif len(arguments) == 2 and arguments[0] == "film":
        film(Path(arguments[1]))
    elif len(arguments) == 2 and arguments[0] == "all":
        folder = Path(arguments[1])
        folder.mkdir(parents=True, exist_ok=True)
        for scale in ("1", "2"):
            for theme in ("light", "dark"):
                subprocess.run(
                    [sys.executable, "-m", "tests.screenshots", "variant", str(folder), theme, scale],
                    check=True, env={**os.environ, "QT_SCALE_FACTOR": scale}, cwd=ROOT,
                )  # fmt: skip
    elif len(arguments) == 4 and arguments[0] == "variant":
        take_all(list(SCENES), Path(arguments[1]), arguments[2], f"-{arguments[2]}-{arguments[3]}x")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
