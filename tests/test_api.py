"""The verbs of the library: what they take and give, that they never print, and that wrong types are told."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.cli import invoke
from poseval.errors import PosevalError, UsageError
from poseval.poses import Notice
from poseval.scoring.saved_runs import load, save
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=11, images=12, people=2)
GOOD, BAD = (perturb(TRUTH, seed, jitter=jitter) for seed, jitter in ((1, 0.45), (3, 0.8)))
QUICK = {"keys": ["AP"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("api")
    poseval.write(TRUTH, made / "gt.json", "coco")
    for name, poses in (("good", GOOD), ("bad", BAD)):
        poseval.write(poses, made / f"{name}.json", "coco", role="predictions", truth=TRUTH)
        save(poseval.evaluate(made / "gt.json", made / f"{name}.json"), made / f"{name}.poseval")
    return made


@pytest.fixture
def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


class TestEachVerbIsItsCommand:
    """The value has what the command writes as JSON, and nothing was printed."""

    @pytest.fixture(autouse=True)
    def silent(self, files: Path, capfd: pytest.CaptureFixture[str]) -> Any:
        yield
        assert capfd.readouterr() == ("", "")

    def said(self, capfd: pytest.CaptureFixture[str], *arguments: str) -> Any:
        """What a command gives, after it was seen that the verb before it printed nothing."""
        assert capfd.readouterr() == ("", "")
        assert invoke([*arguments]) in (0, 1)
        return json.loads(capfd.readouterr().out)

    def test_compare(self, capfd: pytest.CaptureFixture[str]) -> None:
        found = poseval.compare("good.json", "bad.json", truth="gt.json", **QUICK)
        files = ("good.json", "bad.json", "--gt", "gt.json")
        options = ("--key", "AP", "--json", "-")
        assert json.loads(found.to_json()) == self.said(capfd, "compare", *files, *options)
        assert "good.json is better" in found.to_text()

    def test_gate(self, capfd: pytest.CaptureFixture[str]) -> None:
        found = poseval.gate("bad.json", "good.poseval", "gt.json", max_drop={"AP": "0.5rel%"})
        files = ("bad.json", "--gt", "gt.json", "--baseline", "good.poseval")
        options = ("--max-drop", "AP=0.5rel%", "--json", "-")
        assert json.loads(found.to_json()) == self.said(capfd, "gate", *files, *options)
        assert not found.passed
        assert found.to_text().splitlines()[-1].startswith("gate failed")

    def test_diagnose(self, capfd: pytest.CaptureFixture[str]) -> None:
        found = poseval.diagnose("gt.json", "good.json", worst=3)
        arguments = ("good.json", "--gt", "gt.json", "--worst", "3", "--json", "-")
        assert json.loads(found.to_json()) == self.said(capfd, "diagnose", *arguments)
        assert len(found.worst) == 3
        assert "worst joint" in found.to_text()

    def test_leaderboard(self, capfd: pytest.CaptureFixture[str]) -> None:
        found = poseval.leaderboard(["bad.poseval", "good.poseval"], sort="AP", columns=["AP50"])
        arguments = ("bad.poseval", "good.poseval", "--sort", "AP", "--column", "AP50", "--json", "-")
        assert json.loads(found.to_json()) == self.said(capfd, "leaderboard", *arguments)
        assert [entry["name"] for entry in found.to_dict()["entries"]] == ["good", "bad"]
        assert list(found.to_dict()["entries"][0]["values"]) == ["AP", "AP50"]
        assert "good" in found.to_text()

    def test_validate(self, capfd: pytest.CaptureFixture[str]) -> None:
        found = poseval.validate("good.json", truth="gt.json", role="predictions")
        arguments = ("good.json", "--gt", "gt.json", "--json")
        assert json.loads(found.to_json()) == self.said(capfd, "validate", *arguments)
        assert found.ok

    def test_convert_and_write(self, tmp_path: Path) -> None:
        done = poseval.convert("gt.json", tmp_path / "gt.npz", "native", role="truth")
        assert "coco ground truth -> native" in done.lines()[0]
        losses = poseval.write(poseval.read(tmp_path / "gt.npz"), tmp_path / "again.json", "coco")
        assert losses.kept_people == len(TRUTH)
        (tmp_path / "many").mkdir()
        for name in ("a", "b"):
            (tmp_path / "many" / f"{name}.json").write_bytes(Path("gt.json").read_bytes())
        poseval.convert(tmp_path / "many", tmp_path / "out", "native", role="truth")
        assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.npz", "b.npz"}

    def test_plot(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        of_run = poseval.plot("good.poseval")
        of_files = poseval.plot("good.json", "gt.json", per_joint=True)
        assert "precision_recall" in of_run
        assert of_files.keys() - of_run.keys() >= {"errors_per_joint", "gains", "AP_per_joint"}
        assert capfd.readouterr() == ("", "")
        arguments = ["good.json", "--gt", "gt.json", "--per-joint", "--out", str(tmp_path), "-q"]
        assert invoke(["plot", *arguments]) == 0
        assert {path.stem for path in tmp_path.iterdir()} == of_files.keys()


def test_values_and_files_give_the_same(files: Path) -> None:
    a = poseval.evaluate("gt.json", "good.json")
    b = poseval.read("bad.json", role="predictions", truth="gt.json")
    mixed = poseval.compare({"a": a, "b": b}, truth="gt.json", **QUICK)
    saved = poseval.compare({"a": "good.poseval", "b": "bad.poseval"}, **QUICK)
    assert mixed.to_dict()["differences"] == saved.to_dict()["differences"]
    assert mixed.systems == ("a", "b")
    exact = poseval.gate("bad.poseval", a), poseval.gate("bad.json", "good.poseval", "gt.json")
    assert exact[0].to_dict()["checks"] == exact[1].to_dict()["checks"]
    board = poseval.leaderboard({"a": a, "b": "bad.poseval", "c": a.report()})
    assert [row.entry.name for row in board.rows] == ["a", "c", "b"]


def test_a_task_and_its_keywords_ask_the_same(files: Path) -> None:
    task = poseval.Task(benchmark="coco-keypoints", rules="corrected", metrics="oks_ap(max_dets=1)")
    keywords = {"rules": "corrected", "metrics": ["oks_ap(max_dets=1)"]}
    for by_task, by_keywords in (
        (
            poseval.compare("good.json", "bad.json", truth="gt.json", task=task, **QUICK).to_dict(),
            poseval.compare(
                "good.json", "bad.json", truth="gt.json", benchmark="coco-keypoints", **keywords, **QUICK
            ).to_dict(),
        ),
        (
            poseval.score("gt.json", "good.json", task=task).to_dict(timings=False),
            poseval.score("gt.json", "good.json", "coco-keypoints", **keywords).to_dict(timings=False),
        ),
        (
            poseval.diagnose("gt.json", "good.json", task=task).to_dict(),
            poseval.diagnose("gt.json", "good.json", "coco-keypoints", **keywords).to_dict(),
        ),
    ):
        assert by_task == by_keywords


@pytest.mark.parametrize(
    ("systems", "names"),
    [
        (("good.json", "bad.json"), ("good.json", "bad.json")),
        (("good.json", "./good.json"), ("good.json", "./good.json")),
        (("good.json", "good.json"), ("good.json (1)", "good.json (2)")),
        ((GOOD, "bad.json", BAD), ("system (1)", "bad.json", "system (3)")),
    ],
    ids=["names", "paths", "twice", "in memory"],
)
def test_systems_keep_their_own_names(files: Path, systems: tuple[Any, ...], names: tuple[str, ...]) -> None:
    assert poseval.compare(*systems, truth="gt.json", **QUICK).systems == names


def test_notices_come_with_the_value(files: Path) -> None:
    guessed = poseval.compare("good.json", "bad.poseval", truth="gt.json", **QUICK).notices
    assert "N100" in [notice.code for notice in guessed["good.json"]]
    assert "N100" in [notice.code for notice in poseval.diagnose("gt.json", "good.json").notices]
    odd = GOOD.with_notices([Notice("N999", "odd")])
    assert poseval.gate(odd, "good.poseval", "gt.json").to_dict()["notices"][0]["code"] == "N999"


def test_a_baseline_is_replaced_by_a_run_that_passed(files: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.poseval"
    baseline.write_bytes((files / "good.poseval").read_bytes())
    assert not poseval.gate("bad.poseval", baseline, update_baseline=True).passed
    assert load(baseline).summary() == load("good.poseval").summary()
    assert poseval.gate("bad.poseval", baseline, max_drop=["AP50=85rel%"], update_baseline=True).passed
    assert load(baseline).summary() == load("bad.poseval").summary()


def test_predictions_in_a_zip_are_no_saved_run(files: Path, tmp_path: Path) -> None:
    place = tmp_path / "good.npz"
    poseval.write(GOOD, place, "native", role="predictions")
    assert poseval.gate(place, "good.poseval", "gt.json", metrics=()).passed in (True, False)
    with pytest.raises(UsageError, match="needs its ground truth"):
        poseval.gate(place, "good.poseval")
    with pytest.raises(UsageError, match="try: add truth=FILE"):
        poseval.compare("good.json", "bad.json")
    assert poseval.compare("good.json", "bad.json", truth="gt.json", **QUICK).systems


# A call of each public function that works, of which one argument is then replaced.
CALLS: dict[str, dict[str, Any]] = {
    "read": {"path": "gt.json"},
    "write": {"poses": TRUTH, "path": "new.json", "format": "coco", "force": True},
    "score": {"truth": "gt.json", "predictions": "good.json"},
    "evaluate": {"truth": "gt.json", "predictions": "good.json"},
    "compare": {"truth": "gt.json", **QUICK},
    "gate": {"run": "good.json", "baseline": "good.poseval", "truth": "gt.json"},
    "diagnose": {"truth": "gt.json", "predictions": "good.json"},
    "explore": {"truth": "gt.json", "predictions": "good.json", "out": "site", "force": True},
    "validate": {"path": "good.json", "truth": "gt.json"},
    "convert": {"source": "gt.json", "target": "new.npz", "to": "native", "force": True},
    "leaderboard": {"runs": ["good.json"], "truth": "gt.json"},
    "plot": {"run": "good.json", "truth": "gt.json"},
    "estimate_sigmas": {"annotations": ["gt.json", "gt.json"]},
    "Task": {},
    "Frames": {"key": ["a"]},
    "People": {"xy": np.zeros((1, 2, 2)), "frame": np.zeros(1, dtype=np.int64)},
    "PoseSet": {"skeleton": TRUTH.skeleton, "frames": TRUTH.frames, "people": TRUTH.people},
    "Skeleton": {"name": "two", "joints": ("a", "b"), "flip": (0, 1)},
    "get_skeleton": {},
    "list_models": {},
    "from_movement": {"dataset": {}},
    "from_sleap": {"labels": {}},
    "from_arrays": {"keypoints": np.ones((1, 17, 2)), "frame": [0]},
    "from_mmpose": {"samples": []},
    "from_pandas": {"table": {}},
    "from_supervision": {"keypoints": [], "names": []},
    "from_transformers": {"poses": [], "frames": []},
    "from_ultralytics": {"results": []},
}
TASK = tuple(inspect.signature(poseval.Task).parameters)
WRONG: dict[str, Any] = {
    "None": None,
    "number": 5,
    "negative": -1,
    "dict": {"a": {}},
    "nowhere": "no/such/folder/file",
    "list": [None],
    "array": np.array([0.5, np.nan, 1]),
}
# What is right for a parameter, or is told only by what stands beside it.
FITS = {
    "read-rules": {"nowhere"},
    "read-optional": {"nowhere"},
    "Task-rules": {"nowhere"},
    "Task-benchmark": {"nowhere"},
    "Task-truth_format": {"nowhere"},
    "Task-predictions_format": {"nowhere"},
    "Task-category": {"nowhere"},
    "leaderboard-facts": {"nowhere"},
    "leaderboard-truth": {"None"},  # the runs are then read as reports
    "leaderboard-team": {"nowhere"},
    "list_models-pattern": {"nowhere"},
    "Skeleton-name": WRONG.keys(),
    "Skeleton-source": WRONG.keys(),
    "Skeleton-normalisers": WRONG.keys(),
    "People-frame": {"None"},
    "People-score": {"list"},
    "People-area": {"list"},
    "People-head": {"list"},
    "People-crowd": {"list"},
    "Frames-labelled": {"list"},
    "sigmas": {"number"},
    "PoseSet-origin": WRONG.keys(),
    "PoseSet-categories": WRONG.keys(),
    "Frames-key": {"list", "array"},
    "Frames-path": WRONG.keys(),
    "Frames-sequences": {"dict", "list", "array"},
    "seed": {"number"},
    "resamples": {"number"},
    "seed_sd": {"number"},
    "gate-accept": {"nowhere"},
    "worst": {"number"},
    "fps": {"number"},
    "shards": {"number", "negative"},
    "from_arrays-frame": {"None"},
    "validate-path": {"dict"},
    "from_arrays-track": {"list"},
}


def cases() -> list[Any]:
    out = []
    for function, good in CALLS.items():
        parameters = inspect.signature(getattr(poseval, function)).parameters
        rest = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        names = [n for n, p in parameters.items() if p.kind is not p.VAR_KEYWORD]
        for name in dict.fromkeys([*names, *(TASK if rest else ())]):
            fits = {*FITS.get(name, ()), *FITS.get(f"{function}-{name}", ())}
            if name not in good and (name not in parameters or parameters[name].default is None):
                fits.add("None")  # nothing was asked for
            out += [
                pytest.param(function, name, value, id=f"{function}-{name}-{value}")
                for value in WRONG
                if value not in fits
            ]
    assert len(out) > 1000
    return out


@pytest.mark.parametrize(("function", "name", "value"), cases())
def test_a_wrong_argument_is_a_usage_error(files: Path, function: str, name: str, value: str) -> None:
    given = {**CALLS[function], name: WRONG[value]}
    systems: list[Any] = ["good.json", "bad.json"] if function == "compare" else []
    if name == "systems":
        systems = ["good.json", given.pop(name)]
    with pytest.raises(PosevalError) as caught:
        getattr(poseval, function)(*systems, **given)
    fault = caught.value.fault
    assert fault.where
    assert fault.wanted or fault.hint or fault.code in ("P110", "P179", "P310", "P311", "P850"), fault
    if fault.code == "P201":  # a dictionary is read as JSON is
        assert value == "dict"
    elif function not in ("Frames", "People", "PoseSet"):  # whose arrays are values, not usage
        assert isinstance(caught.value, UsageError), fault


def test_an_empty_path_is_not_the_current_folder() -> None:
    with pytest.raises(UsageError, match="is empty") as caught:
        poseval.read("")
    assert caught.value.code == "P101"
