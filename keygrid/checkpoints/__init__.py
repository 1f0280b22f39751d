"""Checkpoints: the file, the import of the published format, and the names of keypoints kept beside it."""
