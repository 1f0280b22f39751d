import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from keygrid.errors import KeygridError
from keygrid.training.config import TrainingConfig, parse_weights, preset, upgraded
from keygrid.training.terms import TERMS


def test_presets_differ_by_their_optimiser() -> None:
    released, paper = preset("released", 8), preset("paper", 8)
    assert (released.optimiser, paper.optimiser) == ("adadelta", "adam")
    assert replace(paper, optimiser="adadelta") == released
    assert (released.epochs, released.batch, released.learning_rate, released.warm_up) == (100, 8, 0.1, 21)


@pytest.mark.parametrize(("keypoints", "farthest"), [(8, 12), (10, 14), (20, 24)])
def test_farthest_points_are_those_of_the_published_settings(keypoints: int, farthest: int) -> None:
    assert preset("released", keypoints).farthest == preset("paper", keypoints).farthest == farthest


@pytest.mark.parametrize("name", ["epochs", "epoch_size", "batch", "validation_size", "farthest", "validate_every"])
def test_counts_start_at_one(name: str) -> None:
    assert getattr(replace(TrainingConfig(), **{name: 1}), name) == 1  # type: ignore[arg-type]
    for value in (0, -3):
        with pytest.raises(KeygridError, match=f"{name} must be at least 1; you gave {value}\\."):
            replace(TrainingConfig(), **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_learning_rate_that_can_t_train_is_refused(rate: float) -> None:
    with pytest.raises(KeygridError, match="learning rate"):
        TrainingConfig(learning_rate=rate)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_a_generator_can_t_take_is_refused(seed: int) -> None:
    with pytest.raises(KeygridError, match="seed"):
        TrainingConfig(seed=seed)


@pytest.mark.parametrize("name", ["clip", "patience", "validate_motions", "keep_every"])
def test_what_may_be_off_is_not_below_zero(name: str) -> None:
    for value in (-1, math.nan):
        with pytest.raises(KeygridError, match=f"{name} must be at least 0; you gave {value}\\."):
            replace(TrainingConfig(), **{name: value})  # type: ignore[arg-type]


def test_terms_join_as_training_goes_on() -> None:
    training = TrainingConfig(warm_up=2, weights={"farthest": 1, "similarity": 0.5})
    assert [training.weights_at(epoch * training.steps_per_epoch) for epoch in (1, 2)] == [
        {"farthest": 1.0},
        {"farthest": 1.0, "similarity": 0.5},
    ]


def test_weights_of_correspondence_grow_and_similarity_joins_late() -> None:
    weights = {"coverage": 0.5, "strict": 2, "similarity": 1, "farthest": 0}
    training = TrainingConfig(epochs=10, epoch_size=8, batch=4, warm_up=8, weights=weights, ramp=0.5)
    assert list(training.weights.items()) == [("similarity", 1), ("strict", 2), ("coverage", 0.5)]
    assert training.weights_at(0) == {"strict": 0.2, "coverage": 0.5}
    assert training.weights_at(9) == {"strict": 2, "coverage": 0.5}
    assert training.weights_at(16) == training.weights


def test_a_cycle_rises_to_the_learning_rate_and_falls_to_nothing() -> None:
    training = TrainingConfig(epochs=10, epoch_size=80, batch=8, learning_rate=0.01, schedule="cycle")
    rates = [training.rate(step) for step in range(training.steps)]
    highest = int(np.argmax(rates))
    assert highest == 10
    assert rates[highest] == pytest.approx(0.01)
    assert (np.diff(rates[: highest + 1]) > 0).all()
    assert (np.diff(rates[highest:]) < 0).all()
    assert 0 < rates[-1] < 1e-5
    assert {replace(training, schedule="constant").rate(step) for step in range(0, 100, 30)} == {0.01}


@pytest.mark.parametrize("changes", [{"batch": 3}, {"epoch_size": 33}])
def test_pairs_need_even_numbers(changes: dict[str, Any]) -> None:
    with pytest.raises(KeygridError, match="even"):
        replace(preset("keygrid", 8), **changes)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_weights_are_numbers_of_0_or_more(weight: float) -> None:
    with pytest.raises(KeygridError, match="weights of loss terms"):
        TrainingConfig(weights={"farthest": weight})


def test_something_is_learnt() -> None:
    with pytest.raises(KeygridError, match="at least one must be above 0"):
        TrainingConfig(weights={"farthest": 0})


def test_unknown_presets_and_terms_are_refused_by_name() -> None:
    with pytest.raises(KeygridError, match="no preset called 'Keygrid': choose one of released, paper, keygrid"):
        preset("Keygrid", 8)
    with pytest.raises(KeygridError, match="no loss term 'near'; there are farthest, similarity, strict"):
        TrainingConfig(weights={"near": 1})


def test_weights_are_read_from_texts() -> None:
    assert parse_weights(["coverage=2", "apart=0.5", "coverage=3"]) == {"coverage": 3, "apart": 0.5}
    with pytest.raises(KeygridError, match="no loss term 'near'"):
        parse_weights(["near=1"])
    with pytest.raises(KeygridError, match="weight of apart must be a number, as in apart=2; you gave 'much'"):
        parse_weights(["apart=much"])


def test_what_earlier_versions_stored_is_upgraded() -> None:
    today = asdict(preset("keygrid", 8))
    weights = today.pop("weights")
    earlier = today | {f"{name}_weight": weights.get(name, 0.0) for name in TERMS}
    assert upgraded(earlier) == upgraded(today | {"weights": weights}) == asdict(preset("keygrid", 8))
