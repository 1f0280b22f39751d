"""Scores of methods on a data set, as a table and as JSON values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.evaluation.material import Material
from keygrid.evaluation.metrics import METRICS, Measures, Metric, Track, mean, measure
from keygrid.methods import Method, Mode


@dataclass(frozen=True, eq=False)
class Row:
    """Measures of one method on one garment, or their mean over garments.

    Attributes:
        checkpoint: the method's label: its file's name, or the text that opens it.
        garment: the garment's name, or `mean`.
        measures: values of the metrics that can be measured there.
    """

    checkpoint: str
    garment: str
    measures: Measures


def evaluate(
    methods: Sequence[Method],
    garments: Dataset,
    *,
    keypoints: Mode = "soft",
    report: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Judge methods on all garments that move: rows of each method, and at its end the mean over garments.

    Raises:
        KeygridError: no garment is a surface that moves.
    """
    found: list[list[Row]] = [[] for _ in methods]
    for garment in garments:
        if garment.frames is None or garment.is_cloud:
            continue
        report(garment.name)
        material = Material.of(garment)
        for method, rows in zip(methods, found, strict=True):
            measures = measure(Track(_follow(method, garment, keypoints), garment, material))
            rows.append(Row(method.id.label, garment.name, measures))
    if not any(found):
        raise KeygridError("None of these garments is a surface that moves, which is what evaluation needs.")
    return [row for rows in found for row in (*rows, _mean(rows))]


def _follow(method: Method, garment: Garment, keypoints: Mode) -> NDArray[np.float64]:
    """(T, K, 3), file units."""
    drawn = [method.drawing.draw(garment)]
    # One frame at a time, because larger matrices may be multiplied in another order.
    found = [method.find([garment], [frame], mode=keypoints, drawn=drawn)[0] for frame in range(garment.frame_count)]
    return np.stack([prediction.keypoints for prediction in found])


def _mean(rows: Sequence[Row]) -> Row:
    return Row(rows[0].checkpoint, "mean", mean([row.measures for row in rows]))


def _measured(rows: Sequence[Row]) -> list[Metric]:
    """Metrics that any of the rows has."""
    return [metric for metric in METRICS.values() if any(metric.key in row.measures for row in rows)]


def as_table(rows: Sequence[Row]) -> str:
    """Return a table in Markdown; a dash where a garment can't tell."""
    metrics = _measured(rows)
    titles = ["checkpoint", "garment", *(metric.short for metric in metrics)]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for row in rows:
        cells = [metric.text(row.measures) for metric in metrics]
        lines.append(f"| {' | '.join([row.checkpoint, row.garment, *cells])} |")
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as JSON values, each metric by its key; null where a garment can't tell."""
    keys = [metric.key for metric in _measured(rows)]
    return [
        {"checkpoint": row.checkpoint, "garment": row.garment, **{key: row.measures.get(key) for key in keys}}
        for row in rows
    ]
