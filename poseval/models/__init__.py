"""Reference networks (extra `models`)."""
