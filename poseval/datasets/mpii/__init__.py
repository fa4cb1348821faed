"""MPII Human Pose: the release, the validation files that papers use, and the server's submission."""
