"""Long scenarios use the windows of the application's tests, and the same guard against what they leave behind."""

from tests.app.conftest import (  # noqa: F401
    _nothing_left_behind,
    open_shared_window,
    open_window,
    sequence,
    surroundings,
    until,
)
