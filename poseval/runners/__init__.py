"""Images or video to predictions in a benchmark's own format (extra `models`)."""
