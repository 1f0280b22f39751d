"""Fixtures that several directories share. Nothing here imports torch before a test needs it."""

import contextlib
import importlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from keygrid.data.garment import Garment
from keygrid.model.config import HeatmapConfig, ModelConfig
from keygrid.model.decoder_config import GridDecoderConfig
from keygrid.model.encoders.pointnet.config import PointNetConfig

ROOT = Path(__file__).parents[1]

# Optimisers import Triton and software OpenGL loads an LLVM. Triton has one of its own, and crashes if it comes second.
# Only tests draw and train in one process.
with contextlib.suppress(ImportError):
    importlib.import_module("triton")

# Networks here are so small that threads only wait for each other, a hundred times longer when the cores are busy.
# Set before torch is imported; processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell makes what it starts in the background ignore Ctrl+C, and so would all processes of the tests, some of which
# send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time, and no deadline: the first call of a compiled operation may have to compile it.
settings.register_profile("repeatable", derandomize=True, max_examples=40, deadline=None, database=None)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one of several test processes show all windows; keep modules together: their fixtures are expensive."""
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        item.add_marker(pytest.mark.xdist_group("windows" if folder in {"app", "stories"} else str(item.path)))


SmallDisk = Callable[[int], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk() -> SmallDisk:
    """A context in which writing fails where a file would grow beyond so many bytes."""
    return no_file_beyond


@pytest.fixture(scope="session")
def shirt() -> Garment:
    from keygrid.data.readers import read_garment

    return read_garment(ROOT / "assets" / "garments" / "unisex_shirt.ply")


@pytest.fixture(scope="session")
def tiny_config() -> ModelConfig:
    """All parts of the network, a few milliseconds a step."""
    propagation = ((24, 20), (20, 16), (16, 16), (16, 12))
    return ModelConfig(
        keypoints=4,
        points=128,
        encoder=PointNetConfig(
            centroids=(32, 16, 8, 4),
            radii=((0.2, 0.4), (0.3, 0.6), (0.5, 1.0), (1.0, 2.0)),
            neighbours=(4, 8),
            abstraction=(((6, 8), (6, 8)), ((8, 12), (8, 12)), ((12, 16), (12, 16)), ((16, 24), (16, 24))),
            propagation=propagation,
        ),
        heatmap=HeatmapConfig(sigma_squared=0.05, grid=(5, 4, 3)),
        decoder=GridDecoderConfig(propagation),
    )


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_config: ModelConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that nobody trained, in a file."""
    from tests.networks import untrained

    return untrained(tiny_config, tmp_path_factory.mktemp("checkpoints") / "tiny.safetensors")


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The file of a Dask scheduler with two workers on this machine, which can import what is in `tests`."""
    from distributed import Client

    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    settings = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    }

    def dask(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"]
        return subprocess.Popen(
            [*command, "--scheduler-file", file], cwd=Path.cwd(), env={**os.environ, **settings},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    with dask("scheduler", "--port", "0") as first:
        while not file.exists() and first.poll() is None:
            time.sleep(0.01)
        with dask("worker", "--nworkers", "2", "--nthreads", "1", "--local-directory", str(folder)) as second:
            with Client(scheduler_file=str(file), set_as_default=False) as client:
                client.wait_for_workers(2)
            yield str(file)
            second.terminate()
        first.terminate()


TOY = """
import numpy as np
from keygrid.methods import Entry
from keygrid.methods.unlearned import UnlearnedMethod

class Corners(UnlearnedMethod):
    def choose(self, pose):
        low, high = pose.vertices.min(axis=0), pose.vertices.max(axis=0)
        return np.linspace(low, high, self.keypoints)

ENTRY = Entry("Diagonal of the box", Corners)
"""


@pytest.fixture
def toy_package(tmp_path: Path) -> Path:
    """A folder for `PYTHONPATH` in which a package offers the method `toy`, and one that can't be imported another."""
    folder = tmp_path / "packages"
    for name, content in (("toy", TOY), ("broken", "import nowhere_at_all")):
        about = folder / f"{name}-1.0.dist-info"
        about.mkdir(parents=True)
        (folder / f"{name}_package.py").write_text(content)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[keygrid.methods]\n{name} = {name}_package:ENTRY\n")
    return folder
