"""The table of layers, what each of them shows, and that only what changed is drawn again."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from app.scene.layers import MAKERS
from app.scene.layers.annotations import CaveatLayer
from app.scene.state import Look
from app.state.document import Distance
from app.state.layers import LAYERS
from keygrid.data.garment import Garment
from tests.app.scene.conftest import SMALL, Stage, predicted


def test_each_layer_of_the_table_has_what_draws_it_and_a_key_of_its_own():
    assert LAYERS.keys() == MAKERS.keys()
    assert len({spec.key for spec in LAYERS.values()}) == len(LAYERS)
    assert all(spec.title and spec.tip and spec.name == name for name, spec in LAYERS.items())


def test_a_cloud_is_seen_as_its_own_points_with_keypoints_on_it(stage: Stage, cloud: Garment):
    stage.show(cloud)
    np.testing.assert_allclose(stage.scene.layers["points"].points, cloud.vertices, rtol=1e-6)
    assert len(np.unique(stage.pixels().reshape(-1, 3), axis=0)) > 1
    stage.show(cloud, predicted(cloud))
    shown = {name for name, layer in stage.scene.layers.items() if layer.visible}
    assert shown == {"points", "keypoints", "skeleton", "slice", "ground", "axes"}
    assert stage.view.lacks("surface")
    np.testing.assert_allclose(stage.scene.layers["points"].points, cloud.vertices, rtol=1e-6)


def test_layers_are_on_as_suits_the_garment_until_they_are_switched(stage: Stage, cloud: Garment, shirt: Garment):
    stage.show(shirt, predicted(shirt))
    assert stage.view.shows("surface")
    assert not stage.view.shows("points")
    stage.subject.choose(garment=cloud)
    assert stage.view.shows("points")
    stage.switch(points=False)
    assert not stage.scene.layers["points"].visible
    stage.switch(points=True)
    stage.subject.choose(garment=shirt)
    stage.draw()
    assert stage.scene.layers["points"].visible
    assert stage.view.shows("surface"), "nobody switched it off"


def test_a_large_cloud_is_thinned_out_only_while_the_camera_turns(stage: Stage):
    points = np.random.default_rng(0).normal(size=(250_000, 3))
    stage.show(Garment("large", points, np.empty((0, 3), np.int64)))
    layer, whole = stage.scene.layers["points"], stage.pixels()
    for turning, expected in ((True, 83_334), (False, 250_000)):
        stage.look = replace(stage.look, turning=turning)
        stage.draw()
        assert layer.count == expected
    np.testing.assert_array_equal(stage.pixels(), whole)


def test_sampled_points_are_those_that_the_network_sees(stage: Stage, shirt: Garment):
    prediction = predicted(shirt)
    stage.show(shirt, prediction, samples=True)
    np.testing.assert_allclose(stage.scene.layers["samples"].points, prediction.explain().sample.points, rtol=1e-6)


def test_layers_of_the_heatmap_are_off_where_a_method_has_none_and_say_so(stage: Stage, shirt: Garment):
    stage.show(shirt, predicted(shirt, explanation=None), samples=True, reconstruction=True, volume=True)
    shown = {name for name, layer in stage.scene.layers.items() if layer.visible}
    assert shown == {"surface", "keypoints", "skeleton", "ground", "axes"}
    assert all("random" in stage.view.lacks(name) for name in ("slice", "samples", "reconstruction", "volume"))


def drawn(stage: Stage) -> Counter[str]:
    """Return how often each part of each layer was drawn."""
    named = {**stage.scene.layers, "bars": stage.scene.bars}
    return Counter({f"{name}: {part}": count for name, layer in named.items() for part, count in layer.drawn.items()})


def _setting(name: str, value: object) -> Callable[[Stage], None]:
    return lambda stage: setattr(stage.view.settings, name, value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_setting("label_size", 20), {"keypoints: label style"}),
        (_setting("surface_opacity", 0.3), {"surface: opacity"}),
        (_setting("point_size", 7), {"points: size"}),
        (_setting("strength", 0.5), {"skeleton: segments"}),
        (_setting("hidden", frozenset({2})), {"keypoints: places", "skeleton: segments"}),
        (_setting("peak", True), set()),
        (_setting("weights", True), set()),  # none is selected
        (lambda stage: stage.view.slices.move(0.3), {"slice: plane z"}),
        (lambda stage: stage.view.slices.grab("x", 0.3), {"slice: plane x"}),
        (lambda stage: setattr(stage.view.slices, "level", 0.2), {"isosurface: level"}),
        (lambda stage: setattr(stage.subject, "keypoint", 1), {"keypoints: marks"}),
        (lambda stage: setattr(stage.subject, "segment", 1), {"skeleton: mark"}),
        (lambda stage: stage.view.settings.switch("volume", on=False), set()),
    ],
)  # fmt: skip
def test_a_change_draws_again_only_what_it_changes(stage: Stage, shirt: Garment, change, expected):
    stage.show(shirt, predicted(shirt), points=True, isosurface=True, volume=True)
    stage.view.slices.show("x", shown=True)
    stage.view.slices.choose("z")
    stage.draw()
    before = drawn(stage)
    change(stage)
    stage.draw()
    assert drawn(stage) - before == dict.fromkeys(expected, 1)
    stage.draw()
    assert drawn(stage) - before == dict.fromkeys(expected, 1), "nothing has changed since"


def test_a_layer_that_is_off_is_not_drawn(stage: Stage, shirt: Garment):
    stage.show(shirt, predicted(shirt))
    for name in ("isosurface", "volume", "samples", "reconstruction", "points"):
        assert not stage.scene.layers[name].drawn


def test_what_is_to_be_said_against_keypoints_is_written_into_the_view(stage: Stage, shirt: Garment) -> None:
    stage.show(shirt, predicted(shirt, ambiguous=True, is_oriented=False))
    stage.draw()
    caveats = stage.scene.layers["caveats"]
    assert isinstance(caveats, CaveatLayer)
    assert caveats.text == "Front and back are ambiguous\nLeft and right may be swapped"
    stage.show(shirt, predicted(shirt, ambiguous=False))
    stage.draw()
    assert not caveats.visible


def test_translucent_cloth_does_not_depend_on_the_order_of_its_triangles(stage: Stage, shirt: Garment):
    """Triangles that are blended in any order speckle."""
    pictures = []
    for order in (np.arange(len(shirt.faces)), np.random.default_rng(0).permutation(len(shirt.faces))):
        stage.show(replace(shirt, faces=shirt.faces[order]), ground=False)
        stage.view.settings.surface_opacity = 0.5
        stage.scene.look_first()
        stage.scene.plotter.camera.Azimuth(50)
        pictures.append(stage.pixels())
    different = np.abs(pictures[0] - pictures[1]).max(axis=-1) > 12
    assert different.mean() < 2e-4, "but for pixels in which triangles are as deep as each other"


def test_opaque_cloth_hides_a_slice_and_translucent_cloth_does_not(stage: Stage, shirt: Garment):
    stage.show(shirt, predicted(shirt), keypoints=False, skeleton=False)
    stage.scene.look_from("front")

    def seen(opacity: float) -> bool:
        stage.view.settings.surface_opacity = opacity
        stage.switch(slice=False)
        without = stage.pixels()
        stage.switch(slice=True)
        return bool(np.abs(stage.pixels() - without).max(axis=-1)[120:160, 110:155].max() > 20)

    assert seen(0.85)
    assert not seen(1.0)


def test_only_the_strongest_segments_are_drawn_fewer_and_thinner_in_a_small_view(stage: Stage, shirt: Garment):
    prediction = predicted(shirt, 8)
    stage.show(shirt, prediction)
    layer = stage.scene.layers["skeleton"]
    strongest = np.argsort(-prediction.strengths)
    assert set(np.flatnonzero(layer.drawn_segments)) == set(strongest[:12])
    few = layer.width
    stage.view.settings.most_segments = 100
    stage.draw()
    assert layer.drawn_segments.all()
    assert layer.width < few
    stage.view.settings.most_segments, stage.look = 12, replace(stage.look, share=0.5)
    stage.draw()
    assert set(np.flatnonzero(layer.drawn_segments)) == set(strongest[:6])
    assert stage.scene.layers["keypoints"].label_size < stage.view.settings.label_size


def test_a_slice_is_transparent_where_there_is_no_heat(stage: Stage, shirt: Garment):
    stage.look = Look()
    stage.show(shirt, predicted(shirt), surface=False, keypoints=False, skeleton=False, ground=False)
    stage.scene.look_from("front")
    values, points = stage.scene.layers["slice"].values("z"), stage.scene.layers["slice"].points("z")
    picture, background = stage.pixels(), 255 * np.array(stage.scene.state.background)
    cold = points[values < 1e-4][::20]
    places = np.array([stage.display(place) for place in cold]).round().astype(int)
    seen = np.abs(picture[SMALL[1] - 1 - places[:, 1], places[:, 0]] - background).max(axis=-1)
    assert len(seen) > 20
    assert (seen < 3).mean() > 0.8, "but under the outline"


def test_labels_are_laid_out_for_each_picture_without_covering_each_other(stage: Stage, shirt: Garment):
    stage.show(shirt, predicted(shirt, 8))
    for azimuth in (0, 60, 120):
        stage.scene.plotter.camera.azimuth = azimuth
        stage.pixels()
        boxes = stage.scene.layers["keypoints"].label_boxes
        low, high = np.maximum(boxes[:, None, :2], boxes[:, :2]), np.minimum(boxes[:, None, 2:], boxes[:, 2:])
        shared = np.maximum(high - low, 0).prod(axis=-1)
        assert shared[~np.eye(8, dtype=bool)].max() < 0.2 * shared.diagonal().min()


def test_a_measured_length_is_written_where_no_keypoint_is(stage: Stage, shirt: Garment):
    found = predicted(shirt, 3)
    found = replace(found, normalised=np.array([[-0.6, 0, 0], [0.6, 0, 0], [0, 0, 0]]))  # one in the middle of the line
    stage.show(shirt, found)
    stage.subject.keypoint, stage.subject.other, stage.subject.distance = 0, 1, Distance(12.0)
    stage.draw()
    stage.scene.look_from("front")
    stage.pixels()
    box, labels = stage.scene.layers["measure"].label_box, stage.scene.layers["keypoints"].label_boxes
    ball = stage.display(found.keypoints[2])[:2]
    assert (box[2:] > box[:2]).all()
    assert not ((box[:2] < ball) & (ball < box[2:])).all()
    shared = np.minimum(box[2:], labels[:, 2:]) - np.maximum(box[:2], labels[:, :2])
    assert (shared.min(axis=1) <= 0).all()


def test_garment_and_shadow_look_the_same_far_from_the_origin(stage: Stage, shirt: Garment):
    pictures = []
    for offset in (0.0, 5e5):  # metres, as national grids have them
        small = (shirt.vertices - shirt.vertices.mean(axis=0)) / shirt.diagonal
        stage.show(Garment("far", small + np.array([offset, 0, -offset]), shirt.faces), axes=False)
        pictures.append(stage.pixels())
    assert len(np.unique(pictures[0].reshape(-1, 3), axis=0)) > 10, "there is a shadow"
    assert np.abs(pictures[0] - pictures[1]).max() <= 3


def test_a_closed_surface_is_drawn(stage: Stage, shirt: Garment):
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
    for garment in (Garment("closed", corners, faces), replace(shirt, name="open"), Garment("closed", corners, faces)):
        stage.show(garment, axes=False, ground=False)
        assert stage.scene.layers["surface"].visible
        assert len(np.unique(stage.pixels().reshape(-1, 3), axis=0)) > 3
