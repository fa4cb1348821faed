"""Validation of files: all faults, by code."""
