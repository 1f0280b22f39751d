"""Garments sewn from patterns and moved by a cloth simulator. Needs the extra `simulate`."""
