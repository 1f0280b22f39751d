"""Arrays of numbers in glTF: buffers, views, strides, sparse replacements and normalised integers."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.limits import NUMBER, Budget
from keygrid.data.readers.mesh import CUT_OFF, UnreadableError
from keygrid.data.readers.pictures import is_outside

_KINDS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_COMPRESSIONS = ("EXT_meshopt_compression", "KHR_meshopt_compression")

_OLD = "is glTF 1, which cannot be read; export it as glTF 2.0"


class Document:
    """A glTF file: its JSON, and the arrays that it refers to.

    Attributes:
        content: the JSON.
        folder: folder of the file and of those that it refers to.
        budget: limit on the size of everything made from the file and those beside it.

    Args:
        path: a GLB file, or a JSON file whose buffers are embedded or in files beside it.

    Raises:
        UnreadableError: the file is cut off.
        ValueError: the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.budget = Budget(path)
        data = path.read_bytes()
        self.folder = path.parent
        self._binary: bytes | None = None
        self._buffers: dict[int, bytes] = {}
        text = data
        if data.startswith(b"glTF"):
            if data[4:8] == b"\1\0\0\0":
                raise UnreadableError(_OLD)
            length = int.from_bytes(data[8:12], "little")
            if len(data) < length:
                raise UnreadableError(CUT_OFF)
            chunks = dict(_chunks(data[12:length]))
            text, self._binary = chunks[_JSON], chunks.get(_BINARY)
        self.content: dict[str, Any] = json.loads(text.decode("utf-8-sig"))
        if str(self.content.get("asset", {}).get("version", "2.0")).startswith("1"):
            raise UnreadableError(_OLD)

    def array(self, index: int) -> NDArray[np.float64]:
        """Return the numbers of an accessor, (count,) or (count, width); normalised ones in [-1, 1].

        Raises:
            UnreadableError: the numbers are compressed, or their file is missing or cut off.
        """
        accessor = self.content["accessors"][index]
        width, count = _WIDTHS[accessor["type"]], accessor["count"]
        kind = np.dtype(_KINDS[accessor["componentType"]])
        self.budget.spend(count * width * NUMBER)
        if "bufferView" in accessor:
            values = self._view(accessor["bufferView"], accessor.get("byteOffset", 0), kind, count, width).copy()
        else:
            values = np.zeros((count, width), kind)
        sparse = accessor.get("sparse")
        if sparse:
            at, new = sparse["indices"], sparse["values"]
            where = np.dtype(_KINDS[at["componentType"]])
            places = self._view(at["bufferView"], at.get("byteOffset", 0), where, sparse["count"], 1)[:, 0]
            values[places] = self._view(new["bufferView"], new.get("byteOffset", 0), kind, sparse["count"], width)
        numbers = values.astype(np.float64)
        if accessor.get("normalized") and kind.kind in "iu":
            numbers = np.maximum(numbers / np.iinfo(kind).max, -1)
        return numbers[:, 0] if width == 1 else numbers

    def _view(self, index: int, offset: int, kind: np.dtype[Any], count: int, width: int) -> NDArray[Any]:
        view = self.content["bufferViews"][index]
        packed = [view["extensions"][name] for name in _COMPRESSIONS if name in view.get("extensions", {})]
        if packed and not self._has_plain(view, packed[0]):
            raise UnreadableError("is compressed with meshopt, which cannot be read; export it without compression")
        data = self._buffer(view["buffer"])
        begin = view.get("byteOffset", 0) + offset
        size = kind.itemsize * width
        stride = view.get("byteStride") or size
        if count and begin + stride * (count - 1) + size > len(data):
            raise UnreadableError(CUT_OFF)
        return np.ndarray((count, width), kind, data, begin, (stride, kind.itemsize))

    def view(self, index: int) -> bytes:
        """Return the bytes of a buffer view.

        Raises:
            UnreadableError: the bytes are missing or cut off.
        """
        view = self.content["bufferViews"][index]
        begin = view.get("byteOffset", 0)
        data = self._buffer(view["buffer"])[begin : begin + view["byteLength"]]
        if len(data) < view["byteLength"]:
            raise UnreadableError(CUT_OFF)
        return data

    def _has_plain(self, view: dict[str, Any], packed: dict[str, Any]) -> bool:
        """Return whether a view's buffer, which may be left out, holds the uncompressed numbers."""
        buffer = self.content["buffers"][view["buffer"]]
        is_there = "uri" in buffer or (view["buffer"] == 0 and self._binary is not None)
        places = [(one.get("buffer"), one.get("byteOffset", 0)) for one in (view, packed)]
        return is_there and places[0] != places[1]

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            uri = self.content["buffers"][index].get("uri")
            self._buffers[index] = self.fetched(uri) if uri is not None else self._binary or b""
        return self._buffers[index]

    def fetched(self, uri: str) -> bytes:
        """Return the bytes of a reference: embedded data, or a file beside this one.

        Raises:
            UnreadableError: there is no such file, or it is outside the folder.
        """
        if uri.startswith("data:"):
            head, _, body = uri.partition(",")
            return base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
        name = unquote(uri)
        for relative in (name, uri):
            if is_outside(relative):
                raise UnreadableError(f"refers to {name}, which lies outside its folder and is not read, for safety")
            path = self.folder / relative
            if path.is_file():  # which a pipe or a device is not
                self.budget.grant(path.stat().st_size)
                return path.read_bytes()
        raise UnreadableError(f"needs {name} beside it; keep the files of a glTF scene together")


def _chunks(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while len(data) >= 8:
        length, kind = int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")
        if len(data) < 8 + length:
            raise UnreadableError(CUT_OFF)
        found.append((kind, data[8 : 8 + length]))
        data = data[8 + length :]
    return found[::-1]  # Of several of a kind, the first counts.
