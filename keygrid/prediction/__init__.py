"""Keypoints and their explanation as values, and their files."""

from keygrid.prediction.method_id import MethodId
from keygrid.prediction.prediction import Explanation, Prediction, Skeleton, heatmap, heatmap_grid

__all__ = ["Explanation", "MethodId", "Prediction", "Skeleton", "heatmap", "heatmap_grid"]
