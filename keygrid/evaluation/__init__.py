"""How good keypoints are, measured on garments whose every point is known in every frame."""
