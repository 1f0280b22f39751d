"""Names given on one garment, carried over to others and to the other side."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keygrid.data.garment import Garment, Landmarks
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.evaluation.material import Material
from keygrid.methods import open_method
from keygrid.methods.carrying import carried, mirrored, other_side, tells_places
from tests.conftest import ROOT

GARMENTS = ROOT / "assets" / "garments"


@pytest.fixture(scope="module")
def garment() -> Garment:
    return read_garment(GARMENTS / "tshirt-09-lift.npz")


def chosen(garment: Garment, *names: str) -> Landmarks:
    marks = garment.landmarks
    assert marks is not None
    return marks.chosen(np.array([name in names for name in marks.names]))


def test_the_other_side_is_where_a_garment_has_its_counterpart(garment: Garment) -> None:
    found = mirrored(garment, chosen(garment, "left hem", "right shoulder", "front neck"))
    assert found.names == ("right hem", "left shoulder"), "the neck is in the middle"
    wanted = chosen(garment, "right hem", "left shoulder")
    places = dict(zip(found.names, found.on(garment.vertices, garment.faces), strict=True))
    for name, place in zip(wanted.names, wanted.on(garment.vertices, garment.faces), strict=True):
        assert np.linalg.norm(places[name] - place) < 0.01 * garment.diagonal
    cloud = Garment("cloud", garment.vertices, np.empty((0, 3), np.int64))
    point = Landmarks(np.array([17]), np.array([[1.0, 0, 0]]), ("Left cuff",))
    assert mirrored(cloud, point).names == ("Right cuff",)


def test_where_there_is_no_other_side_a_sentence_says_why(garment: Garment) -> None:
    with pytest.raises(KeygridError, match="in the middle of the garment"):
        mirrored(garment, chosen(garment, "front neck"))
    slanted = replace(garment, vertices=garment.vertices + np.array([0, 0.6, 0.4]) * garment.vertices[:, :1])
    with pytest.raises(KeygridError, match=r"is not symmetric enough to mirror: at rest, its sides differ by .*%"):
        mirrored(slanted, chosen(garment, "left hem"))


@pytest.mark.parametrize(
    ("name", "other"),
    [("left cuff", "right cuff"), ("RIGHT", "LEFT"), ("Right hem", "Left hem"), ("cuff", "cuff mirrored"),
     ("leftover", "leftover mirrored")],
)  # fmt: skip
def test_names_change_sides(name: str, other: str) -> None:
    assert other_side(name) == other


def test_names_given_on_one_shirt_are_found_on_another(garment: Garment) -> None:
    method = open_method("tops-k8-surface")
    target = read_garment(GARMENTS / "tshirt-10-lift.npz")
    assert tells_places(method)
    found = carried([garment], target, method)
    assert garment.landmarks is not None
    assert found.names == garment.landmarks.names
    own = chosen(target, *found.names)
    material = Material.of(target, refined=False)
    ends = [np.linalg.norm(target.vertices[:, None] - marks.on(target.vertices, target.faces), axis=-1).argmin(axis=0)
            for marks in (own, found)]  # fmt: skip
    order = [found.names.index(name) for name in own.names]
    away = material.distances(ends[0])[np.arange(len(order)), ends[1][order]]
    assert away.mean() < 0.05, "the whole shirt has an area of 1"


def test_a_method_without_places_says_so(garment: Garment, tiny_checkpoint: Path) -> None:
    for spec in ("farthest?k=4", tiny_checkpoint):
        method = open_method(spec)
        assert not tells_places(method)
        with pytest.raises(KeygridError, match="choose a checkpoint that reads the surface"):
            carried([garment], garment, method)
    cloud = Garment("cloud", garment.vertices, np.empty((0, 3), np.int64))
    with pytest.raises(KeygridError, match="cloud is a cloud"):
        carried([garment], cloud, open_method("farthest?k=4"))
    with pytest.raises(KeygridError, match="no landmarks to carry over that hold in all frames"):
        carried([replace(garment, landmarks=None)], garment, open_method("tops-k8-surface"))
