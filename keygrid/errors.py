"""The one error that users see."""


class KeygridError(ValueError):
    """An error that the user can fix; its message says in one sentence what is wrong and what to do."""
