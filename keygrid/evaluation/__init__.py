"""The quality of keypoints, measured on garments with known points in every frame."""
