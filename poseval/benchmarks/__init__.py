"""Protocols: format, skeleton, metrics with their parameters, alignment and rule books."""
