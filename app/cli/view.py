"""The command `view`, the default: the window, or a picture where there is no display."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from app.cli.render import check_size, draw_picture
from keygrid.checkpoints.labels import load
from keygrid.cli.common import DEFAULT_GARMENT
from keygrid.errors import KeygridError

if TYPE_CHECKING:
    from keygrid.prediction import Prediction


def view(
    garments: list[Path] | None = None,
    /,
    *,
    method: Annotated[list[str] | None, Parameter(name=("--method", "--checkpoint"), consume_multiple=True)] = None,
    theme: Literal["system", "light", "dark"] = "system",
    size: tuple[int, int] = (1280, 800),
    scale: float | None = None,
    screenshot: Path | None = None,
    fresh: bool = False,
) -> None:
    """Open the window (the default command). Without a display, render the same scene to a PNG instead.

    Example: python main.py view assets/garments/unisex_shirt.ply --screenshot window.png

    Parameters
    ----------
    garments
        Meshes, clouds, sequences, and folders or files of many; the bundled T-shirt if not given.
    method
        Checkpoints, and methods without learning, such as farthest?k=8; if not given, the bundled
        checkpoint for a garment's kind, mesh or cloud, and its category.
    theme
        Colours of the window.
    size
        Width and height of the window.
    scale
        Pixels of the screen in one of the window's, such as 2; the display's own if not given.
    screenshot
        Save the whole window as PNG to this file, then close.
    fresh
        Neither use nor save settings, recent files and sessions.
    """
    check_size(size)
    reopen = not garments and not method
    garments = garments or [DEFAULT_GARMENT]
    from app.application import has_display, run

    if has_display():
        failure = run(
            garments, method or (), theme=theme, size=size, scale=scale, screenshot=screenshot, fresh=fresh,
            reopen=reopen,
        )  # fmt: skip
        if failure:
            raise KeygridError(failure)
        return
    out = screenshot or Path("keygrid-view.png")
    print(f"There is no display, so the view of {garments[0]} is rendered to {out}.")
    prediction = draw_picture(
        garments[0], method[0] if method else None, out, slices=None, size=size, dark=theme == "dark", mode="soft"
    )
    _print_table(prediction)


def _print_table(prediction: "Prediction") -> None:
    method = prediction.method
    names = load(method.path, method.fingerprint).names if method.path is not None else {}
    print(f"{'#':>2} {'x':>10} {'y':>10} {'z':>10} {'vertex':>8} {'confidence':>10}")
    confidence = prediction.confidence
    for index, ((x, y, z), vertex) in enumerate(zip(prediction.keypoints, prediction.vertices, strict=True)):
        known = "–" if confidence is None else f"{confidence[index]:.2f}"
        print(f"{index:2d} {x:10.4g} {y:10.4g} {z:10.4g} {vertex:8d} {known:>10}  {names.get(index, '')}".rstrip())
    for caveat in prediction.caveats:
        print(caveat)
