"""Whole commands on files, in process: output, files written, exit status."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from poseval.benchmarks import REGISTRY as BENCHMARKS
from poseval.cli import COMMANDS, invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import PoseSet
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=11, images=60, people=3)


def write(poses: PoseSet, path: Path, role: Role) -> str:
    get_format("coco").write(poses, path, WriteOptions(role=role, truth=TRUTH))
    return str(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    made = {"gt": write(TRUTH, folder / "gt.json", Role.TRUTH)}
    for name, seed, jitter in (("good", 1, 0.45), ("rerun", 1, 0.45), ("noisy", 7, 0.45), ("bad", 3, 0.6)):
        poses = perturb(TRUTH, seed, jitter=jitter)
        made[name] = write(poses, folder / f"{name}.json", Role.PREDICTIONS)
    made["baseline"] = str(folder / "baseline.poseval")
    assert invoke(["score", made["good"], "--gt", made["gt"], "-q", "--save", made["baseline"]]) == 0
    return made


def test_every_command_of_the_table_exists_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        assert invoke([name, "--help"]) == 0
        assert "Usage:" in capsys.readouterr().out


def test_benchmarks_are_listed_those_of_classifiers_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["list", "benchmarks"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {*BENCHMARKS.names(), "imagenet"} == set(listed)


def test_score_shows_the_table_and_says_the_guess(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["score", files["good"], "--gt", files["gt"]]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[2].split()[:3] == ["AP", "AP50", "AP75"]
    assert "notice: benchmark coco-keypoints, recognised" in out
    assert err == ""
    assert invoke(["score", files["good"], "--gt", files["gt"], "--format", "csv"]) == 0
    assert "benchmark: coco-keypoints" in capsys.readouterr().err


@pytest.mark.parametrize("style", ["json", "csv", "markdown", "latex"])
def test_score_prints_every_format(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], style: str
) -> None:
    assert invoke(["score", files["good"], "--gt", files["gt"], "-q", "--format", style]) == 0
    out = capsys.readouterr().out
    if style == "json":
        assert json.loads(out)["schema"] == "poseval.report/2"
    elif style == "csv":
        assert {row["statistic"] for row in csv.DictReader(io.StringIO(out))} >= {"AP", "AR"}
    elif style == "markdown":
        assert out.startswith("| AP |")
    else:
        assert out.startswith("% Written by poseval")
        assert r"\begin{tabular}{lrrrrrrrrrr}" in out


def test_results_go_to_files_and_talk_to_stderr(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "report.json"
    assert (
        invoke(["score", files["good"], "--gt", files["gt"], "-q", "--json", str(target), "--csv", "-"]) == 0
    )
    out, err = capsys.readouterr()
    assert json.loads(target.read_text())["summary"]["AP"] > 0.3
    assert out.startswith('"metric"')
    assert err == ""


def test_intervals_and_page(files: dict[str, str], tmp_path: Path) -> None:
    page, report = tmp_path / "page.html", tmp_path / "report.json"
    arguments = ["--ci", "95", "--report", str(page), "--json", str(report)]
    assert invoke(["score", files["good"], "--gt", files["gt"], "-q", *arguments]) == 0
    interval = json.loads(report.read_text())["intervals"]["AP"]
    assert interval["low"] < json.loads(report.read_text())["summary"]["AP"] < interval["high"]
    assert "Worst frames" in page.read_text()
    assert "intervals: 95 %, jackknife, 60 resamples, 60 units (frame)" in page.read_text()


class TestGateStory:
    """The same model passes, one that lost AP fails; noise is no evidence that a model keeps up."""

    def gate(self, files: dict[str, str], name: str, *more: str) -> int:
        return invoke(["gate", files[name], "--gt", files["gt"], "--baseline", files["baseline"], *more])

    def test_the_same_model_passes(self, files: dict[str, str]) -> None:
        assert self.gate(files, "rerun") == 0

    def test_two_ap_less_fail(self, files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        assert self.gate(files, "bad", "--max-drop", "AP=1rel%", "--significant") == 1
        out = capsys.readouterr().out
        row = next(line for line in out.splitlines() if line.startswith("AP "))
        assert row.endswith("FAILS")
        assert float(row.split()[3]) < -0.02

    def test_noise_fails_exact_and_is_not_shown_to_keep_up(
        self, files: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.gate(files, "noisy") == 1
        assert self.gate(files, "noisy", "--max-drop", "AP=1rel%", "--significant") == 0
        out, err = capsys.readouterr()
        assert "gate passed, but not shown to keep up" in out
        assert "noise explains it" not in out
        assert "are found with 80 % power" in out
        assert "units would be enough (60 are here)" in err
        assert (
            self.gate(files, "noisy", "--max-drop", "AP=1rel%", "--significant", "--require", "keep-up") == 1
        )

    def test_one_number_decides_unless_several_are_named(
        self, files: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.gate(files, "bad", "--significant", "--json", "-") == 1
        checks = json.loads(capsys.readouterr().out)["checks"]
        assert [check["key"] for check in checks if check["guarded"]] == ["AP"]
        assert self.gate(files, "bad", "--significant", "--guard", "AP*", "--json", "-") == 1
        checks = json.loads(capsys.readouterr().out)["checks"]
        assert [c["key"] for c in checks if c["guarded"]] == ["AP", "AP50", "AP75", "AP_M", "AP_L"]

    def test_baseline_is_updated_only_when_asked_and_passed(
        self, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        copy = tmp_path / "copy.poseval"
        copy.write_bytes(Path(files["baseline"]).read_bytes())
        before = copy.read_bytes()
        arguments = ["--gt", files["gt"], "--baseline", str(copy)]
        assert invoke(["gate", files["bad"], *arguments, "--update-baseline"]) == 1
        assert copy.read_bytes() == before
        assert invoke(["gate", files["bad"], *arguments, "--update-baseline", "--max-drop", "AP=85rel%"]) == 0
        assert copy.read_bytes() != before
        said = capsys.readouterr().err
        assert "baseline kept" in said
        assert "baseline replaced (last run, the anchor stays; AP " in said
        assert invoke(["gate", files["rerun"], *arguments, "--accept", "a new start"]) == 0
        assert "baseline replaced (last run and anchor; AP" in capsys.readouterr().err

    def test_a_ledger_counts_the_looks(
        self, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        more = ["--significant", "--ledger", str(tmp_path / "looks.json")]
        assert self.gate(files, "noisy", *more) == 0
        assert self.gate(files, "rerun", *more) == 0
        assert "look 2 at this anchor" in capsys.readouterr().out

    def test_several_runs_stand_before_and_behind_the_option(
        self, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As a shell expands runs/*.poseval --baseline base/*.poseval."""
        runs = []
        for name in ("good", "noisy", "rerun"):
            runs.append(str(tmp_path / f"{name}.poseval"))
            assert invoke(["score", files[name], "--gt", files["gt"], "-q", "--save", runs[-1]]) == 0
        capsys.readouterr()
        assert (
            invoke(["gate", "--run", *runs[:2], "--baseline", *runs[1:], "--significant", "--json", "-"]) == 0
        )
        assert json.loads(capsys.readouterr().out)["trainings"] == [2, 2]
        assert invoke(["gate", "--baseline", runs[0], "--run", runs[2], "--significant", "--json", "-"]) == 0
        assert json.loads(capsys.readouterr().out)["trainings"] == [1, 1]
        folder = str(tmp_path)
        assert invoke(["compare", folder, f"{folder}/", "--key", "AP", "-q"]) == 0
        assert "from training" in capsys.readouterr().out

    def test_github_summary_is_written(
        self, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        summary = tmp_path / "summary.md"
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        assert self.gate(files, "bad", "--github", "--max-drop", "AP=0.5rel%") == 1
        assert "failed" in summary.read_text()


def test_messages_name_the_option_as_typed_and_rule_sets_once(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["score", files["good"], "--gt", files["gt"], "--ci", "200"]) == 2
    said = capsys.readouterr().err
    assert "--ci: is 200" in said
    assert "--level" not in said
    assert invoke(["score", files["good"], "--gt", files["gt"], "--rules", "corected"]) == 2
    said = capsys.readouterr().err
    assert "one of reference, corrected" in said
    assert "did you mean corrected?" in said


def test_the_ground_truth_among_the_predictions_is_named(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["score", files["good"], files["gt"], "--gt", files["gt"]]) == 2
    assert f"{files['gt']}: is the ground truth" in capsys.readouterr().err


@pytest.mark.parametrize("level", ["95", "95%", "0.95"])
def test_a_level_is_written_in_three_ways(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], level: str
) -> None:
    arguments = ["--gt", files["gt"], "-q"]
    assert invoke(["score", files["good"], *arguments, "--ci", level, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["intervals"]["AP"]["level"] == 0.95
    assert invoke(["compare", files["good"], files["bad"], *arguments, "--level", level, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["level"] == 0.95
    assert invoke(["gate", files["good"], *arguments, "--baseline", files["baseline"], "--level", level]) == 0


@pytest.mark.parametrize(
    "more",
    [
        ["--ci", "1"],
        ["--ci", "95", "--seed", "-1"],
        ["--ci", "95", "--resamples", "1"],
        ["--ci", "95", "--cluster", "film"],
        ["--ci", "95", "--ci-method", "percentile", "--resamples", "300"],
    ],
)
def test_resampling_that_cannot_be_is_refused(files: dict[str, str], more: list[str]) -> None:
    assert invoke(["score", files["good"], "--gt", files["gt"], "-q", *more]) == 2


@pytest.mark.parametrize("style", ["text", "json", "csv", "markdown", "latex"])
def test_every_format_says_what_its_intervals_stand_on(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], style: str
) -> None:
    arguments = ["--ci", "99", "--ci-method", "percentile", "--resamples", "2000", "--seed", "7"]
    assert invoke(["score", files["good"], "--gt", files["gt"], "-q", *arguments, "--format", style]) == 0
    out = capsys.readouterr().out
    if style == "json":
        found = json.loads(out)["intervals"]["AP"]
        names = ("level", "method", "seed", "resamples", "units", "cluster", "undefined")
        assert [found[name] for name in names] == [0.99, "percentile", 7, 2000, 60, "frame", 0.0]
    elif style == "csv":
        row = next(r for r in csv.DictReader(io.StringIO(out)) if r["metric"] == "summary")
        assert (row["statistic"], row["interval_method"], row["interval_seed"]) == ("AP", "percentile", "7")
        assert float(row["low"]) < float(row["value"]) < float(row["high"])
    else:
        plain = out.replace("\\", "")
        assert "99 %, percentile, 2,000 resamples, seed 7, 60 units (frame)" in plain
        assert "o interval: AP_L, AR_L: only 3 units" in plain  # a caption begins in upper case


def test_compare_names_the_better_system(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--gt", files["gt"], "--key", "AP"]
    assert invoke(["compare", files["good"], files["bad"], *arguments]) == 0
    assert "good.json is better" in capsys.readouterr().out
    assert invoke(["compare", files["good"], files["rerun"], *arguments]) == 0
    assert "cannot be distinguished" in capsys.readouterr().out


def test_explain_and_leaderboard_on_saved_runs(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "bad.json"
    assert invoke(["score", files["bad"], "--gt", files["gt"], "-q", "--json", str(other)]) == 0
    assert invoke(["explain", files["baseline"], str(other)]) == 0
    assert "comparable" in capsys.readouterr().out
    board = tmp_path / "board.csv"
    assert invoke(["leaderboard", str(other), files["baseline"], "--sort", "AP", "--csv", str(board)]) == 0
    assert [row["name"] for row in csv.DictReader(board.open())] == ["baseline", "bad"]
    store = str(tmp_path / "board.sqlite")
    assert invoke(["leaderboard", "add", files["baseline"], str(other), "--db", store]) == 0
    assert invoke(["leaderboard", "remove", "bad", "--db", store]) == 0
    capsys.readouterr()
    assert invoke(["leaderboard", "list", "--db", store]) == 0
    assert "baseline" in capsys.readouterr().out


def test_diagnose_and_plot(files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "why.json"
    assert invoke(["diagnose", files["good"], "--gt", files["gt"], "-q", "--json", str(target)]) == 0
    assert json.loads(target.read_text())["schema"] == "poseval.diagnosis/1"
    assert "worst joint" in capsys.readouterr().out
    assert invoke(["plot", files["baseline"], "--out", str(tmp_path / "figures"), "-q"]) == 0
    assert (tmp_path / "figures" / "precision_recall.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["score", "nowhere.json", "--gt", "{gt}"], 2, "P114"),
        (["score", "{gt}", "--gt", "{gt}"], 3, "looks like coco ground truth"),
        (["score", "{good}", "--gt", "{gt}", "--benchmark", "cocoo"], 2, "P125"),
        (["score", "{good}", "--gt", "{gt}", "--metric", "oks_pa"], 2, "P121"),
        (["score", "{good}", "--gt", "{gt}", "--rules", "lenient"], 2, "P124"),
        (["score", "{good}"], 2, "--gt"),
        (["gate", "{good}", "--gt", "{gt}", "--baseline", "{good}"], 3, "P231"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_wrong_calls_end_in_their_status_and_say_why(
    files: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    assert invoke([text.format(**files) for text in arguments]) == status
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""


def test_an_internal_fault_is_70_and_ctrl_c_130(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for error, status in ((ZeroDivisionError("x"), 70), (KeyboardInterrupt(), 130), (EOFError("x"), 70)):

        def fail(*_: object, raised: BaseException = error, **__: object) -> None:
            raise raised

        monkeypatch.setattr("poseval.scoring.score.prepare", fail)
        assert invoke(["score", files["good"], "--gt", files["gt"]]) == status
        assert ("internal error" in capsys.readouterr().err) == (status == 70)


def test_colour_is_for_terminals_that_want_it(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert invoke(["score", files["good"], "--gt", files["gt"], "-q"]) == 0
    assert "\x1b" not in capsys.readouterr().out
