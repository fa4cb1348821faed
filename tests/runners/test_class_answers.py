"""`poseval score --benchmark imagenet`: answers of any program, on a list or a folder. No network runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from poseval.cli import invoke

ROWS = {"a.png": [1, 0, 2, 3, 4], "b.png": [5, 1, 2, 3, 4], "c.png": [999, 0, 1, 2, 3]}


def score(folder: Path, node: Any, truth: str, *more: str) -> int:
    (folder / "answers.json").write_text(json.dumps(node))
    (folder / "list.txt").write_text(truth)
    names = ["score", str(folder / "answers.json"), "--gt", str(folder / "list.txt")]
    return invoke([*names, "--benchmark", "imagenet", *more])


def answers(rows: dict[str, list[int]], **more: Any) -> dict[str, Any]:
    found = [{"path": path, "found": row} for path, row in rows.items()]
    return {"schema": "poseval.classes/1", "answers": found, **more}


def test_answers_of_another_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(tmp_path, answers(ROWS), "a.png 1\nb.png 3\nc.png 7\n") == 0
    said = capsys.readouterr().out
    assert said.startswith("top-1 33.33 (6.15 to 79.23), top-5 66.67 (20.77 to 93.85) on 3 images of 1,000")


def test_answers_are_no_poses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(answers(ROWS), indent=1))
    assert invoke(["score", str(path), "--gt", str(tmp_path)]) == 2
    assert "expected: --benchmark imagenet" in capsys.readouterr().err


def test_one_answer_an_image_leaves_top_5_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(tmp_path, answers({"a.png": [1]}), "a.png 1\n") == 0
    assert "top-5 is left out: an answer has only 1 class\n" in capsys.readouterr().out


def test_five_classes_leave_top_5_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(tmp_path, answers({"a.png": [1, 0, 2, 3, 4]}, classes=5), "a.png 0\n") == 0
    assert "top-5 is left out: there are only 5 classes" in capsys.readouterr().out


def test_folders_are_numbered_as_the_answers_name_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "val" / name).mkdir(parents=True)
        (tmp_path / "val" / name / "1.png").write_bytes(b"")
    node = answers({"cat/1.png": [1, 0], "dog/1.png": [0, 1]}, class_names=["dog", "cat"])
    (tmp_path / "answers.json").write_text(json.dumps(node))
    names = [
        "score",
        str(tmp_path / "answers.json"),
        "--gt",
        str(tmp_path / "val"),
        "--benchmark",
        "imagenet",
    ]
    assert invoke(names) == 0
    assert capsys.readouterr().out.startswith("top-1 100.00")
    del node["class_names"]
    (tmp_path / "answers.json").write_text(json.dumps({**node, "classes": 1000}))
    assert invoke(names) == 3
    assert "P432" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("node", "code"),
    [
        (answers({"a.png": [1]}), "P433"),
        (answers({"a.png": [1], "b.png": [1], "z.png": [1]}), "P402"),
        (answers({"a.png": [1], "b.png": [1, 2]}), "P266"),
        (answers({"a.png": [1, 1], "b.png": [1, 2]}), "P266"),
        (answers({"a.png": [1000], "b.png": [1]}), "P266"),
        (answers({"a.png": [True], "b.png": [1]}), "P266"),
        (answers({"a.png": [1], "b.png": [1]}, classes="2"), "P266"),
        (answers({"a.png": [1], "b.png": [1]}, classes=2, class_names=["x"]), "P266"),
        (answers({"a.png": [1], "b.png": [1]}, class_names=[1]), "P266"),
        (answers({}), "P266"),
        ({"answers": []}, "P266"),
        ([1], "P266"),
    ],
)
def test_wrong_answers_are_refused(
    node: Any, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(tmp_path, node, "a.png 1\nb.png 1\n") == 3
    assert code in capsys.readouterr().err


def test_options_of_poses_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(tmp_path, answers({"a.png": [1]}), "a.png 1\n", "--metric", "pck", "--format", "csv") == 2
    assert "does not use --metric, --format" in capsys.readouterr().err
