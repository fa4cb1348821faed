"""Escaping for pages: of texts in HTML, and of values in JavaScript."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from poseval.errors import shown

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST = 1000  # characters of a text


class OwnText(str):
    """A text made by poseval, which needs no escaping and may be long."""


def environment() -> Environment:
    """The template engine: every text is escaped, without control characters and halves of characters."""
    from jinja2 import Environment, StrictUndefined

    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_clean
    )


def _clean(value: object) -> object:
    if type(value) is not str:  # what is Markup was made by us
        return value
    return "\n".join(shown(line, limit=len(line) + 1) for line in value.split("\n"))


def to_script(value: Any) -> str:
    """A value as a JavaScript literal that is safe inside of HTML, too.

    Texts lose control characters and marks that turn the direction of text; `<` and all that is not ASCII is
    written as an escape. Numbers that are undefined are not allowed.
    """
    text = json.dumps(_cleaned(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, OwnText) else shown(value, LONGEST)
    if isinstance(value, dict):
        return {shown(key, LONGEST): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        # Most lists hold numbers alone, and there are millions of them.
        plain = all(item is None or type(item) in (int, float) for item in value)
        return value if plain else [*map(_cleaned, value)]
    return value


def source(name: str) -> str:
    """The text of a file of the package that pages are made of."""
    return files("poseval.report.explorer").joinpath(name).read_text("utf-8")


def script_hash(text: str) -> str:
    """What a Content-Security-Policy calls an inline script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
