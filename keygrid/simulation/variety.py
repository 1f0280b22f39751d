"""Training garments: sewn to any measures, crumpled, stretched, and triangulated in many ways.

All have different triangles, because what is learnt must not depend on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from keygrid.data.garment import Garment
from keygrid.geometry.mesh import face_normals
from keygrid.geometry.operators import vertex_normals
from keygrid.geometry.surface import largest_piece
from keygrid.simulation.garments import ORIGIN, PATTERNS, Dress, Hat, Pattern, Skirt, Trousers, TShirt, Vest
from keygrid.simulation.garments.places import Standard, named, on_axis, surface_with_places
from keygrid.simulation.garments.standards import (
    FLARE,
    LEG,
    SKIRT,
    SLEEVED,
    SLEEVELESS,
    TOP,
    TROUSERS,
    hat_places,
)
from keygrid.simulation.garments.wide import WideTop
from keygrid.simulation.garments.wide_bottoms import WideSkirt, WideTrousers
from keygrid.simulation.garments.wide_hat import WideHat
from keygrid.simulation.patterns import Chain, Floats, Integers
from keygrid.simulation.remesh import nearest_material

TOPS = "top"
"""Name for a mixture of T-shirts, vests and dresses."""
ATTEMPTS = 40
"""Attempts to draw possible measures; about one in six is impossible."""

_FEWEST, _MOST = 380, 1900
"""Number of vertices of a garment."""
_LEAST = 150
"""Number of vertices below which a garment is drawn again."""
_WAVES = 24
"""Number of waves that form wrinkles."""


def varied(category: str, seed: int, poses: int = 2) -> Garment:
    """Return a garment with random measures and places, in several poses, with different triangles.

    Args:
        category: a key of `PATTERNS`, or `TOPS` for T-shirts, vests and dresses.
        seed: seed of everything random.
        poses: number of poses, T.
    """
    name = name_of(category, seed)
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, attempt])
        try:
            vertices, faces, where = _wide(category, rng).surface()
        except (ValueError, ZeroDivisionError, IndexError):
            continue
        garment = _on_own_triangles(name, vertices, faces, where, poses, rng)
        if len(garment.vertices) >= _LEAST:
            return replace(garment, category=TShirt.category if category == TOPS else category)
    raise RuntimeError(f"no {name} could be cut in {ATTEMPTS} attempts")


def name_of(category: str, seed: int) -> str:
    """Return the name of a garment made by `varied`."""
    return f"{category.lower().replace('-', '')}-{seed:05d}"


def _wide(category: str, rng: np.random.Generator) -> WideTop | WideTrousers | WideSkirt | WideHat:
    others: dict[str, type[WideTrousers | WideSkirt | WideHat]] = {
        Trousers.category: WideTrousers,
        Skirt.category: WideSkirt,
        Hat.category: WideHat,
    }
    if category in others:
        return others[category].sampled(rng)
    return WideTop.sampled(rng, "" if category == TOPS else category)


def placed(garment: Garment, parameters: Mapping[str, float]) -> Garment | None:
    """Return a parametric garment with its places, given the measures that it was sewn to; None for other garments."""
    kind = PATTERNS.get(garment.category)
    if kind is None or not parameters:
        return None
    vertices, faces, on_pattern = _pattern_with_places(kind(**parameters))
    material = nearest_material(garment.vertices, vertices, faces)
    return replace(garment, places=material.on(on_pattern, faces).astype(np.float32))


def _pattern_with_places(pattern: Pattern) -> tuple[Floats, Integers, Floats]:
    if isinstance(pattern, Hat):
        stages = pattern.stages()
        return *pattern.surface(), on_axis(hat_places(stages, np.zeros_like(stages)))
    assert isinstance(pattern, TShirt | Vest | Dress | Trousers | Skirt)
    panels = pattern.panels()
    standard, names = _mapping(pattern, panels[0])
    halves = [named(chains, names) for chains in panels]
    vertices, faces, where = surface_with_places(standard, [(half, half) for half in halves], pattern.thickness)
    return vertices, faces, on_axis(where) if isinstance(pattern, Skirt) else where


def _mapping(pattern: Pattern, chains: Sequence[Chain]) -> tuple[Standard, Sequence[str]]:
    """Return the standard garment of a pattern, and the names of the chains of its panels' right halves."""
    if isinstance(pattern, Trousers):
        return TROUSERS, LEG
    if isinstance(pattern, Skirt):
        return SKIRT, FLARE
    # The seam of a sleeve, where a top without sleeves has an opening, is third from the end.
    return TOP, SLEEVED if chains[-3].sewn else SLEEVELESS


def revaried(garment: Garment, seed: int) -> Garment:
    """Return a moving garment with other triangles, cut on its cloth at rest, and slightly stretched."""
    assert garment.frames is not None
    rng = np.random.default_rng([seed, len(garment.faces)])
    points, faces = recut(garment.vertices, garment.faces, rng)
    material = nearest_material(points, garment.vertices, garment.faces)
    stretch = rng.uniform(0.93, 1.08, 3)
    frames = [material.on(garment.vertices_in(t), garment.faces) * stretch for t in range(garment.frame_count)]
    return replace(
        garment, name=f"{garment.name}-{seed}", vertices=material.on(garment.vertices, garment.faces), faces=faces,
        frames=np.stack(frames).astype(np.float32), landmarks=None,
        places=None if garment.places is None else material.on(garment.places, garment.faces).astype(np.float32),
    )  # fmt: skip


def _on_own_triangles(
    name: str, vertices: Floats, faces: Integers, where: Floats, poses: int, rng: np.random.Generator
) -> Garment:
    points, triangles = recut(vertices, faces, rng)
    if rng.random() < 0.2:
        points, triangles = _holed(points, triangles, rng)
    material = nearest_material(points, vertices, faces)
    frames = [material.on(crumpled(vertices, faces, rng), faces) for _ in range(poses)]
    return Garment(
        name, material.on(vertices, faces), triangles, frames=np.stack(frames).astype(np.float32),
        places=material.on(where, faces).astype(np.float32), origin=ORIGIN,
    )  # fmt: skip


def crumpled(vertices: Floats, faces: Integers, rng: np.random.Generator) -> Floats:
    """Return vertices (V, 3) with wrinkles and noise, stretched along axes and unevenly, flattened or filled."""
    size = float(np.sqrt(np.prod(np.ptp(vertices, axis=0)[:2])))
    shape = vertices.copy()
    if rng.random() < 0.75:
        height, amount = np.zeros(len(vertices)), 2 * rng.uniform(0, 0.5) ** 1.5
        for _ in range(_WAVES):
            direction = rng.normal(size=3)
            length = size * np.exp(rng.uniform(np.log(0.06), np.log(0.6)))
            wave = 2 * np.pi / length * direction / np.linalg.norm(direction)
            height += np.cos(vertices @ wave + rng.uniform(0, 2 * np.pi)) / np.linalg.norm(wave)
        shape = shape + vertex_normals(vertices, faces) * (amount / np.sqrt(_WAVES / 2) * height)[:, None]
    shape = shape * rng.uniform(0.86, 1.16, 3)
    if rng.random() < 0.4:
        shape[:, 2] *= rng.uniform(0.1, 1.2)
    for _ in range(2):
        wave = rng.normal(size=3) * 2 / size
        swell = np.sin(vertices @ wave + rng.uniform(0, 2 * np.pi))
        shape = shape * (1 + rng.uniform(-0.08, 0.08, 3) * swell[:, None])
    noisy: Floats = shape + rng.normal(size=shape.shape) * rng.uniform(0, 0.15)
    return noisy


def recut(vertices: Floats, faces: Integers, rng: np.random.Generator) -> tuple[Floats, Integers]:
    """Return other triangles of a surface, coarse or fine; for one garment in three, uneven and elongated ones.

    Uneven triangles are uniform in a warped space, from which they are mapped back.
    """
    import gpytoolbox

    room = vertices
    if rng.random() < 0.35:
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        room = (vertices @ turn) * np.exp(rng.uniform(-0.25, 0.25, 3))
        along = room[:, :1] / np.ptp(room, axis=0).max() * 2 * np.pi
        swell = np.sin(along * rng.uniform(0.3, 1) + rng.uniform(0, 2 * np.pi))
        room = room * (1 + rng.uniform(0, 0.4) * swell)
    area = np.linalg.norm(face_normals(room, faces), axis=1).sum() / 2
    count = np.exp(rng.uniform(np.log(_FEWEST), np.log(_MOST)))
    edge = float(np.sqrt(area / count * 2 / np.sqrt(3)))
    rounds = int(rng.integers(4, 7))
    points, triangles = gpytoolbox.remesh_botsch(np.ascontiguousarray(room), faces.astype(np.int32), rounds, edge, True)
    kept, triangles = np.unique(triangles, return_inverse=True)
    points = points[kept]
    if room is not vertices:
        points = nearest_material(points, room, faces).on(vertices, faces)
    return points, triangles.reshape(-1, 3).astype(np.int64)


def _holed(vertices: Floats, faces: Integers, rng: np.random.Generator) -> tuple[Floats, Integers]:
    for _ in range(int(rng.integers(1, 4))):
        gone = (faces == rng.integers(len(vertices))).any(axis=1)
        if rng.random() < 0.4:
            gone = np.isin(faces, np.unique(faces[gone])).any(axis=1)
        faces = faces[~gone]
    # Where a hole cuts a corner off, the rest goes on.
    kept, faces = np.unique(largest_piece(len(vertices), faces), return_inverse=True)
    return vertices[kept], faces.reshape(-1, 3)
