"""PointNet++ with multi-scale grouping."""
