"""Put a built site beside those of other versions: python docs/versions.py build/site pages v0.2.0

Each version lies in a folder of its name, built by its own sources when it was current, and is never built
again. (Extensions of Sphinx that build all versions at once need old sources to build with today's tools.)
versions.js lists them for the menu of every page, old ones included; index.html leads to the newest release.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
BRANCH = "main"


def add(site: Path, pages: Path, name: str) -> None:
    """Copy a site to `pages/name`, in the place of an earlier one, and list all versions anew.

    Raises:
        ValueError: a name that is no release and not the branch, or a folder that is no site.
    """
    if name != BRANCH and not RELEASE.fullmatch(name):
        raise ValueError(f"{name!r} is no version: {BRANCH}, or a release such as v0.2.0")
    if not (site / "index.html").is_file():
        raise ValueError(f"{site} is no built site: run `make docs` first")
    place = pages / name
    if place.exists():
        shutil.rmtree(place)
    shutil.copytree(site, place, ignore=shutil.ignore_patterns(".doctrees", ".buildinfo*"))
    found = listed(pages)
    (pages / "versions.js").write_text(f"window.posevalVersions = {json.dumps(found)};\n", "utf-8")
    newest = next(iter(found))
    refresh = f'<meta charset="utf-8"><meta http-equiv="refresh" content="0; url={newest}/index.html">'
    link = f'<title>poseval</title><a href="{newest}/index.html">poseval {newest}</a>'
    (pages / "index.html").write_text(f"<!doctype html>{refresh}{link}\n", "utf-8")
    (pages / ".nojekyll").touch()  # else GitHub leaves out folders such as _static


def listed(pages: Path) -> dict[str, list[str]]:
    """Names of versions -> their pages: releases from the newest on, then the branch."""
    names = [path.parent.name for path in pages.glob("*/index.html")]
    releases = {name: tuple(map(int, found.groups())) for name in names if (found := RELEASE.fullmatch(name))}
    order = sorted(releases, key=lambda name: releases[name], reverse=True)
    order += [BRANCH] if BRANCH in names else []
    return {
        name: sorted(path.relative_to(pages / name).as_posix() for path in (pages / name).rglob("*.html"))
        for name in order
    }


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python docs/versions.py SITE PAGES NAME")
    try:
        add(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except ValueError as error:
        sys.exit(f"versions: {error}")
