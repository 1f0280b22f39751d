"""Geometry of clouds, segments and meshes. Importing this imports no torch: `points` and what it dispatches to do."""
