"""The memory of a training: keeping what is freed between steps, and counting what is used."""

import ctypes
import platform

import psutil
import torch

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Parameter numbers of glibc's mallopt(3)."""


def keep_freed_memory() -> None:
    """Let the C library reuse large freed blocks; without effect where it is not glibc.

    By default glibc returns each large block to the system and takes it back, page by page, in the next step: that
    costs a sixth to a third of a step on CPU.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def used(device: torch.device) -> int:
    """Return the bytes in use: of the GPU, those that this process holds; else those of it that are resident."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    return int(psutil.Process().memory_info().rss)
