"""PyTorch's own files, which the published code and the state of a training run use."""

import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from keygrid.errors import KeygridError


def load(path: Path, device: torch.device) -> Any:
    """Read a file written by `torch.save`; nothing in it is executed, and no tensor is larger than the file.

    Raises:
        FileNotFoundError: there is no such file.
        KeygridError: the file is damaged, of another kind, would run code, or has tensors that are not plain numbers.
    """
    damaged = f"{path.name} can't be read as a PyTorch file: it is damaged or another kind of file."
    try:
        _refuse_compressed(path)
        with warnings.catch_warnings(action="ignore"):  # of pickles that PyTorch did not write
            content = torch.load(path, map_location=device, weights_only=True)
    except (FileNotFoundError, KeygridError):
        raise
    except UnpicklingError as error:
        raise KeygridError(f"{path.name} was not opened: it is damaged, or would run code when opened.") from error
    except Exception as error:  # A damaged pickle can make PyTorch raise anything.
        raise KeygridError(damaged) from error
    if not all(_is_plain(tensor) for tensor in _tensors(content)):
        raise KeygridError(f"{path.name} holds sparse, quantised or non-numeric tensors; save plain ones.")
    return content


def _refuse_compressed(path: Path) -> None:
    """Refuse an archive that unpacks to more than its own size; PyTorch never compresses."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > path.stat().st_size:
            raise KeygridError(f"{path.name} was not opened: it is compressed, and PyTorch's own files never are.")


def _tensors(content: Any) -> Iterator[Tensor]:
    waiting, seen = [content], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, Tensor):
            yield one
        elif id(one) not in seen:
            seen.add(id(one))
            if isinstance(one, dict):
                waiting += one.values()
            elif isinstance(one, list | tuple | set):
                waiting += one


def _is_plain(tensor: Tensor) -> bool:
    """Return whether all of a tensor's numbers are present, each in its own place."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type == "meta":
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
