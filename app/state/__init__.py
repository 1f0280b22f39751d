"""The state of a window, as evented dataclasses without Qt or VTK."""
