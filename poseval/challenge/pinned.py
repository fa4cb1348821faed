"""What a container needs to run poseval: each package at the version that is installed here."""

from __future__ import annotations

import re
from importlib import metadata

from poseval._version import __version__

PACKAGE = "poseval"
# Needed where poseval runs from its sources, without the metadata of an installed package.
NEEDED = (
    "numpy",
    "scipy",
    "pycocotools",
    "motmetrics",
    "pandas",
    "click",
    "jinja2",
    "matplotlib",
    "Pillow",
    "PyYAML",
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def requirements() -> list[str]:
    """Lines of a requirements file: poseval, what it needs, and what that needs, in order."""
    found: dict[str, str] = {}
    waiting = list(NEEDED)
    while waiting:
        name = waiting.pop()
        plain = re.sub(r"[-_.]+", "-", name).lower()
        if plain in found:
            continue
        try:
            found[plain] = f"{plain}=={metadata.version(name)}"
            waiting += _needs(name)
        except metadata.PackageNotFoundError:  # of another platform or Python
            continue
    return [f"{PACKAGE}=={__version__}", *(found[name] for name in sorted(found))]


def requirements_text() -> bytes:
    """The same as a requirements file."""
    return "\n".join([*requirements(), ""]).encode()


def _needs(name: str) -> list[str]:
    lines = metadata.requires(name) or []
    needed = [line for line in lines if "extra ==" not in line]
    return [match[0] for line in needed if (match := NAME.match(line))]
