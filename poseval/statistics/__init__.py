"""How sure a number is: resampling, intervals and comparisons of systems."""
