"""Simulation of one motion of a garment, from a mesh to a sequence on disk, in steps that can be interrupted."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.readers.sequence import write_sequence
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.geometry.mesh import edge_lengths, edges_of
from keygrid.simulation.checks import Checks, check
from keygrid.simulation.motions import STRETCH, Grip, Motion, begin, grip, stages
from keygrid.simulation.remesh import Remeshed, refuse_unfit, remesh
from keygrid.work import report

Floats = NDArray[np.float64]
Report = Callable[[int, int], None]
"""Receives the number of finished frames and of all simulated frames."""

STARTING = "starting (the first run on a machine takes a minute to compile the solver)"
"""The stage that is shown until the first report."""

SAVED_EVERY = 10
"""Number of simulated frames between saving points of an unfinished run."""

_UNFINISHED = 2
"""Format version of an unfinished run's file."""

_GUESSED_STAGE = 80
"""Assumed number of simulated frames of a stage, until it is known."""

TO_SIMULATOR: dict[str, Floats] = {
    "x": np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    "y": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "z": np.eye(3),
}
"""Rotations from a file's vertical axis to z, the simulator's."""


@dataclass(frozen=True)
class Recipe:
    """A garment's motion, and how it is stored.

    Attributes:
        motion: the motion.
        frames: number of stored frames, evenly spaced over the motion.
        seed: seed of everything random: how a garment lies, where it is gripped, its friction and stiffness.
        vertices: approximate number of vertices of the simulated mesh.
        up: the vertical axis of the garment's file.
        own_mesh: whether the sequence uses the garment's own vertices instead of the simulated ones.
    """

    motion: Motion
    frames: int = 20
    seed: int = 0
    vertices: int = 1500
    up: Literal["x", "y", "z"] = "y"
    own_mesh: bool = False


@dataclass(frozen=True, eq=False)
class Result:
    """A sequence that passed its checks.

    Attributes:
        garment: the result with frames, in the units and axes of the original garment; the ground is at height zero.
        checks: results of the checks.
        about: description of its origin, for its file.
    """

    garment: Garment
    checks: Checks
    about: dict[str, Any]


def simulate(
    garment: Garment, recipe: Recipe, *, unfinished: Path | None = None, report: Report | None = None,
    device: str = "cpu",
) -> Result:  # fmt: skip
    """Simulate a garment.

    Args:
        garment: a manifold surface in one piece, in any unit, upright as when worn.
        recipe: the motion, and how it is stored.
        unfinished: file in which progress is saved; if it exists and belongs to the same run, the simulation continues
            from it, with the same result as without an interruption. Removed at the end.
        report: receives progress.
        device: device by Warp's name: cpu, cuda:0.

    Raises:
        KeygridError: the garment can't be simulated, or the result fails its checks.
    """
    _refuse_nonsense(recipe)
    mesh = remesh(garment, recipe.vertices)
    run = _Run(mesh, recipe, device)
    if unfinished is not None:
        run.load(unfinished)
    while not run.is_done:
        run.advance()
        if report is not None:
            report(run.frame, run.total)
        if unfinished is not None and run.frame % SAVED_EVERY == 0 and not run.is_done:
            run.save(unfinished)
    checks = run.check()
    failures = checks.failures()
    if unfinished is not None:
        unfinished.unlink(missing_ok=True)
    if failures:
        raise KeygridError(
            f"The {recipe.motion} of {garment.name} failed its checks and was discarded: "
            f"{'; '.join(failures)}. Try another seed or number of vertices."
        )
    about = {
        "motion": recipe.motion, "seed": recipe.seed, "up": recipe.up, "vertices": recipe.vertices,
        "material": run.material_parameters, "checks": checks.as_dict(), "simulator": run.simulator,
    }  # fmt: skip
    return Result(_finished(garment, mesh, recipe, run.kept_frames()), checks, about)


def simulate_to(
    garment: Garment, recipe: Recipe, folder: Path, name: str, *, about: dict[str, Any] | None = None,
    device: str = "cpu",
) -> Path:  # fmt: skip
    """Simulate into `folder/name.npz`, unless that file exists; return its path.

    Progress is reported to `keygrid.work.report` under this name.

    Raises:
        KeygridError: as for `simulate`, or the folder can't be written.
    """
    path = folder / f"{name}.npz"
    if path.exists():
        return path
    _refuse_nonsense(recipe)
    refuse_unfit(garment)  # before anything is made
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KeygridError(f"The folder {folder} can't be made: {error.strerror}.") from error
    unfinished = folder / f".{name}.unfinished.npz"
    result = simulate(garment, recipe, unfinished=unfinished, report=partial(report, name), device=device)
    write_sequence(replace(result.garment, name=name), path, {**result.about, **(about or {})})
    return path


class _Run:
    """A simulation in progress, in the simulator's lengths, with z up."""

    def __init__(self, mesh: Remeshed, recipe: Recipe, device: str) -> None:
        from keygrid.simulation.cloth import EDGE, Material

        self._recipe, self._device = recipe, device
        garment = mesh.garment
        self._faces = garment.faces
        edges, _ = edges_of(self._faces)
        self.scale = EDGE / float(edge_lengths(garment.vertices, edges).mean())
        worn = garment.vertices @ TO_SIMULATOR[recipe.up].T * self.scale
        self._rest = worn - (worn.min(axis=0) + worn.max(axis=0)) / 2
        rng = np.random.default_rng([recipe.seed, 0])
        bend, friction = float(rng.uniform(2, 8)), float(rng.uniform(0.35, 0.65))
        self._material = Material(bend, STRETCH.get(recipe.motion, Material.stretch), friction)
        self._start = begin(recipe.motion, self._rest, rng)
        self._grip: Grip | None = None
        self._stage, self._begun = 0, self._start.settling
        self._settled = self._start.vertices
        self._kept: dict[int, Floats] = {}
        self._wanted: list[int] = []
        self._contacts = 0.0
        self.frame = 0
        self._cloth = self._make_cloth(self._start.vertices, np.zeros_like(self._rest))
        self._enter_frame()

    @property
    def material_parameters(self) -> dict[str, float]:
        return asdict(self._material)

    @property
    def simulator(self) -> str:
        from importlib.metadata import version

        return f"newton {version('newton')}, warp-lang {version('warp-lang')}, VBD"

    @property
    def total(self) -> int:
        """Number of simulated frames; an estimate before the last stage begins."""
        to_come = stages(self._recipe.motion) - self._stage - 1
        return self._begun + (self._lasting if self._grip else _GUESSED_STAGE) + to_come * _GUESSED_STAGE

    @property
    def is_done(self) -> bool:
        return self._grip is not None and self._is_last and self.frame >= self._begun + self._lasting

    @property
    def _is_last(self) -> bool:
        return self._stage == stages(self._recipe.motion) - 1

    @property
    def _lasting(self) -> int:
        """Number of simulated frames of the current stage."""
        assert self._grip is not None
        return max(self._grip.lasting, self._recipe.frames - 1)

    def advance(self) -> None:
        held = self._grip_start
        if self._grip is not None and len(held):
            share = (self.frame + 1 - self._begun) / self._lasting
            held = held + self._grip.path(share)
        self._contacts = max(self._contacts, self._cloth.advance(held))
        self.frame += 1
        self._enter_frame()

    def _enter_frame(self) -> None:
        """Grip the garment once it rests, and again after each stage; store the frames that are due."""
        if self._grip is not None and not self._is_last and self.frame == self._begun + self._lasting:
            self._stage, self._begun, self._grip = self._stage + 1, self.frame, None
        if self._grip is None and self.frame == self._begun:
            self._settled = self._cloth.positions
            self._take_grip()
        if self.frame in self._wanted:
            self._kept[self.frame] = self._cloth.positions

    def _take_grip(self) -> None:
        rng = np.random.default_rng([self._recipe.seed, 1 + self._stage])
        self._grip = grip(self._recipe.motion, self._settled, rng, self._stage)
        self._cloth.grip(self._grip.gripped)
        # Each stage keeps its share of the frames, and the first one also where it begins.
        first, last = (self._recipe.frames * (self._stage + i) // stages(self._recipe.motion) for i in (0, 1))
        steps = np.linspace(self._begun, self._begun + self._lasting, last - first + (self._stage > 0))
        self._wanted += np.round(steps[1:] if self._stage else steps).astype(int).tolist()

    @property
    def _grip_start(self) -> Floats:
        return self._settled[self._grip.gripped] if self._grip is not None else np.empty((0, 3))

    def kept_frames(self) -> Floats:
        """Return the stored frames (T, V, 3), in file units and axes."""
        frames: Floats = self._kept_positions() @ TO_SIMULATOR[self._recipe.up] / self.scale
        return frames

    def check(self) -> Checks:
        return check(self._rest, self._kept_positions(), self._faces, self._contacts)

    def _kept_positions(self) -> Floats:
        return np.stack([self._kept[frame] for frame in self._wanted])

    def _make_cloth(self, positions: Floats, velocities: Floats) -> Any:
        from keygrid.simulation.cloth import Cloth

        return Cloth(self._rest, positions, velocities, self._faces, material=self._material, device=self._device)

    # Interruption

    @property
    def _identity(self) -> str:
        digest = hashlib.sha256(f"{_UNFINISHED} {self._recipe!r}".encode())
        digest.update(self._rest.tobytes())
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        with atomic(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file, identity=self._identity, frame=self.frame, positions=self._cloth.positions,
                velocities=self._cloth.velocities, settled=self._settled, contacts=self._contacts,
                stage=self._stage, begun=self._begun, wanted=np.array(self._wanted, np.int64),
                kept=np.array(list(self._kept), np.int64), frames=np.array(list(self._kept.values())),
            )  # fmt: skip

    def load(self, path: Path) -> None:
        """Continue from a saved run; ignore a damaged one, or one of another garment or recipe."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
                if str(saved["identity"]) != self._identity:
                    return
                state = {name: saved[name] for name in saved.files}
        except Exception:  # A damaged archive can make NumPy raise anything, and starting afresh mends it.
            return
        self._cloth = self._make_cloth(state["positions"], state["velocities"])
        self.frame, self._contacts, self._settled = int(state["frame"]), float(state["contacts"]), state["settled"]
        self._grip = None
        self._stage, self._begun, self._wanted = int(state["stage"]), int(state["begun"]), []
        if self.frame >= self._begun:
            self._take_grip()
            self._wanted = state["wanted"].tolist()
        self._kept = dict(zip(state["kept"].tolist(), state["frames"], strict=True))


def _finished(garment: Garment, mesh: Remeshed, recipe: Recipe, frames: Floats) -> Garment:
    source = garment.origin or (garment.source.name if garment.source else "a mesh")
    origin = f"{source}; {recipe.motion} simulated with Newton"
    if recipe.own_mesh:
        own = np.stack([mesh.carry_back(frame) for frame in frames])
        return replace(garment, frames=own.astype(np.float32), source=None, origin=origin)
    return replace(mesh.garment, frames=frames.astype(np.float32), source=None, origin=origin)


def _refuse_nonsense(recipe: Recipe) -> None:
    if not 2 <= recipe.frames <= 600:
        raise KeygridError(f"A sequence must have 2 to 600 frames; you gave {recipe.frames}.")
    if not 200 <= recipe.vertices <= 20_000:
        raise KeygridError(f"A garment must be simulated with 200 to 20000 vertices; you gave {recipe.vertices}.")
    if recipe.seed < 0:
        raise KeygridError("A seed must be a whole number from 0 up.")
