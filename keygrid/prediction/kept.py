"""A prediction saved in a file, so that it can be shown before the process that computes predictions has started."""

import json
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np

from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation, Sample
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.model.config import HeatmapConfig
from keygrid.prediction.method_id import MethodId
from keygrid.prediction.prediction import Explanation, Prediction

LIMIT = 64
"""Maximum number of predictions in a folder; the oldest are removed to make room for new ones."""

_VERSION = 1
_PLAIN = ("seconds", "ambiguous", "is_oriented", "on_support")
_ARRAYS = ("normalised", "vertices", "edges", "strengths")


def kept_path(
    folder: Path, garment: Garment, frame: int | None, method: MethodId, mode: Literal["soft", "peak"]
) -> Path:
    """Return the file for a method's prediction on a garment or one of its frames; it depends on their content."""
    digest = sha256(f"{_VERSION} {method.spec} {method.fingerprint} {mode} {garment.category} ".encode())
    digest.update(np.ascontiguousarray(garment.vertices_in(frame or 0)).tobytes())
    digest.update(np.ascontiguousarray(garment.faces).tobytes())
    return folder / f"{digest.hexdigest()[:40]}.npz"


def keep(prediction: Prediction, path: Path) -> None:
    """Write a prediction, and remove the oldest ones beyond `LIMIT`; errors are ignored."""
    about: dict[str, Any] = {name: getattr(prediction, name) for name in _PLAIN}
    about |= {"centre": prediction.normalisation.centre, "scale": prediction.normalisation.scale}
    arrays: dict[str, Any] = {name: getattr(prediction, name) for name in _ARRAYS}
    explanation = prediction.explanation
    if explanation is not None:
        about["heatmap"] = None if explanation.heatmap is None else asdict(explanation.heatmap)
        sample = explanation.sample
        arrays |= {"faces": sample.faces, "barycentric": sample.barycentric, "points": sample.points}
        arrays |= {"weights": explanation.weights, "reconstruction": explanation.normalised_reconstruction}
    with suppress(KeygridError, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path, durable=False) as temporary, temporary.open("wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), **arrays)
        every = sorted(path.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime)
        for old in every[:-LIMIT]:
            old.unlink(missing_ok=True)


def recall(path: Path, method: MethodId) -> Prediction | None:
    """Return the saved prediction of this method; None if there is none or it is damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, KeygridError):
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        about = json.loads(str(found["about"]))
        explanation = None
        if "heatmap" in about:
            explanation = Explanation(
                Sample(found["faces"], found["barycentric"], found["points"]),
                found["weights"],
                found["reconstruction"],
                _heatmap(about["heatmap"]),
            )
        x, y, z = about["centre"]
        return Prediction(
            method=method,
            normalisation=Normalisation((float(x), float(y), float(z)), float(about["scale"])),
            explanation=explanation,
            **{name: about[name] for name in _PLAIN},
            **{name: found[name] for name in _ARRAYS},
        )
    return None


def _heatmap(constants: dict[str, Any] | None) -> HeatmapConfig | None:
    return None if constants is None else HeatmapConfig(**constants | {"grid": tuple(constants["grid"])})
