"""A challenge as a repository: what its jobs do, run here with a git repository in place of the service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from poseval.challenge.records import read_record
from poseval.cli import invoke
from tests.challenge.made import TRUTH, make, predictions, write
from tests.shared import ROOT

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None or shutil.which("git") is None, reason="needs openssl and git"
)


class Repository:
    """A repository of a challenge, on its main branch, and the key of its ground truth."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        done = subprocess.run(
            ["git", *who, *words], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--message", "x")
        return self.git("rev-parse", "HEAD")

    def propose(self, files: dict[str, bytes]) -> str:
        """A commit of a fork that adds or changes these files; main is checked out again."""
        self.git("checkout", "--quiet", "-b", "fork")
        for name, data in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        commit = self.commit()
        self.git("checkout", "--quiet", "main")
        self.git("branch", "--quiet", "-D", "fork")
        return commit

    def score(self, *words: str, key: str = "") -> subprocess.CompletedProcess[str]:
        """A step of a job: the key is there where the workflow gives it."""
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **({"TRUTH_KEY": key} if key else {})}
        command = [sys.executable, str(self.folder / "score.py"), *words]
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repository:
    made = make(tmp_path)
    words = ["challenge", "build", str(made.folder), "--for", "github", "--out", str(tmp_path / "repo"), "-q"]
    assert invoke(words) == 0
    found = re.search("to ([A-Za-z0-9_-]{43});", capsys.readouterr().err)
    assert found is not None
    return Repository(tmp_path / "repo", found[1])


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(predictions(), tmp_path_factory.mktemp("good") / "dt.json").read_bytes()


def test_the_ground_truth_is_in_no_file(repository: Repository) -> None:
    secret = str(TRUTH.people.xy[0, 0, 0])
    for path in repository.folder.rglob("*"):
        if path.is_file() and ".git/" not in path.as_posix():
            assert secret.encode() not in path.read_bytes(), path
            assert repository.key.encode() not in path.read_bytes(), path
    assert (repository.folder / "challenge/truth.enc").stat().st_size > 1000


def test_a_pull_request_from_its_form_to_the_board(repository: Repository, good: bytes) -> None:
    commit = repository.propose({"submissions/team-a/first.json": good})
    assert repository.score("take", commit).returncode == 0
    form = repository.score("form", "submissions/team-a/first.json", "submission")
    assert (form.returncode, form.stderr) == (0, "")
    assert form.stdout.startswith("valid on test")
    one = repository.score("one", "submissions/team-a/first.json", "submission", key=repository.key)
    assert (one.returncode, one.stderr) == (0, "")
    assert one.stdout.startswith("scored on test")
    comment = (repository.folder / "verdict.md").read_text()
    assert all(line.startswith("    ") for line in comment.splitlines())
    assert "AP " in comment
    repository.git("clean", "--quiet", "--force")
    repository.git("merge", "--quiet", commit)
    board = repository.score("all", key=repository.key)
    assert (board.returncode, board.stderr) == (0, "")
    node = json.loads((repository.folder / "board/board.json").read_text())
    assert [(row["name"], row["team"]) for row in node["test"]["entries"]] == [("first", "team-a")]
    record = read_record(repository.folder / "verdicts/team-a-first.json")
    assert (record.verdict.private, record.verdict.page) == ("", "")
    for value in record.verdict.report["summary"].values():
        assert value == round(value, 3)
    assert not record.verdict.report["values"]
    assert repository.score("all", key=repository.key).returncode == 0


def test_a_wrong_submission_gets_its_message(repository: Repository) -> None:
    commit = repository.propose({"submissions/a/b.json": b"[{"})
    assert repository.score("take", commit).returncode == 0
    assert repository.score("form", "submissions/a/b.json", "submission").returncode == 3
    assert "[P210]" in (repository.folder / "verdict.md").read_text()


@pytest.mark.parametrize(
    "files",
    [
        {"score.py": b"import os; print(os.environ)"},
        {"submissions/a/b.json": b"[]", "score.py": b"print(1)"},
        {"submissions/a/b.json": b"[]", ".github/workflows/score.yml": b"on: push"},
        {"submissions/a/b.json": b"[]", "submissions/a/c.json": b"[]"},
        {"submissions/a/$(touch x).json": b"[]"},
        {"submissions/a;b/c.json": b"[]"},
        {"submissions/a/b": b"[]"},
        {"verdicts/a-b.json": b"{}"},
        {"challenge/truth.enc": b""},
    ],
)
def test_nothing_but_one_submission_is_taken(files: dict[str, bytes], repository: Repository) -> None:
    commit = repository.propose(files)
    done = repository.score("take", commit)
    assert done.returncode == 3
    assert "one new file" in done.stdout
    assert not (repository.folder / "submission").exists()
    assert "print" not in (repository.folder / "score.py").read_text()


def test_links_are_not_taken(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "fork")
    place = repository.folder / "submissions/a/b.json"
    place.parent.mkdir(parents=True)
    place.symlink_to("../../challenge/truth.enc")
    commit = repository.commit()
    repository.git("checkout", "--quiet", "main")
    assert repository.score("take", commit).returncode == 3


def test_another_key_opens_nothing(repository: Repository, good: bytes) -> None:
    repository.score("take", repository.propose({"submissions/a/b.json": good}))
    for key in ("", "wrong"):
        done = repository.score("one", "submissions/a/b.json", "submission", key=key)
        assert done.returncode == 1
        assert "P898" in done.stderr
        assert not done.stdout


def workflows(repository: Repository) -> dict[str, dict[str, object]]:
    found = (repository.folder / ".github/workflows").glob("*.yml")
    return {path.stem: yaml.safe_load(path.read_text()) for path in found}


def test_jobs_that_forks_start_have_no_secret(repository: Repository) -> None:
    """The key is in one step of each job that has it, and no step runs what a pull request brings."""
    found = workflows(repository)
    assert found.keys() == {"form", "score", "board"}
    for name, node in found.items():
        text = (repository.folder / f".github/workflows/{name}.yml").read_text()
        assert text.count("secrets.TRUTH_KEY") == (0 if name == "form" else 1)
        (job,) = node["jobs"].values()  # type: ignore[union-attr]
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")  # names of others reach a shell as variables alone
            if step.get("uses", "").startswith("actions/checkout") and name != "board":
                assert step["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
                assert step["with"]["persist-credentials"] is False
    assert found["form"]["permissions"] == {"contents": "read"}
    assert "label.name == 'score'" in str(found["score"]["jobs"])
    gitlab = yaml.safe_load((repository.folder / ".gitlab-ci.yml").read_text())
    assert "all" not in " ".join(gitlab["form"]["script"]).split()
