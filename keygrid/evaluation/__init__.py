"""The quality of keypoints, measured on garments whose every point is known in every frame."""
