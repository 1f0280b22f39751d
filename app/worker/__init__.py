"""The background process: its requests, its loop, and the client that the window uses."""
