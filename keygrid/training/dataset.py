"""Training clouds: each depends only on its number, so a resumed run sees the same clouds."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from keygrid.data.augmentation import UP_AXES, Augmentation, horizontal, reflect, rotation
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment, MaterialPoints
from keygrid.data.sampling import Sample, sample
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.model.config import ModelConfig
from keygrid.model.inputs import Inputs, Surface
from keygrid.model.preparation import inputs_of, inputs_of_clouds
from keygrid.training.pairs import Cloth, Pair

TEMPLATE_GARMENTS, TEMPLATE_POINTS = 200, 200
"""Maximum number of garments, and of points on each, from which a template is made."""

TEMPLATE_POWER = 4
"""Power of the distances whose sum over the points is minimised for a template. With 2, as in k-means, all eight
places of tops are on the body; with 4, one is on each sleeve, and the mean distance grows by 3 %."""

FRAMES_A_TURN = 6
"""Number of frames for which a garment gets one more turn among the others, in training along the cloth."""


@dataclass(frozen=True)
class Batch:
    """Clouds to learn from in one step.

    Attributes:
        inputs: B clouds, as inputs of the network.
        pairs: B / 2 pairs of clouds 2 p and 2 p + 1; empty if correspondences are unknown.
        turns: (B, 3, 3), the rotation that took a shape to each cloud, where 2 p and 2 p + 1 are copies of one shape.
    """

    inputs: Inputs
    pairs: tuple[Pair, ...] = ()
    turns: Tensor | None = None

    @property
    def points(self) -> Tensor:
        """(B, N, 3) float32, normalised."""
        return self.inputs.points

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on another device."""
        turns = None if self.turns is None else self.turns.to(device)
        return Batch(self.inputs.to(device), tuple(pair.to(device) for pair in self.pairs), turns)


@dataclass(frozen=True)
class Clouds:
    """Endless augmented clouds of some garments.

    Attributes:
        garments: garments to draw from, each equally often whatever its number of frames.
        model: configuration of the network that learns from them.
        augmentation: how clouds are varied.
        seed: seed of the set; sets with different seeds share no clouds.
        pool: number of different clouds, after which they are repeated; 0 draws a new one each time.
        folder: where pairs of the pool are kept with what the network has to know of each cloud, so that it is worked
            out once; as long as the folder is missing, nothing is kept.
    """

    garments: Dataset
    model: ModelConfig
    augmentation: Augmentation
    seed: tuple[int, ...]
    pool: int = 0
    folder: Path | None = None

    together = 1
    """Number of consecutive clouds that belong together."""

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Return the clouds with these numbers.

        Raises:
            KeygridError: none of the garments can be used.
        """
        inputs, _ = inputs_of_clouds([self._cloud(number) for number in numbers], self.model)
        return Batch(inputs)

    def template(self, keypoints: int) -> Tensor | None:  # noqa: ARG002
        """Return K positions at rest, spread evenly over all garments, (K, 3); None if none are known."""
        return None

    def shuffled(self, epoch: int, size: int) -> list[int]:
        """The numbers of a pass' clouds, each once, in an order that mixes garments: a function of seed and pass."""
        order = np.random.default_rng([*self.seed, epoch, size]).permutation(size // self.together)
        each = order[:, None] * self.together + np.arange(self.together)
        return (epoch * size + each.ravel()).tolist()

    def _cloud(self, index: int) -> NDArray[np.float64]:
        return self._shape(index, self.pool, self.augmentation)[1]

    def _shape(self, index: int, pool: int, vary: Augmentation) -> tuple[np.random.Generator, NDArray[np.float64]]:
        """Return a cloud (N, 3), varied, and the generator of what is random in it from there on."""
        index = index % pool if pool else index
        rng = np.random.default_rng([*self.seed, index])
        drawn = self.garments.draw(index, self.model.points, seed=int(rng.integers(2**32)))
        # A smaller cloud is used whole with repeated points, so that all clouds of a batch have the same size.
        return rng, vary(np.resize(drawn, (self.model.points, 3)), rng)


@dataclass(frozen=True)
class TurnedClouds(Clouds):
    """Endless pairs of copies of an augmented cloud, each turned, made noisy and thinned in its own way, as in SC3K."""

    together = 2

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Return the clouds with these numbers, in which 2 p and 2 p + 1 must be consecutive.

        Raises:
            KeygridError: none of the garments can be used.
        """
        copies = [copy for first in numbers[::2] for copy in self._copies(first // 2)]
        inputs, _ = inputs_of_clouds([points for points, _ in copies], self.model)
        turns = np.stack([turn for _, turn in copies]).astype(np.float32)
        return Batch(inputs, turns=torch.from_numpy(turns))

    def _copies(self, index: int) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return both copies of a shape, and the rotation (3, 3) of each."""
        vary = self.augmentation
        rng, shape = self._shape(index, self.pool // 2, replace(vary, rotate=0, noise=0, drop=0))
        disturb = replace(vary, mirror=False, scale=0, deform=0, rotate=0)
        angles = np.deg2rad(rng.uniform(-vary.rotate, vary.rotate, 2))
        turns = [rotation(UP_AXES[vary.up], angle) for angle in angles]
        return [(disturb(shape @ turn.T, rng), turn) for turn in turns]


@dataclass(frozen=True)
class PairedClouds(Clouds):
    """Endless pairs of augmented clouds: two frames of one garment, from any of its motions, each sampled separately.

    Garments with the same triangles are one garment in several motions. Both clouds of a pair are reflected, or none
    is. To a network that reads the surface, each is shown with that of its frame, as it is before points are varied.
    """

    together = 2
    _order: list[tuple[Cloth, list[int]]] = field(default_factory=list, init=False, repr=False, compare=False)

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Return the clouds with these numbers, in which 2 p and 2 p + 1 must be consecutive.

        Raises:
            KeygridError: none of the garments can be used, or one of them is a cloud.
        """
        pairs = [first // 2 % (self.pool // 2) if self.pool else first // 2 for first in numbers[::2]]
        found = [self._kept(pair) if self.pool and self.folder else self._drawn(pair) for pair in pairs]
        points = torch.cat([inputs.points for inputs, _ in found])
        surfaces = tuple(surface for inputs, _ in found for surface in inputs.surfaces)
        return Batch(Inputs(points, surfaces), tuple(pair for _, pair in found))

    def template(self, keypoints: int) -> Tensor:
        """Return K positions at rest, spread evenly over all garments, (K, 3).

        Each is a point of a garment, so it is on the cloth.
        """
        rng = np.random.default_rng(0)
        every = list({id(cloth): cloth for cloth, _ in self._turns()}.values())
        rests = [every[i].rest.numpy() for i in rng.permutation(len(every))[:TEMPLATE_GARMENTS]]
        points = np.concatenate([rest[rng.permutation(len(rest))[:TEMPLATE_POINTS]] for rest in rests])
        tries = (_spread(points.astype(np.float64), keypoints, rng) for _ in range(8))
        places, _ = min(tries, key=lambda found: found[1])
        return torch.from_numpy(points[cKDTree(points).query(places)[1]])

    def _kept(self, index: int) -> tuple[Inputs, Pair]:
        """Return pair `index` from the folder; draw and save it if it is missing or damaged."""
        assert self.folder is not None
        turns = self._turns()
        path = self.folder / f"{'-'.join(map(str, self.seed))}-{index:06d}.pt"
        with suppress(OSError, RuntimeError, ValueError, EOFError, UnpicklingError, KeyError):
            known = torch.load(path, weights_only=True)
            surfaces = tuple(Surface(*one) for one in known["surfaces"])
            return Inputs(known["points"], surfaces), Pair(turns[index % len(turns)][0], *known["pair"])
        inputs, pair = self._drawn(index)
        known = {
            "points": inputs.points,
            "surfaces": [(one.operators, one.corners, one.barycentric) for one in inputs.surfaces],
            "pair": (pair.anchors, pair.barycentric, pair.rest),
        }
        with suppress(KeygridError), atomic(path, durable=False) as temporary:
            torch.save(known, temporary)
        return inputs, pair

    def _drawn(self, index: int) -> tuple[Inputs, Pair]:
        shown, pair = self._pair(index)
        inputs, _ = inputs_of([garment for garment, _ in shown], [drawn for _, drawn in shown], self.model)
        return inputs, pair

    def _pair(self, index: int) -> tuple[list[tuple[Garment, Sample]], Pair]:
        rng = np.random.default_rng([*self.seed, index])
        turns = self._turns()
        cloth, motions = turns[index % len(turns)]
        drawn, shown = [], []
        is_mirrored = self.augmentation.mirror and rng.random() < 0.5
        vary = replace(self.augmentation, mirror=False, drop=0)
        for garment in (self.garments.garment(int(rng.choice(motions))) for _ in range(2)):
            material = self._draw(garment, rng)
            vertices = garment.vertices_in(int(rng.integers(max(garment.frame_count, 1))))
            points = material.on(vertices, garment.faces)
            if is_mirrored:
                points, vertices = (reflect(shape, self.augmentation.up) for shape in (points, vertices))
            if self.augmentation.folds and rng.random() < self.augmentation.folds:
                points = vary.folded(points, rng)
            points = vary(points, rng)
            if self.augmentation.scans and rng.random() < self.augmentation.scans:
                points, seen = vary.scanned(points, rng)
                material = MaterialPoints(material.faces[seen], material.barycentric[seen])
            drawn.append(material)
            shown.append(
                (
                    replace(garment, vertices=vertices, frames=None),
                    Sample(material.faces, material.barycentric, points),
                )
            )
        pair = Pair.of(cloth, garment.faces, drawn)
        return shown, pair.mirrored(horizontal(self.augmentation.up)) if is_mirrored else pair

    def _draw(self, garment: Garment, rng: np.random.Generator) -> MaterialPoints:
        drawn = sample(garment, self.model.points, seed=int(rng.integers(2**32)))
        kept = self.augmentation.kept(self.model.points, rng)
        return MaterialPoints(drawn.faces[kept], drawn.barycentric[kept])

    def _turns(self) -> list[tuple[Cloth, list[int]]]:
        """The order in which garments are shown, again and again: the cloth of each, and the numbers of its motions.

        A garment with more frames comes more often, so that a few moving garments are not rare among many still ones.
        """
        if not self._order:
            known: dict[bytes, tuple[Cloth, list[int]]] = {}
            frames: Counter[bytes] = Counter()
            for number in range(len(self.garments)):
                garment = self.garments.garment(number)
                if garment.is_cloud:
                    raise KeygridError(
                        f"{garment.name} is a cloud, but the preset keygrid learns from surfaces; choose the "
                        "preset released."
                    )
                content = garment.faces.tobytes()
                if content not in known:
                    known[content] = Cloth.of(garment), []
                known[content][1].append(number)
                frames[content] += max(garment.frame_count, 1)
            turns = []
            for place, (content, garment_and_motions) in enumerate(known.items()):
                count = ceil(frames[content] / FRAMES_A_TURN)
                turns += [((turn + place / len(known)) / count, garment_and_motions) for turn in range(count)]
            self._order.extend(garment for _, garment in sorted(turns, key=lambda turn: turn[0]))
        return self._order


def _spread(points: NDArray[np.float64], count: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
    """Return places (count, 3) about which the mean of distances to the `TEMPLATE_POWER` is small, and that mean.

    Lloyd's algorithm, with each point weighted by its distance to the power minus two.
    """
    places = points[rng.choice(len(points), count, replace=False)]
    for _ in range(50):
        away, nearest = cKDTree(places).query(points)
        weights = np.maximum(away, 1e-3) ** (TEMPLATE_POWER - 2)
        sums = [np.bincount(nearest, weights * values, count) for values in points.T]
        # A place that is nearest to no point, for example because points coincide, stays where it is.
        totals = np.bincount(nearest, weights, count)[:, None]
        places = np.where(totals > 0, np.stack(sums, axis=1) / np.maximum(totals, 1e-12), places)
    return places, float(np.mean(np.asarray(cKDTree(places).query(points)[0]) ** TEMPLATE_POWER))
