"""Groups of frames and of people: whom they hold, what they are scored as, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import metrics
from poseval.errors import FormatError, PosevalError, UsageError
from poseval.metrics.base import Metric
from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.epe import Epe
from poseval.metrics.matched_people import Pairing, partners
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.person_groups import ATTRIBUTES, PersonGroup, partner_of
from poseval.poses import Bools, Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.scoring import saved_runs
from poseval.scoring.evaluation import tally_part
from poseval.scoring.score import evaluate
from poseval.scoring.task import Task
from poseval.skeletons import get_skeleton
from poseval.statistics.intervals import intervals, with_intervals
from tests.metrics.oks_people import crowded
from tests.properties.worlds import World, crowds, world_for

every_metric = pytest.mark.parametrize("metric", metrics.registered(), ids=lambda metric: metric.name)


def tallied(metric: Metric, aligned: Aligned, group: PersonGroup) -> dict[str, float]:
    seen = group.seen_by(metric, aligned, partner_of(aligned))
    return metric.headline(metric.reduce(metric.tally(seen)))


@every_metric
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_group_of_everybody_is_the_whole(metric: Metric, seed: int) -> None:
    aligned = world_for(metric, seed).aligned()
    group = PersonGroup.of(aligned, np.ones(len(aligned.truth), dtype=np.bool_))
    group = replace(group, unmatched=np.ones(len(aligned.predictions), dtype=np.bool_))
    whole = metric.headline(metric.reduce(metric.tally(aligned)))
    assert tallied(metric, aligned, group) == pytest.approx(whole, nan_ok=True)


@every_metric
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_people_of_some_units_are_a_slice_of_these_units(metric: Metric, seed: int) -> None:
    aligned = world_for(metric, seed).aligned()
    frames = aligned.truth.frames
    unit = frames.sequence if metric.unit == "sequence" else np.arange(len(frames))
    mask = np.unique(unit) % 2 == 0
    if metric.name == "reid_hota":
        pytest.skip("identities run over all sequences, and its numbers are no sum over them")
    if metric.name in ("ospa", "ospa2"):
        pytest.skip("a frame or sequence with nobody of the group counts, as 0")
    group = PersonGroup.of(aligned, mask[unit[aligned.truth.people.frame]])
    # predictions in frames of the units without anybody belong to them, too
    group = replace(group, unmatched=mask[unit[aligned.predictions.people.frame]])
    sliced = metric.headline(metric.reduce(metric.tally(aligned), mask.astype(np.int64)))
    assert tallied(metric, aligned, group) == pytest.approx(sliced, nan_ok=True)


@pytest.mark.parametrize("seed", range(6))
def test_sizes_are_scored_as_coco_scores_them(seed: int) -> None:
    """The areas of `crowded` lie in all ranges, and crowds, ties and unlabelled people are among them."""
    aligned, metric = crowded(seed, frames=12), OksAp(per_joint=True)
    whole = metric.reduce(metric.tally(aligned))
    groups = dict(ATTRIBUTES["size"](aligned))
    for name, suffix in (("medium", "_M"), ("large", "_L")):
        found = metric.tally(groups[name].seen_by(metric, aligned, partner_of(aligned)))
        for statistic in ("AP", "AR"):
            value = whole.get(statistic + suffix)
            assert metric.reduce(found).get(statistic) == pytest.approx(value, abs=0, nan_ok=True)


@pytest.mark.parametrize("seed", range(3))
def test_joints_of_a_size_are_those_of_its_range(seed: int) -> None:
    aligned, metric = crowded(seed, frames=12), OksAp(per_joint=True)
    group = dict(ATTRIBUTES["size"](aligned))["medium"]
    found = metric.reduce(metric.tally(group.seen_by(metric, aligned, partner_of(aligned))))
    alone = OksAp(ranges=("medium:1024:9216",), per_joint=True)
    wanted = alone.reduce(alone.tally(aligned))
    joints = [(row.statistic, row.joint, row.value) for row in wanted if row.joint]
    assert joints
    for statistic, joint, value in joints:
        assert found.get(statistic, joint) == pytest.approx(value, abs=0, nan_ok=True)


def test_predictions_of_others_are_no_false_positives() -> None:
    """Two people in each frame, both found; the group holds one of them."""
    xy = np.zeros((6, 17, 2)) + np.arange(34).reshape(17, 2) + 500 * (np.arange(6) % 2)[:, None, None]
    frames = Frames(np.array(list("abc")), number=np.arange(3))
    both = People(xy, np.repeat(np.arange(3), 2), track=np.arange(6) % 2, score=np.ones(6), head=np.ones(6))
    poses = PoseSet(get_skeleton("coco17"), frames, both)
    aligned = Aligned(poses, poses)
    metric = ClearMot()
    seen = PersonGroup.of(aligned, np.arange(6) % 2 == 0).seen_by(metric, aligned, partner_of(aligned))
    found = metric.reduce(metric.tally(seen))
    assert (found.get("MOTA"), found.get("false_positives"), found.get("objects")) == (1, 0, 3 * 17)


def test_the_ends_of_sizes_belong_to_both() -> None:
    xy = np.zeros((4, 17, 2)) + np.arange(34).reshape(17, 2)
    people = People(xy, np.arange(4), area=np.array([1024.0, 1025.0, 9216.0, 9217.0]))
    poses = PoseSet(get_skeleton("coco17"), Frames(np.array(list("abcd"))), people)
    found = {name: group.people.tolist() for name, group in ATTRIBUTES["size"](Aligned(poses, poses))}
    assert found == {
        "small": [True, False, False, False],
        "medium": [True, True, True, False],
        "large": [False, False, True, True],
    }


@pytest.mark.parametrize("seed", range(3))
def test_matched_errors_of_a_group_are_those_of_its_pairs(seed: int) -> None:
    aligned = crowds(seed).aligned()
    mask = np.random.default_rng(seed).random(len(aligned.truth)) < 0.5
    metric = Epe(people=Pairing.MATCHED)
    found = tallied(metric, aligned, PersonGroup.of(aligned, mask))
    row = partners(aligned)
    truth, guess = aligned.truth.people, aligned.predictions.people
    errors = [
        float(np.hypot(*(truth.xy[person, joint] - guess.xy[row[person], joint])))
        for person in np.flatnonzero(mask & (row >= 0))
        for joint in range(truth.xy.shape[1])
        if truth.seen[person, joint] and guess.seen[row[person], joint]
    ]
    assert found["EPE"] == pytest.approx(np.mean(errors))


def attribute(name: str, aligned: Aligned) -> dict[str, list[int]]:
    return {key: np.flatnonzero(group.people).tolist() for key, group in ATTRIBUTES[name](aligned)}


def people(**columns: object) -> Aligned:
    """Four people of 17 joints in an image of 100 x 100 pixels."""
    xy = np.full((4, 17, 2), 50.0)
    kind, frames = get_skeleton("coco17"), Frames(np.array(["a"]), size=np.array([[100.0, 100.0]]))
    truth = PoseSet(kind, frames, People(xy, np.zeros(4, dtype=int), **columns))  # type: ignore[arg-type]
    return Aligned(truth, PoseSet(kind, frames, People(xy[:0], np.zeros(0, dtype=int))))


def test_visible_joints_are_grouped_as_in_the_paper() -> None:
    seen = np.where(np.arange(17) < np.array([0, 5, 6, 16])[:, None], 2, 1)
    found = attribute("visible-joints", people(seen=seen))
    assert found == {"0": [0], "1-5": [1], "6-10": [2], "11-15": [], "16-17": [3]}


def test_occlusion_is_the_share_of_hidden_joints() -> None:
    seen = np.where(np.arange(17) < np.array([0, 1, 9, 17])[:, None], 1, 2)
    seen[1, 2:] = 0  # half of two labelled joints
    assert attribute("occlusion", people(seen=seen)) == {"none": [0], "up to half": [1], "over half": [2, 3]}


def test_truncated_people_reach_the_border() -> None:
    box = np.array([[3, 3, 97, 97], [2, 3, 50, 50], [3, 3, 98, 50], [-9, 3, 50, 120]], dtype=float)
    assert attribute("truncation", people(box=box)) == {"inside": [0], "truncated": [1, 2, 3]}


@pytest.mark.parametrize("box", [[2, 9, 50, 50], [9, 2, 50, 50], [9, 9, 98, 50], [9, 9, 50, 98]])
def test_each_side_of_the_image_cuts_off(box: list[float]) -> None:
    inside = [3.0, 3.0, 97.0, 97.0]
    found = attribute("truncation", people(box=np.array([inside, box, inside, inside])))
    assert found == {"inside": [0, 2, 3], "truncated": [1]}


def test_boxes_crowd_one_another_above_a_tenth_wherever_they_lie() -> None:
    # 100 wide and high; 18 or 19 of a side in common: 1,800 of 18,200, and 1,900 of 18,100 square pixels.
    box = np.array([[500, 700, 600, 800], [582, 700, 682, 800], [500, 781, 600, 881], [900, 0, 950, 50]])
    assert attribute("crowding", people(box=box.astype(float))) == {"0": [1, 3], "1-2": [0, 2], "3+": []}


def test_crowding_counts_boxes_that_overlap() -> None:
    box = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [100, 0, 110, 10], [14, 0, 24, 10]], dtype=float)
    assert attribute("crowding", people(box=box)) == {"0": [2, 3], "1-2": [0, 1], "3+": []}


@pytest.mark.filterwarnings("error")
def test_boxes_without_an_area_crowd_nobody() -> None:
    """Two of them lie in one place, and their union is nothing, by which nothing is divided."""
    box = np.array([[5, 5, 5, 5], [5, 5, 5, 5], [0, 0, 10, 10], [0, 0, 10, 10]], dtype=float)
    assert attribute("crowding", people(box=box)) == {"0": [0, 1], "1-2": [2, 3], "3+": []}


@pytest.mark.parametrize("name", ["truncation", "occlusion", "crowding"])
def test_what_the_ground_truth_does_not_have_is_no_slice(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        list(ATTRIBUTES[name](people()))
    assert caught.value.code == "P830"


# Slices through files, saved runs and reports


@pytest.fixture
def world() -> World:
    made = crowds(3)
    ids = np.arange(len(made.truth)) + 100
    extra = {**made.truth.frames.extra, "camera": np.arange(len(made.truth.frames)) % 2}
    frames = replace(made.truth.frames, extra=extra)
    truth = replace(made.truth, frames=frames, people=made.truth.people.with_columns(source_id=ids))
    return World(truth, replace(made.predictions, frames=frames))


def scored(world: World, *slices: object, **asked: object) -> poseval.Report:
    names = [str(name) for name in slices]
    return poseval.score(world.truth, world.predictions, "oks", slices=names, **asked)  # type: ignore[arg-type]


def table(folder: Path, text: str, name: str = "scene.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def by_hand(world: World, mask: Bools) -> float:
    metric, aligned = OksAp(), world.aligned()
    return metric.reduce(metric.tally(aligned), mask.astype(np.int64)).get("AP")


def test_frames_by_column_sequence_and_file(world: World, tmp_path: Path) -> None:
    frames = world.truth.frames
    rows = "".join(f"{key},{'in' if n % 3 else 'out'}\n" for n, key in enumerate(frames.key))
    found = scored(world, "camera", "sequence", table(tmp_path, "frame,group\n" + rows)).summary
    number = np.arange(len(frames))
    assert found["camera=1/AP"] == by_hand(world, number % 2 == 1)
    assert found["sequence=video 2/AP"] == by_hand(world, frames.sequence == 2)
    assert found["scene=out/AP"] == by_hand(world, number % 3 == 0)
    assert found["scene:gap/AP"] == pytest.approx(abs(found["scene=out/AP"] - found["scene=in/AP"]))


def test_groups_stand_in_natural_order_with_their_counts_and_a_few_sentences(
    world: World, tmp_path: Path
) -> None:
    keys = world.truth.frames.key.tolist()
    rows = "".join(f"{key},{place % 12 + 1}\n" for place, key in enumerate(keys))
    path = table(tmp_path, "frame,group\n" + rows, "place.csv")
    run = evaluate(world.truth, world.predictions, "oks", slices=[str(path)])
    found = with_intervals(run.report(), run)
    (shown,) = (one for one in found.tables if one.title == "place")
    numbers = [int(label.partition(" ")[0]) for label, row in shown.rows if "=" in row[0]]
    assert numbers == sorted(numbers) == list(range(1, len(numbers) + 1))
    for label, row in shown.rows[: len(numbers)]:
        n = next(v.n for v in found.values if v.slice == row[0].split("/")[0] and v.statistic == "AP")
        assert label.endswith(f"(n = {n:,})")
    notes = [line for line in found.to_text().splitlines() if line.startswith(("no interval:", "n/a:"))]
    assert not any("place=" in line for line in notes)
    assert any("numbers of slice place: " in line for line in notes)


def test_rows_of_single_joints_have_no_table_of_groups(world: World) -> None:
    truth, predictions = (
        replace(side, frames=world.truth.frames) for side in (world.truth, world.predictions)
    )
    found = poseval.score(truth, predictions, "coco-keypoints", slices=["size"], per_joint=True)
    assert [table.title for table in found.tables] == ["size, all joints"]
    assert "size=medium/AP/nose" in found.summary


def test_joints_are_those_of_the_whole_set(world: World) -> None:
    found = scored(world, "size", metrics=["epe(people=matched)"], per_joint=True).summary
    plain = scored(world, metrics=["epe(people=matched)"], per_joint=True).summary
    assert {key: found[key] for key in plain} == pytest.approx(plain, nan_ok=True)
    assert not [key for key in found if key.startswith("epe")]


def test_people_by_file(world: World, tmp_path: Path) -> None:
    ids = world.truth.people.source_id
    rows = "".join(f"{key},{'even' if key % 2 == 0 else 'odd'}\n" for key in ids[:-1])
    report = scored(world, table(tmp_path, "person,group\n" + rows, "tone.csv"))
    mask = ids % 2 == 0
    mask[-1] = False
    aligned, metric = world.aligned(), OksAp()
    assert report.summary["tone=even/AP"] == tallied(metric, aligned, PersonGroup.of(aligned, mask))["AP"]
    (notice,) = [notice for notice in report.notices if notice.code == "N582"]
    assert notice.text == f"slice tone: 1 of {len(ids)} people are in no group"


def test_severities_give_the_mean_and_the_relative_performance(world: World, tmp_path: Path) -> None:
    kinds = [("", 0), ("fog", 1), ("fog", 2), ("blur", 1)]
    rows = "".join(
        f"{key},{kinds[n % 4][0]},{kinds[n % 4][1]}\n" for n, key in enumerate(world.truth.frames.key)
    )
    found = scored(world, table(tmp_path, "frame,corruption,severity\n" + rows, "c.csv")).summary
    fog = (found["c=fog severity 1/AP"] + found["c=fog severity 2/AP"]) / 2
    mean = (fog + found["c=blur severity 1/AP"]) / 2
    assert found["c:mPC/AP"] == pytest.approx(mean)
    assert found["c:rPC/AP"] == pytest.approx(mean / found["c=clean/AP"])
    run = evaluate(world.truth, world.predictions, "oks", slices=[str(tmp_path / "c.csv")])
    assert {"c:mPC/AP", "c:rPC/AP", "c:gap/AP"} <= intervals(run).keys()


def test_other_groups_have_no_mean_performance_under_corruption(world: World) -> None:
    assert not [key for key in scored(world, "camera").summary if "PC" in key]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("frame\n0/0\n", "P223"),
        ("frame,severity\n0/0,high\n", "P223"),
        ("frame,group\nelsewhere.jpg,a\n", "P831"),
        ("person,group\n99999,a\n", "P831"),
    ],
)
def test_files_that_do_not_fit_are_refused(world: World, tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(PosevalError) as caught:
        scored(world, table(tmp_path, text))
    assert caught.value.code == code
    assert isinstance(caught.value, UsageError if code[1] == "8" else FormatError)


def test_too_many_groups_of_people_are_refused(world: World, tmp_path: Path) -> None:
    many = replace(world.truth, people=world.truth.people)
    rows = "".join(f"{key},{key}\n" for key in range(100, 100 + len(many)))
    from poseval.scoring import slices

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "MOST_TALLIES", 5)
        with pytest.raises(UsageError) as caught:
            scored(world, table(tmp_path, "person,group\n" + rows))
    assert caught.value.code == "P832"


def test_an_unknown_slice_names_those_that_are_known(world: World) -> None:
    with pytest.raises(UsageError) as caught:
        scored(world, "weather")
    assert caught.value.code == "P149"
    assert "camera" in str(caught.value)
    assert "visible-joints" in str(caught.value)


def test_a_saved_run_keeps_its_slices_and_takes_further_ones(world: World, tmp_path: Path) -> None:
    task = Task(slices=("size", "camera"))
    run = evaluate(world.truth, world.predictions, "oks", task=task)
    saved_runs.save(run, tmp_path / "run.poseval")
    again = saved_runs.run_of(tmp_path / "run.poseval", task=Task(slices=("size", "sequence")))
    before, after = run.report(), again.report()
    assert {key: after.summary[key] for key in before.summary} == pytest.approx(before.summary, nan_ok=True)
    mask = world.truth.frames.sequence == 1
    assert after.summary["sequence=video 1/AP"] == by_hand(world, mask)
    assert saved_runs.packed(saved_runs.load(tmp_path / "run.poseval")) == saved_runs.packed(run)


@pytest.mark.parametrize(("name", "code"), [("crowding", "P833"), ("nowhere", "P149")])
def test_a_saved_run_holds_no_people(world: World, tmp_path: Path, name: str, code: str) -> None:
    run = evaluate(world.truth, world.predictions, "oks")
    saved_runs.save(run, tmp_path / "run.poseval")
    with pytest.raises(UsageError) as caught:
        saved_runs.run_of(tmp_path / "run.poseval", task=Task(slices=(name,)))
    assert caught.value.code == code


def test_workers_tally_groups_of_people_alike(world: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from poseval.scoring.score import prepare

    (part,) = prepare(world.truth, world.predictions, Task(benchmark="oks", slices=("size",))).parts
    with ThreadPoolExecutor(2) as executor:
        pieces = tally_part(part, "frame", executor, 3)
    whole = tally_part(part, "frame", None, 1)
    assert [item.values for item in pieces.reduce()] == [item.values for item in whole.reduce()]


@pytest.mark.parametrize(
    ("benchmark", "key"),
    [("posetrack18", "sequence=video 1/MOTA"), ("custom", "size=medium/EPE"), ("oks", "size=medium/AP50")],
)
def test_benchmarks_show_slices_in_their_summaries(world: World, benchmark: str, key: str) -> None:
    found = poseval.score(
        *_for(benchmark, world), benchmark, slices=["sequence" if "sequence" in key else "size"]
    )
    assert key in found.summary
    assert any(key in keys for table in found.tables for _, keys in table.rows)
    name = key.partition("/")[0].partition("=")[2]
    for text in (found.to_text(), found.to_markdown(), found.to_latex()):
        assert name in text.replace("\\", "")
    again = poseval.Report.from_json(found.to_json())
    assert again.tables == found.tables
    assert key.partition("/")[0] in found.to_csv()


def _for(benchmark: str, world: World) -> tuple[PoseSet, PoseSet]:
    if benchmark != "posetrack18":
        return world.truth, world.predictions
    kind = get_skeleton("posetrack15_poseval")

    def cut(poses: PoseSet) -> PoseSet:
        rows = slice(0, len(kind))
        columns = {name: getattr(poses.people, name)[:, rows] for name in ("xy", "seen", "joint_score")}
        return PoseSet(kind, world.truth.frames, poses.people.with_columns(**columns))

    return cut(world.truth), cut(world.predictions)
