"""Uncertainty of numbers: resampling, intervals and comparisons of systems."""
