"""`python -m poseval`."""

from poseval.cli import main

main()
