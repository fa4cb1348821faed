"""The explorer: a folder of pages that shows every frame of one or two systems, and opens from disk."""
