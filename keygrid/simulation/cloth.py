"""Newton's VBD cloth solver, set up for garments.

Lengths are in the simulator's own unit: a garment is scaled so that its edges are `EDGE` long. The settings below are
for cloth of that size in centimetres, grams and seconds, so they suit every garment. z points up; the ground is at 0.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

EDGE = 2.3
RATE = 60
"""Simulated frames per second."""

SUBSTEPS = 6
ITERATIONS = 4
GRAVITY = 981.0
DENSITY = 0.02
STRETCH_DAMPING = 1.5e-2
BEND_DAMPING = 0.5
RADIUS = 0.8
"""Height above the ground at which vertices come to rest."""

CONTACT = 1e5
"""Stiffness of contact with the ground; with a tenth of it, vertices sink in by their radius or more."""

CONTACT_DAMPING = 10.0
SELF_MARGIN = 0.3
SELF_GAP = 0.3
"""Cloth keeps a distance of `SELF_MARGIN` from itself, and detects cloth within `SELF_GAP` beyond that."""

TOP_SPEED = 0.425 * (SELF_MARGIN + SELF_GAP) * SUBSTEPS * RATE
"""Largest motion in a substep, as a share of the distance within which the solver detects contacts."""

VERTEX_CONTACTS, EDGE_CONTACTS = 64, 128
"""Maximum number of contacts of a vertex and of an edge; the solver drops further ones."""


@dataclass(frozen=True)
class Material:
    """Properties of a cloth.

    Attributes:
        bend: resistance to bending.
        stretch: resistance to stretching and shearing.
        friction: Coulomb's friction coefficient, with the ground and with itself.
    """

    bend: float = 5.0
    stretch: float = 1e4
    friction: float = 0.5


class Cloth:
    """A piece of cloth on the ground that can be gripped.

    Args:
        rest: (V, 3) the shape without strain.
        start: (V, 3), initial positions.
        velocity: (V, 3), initial velocity.
        faces: (F, 3).
        material: material of the cloth.
        device: device by Warp's name.
    """

    def __init__(
        self, rest: Floats, start: Floats, velocity: Floats, faces: Integers, *, material: Material, device: str = "cpu"
    ) -> None:
        import warp as wp

        wp.config.log_level = wp.LOG_ERROR  # it would tell of every kernel, and of a missing GPU
        import newton

        builder: Any = newton.ModelBuilder(up_axis=newton.Axis.Z, gravity=(0.0, 0.0, -GRAVITY))
        builder.add_cloth_mesh(
            pos=wp.vec3(0.0, 0.0, 0.0), rot=wp.quat_identity(), scale=1.0, vel=wp.vec3(0.0, 0.0, 0.0),
            vertices=[wp.vec3(*vertex) for vertex in rest.tolist()], indices=faces.reshape(-1).tolist(),
            density=DENSITY, tri_ke=material.stretch, tri_ka=material.stretch, tri_kd=STRETCH_DAMPING,
            edge_ke=material.bend, edge_kd=BEND_DAMPING, particle_radius=RADIUS,
        )  # fmt: skip
        shape = newton.ModelBuilder.ShapeConfig(ke=CONTACT, kd=CONTACT_DAMPING, mu=material.friction)
        builder.add_ground_plane(cfg=shape)
        builder.color()
        self._model: Any = builder.finalize(device=device)
        # Cloth has no shape of its own to return to: at rest every edge is flat.
        self._model.edge_rest_angle.zero_()
        self._model.soft_contact_ke, self._model.soft_contact_kd = CONTACT, CONTACT_DAMPING
        self._model.soft_contact_mu = material.friction
        self._gripped: Integers = np.empty(0, np.int64)
        self._solver: Any = newton.solvers.SolverVBD(
            self._model,
            iterations=ITERATIONS,
            particle_enable_self_contact=True,
            particle_self_contact_margin=SELF_MARGIN,
            particle_self_contact_gap=SELF_GAP,
            particle_topological_contact_filter_threshold=1,
            particle_rest_shape_contact_exclusion_radius=0.5,
            particle_vertex_contact_buffer_size=VERTEX_CONTACTS,
            particle_edge_contact_buffer_size=EDGE_CONTACTS,
        )
        self._now, self._next = self._model.state(), self._model.state()
        self._write(start, velocity)
        self._control = self._model.control()
        self._pipeline: Any = newton.CollisionPipeline(self._model)
        self._contacts = self._pipeline.contacts()

    @property
    def positions(self) -> Floats:
        """Positions, (V, 3)."""
        return np.asarray(self._now.particle_q.numpy(), np.float64)

    @property
    def velocities(self) -> Floats:
        """Velocities per second, (V, 3)."""
        return np.asarray(self._now.particle_qd.numpy(), np.float64)

    def grip(self, vertices: Integers) -> None:
        """Hold vertices, given by their indices, from now on, and let go of those held before.

        They stay in place until they are moved.
        """
        from newton import ParticleFlags

        flags = self._model.particle_flags.numpy()
        flags[self._gripped] |= int(ParticleFlags.ACTIVE)
        flags[vertices] &= ~int(ParticleFlags.ACTIVE)
        self._model.particle_flags.assign(flags)
        self._gripped = vertices

    def advance(self, grip: Floats) -> float:
        """Advance by one frame, in which gripped vertices move evenly to `grip` (G, 3).

        Returns:
            The most contacts of one vertex or edge, as a share of the room for them; above one, some were dropped.
        """
        self._solver.rebuild_bvh(self._now)
        begin = self.positions[self._gripped]
        contacts = 0.0
        for substep in range(1, SUBSTEPS + 1):
            self._hold(begin + (grip - begin) * substep / SUBSTEPS)
            self._now.clear_forces()
            self._pipeline.collide(self._now, self._contacts)
            self._solver.step(self._now, self._next, self._control, self._contacts, 1 / (RATE * SUBSTEPS))
            self._now, self._next = self._next, self._now
            contacts = max(contacts, self._filling())
        return contacts

    def _hold(self, grip: Floats) -> None:
        if len(grip) == 0:
            return
        for state in (self._now, self._next):
            positions = state.particle_q.numpy()
            positions[self._gripped] = grip
            state.particle_q.assign(positions)

    def _write(self, positions: Floats, velocities: Floats) -> None:
        for state in (self._now, self._next):
            state.particle_q.assign(positions.astype(np.float32))
            state.particle_qd.assign(velocities.astype(np.float32))

    def _filling(self) -> float:
        found = self._solver.trimesh_collision_info
        rooms = {
            VERTEX_CONTACTS: found.vertex_colliding_triangles_count,
            EDGE_CONTACTS: found.edge_colliding_edges_count,
        }
        return max(float(counts.numpy().max(initial=0)) / room for room, counts in rooms.items())
