"""Small garments that every format's tests write and read."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh

from keygrid.data import open_path
from keygrid.data.collection import Collection
from keygrid.data.garment import Garment, Landmarks, MaterialPoints
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError


def swaying(vertices: np.ndarray, count: int) -> np.ndarray:
    """Frames of vertices that bend more and more, float32."""
    bend = np.stack([np.zeros(len(vertices)), vertices[:, 0] ** 2, np.sin(vertices[:, 1])], axis=1)
    return np.stack([vertices + 0.1 * frame * bend for frame in range(count)]).astype(np.float32)


@pytest.fixture(scope="session")
def cloth() -> Garment:
    """A moving half sphere with two landmarks."""
    ball = trimesh.creation.icosphere(subdivisions=2)
    faces = np.asarray(ball.faces[ball.triangles_center[:, 2] > 0], np.int64)
    used, faces = np.unique(faces, return_inverse=True)
    frames = swaying(np.asarray(ball.vertices)[used], 4)
    landmarks = Landmarks(np.array([0, 7]), np.array([[0.2, 0.3, 0.5], [1, 0, 0]]), ("hem", "collar"))
    faces = faces.reshape(-1, 3)
    return Garment("half ball", frames[0].astype(float), faces, None, frames, landmarks, "T-shirt", "made by a test")


@pytest.fixture(scope="session")
def cloud(cloth: Garment) -> Garment:
    """2048 points of it, still, with two labelled points."""
    landmarks = Landmarks(np.array([5, 9]), np.tile([1.0, 0, 0], (2, 1)), ("0", "3"))
    points = sample(cloth, 2048).points.astype(np.float32).astype(float)
    return Garment("points", points, np.empty((0, 3), np.int64), landmarks=landmarks, category="chair")


@pytest.fixture(scope="session")
def moving_points(cloth: Garment) -> np.ndarray:
    """(4, 2048, 3) of the same material."""
    drawn: MaterialPoints = sample(cloth, 2048)
    assert cloth.frames is not None
    return np.stack([drawn.on(frame, cloth.faces) for frame in cloth.frames])


@pytest.fixture
def garment() -> Callable[[Path], Garment]:
    """Opens a path that is one garment."""

    def opened(path: Path) -> Garment:
        found = open_path(path)
        assert isinstance(found, Garment)
        return found

    return opened


@pytest.fixture
def collection() -> Callable[[Path], Collection]:
    """Opens a path that is many, and checks that every entry's own path leads to the same garment."""

    def opened(path: Path) -> Collection:
        found = open_path(path)
        assert isinstance(found, Collection)
        for entry in found.entries[:3]:
            alone = open_path(entry.path)
            assert isinstance(alone, Garment)
            among = found.read(entry)
            assert alone.source is not None
            assert (alone.name, alone.source) == (among.name, among.source)
            np.testing.assert_array_equal(alone.vertices, among.vertices)
        assert pickle.loads(pickle.dumps(found)).entries == found.entries  # other processes read it, too
        return found

    return opened


@pytest.fixture
def refusal() -> Callable[[Callable[[], object]], str]:
    """The one sentence that a call is refused with."""

    def of(call: Callable[[], object]) -> str:
        with pytest.raises(KeygridError) as caught:
            call()
        message = str(caught.value)
        assert message.endswith(".")
        assert "\n" not in message
        return message

    return of
