"""Key-Grid: unsupervised 3D keypoints for garments and other deformable things (arXiv 2410.02237).

Importing this package imports neither torch nor any reader: a window or a command line can start with it.
"""

import os

# Torch's threads wait for each other by spinning unless told otherwise before it is imported. Beside another busy
# process, such as a training, those that spin keep from running those that they wait for: a prediction on two such
# cores took nine times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
