import pytest
import torch
from torch import nn

from keygrid.model.layers import BatchNorm, SharedMLP


def statistics(norm: nn.BatchNorm1d) -> list[torch.Tensor]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return [norm.running_mean.clone(), norm.running_var.clone()]


def trained_norm() -> BatchNorm:
    norm = BatchNorm(5).double()
    generator = torch.Generator().manual_seed(0)
    for tensor in (*norm.parameters(), *norm.buffers()):
        if tensor.is_floating_point():
            tensor.data = torch.rand(5, generator=generator, dtype=torch.float64) + 0.5
    return norm


@pytest.mark.parametrize("rows", [2, 3, 50])
def test_batch_norm_of_several_rows_is_torch_s(rows: int) -> None:
    ours = trained_norm()
    theirs = nn.BatchNorm1d(5).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(rows, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for mode in (True, False):
        assert torch.equal(ours.train(mode)(x), theirs.train(mode)(x))
        assert all(map(torch.equal, statistics(ours), statistics(theirs)))


def test_batch_norm_of_a_single_row_uses_the_running_statistics() -> None:
    norm = trained_norm()
    before = statistics(norm)
    row = torch.randn(1, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64).requires_grad_()
    mean, variance = before
    expected = (row - mean) / (variance + norm.eps).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(norm.train()(row), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(norm.eval()(row), expected, rtol=0, atol=1e-12)
    assert all(map(torch.equal, statistics(norm), before))
    norm.train()(row).sum().backward()
    assert row.grad is not None
    assert row.grad.abs().min() > 0
    assert norm.weight.grad is not None


def test_a_shared_mlp_treats_every_point_alike() -> None:
    torch.manual_seed(0)
    mlp = SharedMLP(4, [6, 7]).double().eval()
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    found = mlp(x)
    assert found.shape == (2, 3, 5, 7)
    assert (found >= 0).all()
    torch.testing.assert_close(found[1, 2, 3], mlp(x[1, 2, 3][None])[0], rtol=0, atol=1e-12)
    permuted = mlp(x.permute(2, 0, 1, 3))
    torch.testing.assert_close(permuted, found.permute(2, 0, 1, 3), rtol=0, atol=1e-12)
