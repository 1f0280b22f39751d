"""Names that users give to places on a garment."""

LONGEST = 40
"""Maximum length of a name."""


def tidied(name: str) -> str:
    """Return a name without unprintable characters, cut to `LONGEST`."""
    return "".join(c for c in name if c.isprintable()).strip()[:LONGEST].strip()
