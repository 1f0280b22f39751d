"""SPRIN: features of points that no rotation of the cloud changes, as USEEK's student has them."""
