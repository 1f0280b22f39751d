"""The protocol of the evaluation: all motions of a garment together, with turned frames and new triangles.

In the pose of the simulation, points held still in the bounding box score as well as a network. The headline is
therefore *turned, across motions*: each frame is turned by a different angle and has different triangles and points,
and each keypoint's place is compared with its places in all frames of all motions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from keygrid.data.garment import Garment
from keygrid.data.landmarks import joined
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError
from keygrid.evaluation.confusion import confusion
from keygrid.evaluation.disturbance import Disturbance, disturbed
from keygrid.evaluation.material import Material
from keygrid.evaluation.metrics import METRICS, Track, measure
from keygrid.evaluation.remeshing import Remesh, shown
from keygrid.evaluation.symmetry import FLIPS, symmetric
from keygrid.methods import Method, MethodId, Mode, reopen
from keygrid.work import CrashedError, Here, Workers, in_order, one_thread
from keygrid.work import report as work_report

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Turn = Literal["yaw", "none", "full"]
"""Ways to turn frames: by an angle about the vertical, not at all, or by any rotation."""

SETTINGS = {
    "as_it_lies": "as it lies, within a motion",
    "turned": "turned, within a motion",
    "across": "turned, across motions",
}
"""Reported settings by their names in files; the last is the headline."""


@dataclass(frozen=True)
class Protocol:
    """The way garments are shown to methods.

    Attributes:
        turn: how frames are turned.
        remesh: the shape on which each frame's triangles are cut, for methods that read the surface.
        mode: position of a keypoint with weights; None is `peak` for methods that read the surface, otherwise `soft`.
        seed: seed of turns, triangles and points.
        every: judge one frame in this many of each motion.
        up: the vertical axis.
        disturbance: disturbance of the garments; None for none.
    """

    turn: Turn = "yaw"
    remesh: Remesh = "none"
    mode: Mode | None = None
    seed: int = 0
    every: int = 1
    up: int = 1
    disturbance: Disturbance | None = None


Values = dict[str, float]
"""Values in one setting: metrics by key, if known; symmetric, flips, and flips by kind."""


@dataclass(frozen=True, eq=False)
class Worst:
    """The frame of a garment with the largest mean error, turned and across motions. K keypoints.

    Attributes:
        motion: name of its motion.
        frame: index among the judged frames of the motion, from zero.
        error: mean strict error of its keypoints, in √area.
        points: (P, 3), vertices of the garment in that frame.
        keypoints: (K, 3), file units.
        homes: (K, 3), positions in that frame of the cloth on which each keypoint usually is.
    """

    motion: str
    frame: int
    error: float
    points: Floats
    keypoints: Floats
    homes: Floats


@dataclass(frozen=True)
class Sight:
    """The frame of a garment with the worst value of one metric, turned and across motions.

    Attributes:
        motion: name of its motion.
        source: path of the motion; None if it was made in memory.
        frame: index among all frames of the motion, from zero.
        value: the metric's value there.
    """

    motion: str
    source: Path | None
    frame: int
    value: float


@dataclass(frozen=True, eq=False)
class Found:
    """Measurements of one method on one garment.

    Attributes:
        values: values in each of `SETTINGS`.
        confusion: (K, kinds), shares of frames as in `keygrid.evaluation.confusion`, turned and across motions.
        worst: the worst frame.
        worst_of: the worst frame for each metric that is known by frame, by key.
    """

    values: Mapping[str, Values]
    confusion: Floats
    worst: Worst
    worst_of: Mapping[str, Sight]


@dataclass(frozen=True, eq=False)
class Judged:
    """Measurements of one method.

    Attributes:
        method: its identity.
        found: measurements by name of the garment.
    """

    method: MethodId
    found: Mapping[str, Found]

    @property
    def name(self) -> str:
        """Name of the method for tables."""
        return self.method.label

    @property
    def garments(self) -> dict[str, Mapping[str, Values]]:
        """Measurements of each garment by name, in each of `SETTINGS`."""
        return {name: found.values for name, found in self.found.items()}

    @property
    def confusion(self) -> Floats:
        """Mean over garments of the shares of frames, (K, kinds)."""
        return np.mean([found.confusion for found in self.found.values()], axis=0)

    @property
    def mean(self) -> dict[str, Values]:
        """Return the mean over garments."""
        found = {}
        for setting in SETTINGS:
            each = [garment[setting] for garment in self.garments.values()]
            found[setting] = _mean(each)
        return found


def judge(
    methods: Sequence[Method],
    garments: Iterable[Garment],
    protocol: Protocol,
    report: Callable[[str], None] = lambda _: None,
    executor: Workers | None = None,
    on_skip: Callable[[str, str], None] = lambda _name, _reason: None,
) -> list[Judged]:
    """Judge methods on all moving garments; sequences with the same triangles are motions of one garment.

    Args:
        methods: the methods.
        garments: the garments; those that are not surfaces or do not move are left out.
        protocol: how garments are shown.
        report: receives the name of each garment that has been judged.
        executor: runs the work, one garment with all its motions at a time, and opens the methods by their identity; if
            not given, the methods themselves are used in this process.
        on_skip: receives the name of each garment whose process ended, and the reason why it is left out.

    Raises:
        KeygridError: no garment is a surface that moves.
    """
    found: list[dict[str, Found]] = [{} for _ in methods]
    crashed: set[str] = set()
    for index, name, one in judge_each(methods, garments, protocol, executor):
        if not isinstance(one, CrashedError):
            found[index][name] = one
        elif name not in crashed:
            crashed.add(name)
            on_skip(name, str(one))
        if index == len(methods) - 1 and name not in crashed:
            report(name)
    # A garment that one method crashed on is compared for none.
    kept = [{name: one for name, one in each.items() if name not in crashed} for each in found]
    if not kept[0]:
        raise KeygridError("The process of every garment ended unexpectedly; use more memory or fewer --workers.")
    return [Judged(method.id, judged) for method, judged in zip(methods, kept, strict=True)]


def judge_each(
    methods: Sequence[Method], garments: Iterable[Garment], protocol: Protocol, executor: Workers | None = None
) -> Iterator[tuple[int, str, Found | CrashedError]]:
    """Judge methods on garments as `judge` does, and yield results as soon as they are known.

    Each frame is reported through `keygrid.work.report`; `frames_to_judge` returns their number.

    Yields:
        The place of the method among `methods`, the name of the garment, and the measurements, or why there are none:
        garment after garment, and all methods on each.
    """
    groups = groups_of(garments)
    items = [(index, motions) for motions in groups for index in range(len(methods))]
    work = partial(_judge_here, methods, protocol)
    if executor is not None:
        work = partial(_judge_there, [(method.id, method.device) for method in methods], protocol)
    for (index, motions), future in zip(items, in_order(executor or Here(), work, items), strict=True):
        name = _common_name([motion.name for motion in motions])
        try:
            yield index, name, future.result()
        except CrashedError as error:
            yield index, name, error


def groups_of(garments: Iterable[Garment]) -> list[list[Garment]]:
    """Return the motions of each garment: moving surfaces with the same triangles.

    Raises:
        KeygridError: no garment is a surface that moves.
    """
    groups: dict[bytes, list[Garment]] = {}
    for garment in garments:
        if garment.frames is not None and not garment.is_cloud:
            groups.setdefault(garment.faces.tobytes(), []).append(garment)
    if not groups:
        raise KeygridError("Evaluation needs surfaces that move, and none of these garments is one.")
    return list(groups.values())


def frames_to_judge(garments: Iterable[Garment], every: int) -> int:
    """Return the number of frames shown to one method: each as it lies, and turned."""
    return 2 * sum(len(range(0, motion.frame_count, every)) for motions in groups_of(garments) for motion in motions)


def _judge_here(methods: Sequence[Method], protocol: Protocol, item: tuple[int, Sequence[Garment]]) -> Found:
    index, motions = item
    material = _material(motions[0].vertices.tobytes(), motions[0].faces.tobytes())
    return _judge_garment(methods[index], motions, material, protocol)


def _judge_there(
    identities: Sequence[tuple[MethodId, str]], protocol: Protocol, item: tuple[int, Sequence[Garment]]
) -> Found:
    """Judge in another process, which keeps the methods open."""
    index, motions = item
    method = reopen(*identities[index])
    with one_thread():
        return _judge_here([method], protocol, (0, motions))


@lru_cache(maxsize=1)  # all methods are judged on one garment after the other
def _material(vertices: bytes, faces: bytes) -> Material:
    rest = np.frombuffer(vertices, np.float64).reshape(-1, 3)
    return Material.of(Garment("garment", rest, np.frombuffer(faces, np.int64).reshape(-1, 3)))


def _judge_garment(method: Method, motions: Sequence[Garment], material: Material, protocol: Protocol) -> Found:
    plain = replace(protocol, turn="none", remesh="none", disturbance=None)
    thinned = [_thinned(motion, protocol.every) for motion in motions]
    fixed = [_follow(method, motion, material, plain, fresh=False) for motion in thinned]
    turned = [_follow(method, motion, material, protocol, fresh=True) for motion in thinned]
    frames = np.concatenate([_frames(motion) for motion in thinned])
    together = replace(thinned[0], frames=frames, landmarks=joined(thinned))
    whole = Track(
        np.concatenate([track.keypoints for track in turned]), together, material,
        np.concatenate([track.places for track in turned]),
    )  # fmt: skip
    values = {
        "as_it_lies": _mean([_values(track, protocol.up) for track in fixed]),
        "turned": _mean([_values(track, protocol.up) for track in turned]),
        "across": _values(whole, protocol.up),
    }
    places = [
        (motion, frame) for motion in motions for frame in range(0, motion.frame_count, protocol.every)
    ]  # of what is judged together
    kinds = confusion(whole, protocol.up, (protocol.up + 1) % 3)
    return Found(values, kinds, _worst(whole, thinned), _worst_of(whole, places, protocol.up))


def _worst_of(track: Track, places: Sequence[tuple[Garment, int]], up: int) -> dict[str, Sight]:
    """Return the worst frame for each metric; `places` are the motion and frame of each frame of the track."""
    modulo = symmetric(track, up, depth=(up + 1) % 3)
    each: dict[str, Floats] = {key: part for key, part in measure(track).parts.items() if part.ndim}
    each |= {"symmetric": modulo.error, "flips": np.sum(list(modulo.flipped.values()), axis=0)}
    found = {}
    for key, part in each.items():
        values = part.reshape(len(part), -1).mean(axis=1)
        later = len(places) - len(values)
        if later > (key == "consistency"):  # one that is known of some frames alone; this one compares with the first
            continue
        higher = key in METRICS and METRICS[key].better == "higher"
        at = int(values.argmin() if higher else values.argmax())
        motion, frame = places[at + later]
        found[key] = Sight(motion.name, motion.source, frame, float(values[at]))
    return found


def _worst(track: Track, motions: Sequence[Garment]) -> Worst:
    error = track.strict.mean(axis=1)
    place = int(error.argmax())
    homes = track.from_home.argmin(axis=1)
    motion, frame = next(each for i, each in enumerate(_each_frame(motions)) if i == place)
    shape = track.garment.vertices_in(place)
    return Worst(
        motion.name,
        frame,
        float(error[place]),
        shape,
        track.keypoints[place],
        track.material.of_vertices[homes] @ shape,
    )


def _each_frame(motions: Sequence[Garment]) -> Iterator[tuple[Garment, int]]:
    return ((motion, frame) for motion in motions for frame in range(motion.frame_count))


def _follow(method: Method, garment: Garment, material: Material, protocol: Protocol, *, fresh: bool) -> Track:
    """Return the keypoints of a motion in the garment's own position, and their places on its material."""
    rest = cKDTree(material.of_vertices @ garment.vertices)
    remesh: Remesh = protocol.remesh if method.needs_surface else "none"
    mode: Mode = protocol.mode or ("peak" if method.needs_surface else "soft")
    streams = [
        np.random.default_rng([protocol.seed, frame, len(garment.faces)]) for frame in range(garment.frame_count)
    ]
    rotations = [_rotation(protocol, rng) for rng in streams]
    turned = replace(garment, frames=np.stack([_turned(garment, t, by) for t, by in enumerate(rotations)]))
    keypoints, places = [], []
    for frame, (rng, rotation) in enumerate(zip(streams, rotations, strict=True)):
        seen = shown(turned, frame, remesh, rng)
        seed = int(rng.integers(2**31)) if fresh else 0
        # Where triangles are kept, a method may know the motion: points that are held still begin in its first frame.
        one, frames = (turned, [frame]) if remesh == "none" else (seen.garment, None)
        if protocol.disturbance is not None:
            bad, count = protocol.disturbance, method.drawing.points
            one, frames = disturbed(seen.garment, bad, count, rng, up=protocol.up, surface=method.needs_surface), None
        drawn = sample(one, method.drawing.points, seed=seed)
        (found,) = method.find([one], frames, mode=mode, parts="keypoints", drawn=[drawn])
        work_report(garment.name, frame + 1, garment.frame_count)
        keypoints.append(found.keypoints @ rotation)
        places.append(np.asarray(rest.query(seen.at_rest(found.keypoints))[1], dtype=np.int64))
    return Track(np.stack(keypoints), garment, material, np.stack(places))


def _turned(garment: Garment, frame: int, rotation: Floats) -> NDArray[np.float32]:
    return (garment.vertices_in(frame) @ rotation.T).astype(np.float32)


def _rotation(protocol: Protocol, rng: np.random.Generator) -> Floats:
    """Return a random rotation (3, 3)."""
    if protocol.turn == "none":
        return np.eye(3)
    if protocol.turn == "full":
        return np.asarray(Rotation.random(random_state=rng).as_matrix())
    return np.asarray(Rotation.from_euler("xyz"[protocol.up], rng.uniform(0, 2 * np.pi)).as_matrix())


def _values(track: Track, up: int) -> Values:
    modulo = symmetric(track, up, depth=(up + 1) % 3)
    by_kind = {f"flips_{kind}": float(modulo.flipped[kind].mean()) for kind in FLIPS}
    return {**measure(track), "symmetric": float(modulo.error.mean()), "flips": sum(by_kind.values()), **by_kind}


def _mean(each: Sequence[Values]) -> Values:
    """Return the mean of each value over the entries that have it."""
    keys = dict.fromkeys(key for values in each for key in values)
    return {key: float(np.mean([values[key] for values in each if key in values])) for key in keys}


def _thinned(garment: Garment, every: int) -> Garment:
    """Return a garment with one in this many of its frames."""
    landmarks = garment.landmarks
    kept = None if landmarks is None else landmarks.through(range(0, garment.frame_count, every))
    return replace(garment, frames=_frames(garment)[::every], landmarks=kept)


def _frames(garment: Garment) -> NDArray[np.float32] | NDArray[np.float64]:
    assert garment.frames is not None
    return garment.frames


def _common_name(names: Sequence[str]) -> str:
    """Return the common beginning of names, up to a hyphen; the first name if they have none."""
    start = names[0]
    while len(names) > 1 and start and not all(name == start or name.startswith(f"{start}-") for name in names):
        start = start.rpartition("-")[0]
    return start or names[0]
