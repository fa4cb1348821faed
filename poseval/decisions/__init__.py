"""What follows from numbers: the gate and the leaderboard."""
