"""The public functions, one per file: they take paths or values, return a value and never print.

The commands call these functions. Imports happen inside them, so that a command loads no more than it needs.
`read`, `score`, `evaluate` and `validate` are defined in the packages that do their work.
"""
