"""Memory and time of reading a mesh of a million triangles and drawing a cloud on it, in every format.

    python -m tests.benchmarks.large_meshes [--triangles 1000000] [--rounds 5] [--only FORMAT ...]

Each measurement is a process of its own. Memory is its peak less what it held after the imports, as a multiple of the
file's size. Time is that of reading, as a multiple of the reference's, which takes turns with it: trimesh without
processing. Medians of the rounds.
"""
# ruff: noqa: T201

import argparse
import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]

Vertices, Faces = NDArray[np.float64], NDArray[np.int64]


def cloth(triangles: int) -> tuple[Vertices, Faces]:
    """A square of wavy cloth with about as many triangles."""
    side = round((triangles / 2) ** 0.5) + 1
    u, v = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side), indexing="ij")
    vertices = np.stack([u, v, 0.1 * np.sin(9 * u) * np.cos(7 * v)], axis=-1).reshape(-1, 3)
    corner = np.arange(side * side).reshape(side, side)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]
    return vertices, np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])


def lines(form: str, rows: NDArray[np.generic]) -> bytes:
    return "".join(form % tuple(row) for row in rows.tolist()).encode()


def ply_header(kind: str, v: Vertices, f: Faces) -> bytes:
    axes = "".join(f"property float {axis}\n" for axis in "xyz")
    return (
        f"ply\nformat {kind} 1.0\nelement vertex {len(v)}\n{axes}element face {len(f)}\n"
        "property list uchar int vertex_indices\nend_header\n"
    ).encode()


def ply_binary(v: Vertices, f: Faces) -> bytes:
    faces = np.zeros(len(f), [("count", "u1"), ("corners", "<i4", (3,))])
    faces["count"], faces["corners"] = 3, f
    return ply_header("binary_little_endian", v, f) + v.astype("<f4").tobytes() + faces.tobytes()


def ply_text(v: Vertices, f: Faces) -> bytes:
    return ply_header("ascii", v, f) + lines("%.6f %.6f %.6f\n", v) + lines("3 %d %d %d\n", f)


def obj(v: Vertices, f: Faces) -> bytes:
    return lines("v %.6f %.6f %.6f\n", v) + lines("f %d %d %d\n", f + 1)


def off(v: Vertices, f: Faces) -> bytes:
    return f"OFF\n{len(v)} {len(f)} 0\n".encode() + lines("%.6f %.6f %.6f\n", v) + lines("3 %d %d %d\n", f)


def stl_binary(v: Vertices, f: Faces) -> bytes:
    facets = np.zeros(len(f), [("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    facets["corners"] = v[f]
    return bytes(80) + struct.pack("<I", len(f)) + facets.tobytes()


def stl_text(v: Vertices, f: Faces) -> bytes:
    vertex = "vertex %.6f %.6f %.6f\n"
    facet = f"facet normal 0 0 1\nouter loop\n{vertex}{vertex}{vertex}endloop\nendfacet\n"
    return b"solid cloth\n" + lines(facet, v[f].reshape(-1, 9)) + b"endsolid cloth\n"


def glb(v: Vertices, f: Faces) -> bytes:
    import trimesh

    return bytes(trimesh.Trimesh(v, f, process=False).export(file_type="glb"))


FORMATS: dict[str, Callable[[Vertices, Faces], bytes]] = {
    "binary.ply": ply_binary, "text.ply": ply_text, "text.obj": obj, "binary.stl": stl_binary, "text.stl": stl_text,
    "text.off": off, "binary.glb": glb,
}  # fmt: skip


def peak() -> int:
    """Bytes of memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure_ours(path: Path) -> dict[str, float]:
    import trimesh.exchange.gltf  # noqa: F401  # scenes import it late

    from keygrid.data.readers import read_garment
    from keygrid.data.sampling import sample

    before, began = peak(), time.perf_counter()
    garment = read_garment(path)
    read = time.perf_counter()
    sample(garment)
    return {"read": read - began, "sample": time.perf_counter() - read, "bytes": peak() - before}


def measure_reference(path: Path) -> dict[str, float]:
    import trimesh.exchange.gltf

    before, began = peak(), time.perf_counter()
    trimesh.load(path, process=False)
    return {"read": time.perf_counter() - began, "bytes": peak() - before}


MEASURES = {"ours": measure_ours, "reference": measure_reference}


def write(path: Path, triangles: int) -> dict[str, float]:
    vertices, faces = cloth(triangles)
    path.write_bytes(FORMATS[path.name](vertices, faces))
    return {"triangles": len(faces)}


def elsewhere(*arguments: str | Path | int) -> dict[str, float]:
    """Measure in another process; its peak begins with the memory of this one, which therefore stays small."""
    command = [sys.executable, "-m", "tests.benchmarks.large_meshes", "--process", *map(str, arguments)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return dict(json.loads(output))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--triangles", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--process", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.process:
        what, path, *rest = arguments.process
        found = write(Path(path), int(rest[0])) if what == "write" else MEASURES[what](Path(path))
        print(json.dumps(found))
        return
    print(f"{'':12}{'MB':>6}{'memory':>9}{'trimesh':>9}{'read':>9}{'sample':>9}{'time':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only:
            path = Path(folder) / name
            elsewhere("write", path, arguments.triangles)
            size = path.stat().st_size
            rounds = [(elsewhere("ours", path), elsewhere("reference", path)) for _ in range(arguments.rounds)]
            path.unlink()
            ours = {key: median(mine[key] for mine, _ in rounds) for key in ("read", "sample", "bytes")}
            theirs = median(their["bytes"] for _, their in rounds)
            ratio = median(mine["read"] / their["read"] for mine, their in rounds)
            print(
                f"{name:12}{size / 1e6:6.0f}{ours['bytes'] / size:8.2f}x{theirs / size:8.2f}x"
                f"{ours['read']:8.2f}s{ours['sample']:8.2f}s{ratio:8.2f}x"
            )


if __name__ == "__main__":
    main()
