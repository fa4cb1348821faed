"""`perf/study.py`: what is left to train, when a claim shows, and the page."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from poseval.errors import UsageError
from poseval.models.registry import card
from poseval.skeletons import get_skeleton

ROOT = Path(__file__).resolve().parents[2]
MARKS = "# Page\n\n<!-- studies: begin -->\nold\n<!-- studies: end -->\n\nafter\n"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "perf")])
    return importlib.import_module("study")


def record(arm: str, seed: int, score: float, **more: Any) -> dict[str, Any]:
    curve = [[1, score / 2], [2, score]]
    return {"arm": arm, "seed": seed, "scores": {"PCKh@0.5": score}, "curve": curve, "seconds": 3,
            "parameters": 1000, "macs": 2_000_000, **more}  # fmt: skip


def test_what_is_recorded_is_not_trained_again(program: ModuleType) -> None:
    study = replace(program.STUDIES["exchange"], seeds=2)
    assert program.missing(study, []) == [(arm, seed) for seed in (0, 1) for arm in study.arms]
    assert len(study.arms) == 4
    done = [record("exchange", 0, 10.0), record("none", 1, 9.0)]
    left = program.missing(study, done)
    assert left == [(arm, 0) for arm in list(study.arms)[1:]] + [(arm, 1) for arm in list(study.arms)[:-1]]


@pytest.mark.parametrize(
    ("gaps", "equal", "words"),
    [
        ([2.0, 2.1, 1.9], False, "shows"),
        ([-2.0, -2.1, -1.9], False, "the opposite shows"),
        ([2.0, -1.0, 0.5], False, "does not show"),
        ([2.0], False, "too few seeds"),
        ([0.0, 0.1, -0.1], True, "shows (within 0.5)"),
        ([2.0, 2.1, 1.9], True, "does not show"),
    ],
)
def test_a_claim_shows_where_its_interval_says_so(
    program: ModuleType, gaps: list[float], equal: bool, words: str
) -> None:
    studies = importlib.import_module("studies")
    claim = studies.Claim("a over b", {"a": 1, "b": -1}, equal=equal)
    done = [record("b", seed, 10.0) for seed in range(len(gaps))]
    done += [record("a", seed, 10.0 + gap) for seed, gap in enumerate(gaps)]
    found = program.differences(claim, [*done, record("a", 9, 99.0)])  # seed 9 lacks its partner
    assert found == pytest.approx(gaps)
    assert program.verdict(claim, found) == words


def test_the_interval_is_students(program: ModuleType) -> None:
    mean, half = program.interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert half == pytest.approx(4.302653 / 3**0.5, rel=1e-6)


def test_a_tracker_is_scored_by_more_than_one_number(program: ModuleType) -> None:
    claim = program.STUDIES["tracking"].claims[1]
    done = [
        {"arm": arm, "seed": 0, "scores": {"MOTA": 50.0, "AP": ap}, "seconds": 1}
        for arm, ap in (("propagation, pose", 60.0), ("none, pose", 58.0))
    ]
    assert program.differences(claim, done) == [2.0]


def test_the_page_is_made_from_the_records(program: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder, page = tmp_path / "records", tmp_path / "docs" / "study.md"
    (page.parent / "images").mkdir(parents=True)
    folder.mkdir()
    page.write_text(MARKS)
    rows = [record(arm, seed, score + seed) for arm, score in (("exchange", 20.0), ("none", 10.0))
            for seed in range(3)]  # fmt: skip
    lines = [program.json.dumps(row) + "\n" for row in rows]
    (folder / "exchange.jsonl").write_text("".join(lines))
    program.page(page, folder)
    text = page.read_text()
    assert "| exchange | 21.0 ± 2.5 | 3 | 1,000 | 2.0 |" in text
    assert "| exchange is better than none | 10.0 ± 0.0 | 3 | shows |" in text
    assert "Not run: `python perf/study.py binary`." in text
    assert text.endswith("after\n")
    drawn = (page.parent / "images" / "study_exchange.svg").read_bytes()
    program.page(page, folder)
    assert page.read_text() == text
    assert (page.parent / "images" / "study_exchange.svg").read_bytes() == drawn


def test_the_pages_are_current(program: ModuleType) -> None:
    for page, name, text in (
        ("study.md", "studies", program.tables(program.RECORDS)),
        ("models.md", "claims", program.all_claims(program.RECORDS)),
    ):
        now = (ROOT / "docs" / page).read_text("utf-8")
        said = "run python perf/study.py --page docs/study.md --claims docs/models.md"
        assert importlib.import_module("sections").with_section(now, name, text) == now, said


def test_the_claims_name_their_number(program: ModuleType, tmp_path: Path) -> None:
    rows = [
        record(arm, seed, score) for arm, score in (("exchange", 20.0), ("none", 10.0)) for seed in (0, 1)
    ]
    (tmp_path / "exchange.jsonl").write_text("".join(program.json.dumps(row) + "\n" for row in rows))
    lines = program.all_claims(tmp_path).splitlines()
    assert len(lines) == 2 + sum(len(study.claims) for study in program.STUDIES.values())
    (row,) = (line for line in lines if "| exchange is better than none |" in line)
    assert row.endswith("| PCKh@0.5 | 10.0 ± 0.0 | 2 | shows |")
    (row,) = (line for line in lines if "| exchange within stages alone" in line)
    assert row.endswith("| PCKh@0.5 | - | 0 | not run |")


def test_every_arm_is_a_network_with_options_that_it_has(program: ModuleType) -> None:
    pytest.importorskip("torch")
    from poseval.training.recipes import recipe_for

    for study in program.STUDIES.values():
        assert study.claims
        assert all(claim.weights.keys() <= study.arms.keys() for claim in study.claims)
        for arm in study.arms.values():
            if study.epochs:
                skeleton = get_skeleton(study.data.skeleton)
                entry = card(arm.model).sized(len(skeleton), study.size, arm.config)
                recipe_for(entry, skeleton.name).changed({**study.changes, **arm.changes})
            else:
                from poseval.tracking import parse

                parse(arm.model)


def test_an_unknown_option_of_an_arm_would_be_noticed() -> None:
    with pytest.raises(UsageError, match="P152"):
        card("hrnet_w32").sized(16, (64, 64), {"exchange": False})


def test_trainings_are_recorded_as_they_finish(
    program: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    studies = importlib.import_module("studies")
    study = studies.Study(
        "Toy", {"small": studies.Arm("synth_small", {"widths": (4, 4, 4, 4)})}, (), "",
        data=replace(studies.ONE, train=8, val=4), size=(32, 32), epochs=2, changes={"batch": 4}, seeds=1,
    )  # fmt: skip
    monkeypatch.setattr(program, "STUDIES", {"toy": study})
    program.run("toy", tmp_path / "records", tmp_path / "work")
    (row,) = program.records(tmp_path / "records", "toy")
    assert row["arm"] == "small"
    assert [epoch for epoch, _ in row["curve"]] == [1, 2]
    assert row["scores"] == {"PCKh@0.5": row["curve"][-1][1]}

    def never(*parts: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(program, "trained", never)
    program.run("toy", tmp_path / "records", tmp_path / "work")
