"""Garments in memory, the files they come from, and the clouds drawn on them."""

from keygrid.data.opening import open_path

__all__ = ["open_path"]
