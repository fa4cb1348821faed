"""Faces of other tools, and cross-checks against them."""
