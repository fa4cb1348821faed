"""Metrics, one file per metric: a fold (`tally`) and a finish (`reduce`)."""
