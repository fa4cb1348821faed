"""What pages point at: files of the repository that exist, and few addresses, all of hosts that are known."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.shared import ROOT

PAGES = [path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if "build" not in path.parts]
FOLDERS = r"(?:\.ci|\.github|LICENSES|conda|docs|examples|perf|poseval|templates|tests)"
# A path with an extension, or a folder with its last slash; `*` stands for any name.
NAMED = re.compile(rf"(?<![\w./-])({FOLDERS}/(?:[\w.*-]+/)*(?:[\w*-]+(?:\.\w+)+|))(?![\w/])")
WRITTEN = re.compile(r"^ *# poseval/\S+\.(?:py|tsv)(?:: \w+)?$", re.MULTILINE)  # the files that guides write
ADDRESS = re.compile(r"\bhttps?://[^\s)>`\"'|]+")
# Hosts that a page may name, each looked at by a person; .github/workflows/links.yml asks them weekly.
HOSTS = {"eval.ai", "semver.org"}
PLACEHOLDERS = {"HOST", "example.org"}


def lines_of(page: Path) -> list[tuple[int, str]]:
    text = WRITTEN.sub("", page.read_text("utf-8"))
    return list(enumerate(text.splitlines(), start=1))


def missing_paths(page: Path) -> list[str]:
    """Files that a page names and that do not exist."""
    return [
        f"{page.name}:{number}: {name}"
        for number, line in lines_of(page)
        for name in NAMED.findall(line)
        if not any(ROOT.glob(name.rstrip("/")))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_exist(page: Path) -> None:
    assert missing_paths(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    drawn = "images/gallery/"  # while the site is built
    wrong = [one for one in targets if not one.startswith(drawn) and not (page.parent / one).exists()]
    assert wrong == []


def test_addresses_are_whole_and_of_known_hosts() -> None:
    found = set()
    for page in PAGES:
        for address in ADDRESS.findall(page.read_text("utf-8")):
            parts = urlsplit(address.rstrip(".,;"))
            assert parts.scheme == "https", f"{page.name}: {address}"
            assert not re.search(r"[{}<>\\]", address), f"{page.name}: {address}"
            found.add(parts.netloc)
    assert found == HOSTS | PLACEHOLDERS


def test_a_path_that_does_not_exist_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("See `docs/no_such_page.md`, docs/start.md, `tests/*.py` and `tests/nowhere/`.", "utf-8")
    assert missing_paths(page) == ["page.md:1: docs/no_such_page.md", "page.md:1: tests/nowhere/"]
