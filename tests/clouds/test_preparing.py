from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keygrid.clouds import Crop, Downsample, EstimateNormals, KeepCluster, Recipe, RemoveOutliers, RemovePlane
from keygrid.clouds.files import write_cloud
from keygrid.clouds.preparing import prepare
from keygrid.data.axes import in_file_axes
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from tests.clouds.conftest import CUP, SHIRT, STRAY, TABLE

BLUE = (0, 0, 200)


def test_the_usual_steps_leave_what_lies_on_the_table(scene: Garment) -> None:
    told: list[str] = []
    recipe = Recipe((RemovePlane(), RemoveOutliers(), KeepCluster()))
    prepared = prepare(scene, recipe, told.append)
    garment = prepared.garment
    assert prepared.counts[0] == TABLE + SHIRT + CUP + STRAY
    assert SHIRT * 0.95 < len(garment.vertices) <= SHIRT
    assert (garment.colours == BLUE).all()
    assert garment.up == "z"  # across the table, and y is up now
    assert np.ptp(garment.vertices, axis=0) == pytest.approx([0.4, 0.04, 0.4], abs=0.01)
    assert told == [f"{step.title} of scene" for step in recipe.steps]
    assert len(garment.notes) == 3
    again = prepare(scene, recipe)
    np.testing.assert_array_equal(again.garment.vertices, garment.vertices)


@pytest.mark.parametrize("up", ["y", "-z", "x"])
def test_what_is_up_follows_the_table_wherever_it_is(scene: Garment, up) -> None:
    turned = replace(scene, vertices=in_file_axes(prepare(scene, Recipe(up="z")).garment.vertices, up))
    assert prepare(turned, Recipe((RemovePlane(),))).garment.up == up
    assert prepare(turned, Recipe((RemovePlane(),), up="-y")).garment.up == "-y"


def test_lengths_are_metres_in_any_unit(scene: Garment) -> None:
    recipe = Recipe((Crop((-0.3, -0.3, -2), (0.3, 0.3, 0)), RemovePlane(), Downsample(0.02)))
    metres = prepare(scene, recipe)
    millimetres = prepare(replace(scene, vertices=scene.vertices * 1000), replace(recipe, unit="mm"))
    assert metres.counts == millimetres.counts
    np.testing.assert_allclose(millimetres.garment.vertices, metres.garment.vertices * 1000, rtol=1e-9)


def test_another_cluster_can_be_kept_and_normals_look_at_the_camera(scene: Garment) -> None:
    prepared = prepare(scene, Recipe((RemovePlane(), KeepCluster(rank=2), EstimateNormals())))
    assert (prepared.garment.colours == (0, 200, 0)).all()
    assert prepared.normals is not None
    towards = -in_file_axes(prepared.garment.vertices, "z")  # the camera is at the origin
    assert (np.einsum("nd,nd->n", towards, in_file_axes(prepared.normals, "z")) > 0).all()


def test_a_prepared_cloud_comes_back_standing_with_its_colours(scene: Garment, tmp_path: Path) -> None:
    prepared = prepare(scene, Recipe((RemovePlane(), KeepCluster(), EstimateNormals())))
    write_cloud(prepared, tmp_path / "p.ply")
    read = read_garment(tmp_path / "p.ply")
    np.testing.assert_allclose(read.vertices, prepared.garment.vertices, atol=1e-12)
    np.testing.assert_array_equal(read.colours, prepared.garment.colours)
    assert read.up == "z"
    with pytest.raises(KeygridError, match="written as PLY"):
        write_cloud(prepared, tmp_path / "p.obj")


def test_what_cannot_be_prepared_is_said_in_words(scene: Garment) -> None:
    with pytest.raises(KeygridError, match="is not a cloud"):
        prepare(replace(scene, faces=np.array([[0, 1, 2]])), Recipe())
    with pytest.raises(KeygridError, match="leaves no point"):
        prepare(scene, Recipe((Crop((5, 5, 5), (6, 6, 6)),)))
    with pytest.raises(KeygridError, match="no cluster 99"):
        prepare(scene, Recipe((RemovePlane(), KeepCluster(rank=99))))
    shirt = prepare(scene, Recipe((RemovePlane(), KeepCluster()))).garment
    with pytest.raises(KeygridError, match="no table"):
        prepare(shirt, Recipe((RemovePlane(),)))
