"""Every command of docs/animals.md runs on files that are made here, and gives the right numbers."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import Skeleton
from tests.datasets.yolo.test_layout import LINE, data_set
from tests.shared import ROOT

T, P = Role.TRUTH, Role.PREDICTIONS
PAGE = (ROOT / "docs" / "animals.md").read_text("utf-8")
COMMANDS = re.findall(r"^ +poseval (.+)$", PAGE, re.MULTILINE)
MICE = Skeleton("mice", ("snout", "left_ear", "right_ear", "tail_base"), (0, 2, 1, 3))
FRAMES = 12


def animals(count: int, noise: float, seed: int, video: str = "labeled-data/video") -> PoseSet:
    """The same animals in each frame, the joints moved by `noise` pixels; tracks where there are several."""
    rng = np.random.default_rng(0)
    body = np.array([[0.0, -30.0], [-10.0, -22.0], [10.0, -22.0], [0.0, 30.0]])
    frame = np.repeat(np.arange(FRAMES), count)
    centre = rng.uniform(60, 90, (len(frame), 1, 2)) + (np.arange(len(frame)) % count)[:, None, None] * 90
    xy = body + centre + np.random.default_rng(seed).normal(0, noise, (len(frame), 4, 2))
    names = np.asarray([f"{video}/img{at:04d}.png" for at in range(FRAMES)])
    table = Frames(names, size=np.full((FRAMES, 2), 400.0), path=names, sequences=(video,))
    people = People(
        xy,
        frame,
        seen=np.full((len(frame), 4), 2),
        score=np.linspace(0.5, 1, len(frame)),
        joint_score=np.full((len(frame), 4), 0.8),
        track=np.arange(len(frame)) % count if count > 1 else None,
    )
    return PoseSet(MICE, table, people)


def write(poses: PoseSet, form: str, path: Path, role: Role) -> None:
    datasets.get_format(form).write(poses, path, WriteOptions(role))


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands of the page read."""
    folder = tmp_path_factory.mktemp("laboratory")
    one, several = (animals(count, 0.0, 1) for count in (1, 2))
    for name in ("labels.csv", "CollectedData_Ann.csv"):
        write(one, "deeplabcut", folder / name, T)
    write(animals(1, 1.0, 2), "deeplabcut", folder / "first.csv", T)
    write(animals(1, 1.0, 3), "deeplabcut", folder / "second.csv", T)
    write(several, "deeplabcut", folder / "CollectedData_Multi.csv", T)
    for name in ("predictions.csv", "videoDLC.csv"):
        write(animals(1, 2.0, 4), "deeplabcut", folder / name, P)
    write(animals(2, 2.0, 5), "deeplabcut", folder / "videoDLC_el.csv", P)
    write(animals(2, 4.0, 6), "deeplabcut", folder / "other_el.csv", P)
    write(several, "sleap", folder / "labels.slp", T)
    write(animals(2, 2.0, 5), "sleap", folder / "predictions.slp", P)
    write(several, "nwb", folder / "labels.nwb", T)
    write(animals(2, 2.0, 5), "nwb", folder / "predictions.nwb", P)
    (folder / "sigmas.json").write_text(json.dumps(dict.fromkeys(MICE.joints, 0.05)))
    data_set(folder / "flies")
    runs = folder / "runs" / "pose" / "predict" / "labels"
    runs.mkdir(parents=True)
    for at in range(3):
        line = LINE.format(x=0.5 + at / 100).replace(" 2 ", " 0.9 ").replace(" 1\n", f" 0.8 0.{9 - at}\n")
        (runs / f"img{at}.txt").write_text(line)
    return folder


def test_the_page_has_the_whole_chain() -> None:
    assert len(COMMANDS) >= 18
    text = "\n".join(COMMANDS)
    for word in ("CollectedData_Ann.csv", "CollectedData_Multi.csv", ".slp", ".nwb", "flies/data.yaml",
                 "--gt flies\n", "flies/labels/val", "sigmas first.csv second.csv", "between="):  # fmt: skip
        assert word in text
    for command in COMMANDS:
        flags = re.findall(r" --(?!gt\b)\S+", command)
        assert len(flags) <= 1 or command.startswith(("gate", "track")), command


@pytest.mark.parametrize("at", range(len(COMMANDS)), ids=lambda at: COMMANDS[at][:60])
def test_the_command_runs(
    at: int, laboratory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(laboratory)
    words = shlex.split(COMMANDS[at])
    if words[0] in ("convert", "track"):
        words.append("--force")
    if words[0] == "gate":
        assert (
            invoke(["score", "videoDLC_el.csv", "--gt", "CollectedData_Multi.csv", "--save", "old.poseval"])
            == 0
        )
    assert invoke(words) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    if words[0] == "score" and "--metric" not in words:
        assert out.startswith("custom (reference rules)")
        assert ("MOTA" in out) == any(name in COMMANDS[at] for name in ("_Multi", ".slp"))


@pytest.mark.parametrize(
    ("predictions", "truth", "several"),
    [
        ("videoDLC.csv", "CollectedData_Ann.csv", False),
        ("videoDLC_el.csv", "CollectedData_Multi.csv", True),
        ("predictions.slp", "labels.slp", True),
        ("predictions.nwb", "labels.nwb", True),
    ],
)
def test_every_format_gives_the_same_numbers(
    predictions: str, truth: str, several: bool, laboratory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import poseval

    found = poseval.score(laboratory / truth, laboratory / predictions).summary
    labels, guess = animals(2, 0.0, 1), animals(2, 2.0, 5)
    if not several:
        labels, guess = animals(1, 0.0, 1), animals(1, 2.0, 4)
    if predictions.endswith(".nwb"):  # whose labels hold no tracks
        labels = replace(labels, people=labels.people.with_columns(track=None))
    if not predictions.endswith(".slp"):  # the others rank by the mean of the joints' scores
        guess = replace(guess, people=guess.people.with_columns(score=None))
    wanted = poseval.score(labels, guess).summary
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert found[key] == pytest.approx(value, abs=1e-9), key
    apart = np.linalg.norm(guess.people.xy - labels.people.xy, axis=2)
    assert found["EPE"] == pytest.approx(float(apart.mean()), abs=1e-9)
    assert ("HOTA" in found) == (several and not predictions.endswith(".nwb"))


def test_a_whole_video_is_scored_on_its_labelled_frames(laboratory: Path, tmp_path: Path) -> None:
    import poseval

    labels = animals(1, 0.0, 1)
    few = labels.take_frames(np.array([1, 4, 9]))
    write(few, "deeplabcut", tmp_path / "few.csv", T)
    found = poseval.score(tmp_path / "few.csv", laboratory / "videoDLC.csv").summary
    apart = np.linalg.norm(animals(1, 2.0, 4).people.xy - labels.people.xy, axis=2)[[1, 4, 9]]
    assert found["EPE"] == pytest.approx(float(apart.mean()), abs=1e-9)


TRUTHS = {
    "coco": "gt.json",
    "cvat": "gt.xml",
    "deeplabcut-h5": "gt.h5",
    "label-studio": "ls.json",
    "native": "gt.npz",
    "parquet": "gt.parquet",
    "yolo": "yolo",
}


@pytest.mark.parametrize("form", sorted(TRUTHS))
def test_labels_in_any_format_are_scored_without_a_flag(form: str, tmp_path: Path) -> None:
    import poseval

    labels, guess = animals(2, 0.0, 1), animals(2, 2.0, 5)
    try:
        write(labels, form, tmp_path / TRUTHS[form], T)
    except poseval.PosevalError as error:
        if error.code.startswith("P6"):
            pytest.skip(str(error))
        raise
    write(guess, "deeplabcut", tmp_path / "dt.csv", P)
    report = poseval.score(tmp_path / TRUTHS[form], tmp_path / "dt.csv")
    assert report.benchmark == "custom"
    apart = np.linalg.norm(guess.people.xy - labels.people.xy, axis=2)
    assert report.summary["EPE"] == pytest.approx(float(apart.mean()), abs=1e-6)
    assert report.summary["found"] == 1
    assert report.summary["AP"] > 0.5
