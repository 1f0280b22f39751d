"""Files that are read in blocks: the same whatever the blocks, in bounded memory, and with progress to follow."""

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from keygrid.data.readers import blocks, off, ply, read_garment
from keygrid.data.readers.progress import reading_progress
from keygrid.errors import KeygridError

Grid = tuple[NDArray[np.float64], NDArray[np.int64]]


def grid(side: int) -> Grid:
    """A square of wavy cloth with 2 (side - 1)^2 triangles."""
    u, v = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    vertices = np.stack([u, v, np.sin(u) + np.cos(v)], axis=-1).reshape(-1, 3) / side
    corner = np.arange(side * side).reshape(side, side)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]
    return vertices, np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])


def lines(form: str, rows: NDArray[np.generic]) -> str:
    return "".join(form % tuple(row) + "\n" for row in rows.tolist())


def obj(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    return (lines("v %.6f %.6f %.6f", v) + lines("f %d %d %d", f + 1)).encode()


def obj_with_everything(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    """Comments that end in a backslash, continued lines, texture coordinates, and indices that count back."""
    vertices = lines("v %.6f \\\r\n  %.6f %.6f # C:\\models\\", v)
    half = len(f) // 2
    return (vertices + lines("f %d/1 \\\n%d/1 %d/1", f[:half] + 1) + lines("f %d %d %d", f[half:] - len(v))).encode()


def obj_in_parts(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    """Each triangle after its own vertices, which it counts back to."""
    return "".join(lines("v %.6f %.6f %.6f", corners) + "f -3 -2 -1\n" for corners in v[f]).encode()


def ply_header(kind: str, v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    axes = "".join(f"property float {axis}\n" for axis in "xyz")
    return (
        f"ply\nformat {kind} 1.0\nelement vertex {len(v)}\n{axes}element face {len(f)}\n"
        "property list uchar int vertex_indices\nend_header\n"
    ).encode()


def ply_text(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    return ply_header("ascii", v, f) + (lines("%.6f %.6f %.6f", v) + lines("3 %d %d %d", f)).encode()


def ply_binary(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    faces = np.zeros(len(f), [("count", "u1"), ("corners", "<i4", (3,))])
    faces["count"], faces["corners"] = 3, f
    return ply_header("binary_little_endian", v, f) + v.astype("<f4").tobytes() + faces.tobytes()


def ply_mixed(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    """Every third pair of triangles is one quad."""
    half = len(f) // 2
    rows: list[tuple[int, ...]] = []
    for index, ((a, b, c), (_, _, d)) in enumerate(zip(f[:half].tolist(), f[half:].tolist(), strict=True)):
        rows += [(a, b, c, d)] if index % 3 == 0 else [(a, b, c), (a, c, d)]
    faces = b"".join(struct.pack(f"<B{len(row)}i", len(row), *row) for row in rows)
    header = ply_header("binary_little_endian", v, f).replace(b"face %d" % len(f), b"face %d" % len(rows))
    return header + v.astype("<f4").tobytes() + faces


def stl_binary(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    facets = np.zeros(len(f), [("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    facets["corners"] = v[f]
    return bytes(80) + struct.pack("<I", len(f)) + facets.tobytes()


def stl_text(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    vertex = "vertex %.6f %.6f %.6f\n"
    facet = f"facet normal 0 0 1\nouter loop\n{vertex}{vertex}{vertex}endloop\nendfacet"
    return f"solid a facet\n{lines(facet, v[f].reshape(-1, 9))}endsolid\n".encode()


def off_text(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    return f"OFF\n{len(v)} {len(f)} 0\n{lines('%.6f %.6f %.6f', v)}{lines('3 %d %d %d', f)}".encode()


def off_mixed(v: NDArray[np.float64], f: NDArray[np.int64]) -> bytes:
    """Colours, comments, empty lines, and every other face with a corner twice."""
    faces = lines("4 %d %d %d %d 255 0 0", f[::2][:, [0, 1, 2, 2]]) + "\n# colours\n" + lines("3 %d %d %d", f[1::2])
    return f"COFF {len(v)} {len(f)} 0\n{lines('%.6f %.6f %.6f 1 0 0', v)}{faces}".encode()


FILES: dict[str, Callable[[NDArray[np.float64], NDArray[np.int64]], bytes]] = {
    "a.obj": obj, "everything.obj": obj_with_everything, "parts.obj": obj_in_parts, "text.ply": ply_text,
    "binary.ply": ply_binary, "mixed.ply": ply_mixed, "binary.stl": stl_binary, "text.stl": stl_text,
    "a.off": off_text, "mixed.off": off_mixed,
}  # fmt: skip


def small_blocks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(blocks, "BLOCK", size)
    monkeypatch.setattr(ply, "_ROWS", max(size // 16, 1))
    monkeypatch.setattr(off, "_LINES", max(size // 32, 1))


def positions(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the corners of all triangles, sorted, so that neither vertices' nor triangles' order counts."""
    corners = np.round(vertices[faces].reshape(-1, 9), 5)
    return corners[np.lexsort(corners.T)]


@pytest.mark.parametrize("name", FILES)
def test_blocks_of_any_size_hold_the_same_garment(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name](*grid(9)))
    whole = read_garment(path)
    np.testing.assert_allclose(positions(whole.vertices, whole.faces), positions(*grid(9)), atol=2e-5)
    for size in (1, 7, 64, 1000):
        with monkeypatch.context() as patch:
            small_blocks(patch, size)
            garment = read_garment(path)
        assert np.array_equal(garment.vertices, whole.vertices)
        assert np.array_equal(garment.faces, whole.faces)
        assert (garment.vertices.dtype, garment.faces.dtype) == (np.float64, np.int64)


def outcome(path: Path) -> str:
    try:
        garment = read_garment(path)
    except KeygridError as error:
        return str(error)
    return str((garment.vertices.tolist(), garment.faces.tolist()))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_ends_early_is_judged_alike_in_blocks_of_any_size(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, path = FILES[name](*grid(9)), tmp_path / name
    refused = 0
    cuts = range(len(data) // 2, len(data), len(data) // 41)
    for cut in cuts:
        path.write_bytes(data[:cut])
        whole = outcome(path)
        refused += whole.startswith(name)
        with monkeypatch.context() as patch:
            small_blocks(patch, 64)
            assert outcome(path) == whole
    assert refused > len(cuts) / 2


@pytest.mark.parametrize("name", ["a.obj", "text.ply", "binary.ply", "mixed.ply", "binary.stl", "text.stl", "a.off"])
def test_reading_takes_less_than_three_times_the_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a twentieth of a million triangles, with blocks in proportion; the benchmark measures a whole one."""
    path = tmp_path / name
    path.write_bytes(FILES[name](*grid(160)))
    small_blocks(monkeypatch, blocks.BLOCK // 20)
    read_garment(path)  # what is imported once does not count
    tracemalloc.start()
    try:
        read_garment(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * path.stat().st_size


@pytest.mark.parametrize("name", FILES)
def test_progress_rises_to_the_end(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name](*grid(40)))
    small_blocks(monkeypatch, 4096)
    shares: list[float] = []
    with reading_progress(shares.append):
        read_garment(path)
    assert len(shares) > 3
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.5 < shares[-1] <= 1
    heard = len(shares)
    read_garment(path)
    assert len(shares) == heard


def test_who_follows_the_reading_may_end_it(tmp_path: Path) -> None:
    def stop(share: float) -> None:
        raise KeygridError("That was enough.")

    path = tmp_path / "a.obj"
    path.write_bytes(obj(*grid(9)))
    with pytest.raises(KeygridError, match=r"^That was enough\.$"), reading_progress(stop):
        read_garment(path)
