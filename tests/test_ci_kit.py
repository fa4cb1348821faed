"""The action, the GitLab component, the pre-commit hook and the Dockerfile, by running their own steps."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from poseval.cli import invoke
from poseval.synth import perturb, scene_set
from poseval.synth.demo_files import write_pair
from tests.shared import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are written for bash")


@dataclass
class Runner:
    """Runs the `run` steps of the composite action, as far as this action needs a runner."""

    folder: Path
    given: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    said: str = ""
    failed: str = ""

    def value(self, expression: str) -> str:
        """What an expression stands for; inputs that are not given have their default."""
        known = {
            f"inputs.{name}": self.given.get(name, str(row.get("default", "")))
            for name, row in ACTION["inputs"].items()
        }
        known |= {"runner.temp": str(self.folder / "temp"), "github.action_path": str(ROOT)}
        return known[expression]

    def run(self) -> None:
        """Every step but the installation, until one fails."""
        missing = [name for name, row in ACTION["inputs"].items() if row.get("required")]
        assert self.given.keys() >= set(missing)
        for step in ACTION["runs"]["steps"]:
            if "run" not in step or step["name"] in ("install", "sources"):
                continue
            if "if" in step and not self._holds(step["if"]):
                continue
            if self._fails(step):
                self.failed = step["name"]
                return

    def _holds(self, condition: str) -> bool:
        name, _, right = condition.partition(" != ")
        return self.value(name) != right.strip("'")

    def _fails(self, step: dict[str, Any]) -> bool:
        output, summary = self.folder / "output", self.folder / "summary"
        given = {
            name: EXPRESSION.sub(lambda found: self.value(found[1]), text)
            for name, text in step["env"].items()
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env=os.environ
            | given
            | {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
            | {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += done.stdout + done.stderr
        for line in output.read_text("utf-8").splitlines():
            name, _, text = line.partition("=")
            self.outputs[name] = text
        return done.returncode != 0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Ground truth, predictions as good as their baseline and worse ones, and `poseval` as a program."""
    truth = scene_set(3, 80, 3)
    for name, jitter in (("good", 0.2), ("worse", 0.5)):
        (tmp_path / name).mkdir()
        write_pair(tmp_path / name, truth, perturb(truth, 1, jitter=jitter), force=True)
    saved = tmp_path / "baseline.poseval"
    words = [
        "score",
        tmp_path / "good/predictions.json",
        "--gt",
        tmp_path / "good/truth.json",
        "--save",
        saved,
    ]
    assert invoke([str(word) for word in words]) == 0
    program = tmp_path / "poseval"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m poseval "$@"\n', "utf-8")
    program.chmod(0o755)
    return tmp_path


def steps(place: Path, predictions: str, **more: str) -> Runner:
    given = {"predictions": f"{predictions}/predictions.json", "gt": "good/truth.json"}
    runner = Runner(place, given | {name.replace("_", "-"): text for name, text in more.items()})
    runner.run()
    return runner


def test_the_action_scores_without_a_baseline(place: Path) -> None:
    found = steps(place, "good", score_args="--per-joint")
    assert not found.failed, found.said
    assert Path(found.outputs["report"]).is_file()
    assert Path(found.outputs["run"]).is_file()
    assert "junit" not in found.outputs
    assert "| AP |" in (place / "summary").read_text("utf-8").replace("  ", " ")


@pytest.mark.parametrize("significant", ["true", "false"])
def test_the_action_passes_a_model_that_keeps_up(place: Path, significant: str) -> None:
    found = steps(place, "good", baseline="baseline.poseval", max_drop="AP=1\nAR=1", significant=significant)
    assert not found.failed, found.said
    assert ET.parse(found.outputs["junit"]).getroot().get("failures") == "0"


@pytest.mark.parametrize("significant", ["true", "false"])
def test_the_action_fails_a_model_that_got_worse(place: Path, significant: str) -> None:
    found = steps(place, "worse", baseline="baseline.poseval", max_drop="AP=1", significant=significant)
    assert found.failed == "gate"
    assert "::error" in found.said
    assert ET.parse(found.outputs["junit"]).getroot().get("failures") == "1"


def test_the_action_fails_on_a_wrong_file(place: Path) -> None:
    (place / "good/predictions.json").write_text("[{]", "utf-8")
    found = steps(place, "good")
    assert found.failed == "score"
    assert "P2" in found.said


def test_an_input_of_the_action_is_never_a_command(place: Path) -> None:
    """Inputs come from pull requests: they reach the shell as variables, not as text of the script."""
    for step in ACTION["runs"]["steps"]:
        assert not EXPRESSION.search(step.get("run", ""))
    name = "good/predictions.json; touch stolen"
    found = Runner(place, {"predictions": name, "gt": "good/truth.json", "score-args": "$(touch stolen)"})
    found.run()
    assert found.failed == "score"
    assert not (place / "stolen").exists()


def test_every_line_of_further_options_is_taken(place: Path) -> None:
    more = "--require\nkeep-up --cluster 'frame'\n"
    found = steps(
        place, "good", baseline="baseline.poseval", max_drop="AP=5", significant="true", gate_args=more
    )
    assert not found.failed, found.said
    assert steps(place, "good", baseline="baseline.poseval", gate_args="--max-drop\nAP=x").failed == "gate"
    quoted = steps(place, "good", score_args='--metric "oks_ap(max_dets=10, per_joint=yes)"')
    assert not quoted.failed, quoted.said


def test_an_open_quote_in_further_options_fails_the_step(place: Path) -> None:
    found = steps(place, "good", score_args='--per-joint "--ci=95')
    assert found.failed == "score"
    assert "quote" in found.said


@pytest.mark.parametrize("more", ["", "\n", "  \n \n"])
def test_further_options_of_white_space_are_none(place: Path, more: str) -> None:
    found = steps(
        place, "good", score_args=more, gate_args=more, baseline="baseline.poseval", max_drop="AP=5"
    )
    assert not found.failed, found.said
    assert "xargs" not in found.said


def test_the_key_of_the_cache_follows_the_sources(place: Path) -> None:
    (step,) = [one for one in ACTION["runs"]["steps"] if one.get("id") == "sources"]
    keys = []
    for text in ("a", "a", "b"):
        sources = place / f"sources{len(keys)}"
        (sources / "poseval").mkdir(parents=True)
        (sources / "setup.cfg").write_text("[metadata]", "utf-8")
        (sources / "poseval" / "x.py").write_text(text, "utf-8")
        (sources / "poseval" / "x.so").write_text(str(sources), "utf-8")
        output = place / "keys"
        output.write_text("", "utf-8")
        given = {"SOURCE": str(sources), "GITHUB_OUTPUT": str(output)}
        python = place / "python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
        python.chmod(0o755)
        path = f"{place}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(["bash", "-c", step["run"]], env=os.environ | given | {"PATH": path}, check=True)
        keys.append(output.read_text("utf-8"))
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0].strip()) == len("digest=") + 32


def test_outputs_of_the_action_come_from_its_steps() -> None:
    names = {name for name, row in ACTION["outputs"].items()}
    written = "".join(step.get("run", "") for step in ACTION["runs"]["steps"])
    assert all(f'echo "{name}=' in written for name in names)


@pytest.mark.parametrize(("predictions", "status"), [("good", 0), ("worse", 1)])
def test_the_gitlab_component_passes_and_fails(place: Path, predictions: str, status: int) -> None:
    spec, jobs = yaml.safe_load_all((ROOT / "templates/poseval.yml").read_text("utf-8"))
    given = {name: (row or {}).get("default", "") for name, row in spec["spec"]["inputs"].items()}
    given |= {
        "predictions": f"{predictions}/predictions.json",
        "gt": "good/truth.json",
        "baseline": "baseline.poseval",
        "max-drop": "AP=1",
    }
    job = jobs["pose-accuracy"]

    def filled(text: str) -> str:
        return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: given[found[1]], text)

    script = "\n".join(line for line in job["script"] if "pip install" not in line)
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", filled(script)],
        cwd=place,
        env=os.environ
        | {name: filled(text) for name, text in job["variables"].items()}
        | {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert all((place / name).is_file() for name in (*job["artifacts"]["paths"], "gate.xml"))


def test_the_hook_takes_several_files(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    _, command = hook["entry"].split()
    ours = "annotations/person_keypoints_val.json Poses.h5 labels.v1.slp CollectedData_ann.csv"
    others = "predictions.json results.json labels.json package.json composer.json docker-compose.json"
    others += " purpose.csv poses/setup.cfg tsconfig.json"
    assert [name for name in ours.split() if not re.search(hook["files"], name)] == []
    assert [name for name in others.split() if re.search(hook["files"], name)] == []
    good, cut = place / "good/truth.json", place / "cut.json"
    cut.write_bytes(good.read_bytes()[:1000])
    assert invoke([command, str(good), str(good)]) == 0
    assert capsys.readouterr().out.count("ground truth") >= 2
    assert invoke([command, str(good), str(cut)]) == 3
    capsys.readouterr()
    results = place / "good/predictions.json"  # nothing alone, and no reason to leave the other one unread
    assert invoke([command, str(results), str(good)]) == 2
    out, err = capsys.readouterr()
    assert "truth.json" in out
    assert "--gt" in err


def test_the_image_runs_without_rights_and_builds_from_what_the_readme_says() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    last = lines[max(at for at, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER poseval" in last
    assert last.index("USER poseval") < last.index('ENTRYPOINT ["poseval"]')
    assert not [line for line in lines if "latest" in line]


DOCKER = """#!/bin/sh
case "$1" in
buildx) echo sha256:0123 ;;
run)
    while [ "$1" != poseval ]; do
        [ "$1" != -v ] || folder="${2%%:*}"
        shift
    done
    shift
    cd "$folder" && exec "PYTHON" -m poseval "$@" ;;
esac
"""


def test_the_workflow_of_the_image_pins_its_base_and_tries_it(tmp_path: Path) -> None:
    """By a stand-in for docker, which runs the commands here."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/image.yml").read_text("utf-8"))
    steps = {step.get("name"): step.get("run", "") for step in workflow["jobs"]["image"]["steps"]}
    shutil.copy(ROOT / "Dockerfile", tmp_path)
    program = tmp_path / "docker"
    program.write_text(DOCKER.replace("PYTHON", sys.executable), "utf-8")
    program.chmod(0o755)
    kept = {"GITHUB_ENV": str(tmp_path / "env"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    env = os.environ | kept | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    for name in ("pin", "try"):
        words = ["bash", "-eo", "pipefail", "-c", steps[name]]
        done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"BASE=python:[\d.]+-slim-\w+@sha256:0123\n", (tmp_path / "env").read_text("utf-8"))
    assert "ARG BASE=" in (ROOT / "Dockerfile").read_text("utf-8").partition("FROM")[0]
    assert (tmp_path / "data/report.html").stat().st_size > 10_000
