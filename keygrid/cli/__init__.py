"""The commands that need no window, one a module. What is heavy to import waits for its command."""
