"""Moving garments in a file, and material that moves with them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from keygrid.data import open_path
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.readers import read_garment
from keygrid.data.readers.sequence import dequantise, quantisation_bound, quantise, read_about, write_sequence
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError

FACES = np.array([[0, 1, 2], [0, 2, 3]])
COORDINATES = st.floats(-1e4, 1e4, width=32)
POSITIONS = arrays(
    np.float32, array_shapes(min_dims=1, max_dims=2, max_side=8).map(lambda shape: (*shape, 3)), elements=COORDINATES
)


@st.composite
def moving_garments(draw: st.DrawFn) -> Garment:
    """Surfaces or clouds of 4 to 20 vertices in 1 to 5 frames, with or without landmarks."""
    count = draw(st.integers(4, 20))
    frames = draw(arrays(np.float32, (draw(st.integers(1, 5)), count, 3), elements=COORDINATES))
    rest = draw(arrays(np.float64, (count, 3), elements=COORDINATES))
    is_cloud = draw(st.booleans())
    corners = st.lists(st.integers(0, count - 1), min_size=3, max_size=3, unique=True)
    rows = [] if is_cloud else draw(st.lists(corners, min_size=1, max_size=10))
    faces = np.array(rows, np.int64).reshape(-1, 3)
    names = tuple(
        draw(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=3))
    )
    at = draw(arrays(np.int64, len(names), elements=st.integers(0, (count if is_cloud else len(faces)) - 1)))
    weights = np.tile([0.25, 0.25, 0.5], (len(names), 1))
    landmarks = Landmarks(at, weights, names) if names else None
    return Garment(draw(st.text(min_size=1)), rest, faces, None, frames, landmarks, "Tops", "a test")


@given(POSITIONS)
def test_quantising_changes_no_coordinate_by_more_than_its_bound(positions: np.ndarray) -> None:
    steps, bounds = quantise(positions)
    error = abs(dequantise(steps, bounds) - positions.astype(np.float64)).max()
    # A step is computed from 16 digits, and so is where it leads.
    assert error <= quantisation_bound(positions) * (1 + 1e-9) + 1e-11


@given(moving_garments())
def test_a_sequence_reads_as_it_was_written(garment: Garment) -> None:
    # Hypothesis calls this many times a test, so no fixture of pytest's gives the folder.
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        write_sequence(garment, path)
        read = open_path(path)
    assert isinstance(read, Garment)
    assert garment.frames is not None
    assert read.frames is not None
    assert (read.name, read.category, read.origin, read.source) == (garment.name, "Tops", "a test", path)
    np.testing.assert_array_equal(read.faces, garment.faces)
    for after, before in ((read.vertices, garment.vertices), (read.frames, garment.frames)):
        bound = quantisation_bound(before) * (1 + 1e-9) + 1e-11
        np.testing.assert_allclose(after, before, rtol=2e-7, atol=bound)  # 2e-7: frames are single precision
    if garment.landmarks is None:
        assert read.landmarks is None
    else:
        assert read.landmarks is not None
        assert read.landmarks.names == garment.landmarks.names
        np.testing.assert_array_equal(read.landmarks.faces, garment.landmarks.faces)
        np.testing.assert_array_equal(read.landmarks.barycentric, garment.landmarks.barycentric)


@given(
    arrays(np.float64, (3, 3), elements=st.floats(-2, 2)), arrays(np.float64, 3, elements=st.floats(-50, 50)),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_sampled_points_go_where_their_material_goes(matrix: np.ndarray, shift: np.ndarray, seed: int) -> None:
    """An affine motion takes points of triangles where it takes the triangles' corners."""
    rest = np.random.default_rng(seed).random((4, 3))
    garment = Garment("a", rest, FACES)
    drawn = sample(garment, 100, seed)
    np.testing.assert_array_equal(drawn.on(rest, FACES), drawn.points)
    np.testing.assert_allclose(drawn.on(rest @ matrix + shift, FACES), drawn.points @ matrix + shift, atol=1e-12)


def refusal(path: Path) -> str:
    """The one sentence that a sequence is refused with."""
    with pytest.raises(KeygridError) as caught:
        open_path(path)
    message = str(caught.value)
    assert message.startswith(path.name)
    assert message.endswith(".")
    assert "\n" not in message
    return message


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Any]:
    """The arrays of a good sequence."""
    rest = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    frames = np.stack([rest + np.array([0, 0, time]) for time in (0, 0.1, 0.3)]).astype(np.float32)
    landmarks = Landmarks(np.array([1]), np.array([[0.2, 0.3, 0.5]]), ("hem",))
    write_sequence(Garment("shirt", rest, FACES, None, frames, landmarks), tmp_path / "good.npz", {"motion": "drop"})
    with np.load(tmp_path / "good.npz") as archive:
        return dict(archive)


def test_what_a_sequence_says_of_itself(parts: dict[str, Any], tmp_path: Path) -> None:
    assert read_about(tmp_path / "good.npz") == {"name": "shirt", "category": "", "origin": "", "motion": "drop"}
    read = read_garment(tmp_path / "good.npz")
    assert read.frames is not None
    assert not any(array.flags.writeable for array in (read.vertices, read.faces, read.frames))


CHANGES: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "another version": ("format", lambda _: np.array("keygrid-sequence 2"), "version"),
    "no frames": ("frames", lambda frames: frames[:0], "without frames"),
    "other vertices": ("frames", lambda frames: frames[:, :2], "frames do not fit"),
    "flat frames": ("frames", lambda frames: frames[0], "frames do not fit"),
    "unquantised": ("frames", lambda frames: frames.astype(float), "frames do not fit"),
    "unquantised rest": ("rest", lambda rest: rest.astype(float), "rest do not fit"),
    "no vertices": ("rest", lambda rest: rest[:0], "frames do not fit"),
    "quads": ("faces", lambda _: np.zeros((2, 4), np.uint16), "faces do not fit"),
    "negative faces": ("faces", lambda faces: faces.astype(np.int32) - 1, "faces do not fit"),
    "faces out of range": ("faces", lambda faces: faces + 3, "missing vertices"),
    "one bound": ("bounds", lambda bounds: bounds[0], "bounds do not fit"),
    "NaN": ("bounds", lambda bounds: bounds * np.nan, "not a finite box"),
    "infinite": ("bounds", lambda bounds: bounds + np.inf, "not a finite box"),
    "too large": ("bounds", lambda bounds: bounds * 1e39, "not a finite box"),
    "inside out": ("bounds", lambda bounds: bounds[:, ::-1], "not a finite box"),
    "landmark out of range": ("landmark_faces", lambda faces: faces + 1, "do not lie on its surface"),
    "landmark beside": ("landmark_barycentric", lambda weights: weights * 2, "do not lie on its surface"),
    "landmark nowhere": ("landmark_barycentric", lambda weights: weights * np.nan, "do not lie on its surface"),
    "unnamed landmarks": ("landmarks", lambda names: names[:0], "landmark_faces do not fit"),
    "numbered landmarks": ("landmarks", lambda _: np.array([3]), "landmarks do not fit"),
    "not JSON": ("about", lambda _: np.array("shirt"), "could not be read"),
    "no name": ("about", lambda _: np.array("{}"), "without a name"),
    "a list": ("about", lambda _: np.array("[1]"), "without a name"),
}


@pytest.mark.parametrize(("part", "change", "cause"), CHANGES.values(), ids=CHANGES.keys())
def test_sequences_that_make_no_sense(
    part: str, change: Callable[[Any], Any], cause: str, parts: dict[str, Any], tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", **{**parts, part: change(parts[part])})
    assert cause in refusal(tmp_path / "a.npz")


def test_sequences_that_lack_a_part(parts: dict[str, Any], tmp_path: Path) -> None:
    for part in set(parts) - {"format"}:
        np.savez(tmp_path / "a.npz", **{name: array for name, array in parts.items() if name != part})
        assert part in refusal(tmp_path / "a.npz")


def test_code_in_a_sequence_is_not_run(parts: dict[str, Any], tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
            return (Path.touch, (tmp_path / "executed",))  # type: ignore[return-value]

    for part in ("format", "frames", "about"):
        hostile = np.empty(1, object)
        hostile[0] = Hostile()
        np.savez(tmp_path / "a.npz", **{**parts, part: hostile})
        assert "Python objects" in refusal(tmp_path / "a.npz")
    assert not (tmp_path / "executed").exists()


def test_a_sequence_that_was_cut_off(parts: dict[str, Any], tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **parts)
    data = buffer.getvalue()
    for cut in range(1, len(data), len(data) // 40):
        (tmp_path / "a.npz").write_bytes(data[:cut])
        assert "could not be read" in refusal(tmp_path / "a.npz"), cut


def test_names_in_any_language(parts: dict[str, Any], tmp_path: Path) -> None:
    about = json.dumps({"name": "Ärmelweste 袖", "motion": "drop"}, ensure_ascii=False)
    np.savez(tmp_path / "a.npz", **{**parts, "about": np.array(about)})
    assert read_garment(tmp_path / "a.npz").name == "Ärmelweste 袖"
