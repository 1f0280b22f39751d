"""The error class for messages to the user."""


class KeygridError(ValueError):
    """An error that the user can fix; its message says in one sentence what is wrong and what to do."""
