"""What a command finds, in three forms: plain values, JSON text, and text for a terminal."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from poseval.results.renderers import rendered


def json_value(value: Any) -> Any:
    """A value as JSON has it: a plain float for a finite one, None for an undefined or infinite one."""
    if not isinstance(value, float):
        return value
    return float(value) if math.isfinite(value) else None


class Result(ABC):
    """A value with `to_dict`, `to_json` and `to_text`; `form` is its row in the table of renderers."""

    form: ClassVar[str]

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values under a `schema`; undefined is None."""

    def to_json(self) -> str:
        """The same as JSON text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)

    def to_text(self) -> str:
        """Tables for a terminal."""
        return rendered(f"{self.form} text", self)
