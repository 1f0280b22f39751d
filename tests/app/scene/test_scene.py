"""The scene, on a plotter without any display."""

from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv

from app.scene.layers.motion import trails
from app.scene.layers.surface import vertex_normals
from app.scene.planes import slice_points
from app.scene.state import DARK, LIGHT
from app.state.layers import LAYERS
from app.state.slices import AXES
from keygrid.data.garment import Garment
from keygrid.model.config import HeatmapConfig
from keygrid.palette import colours
from keygrid.prediction import heatmap
from tests.app.scene.conftest import SMALL, Stage, predicted

ALL_ON = dict.fromkeys(LAYERS, True)


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in {"isosurface", "volume", "colours"}])
def test_a_layer_is_seen_exactly_while_it_is_on(stage, moving, name):
    stage.show(moving, predicted(moving), **{other: other == name for other in LAYERS})
    stage.subject.predictions = {frame: predicted(moving, seed=frame) for frame in range(3)}
    on = stage.pixels()
    stage.switch(**{name: False})
    off = stage.pixels()
    assert np.abs(on - off).max() > 30
    assert len(np.unique(off.reshape(-1, 3), axis=0)) == 1
    stage.switch(**{name: True})
    np.testing.assert_array_equal(stage.pixels(), on)


def test_switching_layers_moves_no_camera_and_a_new_prediction_neither(stage, shirt):
    stage.show(shirt, predicted(shirt))
    plotter = stage.scene.plotter
    plotter.camera.azimuth += 30
    before = plotter.camera_position
    stage.switch(surface=False)
    stage.go_to(0, predicted(shirt, seed=1))
    assert plotter.camera_position == before
    stage.scene.look_first()
    assert plotter.camera_position != before


@pytest.mark.parametrize("axis", AXES)
def test_the_slice_has_the_heat_of_its_plane(stage, shirt, axis):
    prediction = predicted(shirt)
    stage.show(shirt, prediction)
    stage.view.slices.choose(axis)
    stage.view.slices.move(-0.3)
    stage.draw()
    layer = stage.scene.layers["slice"]
    points, values = prediction.normalisation.apply(layer.points(axis)), layer.values(axis)
    assert points[:, AXES.index(axis)] == pytest.approx(-0.3, abs=1e-5)
    assert [points.min(), points.max()] == pytest.approx([-1, 1], abs=1e-5)
    np.testing.assert_allclose(values, heatmap(points, prediction), atol=1e-4)

    # The definition, at some of them: the largest s exp(-d^2 / sigma^2) over densely sampled segments.
    some = np.random.default_rng(0).choice(len(points), 40, replace=False)
    starts, ends = prediction.normalised[prediction.edges.T]
    along = np.linspace(0, 1, 400)[:, None, None]
    distances = np.linalg.norm(points[some, None, None] - (starts + along * (ends - starts)), axis=-1).min(axis=1)
    expected = (prediction.strengths * np.exp(-(distances**2) / 0.05)).max(axis=1)
    np.testing.assert_allclose(values[some], expected, atol=2e-3)


@pytest.mark.parametrize("axis", AXES)
def test_slice_points_cover_the_cube_on_a_regular_grid(axis):
    points = slice_points(axis, 0.4, 5)
    normal = AXES.index(axis)
    assert (points[:, normal] == 0.4).all()
    others = np.delete(points, normal, axis=1)
    assert {tuple(row) for row in others} == {(a, b) for a in np.linspace(-1, 1, 5) for b in np.linspace(-1, 1, 5)}
    np.testing.assert_array_equal(points[:5, (normal + 1) % 3], np.linspace(-1, 1, 5))  # the next axis runs fastest


def test_colours_keep_their_limits_while_the_slice_moves(stage, shirt):
    stage.show(shirt, predicted(shirt))
    pictures = []
    for position in (-0.9, 0.0, 0.4):
        stage.view.slices.z = position
        pictures.append(stage.pixels())
        assert stage.scene.layers["slice"].limits("z") == (0, 1)
    assert np.abs(pictures[0] - pictures[1]).max() > 30
    (bar,) = stage.scene.plotter.scalar_bars.values()
    assert tuple(bar.GetLookupTable().GetTableRange()) == (0, 1)


def test_a_heatmap_of_farthest_segments_is_coloured_up_to_its_largest_value(stage, shirt):
    prediction = predicted(shirt)
    explanation = replace(prediction.explain(), heatmap=HeatmapConfig("farthest", 1.0, (6, 5, 4)))
    prediction = replace(prediction, explanation=explanation)
    stage.show(shirt, prediction)
    low, high = stage.scene.layers["slice"].limits("z")
    assert (low, high) == pytest.approx((0, prediction.grid_heatmap.max()))
    assert high > 1


def test_fifty_predictions_leave_no_more_actors_than_one(stage, shirt):
    stage.show(shirt, predicted(shirt), **ALL_ON)
    stage.view.slices.choose("x")
    stage.draw()
    actors, bars = len(stage.props), len(stage.scene.plotter.scalar_bars)
    datasets = len(stage.scene.plotter.meshes)
    for seed in range(50):
        stage.view.slices.x, stage.subject.keypoint = seed / 50, seed % 5
        stage.go_to(0, predicted(shirt, seed=seed))
    assert len(stage.props) == actors
    assert len(stage.scene.plotter.scalar_bars) == bars == 1
    assert len(stage.scene.plotter.meshes) == datasets
    stage.show(None)
    assert len(stage.props) == 0
    assert not stage.scene.plotter.scalar_bars


@pytest.mark.parametrize("count", [2, 64])
def test_each_keypoint_is_found_where_it_is_drawn(stage, shirt, count):
    prediction = predicted(shirt, count)
    stage.show(shirt, prediction, slice=False)
    stage.pixels()
    places, picker = [stage.display(position) for position in prediction.keypoints], stage.scene.picker
    found = [picker.keypoint_at(x, y, within=6) for x, y in places]
    alone = [sum(np.hypot(x - u, y - v) < 1 for u, v in places) == 1 for x, y in places]
    assert [f for f, clear in zip(found, alone, strict=True) if clear] == [i for i in range(count) if alone[i]]
    assert sum(alone) > count / 2
    assert picker.keypoint_at(1, 1, within=6) is None
    stage.switch(keypoints=False)
    assert picker.keypoint_at(*places[0], within=6) is None


def test_the_selected_keypoint_is_marked_only_while_keypoints_are_shown(stage, shirt):
    stage.show(shirt, predicted(shirt))
    plain = stage.pixels()
    stage.subject.keypoint = 2
    marked = stage.pixels()
    assert np.abs(marked - plain).max() > 30
    stage.switch(keypoints=False)
    hidden = stage.pixels()
    stage.subject.keypoint = None
    np.testing.assert_array_equal(stage.pixels(), hidden)
    stage.subject.keypoint = 2
    stage.switch(keypoints=True)
    np.testing.assert_array_equal(stage.pixels(), marked)


def centre_after(stage: Stage, garment: Garment, depths: tuple[float, ...]) -> np.ndarray:
    """The pixel where keypoints lie one behind the other, seen along z."""
    normalised = np.array([(0, 0, depth) for depth in depths])
    prediction = predicted(garment, len(depths), normalised=normalised)
    stage.show(garment, prediction, skeleton=False, slice=False)
    stage.scene.look_from("front")
    camera = stage.scene.plotter.camera
    camera.focal_point = prediction.keypoints[0]
    camera.position = (*prediction.keypoints[0, :2], camera.position[2])
    return stage.pixels()[SMALL[1] // 2, SMALL[0] // 2]


def test_keypoints_are_seen_through_the_surface_and_near_ones_hide_far_ones(stage, shirt):
    orange, blue = colours(2).astype(int)
    for depths, nearest in (((0.0, 0.3), blue), ((0.0, -0.3), orange)):
        seen = centre_after(stage, shirt, depths)
        distances = [np.linalg.norm(seen / seen.max() - colour / colour.max()) for colour in (orange, blue)]
        assert np.argmin(distances) == (0 if nearest is orange else 1)
        assert min(distances) < 0.25


def test_the_selected_keypoint_keeps_its_colour(stage, shirt):
    before = centre_after(stage, shirt, (0.0, -0.3))
    stage.subject.keypoint = 0
    np.testing.assert_allclose(stage.pixels()[SMALL[1] // 2, SMALL[0] // 2], before, atol=3)


def test_coincident_keypoints_are_drawn_and_the_first_is_found(stage, shirt):
    prediction = predicted(shirt, normalised=np.zeros((5, 3)))
    stage.show(shirt, prediction, **ALL_ON)
    assert np.isfinite(stage.scene.layers["slice"].values("z")).all()
    stage.pixels()
    assert stage.scene.picker.keypoint_at(*stage.display(prediction.keypoints[0]), within=3) == 0


def test_a_tiny_and_a_huge_garment_are_drawn_alike(stage, shirt):
    # Units differ from file to file: a garment in millimetres far from the origin looks like one in kilometres.
    pictures = []
    for scale in (1e-3, 1e3):
        garment = Garment("scaled", shirt.vertices * scale, shirt.faces)
        stage.show(garment, predicted(garment))
        pictures.append(stage.pixels())
    assert (np.abs(pictures[0] - pictures[1]).max(axis=-1) > 40).mean() < 0.01
    assert len(np.unique(pictures[0].reshape(-1, 3), axis=0)) > 100


def test_themes_change_background_and_text(stage, shirt):
    stage.show(shirt, predicted(shirt))
    for theme in (LIGHT, DARK):
        stage.look = replace(stage.look, theme=theme)
        corner = stage.pixels()[0, 0]
        assert corner / 255 == pytest.approx(theme.background, abs=0.01)
        (bar,) = stage.scene.plotter.scalar_bars.values()
        assert bar.GetLabelTextProperty().GetColor() == pytest.approx(theme.foreground, abs=0.01)


@pytest.mark.parametrize(
    ("side", "direction"),
    {
        "front": (0, 0, 1),
        "back": (0, 0, -1),
        "right": (1, 0, 0),
        "left": (-1, 0, 0),
        "above": (0, 1, 0),
        "below": (0, -1, 0),
    }.items(),
)
def test_a_garment_is_seen_whole_from_each_side(stage, shirt, side, direction):
    stage.show(shirt, predicted(shirt))
    stage.scene.look_from(side)
    camera = stage.scene.plotter.camera
    away = np.subtract(camera.position, camera.focal_point)
    assert away / np.linalg.norm(away) == pytest.approx(direction, abs=1e-6)


def test_a_frame_moves_what_is_drawn_and_makes_nothing_anew_and_moves_no_camera(stage, moving):
    stage.show(moving, predicted(moving), **ALL_ON)
    plotter, predictions = stage.scene.plotter, {f: predicted(moving.still(f), seed=f) for f in range(4)}
    stage.subject.predictions = predictions
    before, camera, actors = stage.pixels(), plotter.camera_position, stage.props
    for frame in (3, 1):
        stage.go_to(frame, predictions[frame])
        for layer in ("surface", "points"):
            np.testing.assert_allclose(stage.scene.layers[layer].points, moving.frames[frame], rtol=1e-6)
        assert np.abs(stage.pixels() - before).max() > 60
        assert plotter.camera_position == camera
        assert stage.props == actors
    # What was moved into a frame looks like what is drawn in it, but landmarks keep their names on the same side.
    stage.switch(landmarks=False)
    moved = stage.pixels()
    stage.show(None)
    stage.show(moving, predictions[0], **{**ALL_ON, "landmarks": False})
    stage.subject.predictions = predictions
    stage.go_to(1, predictions[1])
    plotter.camera_position = camera
    difference = np.abs(stage.pixels() - moved).max(axis=-1)
    assert (difference > 12).mean() < 0.001


def test_a_frame_without_keypoints_shows_none(stage, moving):
    stage.show(moving, predicted(moving), trails=False)
    stage.go_to(2, None)
    without = stage.pixels()
    assert stage.scene.picker.keypoint_at(SMALL[0] / 2, SMALL[1] / 2, within=1000) is None
    prediction = predicted(moving)
    stage.show(moving, prediction, keypoints=False, skeleton=False, slice=False, trails=False)
    stage.go_to(2, prediction)
    np.testing.assert_array_equal(stage.pixels(), without)


def test_normals_are_unit_and_those_of_a_sphere_point_outwards():
    sphere = pv.Sphere()
    normals = vertex_normals(np.asarray(sphere.points, float), sphere.regular_faces)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
    assert (np.einsum("vd,vd->v", normals, sphere.points / 0.5) > 0.99).all()


def test_trails_join_neighbouring_frames_and_fade_with_time(moving):
    predictions = {frame: predicted(moving, count=3, seed=frame) for frame in (0, 1, 2, 5, 6)}
    paths = trails(predictions, 1)
    segments = paths.lines.reshape(-1, 3)[:, 1:]
    assert len(segments) == 3 * 3  # 0-1, 1-2, 5-6
    np.testing.assert_allclose(paths.points[segments[:, 0]][:3], predictions[0].keypoints)
    np.testing.assert_allclose(paths.points[segments[:, 1]][-3:], predictions[6].keypoints)
    opacity = paths["colour"].reshape(5, 3, 4)[:, 0, 3].astype(int)
    assert opacity[1] == 255
    assert opacity[1] > opacity[0] == opacity[2] > opacity[3] > opacity[4] > 0
    np.testing.assert_array_equal(paths["colour"].reshape(5, 3, 4)[3, :, :3], colours(3))
    assert trails({0: predictions[0], 2: predictions[2]}, 0) is None


def test_landmarks_are_carried_by_the_material_and_named_under_the_mouse(stage, moving):
    prediction, picker = predicted(moving), stage.scene.picker
    stage.show(moving, prediction, landmarks=True)
    for frame in (0, 3):
        stage.go_to(frame, prediction)
        stage.pixels()
        places = moving.landmarks.on(moving.vertices_in(frame), moving.faces)
        for name, place in zip(moving.landmarks.names, places, strict=True):
            x, y = stage.display(place)
            assert picker.landmark_at(x, y, 5) == name
    assert picker.landmark_at(1, 1, 5) == ""
    stage.switch(landmarks=False)
    assert picker.landmark_at(x, y, 5) == ""


def test_what_is_translucent_is_blended_in_one_order_whenever_it_was_made(stage, moving):
    prediction = predicted(moving)
    stage.show(moving, prediction)
    before = stage.pixels()
    stage.subject.keypoint, stage.view.settings.weights = 2, True  # makes the surface anew
    stage.draw()
    stage.subject.keypoint, stage.view.settings.weights = None, False
    stage.view.slices.colour_map = "viridis"  # and the slice
    stage.draw()
    stage.view.slices.colour_map = "inferno"
    assert np.abs(stage.pixels() - before).max() < 3
