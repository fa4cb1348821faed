"""The other side of a cross-check: official programs, and transcriptions of those that cannot be installed.

Nothing here knows poseval: files are read with json, csv, SciPy and plain code, constants are the programs'
own, and ignore regions are applied by loops of its own, so that a mistake anywhere in poseval shows as a
difference. A test holds this room to it.
"""
