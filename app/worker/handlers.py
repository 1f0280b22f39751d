"""What the worker does for each request. Heavy imports happen here, at their first use."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.state.document import OpenCheckpoint
from app.worker.protocol import DescribeEngine, Predict, ReadCheckpoint, ReadGarment, Work
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment

if TYPE_CHECKING:
    from keygrid.inference import Predictor

EnterStage = Callable[[str], None]


class Handlers:
    """Keeps what was read: garments until they are read again, predictors until their file changes."""

    def __init__(self) -> None:
        self._garments: dict[Path, Garment] = {}
        self._predictors: dict[Path, tuple[float, Predictor]] = {}

    def handle(self, work: Work, enter: EnterStage) -> Any:
        """Do the work, calling `enter` with a sentence at the beginning of each stage."""
        match work:
            case ReadGarment(path):
                return self._garment(path, enter, afresh=True)
            case ReadCheckpoint(path):
                predictor = self._predictor(path, enter)
                return OpenCheckpoint(path, predictor.config.keypoints, predictor.source.category)
            case Predict(garment, checkpoint, keypoints, frame):
                shape = self._garment(garment, enter)
                predictor = self._predictor(checkpoint, enter)
                enter(f"Finding the keypoints of {shape.name}")
                if frame is None:
                    return predictor.predict(shape, keypoints=keypoints)
                return predictor.predict_frame(shape, frame, keypoints=keypoints)
            case DescribeEngine():
                return _engine()

    def _garment(self, path: Path, enter: EnterStage, *, afresh: bool = False) -> Garment:
        if afresh or path not in self._garments:
            enter(f"Reading {path.name}")
            self._garments[path] = read_garment(path)
        return self._garments[path]

    def _predictor(self, path: Path, enter: EnterStage) -> "Predictor":
        changed = path.stat().st_mtime if path.exists() else 0.0
        known = self._predictors.get(path)
        if known is None or known[0] != changed:
            enter("Starting PyTorch")
            from keygrid.inference import Predictor

            enter(f"Reading {path.name}")
            self._predictors[path] = known = changed, Predictor(path)
        return known[1]


def _engine() -> str:
    import torch

    from keygrid import geometry

    pytorch3d = "PyTorch3D's kernels" if geometry.pytorch3d_kernels() else "plain PyTorch (PyTorch3D is not installed)"
    device = f"CUDA ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else "no CUDA device found"
    return f"PyTorch {torch.__version__}, {device}. Point operations: Numba and SciPy on CPU, {pytorch3d} on CUDA."
