from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.garment import Garment
from keygrid.data.ordering import ordered_points
from keygrid.data.sampling import Sample, sample
from keygrid.errors import KeygridError
from keygrid.files import fingerprint
from keygrid.methods import DenseMethod
from keygrid.methods.learned import LearnedMethod
from keygrid.model.config import HeatmapConfig, ModelConfig
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid
from keygrid.prediction import Prediction

ARRAYS = (
    "normalised", "keypoints", "explanation.weights", "strengths", "reconstruction", "grid_heatmap", "confidence",
)  # fmt: skip


@pytest.fixture
def variant(tiny_checkpoint: Path, tmp_path: Path) -> Callable[..., LearnedMethod]:
    """The tiny network with some constants changed."""

    def make(**changes: Any) -> LearnedMethod:
        loaded = Checkpoint.load(tiny_checkpoint)
        path = tmp_path / f"{'-'.join(map(str, changes.values()))}.safetensors"
        replace(loaded, config=replace(loaded.config, **changes)).save(path)
        return LearnedMethod(path)

    return make


def cloud(points: np.ndarray) -> Garment:
    return Garment("cloud", points, np.empty((0, 3), dtype=np.int64))


def random_cloud(count: int = 128, seed: int = 0) -> Garment:
    return cloud(np.random.default_rng(seed).normal(size=(count, 3)) * [1, 2, 0.5] + [4, 0, 1])


def assert_same(a: Prediction, b: Prediction) -> None:
    for name in ARRAYS:
        assert np.array_equal(attrgetter(name)(a), attrgetter(name)(b)), name


def test_the_same_garment_and_checkpoint_give_the_same_prediction(tiny_checkpoint: Path, shirt: Garment) -> None:
    method = LearnedMethod(tiny_checkpoint)
    first = method.find([shirt])[0]
    method.find([random_cloud()])
    torch.manual_seed(5)
    for second in (method.find([shirt])[0], LearnedMethod(tiny_checkpoint).find([shirt])[0]):
        assert_same(first, second)
        assert np.array_equal(first.vertices, second.vertices)
        assert np.array_equal(first.explanation.sample.points, second.explanation.sample.points)


def test_a_prediction_is_what_the_network_says(tiny_checkpoint: Path, shirt: Garment, tiny_config: ModelConfig) -> None:
    predicted = LearnedMethod(tiny_checkpoint).find([shirt])[0]
    drawn = sample(shirt, tiny_config.points, by_shape=True)
    assert np.array_equal(predicted.explanation.sample.points, drawn.points)
    low, high = drawn.points.min(), drawn.points.max()
    points = torch.from_numpy((drawn.points - (low + high) / 2) / ((high - low) / 2)).float()
    with torch.no_grad():
        output = Checkpoint.load(tiny_checkpoint).network()(Inputs(points[None]))
    for name, tensor in (
        ("normalised", output.keypoints),
        ("explanation.weights", output.weights),
        ("strengths", output.strengths),
        ("explanation.normalised_reconstruction", output.reconstruction),
    ):
        np.testing.assert_allclose(attrgetter(name)(predicted), tensor[0].numpy(), rtol=0, atol=1e-6)
    assert predicted.edges.tolist() == [list(edge) for edge in tiny_config.edges]
    assert predicted.explanation.heatmap == HeatmapConfig("nearest", 0.05, (5, 4, 3))
    assert predicted.seconds > 0
    assert len(np.unique(predicted.keypoints.round(2), axis=0)) == tiny_config.keypoints


def test_a_prediction_says_which_checkpoint_made_it(tiny_checkpoint: Path) -> None:
    source = LearnedMethod(tiny_checkpoint).find([random_cloud()])[0].method
    assert (source.path, source.category) == (tiny_checkpoint, "T-shirt")
    assert source.fingerprint == fingerprint(tiny_checkpoint)


@pytest.mark.parametrize("keypoints", ["soft", "peak"])
def test_a_cloud_of_the_sampled_points_gives_the_same_prediction(
    tiny_checkpoint: Path, shirt: Garment, keypoints: Any
) -> None:
    method = LearnedMethod(tiny_checkpoint)
    drawn = method.drawing.draw(shirt)
    order = ordered_points(drawn.points)
    drawn = Sample(drawn.faces[order], drawn.barycentric[order], drawn.points[order])
    of_surface = method.find([shirt], mode=keypoints, drawn=[drawn])[0]
    assert_same(of_surface, method.find([cloud(drawn.points)], mode=keypoints)[0])


def test_points_that_were_drawn_already_are_used(tiny_checkpoint: Path, shirt: Garment) -> None:
    method = LearnedMethod(tiny_checkpoint)
    drawn = sample(shirt, 150, seed=9, by_shape=True)
    predicted = method.find([shirt], drawn=[drawn])[0]
    assert predicted.explanation.sample is drawn
    assert predicted.explanation.weights.shape == (4, 150)
    assert not np.array_equal(predicted.keypoints, method.find([shirt])[0].keypoints)


def test_both_normalisations_agree_on_a_centred_cloud(variant: Callable[..., LearnedMethod]) -> None:
    points = random_cloud().vertices
    points = points - (points.min(axis=0) + points.max(axis=0)) / 2
    points[0] = np.abs(points).max(axis=0)
    points[1] = -points[0]  # the box is centred to the last bit
    predictions = [variant(normalisation=mode).find([cloud(points)])[0] for mode in ("range", "centred")]
    assert_same(*predictions)
    apart = [
        variant(normalisation=mode).find([cloud(points + np.array([4, 0, 1]))])[0] for mode in ("range", "centred")
    ]
    assert not np.allclose(apart[0].normalised, apart[1].normalised, atol=1e-2)


def test_a_centred_prediction_moves_with_its_garment(variant: Callable[..., LearnedMethod]) -> None:
    method, garment = variant(normalisation="centred"), random_cloud()
    still = method.find([garment])[0]
    shift = np.array([64.0, -128.0, 32.0])
    moved = method.find([cloud(garment.vertices + shift)])[0]
    np.testing.assert_allclose(moved.keypoints - shift, still.keypoints, rtol=0, atol=1e-4)
    np.testing.assert_allclose(moved.strengths, still.strengths, rtol=0, atol=1e-4)
    assert np.array_equal(moved.vertices, still.vertices)


@pytest.mark.parametrize("mode", ["range", "centred"])
def test_the_unit_of_the_file_does_not_matter(variant: Callable[..., LearnedMethod], mode: str) -> None:
    method, garment = variant(normalisation=mode), random_cloud()
    metres, inches = method.find([garment])[0], method.find([cloud(garment.vertices * 64)])[0]
    assert np.array_equal(metres.normalised, inches.normalised)
    np.testing.assert_allclose(inches.keypoints, metres.keypoints * 64, rtol=1e-12)


def test_peak_keypoints_are_sampled_points(tiny_checkpoint: Path) -> None:
    method, garment = LearnedMethod(tiny_checkpoint), random_cloud()
    soft, peak = method.find([garment])[0], method.find([garment], mode="peak")[0]
    assert np.array_equal(soft.explanation.weights, peak.explanation.weights)
    heaviest = soft.explanation.sample.faces[soft.explanation.weights.argmax(axis=1)]
    np.testing.assert_allclose(peak.keypoints, garment.vertices[heaviest], rtol=0, atol=1e-6)
    assert np.array_equal(peak.vertices, heaviest)
    normalised = soft.normalisation.apply(soft.explanation.sample.points)
    np.testing.assert_allclose(
        soft.normalised, soft.explanation.weights.astype(np.float64) @ normalised, rtol=0, atol=1e-6
    )
    assert not np.allclose(soft.keypoints, peak.keypoints, atol=1e-2)


def test_vertices_are_the_nearest_to_the_keypoints(tiny_checkpoint: Path, shirt: Garment) -> None:
    predicted = LearnedMethod(tiny_checkpoint).find([shirt])[0]
    apart = np.linalg.norm(shirt.vertices - predicted.keypoints[:, None], axis=-1)  # (K, V)
    assert predicted.vertices.dtype == np.int64
    assert np.array_equal(predicted.vertices, apart.argmin(axis=1))


def test_confidence_is_a_share_of_one(tiny_checkpoint: Path, shirt: Garment) -> None:
    method = LearnedMethod(tiny_checkpoint)
    soft, peak = (method.find([shirt], mode=keypoints)[0].confidence for keypoints in ("soft", "peak"))  # type: ignore[arg-type]
    assert soft.shape == peak.shape == (4,)
    assert (soft > 0).all()
    assert (soft < 1).all()
    assert (peak >= 0).all()
    assert (peak < soft).all()  # of all places the mean is the nearest to the weights


@pytest.mark.parametrize("count", [0, 1, 63])
def test_a_cloud_of_too_few_points_is_refused(tiny_checkpoint: Path, count: int) -> None:
    with pytest.raises(KeygridError, match=f"at least 64 points; this one has {count}"):
        LearnedMethod(tiny_checkpoint).find([cloud(np.zeros((count, 3)))])


@pytest.mark.parametrize("count", [64, 65, 127, 129, 700])
def test_clouds_of_any_other_size_are_served(tiny_checkpoint: Path, count: int) -> None:
    predicted = LearnedMethod(tiny_checkpoint).find([random_cloud(count)])[0]
    assert len(predicted.explanation.sample.points) == predicted.explanation.weights.shape[1] == min(count, 128)
    assert np.isfinite(predicted.keypoints).all()


def test_garments_without_size_are_refused(tiny_checkpoint: Path) -> None:
    method = LearnedMethod(tiny_checkpoint)
    with pytest.raises(KeygridError, match="coincide"):
        method.find([cloud(np.ones((100, 3)))])
    with pytest.raises(KeygridError, match="no area"):
        method.find([Garment("line", np.outer(np.arange(3.0), [1, 2, 3]), np.array([[0, 1, 2]]))])


def test_another_checkpoint_may_have_another_number_of_keypoints(tiny_config: ModelConfig, tmp_path: Path) -> None:
    for count in (2, 13):
        config = replace(tiny_config, keypoints=count)
        path = tmp_path / f"{count}.safetensors"
        Checkpoint(config, KeyGrid(config).state_dict()).save(path)
        predicted = LearnedMethod(path).find([random_cloud()])[0]
        assert predicted.keypoints.shape == (count, 3)
        assert predicted.vertices.shape == predicted.confidence.shape == (count,)
        assert len(predicted.edges) == len(predicted.strengths) == count * (count - 1) // 2


@pytest.mark.parametrize("device", ["nonsense", "cuda:99", "meta", "meta:x"])
def test_a_device_that_is_not_there_is_refused(tiny_checkpoint: Path, device: str) -> None:
    with pytest.raises(KeygridError, match=device):
        LearnedMethod(tiny_checkpoint, device)


def test_a_missing_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match="no checkpoint"):
        LearnedMethod(tmp_path / "a.safetensors")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e38])
@pytest.mark.parametrize(
    "part", ["point_weights.last.weight", "encoder.abstraction.0.scales.0.0.weight", "decoder.head.0.0.weight"]
)
def test_weights_that_give_no_numbers_are_refused_at_prediction(
    tiny_checkpoint: Path, tmp_path: Path, part: str, value: float
) -> None:
    loaded = Checkpoint.load(tiny_checkpoint)
    path = tmp_path / "spoilt.safetensors"
    replace(loaded, weights=loaded.weights | {part: torch.full_like(loaded.weights[part], value)}).save(path)
    with pytest.raises(KeygridError, match=r"spoilt\.safetensors returned numbers that are not finite"):
        LearnedMethod(path).find([random_cloud()])


def test_every_frame_is_seen_at_the_same_points_of_the_material(tiny_checkpoint: Path, shirt: Garment) -> None:
    frames = np.stack([shirt.vertices, shirt.vertices * [1, 1.2, 0.8] + 3]).astype(np.float32)
    moving = replace(shirt, frames=frames)
    method = LearnedMethod(tiny_checkpoint)
    drawn = sample(shirt, method.config.points, by_shape=True)
    for frame in (0, 1):
        prediction = method.find([moving], [frame])[0]
        assert np.array_equal(prediction.explanation.sample.faces, drawn.faces)
        np.testing.assert_allclose(
            prediction.explanation.sample.points, drawn.on(frames[frame], shirt.faces), rtol=1e-6
        )
        alone = method.find([moving.still(frame)], drawn=[prediction.explanation.sample])[0]
        assert_same(prediction, alone)


def test_features_describe_the_points_that_the_network_sees(tiny_checkpoint: Path, shirt: Garment) -> None:
    method = LearnedMethod(tiny_checkpoint)
    assert isinstance(method, DenseMethod)
    found, again = method.features(shirt), method.features(shirt)
    assert np.array_equal(found.values, again.values)
    assert np.array_equal(found.sample.points, method.find([shirt])[0].explanation.sample.points)
    assert len(found.values) == method.config.points
    assert len(np.unique(found.values, axis=0)) > method.config.points // 2
