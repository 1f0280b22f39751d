"""The one error that users see."""


class KeygridError(ValueError):
    """Something the user can mend: its message is one sentence that says what is wrong and what to do."""
