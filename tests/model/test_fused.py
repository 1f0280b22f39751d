"""Shared MLPs in few passes, against the same layer by layer over every row that is meant."""

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from keygrid.model import fused
from keygrid.model.layers import SharedMLP
from keygrid.model.rows import Rows

WIDTHS = [7, 6, 5]

seeds = st.integers(0, 2**16)


def norms(mlp: SharedMLP) -> list[nn.BatchNorm1d]:
    return [layer for layer in mlp if isinstance(layer, nn.BatchNorm1d)]


def make_mlp(inputs: int, widths: list[int] = WIDTHS, seed: int = 0) -> SharedMLP:
    """Make layers in float64, with statistics and scales as a training leaves them, negative ones too."""
    torch.manual_seed(seed)
    mlp = SharedMLP(inputs, widths).double()
    for norm in norms(mlp):
        width = norm.num_features
        with torch.no_grad():
            norm.weight.copy_(torch.randn(width))
            norm.bias.copy_(torch.randn(width))
            norm.running_mean.copy_(torch.randn(width))
            norm.running_var.copy_(torch.rand(width) + 0.5)
    return mlp


def make_rows(
    rows: int = 40, dense: int = 3, source: int = 4, mixed: int = 1, *, weighed: bool = False, counted: bool = True,
    pooled: bool = True, before: int = 0, seed: int = 0,
) -> Rows:  # fmt: skip
    """Random rows; balls are of one row to six, and up to five rows stand for several."""
    rng = np.random.default_rng(seed)
    begins = [0]
    while begins[-1] < rows:
        begins.append(min(begins[-1] + int(rng.integers(1, 7)), rows))
    counts = rng.integers(1, 6, rows) * 1.0
    mix = rng.uniform(0.1, 1, (rows, mixed if weighed else 0))
    return Rows(
        dense=torch.tensor(rng.normal(size=(rows, dense))),
        source=torch.tensor(rng.normal(size=(9, source))),
        index=torch.tensor(rng.integers(9, size=(rows, mixed))),
        mix=torch.tensor(mix),
        before=before,
        counts=torch.tensor(counts) if counted else None,
        pool=torch.tensor(begins) if pooled else None,
    )


def layer_by_layer(mlp: SharedMLP, rows: Rows) -> Tensor:
    """The definition: all inputs beside each other, all rows as often as they count, each layer over all of them."""
    mix = rows.mix if rows.mix.shape[1] else torch.ones(rows.index.shape).to(rows.source)
    mixed = (mix[..., None] * rows.source[rows.index]).sum(1)
    inputs = torch.cat([rows.dense[:, : rows.before], mixed, rows.dense[:, rows.before :]], dim=1)
    repeats = torch.ones(len(inputs)).long() if rows.counts is None else rows.counts.long()
    x = inputs.repeat_interleave(repeats, dim=0)
    for layer in mlp:
        if isinstance(layer, nn.BatchNorm1d):
            x = nn.functional.batch_norm(
                x, layer.running_mean, layer.running_var, layer.weight, layer.bias,
                training=layer.training and len(x) > 1, momentum=layer.momentum, eps=layer.eps,
            )  # fmt: skip
        elif isinstance(layer, nn.Linear):
            x = x @ layer.weight.T + layer.bias
        else:
            x = x.clamp(min=0)
    x = x[repeats.cumsum(0) - repeats]
    if rows.pool is None:
        return x
    sizes = [rows.pool] * (len(x) // rows.pool) if isinstance(rows.pool, int) else rows.pool.diff().tolist()
    return torch.stack([ball.amax(0) for ball in x.split(sizes)])


def inputs_of(rows: Rows) -> int:
    return rows.dense.shape[1] + rows.source.shape[1]


def differentiable(rows: Rows) -> Rows:
    return replace(rows, dense=rows.dense.clone().requires_grad_(), source=rows.source.clone().requires_grad_())


def assert_same(ours: SharedMLP, theirs: SharedMLP, rows: Rows, atol: float = 1e-9) -> None:
    """Outputs, gradients of parameters and inputs, and running statistics."""
    mine, others = differentiable(rows), differentiable(rows)
    found, expected = ours.over(mine), layer_by_layer(theirs, others)
    torch.testing.assert_close(found, expected, rtol=0, atol=atol)
    upstream = torch.from_numpy(np.random.default_rng(1).normal(size=tuple(expected.shape)))
    found.backward(upstream)
    expected.backward(upstream)
    pairs = zip(
        (*ours.parameters(), mine.dense, mine.source), (*theirs.parameters(), others.dense, others.source), strict=True
    )
    for a, b in pairs:
        if b.numel():
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-9, atol=atol)
    for a, b in zip(norms(ours), norms(theirs), strict=True):
        torch.testing.assert_close(a.running_mean, b.running_mean, rtol=0, atol=atol)
        torch.testing.assert_close(a.running_var, b.running_var, rtol=0, atol=atol)


@pytest.fixture(params=[None, 1], ids=["one chunk", "many chunks"])
def chunked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """True if 200 rows are taken in several parts."""
    if request.param is not None:
        monkeypatch.setattr(fused, "_CACHED", request.param)
    return request.param is not None


KINDS = {
    "dense alone": {"source": 0, "mixed": 0, "counted": False, "pooled": False},
    "dense alone, pooled": {"source": 0, "mixed": 0},
    "ball": {},
    "ball of rows that count once": {"counted": False},
    "source alone": {"dense": 0, "mixed": 3, "weighed": True, "counted": False, "pooled": False},
    "mixed": {"mixed": 3, "weighed": True, "counted": False, "pooled": False},
    "mixed, before": {"mixed": 3, "weighed": True, "counted": False, "pooled": False, "before": 3},
    "mixed, between, pooled": {"mixed": 3, "weighed": True, "before": 1},
    "sums": {"mixed": 2, "pooled": False},
}


@pytest.mark.parametrize("widths", [[5], [7, 6, 5]])
@pytest.mark.parametrize("kind", KINDS)
def test_training_is_that_of_layers(kind: str, widths: list[int], chunked: bool) -> None:
    rows = make_rows(200, **KINDS[kind])
    ours, theirs = (make_mlp(inputs_of(rows), widths).train() for _ in range(2))
    assert fused.serves(ours, rows)
    for _ in range(2):  # statistics accumulate
        assert_same(ours, theirs, rows)
    assert [int(norm.num_batches_tracked) for norm in norms(ours)] == [2] * len(widths)


@pytest.mark.parametrize("widths", [[5], [7, 6, 5]])
@pytest.mark.parametrize("kind", KINDS)
def test_evaluation_is_that_of_layers(kind: str, widths: list[int], chunked: bool) -> None:
    rows = make_rows(200, **KINDS[kind])
    ours, theirs = (make_mlp(inputs_of(rows), widths).eval() for _ in range(2))
    assert not fused.serves(ours, rows)
    assert_same(ours, theirs, rows)
    with torch.no_grad():
        assert fused.serves(ours, rows)
        torch.testing.assert_close(ours.over(rows), layer_by_layer(theirs, rows), rtol=0, atol=1e-12)
    with torch.inference_mode():
        torch.testing.assert_close(ours.over(rows), layer_by_layer(theirs, rows), rtol=0, atol=1e-12)
    for a, b in zip(ours.buffers(), make_mlp(inputs_of(rows), widths).buffers(), strict=True):
        assert torch.equal(a, b)


@given(seeds, st.integers(2, 90), st.integers(0, 3), st.integers(0, 3), st.booleans(), st.booleans(), st.booleans())
def test_any_rows_train_as_layers_do(
    seed: int, rows: int, dense: int, mixed: int, weighed: bool, counted: bool, pooled: bool
) -> None:
    drawn = make_rows(
        rows, dense + (mixed == 0), 4 * (mixed > 0), mixed, weighed=weighed, counted=counted, pooled=pooled,
        before=dense // 2, seed=seed,
    )  # fmt: skip
    ours, theirs = (make_mlp(inputs_of(drawn), [4, 3], seed).train() for _ in range(2))
    # A variance of few rows can be as good as none, which magnifies rounding.
    assert_same(ours, theirs, drawn, atol=1e-7)
    with torch.no_grad():
        ours, theirs = ours.eval(), theirs.eval()
        torch.testing.assert_close(ours.over(drawn), layer_by_layer(theirs, drawn), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["ball", "mixed, between, pooled", "mixed"])
def test_gradients_in_training_are_those_of_finite_differences(kind: str) -> None:
    rows = make_rows(12, **KINDS[kind])
    mlp = make_mlp(inputs_of(rows), [4, 3]).train()
    names = dict(mlp.named_parameters())

    def run(dense: Tensor, source: Tensor, *parameters: Tensor) -> Tensor:
        given = dict(zip(names, parameters, strict=True))
        buffers = {name: buffer.clone() for name, buffer in mlp.named_buffers()}
        over = Over(mlp)
        named = {f"mlp.{name}": tensor for name, tensor in (given | buffers).items()}
        return torch.func.functional_call(over, named, (replace(rows, dense=dense, source=source),))

    mine = differentiable(rows)
    assert torch.autograd.gradcheck(run, (mine.dense, mine.source, *mlp.parameters()))


class Over(nn.Module):
    """`SharedMLP.over` as a module's `forward`."""

    def __init__(self, mlp: SharedMLP) -> None:
        super().__init__()
        self.mlp = mlp

    def forward(self, rows: Rows) -> Tensor:
        return self.mlp.over(rows)


def test_float32_is_close_to_float64(chunked: bool) -> None:
    rows = make_rows(200)
    single = Rows(**{name: value.float() if isinstance(value, Tensor) and value.is_floating_point() else value
                     for name, value in vars(rows).items()})  # fmt: skip
    double = make_mlp(inputs_of(rows)).train()
    mlp = copy.deepcopy(double).float()
    found = mlp.over(single)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), double.over(rows), rtol=1e-5, atol=1e-5)
    for a, b in zip(norms(mlp), norms(double), strict=True):
        torch.testing.assert_close(a.running_var.double(), b.running_var, rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(mlp.eval().over(single).double(), double.eval().over(rows), rtol=1e-5, atol=1e-5)


def test_statistics_far_from_zero_keep_their_precision() -> None:
    rows = make_rows(200, counted=False, source=0, mixed=0, pooled=False)
    rows = replace(rows, dense=(rows.dense + 1e4).float(), source=rows.source.float(), mix=rows.mix.float())
    ours, theirs = make_mlp(3, [6]).float().train(), make_mlp(3, [6]).train()
    found = ours.over(rows).double()
    expected = layer_by_layer(theirs, replace(rows, dense=rows.dense.double(), source=rows.source.double()))
    assert (found - expected).abs().max() < 0.02  # a product near 1e4 has steps of a thousandth


def test_balls_of_one_size_are_balls_that_begin_at_its_multiples() -> None:
    rows = make_rows(60, counted=False)
    ours, theirs = (make_mlp(inputs_of(rows)).train() for _ in range(2))
    by_size, by_begin = replace(rows, pool=5), replace(rows, pool=torch.arange(0, 61, 5))
    assert not fused.serves(ours, by_size)
    assert_same(ours, theirs, by_size)
    torch.testing.assert_close(ours.over(by_size), ours.over(by_begin), rtol=0, atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_equal_rows_of_a_ball_share_its_gradient(training: bool) -> None:
    rows = make_rows(60, counted=False)
    starts = rows.pool[:-1].repeat_interleave(rows.pool.diff())
    rows = replace(rows, dense=rows.dense[starts], index=rows.index[starts])
    ours, theirs = (make_mlp(inputs_of(rows)).train(training) for _ in range(2))
    mine, others = differentiable(rows), differentiable(rows)
    upstream = torch.randn(len(rows.pool) - 1, WIDTHS[-1], dtype=torch.float64)
    ours.over(mine).backward(upstream)
    layer_by_layer(theirs, others).backward(upstream)
    for a, b in zip((*ours.parameters(), mine.source), (*theirs.parameters(), others.source), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-9, atol=1e-9)
    # How they share it is nobody's promise: all of it may go to the first.
    for a, b in zip(*(r.dense.grad.split(rows.pool.diff().tolist()) for r in (mine, others)), strict=True):
        torch.testing.assert_close(a.sum(0), b.sum(0), rtol=1e-9, atol=1e-9)


# What is not served by fewer passes.


def test_a_single_row_trains_by_the_running_statistics() -> None:
    rows = make_rows(1, counted=False)
    ours, theirs = (make_mlp(inputs_of(rows)).train() for _ in range(2))
    assert not fused.serves(ours, rows)
    assert_same(ours, theirs, rows)
    before = make_mlp(inputs_of(rows))
    assert all(map(torch.equal, ours.buffers(), before.buffers()))
    with torch.no_grad():
        torch.testing.assert_close(ours.over(rows), ours.eval().over(rows), rtol=0, atol=1e-12)


@pytest.mark.parametrize("pooled", [True, False])
def test_layers_of_their_own_count_rows_as_well(monkeypatch: pytest.MonkeyPatch, pooled: bool) -> None:
    rows = make_rows(60, pooled=pooled)
    monkeypatch.setattr(fused, "serves", lambda _mlp, _rows: False)
    for training in (True, False):
        ours, theirs = (make_mlp(inputs_of(rows)).train(training) for _ in range(2))
        assert_same(ours, theirs, rows)


def test_a_single_row_that_counts_often_trains_by_its_own_statistics() -> None:
    rows = replace(make_rows(1), counts=torch.tensor([3.0], dtype=torch.float64))
    ours, theirs = (make_mlp(inputs_of(rows)).train() for _ in range(2))
    assert_same(ours, theirs, rows)


def test_half_precision_is_not_served() -> None:
    rows, mlp = make_rows(), make_mlp(7).float().eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert not fused.serves(mlp, rows)
    assert not fused.serves(mlp, replace(rows, dense=rows.dense.half()))
    assert not fused.serves(mlp, replace(rows, dense=rows.dense.to("meta")))


# What is not a number stays so.


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("place", range(6))
def test_an_input_that_is_not_a_number_is_seen_in_its_ball(place: int, training: bool) -> None:
    rows = replace(make_rows(12, counted=False), pool=torch.tensor([0, 6, 12]))
    rows.dense[place, 1] = torch.nan
    mlp = make_mlp(inputs_of(rows)).train(training)
    with torch.no_grad():
        found = mlp.over(rows)
    assert found[0].isnan().all()
    assert found[1].isnan().all() == training  # there the batch's statistics are no numbers either
    with_gradient = mlp.over(rows)
    torch.testing.assert_close(with_gradient, found, rtol=0, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("part", ["0.weight", "1.weight", "3.bias", "4.bias", "6.weight"])
def test_a_weight_that_is_no_number_is_seen(part: str, value: float, training: bool) -> None:
    rows = make_rows()
    mlp = make_mlp(inputs_of(rows)).train(training)
    with torch.no_grad():
        mlp.get_parameter(part).fill_(value)
        found = mlp.over(rows)
        # What is added to a whole column, the batch's mean takes away again; evaluation will see it.
        assert found.isfinite().all() == (training and part == "3.bias")
        assert not mlp.eval().over(rows).isfinite().all()


def test_a_source_that_is_not_a_number_is_seen() -> None:
    rows = make_rows(mixed=3, weighed=True, counted=False, pooled=False)
    rows.source[4, 2] = torch.nan
    mlp = make_mlp(inputs_of(rows)).eval()
    with torch.no_grad():
        found = mlp.over(rows)
    assert torch.equal(found.isnan().all(1), (rows.index == 4).any(1))


def test_a_gradient_that_is_not_a_number_is_passed_on() -> None:
    rows = make_rows()
    mlp = make_mlp(inputs_of(rows)).train()
    found = mlp.over(rows)
    found.backward(torch.full_like(found, torch.nan))
    assert all(norm.weight.grad.isnan().any() for norm in norms(mlp))
    assert all(linear.weight.grad.isnan().any() for linear in list(mlp)[0::3])


# What evaluation keeps of the parameters follows them.


def assert_follows(mlp: SharedMLP, change: Callable[[SharedMLP], object]) -> None:
    rows = make_rows()
    rows = replace(rows, **{name: getattr(rows, name).to(mlp[0].weight) for name in ("dense", "source", "mix")})

    def differences() -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            return mlp.over(rows), layer_by_layer(mlp, rows)

    mlp.eval()
    before, expected = differences()
    torch.testing.assert_close(before, expected)
    change(mlp)
    mlp.eval()
    after, expected = differences()
    torch.testing.assert_close(after, expected)
    assert not torch.equal(after, before)


def step(mlp: SharedMLP, optimiser: torch.optim.Optimizer) -> None:
    mlp.train()
    rows = make_rows()
    mlp.over(rows).square().sum().backward()
    optimiser.step()


@torch.no_grad()
def scale(tensor: Tensor) -> None:
    tensor.mul_(1.5)


CHANGES: dict[str, Callable[[SharedMLP], object]] = {
    "another state": lambda mlp: mlp.load_state_dict(make_mlp(7, seed=1).state_dict()),
    "another state's tensors": lambda mlp: mlp.load_state_dict(make_mlp(7, seed=1).state_dict(), assign=True),
    "a weight in place": lambda mlp: scale(mlp[3].weight),
    "a first weight in place": lambda mlp: scale(mlp[0].weight),
    "a bias in place": lambda mlp: scale(mlp[6].bias),
    "a norm's weight in place": lambda mlp: scale(mlp[4].weight),
    "a statistic in place": lambda mlp: scale(mlp[1].running_var),
    "a step of Adam": lambda mlp: step(mlp, torch.optim.Adam(mlp.parameters(), lr=0.1)),
    "a fused step of Adam": lambda mlp: step(mlp, torch.optim.Adam(mlp.parameters(), lr=0.1, fused=True)),
    "a step of Adadelta": lambda mlp: step(mlp, torch.optim.Adadelta(mlp.parameters(), lr=1)),
    "training without a gradient": lambda mlp: mlp.train().over(make_rows()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_parameters_is_noticed(change: str) -> None:
    assert_follows(make_mlp(7), CHANGES[change])


def test_a_change_after_loading_in_inference_mode_is_noticed() -> None:
    with torch.inference_mode():
        mlp = make_mlp(7).eval()  # whose tensors count no versions

        def change(mlp: SharedMLP) -> None:
            mlp[0].weight.mul_(2)

        with torch.inference_mode():
            assert_follows(mlp, change)


def test_another_order_of_the_inputs_is_noticed() -> None:
    rows = make_rows(mixed=3, weighed=True)
    mlp = make_mlp(inputs_of(rows)).eval()
    narrow = replace(rows, dense=torch.cat([rows.dense, rows.dense[:, :2]], dim=1), source=rows.source[:, 2:])
    with torch.no_grad():
        for other in (rows, replace(rows, before=3), narrow, replace(rows, before=1), rows):
            torch.testing.assert_close(mlp.over(other), layer_by_layer(mlp, other), rtol=0, atol=1e-12)
        assert mlp(rows.dense[:, :1].expand(-1, 7)).shape == (40, 5)


def test_memory_that_is_used_again_is_not_taken_for_the_same_weights() -> None:
    rows = make_rows()
    mlp = make_mlp(7).eval()
    states = [{name: tensor.clone() for name, tensor in make_mlp(7, seed=n).state_dict().items()} for n in range(4)]
    with torch.no_grad():
        for state in states * 5:
            for _ in range(3):  # the first one's memory may become the last one's
                mlp.load_state_dict({name: tensor.clone() for name, tensor in state.items()}, assign=True)
            torch.testing.assert_close(mlp.over(rows), layer_by_layer(mlp, rows))
    for dtype in (torch.float32, torch.float64, torch.float32):
        rows = replace(rows, **{name: getattr(rows, name).to(dtype) for name in ("dense", "source", "mix")})
        with torch.no_grad():
            assert mlp.to(dtype).over(rows).dtype == dtype
            torch.testing.assert_close(mlp.over(rows), layer_by_layer(mlp, rows))


def test_a_plan_is_made_once_and_a_copy_makes_its_own() -> None:
    mlp, rows = make_mlp(7).eval(), make_rows()
    with torch.no_grad():
        expected = mlp.over(rows)
        plan = mlp.plan
        assert torch.equal(mlp.over(rows), expected)
        assert mlp.plan is plan
        other = copy.deepcopy(mlp)
        scale(other[0].weight)
        assert not torch.equal(other.over(rows), expected)
        assert torch.equal(mlp.over(rows), expected)
        assert mlp.plan is plan
        mlp.train().eval()
        assert torch.equal(mlp.over(rows), expected)
