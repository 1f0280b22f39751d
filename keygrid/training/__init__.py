"""Learning keypoints from clouds: losses, augmentation, the loop, checkpoints."""
