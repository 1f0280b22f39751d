"""The background process: what may be asked of it, its loop, and the client that the window talks to."""
