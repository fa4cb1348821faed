"""The table of codes: complete, without dead entries, and as the page shows it."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from poseval.cli import invoke
from poseval.compat.crosscheck import REGISTRY
from poseval.errors import Fault, UsageError, error_of
from poseval.errors.codes import entries
from poseval.poses.frame_names import WAYS
from tests.shared import ROOT

CODE = re.compile(r"[PN]\d{3}")


def used() -> dict[str, set[str]]:
    """Every code that stands in the source as a text of its own -> the files that use it."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "poseval").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.setdefault(node.value, set()).add(path.name)
    return found


def test_every_code_stands_in_the_table_and_every_entry_is_used() -> None:
    codes = used()
    assert len(codes) > 200
    assert codes.keys() - entries().keys() == set()
    assert entries().keys() - codes.keys() == set()


RANGES = {
    "UsageError": "18",
    "FormatError": "2",
    "ValueRangeError": "3",
    "MismatchError": "4",
    "LimitError": "5",
    "MissingFeature": "6",
}


def test_a_code_stands_in_the_range_of_its_class() -> None:
    seen = set()
    for path in sorted((ROOT / "poseval").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name, code = getattr(node.func, "id", ""), str(node.args[0].value)
            if name in RANGES and CODE.fullmatch(code):
                seen.add(name)
                assert code[1] in RANGES[name], f"{path.name}: {name} with {code}"
    assert seen == set(RANGES)


def test_no_code_stands_in_the_table_twice() -> None:
    rows = (ROOT / "poseval/errors/codes.tsv").read_text("utf-8").splitlines()
    assert len(rows) == len(entries())


def test_entries_are_in_order_and_are_sentences() -> None:
    for letter in "PN":
        codes = [code for code in entries() if code.startswith(letter)]
        assert codes == sorted(codes)
    for code, entry in entries().items():
        assert CODE.fullmatch(code)
        for text in entry:
            assert text[:1].isupper() or text.startswith(("pip", "num")), code
            assert text.endswith((".", "'")), code
    meanings = [entry.meaning for code, entry in entries().items() if code.startswith("P")]
    assert len(set(meanings)) == len(meanings)


def test_the_page_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import error_page

    assert (ROOT / "docs" / "errors.md").read_text("utf-8") == error_page.render()
    sys.modules.pop("error_page")


def test_the_advice_on_pairing_names_every_way() -> None:
    assert all(way in entries()["P176"].remedy for way in WAYS)


def test_explain_prints_an_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["explain", "p402"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"P402: {entries()['P402'].meaning}")
    assert entries()["P402"].remedy in out
    assert invoke(["explain", "P999"]) == 2
    err = capsys.readouterr().err
    assert "P194" in err
    assert "expected: a code such as P402 (docs/errors.md), or two reports\n" in err
    assert invoke(["explain", "one.json"]) == 2
    assert "poseval explain: needs the code of an error or notice, or two reports" in capsys.readouterr().err


def test_every_error_code_has_the_class_of_its_range() -> None:
    for code in entries():
        if code.startswith("P") and code != "P700":  # a dead worker is no fault of a file or a call
            assert f"{code[:2]}xx" in str(type(error_of([Fault(code, "a", "b")])).__doc__), code


def test_a_metric_without_a_cross_check_has_a_code_of_its_own() -> None:
    with pytest.raises(UsageError) as caught:
        REGISTRY.get("unheard_of")
    assert caught.value.code == "P104"


@pytest.mark.parametrize("code", ["P109", "P128", "P145", "P157", "P411"])
def test_a_split_code_has_one_meaning(code: str) -> None:
    assert ", or " not in entries()[code].meaning
