"""From files to an evaluation: read, align, check, tally, reduce."""
