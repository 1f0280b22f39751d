"""Names of keypoints, derived from landmarks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.evaluation.naming import derived_names

SHIRTS = [read_garment(Path(f"assets/garments/tshirt-0{number}-drop.npz")) for number in (1, 2, 3)]


@dataclass
class Knowing:
    """Finds the vertices nearest to chosen landmarks of a garment."""

    landmarks: Callable[[Garment], list[str]]
    keypoints: int

    def find(self, garments: list[Garment], **_: Any) -> list[Any]:
        (garment,) = garments
        assert garment.landmarks is not None
        places = garment.landmarks.on(garment.vertices, garment.faces)
        chosen = [places[garment.landmarks.names.index(name)] for name in self.landmarks(garment)]
        distances = np.linalg.norm(garment.vertices[:, None] - np.array(chosen), axis=-1)
        return [SimpleNamespace(vertices=distances.argmin(axis=0))]


def names(landmarks: Callable[[Garment], list[str]], count: int) -> list[str]:
    return derived_names(Knowing(landmarks, count), SHIRTS)  # type: ignore[arg-type]


def test_a_keypoint_is_named_after_its_landmark() -> None:
    assert names(lambda _: ["left hem", "front neck"], 2) == ["left hem", "front neck"]


def test_no_two_names_are_alike() -> None:
    found = names(lambda _: ["left hem"] * 3, 3)
    assert found[0] == "left hem"
    assert found[1].startswith("left hem, to ")
    assert found[2] == f"{found[1]} 2"


def test_a_side_on_which_garments_disagree_is_left_out() -> None:
    sides = iter(["left hem", "right hem", "front hem"])
    assert names(lambda _: [next(sides)], 1) == ["hem"]


def test_names_need_landmarks() -> None:
    with pytest.raises(KeygridError, match="landmarks"):
        derived_names(Knowing(lambda _: [], 0), [replace(SHIRTS[0], landmarks=None)])  # type: ignore[arg-type]
