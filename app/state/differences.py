"""Distances between the keypoints of compared views."""

from dataclasses import dataclass

import numpy as np

from app.state.comparison import LETTERS, Comparison, comparable
from app.state.view import View


@dataclass(frozen=True)
class Difference:
    """A keypoint of A and its partner in another view.

    Attributes:
        keypoint: index of A's keypoint.
        title: name of A's keypoint.
        letter: letter of the other view.
        partner: index of the partner in the other view; None if there is none.
        now: distance in this frame, in file units; NaN if the two can't be compared.
        mean: mean distance over the frames for which both have keypoints, in file units; NaN without a partner.
    """

    keypoint: int
    title: str
    letter: str
    partner: int | None
    now: float
    mean: float


def differences(first: View, comparison: Comparison) -> list[Difference]:
    """Return a row for each pair of a keypoint of the first view and a further view, in the order of views."""
    ours = first.subject.prediction
    if ours is None:
        return []
    rows = []
    for letter, view in zip(LETTERS[1:], comparison.views, strict=False):
        found, theirs = comparison.matches.get(view), view.subject.prediction
        if found is None:
            continue
        near = comparable(first.subject, view.subject) and theirs is not None
        for keypoint, position in enumerate(ours.keypoints):
            partner = found.partner_of(keypoint)
            now = mean = float("nan")
            if partner is not None:
                mean = float(found.distances[partner])
                if near and theirs is not None and partner < len(theirs.keypoints):
                    now = float(np.linalg.norm(theirs.keypoints[partner] - position))
            rows.append(Difference(keypoint, first.subject.labels.title(keypoint), letter, partner, now, mean))
    return rows


def as_text(value: float) -> str:
    """Return a distance as text; a dash for NaN."""
    return "–" if np.isnan(value) else f"{value:.4g}"
