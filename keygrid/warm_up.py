"""Compile all functions that Numba would compile on first use, in about a minute, so that predictions need not wait.

    python -m keygrid.warm_up

Compiled code is cached beside the sources until they change.
"""

import torch

from keygrid.geometry import segments
from keygrid.model.config import ModelConfig
from keygrid.model.decoder_config import GridDecoderConfig
from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid


def compile_all() -> None:
    """Predict and take a training step, in both precisions, with the smallest possible network."""
    segments.compile_now()
    narrow = ((4,), (4,))
    propagation = ((4,),) * 4
    encoder = PointNetConfig(abstraction=(narrow,) * 4, propagation=propagation)
    config = ModelConfig(encoder=encoder, decoder=GridDecoderConfig(propagation))
    for dtype in (torch.float32, torch.float64):
        network = KeyGrid(config).to(dtype)
        inputs = Inputs(torch.rand(2, 64, 3, dtype=dtype))
        output = network(inputs)
        (output.reconstruction.sum() + output.keypoints.sum()).backward()
        with torch.inference_mode():
            network.eval()(inputs)


if __name__ == "__main__":
    compile_all()
