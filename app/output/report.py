"""Reports of comparisons, each a single HTML file."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from app.output.pictures import Pixels
from app.state.differences import Difference, as_text
from keygrid.evaluation.metrics import METRICS, Measures
from keygrid.files import atomic

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #1a1c20; }
img { max-width: 100%; border: 1px solid #d4d8df; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { padding: .25em .8em; border-bottom: 1px solid #d4d8df; text-align: right; }
th:first-child, td:first-child { text-align: left; }
@media (prefers-color-scheme: dark) { body { background: #1c1e22; color: #eceef0; } }
"""


@dataclass(frozen=True, eq=False)
class Row:
    """One view's row in the table of scores.

    Attributes:
        title: letter, method, garment and frame.
        measures: scores of its keypoints; None if unknown.
        seconds: mean time per frame; None if unknown.
    """

    title: str
    measures: Measures | None
    seconds: float | None


@dataclass(frozen=True, eq=False)
class Chart:
    """A drawn chart and the sentence that explains it."""

    caption: str
    pixels: Pixels


@dataclass(frozen=True, eq=False)
class Report:
    """A comparison of views.

    Attributes:
        garment: name of the first view's garment.
        picture: the views side by side.
        rows: the views, A first.
        differences: distances between their keypoints.
        drift: the keypoints' drift over frames; None if there is none.
    """

    garment: str
    picture: Pixels
    rows: Sequence[Row]
    differences: Sequence[Difference]
    drift: Chart | None


def write_report(report: Report, path: Path) -> None:
    """Write a comparison as a self-contained HTML page.

    Raises:
        KeygridError: the file can't be written.
    """
    title = f"Keypoints of {len(report.rows)} views: {report.garment}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<img alt="The views side by side" src="{_as_url(report.picture)}">',
        "<h2>Scores</h2>",
        _table(["View", *(metric.title for metric in METRICS.values()), "Time"], [_scores(row) for row in report.rows]),
        _definitions({metric.title: metric.description for metric in METRICS.values()}),
        "<p>A dash means that the garment lacks something the metric needs.</p>",
        "<h2>Differences of keypoints</h2>",
        "<p>Partners are assigned so that the sum of their distances is smallest. Distances are in file units.</p>",
        _table(
            ["Keypoint of A", "View", "Partner", "In this frame", "Mean over frames"],
            [_difference(row) for row in report.differences],
        ),
    ]
    if report.drift is not None:
        parts += ["<h2>Drift</h2>", f"<p>{escape(report.drift.caption)}</p>",
                  f'<img alt="Drift of keypoints over frames" src="{_as_url(report.drift.pixels)}">']  # fmt: skip
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    with atomic(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="xmlcharrefreplace")


def _scores(row: Row) -> list[str]:
    time = f"{1000 * row.seconds:.0f} ms" if row.seconds is not None else "–"
    return [row.title, *(metric.text(row.measures) for metric in METRICS.values()), time]


def _difference(row: Difference) -> list[str]:
    partner = "–" if row.partner is None else str(row.partner)
    return [row.title, row.letter, partner, as_text(row.now), as_text(row.mean)]


def _definitions(texts: Mapping[str, str]) -> str:
    items = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in texts.items())
    return f"<dl>{items}</dl>"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _as_url(picture: Pixels) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
