"""Preparation of clouds from depth cameras, with recipes that are made once and saved."""

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
