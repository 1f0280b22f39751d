"""The table of metrics of keypoints on a garment.

Evaluation, validation, the window's panes, curves and reports loop over `METRICS`, so a metric that is added there
appears in all of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment

if TYPE_CHECKING:
    from scipy.spatial import cKDTree  # takes longer to import than a window may to start

    from keygrid.evaluation.material import Material

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TOLERANCE = 0.02
"""Distance from a keypoint within which a layer of cloth counts as its own, as a share of the garment's extent."""

MATCHED = 0.1
"""Distance at which a keypoint matches a landmark, as a share of the diagonal of the garment's box."""

ROOT_AREA = "√area"
"""Unit of distances along the cloth at rest: the square root of the cloth's area."""


class Need(StrEnum):
    """A property of a garment that a metric needs, in words."""

    SURFACE = "a surface"
    MOTION = "a garment that moves"
    LANDMARKS = "a garment with landmarks"


@dataclass(frozen=True, eq=False)
class Track:
    """Keypoints of one garment in all its frames, and the values that metrics derive from them, cached on first use.

    T frames, K keypoints, V' vertices of the refined mesh (`Material`).

    Attributes:
        keypoints: (T, K, 3), file units; T is 1 if the garment does not move.
        garment: any garment.
        known_material: the garment's material, if already computed.
        known_places: `places`, if known more exactly than by the nearest vertex.
    """

    keypoints: Floats
    garment: Garment
    known_material: "Material | None" = None
    known_places: Integers | None = None

    @cached_property
    def offers(self) -> frozenset[Need]:
        """Properties that the garment has."""
        known = {
            Need.SURFACE: not self.garment.is_cloud,
            Need.MOTION: self.garment.frames is not None,
            Need.LANDMARKS: self.garment.landmarks is not None,
        }
        return frozenset(need for need, is_known in known.items() if is_known)

    @cached_property
    def material(self) -> "Material":
        """The surface at rest.

        Raises:
            KeygridError: the garment is a cloud.
        """
        from keygrid.evaluation.material import Material

        return self.known_material or Material.of(self.garment)

    @cached_property
    def trees(self) -> "list[cKDTree]":
        """T search trees of the refined mesh's vertices, or of a cloud's points."""
        from scipy.spatial import cKDTree

        shapes = (self.garment.vertices_in(frame) for frame in range(len(self.keypoints)))
        return [cKDTree(shape if self.garment.is_cloud else self.material.of_vertices @ shape) for shape in shapes]

    @cached_property
    def places(self) -> Integers:
        """Nearest vertex of the refined mesh to each keypoint, (T, K)."""
        if self.known_places is not None:
            return self.known_places
        found = [tree.query(keypoints)[1] for tree, keypoints in zip(self.trees, self.keypoints, strict=True)]
        return np.array(found, dtype=np.int64)

    @cached_property
    def near(self) -> list[list[Integers]]:
        """Vertices within `TOLERANCE` of each keypoint, and its nearest one: T lists of K arrays."""
        found = []
        for tree, keypoints, places in zip(self.trees, self.keypoints, self.places, strict=True):
            reach = TOLERANCE * float(np.ptp(tree.data, axis=0).max())
            around = tree.query_ball_point(keypoints, reach)
            found.append([np.array([*some, place], dtype=np.int64) for some, place in zip(around, places, strict=True)])
        return found

    @cached_property
    def distances(self) -> Floats:
        """Distances from each keypoint's place to all vertices along the cloth at rest, (T, K, V'), in √area."""
        return self.material.distances(self.places.ravel()).reshape(*self.places.shape, -1)

    @cached_property
    def from_home(self) -> Floats:
        """Distances from each keypoint's medoid place over the frames to all vertices, (K, V')."""
        homes = []
        for k, places in enumerate(self.places.T):
            between = self.distances[:, k][:, places]  # [T, T]
            homes.append(self.distances[between.sum(axis=1).argmin(), k])
        return np.array(homes)

    @cached_property
    def strict(self) -> Floats:
        """Distance along the cloth from each keypoint's place to its home, (T, K), in √area."""
        return self.from_home[np.arange(self.places.shape[1]), self.places]

    @cached_property
    def tolerant(self) -> Floats:
        """Smallest distance to its home from any vertex near each keypoint, (T, K), in √area."""
        found = [[home[near].min() for home, near in zip(self.from_home, each, strict=True)] for each in self.near]
        return np.array(found)


def _pck(threshold: float) -> Callable[[Track], Floats]:
    return lambda track: (track.tolerant <= threshold).astype(np.float64)


def _coverage(track: Track) -> Floats:
    """Return the coverage by frame, (T,)."""
    if Need.SURFACE in track.offers:
        return track.distances.min(axis=1) @ track.material.shares
    from scipy.spatial import cKDTree

    pairs = zip(track.keypoints, track.trees, strict=True)
    return np.array([np.mean(cKDTree(found).query(tree.data)[0]) for found, tree in pairs]) / track.garment.diagonal


def _consistency(track: Track) -> Floats | None:
    """Return 1 where a keypoint is still the nearest to its place in the first frame, otherwise 0, (T - 1, K)."""
    frames, keypoints = track.places.shape
    if frames < 2:
        return None
    nearest = track.distances[1:, :, track.places[0]].argmin(axis=1)
    return (nearest == np.arange(keypoints)).astype(np.float64)


def _agreement(track: Track) -> Floats | None:
    """Return the landmark agreement by frame, (T,), or fewer if landmarks are known in some frames only."""
    if track.garment.landmarks is None or len(track.keypoints) < 2:
        return None
    found = agreement_by_frame(track.keypoints, _followed(track))
    return found[np.isfinite(found)] if np.isfinite(found).any() else None


def _followed(track: Track) -> Floats:
    """Return the position of each distinct landmark in each frame, (T, M, 3); NaN where unknown."""
    garment, marks = track.garment, track.garment.landmarks
    assert marks is not None
    rows = {name: row for row, name in enumerate(dict.fromkeys(marks.names))}
    found = np.full((len(track.keypoints), len(rows), 3), np.nan)
    for frame, shape in enumerate(found):
        known = marks.in_frame(frame)
        if known.names:
            shape[[rows[name] for name in known.names]] = known.on(garment.vertices_in(frame), garment.faces)
    return found


def _off_surface(track: Track) -> Floats:
    """Return each keypoint's distance from the surface, (T, K)."""
    pairs = zip(track.trees, track.keypoints, strict=True)
    return np.array([tree.query(keypoints)[0] for tree, keypoints in pairs]) / track.garment.diagonal


def _overlap(track: Track) -> Floats | None:
    """Return the overlap with landmarks by frame, (T,), or fewer if landmarks are known in some frames only."""
    if track.garment.landmarks is None:
        return None
    reach, found = MATCHED * track.garment.diagonal, []
    for keypoints, marks in zip(track.keypoints, _followed(track), strict=True):
        known = marks[np.isfinite(marks[:, 0])]
        if len(known):
            found.append(overlap(keypoints, known, reach))
    return np.array(found) if found else None


def overlap(keypoints: Floats, landmarks: Floats, reach: float) -> float:
    """Return the number of matching keypoints and landmarks divided by the number of all, counting pairs once.

    As many pairs as possible no further apart than `reach` are formed, without using a keypoint or landmark twice (mean
    intersection over union, KeypointNet, CVPR 2020, where distances follow the surface).

    Args:
        keypoints: (K, 3).
        landmarks: (M, 3).
        reach: largest distance of a pair, in the same units.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    near = cdist(keypoints, landmarks) <= reach
    matched = int(near[linear_sum_assignment(near, maximize=True)].sum())
    return matched / (len(keypoints) + len(landmarks) - matched)


def landmark_agreement(keypoints: Floats, landmarks: Floats) -> float:
    """Return the dual alignment score of keypoints and landmarks over frames, from 0 to 1.

    It is the mean of two shares over all pairs of different frames: keypoints with the same nearest landmark in both
    frames, and landmarks with the same nearest keypoint (Skeleton Merger, CVPR 2021, whose released evaluation also
    counts pairs of a sample with itself).

    Args:
        keypoints: (T, K, 3), T of 2 or more.
        landmarks: (T, M, 3), in the same frames; NaN where unknown. Only landmarks known in both frames of a pair
            count, and pairs without any are left out.
    """
    return float(np.nanmean(agreement_by_frame(keypoints, landmarks)))


def agreement_by_frame(keypoints: Floats, landmarks: Floats) -> Floats:
    """Return `landmark_agreement` of each frame with all others, (T,); NaN if no other frame has a common landmark.

    Args:
        keypoints: as for `landmark_agreement`.
        landmarks: as for `landmark_agreement`.
    """
    between = np.linalg.norm(keypoints[:, :, None] - landmarks[:, None], axis=-1)  # [T, K, M]
    known = np.isfinite(landmarks[..., 0])
    if known.size and known.all():
        return (_kept(between.argmin(axis=2)) + _kept(between.argmin(axis=1))) / 2
    frames = len(keypoints)
    found = np.full((frames, frames), np.nan)
    for one in range(frames):
        for other in range(one):
            both = known[one] & known[other]
            if both.any():
                here, there = between[one][:, both], between[other][:, both]
                same = [np.mean(here.argmin(axis=axis) == there.argmin(axis=axis)) for axis in (0, 1)]
                found[one, other] = found[other, one] = np.mean(same)
    counts = np.isfinite(found).sum(axis=1)
    means: Floats = np.where(counts > 0, np.nansum(found, axis=1) / np.maximum(counts, 1), np.nan)
    return means


def _kept(nearest: Integers) -> Floats:
    """Return for each row of (T, N) the share of equal entries in other rows, (T,)."""
    frames = len(nearest)
    same = (nearest[:, None] == nearest[None]).sum(axis=(1, 2)) - nearest.shape[1]  # without a row with itself
    return same / ((frames - 1) * nearest.shape[1])


@dataclass(frozen=True)
class Metric:
    """A metric of keypoints on a garment.

    Attributes:
        key: name in files.
        title: name in reports.
        short: short name.
        unit: unit of its values.
        better: whether lower or higher values are better.
        needs: properties that the garment must have.
        explanation: meaning for users: a phrase without a full stop.
        of: computes it from a track with the needed properties: a number, or an array whose mean counts, (T,) by frame
            or (T, K) by frame and keypoint; None if the track is too short.
        brief: whether it is also shown where space is limited: below a view, and in the curves of a training run.
    """

    key: str
    title: str
    short: str
    unit: str
    better: Literal["lower", "higher"]
    needs: frozenset[Need]
    explanation: str
    of: Callable[[Track], Floats | float | None]
    brief: bool = True

    @property
    def description(self) -> str:
        """The full meaning in one line."""
        return f"{self.explanation} ({self.unit}; {self.better} is better)"

    def text(self, measures: Mapping[str, float] | None) -> str:
        """Return the metric's value among some measures as text; a dash if it was not measured."""
        return "–" if measures is None or self.key not in measures else f"{measures[self.key]:.3f}"


_ON_CLOTH = frozenset({Need.SURFACE, Need.MOTION})

METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric(
            "strict", "Strict error", "strict error", ROOT_AREA, "lower", _ON_CLOTH,
            "mean distance, along the cloth at rest, from a keypoint to its home, the place nearest to all its "
            "other places",
            lambda track: track.strict, brief=False,
        ),
        Metric(
            "tolerant", "Layer-tolerant error", "tolerant error", ROOT_AREA, "lower", _ON_CLOTH,
            f"the same distance, measured from the best place within {TOLERANCE:.0%} of the garment's extent around "
            "the keypoint, because a cloud can't distinguish layers that touch",
            lambda track: track.tolerant,
        ),
        Metric(
            "pck_05", "PCK at .05", "PCK .05", "share", "higher", _ON_CLOTH,
            "layer-tolerant errors of 0.05 √area or less", _pck(0.05), brief=False,
        ),
        Metric(
            "pck_10", "PCK at .1", "PCK .1", "share", "higher", _ON_CLOTH,
            "layer-tolerant errors of 0.1 √area or less", _pck(0.1), brief=False,
        ),
        Metric(
            "coverage", "Coverage", "coverage", ROOT_AREA, "lower", frozenset(),
            "mean distance along the cloth from a place on the garment to the nearest keypoint; for a cloud, "
            "the straight distance divided by the diagonal of its box",
            _coverage,
        ),
        Metric(
            "consistency", "Self-consistency", "self-consistency", "share", "higher", _ON_CLOTH,
            "share of keypoints that in later frames are still the nearest to their place in the first frame "
            "(SC3K); meaningful only together with the coverage",
            _consistency,
        ),
        Metric(
            "agreement", "Landmark agreement", "landmark agreement", "share", "higher",
            frozenset({Need.MOTION, Need.LANDMARKS}),
            "share of keypoints and landmarks that stay each other's nearest in pairs of frames (dual alignment score)",
            _agreement,
        ),
        Metric(
            "miou", "mIoU of landmarks", "mIoU", "share", "higher", frozenset({Need.LANDMARKS}),
            f"pairs of a keypoint and a landmark within {MATCHED} of the box's diagonal, over all keypoints and "
            "landmarks",
            _overlap, brief=False,
        ),
        Metric(
            "off_surface", "Distance to the surface", "off surface", "share of the diagonal", "lower", frozenset(),
            "distance from a keypoint to the nearest place on the garment, divided by the diagonal of its box",
            _off_surface, brief=False,
        ),
    )
}  # fmt: skip
"""All metrics by key, in display order."""

MODULO = {"symmetric": "strict modulo symmetries", "flips": "frames flipped"}
"""Additional measurements: the strict error modulo the garment's symmetries, and the share of flipped frames."""

HEADLINE = ("strict", "tolerant", "coverage", "consistency")
"""Metrics that are reported with intervals."""


@dataclass(frozen=True, eq=False)
class Measures(Mapping[str, float]):
    """Values of metrics by key, if measured.

    Attributes:
        parts: the numbers whose mean is the value: a number, or (T,) or (T, K) for T frames and K keypoints.
    """

    parts: Mapping[str, Floats]

    def __getitem__(self, key: str) -> float:
        return float(self.parts[key].mean())

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


def measure(track: Track) -> Measures:
    """Measure all metrics whose needs the track's garment meets."""
    possible = (metric for metric in METRICS.values() if metric.needs <= track.offers)
    found = {metric.key: metric.of(track) for metric in possible}
    return Measures({key: np.asarray(value, np.float64) for key, value in found.items() if value is not None})


def mean(of: Sequence[Measures]) -> Measures:
    """Return each metric's mean over the measures that have it."""
    keys = [key for key in METRICS if any(key in one for one in of)]
    values = {key: [one[key] for one in of if key in one] for key in keys}
    return Measures({key: np.array(sum(known) / len(known)) for key, known in values.items()})
