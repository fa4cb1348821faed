"""Safe reading and writing for all files: bounded reading, JSON, pickles, and atomic writing."""
