"""The desktop application. Its process never imports torch or a reader, which the worker does."""
