"""The rooms of the mutation test hold every module of their folders, and its mutants are listed."""

from __future__ import annotations

import pytest

from tests.mutation.mutants import mutants_of
from tests.mutation.rooms import ROOMS, ROOT, path_of

FOLDERS = ("statistics", "decisions", "metrics", "diagnosis")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_module_is_in_its_room(folder: str) -> None:
    files = {path for path in (ROOT / "poseval" / folder).rglob("*.py") if path.name != "__init__.py"}
    assert files <= {path_of(module) for module in ROOMS[folder]}


def test_tests_of_rooms_exist() -> None:
    for room in ROOMS.values():
        for tests in room.values():
            assert [test for test in tests if not (ROOT / test).exists()] == []


def test_sets_are_emptied() -> None:
    module = "poseval.decisions.ties"
    assert any(
        mutant.before == "{'poseval'}" and mutant.after == "set()"
        for mutant in mutants_of(module, path_of(module))
    )
