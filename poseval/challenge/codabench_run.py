"""Start of a scoring program in Codabench's container. It is copied into the bundle as `run.py`.

Where wheels lie beside it, they are unpacked to a temporary folder and used: the container has no network.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

OLDEST = (3, 10)


def add_wheels(folder: Path) -> None:
    """Make what the wheels in a folder hold importable."""
    wheels = sorted(folder.glob("*.whl"))
    if wheels:
        place = tempfile.mkdtemp(prefix="wheels-")
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(place)
        sys.path.insert(0, place)


def main() -> int:
    """Score /app/input/res into /app/output; other folders may be named."""
    if sys.version_info < OLDEST:
        sys.stdout.write("This container has a Python before 3.10, in which poseval does not run.\n")
        return 1
    add_wheels(Path(__file__).resolve().parent / "wheels")
    try:
        from poseval.challenge.codabench_program import score
    except ImportError as error:
        tag = sys.implementation.cache_tag
        sys.stdout.write(f"poseval cannot be loaded in this container, whose Python is {tag}: {error}\n")
        return 1
    given = [*sys.argv[1:], "/app/input", "/app/output"]
    return score(Path(given[0]), Path(given[1]))


if __name__ == "__main__":
    sys.exit(main())
