"""Each rule of Codabench: a bundle that breaks it is refused by its id, and ours breaks none."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from poseval.challenge.codabench import build_bundle
from poseval.challenge.codabench_rules import RULES, broken_rules, check_bundle
from poseval.challenge.starting import start
from poseval.datasets import Role
from poseval.errors import PosevalError
from tests.challenge.made import TRUTH, make, write

Files = dict[str, bytes]
Node = dict[str, Any]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The members of a sound bundle of two splits."""
    folder = tmp_path_factory.mktemp("bundle")
    truth = write(TRUTH, folder / "gt.json", Role.TRUTH)
    made = start(folder / "c", truth, "People", validation=truth)
    build_bundle(made, folder / "b.zip")
    with zipfile.ZipFile(folder / "b.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def in_yaml(change: Callable[[Node], object]) -> Callable[[Files], Files]:
    def changed(files: Files) -> Files:
        node = yaml.safe_load(files["competition.yaml"])
        change(node)
        return {**files, "competition.yaml": yaml.safe_dump(node, sort_keys=False).encode()}

    return changed


def column(**values: object) -> Callable[[Files], Files]:
    return in_yaml(lambda node: node["leaderboards"][0]["columns"][1].update(values))


def phase(at: int, **values: object) -> Callable[[Files], Files]:
    return in_yaml(lambda node: node["phases"][at].update(values))


def without(name: str) -> Callable[[Files], Files]:
    return lambda files: {key: data for key, data in files.items() if key != name}


def replaced(name: str, data: bytes) -> Callable[[Files], Files]:
    return lambda files: {**files, name: data}


def singular(node: Node) -> None:
    node["leaderboard"] = node.pop("leaderboards")


def truth_of(files: Files) -> bytes:
    return files["reference_data_test/data/test/gt.json"]


BROKEN: list[tuple[str, str, Callable[[Files], Files]]] = [
    ("CB1", "but at mine/", lambda files: {f"mine/{name}": data for name, data in files.items()}),
    ("CB1", "no YAML map", replaced("competition.yaml", b"a: [")),
    ("CB2", "version is 1", in_yaml(lambda node: node.update(version=1))),
    ("CB3", "has 65 characters", in_yaml(lambda node: node.update(title="x" * 65))),
    ("CB4", "not in the bundle", in_yaml(lambda node: node.pop("image"))),
    ("CB4", "no PNG", replaced("logo.png", b"<svg/>")),
    ("CB5", "not in the bundle", without("pages/terms.md")),
    ("CB5", "is empty", replaced("pages/terms.md", b"")),
    ("CB6", "has no docker_image", in_yaml(lambda node: node.pop("docker_image"))),
    ("CB6", "before 3.10", in_yaml(lambda node: node.update(docker_image="codalab/codalab-legacy:py37"))),
    ("CB7", "do not see", in_yaml(lambda node: node.pop("enable_detailed_results"))),
    ("CB8", "is empty", replaced("pages/overview.md", b"")),
    ("CB8", "has no title", in_yaml(lambda node: node["pages"][0].pop("title"))),
    ("CB9", "indices of tasks", in_yaml(lambda node: node["tasks"][1].update(index=0))),
    ("CB9", "has no name", in_yaml(lambda node: node["tasks"][1].pop("name"))),
    ("CB10", "scoring_program of task 0", in_yaml(lambda node: node["tasks"][0].pop("scoring_program"))),
    ("CB10", "reference_data of task 1", in_yaml(lambda node: node["tasks"][1].update(reference_data="x"))),
    ("CB11", "has no command", replaced("scoring_program/metadata.yaml", b"description: x\n")),
    ("CB12", "has the tasks", phase(0, tasks=[7])),
    ("CB13", "does not start after", phase(0, end=None)),
    ("CB13", "keeps only the day", phase(0, start=yaml.safe_load("2020-01-01 10:00:00"))),
    ("CB13", "ends before", phase(1, end="2000-01-01 00:00:00")),
    ("CB14", "max_submissions of", phase(0, max_submissions=0)),
    ("CB15", "takes programs", phase(1, accepts_only_result_submissions=False)),
    ("CB16", "its key is plural", in_yaml(singular)),
    ("CB16", "has 37 characters", in_yaml(lambda node: node["leaderboards"][0].update(key="x" * 37))),
    ("CB17", "key of column", column(key="x" * 37)),
    ("CB17", "two columns have one index", column(index=0)),
    ("CB18", "sorting of column AP50", column(sorting="descending")),
    ("CB19", "precision of column AP50", column(precision=11)),
    ("CB20", "has other parts", in_yaml(lambda node: node["fact_sheet"]["team"].pop("selection"))),
    ("CB20", "has the type", in_yaml(lambda node: node["fact_sheet"]["team"].update(type="number"))),
    ("CB21", "leads out", replaced("../x", b"")),
    ("CB22", "is a copy", lambda files: {**files, "pages/images.json": truth_of(files)}),
    ("CB22", "public_data", phase(0, public_data="reference_data_test")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "said", "change"), BROKEN, ids=[f"{rule} {said}" for rule, said, _ in BROKEN]
)
def test_a_bundle_that_breaks_a_rule_is_refused(
    rule: str, said: str, change: Callable[[Files], Files], files: Files, tmp_path: Path
) -> None:
    path = packed(change(files), tmp_path / "b.zip")
    found = broken_rules(path)
    assert rule in [key for key, _ in found], found
    assert any(said in text for key, text in found if key == rule), found
    with pytest.raises(PosevalError, match=f"rule {rule}: .*P893") as caught:
        check_bundle(path)
    assert RULES[rule][0] in str(caught.value)


def test_every_rule_is_broken_by_a_case() -> None:
    assert [key for key in RULES if key not in {rule for rule, *_ in BROKEN}] == []


def test_a_sound_bundle_breaks_none(files: Files, tmp_path: Path) -> None:
    assert broken_rules(packed(files, tmp_path / "b.zip")) == []


def test_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"PK rubbish")
    assert [key for key, _ in broken_rules(tmp_path / "b.zip")] == ["CB1"]


def test_a_bundle_that_breaks_a_rule_is_not_written(tmp_path: Path) -> None:
    made = make(tmp_path)
    (made.folder / "logo.png").write_bytes(b"<svg/>")
    with pytest.raises(PosevalError, match=r"b\.zip: rule CB4"):
        build_bundle(made, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()
