"""Garments in memory, the files they come from, and the clouds drawn on them."""
