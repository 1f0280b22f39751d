"""What is drawn, on a plotter without any display."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
from vtkmodules.vtkCommonCore import vtkLogger
from vtkmodules.vtkRenderingCore import vtkCoordinate

from app.scene.heat import slice_points
from app.scene.layers import vertex_normals
from app.scene.motion import trails
from app.scene.scene import DARK, LIGHT, Scene
from app.state.settings import LAYERS, ViewSettings
from app.state.slices import AXES, SliceSettings
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.sampling import Normalisation, sample
from keygrid.model.config import HeatmapConfig
from keygrid.palette import colours
from keygrid.prediction import Explanation, MethodId, Prediction, heatmap

ALL_ON = dict.fromkeys(LAYERS, True)
SMALL = (320, 240)


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    # VTK complains of every display it tries before it renders without one.
    before = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    yield
    vtkLogger.SetStderrVerbosity(before)


def predicted(garment: Garment, count: int = 5, seed: int = 0, **changes) -> Prediction:
    """Random keypoints inside a garment's cube."""
    rng = np.random.default_rng(seed)
    drawn = sample(garment, 200)
    normalisation = Normalisation.fit(drawn.points, "centred")
    edges = np.array([(i, j) for i in range(count) for j in range(i + 1, count)])
    prediction = Prediction(
        method=MethodId.of_file(Path("random.safetensors"), "0"),
        normalisation=normalisation,
        normalised=rng.uniform(-0.6, 0.6, (count, 3)),
        vertices=np.zeros(count, np.int64),
        edges=edges,
        strengths=rng.uniform(0.3, 0.9, len(edges)),
        seconds=0.1,
        explanation=Explanation(
            sample=drawn,
            weights=np.full((count, 200), 1 / 200, np.float32),
            normalised_reconstruction=rng.uniform(-1, 1, (200, 3)),
            heatmap=HeatmapConfig("nearest", 0.05, (6, 5, 4)),
        ),
    )
    return replace(prediction, **changes)


@pytest.fixture(scope="module")
def plotter():
    plotter = pv.Plotter(off_screen=True, window_size=SMALL)
    yield plotter
    plotter.close()


@pytest.fixture
def scene(plotter):
    scene = Scene(plotter)
    yield scene
    scene.show_garment(None)
    plotter.remove_actor(list(plotter.actors), render=False)


@pytest.fixture(scope="module")
def moving(shirt) -> Garment:
    """The shirt, twisted more and more over four frames, with three landmarks."""
    height = np.ptp(shirt.vertices[:, 1])
    frames = []
    for step in range(4):
        angle = 0.4 * step * (shirt.vertices[:, 1] - shirt.vertices[:, 1].mean()) / height
        x, y, z = shirt.vertices.T
        frames.append(
            np.stack([x * np.cos(angle) - z * np.sin(angle) + 4 * step, y, x * np.sin(angle) + z * np.cos(angle)], 1)
        )
    corners = np.tile([[1.0, 0.0, 0.0]], (3, 1))
    landmarks = Landmarks(np.array([10, 900, 4000]), corners, ("collar", "left hem", "right hem"))
    return replace(shirt, frames=np.array(frames, np.float32), landmarks=landmarks)


def pixels(scene: Scene) -> np.ndarray:
    scene.plotter.render_window.Render()
    return np.asarray(scene.plotter.screenshot(return_img=True)).astype(int)


def drawn_count(scene: Scene) -> int:
    return int(scene.plotter.renderer.GetViewProps().GetNumberOfItems())


def slice_actor(scene: Scene, plane="z"):
    return scene.slice._sheets[plane].actors[0]


def show(scene: Scene, garment: Garment, prediction: Prediction, **settings) -> ViewSettings:
    chosen = ViewSettings(**settings)
    scene.show_garment(garment)
    scene.show_prediction(prediction, SliceSettings())
    scene.apply(chosen)
    return chosen


@pytest.mark.parametrize("name", LAYERS[:9])
def test_a_layer_is_seen_exactly_while_it_is_on(scene, moving, name):
    settings = show(scene, moving, predicted(moving), **{other: other == name for other in LAYERS})
    scene.show_trails({frame: predicted(moving, seed=frame) for frame in range(3)}, 1)
    on = pixels(scene)
    setattr(settings, name, False)
    scene.apply(settings)
    off = pixels(scene)
    assert np.abs(on - off).max() > 30
    assert len(np.unique(off.reshape(-1, 3), axis=0)) == 1
    setattr(settings, name, True)
    scene.apply(settings)
    np.testing.assert_array_equal(pixels(scene), on)


def test_switching_layers_moves_no_camera_and_a_new_prediction_neither(scene, shirt):
    settings = show(scene, shirt, predicted(shirt))
    scene.plotter.camera.azimuth += 30
    before = scene.plotter.camera_position
    settings.surface = False
    scene.apply(settings)
    scene.show_prediction(predicted(shirt, seed=1), SliceSettings())
    assert scene.plotter.camera_position == before
    scene.fit()
    assert scene.plotter.camera_position != before


@pytest.mark.parametrize("axis", AXES)
def test_the_slice_has_the_heat_of_its_plane(scene, shirt, axis):
    prediction = predicted(shirt)
    show(scene, shirt, prediction)
    scene.cut(SliceSettings(plane=axis, **{axis: -0.3}))
    plane = slice_actor(scene, axis).mapper.dataset
    points = prediction.normalisation.apply(plane.points)
    assert points[:, AXES.index(axis)] == pytest.approx(-0.3, abs=1e-5)
    assert [points.min(), points.max()] == pytest.approx([-1, 1], abs=1e-5)
    np.testing.assert_allclose(plane["heat"], heatmap(points, prediction), atol=1e-4)

    # The definition, at some of them: the largest s exp(-d^2 / sigma^2) over densely sampled segments.
    some = np.random.default_rng(0).choice(len(points), 40, replace=False)
    starts, ends = prediction.normalised[prediction.edges.T]
    along = np.linspace(0, 1, 400)[:, None, None]
    distances = np.linalg.norm(points[some, None, None] - (starts + along * (ends - starts)), axis=-1).min(axis=1)
    expected = (prediction.strengths * np.exp(-(distances**2) / 0.05)).max(axis=1)
    np.testing.assert_allclose(plane["heat"][some], expected, atol=2e-3)


@pytest.mark.parametrize("axis", AXES)
def test_slice_points_cover_the_cube_on_a_regular_grid(axis):
    points = slice_points(axis, 0.4, 5)
    normal = AXES.index(axis)
    assert (points[:, normal] == 0.4).all()
    others = np.delete(points, normal, axis=1)
    assert {tuple(row) for row in others} == {(a, b) for a in np.linspace(-1, 1, 5) for b in np.linspace(-1, 1, 5)}
    np.testing.assert_array_equal(points[:5, (normal + 1) % 3], np.linspace(-1, 1, 5))  # the next axis runs fastest


def test_colours_keep_their_limits_while_the_slice_moves(scene, shirt):
    show(scene, shirt, predicted(shirt))
    pictures = []
    for position in (-0.9, 0.0, 0.4):
        scene.cut(SliceSettings(z=position))
        assert slice_actor(scene).mapper.scalar_range == (0, 1)
        pictures.append(pixels(scene))
    assert np.abs(pictures[0] - pictures[1]).max() > 30
    (bar,) = scene.plotter.scalar_bars.values()
    assert tuple(bar.GetLookupTable().GetTableRange()) == (0, 1)


def test_a_heatmap_of_farthest_segments_is_coloured_up_to_its_largest_value(scene, shirt):
    prediction = predicted(shirt)
    explanation = replace(prediction.explain(), heatmap=HeatmapConfig("farthest", 1.0, (6, 5, 4)))
    prediction = replace(prediction, explanation=explanation)
    show(scene, shirt, prediction)
    low, high = slice_actor(scene).mapper.scalar_range
    assert (low, high) == pytest.approx((0, prediction.grid_heatmap.max()))
    assert high > 1


def test_fifty_predictions_leave_no_more_actors_than_one(scene, shirt):
    show(scene, shirt, predicted(shirt), **ALL_ON)
    scene.cut(SliceSettings(plane="x"))
    actors, bars = drawn_count(scene), len(scene.plotter.scalar_bars)
    datasets = len(scene.plotter.meshes)
    for seed in range(50):
        scene.show_prediction(predicted(shirt, seed=seed), SliceSettings())
        scene.cut(SliceSettings(plane="x", x=seed / 50))
        scene.select(seed % 5)
    assert drawn_count(scene) == actors
    assert len(scene.plotter.scalar_bars) == bars == 1
    assert len(scene.plotter.meshes) == datasets
    scene.show_garment(None)
    assert drawn_count(scene) == 0
    assert not scene.plotter.scalar_bars


@pytest.mark.parametrize("count", [2, 64])
def test_each_keypoint_is_found_where_it_is_drawn(scene, shirt, count):
    prediction = predicted(shirt, count)
    show(scene, shirt, prediction, slice=False)
    pixels(scene)
    places = []
    for position in prediction.keypoints:
        coordinate = vtkCoordinate()
        coordinate.SetCoordinateSystemToWorld()
        coordinate.SetValue(position)
        places.append(coordinate.GetComputedDoubleDisplayValue(scene.plotter.renderer))
    found = [scene.keypoint_at(x, y, within=6) for x, y in places]
    alone = [sum(np.hypot(x - u, y - v) < 1 for u, v in places) == 1 for x, y in places]
    assert [f for f, clear in zip(found, alone, strict=True) if clear] == [i for i in range(count) if alone[i]]
    assert sum(alone) > count / 2
    assert scene.keypoint_at(1, 1, within=6) is None
    scene.keypoints.visible = False
    assert scene.keypoint_at(*places[0], within=6) is None


def test_the_selected_keypoint_is_marked_only_while_keypoints_are_shown(scene, shirt):
    settings = show(scene, shirt, predicted(shirt))
    plain = pixels(scene)
    scene.select(2)
    marked = pixels(scene)
    assert np.abs(marked - plain).max() > 30
    settings.keypoints = False
    scene.apply(settings)
    hidden = pixels(scene)
    scene.select(None)
    np.testing.assert_array_equal(pixels(scene), hidden)
    scene.select(2)
    settings.keypoints = True
    scene.apply(settings)
    np.testing.assert_array_equal(pixels(scene), marked)


def centre_after(scene: Scene, garment: Garment, depths: tuple[float, ...]) -> np.ndarray:
    """The pixel where keypoints lie one behind the other, seen along z."""
    normalised = np.array([(0, 0, depth) for depth in depths])
    prediction = predicted(garment, len(depths), normalised=normalised)
    show(scene, garment, prediction, skeleton=False, slice=False)
    scene.look_along("z")
    scene.plotter.camera.focal_point = prediction.keypoints[0]
    scene.plotter.camera.position = (*prediction.keypoints[0, :2], scene.plotter.camera.position[2])
    return pixels(scene)[SMALL[1] // 2, SMALL[0] // 2]


def test_keypoints_are_seen_through_the_surface_and_near_ones_hide_far_ones(scene, shirt):
    orange, blue = colours(2).astype(int)
    for depths, nearest in (((0.0, 0.3), blue), ((0.0, -0.3), orange)):
        seen = centre_after(scene, shirt, depths)
        distances = [np.linalg.norm(seen / seen.max() - colour / colour.max()) for colour in (orange, blue)]
        assert np.argmin(distances) == (0 if nearest is orange else 1)
        assert min(distances) < 0.25


def test_the_selected_keypoint_keeps_its_colour(scene, shirt):
    before = centre_after(scene, shirt, (0.0, -0.3))
    scene.select(0)
    np.testing.assert_allclose(pixels(scene)[SMALL[1] // 2, SMALL[0] // 2], before, atol=3)


def test_coincident_keypoints_are_drawn_and_the_first_is_found(scene, shirt):
    prediction = predicted(shirt, normalised=np.zeros((5, 3)))
    show(scene, shirt, prediction, **ALL_ON)
    assert np.isfinite(slice_actor(scene).mapper.dataset["heat"]).all()
    pixels(scene)
    renderer = scene.plotter.renderer
    renderer.SetWorldPoint(*prediction.keypoints[0], 1)
    renderer.WorldToDisplay()
    assert scene.keypoint_at(*renderer.GetDisplayPoint()[:2], within=3) == 0


def test_a_cloud_has_no_surface_and_its_own_points_until_it_is_predicted(scene, shirt):
    cloud = Garment("cloud", shirt.vertices, np.empty((0, 3), np.int64))
    scene.show_garment(cloud)
    scene.apply(ViewSettings(cloud=True))
    assert drawn_count(scene) == 1
    (mesh,) = scene.plotter.meshes
    assert mesh.n_points == len(shirt.vertices)
    show(scene, cloud, predicted(cloud), **ALL_ON)
    assert not any(mesh.n_points == len(shirt.vertices) for mesh in scene.plotter.meshes)


def test_a_tiny_and_a_huge_garment_are_drawn_alike(scene, shirt):
    # Units differ from file to file: a garment in millimetres far from the origin looks like one in kilometres.
    pictures = []
    for scale in (1e-3, 1e3):
        garment = Garment("scaled", shirt.vertices * scale, shirt.faces)
        show(scene, garment, predicted(garment))
        pictures.append(pixels(scene))
    assert (np.abs(pictures[0] - pictures[1]).max(axis=-1) > 40).mean() < 0.01
    assert len(np.unique(pictures[0].reshape(-1, 3), axis=0)) > 100


def test_themes_change_background_and_text(scene, shirt):
    show(scene, shirt, predicted(shirt))
    for theme in (LIGHT, DARK):
        scene.set_theme(theme)
        corner = pixels(scene)[0, 0]
        assert corner / 255 == pytest.approx(theme.background, abs=0.01)
        (bar,) = scene.plotter.scalar_bars.values()
        assert bar.GetLabelTextProperty().GetColor() == pytest.approx(theme.foreground, abs=0.01)


@pytest.mark.parametrize(("axis", "direction"), list(zip(AXES, np.eye(3), strict=True)))
def test_looking_along_an_axis_is_from_its_positive_end(scene, shirt, axis, direction):
    show(scene, shirt, predicted(shirt))
    scene.look_along(axis)
    away = np.subtract(scene.plotter.camera.position, scene.plotter.camera.focal_point)
    assert away / np.linalg.norm(away) == pytest.approx(direction, abs=1e-6)


def props(scene: Scene) -> list:
    found = scene.plotter.renderer.GetViewProps()
    return [found.GetItemAsObject(index) for index in range(found.GetNumberOfItems())]


def test_a_frame_moves_what_is_drawn_and_makes_nothing_anew_and_moves_no_camera(scene, moving):
    show(scene, moving, predicted(moving), **ALL_ON)
    predictions = {frame: predicted(moving.still(frame), seed=frame) for frame in range(4)}
    scene.show_trails(predictions, 0)
    before, camera, actors = pixels(scene), scene.plotter.camera_position, props(scene)
    for frame in (3, 1):
        scene.show_frame(frame)
        scene.show_trails(predictions, frame)
        scene.show_prediction(predictions[frame], SliceSettings())
        np.testing.assert_allclose(scene.surface._mesh.points, moving.frames[frame], rtol=1e-6)
        assert np.abs(pixels(scene) - before).max() > 60
        assert scene.plotter.camera_position == camera
        assert props(scene) == actors
    moved = pixels(scene)
    # What was moved into a frame looks like what is drawn in it.
    show(scene, moving, predictions[1], **ALL_ON)
    scene.show_frame(1)
    scene.show_trails(predictions, 1)
    scene.plotter.camera_position = camera
    difference = np.abs(pixels(scene) - moved).max(axis=-1)
    assert (difference > 12).mean() < 0.001


def test_a_frame_without_keypoints_shows_none(scene, moving):
    show(scene, moving, predicted(moving), trails=False)
    scene.show_frame(2)
    scene.show_prediction(None, SliceSettings())
    without = pixels(scene)
    assert scene.keypoint_at(SMALL[0] / 2, SMALL[1] / 2, within=1000) is None
    show(scene, moving, predicted(moving), keypoints=False, skeleton=False, slice=False, trails=False)
    scene.show_frame(2)
    np.testing.assert_array_equal(pixels(scene), without)


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


def test_landmarks_are_carried_by_the_material_and_named_under_the_mouse(scene, moving):
    show(scene, moving, predicted(moving), landmarks=True)
    for frame in (0, 3):
        scene.show_frame(frame)
        pixels(scene)
        places = moving.landmarks.on(moving.vertices_in(frame), moving.faces)
        for name, place in zip(moving.landmarks.names, places, strict=True):
            x, y = display(scene, place)
            assert scene.landmark_at(x, y, 5, frame) == name
    assert scene.landmark_at(1, 1, 5, 3) == ""
    scene.landmarks.visible = False
    assert scene.landmark_at(x, y, 5, 3) == ""


def display(scene: Scene, position: np.ndarray) -> tuple[float, float]:
    coordinate = vtkCoordinate()
    coordinate.SetCoordinateSystemToWorld()
    coordinate.SetValue(position.tolist())
    return coordinate.GetComputedDoubleViewportValue(scene.plotter.renderer)


def test_what_is_translucent_is_blended_in_one_order_whenever_it_was_made(scene, moving):
    prediction = predicted(moving)
    show(scene, moving, prediction)
    before = pixels(scene)
    scene.select(2)
    scene.apply(ViewSettings(weights=True))  # makes the surface anew
    scene.select(None)
    scene.apply(ViewSettings())
    scene.cut(SliceSettings(colour_map="viridis"))  # and the slice
    scene.cut(SliceSettings())
    assert np.abs(pixels(scene) - before).max() < 3
