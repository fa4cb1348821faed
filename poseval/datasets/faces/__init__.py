"""Face landmarks: 300W, WFLW, COFW, AFLW and LaPa."""
