"""Results and their renderings."""
