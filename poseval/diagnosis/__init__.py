"""What failed, and what it costs: joint errors, scores, background, missed people, track errors."""
