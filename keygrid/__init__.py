"""Key-Grid: unsupervised 3D keypoints for garments and other deformable objects (arXiv 2410.02237).

It provides what scripts need: `open`, `open_method`, `predict`, `predict_frames`, `heatmap`, `evaluate`, `sew`, and the
types `Garment`, `Prediction` and `KeygridError`; docs/python.md has examples. Each is imported on first use, so that
importing this package imports neither torch nor any reader, and a window or command line can start with it.
"""

import os
from importlib import import_module
from typing import Any

# Torch's threads wait for each other by spinning unless told otherwise before it is imported. Beside another busy
# process, such as a training, those that spin keep from running those that they wait for: a prediction on two such
# cores took nine times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"

_PLACES = {
    "Garment": "keygrid.data.garment:Garment",
    "KeygridError": "keygrid.errors:KeygridError",
    "Prediction": "keygrid.prediction:Prediction",
    "evaluate": "keygrid.scripting:evaluate",
    "heatmap": "keygrid.prediction:heatmap",
    "open": "keygrid.scripting:open_garment",
    "open_method": "keygrid.methods:open_method",
    "predict": "keygrid.scripting:predict",
    "predict_frames": "keygrid.scripting:predict_frames",
    "sew": "keygrid.scripting:sew",
}

__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PLACES[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
