"""Sections of a page that programs write, between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""

from __future__ import annotations

from pathlib import Path


def with_section(page: str, name: str, section: str) -> str:
    """The page with the text of one section replaced, or added at its end; nothing else changes.

    Raises:
        ValueError: the page has only one of the section's two marks, or the end before the beginning.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    block = f"{begin}\n{section.strip()}\n{end}"
    if begin not in page and end not in page:
        return f"{page.rstrip()}\n\n{block}\n" if page.strip() else f"# Performance\n\n{block}\n"
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"section {name} has one mark without the other")
    return f"{head}{block}{tail}"


def write_section(path: Path, name: str, section: str) -> None:
    """Replace the section in a file, which is made where there is none."""
    page = path.read_text("utf-8") if path.exists() else ""
    path.write_text(with_section(page, name, section), "utf-8")
