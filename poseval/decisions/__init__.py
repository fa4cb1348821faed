"""Decisions from numbers: the gate and the leaderboard."""
