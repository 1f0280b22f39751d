"""Clouds of depth cameras, prepared for methods by a recipe that is made once and kept."""

from keygrid.clouds.recipe import (
    STEPS,
    UNITS,
    Crop,
    Downsample,
    EstimateNormals,
    KeepCluster,
    Recipe,
    RemoveOutliers,
    RemovePlane,
    Step,
    Unit,
    read_recipe,
    write_recipe,
)

__all__ = [
    "STEPS",
    "UNITS",
    "Crop",
    "Downsample",
    "EstimateNormals",
    "KeepCluster",
    "Recipe",
    "RemoveOutliers",
    "RemovePlane",
    "Step",
    "Unit",
    "read_recipe",
    "write_recipe",
]
