"""The functions for scripts and notebooks that `import keygrid` provides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.methods import Method, open_method
from keygrid.methods.defaults import default_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keygrid.evaluation.report import Report
    from keygrid.prediction import Prediction


def open_garment(path: str | Path) -> Garment:
    """Read a garment: a mesh, a cloud, or one that moves.

    Raises:
        KeygridError: the file can't be read, or holds several garments, which `keygrid.data.open_path` opens.
    """
    from keygrid.data import open_path
    from keygrid.data.collection import Collection

    opened = open_path(Path(path))
    if isinstance(opened, Collection):
        raise KeygridError(f"{path} holds {len(opened)} garments; name one, such as {opened.entries[0].path}.")
    return opened


def predict(garment: Garment | str | Path, method: Method | str | None = None, frame: int | None = None) -> Prediction:
    """Find the keypoints of a garment in one frame.

    Args:
        garment: a garment, or its path.
        method: an open method, or a text that `open_method` accepts; if None, the shipped checkpoint for the garment.
        frame: the frame, counted from zero; None is the shape at rest.

    Raises:
        KeygridError: the garment or the method can't be used.
    """
    known = _opened(garment)
    return _find([known], [frame], _chosen(method, known))[0]


def predict_frames(garment: Garment | str | Path, method: Method | str | None = None) -> list[Prediction]:
    """Find the keypoints of a garment in all its frames, always using the same points of the cloth.

    Args:
        garment: a moving garment, or its path.
        method: as for `predict`.

    Raises:
        KeygridError: the garment does not move, or it or the method can't be used.
    """
    known = _opened(garment)
    if known.frames is None:
        raise KeygridError(f"{known.name} has no frames; use predict for a single shape.")
    chosen = _chosen(method, known)
    return [_find([known], [frame], chosen)[0] for frame in range(known.frame_count)]


def evaluate(methods: Sequence[Method | str], garments: Iterable[Garment | str | Path], **protocol: Any) -> Report:
    """Score methods on moving garments, as the command `evaluate` does.

    Args:
        methods: open methods, or texts that `open_method` accepts.
        garments: garments, or their paths.
        protocol: attributes of `keygrid.evaluation.protocol.Protocol`, such as `every=4`.

    Raises:
        KeygridError: none of the garments is a surface that moves, or a method can't be used.
    """
    from keygrid.evaluation.protocol import Protocol, judge
    from keygrid.evaluation.report import Report

    opened = [open_method(one) if isinstance(one, str) else one for one in methods]
    if any(one.needs_surface for one in opened):
        protocol.setdefault("remesh", "cloth")
    settings = Protocol(**protocol)
    return Report(judge(opened, map(_opened, garments), settings), settings)


def sew(category: str, seed: int | None = None, **measures: float) -> Garment:
    """Cut and sew a garment.

    Args:
        category: T-shirt, Trousers, Skirt, Dress, Vest or Hat.
        seed: seed for random measures; the usual measures if None.
        measures: measures to use instead, in centimetres, such as `length=90`.

    Raises:
        KeygridError: there is no such category or measure, or cloth can't be cut to these measures.
    """
    from keygrid.simulation.garments import PATTERNS, tailored

    if category not in PATTERNS:
        raise KeygridError(f"There is no category {category!r}; choose one of {', '.join(PATTERNS)}.")
    return tailored(category, seed, [f"{name}={value}" for name, value in measures.items()])


def _opened(garment: Garment | str | Path) -> Garment:
    return garment if isinstance(garment, Garment) else open_garment(garment)


def _chosen(method: Method | str | None, garment: Garment) -> Method:
    if method is None:
        return open_method(default_for(garment).path)
    return open_method(method) if isinstance(method, str) else method


def _find(garments: Sequence[Garment], frames: Sequence[int | None], method: Method) -> list[Prediction]:
    # On a surface, the weighted mean would lie beside it.
    return method.find(garments, frames, mode="peak" if method.needs_surface else "soft")
