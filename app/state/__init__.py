"""What is open, chosen and shown, as evented dataclasses without Qt or VTK."""
