"""Formats, metrics, benchmarks, models and trackers of other packages, found by their entry points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import benchmarks, datasets, metrics, plugins, tracking
from poseval.cli import invoke
from poseval.compat.crosscheck import crosscheck
from poseval.datasets import ReadOptions, Role, Source
from poseval.errors import FormatError, UsageError
from poseval.models.registry import card, create_model, list_models
from tests.plugin_packages import EXAMPLE, entry_points_of, on_path, write_metadata
from tests.shared import ROOT

JOINTS = ["left_hand", "right_hand"]
ENTRIES = entry_points_of((EXAMPLE / "pyproject.toml").read_text("utf-8"))


def rows(path: Path, off: float, score: float | None = None) -> Path:
    """Two frames with one person each."""
    people = [
        {"frame": f"{frame}.jpg", "score": score, "xy": [[10.0 + off, 20.0], [30.0, 40.0 + off]]}
        for frame in range(2)
    ]
    path.write_text(json.dumps({"joints": JOINTS, "pose_rows": people}))
    return path


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Path]:
    """The example package on the path, with its metadata; a folder with truth and predictions."""
    info, files = tmp_path / "site", tmp_path / "files"
    write_metadata(info, "example-poses", ENTRIES)
    files.mkdir()
    rows(files / "gt.json", 0.0)
    rows(files / "dt.json", 3.0, 0.5)
    with on_path(EXAMPLE, info):
        yield files


class TestOfTheExample:
    def test_nothing_is_known_without_it(self, tmp_path: Path) -> None:
        rows(tmp_path / "gt.json", 0.0)
        with pytest.raises(FormatError, match="is not ground truth in a known format"):
            poseval.read(tmp_path / "gt.json")
        for get in (metrics.parse, benchmarks.get_benchmark, tracking.parse, card, datasets.get_format):
            with pytest.raises(UsageError, match="is not known"):
                get("offset")  # type: ignore[operator]

    def test_a_format_is_recognised_read_and_written(self, example: Path) -> None:
        truth = poseval.read(example / "gt.json")
        assert truth.origin.format == "pose-rows"
        assert truth.skeleton.joints == tuple(JOINTS)
        assert datasets.fits(Source(example / "dt.json"), Role.PREDICTIONS) == ("pose-rows",)
        target = example / "out.npz"
        assert (
            invoke(["convert", str(example / "gt.json"), str(target), "--to", "native", "--role", "truth"])
            == 0
        )
        back = ["convert", str(target), str(example / "back.json"), "--to", "pose-rows", "--role", "truth"]
        assert invoke(back) == 0
        assert np.array_equal(poseval.read(example / "back.json").people.xy, truth.people.xy)

    def test_a_folder_of_files_is_converted_to_it(self, example: Path) -> None:
        many = example / "many"
        many.mkdir()
        rows(many / "a.json", 0.0)
        assert (
            invoke(["convert", str(many), str(example / "new"), "--to", "pose-rows", "--role", "truth"]) == 0
        )
        assert [path.name for path in (example / "new").iterdir()] == ["a.rows"]
        again = [
            "convert",
            str(many),
            str(example / "new"),
            "--to",
            "pose-rows",
            "--role",
            "truth",
            "--force",
        ]
        assert invoke(again) == 0

    def test_a_benchmark_and_its_metric_score(
        self, example: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report = poseval.score(example / "gt.json", example / "dt.json")
        assert (report.benchmark, report.summary) == ("hands", {"offset": 3.0})
        words = ["score", str(example / "dt.json"), "--gt", str(example / "gt.json"), "-q", "--json", "-"]
        assert invoke(words) == 0
        assert json.loads(capsys.readouterr().out)["summary"] == {"offset": 3.0}
        named = [*words, "--benchmark", "hands", "--metric", "offset(pixels=2)"]
        assert invoke(named) == 0
        assert json.loads(capsys.readouterr().out)["summary"] == {"offset": 1.5}

    def test_a_metric_scores_under_a_benchmark_of_ours(self, example: Path) -> None:
        report = poseval.score(example / "gt.json", example / "dt.json", "oks", metrics=["offset"])
        assert report.summary == {"offset": 3.0}
        assert metrics.parse(str(metrics.parse("offset(pixels=2)"))) == metrics.parse("offset(pixels=2)")

    def test_a_metric_brings_its_cross_check(self, example: Path) -> None:
        (found,) = crosscheck(example / "gt.json", example / "dt.json").differences
        assert (found.name, found.ours, found.theirs, found.largest) == ("offset", 3.0, 3.0, 0.0)
        assert invoke(["crosscheck", str(example / "dt.json"), "--gt", str(example / "gt.json")]) == 0

    def test_a_model_has_a_card_and_is_made(self, example: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert list_models("point*") == ["point_net"]
        assert card("point_net").source == "made up"
        assert invoke(["models", "point*"]) == 0
        assert "point_net" in capsys.readouterr().out
        torch = pytest.importorskip("torch")
        model = create_model("point_net", 5, (64, 48))
        assert model(torch.zeros(1, 3, 64, 48)).shape == (1, 5, 16, 12)

    def test_a_tracker_tracks(self, example: Path) -> None:
        out = example / "tracked.npz"
        assert str(tracking.parse("in_order(first=4)")) == "in_order(first=4)"
        words = ["track", str(example / "dt.json"), "--out", str(out), "--to", "native"]
        assert invoke([*words, "--tracker", "in_order(first=4)", "-q"]) == 0
        found = datasets.read(out, ReadOptions(Role.PREDICTIONS))
        assert found.people.track.tolist() == [4, 4]

    @pytest.mark.parametrize(
        ("kind", "name"),
        [("formats", "pose-rows"), ("metrics", "offset"), ("benchmarks", "hands"), ("trackers", "in_order")],
    )
    def test_lists_say_where_it_is_from(
        self, kind: str, name: str, example: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert invoke(["list", kind]) == 0
        told = capsys.readouterr()
        (line,) = [line for line in told.out.splitlines() if line.startswith(name)]
        assert line.endswith("[example-poses 1.0]")
        assert told.err == ""

    def test_another_process_finds_it(self, example: Path) -> None:
        paths = [str(ROOT), str(EXAMPLE), str(example.parent / "site")]
        words = ["score", str(example / "dt.json"), "--gt", str(example / "gt.json"), "-q", "--json", "-"]
        found = subprocess.run(
            [sys.executable, "-m", "poseval", *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            check=True,
        )
        assert json.loads(found.stdout)["summary"] == {"offset": 3.0}


LAZY = """
import importlib.metadata, sys
def refuse(**asked):
    raise AssertionError(f"entry points of {asked} were read")
importlib.metadata.entry_points = refuse
from poseval.cli import invoke
sys.exit(invoke(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "what", ["--help", "score", "convert", "gate --help", "track", "a metric unheard of"]
)
def test_entry_points_are_read_for_names_that_are_not_ours_alone(what: str, tmp_path: Path) -> None:
    from tests.fuzz.seeds import small_sets

    truth, predictions = small_sets()
    coco = datasets.get_format("coco")
    coco.write(truth, tmp_path / "gt.json", datasets.WriteOptions(Role.TRUTH))
    coco.write(predictions, tmp_path / "dt.json", datasets.WriteOptions(Role.PREDICTIONS, truth=truth))
    gt, dt = str(tmp_path / "gt.json"), str(tmp_path / "dt.json")
    words = {
        "score": ["score", dt, "--gt", gt, "--metric", "oks_ap"],
        "a metric unheard of": ["score", dt, "--gt", gt, "--metric", "unheard"],
        "convert": ["convert", dt, str(tmp_path / "out.npz"), "--to", "native", "--gt", gt],
        "track": [
            "track",
            dt,
            "--gt",
            gt,
            "--tracker",
            "sort",
            "--out",
            str(tmp_path / "out"),
            "--to",
            "native",
        ],
    }.get(what, what.split())
    found = subprocess.run([sys.executable, "-c", LAZY, *words], capture_output=True, text=True)
    assert found.returncode == (70 if "unheard" in words else 0), found.stderr


BAD = {
    "raises": "raise RuntimeError('no luck')",
    "leaves": "raise SystemExit(3)",
    "is_broken": "def (",
    "is_text": "THING = 'text'",
    "is_named_otherwise": "from example_poses.offset import Offset as THING",
    "lacks_it": "",
}


@pytest.fixture
def bad(example: Path) -> Path:
    """Beside the example another package, whose metrics and formats all cannot be used."""
    folder = example.parent / "bad"
    entries = {name: f"bad_{name}:THING" for name in BAD} | {"is_nowhere": "nowhere_at_all:THING"}
    for name, text in BAD.items():
        (folder / f"bad_{name}.py").parent.mkdir(exist_ok=True)
        (folder / f"bad_{name}.py").write_text(text + "\n")
    write_metadata(folder, "bad-poses", {"poseval.metrics": entries, "poseval.formats": entries})
    return folder


class TestOfBrokenOnes:
    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("raises", "fails (RuntimeError: no luck)"),
            ("leaves", "fails (SystemExit: 3)"),
            ("is_broken", "fails (SyntaxError"),
            ("is_text", "is a str [P184]\n  expected: a class of Metric at bad_is_text:THING"),
            ("is_named_otherwise", "calls itself 'offset' [P184]\n  expected: the name of its entry point"),
            ("lacks_it", "has no attribute 'THING'"),
            ("is_nowhere", "No module named 'nowhere_at_all'"),
        ],
    )
    def test_asking_for_it_says_what_is_wrong(self, name: str, says: str, bad: Path) -> None:
        with on_path(bad), pytest.raises(UsageError) as caught:
            metrics.parse(name)
        assert caught.value.code == "P184"
        assert f"metric {name!r} of the package bad-poses 1.0: " in str(caught.value)
        assert says in str(caught.value)

    def test_the_others_are_listed_and_it_is_named(
        self, bad: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with on_path(bad):
            assert invoke(["list", "metrics"]) == 0
        told = capsys.readouterr()
        assert "oks_ap" in told.out
        assert "[example-poses 1.0]" in told.out
        assert not [name for name in BAD if name in told.out]
        assert all(f"metric {name!r} of the package bad-poses 1.0" in told.err for name in BAD)

    def test_another_format_is_recognised_beside_it(self, bad: Path, example: Path) -> None:
        with on_path(bad):
            assert poseval.read(example / "gt.json").origin.format == "pose-rows"

    def test_what_could_not_be_asked_is_said_when_nothing_fits(self, bad: Path, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text('{"unheard": 1}')
        with on_path(bad), pytest.raises(FormatError, match=r"format 'raises' of the package bad-poses 1\.0"):
            poseval.read(tmp_path / "a.json")

    @pytest.mark.parametrize("backport", [False, True])
    def test_metadata_without_a_name_hurts_nobody(
        self, example: Path, tmp_path: Path, backport: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if backport:
            found = pytest.importorskip("importlib_metadata", reason="needs the backport")
            monkeypatch.setattr("sys.meta_path", [found.MetadataPathFinder(), *sys.meta_path])
        info = tmp_path / "odd" / "odd-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "entry_points.txt").write_text("[poseval.metrics]\nodd = nowhere:Odd\n")
        with on_path(tmp_path / "odd"):
            assert "odd" in metrics.REGISTRY.names()
            with pytest.raises(UsageError, match="metric 'odd' of the package"):
                metrics.parse("odd")


class TestOfNames:
    def test_a_name_of_ours_stays_ours(
        self, example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = tmp_path / "greedy"
        write_metadata(folder, "greedy-poses", {"poseval.metrics": {"oks_ap": "example_poses.offset:Offset"}})
        with on_path(folder):
            assert type(metrics.parse("oks_ap")).__module__ == "poseval.metrics.oks_ap"
            assert invoke(["list", "metrics"]) == 0
        said = "metric 'oks_ap' of the package greedy-poses 1.0 is not used"
        assert said in capsys.readouterr().err

    def test_a_name_that_two_packages_bring_is_refused(self, example: Path, tmp_path: Path) -> None:
        folder = tmp_path / "second"
        write_metadata(folder, "second-poses", {"poseval.metrics": {"offset": "example_poses.offset:Offset"}})
        with on_path(folder), pytest.raises(UsageError) as caught:
            metrics.parse("offset")
        assert caught.value.code == "P184"
        assert "is provided by several packages: example-poses 1.0 and second-poses 1.0" in str(caught.value)

    def test_near_names_are_proposed(self, example: Path) -> None:
        with pytest.raises(UsageError, match="did you mean offset") as caught:
            metrics.parse("ofset")
        assert caught.value.code == "P121"

    def test_a_format_of_ours_that_fits_is_taken(self, example: Path) -> None:
        """An installed package must not change what a command did before."""
        people = {"joints": JOINTS, "pose_rows": [], "version": 1.3, "people": []}
        (example / "both.json").write_text(json.dumps(people))
        assert datasets.fits(Source(example / "both.json"), Role.PREDICTIONS) == ("openpose",)


def test_a_registry_leaves_errors_of_ours_as_they_are() -> None:
    registry: plugins.Registry[Any] = plugins.Registry(
        "metric", "P121", "poseval.metrics", {"a": "b:c"}, object
    )
    with pytest.raises(ModuleNotFoundError):
        registry.get("a")
    with pytest.raises(ZeroDivisionError), registry.blamed("a"):
        _ = 1 / 0
