import pytest
import torch
from torch import Tensor

from keygrid.model.config import ModelConfig
from keygrid.model.weights import PointWeights
from tests.networks import changed


@pytest.mark.parametrize("mix", [True, False])
def test_weights_are_a_softmax_over_the_points(tiny_config: ModelConfig, mix: bool) -> None:
    torch.manual_seed(0)
    weights = PointWeights(changed(tiny_config, mix_keypoints=mix), 12).double().eval()
    logits: list[Tensor] = []
    weights.last.register_forward_hook(lambda _module, _inputs, output: logits.append(output))
    with torch.no_grad():
        found = weights(torch.randn(2, 100, 12, dtype=torch.float64), torch.float64)
        expected = logits[0]  # [B, N, K]
        if mix:
            assert weights.mix is not None
            expected = torch.log_softmax(expected, dim=2) @ weights.mix.weight.T + weights.mix.bias
        else:
            assert weights.mix is None
    expected = torch.exp(expected - torch.logsumexp(expected, dim=1, keepdim=True)).transpose(1, 2)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
