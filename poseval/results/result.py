"""Results of commands in three forms: plain values, JSON text, and text for a terminal."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from poseval.results.renderers import RENDERERS, rendered

if TYPE_CHECKING:
    import pandas as pd


def json_value(value: Any) -> Any:
    """A value for JSON: a plain float if it is finite, None if it is undefined or infinite."""
    if not isinstance(value, float):
        return value
    return float(value) if math.isfinite(value) else None


class Result(ABC):
    """A value with `to_dict`, `to_json` and `to_text`; `form` is its row in the table of renderers."""

    form: ClassVar[str]
    table: ClassVar[str]  # key of `to_dict` under which the rows of a table stand

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values under a `schema`; undefined is None."""

    def to_json(self) -> str:
        """The same as JSON text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)

    def to_text(self) -> str:
        """Tables for a terminal."""
        return rendered(f"{self.form} text", self)

    def records(self) -> list[dict[str, Any]]:
        """The rows of `to_pandas`."""
        found: list[dict[str, Any]] = self.to_dict()[self.table]
        return found

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a table; nested values are columns `outer.inner`."""
        import pandas as pd

        return pd.json_normalize(self.records())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.records()):,} {self.table})"

    def _repr_html_(self) -> str | None:
        """What a notebook shows; None where the text is."""
        return rendered(f"{self.form} html", self) if f"{self.form} html" in RENDERERS else None
