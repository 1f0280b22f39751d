from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation, sample
from keygrid.model.inputs import Inputs
from keygrid.model.network import Output
from keygrid.training.config import PUBLISHED, TrainingConfig
from keygrid.training.dataset import Batch
from keygrid.training.pairs import Cloth, Pair
from keygrid.training.terms import TERMS, Need, Seen, Term, losses
from tests.conftest import ROOT
from tests.training.test_pairs import sheet


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def chamfer(a: Tensor, b: Tensor) -> Tensor:
    squared = (a[:, None] - b).square().sum(-1)
    return squared.amin(0).mean() + squared.amin(1).mean()


def output(keypoints: Tensor, reconstruction: Tensor) -> Output:
    return Output(torch.empty(0), keypoints, torch.empty(0), reconstruction, torch.empty(0))


def published(said: Output, points: Tensor, farthest: int, start: int) -> dict[str, Tensor]:
    return losses(PUBLISHED, Seen(said, Batch(Inputs(points)), farthest, start, nn.Identity()))


OF_PAIRS = [name for name, term in TERMS.items() if term.needs == {Need.PAIRS}]


def of_pairs(said: Output, points: Tensor, pair: Pair) -> dict[str, Tensor]:
    return losses(OF_PAIRS, Seen(said, Batch(Inputs(points), (pair,)), 4, 0, nn.Identity()))


def farthest_by_hand(cloud: Tensor, count: int, start: int) -> Tensor:
    chosen = cloud[start : start + 1]
    while len(chosen) < count:
        far = (cloud[:, None] - chosen).norm(dim=-1).amin(1).argmax()
        chosen = torch.cat([chosen, cloud[far][None]])
    return chosen


def test_terms_are_means_of_two_chamfer_distances() -> None:
    points, keypoints, rebuilt = draw(3, 50, 3), draw(3, 4, 3, seed=1), draw(3, 50, 3, seed=2)
    found = published(output(keypoints, rebuilt), points, farthest=7, start=9)
    farthest = [chamfer(k, farthest_by_hand(cloud, 7, 9)) for k, cloud in zip(keypoints, points, strict=True)]
    similarity = [chamfer(r, cloud) for r, cloud in zip(rebuilt, points, strict=True)]
    assert found.keys() == {"farthest", "similarity"}
    torch.testing.assert_close(found["farthest"], torch.stack(farthest).mean(), rtol=0, atol=1e-12)
    torch.testing.assert_close(found["similarity"], torch.stack(similarity).mean(), rtol=0, atol=1e-12)


def test_losses_of_a_perfect_answer_are_zero() -> None:
    points = draw(2, 50, 3)
    keypoints = torch.stack([farthest_by_hand(cloud, 6, 3) for cloud in points])
    perfect = published(output(keypoints[:, [4, 2, 0, 5, 1, 3]], points.flip(1)), points, farthest=6, start=3)
    assert {name: float(term) for name, term in perfect.items()} == {"farthest": 0, "similarity": 0}
    other_start = published(output(keypoints, points), points, farthest=6, start=4)
    assert other_start["farthest"] > 0


def test_each_term_moves_its_own_part() -> None:
    points = draw(1, 50, 3)
    keypoints, rebuilt = draw(1, 4, 3, seed=1).requires_grad_(), draw(1, 50, 3, seed=2).requires_grad_()
    terms = published(output(keypoints, rebuilt), points, farthest=7, start=0)
    terms["farthest"].backward()
    assert keypoints.grad is not None
    assert keypoints.grad.abs().sum(-1).min() > 0
    assert rebuilt.grad is None
    terms["similarity"].backward()
    assert rebuilt.grad is not None
    assert rebuilt.grad.abs().sum(-1).min() > 0


def one_hot(*places: int, count: int = 200) -> Tensor:
    return torch.eye(count)[list(places)]


@pytest.fixture(scope="module")
def shown() -> tuple[Garment, Tensor, Pair]:
    """A garment in two frames, the clouds and the pair; the same points in both."""
    garment = sheet()
    drawn = sample(garment, 200, seed=3)
    assert garment.frames is not None
    clouds = [drawn.on(frame, garment.faces) for frame in garment.frames]
    points = np.stack([Normalisation.fit(cloud, "centred").apply(cloud) for cloud in clouds]).astype(np.float32)
    return garment, torch.from_numpy(points), Pair.of(Cloth.of(garment), garment.faces, [drawn, drawn])


def terms(shown: tuple[Garment, Tensor, Pair], weights: Tensor, canonical: Tensor | None = None) -> dict[str, float]:
    """Of point weights (2, K, N) and of positions at rest that were told of the points."""
    _, points, pair = shown
    told = pair.rest if canonical is None else canonical
    said = Output(weights, weights @ points, torch.empty(0), torch.empty(0), told)
    return {name: term.item() for name, term in of_pairs(said, points, pair).items()}


def test_keypoints_that_keep_their_part_cost_what_anchors_are_apart(shown: tuple[Garment, Tensor, Pair]) -> None:
    weights = one_hot(0, 70, 150).expand(2, -1, -1)
    found = terms(shown, weights)
    assert found["strict"] < 0.07  # a point's weight is spread over the corners of its triangle
    assert found["tolerant"] <= found["strict"] + 1e-6
    assert found["canonical"] == 0


def test_a_keypoint_costs_its_distance_at_rest_from_its_place_of_the_template(
    shown: tuple[Garment, Tensor, Pair],
) -> None:
    _, points, pair = shown
    there, weights = pair.rest[0, 5], torch.stack([one_hot(5), one_hot(5)])
    template = torch.stack([there, there + torch.tensor([0.0, 0.3, 0.4])])
    said = replace(output(points[:, :2], points), weights=weights.expand(-1, 2, -1))
    here = replace(pair, rest=pair.rest[:1].expand(2, -1, -1))
    seen = Seen(said, Batch(Inputs(points), (here,)), 4, 0, nn.Identity(), template)
    assert losses(["template"], seen)["template"] == pytest.approx(0.25, abs=1e-5)


def test_a_keypoint_elsewhere_costs_the_way_along_the_cloth(shown: tuple[Garment, Tensor, Pair]) -> None:
    garment = shown[0]
    points = sample(garment, 200, seed=3).points
    way = float(np.linalg.norm(points[5] - points[6]))
    found = terms(shown, torch.stack([one_hot(5), one_hot(6)]))
    assert found["strict"] == pytest.approx(way, rel=0.1, abs=0.05)


def test_layers_that_touch_may_be_mistaken_for_each_other() -> None:
    garment = sheet()
    folded = garment.vertices.copy()
    folded[:, 0] = np.abs(folded[:, 0] - 0.5)  # along a seam in the middle
    garment = replace(garment, frames=np.stack([garment.vertices, folded]).astype(np.float32))
    drawn = sample(garment, 400, seed=0)
    assert garment.frames is not None
    clouds = [drawn.on(frame, garment.faces) for frame in garment.frames]
    points = torch.from_numpy(np.stack([Normalisation.fit(c, "centred").apply(c) for c in clouds]).astype(np.float32))
    pair = Pair.of(Cloth.of(garment), garment.faces, [drawn, drawn])
    inside = np.abs(drawn.points[:, 0] - 0.2) + np.abs(drawn.points[:, 1] - 0.5)
    here = int(inside.argmin())
    mirrored = drawn.points[here] * [-1, 1, 1] + [1, 0, 0]
    there = int(np.linalg.norm(drawn.points - mirrored, axis=1).argmin())
    weights = torch.stack([one_hot(here, count=400), one_hot(there, count=400)])
    said = Output(weights, weights @ points, torch.empty(0), torch.empty(0), pair.rest)
    found = of_pairs(said, points, pair)
    assert found["strict"] > 0.5
    # In the flat frame it is still elsewhere; in the folded one a layer within reach is where it was.
    assert found["tolerant"] < 0.7 * found["strict"]


def test_coverage_is_the_way_to_the_nearest_keypoint(shown: tuple[Garment, Tensor, Pair]) -> None:
    garment = shown[0]
    points = sample(garment, 200, seed=3).points[:, :2]
    corners = [int(np.abs(points - corner).sum(1).argmin()) for corner in ((0, 0), (0, 1), (1, 0), (1, 1))]
    few, many = (terms(shown, one_hot(*some).expand(2, -1, -1))["coverage"] for some in (corners[:2], corners))
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 101)] * 2), -1).reshape(-1, 1, 2)
    expected = np.linalg.norm(grid - points[corners], axis=-1).min(1).mean()
    assert many == pytest.approx(expected, rel=0.1)
    assert few > 1.3 * many


def test_keypoints_at_one_place_push_each_other_away(shown: tuple[Garment, Tensor, Pair]) -> None:
    assert terms(shown, one_hot(4, 4).expand(2, -1, -1))["apart"] == pytest.approx(1)
    points = sample(shown[0], 200, seed=3).points[:, :2]
    far = [int(np.abs(points - corner).sum(1).argmin()) for corner in ((0, 0), (1, 1))]
    assert terms(shown, one_hot(*far).expand(2, -1, -1))["apart"] == 0


def test_positions_at_rest_that_are_wrong_cost(shown: tuple[Garment, Tensor, Pair]) -> None:
    weights = one_hot(0, 70).expand(2, -1, -1)
    assert terms(shown, weights, shown[2].rest + 0.3)["canonical"] == pytest.approx(0.25, abs=1e-5)


def test_every_term_has_a_gradient_that_lowers_it(shown: tuple[Garment, Tensor, Pair]) -> None:
    _, points, pair = shown
    for name in OF_PAIRS:
        logits = torch.randn(2, 4, 200, generator=torch.Generator().manual_seed(1), requires_grad=True)
        features = torch.zeros(2, 200, 3, requires_grad=True)

        def term(logits: Tensor = logits, features: Tensor = features, name: str = name) -> Tensor:
            weights = (3 * logits).softmax(-1)
            said = Output(weights, weights @ points, torch.empty(0), torch.empty(0), features)
            return of_pairs(said, points, pair)[name]

        before = term()
        slopes = torch.autograd.grad(before, [logits, features], allow_unused=True)
        steps = [0 if slope is None else slope / (slope.norm() + 1e-12) * 0.1 for slope in slopes]
        assert term(logits - steps[0], features - steps[1]) < before


def test_only_what_is_asked_for_is_computed(
    shown: tuple[Garment, Tensor, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Seen) -> Tensor:
        raise AssertionError

    for name in TERMS.keys() - {"apart"}:
        monkeypatch.setitem(TERMS, name, replace(TERMS[name], of=refuse))
    weights = one_hot(4, 4).expand(2, -1, -1)
    said = Output(weights, weights @ shown[1], torch.empty(0), torch.empty(0), shown[2].rest)
    seen = Seen(said, Batch(shown[1], (shown[2],)), 4, 0, nn.Identity())
    assert losses({"apart"}, seen).keys() == {"apart"}
    assert "neighbours" not in vars(seen)
    assert "expected" not in vars(seen)


def test_a_term_from_outside_is_weighted_and_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = Term("toy", "mean height", lambda seen: seen.batch.points[..., 1].mean(), ramps=True)
    monkeypatch.setitem(TERMS, "toy", toy)
    training = TrainingConfig(weights={"toy": 2}, epochs=1, epoch_size=8, batch=2, ramp=1)
    assert [training.weights_at(step) for step in (0, 3)] == [{"toy": 0.5}, {"toy": 2}]
    points = draw(2, 50, 3)
    assert losses(training.weights, Seen(output(points, points), Batch(Inputs(points)), 4, 0, nn.Identity())) == {
        "toy": points[..., 1].mean()
    }


def test_terms_are_named_by_their_keys_and_the_documentation_has_them_all() -> None:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    for name, term in TERMS.items():
        assert term.name == name
        assert f"| `{name}` | {term.explanation} |" in text
