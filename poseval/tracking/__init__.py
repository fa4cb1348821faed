"""Reference trackers."""
