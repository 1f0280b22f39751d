"""The command line, put together from its commands, and the two of them that show something."""
