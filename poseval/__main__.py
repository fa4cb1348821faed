"""`poseval` and `python -m poseval`."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line. Ctrl-C ends it with 130 while its modules are imported, too."""
    try:
        from poseval.cli import main as run

        run()
    except KeyboardInterrupt:
        os._exit(130)


if __name__ == "__main__":
    main()
