"""Sessions: files that record what was open and how it was shown, for reopening."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from app.state.camera import Camera
from app.state.comparison import LETTERS, LINKS, MODES, Comparison
from app.state.layers import LAYERS
from app.state.playback import SPEEDS
from app.state.settings import BACKGROUNDS, ViewSettings
from app.state.slices import COLOUR_MAPS, PLANES, RESOLUTIONS, SliceSettings
from keygrid.errors import KeygridError
from keygrid.files import atomic

SUFFIX = ".keygrid"
VERSION = 1
LARGEST = 4 << 20
"""Maximum size of a session file, in bytes."""

RENAMED = {"cloud": "samples"}
"""Current names of layers, by their names in earlier sessions."""

Accepts = Callable[[Any], bool]


@dataclass(frozen=True)
class ViewState:
    """One view: its subject and its display.

    Attributes:
        garment: path of the garment; empty for none.
        method: specification of the method; empty for none.
        frame: the current frame.
        keypoint: the selected keypoint; None for none.
        camera: the camera; None to show the whole garment.
        settings: attributes of `ViewSettings`.
        slices: attributes of `SliceSettings`.
    """

    garment: str = ""
    method: str = ""
    frame: int = 0
    keypoint: int | None = None
    camera: Camera | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    slices: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """Everything needed to restore a window's content.

    Attributes:
        garments: paths, in the order of opening.
        methods: specifications of the methods, in the order of opening.
        views: the views, A first.
        comparison: attributes of `Comparison` that describe how views are compared.
        saved_views: saved cameras, by number.
        speed: playback speed, in frames per second.
        loop: whether the first frame follows the last.
        layout: the window's panels, packed by Qt, in base 64.
        landmarks: landmarks that could not be saved beside their garment, by its path, in the format of
            `keygrid.data.landmarks`.
    """

    garments: Sequence[str] = ()
    methods: Sequence[str] = ()
    views: Sequence[ViewState] = (ViewState(),)
    comparison: Mapping[str, Any] = field(default_factory=dict)
    saved_views: Mapping[int, Camera] = field(default_factory=dict)
    speed: int = 12
    loop: bool = True
    layout: str = ""
    landmarks: Mapping[str, Any] = field(default_factory=dict)


def write_session(session: Session, path: Path) -> None:
    """Write a session to a file.

    Raises:
        KeygridError: the file can't be written.
    """
    values = {
        "version": VERSION,
        "garments": list(session.garments),
        "checkpoints": list(session.methods),
        "views": [_view_values(view) for view in session.views],
        "comparison": dict(session.comparison),
        "saved_views": {str(number): _camera_values(camera) for number, camera in session.saved_views.items()},
        "speed": session.speed,
        "loop": session.loop,
        "layout": session.layout,
        "landmarks": dict(session.landmarks),
    }
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(values, indent=1) + "\n")  # in ASCII: a file's name need be no text


def read_session(path: Path) -> Session:
    """Read a session; damaged or unknown parts get the values of a new window.

    Raises:
        KeygridError: the file is not a session, or can't be read.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise KeygridError(f"{path.name} is too large to be a session file.")
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise KeygridError(f"{path} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise KeygridError(
            f"{path.name} is not a session; choose a file that was saved with File ▸ Save session."
        ) from error
    if not isinstance(values, dict) or not isinstance(values.get("version"), int):
        raise KeygridError(f"{path.name} is not a session; choose a file that was saved with File ▸ Save session.")
    if values["version"] > VERSION:
        raise KeygridError(f"{path.name} was saved by a newer version of this application; open it with that one.")
    views = [_view(view) for view in _list(values.get("views"))[: len(LETTERS)]]
    cameras = {key: _camera(camera) for key, camera in _dictionary(values.get("saved_views")).items()}
    speed = values.get("speed")
    return Session(
        _texts(values.get("garments")),
        _texts(values.get("checkpoints")),
        views or [ViewState()],
        known(_dictionary(values.get("comparison")), COMPARISON),
        {int(key): camera for key, camera in cameras.items() if key in {"1", "2", "3", "4"} and camera is not None},
        speed if isinstance(speed, int) and _whole(*SPEEDS)(speed) else 12,
        values.get("loop") is not False,
        layout if (layout := _text(values.get("layout"))).isascii() else "",
        _dictionary(values.get("landmarks")),
    )


def attributes(state: ViewSettings | SliceSettings | Comparison, checks: Mapping[str, Accepts]) -> dict[str, Any]:
    """Return the attributes of an evented dataclass that a session stores, as JSON values."""
    found = {name: getattr(state, name) for name in checks}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in found.items()}


def restore(state: ViewSettings | SliceSettings | Comparison, values: Mapping[str, Any]) -> None:
    """Set an evented dataclass to the attributes stored in a session; reset the others to those of a new window."""
    usual = type(state)()
    for attribute in fields(state):
        if attribute.name in CHECKS:
            value = values.get(attribute.name, getattr(usual, attribute.name))
            if isinstance(value, list):
                is_set = isinstance(getattr(state, attribute.name), frozenset)
                value = frozenset(value) if is_set else tuple(value)
            setattr(state, attribute.name, value)


def known(values: Mapping[str, Any], checks: Mapping[str, Accepts]) -> dict[str, Any]:
    """Return the values that are known and valid."""
    return {name: values[name] for name, accepts in checks.items() if name in values and accepts(values[name])}


# What values there can be


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _number(low: float, high: float) -> Accepts:
    def accepts(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and low <= value <= high  # which NaN is not

    return accepts


def _whole(low: int, high: int) -> Accepts:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _one_of(*choices: Any) -> Accepts:
    return lambda value: any(value == choice and type(value) is type(choice) for choice in choices)


def _all(accepts: Accepts, *, most: int) -> Accepts:
    return lambda value: isinstance(value, list) and len(value) <= most and all(accepts(item) for item in value)


def _limits(value: Any) -> bool:
    return value is None or (_all(_number(-1e3, 1e3), most=2)(value) and len(value) == 2 and value[0] < value[1])


def _normal(value: Any) -> bool:
    is_vector = _all(_number(-1, 1), most=3)(value) and len(value) == 3
    return is_vector and abs(sum(part * part for part in value) - 1) < 1e-3


def _optional(accepts: Accepts) -> Accepts:
    return lambda value: value is None or accepts(value)


def _layers(value: Any) -> bool:
    return isinstance(value, dict) and all(name in LAYERS and _boolean(on) for name, on in value.items())


SETTINGS: dict[str, Accepts] = {
    "layers": _layers,
    **{attribute.name: _boolean for attribute in fields(ViewSettings) if isinstance(attribute.default, bool)},
    "hidden": _all(_whole(0, 10_000), most=10_000),
    "most_segments": _whole(1, 100),
    "strength": _number(0, 1),
    "point_size": _whole(1, 16),
    "label_size": _whole(8, 32),
    "surface_opacity": _number(0.1, 1),
    "background": _one_of(*BACKGROUNDS),
}

SLICES: dict[str, Accepts] = {
    "plane": _one_of(*PLANES),
    "others": _all(_one_of(*PLANES), most=len(PLANES)),
    **{axis: _number(-1, 1) for axis in "xyz"},
    "free": _number(-2, 2),
    "normal": _normal,
    "resolution": _one_of(*RESOLUTIONS),
    "cells": _boolean,
    "colour_map": _one_of(*COLOUR_MAPS),
    "limits": _limits,
    "level": _number(0, 1),
    "sigma": _optional(_number(1e-4, 1e2)),
    "single": _boolean,
}

COMPARISON: dict[str, Accepts] = {
    "mode": _one_of(*MODES),
    "arrows": _boolean,
    "difference": _boolean,
    **dict.fromkeys(LINKS, _boolean),
}

CHECKS = SETTINGS | SLICES | COMPARISON


# Values of views and cameras


def _view_values(view: ViewState) -> dict[str, Any]:
    camera = None if view.camera is None else _camera_values(view.camera)
    return {
        "garment": view.garment, "checkpoint": view.method, "frame": view.frame, "keypoint": view.keypoint,
        "camera": camera, "settings": _flat(view.settings), "field": dict(view.slices),
    }  # fmt: skip


def _view(values: Any) -> ViewState:
    values = _dictionary(values)
    index = _whole(0, 1_000_000)
    return ViewState(
        _text(values.get("garment")),
        _text(values.get("checkpoint")),
        values["frame"] if index(values.get("frame")) else 0,
        values["keypoint"] if index(values.get("keypoint")) else None,
        _camera(values.get("camera")),
        known(_nested(_dictionary(values.get("settings"))), SETTINGS),
        known(_dictionary(values.get("field")), SLICES),
    )


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as files have them, with each layer's switch as an entry of its own."""
    others = {name: value for name, value in settings.items() if name != "layers"}
    return {**settings.get("layers", {}), **others}


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    known = {RENAMED.get(name, name): value for name, value in values.items()}
    return {**known, "layers": {name: known[name] for name in LAYERS if _boolean(known.get(name))}}


def _camera_values(camera: Camera) -> dict[str, Any]:
    return {attribute.name: getattr(camera, attribute.name) for attribute in fields(Camera)}


def _camera(values: Any) -> Camera | None:
    values = _dictionary(values)
    vectors = [values.get(name) for name in ("position", "focal_point", "up")]
    numbers = [values.get(name) for name in ("angle", "scale")]
    far = _number(-1e12, 1e12)
    if not all(_all(far, most=3)(vector) and len(vector) == 3 for vector in vectors):
        return None
    if not (_number(1e-3, 179)(numbers[0]) and _number(1e-12, 1e12)(numbers[1])) or vectors[0] == vectors[1]:
        return None
    position, focal_point, up = (tuple(vector) for vector in vectors)
    return Camera(position, focal_point, up, *numbers) if any(up) else None


def _dictionary(values: Any) -> dict[str, Any]:
    return values if isinstance(values, dict) else {}


def _list(values: Any) -> list[Any]:
    return values if isinstance(values, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(values: Any) -> list[str]:
    return [value for value in _list(values) if isinstance(value, str) and value]
