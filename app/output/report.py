"""A comparison as one file that any browser shows."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice

from app.output.pictures import Pixels, area_picture
from app.state.comparison import Comparison
from app.state.view import View
from app.views.comparison import ComparisonArea
from app.views.pane import Pane
from app.views.panels.comparison import Drift, as_text, differences
from keygrid.evaluation.metrics import METRICS
from keygrid.files import atomic

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #1a1c20; }
img { max-width: 100%; border: 1px solid #d4d8df; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { padding: .25em .8em; border-bottom: 1px solid #d4d8df; text-align: right; }
th:first-child, td:first-child { text-align: left; }
@media (prefers-color-scheme: dark) { body { background: #1c1e22; color: #eceef0; } }
"""


def write_report(path: Path, first: View, comparison: Comparison, area: ComparisonArea, drift: Drift) -> None:
    """Write what is compared: a picture of the views, their scores, differences of keypoints and their drift.

    Raises:
        KeygridError: it can't be written there.
    """
    garment = first.subject.garment
    title = f"Keypoints of {len(area.panes)} views: {garment.name if garment is not None else 'no garment'}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<img alt="The views side by side" src="{_as_url(area_picture(area, 2))}">',
        "<h2>Scores</h2>",
        _table(
            ["View", *(metric.title for metric in METRICS.values()), "Time"],
            [_scores_of(pane, comparison) for pane in area.panes],
        ),
        _definitions({metric.title: metric.description for metric in METRICS.values()}),
        "<p>A dash: the metric needs what the garment does not have.</p>",
        "<h2>Differences of keypoints</h2>",
        "<p>Partners are assigned so that the sum of their distances is least. Distances in file units.</p>",
        _table(
            ["Keypoint of A", "View", "Partner", "In this frame", "Mean over frames"], _differences(first, comparison)
        ),
    ]
    if drift.curves():
        parts += ["<h2>Drift</h2>", f"<p>{escape(drift.label.text())}</p>",
                  f'<img alt="Drift of keypoints over frames" src="{_drawn(drift)}">']  # fmt: skip
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    with atomic(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _scores_of(pane: Pane, comparison: Comparison) -> list[str]:
    found = comparison.measures.get(pane.view)
    seconds = pane.view.subject.seconds
    time = f"{1000 * seconds:.0f} ms" if seconds is not None else "–"
    return [pane.title, *(metric.text(found) for metric in METRICS.values()), time]


def _differences(first: View, comparison: Comparison) -> list[list[str]]:
    return [
        [
            row.title, row.letter, "–" if row.partner is None else str(row.partner), as_text(row.now),
            as_text(row.mean),
        ]
        for row in differences(first, comparison)
    ]  # fmt: skip


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
    return _url(file.getvalue())


def _drawn(drift: Drift) -> str:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    drift.grab().save(buffer, "PNG")
    return _url(bytes(buffer.data().data()))


def _url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
