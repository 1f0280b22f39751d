"""Preparation of a network's input: normalised points in single precision, and surfaces where it needs them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation, Sample
from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig
from keygrid.model.encoders import ENCODERS
from keygrid.model.inputs import Inputs, Surface


def inputs_of(
    garments: Sequence[Garment], drawn: Sequence[Sample], config: ModelConfig
) -> tuple[Inputs, list[Normalisation]]:
    """Prepare garments in their only pose, and points drawn on them, for a network of this configuration.

    Args:
        garments: B garments; of a moving one, its shape at rest is taken.
        drawn: points of each garment in that pose, as many of one as of another.
        config: the network's configuration.

    Returns:
        The input, and the map of each garment from its file units to normalised ones.

    Raises:
        KeygridError: a garment has no size, or is a cloud where the encoder needs a surface.
    """
    check_surfaces(garments, config)
    points, maps = _normalised([one.points for one in drawn], config)
    operators = ENCODERS[config.encoder.kind].operators
    if operators is None or not config.encoder.needs_surface:
        return Inputs(points, _clouds([one.points for one in drawn], config)), maps
    surfaces = [
        Surface(
            operators(garment, config.encoder),
            torch.from_numpy(garment.faces[one.faces]),
            torch.from_numpy(one.barycentric.astype(np.float32)),
        )
        for garment, one in zip(garments, drawn, strict=True)
    ]
    return Inputs(points, tuple(surfaces)), maps


def inputs_of_clouds(clouds: Sequence[NDArray[np.float64]], config: ModelConfig) -> tuple[Inputs, list[Normalisation]]:
    """Prepare B clouds of N points each, (N, 3) in any units, for a network that needs no surface.

    Returns:
        The input, and the map of each cloud from its units to normalised ones.

    Raises:
        KeygridError: a cloud has no size, or the encoder needs surfaces.
    """
    if config.encoder.needs_surface:
        raise KeygridError("This network reads surfaces; give it meshes instead of clouds.")
    points, maps = _normalised(clouds, config)
    return Inputs(points, _clouds(clouds, config)), maps


def check_surfaces(garments: Sequence[Garment], config: ModelConfig) -> None:
    """Raise `KeygridError` where a garment is a cloud and the encoder needs a surface."""
    for garment in garments if config.encoder.needs_surface else ():
        if garment.is_cloud:
            raise KeygridError(
                f"{garment.name} is a cloud, but this network reads surfaces; open a mesh, or choose a "
                "checkpoint that takes clouds."
            )


def _clouds(clouds: Sequence[NDArray[np.float64]], config: ModelConfig) -> tuple[Surface, ...]:
    """Work out an encoder's operators of clouds, whose points take the place of a surface's vertices."""
    operators = ENCODERS[config.encoder.kind].operators
    if operators is None:
        return ()
    found = []
    for points in clouds:
        itself = torch.arange(len(points))[:, None].expand(-1, 3)
        cloud = Garment("cloud", points, np.empty((0, 3), np.int64))
        found.append(Surface(operators(cloud, config.encoder), itself, torch.tensor([[1.0, 0, 0]])))
    return tuple(found)


def _normalised(clouds: Sequence[NDArray[np.float64]], config: ModelConfig) -> tuple[torch.Tensor, list[Normalisation]]:
    maps = [Normalisation.fit(points, config.normalisation) for points in clouds]
    applied = [one.apply(points).astype(np.float32) for one, points in zip(maps, clouds, strict=True)]
    return torch.from_numpy(np.stack(applied)), maps
