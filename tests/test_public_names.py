"""The names of `import poseval`: imported when first used, and deprecated before they go."""

from __future__ import annotations

import importlib
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import poseval
from poseval import _DEPRECATED, _PLACES, __version__
from tests.shared import ROOT


def loaded(code: str) -> set[str]:
    """Modules that are there after some code in a fresh interpreter, beyond those that it starts with."""
    command = f"import sys; old = set(sys.modules); {code}; print(*(set(sys.modules) - old))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


def test_import_loads_next_to_nothing() -> None:
    ours = {name for name in loaded("import poseval") if name.startswith("poseval")}
    assert ours == {"poseval", "poseval._version"}
    assert "numpy" not in loaded("import poseval.api.compare")


def test_every_name_is_where_the_table_says() -> None:
    assert set(_PLACES) == set(poseval.__all__) - {"__version__"}
    assert dir(poseval) == sorted(poseval.__all__)
    for name, place in _PLACES.items():
        found, own = getattr(poseval, name), getattr(importlib.import_module(place), name)
        assert found is own or found.__wrapped__ is own
        if found is not own:
            assert pickle.loads(pickle.dumps(found)) is found


def test_names_for_type_checkers_are_those_of_the_table() -> None:
    text = (Path(poseval.__file__)).read_text("utf-8")
    block = text.split("if TYPE_CHECKING:\n")[1].split("\n\n")[0]
    found = {
        name.strip(): place
        for place, names in re.findall(r"from (\S+) import (.+)", block)
        for name in names.split(",")
    }
    assert found == _PLACES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'poseval' has no attribute 'scroe'"):
        _ = poseval.scroe


def test_a_deprecated_name_works_and_names_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_DEPRECATED, "assess", ("score", "0.9"))
    with pytest.warns(DeprecationWarning, match=r"use poseval\.score") as caught:
        found = poseval.assess
    assert found is poseval.score
    assert str(caught[0].message) == "poseval.assess will be removed in version 0.9; use poseval.score"
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match=r"use poseval\.score") as caught:
        from poseval import assess
    assert assess is poseval.score
    assert caught[0].filename == __file__


def test_deprecated_names_lead_to_public_ones_and_go_when_it_was_said() -> None:
    for name, (successor, version) in _DEPRECATED.items():
        assert name not in _PLACES
        assert successor in _PLACES
        now, end = (tuple(map(int, text.split(".")[:2])) for text in (__version__, version))
        assert now < end, f"poseval.{name} was to go in {version}"


@pytest.mark.parametrize("name", ["eval_helpers", "evaluateAP"])
def test_names_of_the_official_program_say_whose_they_are(name: str) -> None:
    with pytest.raises(ImportError, match="PoseTrack's official program"):
        exec(f"from poseval import {name}")
