"""Handlers of the worker's requests. They import heavy packages at their first use."""

import gc
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

from app.state.document import Distance, OpenMethod
from app.state.preparation import MOST_REMOVED, PreparedCloud
from app.state.shelf import OpenCollection
from app.worker.priority import lower_priority
from app.worker.protocol import (
    CarryOver,
    Configure,
    DescribeEngine,
    DrawThumbnail,
    Evaluate,
    FollowedFrame,
    Judge,
    ListMethods,
    ListShipped,
    Measure,
    Mirror,
    OpenPath,
    Predict,
    Prepare,
    ReadFrame,
    ReadMethod,
    Recall,
    Work,
    WriteEvaluation,
)
from keygrid.data import open_path
from keygrid.data.collection import Collection, Entry
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.readers.pictures import with_pictures
from keygrid.data.readers.progress import reading_progress
from keygrid.data.sampling import unusable
from keygrid.errors import KeygridError
from keygrid.prediction import MethodId, Prediction
from keygrid.prediction.kept import keep, kept_path, recall
from keygrid.prediction.upright import upright

if TYPE_CHECKING:
    from keygrid.evaluation.material import Material
    from keygrid.evaluation.metrics import Measures
    from keygrid.methods import Method

EnterStage = Callable[[str], None]
Give = Callable[[object], None]
Result = TypeVar("Result")

KEPT_GARMENTS = 16
"""Maximum number of objects kept in memory; the one used longest ago is dropped and read again when needed."""


class Handlers:
    """Caches the last garments, collections' entries, and methods until their file changes."""

    def __init__(self) -> None:
        self._garments: dict[Path, Garment] = {}
        self._entries: dict[Path, tuple[Collection, Entry]] = {}
        self._material: tuple[Garment, Material | None] | None = None
        self._methods: dict[str, tuple[float, Method]] = {}
        self._device, self._threads = "automatic", 0
        self._is_settled = False

    def handle(self, work: Work[Result], enter: EnterStage, give: Give = lambda _part: None) -> Result:
        """Do the work; call `enter` with a sentence at each stage, and `give` with parts of the answer."""
        result: Any = None
        if isinstance(work, Evaluate):
            self._evaluate(work, enter, give)
        elif isinstance(work, WriteEvaluation):
            result = self._write_evaluation(work, enter)
        else:
            result = self._handle(work, enter)
        found: Result = result
        return found

    def _evaluate(self, work: Evaluate, enter: EnterStage, give: Give) -> None:
        from app.worker.evaluating import evaluate

        methods = [self._method(method.spec, enter) for method in work.methods]
        evaluate(methods, self._with_landmarks(work.garments, enter), work.options, enter, give)

    def _with_landmarks(self, garments: Sequence[tuple[Path, Landmarks | None]], enter: EnterStage) -> list[Garment]:
        from keygrid.data.landmarks import with_landmarks

        opened = with_landmarks([self._garment(path, enter) for path, _ in garments], [])
        placed = (marks for _, marks in garments)
        return [
            garment if marks is None else replace(garment, landmarks=marks)
            for garment, marks in zip(opened, placed, strict=True)
        ]

    def _write_evaluation(self, work: WriteEvaluation, enter: EnterStage) -> Path:
        from app.worker.evaluating import write_evaluation

        enter(f"Writing {work.path.name}")
        methods = [self._method(method.spec, enter) for method in work.methods]
        return write_evaluation(work, methods)

    def _handle(self, work: Work[Any], enter: EnterStage) -> Any:
        result: Any = None
        match work:
            case OpenPath(path):
                self._garments.pop(path, None)
                result = self._open(path, enter)
            case ReadMethod(spec):
                method = self._method(spec, enter)
                result = OpenMethod(method.id, method.keypoints)
            case Predict() | Recall():
                result = self._predict(work, enter) if isinstance(work, Predict) else self._recall(work.wanted, enter)
            case ListShipped(folder):
                result = shipped(folder)
            case ListMethods(folder):
                result = listed(folder)
            case DrawThumbnail(garment, picture, side):
                result = _draw(self._garment(garment, enter), picture, side)
            case Measure() | Mirror() | CarryOver():
                result = self._on_places(work, enter)
            case Judge(garment, keypoints, landmarks):
                result = self._judge(self._garment(garment, enter), keypoints, landmarks, enter)
            case Prepare() | ReadFrame():
                result = self._prepare(work, enter) if isinstance(work, Prepare) else self._read_frame(work, enter)
            case Configure(device, threads):
                self._device, self._threads = device, threads
                self._methods.clear()
            case DescribeEngine():
                result = _engine()
            case _:
                raise TypeError(work)
        return result

    def _predict(self, work: Predict, enter: EnterStage) -> Prediction:
        garment = self._garment(work.garment, enter)
        method = self._method(work.method.spec, enter)
        enter(f"Finding the keypoints of {garment.name}")
        (found,) = method.find([garment], [work.frame], mode=work.keypoints)
        if work.kept_in is not None:
            keep(found, kept_path(work.kept_in, garment, work.frame, work.method, work.keypoints))
        return found

    def _recall(self, wanted: Predict, enter: EnterStage) -> Prediction | None:
        if wanted.kept_in is None:
            return None
        garment = self._garment(wanted.garment, enter)
        return recall(kept_path(wanted.kept_in, garment, wanted.frame, wanted.method, wanted.keypoints), wanted.method)

    def _prepare(self, work: Prepare, enter: EnterStage) -> PreparedCloud:
        source = self._garment(work.garment, enter)
        enter("Starting Open3D")
        _wait_for_torch()
        from keygrid.clouds.files import write_cloud
        from keygrid.clouds.preparing import prepare

        prepared = prepare(source, work.recipe, enter)
        try:
            work.out.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KeygridError(f"The folder {work.out.parent} can't be made: {error.strerror}.") from error
        write_cloud(prepared, work.out)
        opened = self._open(work.out, enter)
        assert isinstance(opened, Garment)
        some = slice(None, None, -(-len(prepared.removed) // MOST_REMOVED) or 1)
        return PreparedCloud(opened, prepared.counts, prepared.removed[some], prepared.removed_by[some])

    def _read_frame(self, work: ReadFrame, enter: EnterStage) -> FollowedFrame | None:
        folder = work.frame.path.parent
        try:
            garment = open_path(work.frame.path)
        except KeygridError:
            if work.frame.may_be_half:
                return None
            raise
        if isinstance(garment, Collection):
            raise KeygridError(f"{work.frame.path.name} holds many garments; follow files with a single cloud.")
        if work.recipe.steps or work.recipe.up is not None:
            _wait_for_torch()
            from keygrid.clouds.preparing import prepare

            garment = prepare(garment, work.recipe).garment
        garment = replace(upright(garment), source=folder)
        self._keep(folder, garment)
        if work.method is None:
            return FollowedFrame(garment, None)
        method = self._method(work.method.spec, enter)
        found = FollowedFrame(garment, method.find([garment], mode=work.keypoints)[0])
        self._settle()
        return found

    def _on_places(self, work: Measure | Mirror | CarryOver, enter: EnterStage) -> Distance | Landmarks:
        if isinstance(work, Mirror):
            return self._mirror(work, enter)
        return self._carry_over(work, enter) if isinstance(work, CarryOver) else self._measure(work, enter)

    def _settle(self) -> None:
        """Exclude everything imported for followed clouds from garbage collection.

        Scanning it takes longer than finding the keypoints of a cloud.
        """
        if not self._is_settled:
            self._is_settled = True
            gc.freeze()

    def _measure(self, work: Measure, enter: EnterStage) -> Distance:
        from keygrid.evaluation.distance import distances

        garment = self._garment(work.garment, enter)
        found = distances(garment, work.start, work.end, work.frame, self._material_of(garment))
        return Distance(found.straight, found.along, settled=True)

    def _mirror(self, work: Mirror, enter: EnterStage) -> Landmarks:
        from keygrid.methods.carrying import mirrored

        garment = self._garment(work.garment, enter)
        enter(f"Mirroring landmarks of {garment.name}")
        return mirrored(garment, work.landmarks)

    def _carry_over(self, work: CarryOver, enter: EnterStage) -> Landmarks:
        from keygrid.methods.carrying import carried

        known = [replace(self._garment(path, enter), landmarks=marks) for path, marks in work.known]
        target, method = self._garment(work.target, enter), self._method(work.method.spec, enter)
        enter(f"Carrying names over to {target.name}")
        return carried(known, target, method)

    def _judge(self, garment: Garment, keypoints: Any, landmarks: Landmarks | None, enter: EnterStage) -> "Measures":
        from keygrid.evaluation.metrics import Track, measure

        lower_priority(psutil.Process())  # thumbnails and scores are background work
        enter(f"Scoring keypoints of {garment.name}")
        return measure(Track(keypoints, replace(garment, landmarks=landmarks), self._material_of(garment)))

    def _material_of(self, garment: Garment) -> "Material | None":
        from keygrid.evaluation.material import Material

        if self._material is None or self._material[0] is not garment:
            self._material = garment, None if garment.is_cloud else Material.of(garment)
        return self._material[1]

    def _open(self, path: Path, enter: EnterStage) -> Garment | OpenCollection:
        enter(f"Reading {path.name}")
        collection, entry = self._entries.get(path, (None, None))
        with with_pictures(), reading_progress(lambda share: enter(f"Reading {path.name}: {share:.0%}")):
            opened = collection.read(entry) if collection is not None and entry is not None else open_path(path)
        if isinstance(opened, Collection):
            self._entries |= {entry.path: (opened, entry) for entry in opened.entries}
            return OpenCollection(opened.kind, path, opened.entries, opened.missing)
        opened = upright(opened)
        why = unusable(opened)
        if why:  # before it takes the place of what is open
            raise KeygridError(f"{path.name} can't be used: {why}")
        self._keep(path, opened)
        return opened

    def _keep(self, path: Path, garment: Garment) -> None:
        self._garments.pop(path, None)
        self._garments[path] = garment
        while len(self._garments) > KEPT_GARMENTS:
            del self._garments[next(iter(self._garments))]

    def _garment(self, path: Path, enter: EnterStage) -> Garment:
        known = self._garments.pop(path, None)
        if known is not None:
            self._garments[path] = known  # the newest again
            return known
        opened = self._open(path, enter)
        if isinstance(opened, OpenCollection):
            raise KeygridError(f"{path.name} holds many garments; choose one of them.")
        return opened

    def _method(self, spec: str, enter: EnterStage) -> "Method":
        path = Path(spec)
        changed = path.stat().st_mtime if path.exists() else 0.0
        known = self._methods.get(spec)
        if known is None or known[0] != changed:
            enter("Starting PyTorch")
            from keygrid.methods import open_method

            enter(f"Reading {path.name}")
            self._methods[spec] = known = changed, open_method(spec, self._chosen_device())
        return known[1]

    def _chosen_device(self) -> str:
        import torch

        torch.set_num_threads(self._threads or _default_threads())
        if self._device == "automatic":
            return "cuda" if torch.cuda.is_available() else "cpu"
        return self._device


def _wait_for_torch() -> None:
    """Wait for another thread to finish importing PyTorch, if it has begun: Open3D must not be imported meanwhile."""
    if "torch" in sys.modules:
        import_module("torch")


@cache
def _default_threads() -> int:
    """PyTorch's own default number of threads."""
    import torch

    return int(torch.get_num_threads())


def shipped(folder: Path) -> tuple[Entry, ...]:
    """Return the garments of a shipped folder: those in its manifest, then single files by name."""
    from keygrid.data.formats.manifest import open_manifest
    from keygrid.data.readers import SUFFIXES

    collection = open_manifest(folder)
    named = collection.entries if collection is not None else ()
    known = {entry.path for entry in named}
    files = sorted(folder.iterdir()) if folder.is_dir() else ()
    lone = (file for file in files if file.suffix.lower() in SUFFIXES and file not in known)
    return (*named, *(Entry(file.stem.replace("_", " "), file) for file in lone))


def listed(folder: Path) -> tuple[OpenMethod, ...]:
    """Return the checkpoints in a folder, without damaged ones, then the methods without a file."""
    from keygrid.checkpoints.header import read_header
    from keygrid.files import fingerprint
    from keygrid.methods import unlearned_methods

    found = []
    for path in sorted(folder.glob("*.safetensors")):
        with suppress(KeygridError, OSError):
            header = read_header(path)
            found.append(
                OpenMethod(MethodId.of_file(path, fingerprint(path), header.category), header.config.keypoints)
            )
    return (*found, *(OpenMethod(method, keypoints) for method, keypoints in unlearned_methods()))


def _draw(garment: Garment, picture: Path, side: int) -> Path:
    from app.scene.offscreen import render_thumbnail

    lower_priority(psutil.Process())  # thumbnails and scores are background work
    render_thumbnail(garment, picture, side)
    return picture


def _engine() -> str:
    import torch

    from keygrid.geometry import points as geometry

    pytorch3d = "PyTorch3D's kernels" if geometry.pytorch3d_kernels() else "plain PyTorch (PyTorch3D is not installed)"
    device = f"CUDA ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else "no CUDA device found"
    return f"PyTorch {torch.__version__}, {device}. Point operations: Numba and SciPy on CPU, {pytorch3d} on CUDA."
