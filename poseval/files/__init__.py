"""What every file goes through, whoever asks for it: bounded reading, JSON, pickles, and whole writing."""
