from pathlib import Path

import numpy as np
import pytest

from keygrid.data.garment import Garment

TABLE, SHIRT, CUP, STRAY = 4000, 1500, 300, 20


@pytest.fixture(scope="session")
def scene() -> Garment:
    """A table, a thing of .4 m on it, a smaller one, and stray points; metres, z up, a camera at the origin above."""
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.uniform(-0.6, 0.6, (TABLE, 2)), np.zeros(TABLE)])
    shirt = np.column_stack([rng.uniform(-0.2, 0.2, (SHIRT, 2)), rng.uniform(0.02, 0.06, SHIRT)])
    cup = np.column_stack([rng.uniform(0.4, 0.45, (CUP, 2)), rng.uniform(0.02, 0.1, CUP)])
    stray = np.column_stack([rng.uniform(-0.6, 0.6, (STRAY, 2)), rng.uniform(0.3, 0.4, STRAY)])
    points = np.concatenate([table, shirt, cup, stray]) + rng.normal(0, 0.001, (TABLE + SHIRT + CUP + STRAY, 3))
    colours = np.repeat(np.array([[90, 60, 30], [0, 0, 200], [0, 200, 0], [255, 0, 0]], np.uint8),
                        [TABLE, SHIRT, CUP, STRAY], axis=0)  # fmt: skip
    return Garment("scene", points - [0, 0, 1], np.empty((0, 3), np.int64), Path("scene.ply"), colours=colours)
