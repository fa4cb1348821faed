"""One cross-check a metric."""
