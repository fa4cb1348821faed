"""Classifiers scored on folders and lists of images: top-1, top-5, intervals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from poseval.cli import invoke
from poseval.models import create_model
from poseval.runners.class_answers import ClassScores
from poseval.training import checkpoint

pytestmark = pytest.mark.models
COLOURS = {"blue": (0, 0, 255), "green": (0, 255, 0), "red": (255, 0, 0)}
SIZE = (32, 32)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three images of each of three colours."""
    for name, colour in COLOURS.items():
        (tmp_path / "val" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (40 + number, 40), colour).save(tmp_path / "val" / name / f"{number}.png")
    return tmp_path / "val"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A network that answers class 1 first, then 0, then 2, whatever it sees."""
    torch.manual_seed(0)
    model = create_model("pplcnet_x0_25", 3, SIZE)
    with torch.no_grad():
        model.fc.weight.zero_()
        model.fc.bias.copy_(torch.tensor([1.0, 2.0, 0.0]))
    path = tmp_path / "best.pt"
    run = {"model": "pplcnet_x0_25", "input_size": SIZE, "classes": ["blue", "red", "green"]}
    checkpoint.save(path, run, model=model.state_dict())
    return path


def call(weights: Path, pictures: Path, out: Path, *more: str) -> list[str]:
    return ["run", "pplcnet_x0_25", "--weights", str(weights), "--images", str(pictures), "--out", str(out),
            "--device", "cpu", *more]  # fmt: skip


def test_folders_are_classes_in_the_order_of_the_checkpoint(
    pictures: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answers.json"
    assert invoke(call(weights, pictures, out)) == 0
    assert "top-1 33.33 (12.06 to 64.58)" in capsys.readouterr().out
    node = json.loads(out.read_text())
    assert node["class_names"] == ["blue", "red", "green"]
    assert node["summary"] == {"top1": pytest.approx(1 / 3)}  # of three classes there are no five best
    right = [answer["path"] for answer in node["answers"] if answer["class"] == answer["found"][0]]
    assert right == [f"red/{number}.png" for number in range(3)]
    assert all(answer["found"] == [1, 0, 2] for answer in node["answers"])
    assert invoke(call(weights, pictures, out)) == 2
    assert "P131" in capsys.readouterr().err


def test_answers_of_a_run_are_scored_again(
    pictures: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, again = tmp_path / "answers.json", tmp_path / "again.json"
    assert invoke(call(weights, pictures, out)) == 0
    first = capsys.readouterr().out
    assert "top-5 is left out: there are only 3 classes" in first
    score = ["score", str(out), "--gt", str(pictures), "--benchmark", "imagenet", "--json"]
    assert invoke([*score, str(again)]) == 0
    assert capsys.readouterr().out == first
    assert json.loads(again.read_text()) == json.loads(out.read_text())
    assert invoke([*score, "-", "--ci", "90"]) == 0
    assert json.loads(capsys.readouterr().out)["level"] == 0.9


def test_what_override_changed_is_said_and_kept(
    pictures: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answers.json"
    assert invoke(call(weights, pictures, out, "--input-size", "64x64")) == 3
    assert "P452" in capsys.readouterr().err
    assert invoke(call(weights, pictures, out, "--input-size", "64x64", "--override")) == 0
    assert "N138" in (said := capsys.readouterr().err)
    (setting,) = json.loads(out.read_text())["overridden"]
    assert f"--override: {setting}" in said
    assert "64x64" in setting


def test_a_list_says_the_class_of_each_image(pictures: Path, weights: Path, tmp_path: Path) -> None:
    listing, out = tmp_path / "val.txt", tmp_path / "answers.json"
    listing.write_text("blue/0.png 1\nred/1.png 1\n\ngreen/2.png 0\n")
    assert invoke(call(weights, pictures, out, "--gt", str(listing), "-q")) == 0
    assert json.loads(out.read_text())["summary"]["top1"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("again", ["blue/0.png 2", "blue/0.png 1", "blue//0.png 1", "./blue/0.png 0"])
def test_an_image_twice_in_a_list_is_refused(
    again: str, pictures: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing = tmp_path / "val.txt"
    listing.write_text(f"blue/0.png 1\nred/0.png 1\n{again}\n")
    assert invoke(call(weights, pictures, tmp_path / "a.json", "--gt", str(listing))) == 3
    assert "line 3: has" in (said := capsys.readouterr().err)
    assert "again, which line 1 has [P265]" in said


@pytest.mark.parametrize("line", ["blue/0.png 3", "blue/0.png", "../blue/0.png 1", "/etc/passwd 1", "x -1"])
def test_a_wrong_line_of_a_list_is_refused(
    line: str, pictures: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing = tmp_path / "val.txt"
    listing.write_text(f"blue/0.png 1\n{line}\n")
    assert invoke(call(weights, pictures, tmp_path / "a.json", "--gt", str(listing))) == 3
    assert "line 2" in (said := capsys.readouterr().err)
    assert "P265" in said


def test_options_of_poses_and_strange_classes_are_refused(
    pictures: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(call(weights, pictures, tmp_path / "a.json", "--nms", "oks")) == 2
    assert "does not use --nms" in capsys.readouterr().err
    for flag in (["--boxes", "image"], ["--whole-image"]):
        assert invoke(call(weights, pictures, tmp_path / "a.json", *flag)) == 2
        assert f"does not use {flag[0]} [P127]" in capsys.readouterr().err
    (pictures / "red").rename(pictures / "yellow")
    assert invoke(call(weights, pictures, tmp_path / "a.json")) == 3
    assert "has the class yellow" in capsys.readouterr().err


def test_shares_and_intervals_by_hand() -> None:
    found = np.array([[0, 1, 2, 3, 4], [1, 0, 2, 3, 4], [5, 4, 3, 2, 1], [6, 7, 8, 9, 10]])
    scores = ClassScores(["a", "b", "c", "d"], np.array([0, 0, 1, 0]), found, 11)
    assert (scores.share(1), scores.share(5)) == (0.25, 0.75)
    z = 1.959963984540054
    middle, half = (0.25 + z * z / 8) / (1 + z * z / 4), z * np.sqrt(0.25 * 0.75 / 4 + z * z / 64)
    assert scores.interval(1, 0.95) == pytest.approx(
        (middle - half / (1 + z * z / 4), middle + half / (1 + z * z / 4))
    )
