"""The pages as a site: Sphinx builds it without a warning, and every page is in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from poseval.cli import COMMANDS
from tests.shared import ROOT

for _package in ("sphinx", "furo", "myst_parser", "sphinx_click"):
    pytest.importorskip(_package, reason="needs the extra docs")


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not (tmp_path / f"{page}.html").is_file()} == set()
    commands = (tmp_path / "commands.html").read_text("utf-8")
    assert "--per-joint" in commands
    assert (tmp_path / "searchindex.js").stat().st_size > 10_000


def test_the_manual_page_has_every_command(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sphinx", "-q", "-b", "man", "docs", str(tmp_path)]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode == 0
    text = (tmp_path / "poseval.1").read_text("utf-8")
    assert all(f".SS {name}" in text for name in COMMANDS)


def test_the_gallery_shows_its_commands_and_figures() -> None:
    text = (ROOT / "docs/gallery.md").read_text("utf-8")
    source = (ROOT / "docs/gallery.py").read_text("utf-8")
    shown = re.findall(r"^    poseval (.*)$", text, re.MULTILINE)
    assert shown == re.findall(r'^    "([a-z]+ .*)",$', source, re.MULTILINE)
    figures = {path.replace("/", "_") for path in re.findall(r'^    "(\S+\.png)",$', source, re.MULTILINE)}
    assert set(re.findall(r"images/gallery/(\S+\.png)", text)) == figures
