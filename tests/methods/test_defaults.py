"""The checkpoint with which a garment opens where none is named."""

from dataclasses import replace

import numpy as np
import pytest

from keygrid.checkpoints.header import read_header
from keygrid.data.garment import Garment
from keygrid.methods.defaults import FOLDER, SHIPPED, default_for


def test_each_first_choice_is_there_and_reads_what_it_is_for() -> None:
    assert len({(one.kind, one.categories) for one in SHIPPED}) == len(SHIPPED)
    for one in SHIPPED:
        header = read_header(FOLDER / f"{one.checkpoint}.safetensors")
        assert header.config.encoder.needs_surface == (one.kind == "mesh")
        assert set(header.category.split(", ")) <= set(one.categories)


@pytest.mark.parametrize(
    ("category", "mesh", "cloud"),
    [
        ("", "tops-k8-surface, the default for a mesh of unknown category", "tops-k8-cloud"),
        ("t-shirt", "tops-k8-surface, the default for a mesh of the category t-shirt", "tops-k8-cloud"),
        (
            "Sock",
            "tops-k8-surface, the default for a mesh, because the category Sock has no checkpoint of its own",
            "tops-k8-cloud",
        ),
    ],
)
def test_kind_and_category_choose(shirt: Garment, category: str, mesh: str, cloud: str) -> None:
    surface = replace(shirt, category=category)
    found = default_for(surface)
    assert f"{found.path.stem}, {found.reason}" == mesh
    points = replace(surface, faces=np.empty((0, 3), np.int64), landmarks=None)
    assert default_for(points).path.stem.startswith(cloud)
    assert default_for(points).reason == found.reason.replace("a mesh", "a cloud")


def test_a_category_keeps_its_own_checkpoint_in_both_kinds(shirt: Garment) -> None:
    for category, stem in (("Trousers", "trousers-k8"), ("skirt", "skirt-k8")):
        surface = replace(shirt, category=category)
        points = replace(surface, faces=np.empty((0, 3), np.int64), landmarks=None)
        assert default_for(surface).path.stem.startswith(stem)
        assert default_for(points).path.stem == stem
