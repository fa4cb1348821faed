"""The blocks of a page: what a reader can type, what only shows something, and why a block is not run.

A comment before a block says why it is not run: `<!-- not run: it takes hours -->`. With words in brackets it
speaks of the lines that have one of them: `<!-- not run (make): tests/test_makefile.py runs the targets -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMMANDS, TEXT = "commands", "text"
PROGRAMS = ("poseval", "python", "make", "mkdir", "pip", "docker", "git", "npm", "apt", "conda", ".")
SHELL = ("sh", "bash", "console", "shell")
FENCE = re.compile(r"^( *)(`{3,}|:{3,})(\S*)")
MARK = re.compile(r"^\s*<!-- not run(?: \((.+?)\))?: (.+?) -->\s*$")


@dataclass(frozen=True)
class Mark:
    """Why a block is not run, or those of its lines that have one of `words`."""

    reason: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A block of a page. `language` is `commands`, `text` for what is only shown, or that of its fence."""

    page: Path
    line: int
    language: str
    text: str
    mark: Mark | None

    @property
    def commands(self) -> list[str]:
        """Its lines that are commands, continued lines in one. Other lines show what is printed."""
        lines = re.sub(r" *\\\n\s*", " ", self.text).splitlines()
        typed = [line.strip().removeprefix("$ ") for line in lines if line.strip()]
        return [line for line in typed if line.split(maxsplit=1)[0] in PROGRAMS]

    def left_out(self, command: str) -> bool:
        """Whether the mark speaks of a command."""
        words = () if self.mark is None else self.mark.words
        return self.mark is not None and (not words or not set(words).isdisjoint(command.split()))


def blocks(page: Path) -> list[Block]:
    """All blocks of a page that can be typed, in order."""
    return [block for block in _all(page) if block.language != TEXT]


def _all(page: Path) -> Iterator[Block]:
    lines = page.read_text("utf-8").splitlines()
    at, mark = 0, None
    while at < len(lines):
        start, line = at, lines[at]
        found = FENCE.match(line)
        if found:
            indent, fence, language = found.groups()
            end = next(n for n in range(at + 1, len(lines)) if lines[n].strip() == fence)
            text = "\n".join(one.removeprefix(indent) for one in lines[at + 1 : end]) + "\n"
            at = end + 1
            yield Block(page, start + 1, _kind(language), text, mark)
        elif line.startswith("    ") and (not start or not lines[start - 1].strip()):
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                at += 1
            block = Block(page, start + 1, COMMANDS, "\n".join(one[4:] for one in lines[start:at]), mark)
            if block.commands:
                yield block
        else:
            at += 1
            said = MARK.match(line)
            if said:
                mark = Mark(said[2], tuple(re.split(r",\s*", said[1])) if said[1] else ())
            if said or not line.strip():
                continue
        mark = None


def _kind(language: str) -> str:
    if language in SHELL:
        return COMMANDS
    return TEXT if language in ("", "text") or language.startswith("{") else language
