"""poseval: official digits, honest errors and fast scoring for human-pose benchmarks."""
