"""One file per verb: what takes paths or values, returns a value and never prints.

The commands call these functions. Imports happen inside them, so that a command loads no more than it needs.
`read`, `score`, `evaluate` and `validate` are defined in the packages that do their work.
"""
