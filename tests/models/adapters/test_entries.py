"""Modules beside cards: each card has its own, whatever else has their names."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from poseval.models import create_model
from tests.models.card_text import card_file

pytestmark = pytest.mark.models
NET = """
from torch import nn
{more}

class Net(nn.Module):
    value = {value}

def make(joints, input_size):
    return Net()
"""


def made(folder: Path, value: Any, module: str = "net", more: str = "") -> Any:
    folder.mkdir(exist_ok=True)
    if value is not None:
        (folder / f"{module}.py").write_text(NET.format(value=value, more=more))
    path = card_file(folder, network={"file": None, "entry": f"{module}:make"})
    return create_model(str(path)).get_submodule("own")


def test_modules_of_the_same_name_are_those_of_their_cards(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a", 1), made(tmp_path / "b", 2)
    assert (first.value, second.value) == (1, 2)
    assert type(made(tmp_path / "a", None)) is type(first)
    assert type(made(tmp_path / "b", None)) is type(second)


def test_so_are_modules_that_they_import(tmp_path: Path) -> None:
    for folder, value in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "layers.py").write_text(f"WIDTH = {value}\n")
    imported = "from layers import WIDTH"
    assert made(tmp_path / "a", "WIDTH", "one", imported).value == 1
    assert made(tmp_path / "b", "WIDTH", "other", imported).value == 2


def test_so_are_those_that_a_function_imports(tmp_path: Path) -> None:
    for folder, value in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "late_layers.py").write_text(f"WIDTH = {value}\n")
        late = "    import late_layers\n    Net.value = late_layers.WIDTH\n    return"
        (tmp_path / folder / "net.py").write_text(NET.format(value=0, more="").replace("    return", late))
    assert [made(tmp_path / folder, None).value for folder in "ab"] == [1, 2]


def test_a_module_may_have_the_name_of_an_installed_one(tmp_path: Path) -> None:
    before = sys.modules["json"]
    assert made(tmp_path, 3, "json").value == 3
    assert sys.modules["json"] is before is json
    assert sys.modules["json.decoder"].__file__ == json.decoder.__file__
    assert str(tmp_path) not in sys.path


def test_a_module_that_was_imported_before_is_not_imported_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "known_net.py").write_text(NET.format(value=4, more=""))
    monkeypatch.syspath_prepend(str(tmp_path))
    known = __import__("known_net")
    assert type(made(tmp_path, None, "known_net")) is known.Net
    assert sys.modules["known_net"] is known
