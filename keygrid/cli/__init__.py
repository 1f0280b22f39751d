"""The commands that need no window, one per module. Each imports heavy packages only when it runs."""
