"""Codabench's scoring program in the folders that its worker makes: good, bad, hostile and slow files.

The worker unpacks the scoring program, the reference data and the submission, and runs the command of
metadata.yaml. Afterwards a submission without scores.json has failed (`compute_worker.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from poseval.challenge.codabench import build_bundle, column_keys
from poseval.challenge.description import Description
from poseval.cli import invoke
from poseval.datasets import Role
from tests.challenge.made import TRUTH, make, predictions, write
from tests.shared import ROOT


@dataclass(frozen=True)
class Worker:
    """The folders of a worker; `app` stands for /app."""

    app: Path

    def run(self, *files: tuple[str, bytes]) -> subprocess.CompletedProcess[str]:
        """Score a submission of these files."""
        submission = self.app / "input/res"
        submission.mkdir(parents=True)
        for name, data in files:
            (submission / name).parent.mkdir(parents=True, exist_ok=True)
            (submission / name).write_bytes(data)
        command = yaml.safe_load((self.app / "program/metadata.yaml").read_text())["command"]
        assert command == "python3 /app/program/run.py"
        return subprocess.run(
            [sys.executable, self.app / "program/run.py", self.app / "input", self.app / "output"],
            cwd=self.app / "program",
            env={"PYTHONPATH": f"{self.app / 'hooks'}{os.pathsep}{ROOT}", "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def scores(self) -> dict[str, float] | None:
        """What Codabench reads; None: the submission failed."""
        path = self.app / "output/scores.json"
        return json.loads(path.read_text()) if path.exists() else None

    @property
    def page(self) -> str:
        """What the participant sees."""
        return (self.app / "output/detailed_results.html").read_text()


def worker_of(made: Description, folder: Path) -> Worker:
    build_bundle(made, folder / "b.zip")
    with zipfile.ZipFile(folder / "b.zip") as archive:
        archive.extractall(folder / "bundle")
    app = folder / "app"
    (app / "input").mkdir(parents=True)
    (folder / "bundle/scoring_program").rename(app / "program")
    (folder / f"bundle/reference_data_{made.split().name}").rename(app / "input/ref")
    (app / "output").mkdir()
    return Worker(app)


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return worker_of(make(tmp_path), tmp_path)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(predictions(), tmp_path_factory.mktemp("plain") / "dt.json").read_bytes()


def test_a_good_submission(worker: Worker, plain: bytes, tmp_path: Path) -> None:
    done = worker.run(("mine/results.json", plain), ("metadata", b"x"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("scored\nthe submission: coco")
    bundle = yaml.safe_load((tmp_path / "bundle/competition.yaml").read_text())
    assert worker.scores is not None
    assert worker.scores.keys() <= {column["key"] for column in bundle["leaderboards"][0]["columns"]}
    assert 0 < worker.scores["AP"] < 100
    assert "Scored" in worker.page


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "P200"),
        (b'[{"image_id": 1', "P210"),
        (b'[{"image_id": 1, "category_id": 1, "keypoints": [1, 2], "score": 1}]', "P204"),
        (b"[" * 200_000, "P502"),
        (b'[{"image_id": 1, "category_id": 1, "keypoints": [' + b"NaN," * 50 + b'1], "score": 1}]', "P301"),
    ],
)
def test_a_wrong_submission(data: bytes, code: str, worker: Worker) -> None:
    done = worker.run(("results.json", data))
    assert (done.returncode, done.stderr) == (0, "")
    assert worker.scores is None
    assert done.stdout.startswith("refused\n")
    assert f"[{code}]" in done.stdout
    assert f"[{code}]" in worker.page


def test_a_submission_of_nothing(worker: Worker) -> None:
    done = worker.run()
    assert "[P226]" in done.stdout
    assert worker.scores is None


def test_a_slow_submission(tmp_path: Path, plain: bytes) -> None:
    """The child that scores sleeps longer than a submission may take; Codabench's own limit is later."""
    made = make(tmp_path)
    worker = worker_of(replace(made, limits=replace(made.limits, seconds=1)), tmp_path)
    (worker.app / "hooks").mkdir()
    sleep = "import os, time\nos.register_at_fork(after_in_child=lambda: time.sleep(100))\n"
    (worker.app / "hooks/sitecustomize.py").write_text(sleep)
    done = worker.run(("results.json", plain))  # which waits less than 120 s
    assert done.returncode == 0
    assert worker.scores is None
    assert "more time than allowed (1 s)" in done.stdout


def test_a_challenge_that_is_wrong_says_nothing_of_it(worker: Worker, plain: bytes) -> None:
    path = worker.app / "input/ref/data/test/gt.json"
    path.write_text(path.read_text().replace('"image_id":', '"imageid":'))
    done = worker.run(("results.json", plain))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "The challenge is not set up correctly; ask its organisers.\n"


def test_two_commands_make_a_checked_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(TRUTH, Path("test.json"), Role.TRUTH)
    assert invoke(["challenge", "init", "c", "--gt", "test.json", "--title", "People"]) == 0
    assert invoke(["challenge", "build", "c", "--for", "codabench", "--out", "bundle.zip"]) == 0
    assert zipfile.is_zipfile("bundle.zip")


def test_bundles_of_one_description_are_equal(tmp_path: Path) -> None:
    made = make(tmp_path)
    for name in ("a.zip", "b.zip"):
        build_bundle(made, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_keys_of_columns_are_short(tmp_path: Path) -> None:
    made = make(tmp_path)
    first, second, *_ = made.columns
    keys = column_keys((first, replace(second, key="a long key/of a joint@0.5/with_many_words")))
    assert list(keys.values()) == ["AP", "column_1"]
