"""Records of every kind of field, ways to write them as JSON, and columns read from them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from poseval.kernels import json as kj

FIELDS = [
    kj.identifier("image_id"),
    kj.integer("category"),
    kj.points("keypoints", null_at=2),
    kj.number("score"),
    kj.fixed("bbox", 4, nullable=True),
    kj.flag("crowd"),
    kj.text("name"),
    kj.nested("polygon"),
    kj.records("people", [kj.ragged("pose"), kj.integer("track")]),
]


def read(text: str | bytes, fields: list[kj.Field] | None = None, **options: Any) -> kj.Columns:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return kj.columns(data, FIELDS if fields is None else fields, last=True, **options)


finite = st.floats(allow_nan=False, allow_infinity=False, width=64) | st.integers(-(10**20), 10**20)


point_count = st.integers(0, 5)


anything = st.recursive(
    st.none() | st.booleans() | finite | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


values: dict[str, st.SearchStrategy[Any]] = {
    "image_id": st.integers(-(2**63), 2**63 - 1) | st.text(max_size=6),
    "category": st.integers(-(2**63), 2**63 - 1),
    "keypoints": point_count.flatmap(lambda n: st.lists(finite, min_size=3 * n, max_size=3 * n)),
    "score": finite,
    "bbox": st.lists(finite, min_size=4, max_size=4) | st.none() | st.just([]),
    "crowd": st.booleans() | st.integers(0, 1),
    "name": st.text(max_size=6),
    "polygon": st.lists(st.lists(finite, max_size=4), max_size=3),
    "people": st.lists(
        st.fixed_dictionaries(
            {}, optional={"pose": st.lists(finite, max_size=4), "track": st.integers(-5, 5), "x": anything}
        ),
        max_size=3,
    ),
}


record = st.fixed_dictionaries({}, optional={**values, "other": anything, 'od"d\\': anything}).flatmap(
    lambda found: st.permutations(list(found.items())).map(dict)
)


@st.composite
def written(draw: st.DrawFn) -> tuple[list[dict[str, Any]], str]:
    """Records and one way to write them: indents, separators, escapes."""
    rows = draw(st.lists(record, max_size=6))
    indent = draw(st.sampled_from([None, 0, 1]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t:\n ")]))
    text = json.dumps(rows, indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        text = text.replace('"score"', '"\\u0073core"')
    return rows, draw(st.sampled_from(["", " \n", "\t"])) + text + draw(st.sampled_from(["", "\n "]))
