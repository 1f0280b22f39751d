"""The desktop application. Its process never imports torch or a reader: the worker does."""
