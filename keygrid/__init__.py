"""Key-Grid: unsupervised 3D keypoints for garments and other deformable things (arXiv 2410.02237).

Importing this package imports neither torch nor any reader: a window or a command line can start with it.
"""
