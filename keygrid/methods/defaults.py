"""The table of shipped checkpoints with which garments open by default."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keygrid.data.garment import Garment
from keygrid.installation import ASSETS

FOLDER = ASSETS / "checkpoints"
"""Shipped checkpoints."""

Kind = Literal["mesh", "cloud"]


@dataclass(frozen=True)
class Shipped:
    """A shipped checkpoint that is the default for some garments.

    Attributes:
        checkpoint: name of its file, without the ending.
        kind: kind of garment that it was made for.
        categories: categories of its training garments, and synonyms.
    """

    checkpoint: str
    kind: Kind
    categories: tuple[str, ...]


_TOPS = ("T-shirt", "Vest", "Dress", "Tops", "Top", "Shirt")

SHIPPED = (
    Shipped("tops-k8-surface", "mesh", _TOPS),
    Shipped("tops-k8-cloud", "cloud", _TOPS),
    Shipped("trousers-k8-surface", "mesh", ("Trousers",)),
    Shipped("trousers-k8", "cloud", ("Trousers",)),
    Shipped("skirt-k8", "cloud", ("Skirt",)),
)
"""The defaults, one per kind and category. Those for tops also serve garments of unknown or other categories."""


@dataclass(frozen=True)
class Default:
    """The default for a garment.

    Attributes:
        path: path of the checkpoint.
        reason: the reason for it, a phrase that begins with "the default for".
    """

    path: Path
    reason: str


def default_for(garment: Garment) -> Default:
    """Return the shipped checkpoint with which a garment opens.

    It is the one for the garment's kind and category; otherwise, for a mesh, the one for clouds of its category, which
    sees points of the mesh; otherwise the one for tops of its kind.
    """
    kind: Kind = "cloud" if garment.is_cloud else "mesh"
    own = [one for one in SHIPPED if garment.category.casefold() in map(str.casefold, one.categories)]
    of_kind = [one for one in own if one.kind == kind]
    if of_kind:
        return _default(of_kind[0], f"a {kind} of the category {garment.category}")
    if own and kind == "mesh":
        return _default(own[0], f"the category {garment.category}, which has no checkpoint for meshes")
    tops = next(one for one in SHIPPED if one.kind == kind and one.categories == _TOPS)
    if not garment.category:
        return _default(tops, f"a {kind} of unknown category")
    return _default(tops, f"a {kind}, because the category {garment.category} has no checkpoint of its own")


def default_for_clouds() -> Path:
    """Return the shipped checkpoint for clouds of unknown category."""
    tops = next(one for one in SHIPPED if one.kind == "cloud" and one.categories == _TOPS)
    return FOLDER / f"{tops.checkpoint}.safetensors"


def _default(chosen: Shipped, what: str) -> Default:
    return Default(FOLDER / f"{chosen.checkpoint}.safetensors", f"the default for {what}")
