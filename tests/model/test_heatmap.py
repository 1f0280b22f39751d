import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from keygrid.geometry import points as geometry
from keygrid.model.config import HeatmapConfig
from keygrid.model.heatmap import grid_cells, heatmap, nearest_cells

shapes = st.tuples(*[st.integers(2, 9)] * 3)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.tensor(np.random.default_rng([seed, *shape]).uniform(-1, 1, shape))


def test_grid_cells_span_the_cube_with_z_fastest() -> None:
    cells = grid_cells((3, 2, 5), torch.zeros(1, dtype=torch.float64))
    assert cells.dtype == torch.float64
    assert cells.shape == (30, 3)
    assert cells[:5].tolist() == [[-1, -1, z] for z in (-1, -0.5, 0, 0.5, 1)]
    assert cells[5].tolist() == [-1, 1, -1]
    assert cells[10].tolist() == [0, -1, -1]
    assert cells[-1].tolist() == [1, 1, 1]


@given(shapes, st.integers(0, 2**32))
def test_nearest_cells_are_those_of_a_search(shape: tuple[int, int, int], seed: int) -> None:
    points = draw(2, 40, 3, seed=seed) * 1.3  # some outside of the cube
    cells = grid_cells(shape, points)
    expected = geometry.gather(cells.expand(2, -1, -1), (points[:, :, None] - cells).norm(dim=-1).argmin(-1))
    torch.testing.assert_close(nearest_cells(points, shape), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("distance", ["nearest", "farthest"])
def test_heatmap_follows_the_definition(distance: str) -> None:
    config = HeatmapConfig(distance=distance, sigma_squared=0.4)  # type: ignore[arg-type]
    positions, starts, ends = draw(2, 7, 3), draw(2, 5, 3, seed=1), draw(2, 5, 3, seed=2)
    strengths = draw(2, 5).abs()
    found = heatmap(positions, starts, ends, strengths, config)
    for b in range(2):
        for p in range(7):
            values = []
            for e in range(5):
                along, offset = ends[b, e] - starts[b, e], positions[b, p] - starts[b, e]
                t = min(max(float(offset @ along / (along @ along)), 0), 1)
                squared = float((offset - t * along).square().sum())
                values.append(float(strengths[b, e]) * math.exp((-1 if distance == "nearest" else 1) * squared / 0.4))
            assert float(found[b, p]) == pytest.approx(max(values), rel=1e-12)


@pytest.mark.parametrize("distance", ["nearest", "farthest"])
def test_heatmap_s_gradient_is_that_of_finite_differences(distance: str) -> None:
    config = HeatmapConfig(distance=distance, sigma_squared=0.5)  # type: ignore[arg-type]
    inputs = (draw(2, 5, 3), draw(2, 4, 3, seed=1), draw(2, 4, 3, seed=2), draw(2, 4).abs())
    assert torch.autograd.gradcheck(
        lambda *tensors: heatmap(*tensors, config), tuple(tensor.requires_grad_() for tensor in inputs)
    )


def test_on_a_segment_the_heatmap_is_at_least_its_strength() -> None:
    config = HeatmapConfig()
    starts, ends, strengths = draw(1, 6, 3), draw(1, 6, 3, seed=1), draw(1, 6).abs()
    middle = (starts + ends) / 2
    assert (heatmap(middle, starts, ends, strengths, config) >= strengths - 1e-12).all()


def test_a_smaller_sigma_narrows_the_heatmap() -> None:
    positions, starts, ends, strengths = draw(1, 50, 3), draw(1, 3, 3, seed=1), draw(1, 3, 3, seed=2), draw(1, 3).abs()
    wide, narrow = (
        heatmap(positions, starts, ends, strengths, replace(HeatmapConfig(), sigma_squared=s)) for s in (0.5, 0.05)
    )
    assert (narrow < wide).all()
