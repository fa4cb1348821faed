"""Errors for callers in Python: options become keywords, and advice that is followed works."""

from __future__ import annotations

import ast
import inspect
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.benchmarks import get_benchmark
from poseval.errors import Fault, InputError, PosevalError, UsageError, error_of
from poseval.errors.python_words import KEYWORDS, LEFT, in_python, value_in_python
from poseval.scoring.score import score
from poseval.scoring.task import Asked
from poseval.synth import perturb, scene_set
from tests.hostile.made import truth
from tests.shared import ROOT

XY = np.random.default_rng(0).uniform(0, 99, (3, 17, 2))
XYV = np.concatenate([XY, np.ones((3, 17, 1))], axis=2)
BOX = np.tile([5.0, 5.0, 2.0, 2.0], (3, 1))


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("pass --gt FILE", "pass truth=FILE"),
        ("pass --force to overwrite it", "pass force=True to overwrite it"),
        ("give --skeleton with a file, or one of coco17", "give skeleton=... with a file, or one of coco17"),
        ("leave out --skeleton; map with --joints names", 'leave out skeleton=...; map with joints="names"'),
        (
            "`poseval score --joints names`, or --joints MAP.toml",
            '`poseval.score with joints="names"`, or joints=MAP.toml',
        ),
        ("use --metric 'oks_ap(area=box)'", 'use metrics="oks_ap(area=box)"'),
        ("--sigmas 0.05 for all joints", "sigmas=0.05 for all joints"),
        ("--category person or --category 'big bottle'", 'category="person" or category="big bottle"'),
        ("add `--role ground-truth`", 'add `role="truth"`'),
        ("raise it with --limit people=20", 'raise it with limits="people=20"'),
        ("name its format with --format-in", "name its format with predictions_format=..."),
        ("--format-in coco", 'predictions_format="coco"'),
        ("with poseval convert A.json B.json --to coco", "with poseval convert A.json B.json --to coco"),
        ("nothing of the kind", "nothing of the kind"),
        ("give --sigmas 0.1, or another", "give sigmas=0.1, or another"),
        ("--transform scale=-1,1 --transform offset=9,0", 'transform=["scale=-1,1", "offset=9,0"]'),
        ("try: poseval convert ... --transform flip=y", 'try: poseval.convert with transform="flip=y"'),
        ("a file that `poseval score --save` wrote", "a file that `poseval score --save` wrote"),
        ("scaled by --keypoint_scale?", "scaled by --keypoint_scale?"),
    ],
)
def test_options_become_keywords(says: str, words: str) -> None:
    error = error_of([Fault("P100", "there", says, says, says)])
    found = in_python(error, ("truth", "predictions"))
    assert found.fault == Fault("P100", "there", words, words, words)
    assert type(found) is type(error)


def test_the_format_of_one_file_is_its_format() -> None:
    error = error_of([Fault("P202", "there", "choose --format-in coco")])
    assert in_python(error, ("path", "format")).fault.what == 'choose format="coco"'


def test_commands_and_python_are_told_the_same_in_their_own_words(tmp_path: Path) -> None:
    with pytest.raises(PosevalError) as raw:
        score(tmp_path / "no.json", tmp_path / "no.json", metrics=("oks_ap",), skeleton="coco")
    with pytest.raises(PosevalError) as caught:
        poseval.read(_written(tmp_path), role="predictions")
    assert raw.value.code == "P113"
    assert "pass truth=FILE" in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert [entry.name for entry in caught.traceback][-1] == "read_results"


def _written(folder: Path) -> Path:
    truth = scene_set(seed=1, images=2, people=1)
    poseval.write(perturb(truth, 1), folder / "dt.json", "coco", role="predictions", truth=truth)
    return folder / "dt.json"


# A code, a call that is refused with it, what its advice says, and the call that follows it.
FOLLOWED: list[tuple[str, Callable[[], Any], str, Callable[[], Any]]] = [
    (
        "P851",
        lambda: poseval.from_arrays(XY, box=BOX),
        'box_form="xywh"',
        lambda: poseval.from_arrays(XY, box=BOX, box_form="xywh"),
    ),
    (
        "P852",
        lambda: poseval.from_arrays(XY[:, :5]),
        "skeleton=...",
        lambda: poseval.from_arrays(XY[:, :5], skeleton=list("abcde")),
    ),
    (
        "P853",
        lambda: poseval.from_arrays(XYV),
        "third=...",
        lambda: poseval.from_arrays(XYV, third="visibility"),
    ),
    (
        "P856",
        lambda: poseval.score(_found(), _truth(), "coco-keypoints"),
        "score(gt=..., predictions=...)",
        lambda: poseval.score(gt=_truth(), predictions=_found(), benchmark="coco-keypoints"),  # type: ignore[call-arg]
    ),
    (
        "P857",
        lambda: poseval.from_pandas(_table()),
        'frame="..."',
        lambda: poseval.from_pandas(_table(), frame="image"),
    ),
    (
        "P859",
        lambda: _again(_metric(), frame=["a", "b", "c"]),
        'repeated="once"',
        lambda: _again(_metric(repeated="once"), frame=["a", "b", "c"]),
    ),
    ("P860", lambda: _merged(), '"frame": ...', lambda: _merged(frame=["a", "b", "c"])),
    (
        "P861",
        lambda: poseval.PoseMetric(get_benchmark("coco-keypoints")).to_bytes(),
        "pickle the metric",
        lambda: pickle.dumps(_metric()),
    ),
    (
        "P862",
        lambda: _metric().compute(sync=True),
        "leave sync=True out",
        lambda: _metric().compute(),
    ),
    (
        "P851",
        lambda: poseval.from_arrays(XY[0]),
        "keypoints[None]",
        lambda: poseval.from_arrays(XY[0][None]),
    ),
    (
        "P851",
        lambda: poseval.from_arrays(XYV.reshape(3, -1), third="visibility"),
        "keypoints.reshape(N, -1, 3)",
        lambda: poseval.from_arrays(XYV.reshape(3, -1, 3), third="visibility"),
    ),
]


def _metric(**asked: Any) -> poseval.PoseMetric:
    return _again(poseval.PoseMetric("coco-keypoints", **asked), frame=["a", "b", "c"])


def _again(metric: poseval.PoseMetric, **frames: Any) -> poseval.PoseMetric:
    found, truth = {"keypoints": XY, "score": [1, 1, 1]}, {"keypoints": XY, "area": [9, 9, 9]}
    metric.update({**found, **frames}, {**truth, **frames})
    return metric


def _merged(**frames: Any) -> poseval.PoseMetric:
    metric = _again(poseval.PoseMetric("coco-keypoints"), **frames)
    metric.merge(_again(poseval.PoseMetric("coco-keypoints"), **frames))
    return metric


def _truth() -> poseval.PoseSet:
    return poseval.from_arrays(XY, area=[99, 99, 99])


def _found() -> poseval.PoseSet:
    return poseval.from_arrays(XY, score=[1, 1, 1])


def _table() -> Any:
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    return pandas.DataFrame({"image": [1], "person": [1], "joint": ["a"], "x": [1.0], "y": [1.0]})


@pytest.mark.parametrize(("code", "wrong", "says", "right"), FOLLOWED)
def test_advice_in_python_works(
    code: str, wrong: Callable[[], Any], says: str, right: Callable[[], Any]
) -> None:
    with pytest.raises(UsageError) as caught:
        wrong()
    assert caught.value.code == code
    assert says in str(caught.value.fault.hint)
    assert right() is not None


def test_areas_of_a_file_that_lacks_them_are_taken_from_its_boxes(tmp_path: Path) -> None:
    node = truth()
    node["annotations"][0]["area"] = None
    node["annotations"][1]["area"] = 0.0
    del node["annotations"][2]["area"]
    path = tmp_path / "gt.json"
    path.write_text(json.dumps(node))
    with pytest.raises(InputError) as caught:
        poseval.read(path)
    assert sorted(caught.value.counts) == ["P206", "P302", "P304"]
    hints = {fault.hint for fault in caught.value.faults}
    assert hints == {
        "read it with optional=['area'], and take areas from the boxes with metrics=\"oks_ap(area=box)\""
    }
    found = poseval.read(path, optional=["area"])
    assert poseval.score(found, perturb(found, 1), metrics="oks_ap(area=box)").summary["AP"] > 0


def test_one_ground_truth() -> None:
    with pytest.raises(UsageError, match="P850"):
        poseval.score(_truth(), _found(), gt=_truth())  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="P850"):
        poseval.compare(_found(), _found(), truth=_truth(), gt=_truth())  # type: ignore[call-arg]


def test_verbs_take_sets_in_memory() -> None:
    truth = poseval.from_arrays(XY, area=[900.0] * 3)
    old = poseval.from_arrays(XY + 3, score=[0.9, 0.8, 0.7])
    new = poseval.from_arrays(XY + 1, score=[0.9, 0.8, 0.7])
    board = poseval.leaderboard({"old": old, "new": new}, truth=truth, benchmark="coco-keypoints")
    assert [row.entry.name for row in board.rows] == ["new", "old"]
    with pytest.raises(UsageError, match=r"(?s)P147.*add truth=FILE"):
        poseval.leaderboard({"old": old})
    verdict = poseval.gate(new, baseline=old, truth=truth, benchmark="coco-keypoints", max_drop={"AP": 0.5})
    assert verdict.passed
    with pytest.raises(UsageError, match="from_arrays"):
        poseval.score(XY, XY)  # type: ignore[arg-type]


def said() -> list[tuple[str, str]]:
    """Every text of the library with an option in it, and where: `NAME` for what is filled in."""
    found = []
    for path in sorted((ROOT / "poseval").rglob("*.py")):
        name = path.relative_to(ROOT / "poseval").as_posix()
        if name.startswith(COMMANDS):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        described = {
            ast.get_docstring(node, False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)
        }
        joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        parts = {id(part) for node in joined for part in node.values}
        for node in ast.walk(tree):
            text = None
            if isinstance(node, ast.JoinedStr):
                text = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "NAME" for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                text = node.value if node.value not in described else None
            if text and re.search(r"--[a-z]", text):
                found.append((f"{name}:{node.lineno}", text))
    return found


# What people use from the command line alone.
COMMANDS = (
    "cli/",
    "models/cards/",
    "runners/",
    "training/",
    "synth/",
    "challenge/",
    "compat/official/",
    "pytest_plugin",
)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def keywords() -> set[str]:
    functions = [getattr(poseval, name) for name in poseval.__all__]
    named = {name for one in functions if callable(one) for name in inspect.signature(one).parameters}
    return named | set(Asked.__annotations__)


def test_every_option_that_is_said_has_a_keyword_or_is_left() -> None:
    known, texts = keywords(), said()
    assert len(texts) > 50
    for where, text in texts:
        error = UsageError("P100", where="there", what=text)
        spoken = in_python(error, ("truth", "predictions")).fault.what
        for option in re.findall(r"--([a-z]+(?:-[a-z]+)*)(?!\w)", text):
            name = KEYWORDS.get(option, option.replace("-", "_"))
            if option == "format-in":
                name = "predictions_format"
            command = re.search(rf"poseval [a-z]+ (?!\.\.\. )[^-\s`].*--{option}", text)
            left = option in LEFT or command is not None
            assert left or name in known, f"{where}: --{option} has no keyword"
            assert left or f"{name}=" in spoken, f"{where}: {spoken}"
            assert left or f"--{option}" not in spoken.split("poseval ")[0], f"{where}: {spoken}"


def test_what_is_returned_speaks_of_keywords() -> None:
    truth, found = poseval.from_arrays(XY, head=[9.0] * 3), poseval.from_arrays(XY + 1)
    asked: dict[str, Any] = {"metrics": "pck(norm=head)", "sigmas": 0.1}
    spoken = [notice.text for notice in poseval.score(truth, found, "custom", **asked).notices]
    assert "sigmas=... was given, but no metric of this benchmark uses sigmas" in spoken
    own = [notice.text for notice in score(truth, found, "custom", **asked).notices]
    assert "--sigmas was given, but no metric of this benchmark uses sigmas" in own
    report = poseval.score(truth, found, "custom", metrics="pck(norm=head)")
    assert value_in_python(report, ()) is report, "what says nothing of options stays the same object"
