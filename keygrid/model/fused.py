"""Shared MLPs on CPU: the same results as layer by layer, with less to read and write between matrix products.

A shared MLP's cost on CPU is as much moving activations as multiplying them. Here only what a layer's matrix product
gives is kept; normalised activations are made again, a cache's worth of rows at a time, where they are needed. Those of
a ball's rows are never written: their maximum is taken as they are made. Equal rows are computed once, and counted in
the statistics as often as they stand for (`Rows.counts`).

The plain formulation is `SharedMLP.over`'s other branch, and `keygrid.model.reference`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keygrid.model.rows import Rows
from keygrid.model.synchronised import moments, process_count, total

Array = NDArray[Any]

_CACHED = 2**18
"""Values of one layer that are worked on at a time: with what they are made of they fit in a core's cache."""


class Plan(NamedTuple):
    """The parameters as inference uses them, made once for as long as they and the order of the inputs stay.

    Attributes:
        order: number of the inputs before the source's, and of the source's.
        versions: those of all parameters and running statistics, by which a change is noticed; not one through
            `Tensor.data` or a NumPy array, of which torch keeps no account.
        of_dense: (D, width), the first layer's weight for dense values.
        of_source: (C, width), the one for the source's.
        weights: of the other layers, (inputs, width).
        affine: of each layer (2, width), scale and shift of its product: the bias and batch normalisation.
    """

    order: tuple[int, int]
    versions: tuple[int | None, ...]
    of_dense: Tensor
    of_source: Tensor
    weights: list[Tensor]
    affine: list[Array]


class Mlp(Protocol):
    """A `keygrid.model.layers.SharedMLP`, as this module uses it.

    Attributes:
        training: whether statistics are those of the batch.
        plan: of the last inference.
    """

    training: bool
    plan: Plan | None

    def children(self) -> Iterator[nn.Module]:
        """Return linear, norm and activation of each layer in turn."""


def serves(mlp: Mlp, rows: Rows) -> bool:
    """Return whether `run` can take the place of `mlp`'s own layers."""
    return (
        rows.dense.device.type == "cpu"
        and rows.dense.dtype in (torch.float32, torch.float64)
        and not torch.is_autocast_enabled("cpu")
        and not isinstance(rows.pool, int)
        and (len(rows.dense) > 1 or process_count() > 1 if mlp.training else not torch.is_grad_enabled())
    )


def run(mlp: Mlp, rows: Rows) -> Tensor:
    """See `keygrid.model.layers.SharedMLP.over`."""
    layers = list(mlp.children())
    linears: list[Any] = layers[0::3]
    norms: list[Any] = layers[1::3]
    if not mlp.training:
        return _infer(_plan(mlp, rows, linears, norms), rows)
    of_dense, of_source = rows.split(linears[0].weight)
    parameters = [
        parameter
        for linear, norm in zip(linears, norms, strict=True)
        for parameter in (linear.weight, linear.bias, norm.weight, norm.bias)
    ]
    return _Train.apply(rows, norms, rows.dense, rows.source, of_dense, of_source, *parameters[1:])  # type: ignore[no-untyped-call]


def _plan(mlp: Mlp, rows: Rows, linears: list[Any], norms: list[Any]) -> Plan:
    state = [t for module in (*linears, *norms) for t in (*module._parameters.values(), *module._buffers.values())]
    # Tensors made in inference mode don't count their versions.
    versions = tuple(v for t in state for v in (t.data_ptr(), None if t.is_inference() else t._version))
    order = (rows.before, rows.source.shape[1])
    plan = mlp.plan
    if plan is None or plan.order != order or plan.versions != versions or None in versions:
        of_dense, of_source = rows.split(linears[0].weight.detach())
        affine = []
        for linear, norm in zip(linears, norms, strict=True):
            scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
            affine.append(_numpy(torch.stack([scale, norm.bias + (linear.bias - norm.running_mean) * scale])))
        weights = [linear.weight.detach().T.contiguous() for linear in linears[1:]]
        plan = Plan(order, versions, of_dense.T.contiguous(), of_source.T.contiguous(), weights, affine)
        mlp.plan = plan
    return plan


def _chunks(begins: Tensor | None, count: int, width: int) -> list[tuple[slice, slice]]:
    """Runs of rows that fit in the cache, and of the balls that they are."""
    most = max(64, _CACHED // width)
    if begins is None:
        parts = [slice(begin, min(begin + most, count)) for begin in range(0, count, most)]
        return [(part, part) for part in parts]
    firsts = _numpy(begins)
    chunks, ball = [], 0
    while ball < len(firsts) - 1:
        end = max(ball + 1, int(np.searchsorted(firsts, firsts[ball] + most, side="right")) - 1)
        chunks.append((slice(int(firsts[ball]), int(firsts[end])), slice(ball, end)))
        ball = end
    return chunks


def _numpy(tensor: Tensor) -> Array:
    return tensor.detach().numpy()


def _begins(rows: Rows) -> Tensor | None:
    assert not isinstance(rows.pool, int)
    return rows.pool


def _first_product(rows: Rows, part: slice, of_dense: Tensor, projected: Tensor, out: Tensor) -> None:
    """The first layer's product, of a weight (D, width) and of what another one gave of the source."""
    torch.mm(rows.dense[part], of_dense, out=out)
    _add_mixed(_numpy(out), _numpy(projected), _numpy(rows.index[part]), _numpy(rows.mix[part]))


@torch.no_grad()
def _infer(plan: Plan, rows: Rows) -> Tensor:
    projected = torch.mm(rows.source, plan.of_source)
    widths = [affine.shape[1] for affine in plan.affine]
    begins, count = _begins(rows), len(rows.dense)
    out = projected.new_empty(count if begins is None else len(begins) - 1, widths[-1])
    chunks = _chunks(begins, count, max(widths))
    room = max(part.stop - part.start for part, _ in chunks)
    scratch = [out.new_empty(room, width) for width in widths]
    for part, pooled in chunks:
        y = out
        for depth, affine in enumerate(plan.affine):
            is_last = depth == len(widths) - 1
            x, y = y, (out[part] if is_last and begins is None else scratch[depth][: part.stop - part.start])
            if depth == 0:
                _first_product(rows, part, plan.of_dense, projected, y)
            else:
                torch.mm(x, plan.weights[depth - 1], out=y)
            product = _numpy(y)
            if is_last and begins is not None:
                _pool(product, _numpy(begins[pooled.start : pooled.stop + 1]), affine, _numpy(out[pooled]))
            else:
                _normalise(product, affine, product)
    return out


class _Train(torch.autograd.Function):
    """Forward with the batch's statistics, and backward: each reads what a layer's product gave twice at the most."""

    @staticmethod
    def forward(
        ctx: Any, rows: Rows, norms: list[Any], dense: Tensor, source: Tensor, of_dense: Tensor, of_source: Tensor,
        *parameters: Tensor,
    ) -> Tensor:  # fmt: skip
        biases, gammas, betas, weights = parameters[0::4], parameters[1::4], parameters[2::4], parameters[3::4]
        projected = torch.mm(source, of_source.T)
        begins, count = _begins(rows), len(dense)
        counts = dense.new_ones(count) if rows.counts is None else rows.counts
        repeats = _numpy(counts)
        widths = [len(bias) for bias in biases]
        chunks = _chunks(begins, count, max(widths))
        room = max(part.stop - part.start for part, _ in chunks)
        products: list[Tensor] = []
        affine: list[Tensor] = []  # of each layer (4, width): scale, shift, mean, inverse deviation
        for depth, width in enumerate(widths):
            y = dense.new_empty(count, width)
            here, sums = _numpy(y), np.zeros((2, width))
            scratch = dense.new_empty(room, widths[max(depth - 1, 0)])
            for part, _ in chunks:
                if depth == 0:
                    _first_product(rows, part, of_dense.T, projected, y[part])
                else:
                    x = scratch[: part.stop - part.start]
                    _normalise(_numpy(products[-1][part]), _numpy(affine[-1]), _numpy(x))
                    torch.mm(x, weights[depth - 1].T, out=y[part])
                _add_sums(here[part], repeats[part], here[0], sums)
            mean, variance, size = moments(y[0].double(), torch.from_numpy(sums), float(counts.sum()))
            inverse = torch.rsqrt(variance + norms[depth].eps)
            scale = gammas[depth].double() * inverse
            products.append(y)
            affine.append(torch.stack([scale, betas[depth].double() - mean * scale, mean, inverse]).to(y.dtype))
            norms[depth].track(mean + biases[depth].double(), variance * (size / (size - 1)))
        out = dense.new_empty(count if begins is None else len(begins) - 1, widths[-1])
        chosen = None
        if begins is None:
            _normalise(_numpy(products[-1]), _numpy(affine[-1]), _numpy(out))
        else:
            chosen = torch.empty(out.shape, dtype=torch.int32)
            _pool_chosen(_numpy(products[-1]), _numpy(begins), _numpy(affine[-1]), _numpy(out), _numpy(chosen))
        ctx.rows, ctx.chunks, ctx.size = rows, chunks, size
        ctx.save_for_backward(dense, source, of_dense, of_source, counts, chosen, *weights, *products, *affine)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        dense, source, of_dense, of_source, counts, chosen, *rest = ctx.saved_tensors
        depth = (len(rest) + 1) // 3
        weights, products = rest[: depth - 1], rest[depth - 1 : 2 * depth - 1]
        affine = [_numpy(coefficients) for coefficients in rest[2 * depth - 1 :]]
        rows, begins, repeats = ctx.rows, _begins(ctx.rows), _numpy(counts)
        room = max(part.stop - part.start for part, _ in ctx.chunks)
        sums = np.zeros((2, g.shape[1]))  # of the gradient, and of its product with what was normalised
        g = g.contiguous()
        if chosen is None:
            _add_gradient_sums(_numpy(g), _numpy(products[-1]), affine[-1], sums)
        else:
            _add_chosen_sums(_numpy(g), _numpy(chosen), _numpy(products[-1]), affine[-1], sums)
        of_parameters: list[Tensor] = []
        for layer in reversed(range(depth)):
            here, gradient = _numpy(products[layer]), _numpy(g)
            width = here.shape[1]
            of_parameters = [dense.new_zeros(width), *torch.from_numpy(sums[::-1].copy()).to(g.dtype), *of_parameters]
            through = _through(affine[layer], _numpy(total(torch.from_numpy(sums))) / ctx.size)
            scratch = dense.new_empty(room, width)
            if layer > 0:
                below, weight = _numpy(products[layer - 1]), weights[layer - 1]
                g, g_weight = torch.empty_like(products[layer - 1]), torch.zeros_like(weight)
                activation, sums = dense.new_empty(room, below.shape[1]), np.zeros((2, below.shape[1]))
            else:
                g_dense = torch.empty_like(dense) if ctx.needs_input_grad[2] else None
                g_of_dense, g_projected = torch.zeros_like(of_dense), dense.new_zeros(len(source), width)
            for part, pooled in ctx.chunks:
                gy = scratch[: part.stop - part.start]
                if layer == depth - 1 and begins is not None:
                    balls = _numpy(begins[pooled.start : pooled.stop + 1])
                    picked = _numpy(chosen[pooled])
                    _through_pool(gradient[pooled], picked, balls, here[part], repeats[part], through, _numpy(gy))
                else:
                    _through_norm(gradient[part], here[part], repeats[part], through, _numpy(gy))
                if layer > 0:
                    x = activation[: part.stop - part.start]
                    _normalise(below[part], affine[layer - 1], _numpy(x))
                    torch.addmm(g_weight, gy.T, x, out=g_weight)
                    torch.mm(gy, weight, out=g[part])
                    _add_gradient_sums(_numpy(g[part]), below[part], affine[layer - 1], sums)
                    continue
                torch.addmm(g_of_dense, gy.T, dense[part], out=g_of_dense)
                if g_dense is not None:
                    torch.mm(gy, of_dense, out=g_dense[part])
                _scatter(_numpy(gy), _numpy(rows.index[part]), _numpy(rows.mix[part]), _numpy(g_projected))
            if layer > 0:
                of_parameters = [g_weight, *of_parameters]
        g_source = torch.mm(g_projected, of_source) if ctx.needs_input_grad[3] else None
        return None, None, g_dense, g_source, g_of_dense, torch.mm(g_projected.T, source), *of_parameters


def _through(affine: Array, means: Array) -> Array:
    """Return the coefficients (4, C) by which a gradient goes back through normalisation, for each column.

    With xhat = (y - mean) inverse, the gradient of a product y is scale (g - mean of g - xhat mean of g xhat): scale,
    shift (of which way a ReLU went), and what is constant and linear in y of the part that is subtracted.
    """
    scale, shift, mean, inverse = affine
    slope = scale * means[1] * inverse
    return np.stack([scale, shift, scale * means[0] - mean * slope, slope]).astype(affine.dtype)


# Comparisons below are such that what is not a number stays so, because a training has to notice it. Coefficients come
# in one array each: with more arrays than that LLVM can't tell that none overlaps what is written, and works on one
# value at a time.
_kernel = numba.njit(cache=True, nogil=True, fastmath={"contract", "nsz", "arcp"})
_BLOCK = 128
"""Rows that are summed in the rows' own precision."""


@_kernel
def _add_mixed(y: Array, source: Array, index: Array, mix: Array) -> None:
    """y[r] += sum of mix[r, j] source[index[r, j]]."""
    for r in range(len(y)):
        for j in range(index.shape[1]):
            i = index[r, j]
            if mix.shape[1] == 0:
                for c in range(y.shape[1]):
                    y[r, c] += source[i, c]
            else:
                weight = mix[r, j]
                for c in range(y.shape[1]):
                    y[r, c] += weight * source[i, c]


@_kernel
def _scatter(g: Array, index: Array, mix: Array, out: Array) -> None:
    """out[index[r, j]] += mix[r, j] g[r]."""
    for r in range(len(g)):
        for j in range(index.shape[1]):
            i = index[r, j]
            if mix.shape[1] == 0:
                for c in range(g.shape[1]):
                    out[i, c] += g[r, c]
            else:
                weight = mix[r, j]
                for c in range(g.shape[1]):
                    out[i, c] += weight * g[r, c]


@_kernel
def _normalise(y: Array, affine: Array, out: Array) -> None:
    zero = y.dtype.type(0)
    for r in range(len(y)):
        for c in range(y.shape[1]):
            value = y[r, c] * affine[0, c] + affine[1, c]
            out[r, c] = zero if value < zero else value


@_kernel
def _pool(y: Array, begins: Array, affine: Array, out: Array) -> None:
    out[:] = 0
    for s in range(len(begins) - 1):
        for r in range(begins[s] - begins[0], begins[s + 1] - begins[0]):
            for c in range(y.shape[1]):
                value = y[r, c] * affine[0, c] + affine[1, c]
                out[s, c] = np.maximum(out[s, c], value)


@_kernel
def _pool_chosen(y: Array, begins: Array, affine: Array, out: Array, chosen: Array) -> None:
    out[:] = 0
    chosen[:] = -1
    for s in range(len(begins) - 1):
        for r in range(begins[s], begins[s + 1]):
            for c in range(y.shape[1]):
                value = y[r, c] * affine[0, c] + affine[1, c]
                best, whose = out[s, c], chosen[s, c]
                larger = np.maximum(best, value)
                out[s, c] = larger
                chosen[s, c] = whose if larger == best else r


@_kernel
def _add_sums(y: Array, repeats: Array, pivot: Array, sums: Array) -> None:
    """Add each column's sum of differences to a pivot, and of their squares, every row as often as it counts."""
    block = np.empty((2, y.shape[1]), y.dtype)
    for begin in range(0, len(y), _BLOCK):
        block[:] = 0
        for r in range(begin, min(begin + _BLOCK, len(y))):
            weight = repeats[r]
            for c in range(y.shape[1]):
                difference = y[r, c] - pivot[c]
                block[0, c] += weight * difference
                block[1, c] += weight * difference * difference
        sums += block


@_kernel
def _add_gradient_sums(g: Array, y: Array, affine: Array, sums: Array) -> None:
    """Add each column's sum of the gradients that a ReLU let through, and of their products with what it was given."""
    block = np.empty((2, y.shape[1]), y.dtype)
    zero = y.dtype.type(0)
    for begin in range(0, len(y), _BLOCK):
        block[:] = 0
        for r in range(begin, min(begin + _BLOCK, len(y))):
            for c in range(y.shape[1]):
                value = g[r, c]  # read in any case, which a branch would keep from being done eight at a time
                value = zero if y[r, c] * affine[0, c] + affine[1, c] <= zero else value
                block[0, c] += value
                block[1, c] += value * (y[r, c] - affine[2, c])
        for c in range(y.shape[1]):
            sums[0, c] += block[0, c]
            sums[1, c] += block[1, c] * affine[3, c]


@_kernel
def _add_chosen_sums(g: Array, chosen: Array, y: Array, affine: Array, sums: Array) -> None:
    for s in range(len(g)):
        for c in range(g.shape[1]):
            r = chosen[s, c]
            if r >= 0:
                sums[0, c] += g[s, c]
                sums[1, c] += g[s, c] * (y[r, c] - affine[2, c]) * affine[3, c]


@_kernel
def _through_norm(g: Array, y: Array, repeats: Array, through: Array, out: Array) -> None:
    """Gradient of a layer's product from that of its activation; see `_through`."""
    zero = y.dtype.type(0)
    for r in range(len(y)):
        weight = repeats[r]
        for c in range(y.shape[1]):
            value = g[r, c]
            value = zero if y[r, c] * through[0, c] + through[1, c] <= zero else value
            out[r, c] = through[0, c] * value - weight * (through[2, c] + y[r, c] * through[3, c])


@_kernel
def _through_pool(
    g: Array, chosen: Array, begins: Array, y: Array, repeats: Array, through: Array, out: Array
) -> None:  # fmt: skip
    """The same where only one row of each ball and column was passed on."""
    for r in range(len(y)):
        weight = repeats[r]
        for c in range(y.shape[1]):
            out[r, c] = -weight * (through[2, c] + y[r, c] * through[3, c])
    for s in range(len(g)):
        for c in range(g.shape[1]):
            if chosen[s, c] >= 0:
                out[chosen[s, c] - begins[0], c] += through[0, c] * g[s, c]
