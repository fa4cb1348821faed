from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from poseval.errors import FormatError, LimitError, PosevalError, UsageError
from poseval.limits import Limits
from poseval.scoring.run_columns import CHECKSUMS
from poseval.scoring.saved_runs import archived, is_saved_run, load, load_report, run_of, save
from poseval.scoring.score import evaluate
from poseval.statistics.weights import multinomial
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=1, images=20, people=3)
RUN = evaluate(TRUTH, perturb(TRUTH, seed=2), "coco-keypoints", per_joint=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "run.poseval"
    save(RUN, target)
    return target


def test_a_run_answers_every_question_after_loading(path: Path) -> None:
    again = load(path)
    assert again.report().to_json(timings=False) == RUN.report().to_json(timings=False)
    weights = np.stack(multinomial(len(RUN.unit_keys), 5, 0))
    assert again.summaries(weights) == RUN.summaries(weights)
    assert again.unit_keys.tolist() == RUN.unit_keys.tolist()


def test_the_same_run_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    save(load(path), tmp_path / "again.poseval")
    assert (tmp_path / "again.poseval").read_bytes() == path.read_bytes()


def test_reports_are_read_from_runs_and_from_json(path: Path, tmp_path: Path) -> None:
    plain = tmp_path / "report.json"
    plain.write_text(RUN.report().to_json())
    assert is_saved_run(path)
    assert not is_saved_run(plain)
    assert load_report(path).summary == load_report(plain).summary


@pytest.mark.parametrize("cut", [0, 1, 50, 500, -30])
def test_a_damaged_file_is_refused(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FormatError) as caught:
        load(path)
    assert caught.value.code == "P231"


def test_bytes_changed_anywhere_never_pass_for_another_run(path: Path) -> None:
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    expected = RUN.report().to_json(timings=False)
    for place in rng.integers(0, len(data), 60):
        changed = bytearray(data)
        changed[place] ^= 0xFF
        path.write_bytes(bytes(changed))
        try:
            found = load(path).report().to_json(timings=False)
        except PosevalError:
            continue
        assert found == expected  # the byte was one that carries nothing, such as a time stamp


def _with_member(path: Path, name: str, data: bytes) -> None:
    """The file with another member, and checksums that fit it."""
    with zipfile.ZipFile(path) as old:
        members = {item: old.read(item) for item in old.namelist() if item != CHECKSUMS}
    path.write_bytes(archived({**members, name: data}))


def test_a_member_of_another_run_is_found(path: Path) -> None:
    """Each member is sound by itself, and the numbers would be a mixture of two runs."""
    other = path.with_name("other.poseval")
    save(evaluate(TRUTH, perturb(TRUTH, seed=3), "coco-keypoints", per_joint=True), other)
    with zipfile.ZipFile(path) as mine, zipfile.ZipFile(other) as theirs:
        members = {item: mine.read(item) for item in mine.namelist()}
        name = next(n for n in members if n.endswith(".npy") and theirs.read(n) != members[n])
        members[name] = theirs.read(name)
    with zipfile.ZipFile(path, "w") as new:
        for item, data in members.items():
            new.writestr(item, data)
    with pytest.raises(FormatError, match=f"{name} does not match its checksum") as caught:
        load(path)
    assert caught.value.code == "P231"


@pytest.mark.parametrize(
    "forged",
    [
        {"summary": {**RUN.report().summary, "AP": 0.99}},
        {"signature": str(RUN.signature.with_pair("mine", "1"))},
        {"unit": "percent"},
    ],
)
def test_a_report_that_its_tallies_contradict_is_refused(path: Path, forged: dict[str, object]) -> None:
    with zipfile.ZipFile(path) as archive:
        run = json.loads(archive.read("run.json"))
    run["report"] |= forged
    _with_member(path, "run.json", json.dumps(run).encode())
    with pytest.raises(FormatError) as caught:
        load(path)
    assert caught.value.code == "P231"


def test_digits_of_another_version_are_no_contradiction(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        run = json.loads(archive.read("run.json"))
    report = run["report"]
    report["summary"]["AP"] += 0.001
    report["signature"] = report["signature"].rpartition("|")[0] + "|poseval:0.0.1"
    _with_member(path, "run.json", json.dumps(run).encode())
    assert load(path).summary() == RUN.summary()


@pytest.mark.parametrize("change", ["without", "more"])
def test_checksums_are_of_all_members(path: Path, change: str) -> None:
    with zipfile.ZipFile(path) as old:
        members = {item: old.read(item) for item in old.namelist() if change == "more" or item != CHECKSUMS}
    with zipfile.ZipFile(path, "w") as new:
        for item, data in members.items():
            new.writestr(item, data)
        if change == "more":
            new.writestr("another.npy", b"")
    with pytest.raises(FormatError) as caught:
        load(path)
    assert caught.value.code == "P231"


def test_pickles_are_not_read(path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    _with_member(path, "column0000.npy", buffer.getvalue())
    with pytest.raises(FormatError) as caught:
        load(path)
    assert caught.value.code == "P231"


def test_a_run_of_the_first_version_is_read(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        run = json.loads(archive.read("run.json"))
    run["schema"], run["report"]["schema"] = "poseval.run/1", "poseval.report/1"
    del run["groups"], run["by_hand"], run["report"]["primary"]
    _with_member(path, "run.json", json.dumps(run).encode())
    assert load(path).report().to_json(timings=False) == RUN.report().to_json(timings=False)


def test_another_schema_is_refused(path: Path) -> None:
    _with_member(path, "run.json", json.dumps({"schema": "other/1"}).encode())
    with pytest.raises(FormatError) as caught:
        load(path)
    assert caught.value.code == "P231"


def test_what_unpacks_to_too_much_is_refused(path: Path) -> None:
    with pytest.raises(LimitError) as caught:
        load(path, Limits(file_bytes=path.stat().st_size + 10))
    assert caught.value.code == "P501"


def test_predictions_without_a_truth_are_refused(tmp_path: Path) -> None:
    (tmp_path / "preds.json").write_text("[]")
    with pytest.raises(UsageError) as caught:
        run_of(tmp_path / "preds.json", None)
    assert caught.value.code == "P147"
