"""Carries landmarks over to other garments, or to the other side of the same one."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from keygrid.data.garment import Garment, Landmarks, MaterialPoints
from keygrid.data.landmarks import frames_of
from keygrid.errors import KeygridError
from keygrid.geometry.closest import closest
from keygrid.geometry.mirror import left_right_plane
from keygrid.methods.method import Method

Floats = NDArray[np.float64]

ASYMMETRIC = 0.015
"""Mean distance between a garment and its mirror image, as a share of its diagonal, above which it is asymmetric."""

MIDDLE = 0.02
"""Distance between a landmark and its mirror image, as a share of the diagonal, below which it is in the middle."""

_SIDES = re.compile(r"\b(left|right)\b", re.IGNORECASE)


def tells_places(method: Method) -> bool:
    """Return whether a method finds each surface vertex's place on a garment of its kind."""
    return hasattr(method, "places") and method.needs_surface


def carried(known: Sequence[Garment], target: Garment, method: Any) -> Landmarks:
    """Return landmarks of some garments at the places that a method finds on another one (few-shot naming).

    If several garments have the same name, its place is their mean.

    Args:
        known: surfaces with landmarks that follow the material.
        target: a surface.
        method: finds each vertex's place on a garment of its kind, as `keygrid.methods.learned.LearnedMethod` does.

    Raises:
        KeygridError: the method finds no places, one of the garments is a cloud, or none has landmarks.
    """
    clouds = [garment.name for garment in (*known, target) if garment.is_cloud]
    if clouds:
        raise KeygridError(f"Names are carried over between surfaces only; {clouds[0]} is a cloud.")
    if not tells_places(method):
        raise _no_places(method)
    found: dict[str, list[Floats]] = defaultdict(list)
    for garment in known:
        if garment.landmarks is None:
            continue
        places = method.places(garment)
        if places is None:
            raise _no_places(method)
        lasting = _lasting(garment.landmarks)
        for name, place in zip(lasting.names, lasting.on(places, garment.faces), strict=True):
            found[name].append(place)
    if not found:
        raise KeygridError(
            "There are no landmarks to carry over that hold in all frames; place some on one of the garments."
        )
    there = method.places(target)
    if there is None:
        raise _no_places(method)
    wanted = np.array([np.mean(each, axis=0) for each in found.values()])
    faces, weights = closest(wanted, there.astype(np.float64), target.faces)
    return Landmarks(faces, weights, tuple(found))


def mirrored(garment: Garment, landmarks: Landmarks) -> Landmarks:
    """Return the mirror images of landmarks, with left and right exchanged in their names.

    Landmarks in the middle of the garment are left out.

    Args:
        garment: a garment that is symmetric at rest.
        landmarks: landmarks on it.

    Raises:
        KeygridError: the garment is not symmetric, or all landmarks are in the middle.
    """
    mirror = left_right_plane(garment.vertices)
    if mirror.error > ASYMMETRIC:
        raise KeygridError(
            f"{garment.name} is not symmetric enough to mirror: at rest, its sides differ by "
            f"{mirror.error:.1%} of its diagonal on average, but at most {ASYMMETRIC:.1%} is allowed; place "
            "the landmarks on both sides."
        )
    places = landmarks.on(garment.vertices, garment.faces)
    images = mirror.image(places)
    aside = np.linalg.norm(images - places, axis=1) > MIDDLE * garment.diagonal
    if not aside.any():
        raise KeygridError("These landmarks lie in the middle of the garment, where each is its own mirror image.")
    kept = landmarks.chosen(aside)
    points = _nearest(garment, images[aside])
    return replace(
        kept, faces=points.faces, barycentric=points.barycentric, names=tuple(other_side(name) for name in kept.names)
    )


def other_side(name: str) -> str:
    """Return a name with left and right exchanged; a name of neither side is marked as mirrored."""
    swapped = _SIDES.sub(_swapped, name)
    return swapped if swapped != name else f"{name} mirrored"


def _swapped(found: re.Match[str]) -> str:
    word = found.group()
    other = "right" if word.lower() == "left" else "left"
    return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other


def _nearest(garment: Garment, places: Floats) -> MaterialPoints:
    if garment.is_cloud:
        points = np.asarray(cKDTree(garment.vertices).query(places)[1], np.int64)
        return MaterialPoints(points, np.tile([1.0, 0.0, 0.0], (len(points), 1)))
    return MaterialPoints(*closest(places, garment.vertices, garment.faces))


def _lasting(landmarks: Landmarks) -> Landmarks:
    """Return the landmarks that follow the material through all frames."""
    return landmarks.chosen(np.array([frame is None for frame in frames_of(landmarks)], bool))


def _no_places(method: Method) -> KeygridError:
    return KeygridError(
        f"{method.id.title} does not tell the places on a garment apart, so it can't carry names over; choose "
        "a checkpoint that reads the surface, such as tops-k8-surface."
    )
