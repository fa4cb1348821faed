"""Scores inside other programs: a metric that is updated batch by batch, and adapters of it."""
