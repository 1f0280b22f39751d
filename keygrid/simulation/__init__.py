"""Garments made of patterns, and what a cloth simulator does to them. Needs the extra `simulate`."""
