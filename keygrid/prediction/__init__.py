"""Keypoints and their explanation as values, and writing them to files."""

from keygrid.prediction.prediction import Field, Prediction, Source, heatmap, heatmap_grid

__all__ = ["Field", "Prediction", "Source", "heatmap", "heatmap_grid"]
