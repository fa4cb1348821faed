"""Scores inside of other people's programs: a metric that is updated batch by batch, and thin faces of it."""
