import math
from dataclasses import fields, replace
from typing import Any

import pytest

from keygrid.errors import KeygridError
from keygrid.model.config import PRESETS, HeatmapConfig, ModelConfig, preset
from keygrid.model.decoder_config import GridDecoderConfig, SkeletonDecoderConfig
from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.encoders.residual.config import ResidualConfig
from keygrid.model.encoders.sprin.config import SprinConfig
from tests.networks import changed


def test_the_released_preset_is_the_published_code() -> None:
    config = preset("released", 10)
    assert config.keypoints == 10
    assert isinstance(config.encoder, PointNetConfig)
    assert config.points == config.encoder.centroids[0] * 2 == math.prod(config.heatmap.grid) == 2048
    assert (config.heatmap.distance, config.heatmap.sigma_squared, config.mix_keypoints) == ("nearest", 2.5e-3, True)
    assert (config.decoder.heatmap_levels, config.decoder.grid_position) == (3, True)


def test_the_paper_preset_is_the_paper() -> None:
    config = preset("paper", 10)
    assert (config.keypoints, config.points, config.heatmap.grid) == (10, 2048, (16, 16, 16))
    assert (config.heatmap.distance, config.mix_keypoints) == ("farthest", False)
    assert (config.decoder.heatmap_levels, config.decoder.grid_position) == (4, False)
    # The farthest that two places of the cube are apart must not overflow float32.
    assert math.exp(12 / config.heatmap.sigma_squared) < 3e38


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeygridError, match=", ".join(PRESETS)):
        preset("relased")


def test_edges_are_all_pairs_in_row_order() -> None:
    assert ModelConfig(keypoints=4).edges == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert len(ModelConfig(keypoints=64).edges) == 64 * 63 // 2


@pytest.mark.parametrize("keypoints", [-1, 0, 1, 65, 10**9, "8", 8.0, True, None, [8], math.nan])
def test_a_number_of_keypoints_out_of_range_is_refused(keypoints: Any) -> None:
    with pytest.raises(KeygridError, match="from 2 to 64 keypoints"):
        preset("released", keypoints)


@pytest.mark.parametrize("points", [-1, 0, 63, 10**9, 2048.0, "2048", None])
def test_a_number_of_points_out_of_range_is_refused(points: Any) -> None:
    with pytest.raises(KeygridError, match="from 64 to 131072 points"):
        changed(ModelConfig(), points=points)


LAYERS = ((8, 8), (8, 8))

IMPOSSIBLE: list[tuple[str, Any]] = [
    *(("normalisation", value) for value in ("none", "", None, 1, (), {})),
    *(
        ("centroids", value)
        for value in ((64, 32, 16), (64, 32, 16, 2), (2**17,) * 4, (64, 32, 16, 8.0), 64, "6432", None)
    ),
    *(("radii", value) for value in (((0.1, 0.2),) * 3, ((0.1,),) * 4, ((0, 0.1),) * 4, ((math.nan, 1),) * 4)),
    *(
        ("radii", value)
        for value in (((math.inf, 1),) * 4, ((1e308, 1),) * 4, ((True, 1),) * 4, (("1", "1"),) * 4, None)
    ),
    *(("neighbours", value) for value in ((16,), (0, 16), (16, 10**9), (16, 16.0), None)),
    *(("abstraction", value) for value in ((LAYERS,) * 3, (LAYERS,) * 5, (((8,),) * 3,) * 4, (((), ()),) * 4, None)),
    *(("abstraction", value) for value in ((((8, 0), (8, 8)),) * 4, (((8, 10**12), (8, 8)),) * 4)),
    *(("abstraction", value) for value in ((((8,) * 10**6, (8,)),) * 4, "keys", ({},) * 4)),
    *(("propagation", value) for value in (((8,),) * 3, ((),) * 4, ((-8,),) * 4, (8,) * 4, None)),
    *(("dropout", value) for value in (-0.1, 1, 1.5, math.nan, "0.5", None, True)),
    *(("hidden", value) for value in ((0,), (8.0,), 128, "128", None, (8,) * 9)),
    *(("mix_keypoints", value) for value in (1, "yes", None)),
    *(("distance", value) for value in ("near", "", None, {}, 3)),
    *(("sigma_squared", value) for value in (0, -1.0, 1e-300, 1e308, 10**400, math.nan, math.inf, "1", None, True)),
    *(("grid", value) for value in ((16, 16), (16, 16, 1), (0, 16, 16), (10**6,) * 3, (33,) * 3, (16.0,) * 3, None)),
    *(("heatmap_levels", value) for value in (-1, 5, 2.0, None, True)),
    *(("grid_position", value) for value in (0, "no", None)),
]
OF_BASELINES: list[tuple[type, str, Any]] = [
    *((SkeletonDecoderConfig, "spacing", value) for value in (0, -0.1, math.nan, "0.01", None, True)),
    *((SkeletonDecoderConfig, "least", value) for value in (1, 201, 15.0, None)),
    *((SkeletonDecoderConfig, "most", value) for value in (1, 10**9, "200", None)),
    *(
        (ResidualConfig, name, value)
        for name in ("widths", "transform", "transform_head", "blocks")
        for value in ((), (0,), (10**9,), 64, None)
    ),
    *((SprinConfig, "centroids", value) for value in ((128,), (128, 2), (128, 10**9), 128, None)),
    *((SprinConfig, "narrowing", value) for value in (0, 9, 1.0, None)),
    *((ResidualConfig, "shares_shortcut", value) for value in (1, "no", None)),
]
PARTS: list[tuple[str, Any]] = [
    (name, value) for name in ("encoder", "heatmap", "decoder") for value in (None, {}, "pointnet", 3, ModelConfig())
]


@pytest.mark.parametrize(("name", "value"), IMPOSSIBLE)
def test_an_impossible_constant_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(KeygridError, match=f"^{name} = .{{1,200}} is beyond what a network can have\\.$"):
        changed(ModelConfig(), **{name: value})


@pytest.mark.parametrize(("kind", "name", "value"), OF_BASELINES)
def test_an_impossible_constant_of_a_baseline_is_refused_by_its_name(kind: type, name: str, value: Any) -> None:
    with pytest.raises(KeygridError, match=f"^{name} = .{{1,200}} is beyond what a network can have\\.$"):
        kind(**{name: value})


def test_a_network_of_too_many_values_is_refused() -> None:
    with pytest.raises(KeygridError, match="A layer would have"):
        PointNetConfig(centroids=(2**14,) * 4, neighbours=(16, 2**13))


@pytest.mark.parametrize(("name", "value"), PARTS)
def test_a_part_that_is_none_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(KeygridError, match=f"^{name} = .{{1,200}} is beyond what a network can have\\.$"):
        replace(ModelConfig(), **{name: value})


def test_every_constant_can_be_refused() -> None:
    classes = (ModelConfig, PointNetConfig, HeatmapConfig, GridDecoderConfig)
    refused = {name for name, _ in (*IMPOSSIBLE, *PARTS)} | {"keypoints", "points"}
    assert refused == {one.name for kind in classes for one in fields(kind)}
    kinds = (SkeletonDecoderConfig, ResidualConfig, SprinConfig)
    of_baselines = {(kind, one.name) for kind in kinds for one in fields(kind)}
    assert {(kind, name) for kind, name, _ in OF_BASELINES} == of_baselines
