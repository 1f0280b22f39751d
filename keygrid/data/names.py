"""Names that people give to places on a garment."""

LONGEST = 40
"""Characters of a name."""


def tidied(name: str) -> str:
    """Return a name without what can't be printed, and no longer than `LONGEST`."""
    return "".join(c for c in name if c.isprintable()).strip()[:LONGEST].strip()
