"""Preparation of many clouds by one recipe."""

from pathlib import Path

from keygrid.clouds.files import write_cloud
from keygrid.clouds.preparing import prepare
from keygrid.clouds.recipe import Recipe
from keygrid.data.dataset import Member


def prepare_to(member: Member, recipe: Recipe, out: Path) -> tuple[int, ...]:
    """Prepare a cloud and write it; return the number of points at first and after each step.

    Raises:
        KeygridError: the cloud can't be read, prepared or written.
    """
    prepared = prepare(member.read(), recipe)
    write_cloud(prepared, out)
    return prepared.counts
