"""Help, completion and mistyped names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import tracking
from poseval.cli import COMMANDS, invoke
from poseval.errors import UsageError, near_names
from poseval.integrations.arrays import arrays_of
from poseval.models.inference.decoding import decode
from poseval.scoring.task import Task
from tests.shared import ROOT


def outcome(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = invoke(words.split())
    out, err = capsys.readouterr()
    return status, out, err


def test_a_mistyped_command_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = outcome("scoer preds.json", capsys)
    assert status == 2
    assert "command 'scoer': is not known [P870]" in err
    assert "try: did you mean score" in err


def test_a_file_in_place_of_a_command_is_told_of_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("2017.json").write_text("[]", "utf-8")
    status, _, err = outcome("2017.json", capsys)
    assert status == 2
    assert "try: to score a file: poseval score 2017.json --gt GROUND_TRUTH" in err


def test_a_mistyped_choice_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = outcome("list benchmark", capsys)
    assert status == 2
    assert "Did you mean 'benchmarks'?" in err
    assert "Did you mean" not in outcome("list zzz", capsys)[2]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("coco", ["coco-keypoints", "coco-wholebody"]), ("COCO-Keypoint", ["coco-keypoints"]), ("zzz", [])],
)
def test_names_that_hold_what_was_typed_come_first(typed: str, meant: list[str]) -> None:
    assert near_names(typed, ["aic", "coco-keypoints", "coco-wholebody", "crowdpose"]) == meant


def test_a_mistyped_file_gets_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("predictions.json").write_text("[]", "utf-8")
    asked = {"validate prediction.json": 2, "score prediction.json --gt prediction.json": 2}
    for words, expected in asked.items():
        status, _, err = outcome(words, capsys)
        assert status == expected
        assert "prediction.json: does not exist [P114]" in err
        assert "try: did you mean predictions.json?" in err


def test_a_file_in_a_folder_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("runs").mkdir()
    status, _, err = outcome("validate runs/one/a.json", capsys)
    assert status == 2
    assert "runs/one/a.json: does not exist, nor does its folder [P114]" in err
    assert "try: look for it from runs" in err


def test_help_of_a_command_is_what_its_option_prints(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        status, by_option, _ = outcome(f"{name} --help", capsys)
        assert status == 0
        assert outcome(f"help {name}", capsys) == (0, by_option, "")
    assert outcome("help", capsys) == outcome("--help", capsys)
    assert "P870" in outcome("help scoer", capsys)[2]


def test_commands_of_a_group_have_the_manners_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    _, by_option, _ = outcome("challenge check --help", capsys)
    assert outcome("help challenge check", capsys) == (0, by_option, "")
    for words in ("challenge chekc", "help challenge chekc"):
        status, _, err = outcome(words, capsys)
        assert status == 2
        assert "challenge command 'chekc': is not known [P870]" in err
        assert "try: did you mean check?" in err
    assert "try: see `poseval help challenge`" in outcome("challenge zzz", capsys)[2]
    status, _, err = outcome("help score preds.json", capsys)
    assert status == 2
    assert "score preds.json: is no command [P870]" in err
    assert "try: poseval help score" in err


def test_a_mistyped_code_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = outcome("explain P4022", capsys)
    assert status == 2
    assert "code 'P4022': is not known [P194]" in err
    assert "try: did you mean P422 or P402" in err
    assert "or two reports" in outcome("explain report", capsys)[2]


def test_help_names_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = outcome("--help", capsys)
    for status in ("0 done", "1 a gate", "2 wrong command", "3 wrong file", "70 internal error"):
        assert status in " ".join(out.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_a_shell_needs(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = outcome(f"completion {shell}", capsys)
    assert status == 0
    assert f"_POSEVAL_COMPLETE={shell}_complete" in out


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("poseval comp", {"compare", "completion"}),
        ("poseval score --benchmark posetrack18", {"posetrack18"}),
        ("poseval score --format-in openp", {"openpose"}),
        ("poseval score --metric oks_", {"oks_ap"}),
        ("poseval convert --to labelm", {"labelme"}),
        ("poseval validate --skeleton coco1", {"coco17"}),
        ("poseval track --tracker oc", {"ocsort"}),
        ("poseval run hrnet_w3", {"hrnet_w32"}),
        ("poseval list form", {"formats"}),
        ("poseval models hrnet_w3", {"hrnet_w32"}),
        ("poseval help expl", {"explain", "explore"}),
        ("poseval help challenge ch", {"check"}),
        ("poseval challenge ch", {"check"}),
        ("poseval score --rules cor", {"corrected"}),
        ("poseval score --benchmark posetrack18 --rules posetrack", {"posetrack-2017"}),
        ("poseval score --slice siz", {"size"}),
        ("poseval explain P87", {"P870", "P871"}),
        ("poseval leaderboard --db runs.sqlite re", {"remove"}),
    ],
)
def test_names_are_completed(typed: str, expected: set[str]) -> None:
    asked = {
        "_POSEVAL_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['poseval']; from poseval.cli import main; main()"],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert expected <= {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert len(done.stdout.splitlines()) < 6


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_link_to_nothing_does_not_propose_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results.json").symlink_to(tmp_path / "nowhere")
    assert invoke(["validate", str(tmp_path / "results.json")]) == 2
    said = capsys.readouterr().err
    assert "is a link to a file that does not exist" in said
    assert "did you mean" not in said


@pytest.mark.parametrize("kind", ["benchmarks", "metrics", "formats", "skeletons", "trackers", "limits"])
def test_lists_fit_a_terminal(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = outcome(f"list {kind}", capsys)
    assert max(map(len, out.splitlines())) <= 80
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    _, piped, _ = outcome(f"list {kind}", capsys)
    assert len(piped.splitlines()) < len(out.splitlines())
    assert "".join(out.split()) == "".join(piped.split())


def test_near_names_are_looked_for_in_one_place() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "poseval").rglob("*.py"))
        if "get_close_matches" in path.read_text("utf-8")
    ]
    assert found == ["poseval/errors/__init__.py"]


@pytest.mark.parametrize(
    ("ask", "meant"),
    [
        (lambda: poseval.get_skeleton("coco17").index("left_writs"), "left_wrist"),
        (lambda: poseval.from_arrays([[[0, 0]]], skeleton="coco71"), "coco17"),
        (lambda: decode(np.zeros((1, 17, 4, 4), np.float32), "drak"), "dark"),
        (lambda: tracking.parse("sort(max_agee=3)"), "max_age"),
        (lambda: poseval.PoseMetric("coco-keypoint"), "coco-keypoints"),
        (lambda: arrays_of("preds", {"keypionts": [], "keypoints": []}, 0), "keypoints"),
        (lambda: Task.of(align_by="stme"), "stem"),
    ],
)
def test_a_mistyped_name_in_python_gets_the_nearest(ask: Callable[[], object], meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        ask()
    assert re.match(rf"did you mean {meant}\b", caught.value.fault.hint or ""), caught.value
