"""The processes of a training: one process, or several that share every batch.

Fabric starts the processes, or finds those that torchrun or SLURM has started, and knows devices and precisions. Its
wrapper of networks is not used, because it averages gradients over processes, and parts of a batch may differ in size.
"""

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from keygrid.errors import KeygridError
from keygrid.training.config import Precision

if TYPE_CHECKING:
    from lightning_fabric import Fabric  # which takes seconds to import

_PR_SET_PDEATHSIG = 1

_PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


@dataclass(frozen=True)
class Machine:
    """The processors of a training.

    Attributes:
        device: PyTorch's name of the device.
        devices: number of processes on each machine; if the device is a GPU, each process has its own.
        nodes: number of machines.
    """

    device: str = "cpu"
    devices: int = 1
    nodes: int = 1


def make_fabric(machine: Machine, precision: Precision = "32") -> "Fabric":
    """Return the launcher of a training's processes, before they are launched.

    Args:
        machine: the processors to run on.
        precision: precision of matrix products.

    Raises:
        KeygridError: the device is missing, there are too few devices, or it does not support the precision.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces each process
    device, devices, nodes = machine.device, machine.devices, machine.nodes
    kind, _, index = device.partition(":")
    if min(devices, nodes) < 1:
        raise KeygridError(f"--devices and --nodes must be 1 or more; you gave {devices} and {nodes}.")
    if index and devices > 1:
        raise KeygridError(f"A machine has only one {device}; name {kind} to train on {devices}.")
    if precision == "16" and kind == "cpu":
        raise KeygridError("The precision 16 needs a GPU; on cpu choose bf16 or 32.")
    if torch.distributed.is_torchelastic_launched() and os.environ["WORLD_SIZE"] != str(devices * nodes):
        raise KeygridError(
            f"The launcher has started {os.environ['WORLD_SIZE']} processes, but --devices and --nodes give "
            f"{devices * nodes}; make them agree."
        )
    try:
        torch.device(device)
        return Fabric(
            accelerator=kind,
            devices=[int(index)] if index else devices,
            num_nodes=nodes,
            strategy="ddp" if devices * nodes > 1 else "auto",
            precision=_PRECISIONS[precision],  # type: ignore[arg-type]
        )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        many = "" if devices == 1 else f" {devices} times"
        raise KeygridError(f"The device {device!r} can't be used here{many}; choose cpu.") from error


def launch(fabric: "Fabric") -> None:
    """Start the other processes, which run the same command, unless a launcher has started them.

    Raises:
        KeygridError: the launcher has started a different number of processes.
    """
    if int(os.environ.get("LOCAL_RANK", "0")) > 0:
        end_with_parent()
    try:
        fabric.launch()
    except ValueError as error:
        raise KeygridError(
            "The number of processes that the launcher has started differs from --devices and --nodes; make them agree."
        ) from error


def end_with_parent() -> None:
    """Let Linux end this process when its parent process ends for any reason."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # it has ended already
            os.kill(os.getpid(), signal.SIGKILL)


def finish(fabric: "Fabric") -> None:
    """Wait for all processes to arrive here, and for those started by this one to end."""
    fabric.barrier()
    for process in getattr(fabric.strategy.launcher, "procs", ()):
        process.wait()


def part_of(batch: Sequence[int], fabric: "Fabric", together: int = 1) -> Sequence[int]:
    """Return this process's part of a batch; parts differ by at most one cloud or group of clouds.

    Raises:
        KeygridError: there are more processes than clouds.
    """
    groups = len(batch) // together
    if groups < fabric.world_size:
        raise KeygridError(
            f"A batch of {len(batch)} clouds can't be shared by {fabric.world_size} processes; choose --batch and "
            "--epoch-size so that the last batch of a pass has a cloud for each."
        )
    begin, end = (
        together * (groups * rank // fabric.world_size) for rank in (fabric.global_rank, fabric.global_rank + 1)
    )
    return batch[begin:end]


def sum_gradients(network: nn.Module, fabric: "Fabric") -> None:
    """Give every process the sum of all processes' gradients."""
    if fabric.world_size == 1:
        return
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    # One message instead of hundreds.
    total = fabric.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]), reduce_op="sum")
    assert isinstance(total, torch.Tensor)
    for gradient, part in zip(gradients, total.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))
