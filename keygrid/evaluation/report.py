"""Scores of checkpoints on a data set, as a table and as JSON values."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.evaluation.material import Material
from keygrid.evaluation.metrics import Scores, scores
from keygrid.methods.learned import Predictor


@dataclass(frozen=True)
class Row:
    """What one checkpoint reached on one garment, or in the mean over garments.

    Attributes:
        checkpoint: its file's name.
        garment: the garment's name, or `mean`.
        strict: mean correspondence error; see `keygrid.evaluation.metrics.Scores`.
        tolerant: the same, layer-tolerant.
        pck_05: share of layer-tolerant errors of 0.05 at most.
        pck_10: the same of 0.1.
        coverage: mean distance from a place on the cloth to the nearest keypoint; lower is better.
        consistency: self-consistency, never to be read without the coverage.
    """

    checkpoint: str
    garment: str
    strict: float
    tolerant: float
    pck_05: float
    pck_10: float
    coverage: float
    consistency: float


def evaluate(
    predictors: Sequence[Predictor],
    garments: Dataset,
    *,
    keypoints: Literal["soft", "peak"] = "soft",
    report: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Judge checkpoints on all garments that move: rows of each checkpoint, and at its end the mean over garments.

    Raises:
        KeygridError: no garment is a surface that moves.
    """
    found: dict[Predictor, list[Row]] = {predictor: [] for predictor in predictors}
    for garment in garments:
        if garment.frames is None or garment.is_cloud:
            continue
        report(garment.name)
        material = Material.of(garment)
        for predictor in predictors:
            found[predictor].append(
                _row(predictor, garment, scores(_track(predictor, garment, keypoints), garment, material))
            )
    if not any(found.values()):
        raise KeygridError("None of these garments is a surface that moves, which is what evaluation needs.")
    return [row for rows in found.values() for row in (*rows, _mean(rows))]


def _track(predictor: Predictor, garment: Garment, keypoints: Literal["soft", "peak"]) -> Any:
    """(T, K, 3), file units."""
    frames = range(garment.frame_count)
    return np.stack([predictor.predict_frame(garment, frame, keypoints=keypoints).keypoints for frame in frames])


def _row(predictor: Predictor, garment: Garment, found: Scores) -> Row:
    return Row(
        predictor.source.path.name,
        garment.name,
        float(found.strict.mean()),
        float(found.tolerant.mean()),
        float((found.tolerant <= 0.05).mean()),
        float((found.tolerant <= 0.1).mean()),
        float(found.coverage.mean()),
        found.consistency,
    )


def _mean(rows: Sequence[Row]) -> Row:
    values = [list(asdict(row).values())[2:] for row in rows]
    return Row(rows[0].checkpoint, "mean", *np.mean(values, axis=0).tolist())


def as_table(rows: Iterable[Row]) -> str:
    """A table in Markdown."""
    lines = [
        "| checkpoint | garment | error, strict | layer-tolerant | PCK .05 | PCK .1 | coverage | self-consistency |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = (row.strict, row.tolerant, row.pck_05, row.pck_10, row.coverage, row.consistency)
        lines.append(f"| {row.checkpoint} | {row.garment} | {' | '.join(f'{number:.3f}' for number in numbers)} |")
    return "\n".join(lines)
