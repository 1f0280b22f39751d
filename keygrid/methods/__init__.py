"""Methods: whatever finds keypoints on a garment."""
