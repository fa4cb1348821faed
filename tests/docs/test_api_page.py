"""docs/api.md has every public name with its signature as it is, and its examples run."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import poseval
from poseval.scoring.saved_runs import save
from poseval.synth import perturb, scene_set
from tests.datasets.objects.test_detectors import stand_in, ultralytics_results
from tests.datasets.objects.test_libraries import movement, sleap_labels
from tests.shared import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
NAMES = sorted(set(poseval.__all__) - {"__version__"})
LITERAL = re.compile(r"None|True|False|-?[\d.]+|'[^']{0,20}'|\(.{0,10}\)")


@dataclass(frozen=True)
class Entry:
    """A name as the page describes it."""

    signature: str
    words: str
    example: str


def entries(page: str) -> dict[str, Entry]:
    form = r"^### (\w+)\n```text\n(.*?)\n```\n(.*?)\n\n```python\n(.*?)```$"
    return {name: Entry(*rest) for name, *rest in re.findall(form, page, re.MULTILINE | re.DOTALL)}


ENTRIES = entries(PAGE)


def signature_of(name: str) -> str:
    """The signature in one line, annotations as they are written, a default that is no literal as `...`."""
    found = inspect.signature(getattr(poseval, name))
    parts: list[str] = []
    star = False
    for parameter in found.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        star = star or parameter.kind is parameter.VAR_POSITIONAL
        mark = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        text = f"{mark}{parameter.name}: {parameter.annotation}"
        if parameter.default is not parameter.empty:
            default = repr(parameter.default)
            text += f" = {default if LITERAL.fullmatch(default) else '...'}"
        parts.append(text)
    returned = "" if inspect.isclass(getattr(poseval, name)) else f" -> {found.return_annotation}"
    return f"{name}({', '.join(parts)}){returned}"


def in_one_line(signature: str) -> str:
    """A signature of the page, whose parameters may stand in lines of their own."""
    return re.sub(r",?\n\)", ")", re.sub(r"\(\n\s*", "(", signature)).replace(",\n    ", ", ")


def test_the_page_has_the_public_names_and_no_other() -> None:
    assert sorted(ENTRIES) == NAMES
    assert sorted(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_signature_on_the_page_is_that_of_the_code(name: str) -> None:
    assert in_one_line(ENTRIES[name].signature) == signature_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_described_in_two_lines(name: str) -> None:
    assert len(ENTRIES[name].words.splitlines()) == 2
    assert ENTRIES[name].words.endswith(".")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the examples read."""
    folder = tmp_path_factory.mktemp("examples")
    truth = scene_set(seed=11, images=12, people=2)
    poseval.write(perturb(truth, seed=1), folder / "second.json", "coco")
    poseval.write(truth, folder / "gt.json", "coco")
    for name, seed in (("preds", 1), ("other", 2)):
        found = perturb(truth, seed, jitter=0.45)
        poseval.write(found, folder / f"{name}.json", "coco", role="predictions", truth=truth)
    save(poseval.evaluate(folder / "gt.json", folder / "preds.json"), folder / "baseline.poseval")
    return folder


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins of other libraries: the examples show how their objects are handed over."""
    made: dict[str, dict[str, Any]] = {
        "movement": {},
        "movement.io": {"load_poses": SimpleNamespace(from_file=lambda *_, **__: movement())},
        "sleap_io": {"load_slp": lambda _: sleap_labels()},
        "supervision": {"KeyPoints": SimpleNamespace},
        "ultralytics": {"YOLO": lambda _: lambda _: ultralytics_results(stand_in)},
    }
    for name, content in made.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs(name: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in files.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    if name == "create_model":
        pytest.importorskip("torch", reason="needs PyTorch")
    example = ENTRIES[name].example
    assert f"poseval.{name}" in example or name == "Report"
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        exec(compile(example, f"example of {name}", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("page", ["docs/api.md", "README.md"])
def test_the_first_example_of_a_page_runs(page: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    example = (ROOT / page).read_text("utf-8").split("```python\n")[1].split("```")[0]
    found: dict[str, Any] = {}
    exec(example, found)
    assert found["report"].summary["AP"] > 0
