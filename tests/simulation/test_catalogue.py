"""The data set's plan and its manifest."""

import json
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np

from keygrid.data import open_path
from keygrid.data.collection import Collection
from keygrid.data.formats.manifest import MANIFEST
from keygrid.data.readers.sequence import write_sequence
from keygrid.errors import KeygridError
from keygrid.simulation.catalogue import demonstrations, items, make_all, write_manifest


def test_every_garment_has_one_split_and_three_motions_and_those_for_test_have_six():
    splits, motions = defaultdict(set), defaultdict(list)
    for item in items():
        splits[item.garment].add(item.split)
        motions[item.garment].append(item.motion)
    assert all(len(found) == 1 for found in splits.values())
    for garment, found in motions.items():
        assert found[0] == "drop"
        assert found[1] in {"fold-half", "fold-sleeve"}
        assert found[2] == "lift"
        assert found[3:] == (["fold-any", "fold-twice", "drag"] if splits[garment] == {"test"} else [])


def test_every_category_has_garments_in_all_splits():
    garments = {item.garment: (item.category, item.split) for item in items()}
    counts = Counter(category for category, _ in garments.values())
    assert counts["T-shirt"] == 14
    assert sorted(counts.values())[:5] == [9] * 5
    tests = Counter(category for category, split in garments.values() if split == "test")
    assert tests.pop("T-shirt") == 6
    assert set(tests.values()) == {4}
    assert set(garments.values()) == {(c, s) for c in counts for s in ("train", "validation", "test")}
    assert garments["tshirt-real"] == ("T-shirt", "test")


def test_one_test_garment_a_category_is_shown():
    by_name = {item.name: item for item in items()}
    shown = [by_name[name] for name in demonstrations()]
    assert len({item.category for item in shown}) == len(shown) == 6
    assert {item.split for item in shown} == {"test"}


def test_names_and_measures_are_all_different():
    assert len({item.name for item in items()}) == len(items()) == 255
    measures = {tuple(item.pattern.parameters.values()) for item in items() if item.pattern}
    assert len(measures) == 58


def test_the_manifest_says_what_the_files_say(shirt, tmp_path):
    moving = replace(shirt, frames=shirt.vertices[None].astype(np.float32), category="T-shirt", origin="a test")
    for name, split in (("b", "test"), ("a", "train")):
        write_sequence(replace(moving, name=name), tmp_path / f"{name}.npz", {"split": split, "seed": 7})
    write_manifest(tmp_path)
    listed = json.loads((tmp_path / MANIFEST).read_text())["sequences"]
    assert [(entry["file"], entry["split"], entry["seed"], entry["category"]) for entry in listed] == [
        ("a.npz", "train", 7, "T-shirt"), ("b.npz", "test", 7, "T-shirt"),
    ]  # fmt: skip
    assert listed[0]["bytes"] == (tmp_path / "a.npz").stat().st_size
    opened = open_path(tmp_path)
    assert isinstance(opened, Collection)
    assert [(entry.name, entry.split) for entry in opened.entries] == [("a", "train"), ("b", "test")]


def test_what_is_missing_is_made_and_failures_are_returned(shirt, tmp_path, monkeypatch, capsys):
    hats = [item for item in items() if item.category == "Hat"]
    moving = replace(shirt, frames=shirt.vertices[None].astype(np.float32), category="Hat", origin="a test")

    def make(item, folder, real):
        if item.name == hats[1].name:
            raise KeygridError("It fell off.")
        write_sequence(replace(moving, name=item.name), folder / f"{item.name}.npz", {"split": "test"})
        return "done at attempt 1"

    monkeypatch.setattr("keygrid.simulation.catalogue.make", make)
    assert make_all(tmp_path / "data", shirt, processes=0, category="Hat") == ["It fell off."]
    there = {path.stem for path in (tmp_path / "data").glob("*.npz")}
    assert there == {item.name for item in hats} - {hats[1].name}
    failure = f"{hats[1].name}: It fell off."
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == sorted([failure, *(f"{name}: done at attempt 1" for name in there)])
    assert make_all(tmp_path / "data", shirt, processes=0, category="Hat") == ["It fell off."]
    assert capsys.readouterr().out.splitlines() == [failure]  # the others are there already
