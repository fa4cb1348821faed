from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseval.errors import UsageError
from poseval.results.signature import Signature

keys = st.text(alphabet="abcdefghij_", min_size=1)


@given(st.text(), st.dictionaries(keys, st.text(), max_size=5))
def test_the_text_parses_back(metric: str, rest: dict[str, str]) -> None:
    signature = Signature((("metric", metric), *((f"k{k}", v) for k, v in rest.items())))
    assert Signature.parse(str(signature)) == signature


def test_differences_name_the_keys() -> None:
    one = Signature((("metric", "m"), ("gt", "1")))
    two = Signature((("metric", "m"), ("gt", "2"), ("rules", "r")))
    assert one.differences(two) == [("gt", "1", "2"), ("rules", "", "r")]


def test_a_text_without_keys_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Signature.parse("m|nonsense")
    assert caught.value.code == "P117"
