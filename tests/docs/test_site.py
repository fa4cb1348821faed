"""The pages as a site: Sphinx builds it without a warning, and every page is in it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from poseval.cli import COMMANDS
from poseval.cli.examples import EXAMPLES
from tests.browser import Browser, browser
from tests.docs.scripts import script
from tests.shared import ROOT

MENU = "document.querySelector('#versions select')"
LINKS = "return [...document.querySelectorAll('#search-results li a')].map(one => one.href)"

for _package in ("sphinx", "furo", "myst_parser", "sphinx_click"):
    pytest.importorskip(_package, reason="needs the extra docs")


def build(kind: str, folder: Path) -> None:
    """Build the pages; a warning is an error."""
    words = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", kind, "docs", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    build("html", folder)
    return folder


def test_every_page_is_on_the_site(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not (site / f"{page}.html").is_file()} == set()
    commands = (site / "commands.html").read_text("utf-8")
    plain = unescape(re.sub(r"<[^>]+>", "", commands))
    examples = [f"poseval {path} {words}" for path, rows in EXAMPLES.items() for words, _ in rows]
    assert [one for one in examples if one.rstrip() not in plain] == []  # two dashes stay two dashes


@pytest.mark.browser
@pytest.mark.parametrize(("words", "page"), [("ties of scores", "ties.html"), ("max-drop", "ci.html")])
def test_the_search_finds_a_page_without_a_network(words: str, page: str, site: Path) -> None:
    """From the disk, as somebody who unpacked the site would open it."""
    with browser() as tab:
        tab.open(site / "index.html")
        tab.run(f"document.querySelector('input[name=q]').value = '{words}';")
        tab.run("document.querySelector('form.sidebar-search-container').submit();")
        until(lambda: page in [Path(link).name.partition("?")[0] for link in tab.run(LINKS)])
        assert tab.run("return location.protocol") == "file:"


@pytest.mark.browser
def test_the_menu_leads_to_the_same_page_of_another_version(site: Path, tmp_path: Path) -> None:
    versions = script("versions")
    for name in ("v0.1.0", "main"):
        versions.add(site, tmp_path, name)
    (tmp_path / "v0.1.0/ties.html").unlink()
    versions.add(site, tmp_path, "main")
    with browser() as tab:
        tab.open(tmp_path / "index.html")
        until(lambda: tab.run("return location.href.includes('v0.1.0/index.html')"))
        tab.open(tmp_path / "main/howto/coco.html")
        assert tab.run(f"return [...{MENU}.options].map(one => one.text)") == ["v0.1.0", "main"]
        assert tab.run(f"return {MENU}.value") == "main"
        choose(tab, "v0.1.0")
        until(lambda: tab.run("return location.href.endsWith('/v0.1.0/howto/coco.html')"))
        tab.open(tmp_path / "main/ties.html")
        choose(tab, "v0.1.0")  # which has no such page
        until(lambda: tab.run("return location.href.endsWith('/v0.1.0/index.html')"))
        tab.open(site / "index.html")
        assert tab.run("return getComputedStyle(document.querySelector('#versions')).display") == "none"


def choose(tab: Browser, name: str) -> None:
    tab.run(f"{MENU}.value = '{name}'; {MENU}.dispatchEvent(new Event('change'));")


def until(ask: Callable[[], Any]) -> Any:
    """What a question gives once it gives something, in 20 seconds at most."""
    for _ in range(100):
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise AssertionError("nothing came")


def test_the_manual_page_has_every_command(tmp_path: Path) -> None:
    build("man", tmp_path)
    text = (tmp_path / "poseval.1").read_text("utf-8")
    assert all(f".SS {name}" in text for name in COMMANDS)
    examples = [f"poseval {path} {words}" for path, rows in EXAMPLES.items() for words, _ in rows]
    plain = text.replace("\\-", "-")
    assert [one for one in examples if one.rstrip() not in plain] == []


def test_the_gallery_shows_its_commands_and_figures() -> None:
    text = (ROOT / "docs/gallery.md").read_text("utf-8")
    source = (ROOT / "docs/gallery.py").read_text("utf-8")
    shown = re.findall(r"^    poseval (.*)$", text, re.MULTILINE)
    assert shown == re.findall(r'^    "([a-z]+ .*)",$', source, re.MULTILINE)
    figures = {path.replace("/", "_") for path in re.findall(r'^    "(\S+\.png)",$', source, re.MULTILINE)}
    assert set(re.findall(r"images/gallery/(\S+\.png)", text)) == figures
