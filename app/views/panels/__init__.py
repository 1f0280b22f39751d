"""Panels docked around the view."""
