"""The part of YAML that data descriptions of YOLO use: maps, lists, scalars. Everything else is refused.

No anchors, tags, merges, multi-line flow or quoted keys with escapes: an uploaded description must not be
able to do more than say numbers and names. Block texts (`|`, `>`) are passed over as texts.
"""

from __future__ import annotations

import re
from typing import Any

from poseval.errors import FormatError, shown

MAX_BYTES = 1 << 20  # COCO-pose's description is 2 kB; 1,000 class names are 30 kB
MAX_DEPTH = 8
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$")
_KEY = re.compile(r"(?P<key>'[^']*'|\"[^\"\\]*\"|[^\s'\"#\[\]{},&*!|>%@`][^:#\[\]{}]*?)\s*:(\s+|$)")


def parse(data: bytes, where: str) -> dict[str, Any]:
    """The map that the text holds; keys are texts.

    Raises:
        FormatError: P211 not UTF-8, P272 beyond the part of YAML that is read, with its line.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(
            "P272", where=where, what=f"has {len(data):,} bytes", wanted=f"at most {MAX_BYTES:,}"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("P211", where=where, what="is not UTF-8", hint="save the file as UTF-8") from error
    lines = [
        (number, len(line) - len(line.lstrip(" ")), line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#") and line.strip() != "---"
    ]
    reader = _Lines(lines, where)
    found = reader.block(0, 0) if lines else {}
    if reader.at < len(lines) or not isinstance(found, dict):
        raise reader.refuse("is indented otherwise than its neighbours, or is no `key: value`")
    return found


class _Lines:
    """Lines (number, indent, text) read from the top."""

    def __init__(self, lines: list[tuple[int, int, str]], where: str) -> None:
        self.lines, self.where, self.at = lines, where, 0

    def refuse(self, what: str) -> FormatError:
        number = self.lines[min(self.at, len(self.lines) - 1)][0]
        return FormatError(
            "P272",
            where=f"{self.where}: line {number}",
            what=what,
            wanted="maps, lists, names and numbers: the part of YAML that poseval reads",
        )

    def block(self, indent: int, depth: int) -> Any:
        """The map or list whose lines stand at this indent."""
        if depth > MAX_DEPTH:
            raise self.refuse(f"nests deeper than {MAX_DEPTH}")
        if self.lines[self.at][2].startswith(("- ", "-\t")) or self.lines[self.at][2] == "-":
            return self._list(indent)
        out: dict[str, Any] = {}
        while self.at < len(self.lines) and self.lines[self.at][1] == indent:
            text = self.lines[self.at][2]
            match = _KEY.match(text)
            if match is None:
                raise self.refuse("is no `key: value`")
            key = match["key"].strip("'\"")
            if key in out:
                raise self.refuse(f"repeats the key {shown(key, 40)!r}")
            out[key] = self._value(_uncommented(text[match.end() :]), indent, depth)
        return out

    def _value(self, rest: str, indent: int, depth: int) -> Any:
        here = self.at
        self.at += 1
        below = self.at < len(self.lines) and self.lines[self.at][1] > indent
        if rest[:1] in ("|", ">"):
            start = self.at
            while self.at < len(self.lines) and self.lines[self.at][1] > indent:
                self.at += 1
            return "\n".join(text for _, _, text in self.lines[start : self.at])
        if rest:
            if below:
                raise self.refuse("is indented below a value")
            self.at = here
            value = self.scalar(rest, 0)
            self.at += 1
            return value
        listed = (
            self.at < len(self.lines)
            and self.lines[self.at][1] == indent
            and self.lines[self.at][2][:1] == "-"
        )
        if below:
            return self.block(self.lines[self.at][1], depth + 1)
        return self._list(indent) if listed else None

    def _list(self, indent: int) -> list[Any]:
        out = []
        while self.at < len(self.lines) and self.lines[self.at][1] == indent:
            text = self.lines[self.at][2]
            if not text.startswith("-"):
                break
            out.append(self.scalar(_uncommented(text[1:].strip()), 0))
            self.at += 1
        return out

    def scalar(self, text: str, depth: int) -> Any:
        """A number, name, `[a, b]` or `{0: a}`."""
        if depth > MAX_DEPTH:
            raise self.refuse(f"nests deeper than {MAX_DEPTH}")
        if text[:1] == "[" and text[-1:] == "]":
            return [self.scalar(part, depth + 1) for part in self._parts(text[1:-1])]
        if text[:1] == "{" and text[-1:] == "}":
            pairs = [part.partition(":") for part in self._parts(text[1:-1])]
            if not all(colon for _, colon, _ in pairs):
                raise self.refuse("has an entry without a colon in braces")
            return {
                key.strip().strip("'\""): self.scalar(value.strip(), depth + 1) for key, _, value in pairs
            }
        if text[:1] in ("'", '"') and len(text) > 1 and text[-1] == text[0] and "\\" not in text:
            return text[1:-1]
        if _NUMBER.match(text):
            number = float(text)
            return int(text) if re.fullmatch(r"[-+]?\d{1,18}", text) else number
        if text in ("true", "false", "True", "False"):
            return text.lower() == "true"
        if text in ("null", "~", "None", ""):
            return None
        if text[0] in "&*!|>%@`[]{},'\"":
            raise self.refuse(f"has a value that begins with {text[0]!r}")
        return text

    def _parts(self, text: str) -> list[str]:
        """Entries between commas that are not inside brackets or quotes."""
        out, depth, quote, start = [], 0, "", 0
        for at, char in enumerate(text):
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char in "[{":
                depth += 1
            elif char in "]}":
                depth -= 1
            elif char == "," and depth == 0:
                out.append(text[start:at].strip())
                start = at + 1
        if depth or quote:
            raise self.refuse("does not close a bracket or quote on its line")
        last = text[start:].strip()
        return [*out, last] if last else out


def _uncommented(text: str) -> str:
    """The text without ` # comment`, which may not start inside quotes."""
    quote = ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "#" and (at == 0 or text[at - 1] in " \t"):
            return text[:at].strip()
    return text.strip()
