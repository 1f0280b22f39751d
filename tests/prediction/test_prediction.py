import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation, Sample, sample
from keygrid.errors import KeygridError
from keygrid.model.config import HeatmapConfig, ModelConfig
from keygrid.model.heatmap import grid_cells
from keygrid.model.heatmap import heatmap as torch_heatmap
from keygrid.prediction import Explanation, MethodId, Prediction, heatmap

KEYPOINTS = 5


def make_prediction(
    distance: Literal["nearest", "farthest"] = "nearest", sigma_squared: float = 0.05, seed: int = 0
) -> Prediction:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(90, 3)) * [20, 60, 5] + [10, 100, -3]
    edges = np.array(ModelConfig(keypoints=KEYPOINTS).edges)
    weights = rng.exponential(size=(KEYPOINTS, 90)) ** 3
    return Prediction(
        method=MethodId.of_file(Path("a.safetensors"), "0" * 12),
        normalisation=Normalisation.fit(points, "range"),
        normalised=rng.uniform(-1, 1, (KEYPOINTS, 3)),
        vertices=np.arange(KEYPOINTS),
        edges=edges,
        strengths=rng.uniform(0.05, 0.95, len(edges)),
        seconds=0.0,
        explanation=Explanation(
            sample=Sample(np.arange(90), np.broadcast_to([1.0, 0, 0], (90, 3)), points),
            weights=(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32),
            normalised_reconstruction=rng.uniform(-1, 1, (90, 3)),
            heatmap=HeatmapConfig(distance, sigma_squared, (5, 4, 3)),
        ),
    )


def network_s_heatmap(points: np.ndarray, predicted: Prediction) -> np.ndarray:
    starts, ends = predicted.normalised[predicted.edges.T]
    arrays = (points, starts, ends, predicted.strengths)
    return torch_heatmap(*(torch.from_numpy(array)[None] for array in arrays), predicted.explain().heatmap)[0].numpy()


@pytest.mark.parametrize(("distance", "sigma_squared"), [("nearest", 2.5e-3), ("nearest", 0.5), ("farthest", 1.0)])
def test_the_heatmap_is_the_network_s(distance: Literal["nearest", "farthest"], sigma_squared: float) -> None:
    predicted = make_prediction(distance, sigma_squared)
    points = np.random.default_rng(1).uniform(-1.2, 1.2, (300, 3))
    found = heatmap(points, predicted)
    assert found.shape == (300,)
    np.testing.assert_allclose(found, network_s_heatmap(points, predicted), rtol=1e-9, atol=1e-300)


def test_the_heatmap_where_keypoints_coincide() -> None:
    predicted = make_prediction()
    predicted.normalised[:] = predicted.normalised[0]
    points = np.random.default_rng(1).uniform(-1, 1, (50, 3))
    squared = ((points - predicted.normalised[0]) ** 2).sum(axis=1)
    expected = predicted.strengths.max() * np.exp(-squared / predicted.explanation.heatmap.sigma_squared)
    np.testing.assert_allclose(heatmap(points, predicted), expected, rtol=1e-9)


def test_segments_without_strength_leave_nothing() -> None:
    predicted = make_prediction()
    points = np.random.default_rng(1).uniform(-1, 1, (50, 3))
    predicted.strengths[3:] = 0
    np.testing.assert_allclose(heatmap(points, predicted), network_s_heatmap(points, predicted), rtol=1e-9)
    predicted.strengths[:] = 0
    assert (heatmap(points, predicted) == 0).all()


def test_the_grid_s_heatmap_is_that_of_the_decoder_s_cells() -> None:
    predicted = make_prediction()
    cells = grid_cells((5, 4, 3), torch.zeros(1, dtype=torch.float64)).numpy()
    assert predicted.grid_heatmap.shape == (5, 4, 3)
    expected = network_s_heatmap(cells, predicted).reshape(5, 4, 3)
    np.testing.assert_allclose(predicted.grid_heatmap, expected, rtol=1e-9)
    assert predicted.grid_heatmap[4, 0, 1] == pytest.approx(heatmap(np.array([[1.0, -1, 0]]), predicted)[0], rel=1e-12)


def test_keypoints_and_reconstruction_are_in_file_units() -> None:
    predicted = make_prediction()
    low, high = predicted.explanation.sample.points.min(), predicted.explanation.sample.points.max()
    for normalised, found in (
        (predicted.normalised, predicted.keypoints),
        (predicted.explanation.normalised_reconstruction, predicted.reconstruction),
    ):
        np.testing.assert_allclose(found, low + (normalised + 1) / 2 * (high - low), rtol=1e-12)


def test_confidence_compares_the_spread_of_the_weights_with_the_cloud_s() -> None:
    predicted = make_prediction()
    points = predicted.normalisation.apply(predicted.explanation.sample.points)
    near = 1 / np.linalg.norm(points - points[:KEYPOINTS, None] - 0.01, axis=-1) ** 6
    weights = (near / near.sum(axis=1, keepdims=True)).astype(np.float32)
    explanation = replace(predicted.explain(), weights=weights)
    predicted = replace(predicted, normalised=weights @ points, explanation=explanation)
    cloud = np.sqrt(np.mean([np.square(p - points.mean(axis=0)).sum() for p in points]))
    expected = []
    for keypoint, row in zip(predicted.normalised, weights, strict=True):
        spread = sum(float(w) * float(np.square(p - keypoint).sum()) for p, w in zip(points, row, strict=True))
        expected.append(1 - np.sqrt(spread) / cloud)
    assert predicted.confidence.shape == (KEYPOINTS,)
    np.testing.assert_allclose(predicted.confidence, expected, rtol=1e-5)
    assert 0.1 < min(expected) < max(expected) < 1


def test_confidence_of_a_keypoint_on_one_point_is_one_and_far_from_all_is_none() -> None:
    predicted = make_prediction()
    predicted.explanation.weights[:] = np.eye(90, dtype=np.float32)[:KEYPOINTS]
    on_points = predicted.normalisation.apply(predicted.explanation.sample.points[:KEYPOINTS])
    assert replace(predicted, normalised=on_points).confidence.tolist() == [1.0] * KEYPOINTS
    assert replace(predicted, normalised=on_points + 5).confidence.tolist() == [0.0] * KEYPOINTS
    even = replace(predicted.explain(), weights=np.full((KEYPOINTS, 90), 1 / 90, np.float32))
    assert replace(predicted, normalised=on_points, explanation=even).confidence.max() < 1e-6


def test_a_prediction_without_an_explanation_says_so() -> None:
    predicted = replace(make_prediction(), explanation=None, method=MethodId("Any", "1", "any?k=5"))
    assert (predicted.explained, predicted.confidence) == (None, None)
    assert make_prediction().explained is not None
    for look in (
        lambda: predicted.most_heat,
        lambda: predicted.reconstruction,
        lambda: heatmap(np.zeros((1, 3)), predicted),
    ):
        with pytest.raises(KeygridError, match=r"any\?k=5 has no weights, heatmap or reconstruction"):
            look()


def test_material_points_of_a_sample_move_with_the_garment(shirt: Garment) -> None:
    drawn = sample(shirt, 200)
    np.testing.assert_array_equal(drawn.on(shirt.vertices, shirt.faces), drawn.points)
    np.testing.assert_allclose(drawn.on(shirt.vertices * 2 + 1, shirt.faces), drawn.points * 2 + 1, rtol=1e-12)


def test_predictions_are_read_without_torch() -> None:
    code = "import sys, keygrid.prediction, keygrid.data.augmentation; print('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said == "False\n"
