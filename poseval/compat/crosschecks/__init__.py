"""One cross-check per metric."""
