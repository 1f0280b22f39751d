"""Options, as the command line and the form of the window take them."""

import subprocess
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from keygrid.errors import KeygridError
from keygrid.model.config import preset as model_preset
from keygrid.training.config import TrainingConfig
from keygrid.training.config import preset as training_preset
from keygrid.training.options import Options, knobs, preset_values
from keygrid.training.terms import TERMS
from tests.conftest import ROOT


@pytest.mark.parametrize("name", ["released", "paper", "keygrid"])
def test_without_options_a_training_is_the_preset_s(name: str) -> None:
    options = Options.of({"preset": name, "keypoints": 6})
    assert options.model() == model_preset(name, 6)
    assert options.training() == training_preset(name, 6)


def test_what_is_given_replaces_the_preset_s_own_even_where_it_is_nothing() -> None:
    options = Options.of(
        {
            "preset": "keygrid", "points": 64, "normalisation": "range", "no_heatmap": True, "rotate": 45.0,
            "scale": 0.0, "mirror": False, "up": "z", "epochs": 20, "clip": 0.0,
            "weight": ["coverage=2", "apart=0"], "half": True, "precision": "bf16",
        }
    )  # fmt: skip
    model, training, ours = options.model(), options.training(), training_preset("keygrid", 8, 20)
    assert (model.points, model.normalisation, model.decoder.heatmap_levels) == (64, "range", 0)
    assert training.augmentation == replace(ours.augmentation, rotate=45.0, scale=0.0, mirror=False, up="z")
    assert (training.warm_up, training.clip, training.half, training.precision) == (15, 0, True, "bf16")
    weights = dict(ours.weights) | {"coverage": 2.0}
    del weights["apart"]
    assert training.weights == weights
    changed = {"augmentation", "clip", "half", "precision", "weights"}
    assert {name: value for name, value in asdict(training).items() if name not in changed} == {
        name: value for name, value in asdict(ours).items() if name not in changed
    }


PARSE = """
import sys
from cyclopts import App, Parameter
from keygrid.cli.train import train
from keygrid.training.options import Options
app = App(default_parameter=Parameter(negative=()))
app.default(train)
_, bound, _ = app.parse_args(["a.ply", "--run", "r", *sys.argv[1:]])
print(repr(Options(**{name: bound.arguments.get(name, default) for name, default in vars(Options()).items()})))
"""


def test_options_are_words_of_the_command_that_give_them_back() -> None:
    values = {
        "category": ["T-shirt", "Long dress"], "rotate": 30.0, "mirror": False, "no_cache": True, "keypoints": 6,
        "weight": ["apart=0"], "preview": Path("/a b.ply"), "half": True, "seed": 3,
    }  # fmt: skip
    options = Options.of(values)
    command = [sys.executable, "-c", PARSE, *options.words()]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == repr(options)
    assert Options().words() == []


def test_names_of_options_are_unlike_and_their_help_names_every_term() -> None:
    every = [one for group in vars(Options()).values() for one in fields(group)]
    assert len({one.name for one in every}) == len(every)
    assert all(one.metadata["help"].endswith(".") for one in every)
    (weight,) = (one for one in every if one.name == "weight")
    assert all(name in weight.metadata["help"] for name in TERMS)


def test_a_form_shows_numbers_and_switches_with_the_preset_s_own_values() -> None:
    found = knobs()
    assert {knob.kind for knob in found.values()} == {int, float, bool}
    own = preset_values("keygrid", 8)
    for name, knob in found.items():
        assert (knob.name, type(own[name])) == (name, knob.kind)
        assert knob.kind is bool or knob.least <= own[name] <= knob.most
    assert own["epochs"] != TrainingConfig.epochs


def test_what_can_t_be_is_refused_before_anything_is_read() -> None:
    with pytest.raises(KeygridError, match="no loss term 'near'"):
        Options.of({"weight": ["near=1"]}).training()
    with pytest.raises(KeygridError, match="even"):
        Options.of({"preset": "keygrid", "batch": 3}).training()
