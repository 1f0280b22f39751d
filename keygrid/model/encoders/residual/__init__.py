"""PointNet followed by residual blocks, as SC3K has it."""
