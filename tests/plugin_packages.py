"""Packages of others for tests: put on the path with the metadata that an installer would write."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from poseval.datasets import registry as formats
from poseval.models.registry import registry as models

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).resolve().parent / "plugin_example"


def write_metadata(folder: Path, name: str, entry_points: Mapping[str, Mapping[str, str]]) -> None:
    """A `dist-info` folder of version 1.0 with entry points: group -> name -> place."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for group, entries in entry_points.items():
        lines += [f"[{group}]", *(f"{key} = {place}" for key, place in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def entry_points_of(project: str) -> Mapping[str, Mapping[str, str]]:
    """The entry points that a pyproject.toml declares."""
    found: Mapping[str, Mapping[str, str]] = tomllib.loads(project)["project"]["entry-points"]
    return found


@contextmanager
def on_path(*folders: Path) -> Iterator[None]:
    """Packages that can be imported in here, and are forgotten afterwards."""
    tops = {path.stem for folder in folders for path in folder.iterdir()}
    before, made = sys.path[:], dict(formats._MADE)
    sys.path[:0] = [str(folder) for folder in folders]
    models.cache_clear()
    try:
        yield
    finally:
        sys.path[:] = before
        formats._MADE.clear()
        formats._MADE.update(made)
        models.cache_clear()
        for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
            del sys.modules[name]
