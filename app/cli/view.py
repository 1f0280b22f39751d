"""The command `view`, the default, which opens the window, or draws a picture if there is no display."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from app.cli.render import check_size, draw_picture
from keygrid.cli.common import DEFAULT_GARMENT
from keygrid.errors import KeygridError

if TYPE_CHECKING:
    from keygrid.clouds import Recipe
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
    follow: Path | None = None,
    recipe: Path | None = None,
) -> None:
    """Open the window (the default command). Without a display, render the same scene to a PNG instead.

    Example: keygrid view assets/garments/unisex_shirt.ply --screenshot window.png

    Parameters
    ----------
    garments
        Meshes, clouds, sequences, and folders or files of several; the bundled T-shirt if not given.
    method
        Checkpoints, and methods without learning, such as farthest?k=8. If not given, the bundled checkpoint for each
        garment's kind (mesh or cloud) and category.
    theme
        Colours of the window.
    size
        Width and height of the window.
    scale
        Screen pixels for each pixel of the window, such as 2; the display's own if not given.
    screenshot
        Save the whole window to this PNG file, then close.
    fresh
        Neither use nor save settings, recent files or sessions.
    follow
        Show the newest cloud in this folder, with its keypoints, while another program writes clouds there.
    recipe
        Recipe that prepares the clouds of the followed folder; save one with prepare or in the window.
    """
    check_size(size)
    followed = _followed(follow, recipe)
    reopen = not garments and not method and followed is None
    garments = garments or ([] if followed is not None else [DEFAULT_GARMENT])
    from app.application import has_display, run

    if has_display():
        failure = run(
            garments, method or (), theme=theme, size=size, scale=scale, screenshot=screenshot, fresh=fresh,
            reopen=reopen, followed=followed,
        )  # fmt: skip
        if failure:
            raise KeygridError(failure)
        return
    if not garments:
        raise KeygridError("--follow needs a display for the window; use predict --stream --follow instead.")
    out = screenshot or Path("keygrid-view.png")
    print(f"There is no display, so {garments[0]} is rendered to {out} instead.")
    prediction = draw_picture(
        garments[0], method[0] if method else None, out, slices=None, size=size, dark=theme == "dark", mode="soft"
    )
    _print_table(prediction)


def _followed(folder: Path | None, recipe: Path | None) -> "tuple[Path, Recipe] | None":
    from keygrid.clouds import Recipe, read_recipe

    if folder is None:
        if recipe is not None:
            raise KeygridError(
                "--recipe works only with --follow and a folder; for single files, use the command prepare."
            )
        return None
    if not folder.is_dir():
        raise KeygridError(f"--follow takes a folder, and {folder} is not one.")
    return folder, Recipe() if recipe is None else read_recipe(recipe)


def _print_table(prediction: "Prediction") -> None:
    from keygrid.checkpoints.labels import load

    method = prediction.method
    names = load(method.path, method.fingerprint).names if method.path is not None else {}
    print(f"{'#':>2} {'x':>10} {'y':>10} {'z':>10} {'vertex':>8} {'confidence':>10}")
    confidence = prediction.confidence
    for index, ((x, y, z), vertex) in enumerate(zip(prediction.keypoints, prediction.vertices, strict=True)):
        known = "–" if confidence is None else f"{confidence[index]:.2f}"
        print(f"{index:2d} {x:10.4g} {y:10.4g} {z:10.4g} {vertex:8d} {known:>10}  {names.get(index, '')}".rstrip())
    for caveat in prediction.caveats:
        print(caveat)
