"""Learned diffusion on a surface: features that neither a fold nor a turn of the garment changes.

Sharp et al., DiffusionNet: Discretization Agnostic Learning on Surfaces (ToG 2022).
"""
