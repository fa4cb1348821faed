"""Cards of the reference models as data: one file per family, each with a tuple `CARDS`."""
