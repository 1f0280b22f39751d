"""Reports of `evaluate`: tables, intervals, curves and worst frames, with everything needed to repeat them."""

import csv
import io
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keygrid.errors import KeygridError
from keygrid.evaluation.confusion import KINDS
from keygrid.evaluation.curves import Point
from keygrid.evaluation.disturbance import TITLES
from keygrid.evaluation.metrics import HEADLINE, METRICS, MODULO
from keygrid.evaluation.protocol import SETTINGS, Judged, Protocol, Values, Worst
from keygrid.evaluation.statistics import CONFIDENCE, difference, interval
from keygrid.files import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES = ("strict", "tolerant")
"""Metrics in the charts over levels of disturbances."""

_HIGH_CONTRAST = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7f7f7f")
"""Colours that are safe for the colour-blind (Okabe and Ito, 2008); dashes and markers differ as well."""
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_MARKERS = "osv^Dx"
_WORST = 6
"""Number of worst frames drawn for each method."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 84em; padding: 0 1em; color: #1a1c20; }
table { border-collapse: collapse; margin: 1em 0; display: block; overflow-x: auto; }
th, td { padding: .25em .6em; border-bottom: 1px solid #c4c8cf; text-align: right; font-variant-numeric: tabular-nums; }
th { vertical-align: bottom; } th:first-child, td:first-child { text-align: left; } td { white-space: nowrap; }
pre { white-space: pre-wrap; }
figure { display: inline-block; margin: .5em; } figcaption { font-size: 85%; } svg { max-width: 100%; height: auto; }
"""


@dataclass(frozen=True, eq=False)
class Report:
    """An evaluation.

    Attributes:
        judged: measurements of each method.
        protocol: how garments were shown.
        curves: errors under disturbances; empty if none were asked for.
        command: the command that repeats it.
    """

    judged: Sequence[Judged]
    protocol: Protocol
    curves: Sequence[Point] = ()
    command: str = ""
    versions: Mapping[str, str] = field(
        default_factory=lambda: (
            {name: version(name) for name in ("numpy", "scipy", "torch")} | {"python": platform.python_version()}
        )
    )


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def write(report: Report, path: Path) -> None:
    """Write a report as JSON, Markdown, CSV or HTML, depending on the ending of `path`.

    Raises:
        KeygridError: the ending is unknown, or the file can't be written.
    """
    make = FORMATS[check_ending(path)]
    with atomic(path) as temporary:
        temporary.write_text(make(report), encoding="utf-8")


def check_ending(path: Path) -> str:
    """Return the ending of a report's file.

    Raises:
        KeygridError: no report can be written in this format.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise KeygridError(f"A report's name must end in one of {', '.join(FORMATS)}; you gave {path.name}.")
    return ending


def as_markdown(report: Report) -> str:
    """Return all tables of a report in Markdown, the headline first."""
    return "\n\n".join(_markdown(table) for table in tables(report)) + "\n"


def as_json(report: Report) -> str:
    """Return a report as JSON: each metric by its key, with the protocol and everything needed to repeat it."""
    methods = [
        {
            "name": one.name,
            "fingerprint": one.method.fingerprint,
            "mean": one.mean,
            "intervals": {key: asdict(found) for key in HEADLINE if (found := interval(_each(one, key))) is not None},
            "confusion": dict(zip(KINDS, one.confusion.mean(axis=0).tolist(), strict=True)),
            "keypoints": [dict(zip(KINDS, row, strict=True)) for row in one.confusion.tolist()],
            "garments": one.garments,
        }
        for one in report.judged
    ]
    whole = {
        "command": report.command, "versions": dict(report.versions), "protocol": asdict(report.protocol),
        "methods": methods, "curves": [asdict(point) for point in report.curves],
    }  # fmt: skip
    return json.dumps(whole, indent=1) + "\n"


def as_csv(report: Report) -> str:
    """Return a row for each method, garment and setting, with all values."""
    keys = list(_titles(report.judged))
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["method", "garment", "setting", *keys])
    for one in report.judged:
        for garment, settings in one.garments.items():
            for setting, values in settings.items():
                out.writerow([one.name, garment, setting, *(values.get(key, "") for key in keys)])
    return text.getvalue()


def as_html(report: Report) -> str:
    """Return a report as a self-contained HTML page."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'><title>Keypoints, evaluated</title>",
        f"<style>{_STYLE}</style><h1>Keypoints, evaluated</h1>",
        f"<p>{escape(_protocol_in_words(report.protocol))}</p>",
    ]
    parts += [_html(table) for table in tables(report)]
    parts += ["<h2>Meaning of the metrics</h2><dl>"]
    parts += [f"<dt>{escape(m.title)}</dt><dd>{escape(m.description)}</dd>" for m in METRICS.values()]
    parts.append("</dl>")
    if report.curves:
        parts += ["<h2>With noise and missing points</h2>", *_charts(report.curves)]
    parts.append("<h2>Worst frames</h2><p>Dots are keypoints; crosses are their usual places.</p>")
    for one in report.judged:
        parts += [f"<h3>{escape(one.name)}</h3>", *_worst_frames(one)]
    made_with = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    prints = "; ".join(f"{one.name}: {one.method.fingerprint}" for one in report.judged)
    parts.append(f"<h2>To repeat it</h2><pre>{escape(report.command)}</pre><p>{escape(made_with)}.</p>")
    parts.append(f"<p>Fingerprints: {escape(prints)}.</p></html>")
    return "\n".join(parts) + "\n"


FORMATS = {".json": as_json, ".md": as_markdown, ".csv": as_csv, ".html": as_html}
"""The formats of reports, by ending."""


def tables(report: Report) -> list[Table]:
    """Return all tables: means in each setting, the headline first, intervals, kinds of places, garments, curves."""
    judged, titles = report.judged, _titles(report.judged)
    found = [
        Table(
            SETTINGS[setting], ["method", *titles.values()], [_row([o.name], o.mean[setting], titles) for o in judged]
        )
        for setting in reversed(SETTINGS)
    ]
    across = SETTINGS["across"]
    found[1:1] = [*_intervals(judged), _kinds(judged)]
    rows = [_row([o.name, name], each["across"], titles) for o in judged for name, each in o.garments.items()]
    found.append(Table(f"{across}, by garment", ["method", "garment", *titles.values()], rows))
    if report.curves:
        rows = [
            [point.method, point.kind, f"{point.level:g}", *(f"{point.values[key]:.3f}" for key in CURVES)]
            for point in report.curves
        ]
        heads = ["method", "disturbance", "level", *(METRICS[key].short for key in CURVES)]
        found.append(Table(f"{across}, with noise and missing points", heads, rows))
    return found


def _titles(judged: Sequence[Judged]) -> dict[str, str]:
    across = [values["across"] for one in judged for values in one.garments.values()]
    return {key: metric.short for key, metric in METRICS.items() if any(key in values for values in across)} | MODULO


def _row(names: list[str], values: Values, titles: Mapping[str, str]) -> list[str]:
    return [*names, *(f"{values[key]:.3f}" if key in values else "–" for key in titles)]


def _each(judged: Judged, key: str) -> list[float]:
    return [values["across"][key] for values in judged.garments.values() if key in values["across"]]


def _intervals(judged: Sequence[Judged]) -> list[Table]:
    """Return the intervals of the headline and of the differences from the first method; none for a single garment."""
    if all(len(one.garments) < 2 for one in judged):
        return []
    titles = [METRICS[key].short for key in HEADLINE]
    what = f"{CONFIDENCE:.0%} intervals by bootstrap over garments"

    def text(found: object) -> str:
        return "–" if found is None else str(found)

    own = [[one.name, *(text(interval(_each(one, key))) for key in HEADLINE)] for one in judged]
    found = [Table(f"{SETTINGS['across']}, {what}", ["method", *titles], own)]
    if len(judged) > 1:
        first, others = judged[0], judged[1:]
        rows = [
            [one.name, *(text(difference(_each(one, key), _each(first, key))) for key in HEADLINE)] for one in others
        ]
        found.append(Table(f"difference from {first.name}, garment by garment, {what}", ["method", *titles], rows))
    return found


def _kinds(judged: Sequence[Judged]) -> Table:
    titles = [kind.replace("_", " ") for kind in KINDS]
    rows = [[one.name, *(f"{share:.3f}" for share in one.confusion.mean(axis=0))] for one in judged]
    return Table(f"{SETTINGS['across']}, share of keypoints by place", ["method", *titles], rows)


def _markdown(table: Table) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (table.head, *table.rows)]
    return "\n".join([f"**{table.caption}**", "", lines[0], "|---" * len(table.head) + "|", *lines[1:]])


def _html(table: Table) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in table.head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in table.rows)
    caption = escape(table.caption[0].upper() + table.caption[1:])
    return f"<h2>{caption}</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _protocol_in_words(protocol: Protocol) -> str:
    turn = {
        "yaw": "turned by an angle of its own about the vertical", "none": "shown as it was simulated",
        "full": "turned by a rotation of its own",
    }[protocol.turn]  # fmt: skip
    remesh = {
        "cloth": " and, for methods that read the surface, cut into triangles of its own on the cloth at rest",
        "pose": " and, for methods that read the surface, cut into triangles of its own in its pose",
        "none": "",
    }[protocol.remesh]
    return f"Each frame is {turn}{remesh}. All motions of a garment are judged together."


def _charts(points: Sequence[Point]) -> list[str]:
    """Return a chart for each disturbance; each method has a line of the same style in all of them."""
    found, methods = [], list(dict.fromkeys(point.method for point in points))
    for kind in dict.fromkeys(point.kind for point in points):
        for key in CURVES:
            figure, axes = _figure(5.4, 3.4)
            for index, method in enumerate(methods):
                line = [point for point in points if point.kind == kind and point.method == method]
                if not line:
                    continue
                axes.plot(
                    [point.level for point in line], [point.values[key] for point in line], label=method,
                    color=_HIGH_CONTRAST[index % len(_HIGH_CONTRAST)], marker=_MARKERS[index % len(_MARKERS)],
                    linestyle=_DASHES[index % len(_DASHES)],
                )  # fmt: skip
            axes.set(xlabel=TITLES[kind], ylabel=f"{METRICS[key].title} ({METRICS[key].unit})")
            if kind == "points":
                axes.set_xscale("log", base=2)
                axes.invert_xaxis()
            axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
            axes.legend(fontsize="small")
            found.append(f"<figure>{_svg(figure)}</figure>")
    return found


def _worst_frames(judged: Judged) -> list[str]:
    worst = sorted((found.worst for found in judged.found.values()), key=lambda one: -one.error)[:_WORST]
    return [
        f"<figure>{_drawn(one)}<figcaption>{escape(one.motion)}, frame {one.frame + 1} of those judged: "
        f"{one.error:.3f}</figcaption></figure>"
        for one in worst
    ]


def _drawn(worst: Worst) -> str:
    """Return a drawing of one frame along its narrowest direction, with keypoints and lines to their usual places."""
    figure, axes = _figure(2.6, 2.6)
    view = _broad_side(worst.points)
    points, homes, keypoints = worst.points @ view, worst.homes @ view, worst.keypoints @ view
    axes.scatter(points[:, 0], points[:, 1], s=1, c="#b8bcc4", rasterized=True)
    for home, keypoint in zip(homes, keypoints, strict=True):
        axes.plot(*zip(home, keypoint, strict=True), color="#7f7f7f", linewidth=1)
    axes.scatter(homes[:, 0], homes[:, 1], s=24, c="#000000", marker="x")
    axes.scatter(keypoints[:, 0], keypoints[:, 1], s=24, c="#d55e00", edgecolors="#000000")
    axes.set_aspect("equal")
    axes.set_axis_off()
    return _svg(figure)


def _broad_side(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 2), the directions in space that point right and up in a picture of the broad side of points (N, 3).

    What is up in space (y) is up in the picture, unless the points lie flat.
    """
    narrowest = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][2]
    above = max(([0.0, 1.0, 0.0], [0.0, 0.0, -1.0]), key=lambda axis: 1 - abs(narrowest @ axis) + 0.3 * axis[1])
    right = np.cross(above, narrowest)
    right *= np.sign(right[0] or 1) / np.linalg.norm(right)
    up = np.cross(narrowest, right)
    return np.stack([right, up * np.sign(up @ above)], axis=1)


def _figure(width: float, height: float) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: "Figure") -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
