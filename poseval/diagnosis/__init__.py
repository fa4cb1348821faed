"""Which errors were made and what they cost: joints, scores, false positives, misses, tracks."""
