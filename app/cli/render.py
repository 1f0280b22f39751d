"""The command `render`, which draws a garment with its keypoints into a PNG."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from keygrid.cli.common import MethodName, Mode, Up, open_one, say
from keygrid.errors import KeygridError
from keygrid.files import refuse_unwritable

if TYPE_CHECKING:
    from app.state.settings import ViewSettings
    from app.state.slices import SliceSettings
    from keygrid.data.garment import Garment
    from keygrid.prediction import Prediction


def render(
    garment: Path,
    /,
    *,
    method: MethodName = None,
    out: Path,
    slices: Annotated[str | None, Parameter(name="--slice")] = None,
    size: tuple[int, int] = (1280, 800),
    dark: bool = False,
    keypoints: Mode = "soft",
    frame: int = -1,
    show: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    hide: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    up: Up | None = None,
    item: Annotated[str, Parameter(name="--object")] = "",
) -> None:
    """Draw a garment with its keypoints into a PNG; needs no display.

    Example: keygrid render assets/garments/unisex_shirt.ply --slice z=0.1 --out shirt.png

    Parameters
    ----------
    garment
        A mesh, cloud or sequence, or one garment of a file that holds several, as FILE#ITEM.
    method
        A checkpoint, or a method without learning, such as farthest?k=8; a wrong name lists all methods. The default is
        the shipped checkpoint for the garment's kind (mesh or cloud) and category.
    out
        File for the picture, a PNG.
    slices
        Position of the heatmap slice, as an axis and a normalised coordinate, such as z=0.1; none draws no slice.
    size
        Width and height in pixels.
    dark
        Draw with the dark theme.
    keypoints
        Position of each keypoint: the weighted mean of points (soft) or the point of largest weight (peak).
    frame
        Frame of a moving garment, counted from 0, or from the end if negative; the last by default.
    show
        Layers to draw in addition to the default ones, by name, such as points, landmarks or colours (the file's own
        colours and textures).
    hide
        Layers to leave out, such as surface.
    up
        The file's vertical axis, such as z, or -y for most depth cameras; guessed if not given.
    item
        Object of a file with several; if not given, the largest open one if others are closed, otherwise all.
    """
    draw_picture(
        garment, method, out, slices=slices, size=size, dark=dark, mode=keypoints, frame=frame, show=show or (),
        hide=hide or (), up=up, item=item,
    )  # fmt: skip


def draw_picture(
    path: Path, method: str | None, out: Path, *, slices: str | None, size: tuple[int, int], dark: bool, mode: Mode,
    frame: int = -1, show: Iterable[str] = (), hide: Iterable[str] = (), up: Up | None = None, item: str = "",
) -> "Prediction":  # fmt: skip
    """Draw a garment and the keypoints that a method finds into a PNG, and return the prediction.

    Without a method, use the garment's default, and say which it is.

    Raises:
        KeygridError: an option has an invalid value, or a file can't be read or written.
    """
    settings, cut = _view_settings(slices, show, hide)
    check_size(size)
    if out.suffix.lower() != ".png":
        raise KeygridError(f"Pictures are written as PNG, so --out must end in .png; you gave {out.name}.")
    refuse_unwritable(out)
    from app.scene.offscreen import render as draw
    from app.scene.state import DARK, LIGHT
    from keygrid.data.readers.pictures import with_pictures
    from keygrid.methods import open_method
    from keygrid.methods.defaults import default_for
    from keygrid.prediction.upright import upright

    with with_pictures():
        garment = upright(open_one(path), up, item)
    at = None if garment.frames is None else _place_of(frame, garment)
    if method is None:
        default = default_for(garment)
        method = str(default.path)
        say(f"Keypoints found by {default.path.stem}, {default.reason}.")
    (prediction,) = open_method(method).find([garment], [at], mode=mode)
    draw(garment, prediction, settings, cut, out, size=size, theme=DARK if dark else LIGHT, frame=at or 0)
    return prediction


def _place_of(frame: int, garment: "Garment") -> int:
    count = garment.frame_count
    if not -count <= frame < count:
        raise KeygridError(f"{garment.name} has no frame {frame}; choose one from 0 to {count - 1}.")
    return frame % count


def check_size(size: tuple[int, int]) -> None:
    """Raise a `KeygridError` if no picture or window can have that many pixels."""
    if not all(64 <= side <= 16384 for side in size):
        raise KeygridError(f"--size must be from 64 to 16384 pixels a side; you gave {size[0]} x {size[1]}.")


def _view_settings(
    slices: str | None, show: Iterable[str], hide: Iterable[str]
) -> "tuple[ViewSettings, SliceSettings]":
    from app.state.settings import ViewSettings
    from app.state.slices import AXES, SliceSettings

    settings = ViewSettings(_switches(show, hide))
    if slices is None:
        return settings, SliceSettings()
    if slices == "none":
        settings.switch("slice", on=False)
        return settings, SliceSettings()
    axis, _, number = slices.partition("=")
    try:
        position = float(number)
    except ValueError:
        position = math.inf
    if axis not in AXES or not -1 <= position <= 1:
        raise KeygridError(f"--slice must be an axis and a position from -1 to 1, such as z=0.1; you gave {slices!r}.")
    cut = SliceSettings(plane=axis)
    cut.move(position)
    return settings, cut


def _switches(show: Iterable[str], hide: Iterable[str]) -> dict[str, bool]:
    from app.state.layers import LAYERS

    chosen = dict.fromkeys(show, True) | dict.fromkeys(hide, False)
    unknown = [name for name in chosen if name not in LAYERS]
    if unknown:
        raise KeygridError(f"There is no layer {unknown[0]!r}; the layers are {', '.join(LAYERS)}.")
    return chosen
