from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from poseval.errors import MissingFeature
from poseval.errors.optional import require


def test_what_is_installed_is_imported() -> None:
    assert require("math", "here", "formats") is math


@pytest.mark.parametrize(
    ("extra", "otherwise", "hint"),
    [
        ("formats", None, "pip install 'poseval[formats]'"),
        (None, None, "pip install nothing-of-that-name"),
        ("flow", "pass --flow", "pip install 'poseval[flow]', or pass --flow"),
    ],
)
def test_what_is_absent_is_named_with_its_extra(extra: str | None, otherwise: str | None, hint: str) -> None:
    with pytest.raises(MissingFeature, match="needs nothing-of-that-name, which is not installed") as caught:
        require("nothing_of_that_name.part", "here", extra, otherwise)
    assert (caught.value.code, caught.value.fault.hint) == ("P601", hint)


def test_a_package_that_fails_to_import_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "broken_package.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(MissingFeature, match=r"cannot be imported .*nothing_of_that_name") as caught:
        require("broken_package", "model x", None)
    assert caught.value.code == "P601"


def test_a_package_that_fails_leaves_the_path_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "leaves_its_folder.py").write_text(
        "import sys\nsys.path.insert(0, 'x')\nimport nothing_at_all\n"
    )
    before = list(sys.path)
    with pytest.raises(MissingFeature, match="cannot be imported"):
        require("leaves_its_folder", "here", None)
    assert sys.path == before
