"""Every fault of a file, by code."""
