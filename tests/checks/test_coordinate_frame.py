"""Predictions in another coordinate frame: told with the number in every benchmark, and no noise is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.checks.partners import by_shape
from poseval.checks.rescoring import Rescoring
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.transforms import Transform, transformed
from poseval.report.text import style_of
from poseval.scoring import saved_runs
from poseval.scoring.score import score
from poseval.synth import perturb, scene_set
from poseval.validation.validate import validate
from tests.metrics.single import random_pair

CODES = {"N460", "N461", "N462", "N553", "N554", "N921", "N922", "N923", "N924", "N931"}
# How files go wrong, and what is told of it.
WRONG = {
    "xy": ("xy", "N921"),
    "quarter": ("scale=0.25", "N923"),
    "double": ("scale=2", "N923"),
    "stretched": ("scale=0.5,0.8", "N923"),
    "moved": ("offset=100,-40", "N924"),
    "mirrored": ("left-right", "N460"),
}


def people(name: str) -> tuple[PoseSet, PoseSet]:
    """A truth of a benchmark, and good predictions over its frames."""
    if name in SINGLE:
        scene = random_pair(5, 30, SINGLE[name], noise=4.0)
        return scene.truth, scene.predictions
    video = name == "posetrack18"
    truth = scene_set(8, 20, 3, CROWDS[name], video=video)
    predictions = perturb(truth, 1, jitter=0.3, inversion=0.0, switches=0.0)
    return truth, replace(predictions, frames=truth.frames)


CROWDS = {"coco-keypoints": "coco17", "crowdpose": "crowdpose14", "posetrack18": "posetrack17slots"}
SINGLE = {
    "mpii-val": "mpii16",
    "lsp": "lsp14",
    "jhmdb": "jhmdb15",
    "penn-action": "penn_action13",
    "wflw": "wflw98",
}
BENCHMARKS = (*CROWDS, *SINGLE)


def wrong(predictions: PoseSet, text: str) -> PoseSet:
    return transformed(predictions, [Transform.parse(text)])


def told(truth: PoseSet, predictions: PoseSet, name: str, transform: Sequence[str] = ()) -> dict[str, str]:
    report = score(truth, predictions, name, transform=transform)  # which speaks of options, as commands do
    return {notice.code: notice.text for notice in report.notices if notice.code in CODES}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_what_is_told_brings_the_number_back(name: str, kind: str) -> None:
    truth, predictions = people(name)
    text, code = WRONG[kind]
    right = poseval.score(truth, predictions, name)
    found = told(truth, wrong(predictions, text), name)
    assert list(found) == [code]
    options = [word for word in found[code].split("try: ")[1].split() if word != "--transform"]
    mended = poseval.score(truth, wrong(predictions, text), name, transform=options)
    key = next(iter(right.summary))
    assert mended.summary[key] == pytest.approx(right.summary[key], abs=0.03)
    assert not told(truth, wrong(predictions, text), name, options)
    value = style_of(mended).number(mended.summary[key], mended.unit_of(key))
    assert f"{key} would be {value} instead of" in found[code]


@pytest.mark.parametrize("name", BENCHMARKS)
@pytest.mark.parametrize("turned", [False, True])
def test_shares_of_the_image(name: str, turned: bool) -> None:
    truth, predictions = people(name)
    size = np.full((len(truth.frames), 2), (640.0, 480.0))
    size[::2] = (500.0, 700.0)
    truth = replace(truth, frames=replace(truth.frames, size=size))
    xy = predictions.people.xy / size[predictions.people.frame][:, None]
    shares = replace(
        predictions, frames=truth.frames, people=predictions.people.with_columns(xy=xy, area=None, box=None)
    )
    found = told(truth, wrong(shares, "xy") if turned else shares, name)
    assert list(found) == ["N921" if turned else "N922"]
    steps = "--transform xy --transform normalised" if turned else "--transform normalised"
    assert found.popitem()[1].endswith(f"try: {steps}")


def test_shares_of_images_of_one_unknown_size() -> None:
    truth, predictions = people("posetrack18")
    unknown = replace(truth.frames, size=np.full((len(truth.frames), 2), np.nan))
    truth, predictions = replace(truth, frames=unknown), replace(predictions, frames=unknown)
    found = told(truth, wrong(predictions, "scale=0.0015625,0.002"), "posetrack18")
    assert "--transform scale=640,500" in found["N923"]


def test_people_of_one_shape_are_told_apart_by_their_place() -> None:
    rng = np.random.default_rng(3)
    shape = rng.uniform(0, 120, (17, 2))
    at = np.tile([[40.0, 60.0], [330.0, 90.0], [600.0, 300.0]], (10, 1)) + rng.uniform(0, 30, (30, 2))
    frame = np.repeat(np.arange(10), 3)
    skeleton, frames = poseval.get_skeleton("coco17"), poseval.Frames(np.arange(10).astype(str))
    xy = shape + at[:, None]
    truth = PoseSet(
        skeleton, frames, poseval.People(xy, frame, area=np.full(30, 9e3), source_id=np.arange(1, 31))
    )
    order = np.lexsort((rng.random(30), frame))
    found = poseval.People(xy[order], frame, score=rng.random(30))
    predictions = wrong(replace(truth, people=found), "scale=0.0015625,0.002")
    partners = by_shape(Aligned(truth, predictions), exchanged=False)
    np.testing.assert_allclose(partners.theirs * [640, 500], partners.truth)
    assert told(truth, predictions, "coco-keypoints")["N923"].endswith("try: --transform scale=640,500")


@pytest.mark.parametrize(("text", "back"), [("scale=0.4", "scale=2.5"), ("offset=70,-10", "offset=-70,10")])
def test_numbers_are_round_where_those_fit_as_well(text: str, back: str) -> None:
    for seed in range(4):
        truth = scene_set(60 + seed, 12, 2)
        predictions = replace(perturb(truth, seed, missed_people=0.0), frames=truth.frames)
        (found,) = told(truth, wrong(predictions, text), "coco-keypoints").values()
        assert found.endswith(f"try: --transform {back}")


def test_a_crop_that_was_scaled() -> None:
    truth, predictions = people("coco-keypoints")
    found = told(truth, wrong(wrong(predictions, "offset=-40,-60"), "scale=0.5"), "coco-keypoints")
    assert found["N923"].endswith("--transform scale=2 --transform offset=40,60")


def in_crops(poses: PoseSet) -> PoseSet:
    """Everybody in a heatmap of 48 x 64 of a padded box around the joints, in quarters of a pixel."""
    xy = poses.people.xy
    low, high = xy.min(axis=1), xy.max(axis=1)
    height = 1.25 * np.maximum((high - low)[:, 1], (high - low)[:, 0] * 4 / 3)
    corner = (low + high) / 2 - height[:, None] * [0.375, 0.5]
    heatmap = np.round(256 * (xy - corner[:, None]) / height[:, None, None]) / 4
    return replace(poses, people=poses.people.with_columns(xy=heatmap, area=None, box=None))


@pytest.mark.parametrize("name", ["coco-keypoints", "posetrack18"])
def test_crops_of_single_people(name: str) -> None:
    truth, predictions = people(name)
    report = poseval.score(truth, in_crops(predictions), name)
    assert {"N931"} == {notice.code for notice in report.notices} & CODES
    assert "N931" not in {notice.code for notice in poseval.score(truth, predictions, name).notices}


def test_poses_of_others_are_no_crops() -> None:
    name = "coco-keypoints"
    truth, predictions = people(name)
    rng = np.random.default_rng(0)
    other = predictions.people.xy[rng.permutation(len(predictions))]
    somebody = replace(predictions, people=predictions.people.with_columns(xy=other))
    for poses in (somebody, in_crops(somebody)):
        assert "N931" not in {notice.code for notice in poseval.score(truth, poses, name).notices}


@pytest.mark.parametrize("people_of_an_image", [1, 4])
@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"jitter": 1.5, "gross": 0.2, "swap": 0.2, "inversion": 0.2},
        {"jitter": 3.0, "gross": 0.4, "missed_people": 0.5, "missed_joints": 0.5, "false_positives": 2.0},
        {"missed_people": 0.9, "false_positives": 1.0},
    ],
    ids=["ordinary", "noisy", "bad", "misses"],
)
def test_bad_models_are_no_other_frame(people_of_an_image: int, faults: dict[str, float]) -> None:
    for seed in range(4):
        truth = scene_set(20 + seed, 20, people_of_an_image)
        predictions = replace(perturb(truth, seed, **faults), frames=truth.frames)
        assert told(truth, predictions, "coco-keypoints") == {}


def test_the_poses_of_others_are_no_other_frame() -> None:
    for seed in range(4):
        truth = scene_set(40 + seed, 30, 2)
        rng = np.random.default_rng(seed)
        xy = truth.people.xy[rng.permutation(len(truth))]
        seen = np.full(xy.shape[:2], 2)
        columns = {"xy": np.nan_to_num(xy), "seen": seen, "score": rng.random(len(truth))}
        shuffled = replace(truth, people=truth.people.with_columns(**columns))
        assert list(told(truth, shuffled, "coco-keypoints")) == ["N553"]


def test_nothing_is_scored_again_without_a_suspicion(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(Rescoring, "of_sets", lambda *given: calls.append(given))
    for name in BENCHMARKS:
        poseval.score(*people(name), name)
    assert not calls


@pytest.mark.parametrize("name", ["coco", "yolo", "alphapose", "native"])
def test_every_format_and_command_hears_it(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, predictions = people("coco-keypoints")
    gt, good, bad = tmp_path / "gt.json", tmp_path / "good", tmp_path / "bad"
    get_format("coco").write(truth, gt, WriteOptions(Role.TRUTH))
    moved = wrong(predictions, "offset=60,0")
    for poses, path in ((predictions, good), (moved, bad)):
        get_format(name).write(poses, path, WriteOptions(Role.PREDICTIONS, truth=truth))
    assert "N924" in {notice.code for notice in validate(bad, truth=gt).health}
    common = ["--gt", str(gt), "--benchmark", "coco-keypoints"]
    base = str(tmp_path / "base.poseval")
    assert invoke(["score", str(good), *common, "--save", base, "-q"]) == 0
    for command in (
        ["score", str(bad), *common],
        ["compare", str(good), str(bad), *common],
        ["gate", str(bad), "--baseline", base, "--max-drop", "*=85rel%", *common],
        ["diagnose", str(bad), *common],
        ["validate", str(bad), *common],
    ):
        capsys.readouterr()
        assert invoke(command) in (0, 1)  # a gate may fail
        assert "N924" in "".join(capsys.readouterr()), command[0]
        refused = 3 if command[0] == "gate" else 0  # the baseline is not comparable (P420)
        assert invoke([*command, "--transform", "offset=-60,0"]) == refused, command[0]


def test_a_leaderboard_names_the_runs_in_another_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, predictions = people("coco-keypoints")
    for name, poses in (("good", predictions), ("moved", wrong(predictions, "offset=60,0"))):
        evaluation = poseval.evaluate(truth, poses, "coco-keypoints")
        saved_runs.save(evaluation, tmp_path / f"{name}.poseval")
    runs = [str(tmp_path / f"{name}.poseval") for name in ("good", "moved")]
    assert invoke(["leaderboard", *runs]) == 0
    told = capsys.readouterr().err
    assert "moved" in told.split("N924")[0]
    assert "good" not in told
    assert list(poseval.leaderboard(runs).notices) == ["moved"]


def test_coordinates_between_0_and_1_are_no_pixels() -> None:
    truth, predictions = people("coco-keypoints")
    shares = wrong(predictions, "scale=0.001")
    from poseval import checks

    assert "N922" in {notice.code for notice in checks.examine_set(shares, Role.PREDICTIONS)}
    assert "N922" not in {notice.code for notice in checks.examine_set(predictions, Role.PREDICTIONS)}
    assert "N922" in {notice.code for notice in checks.examine_set(wrong(truth, "scale=0.001"), Role.TRUTH)}
    report = score(wrong(truth, "scale=0.001"), predictions, "coco-keypoints")
    assert "try: poseval convert" in next(n.text for n in report.notices if n.code == "N922")


def sized(poses: PoseSet) -> PoseSet:
    """With images of two sizes, in which the people lie."""
    size = np.full((len(poses.frames), 2), (900.0, 700.0))
    size[::2] = (800.0, 1000.0)
    return replace(poses, frames=replace(poses.frames, size=size))


TURNED = {
    "upside down": (("flip=y",), "N554"),
    "mirrored afterwards": (("flip=x",), "N554"),
    "of the mirrored image": (("flip=x", "left-right"), "N554"),
    "rotated by half": (("flip=x", "flip=y"), "N554"),
    "rotated by a quarter": (("flip=x", "xy"), "N554"),
    "rotated back": (("flip=y", "xy"), "N554"),
}


@pytest.mark.parametrize("kind", TURNED)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_images_that_were_turned(name: str, kind: str) -> None:
    truth, predictions = people(name)
    truth = sized(truth)
    predictions = replace(predictions, frames=truth.frames)
    steps, code = TURNED[kind]
    turned = transformed(predictions, [Transform.parse(step) for step in steps])
    found = told(truth, turned, name)
    assert list(found) == [code]
    options = [word for word in found[code].split("try: ")[1].split() if word != "--transform"]
    right, mended = (
        poseval.score(truth, poses, name, transform=words)
        for poses, words in ((predictions, []), (turned, options))
    )
    key = next(iter(right.summary))
    assert mended.summary[key] == pytest.approx(right.summary[key], abs=0.03)


def test_numbers_around_the_middle_of_the_image() -> None:
    for name in ("coco-keypoints", "mpii-val"):
        truth, predictions = people(name)
        truth = sized(truth)
        size = truth.frames.size[predictions.people.frame][:, None]
        columns = {"xy": 2 * predictions.people.xy / size - 1, "area": None, "box": None}
        middle = replace(predictions, frames=truth.frames, people=predictions.people.with_columns(**columns))
        found = told(truth, middle, name)
        assert list(found) == ["N922"]
        assert found["N922"].endswith("try: --transform normalised=-1,1")
        moved = poseval.score(truth, middle, name, transform="normalised=-1,1")
        right = poseval.score(truth, replace(predictions, frames=truth.frames), name)
        assert moved.summary == pytest.approx(right.summary, abs=1e-9, nan_ok=True)


def alike(variation: float, seed: int) -> PoseSet:
    """Faces of 120 pixels cropped to nearly the same place, which lie `variation` sizes from their mean."""
    rng = np.random.default_rng(seed)
    face = random_pair(5, 1, "wflw98").truth.people.xy * 0.2
    xy = face + rng.normal(0, variation * np.ptp(face, axis=1).max(), (400, 1, 2))
    frames = poseval.Frames(np.arange(400).astype(str))
    made = poseval.People(xy, np.arange(400), score=rng.random(400), source_id=np.arange(1, 401))
    return PoseSet(poseval.get_skeleton("wflw98"), frames, made)


def test_one_pose_for_everybody_is_in_no_frame() -> None:
    truth = alike(0.02, 1)
    mean = truth.people.xy.mean(axis=0, keepdims=True)
    moved = np.repeat(mean, len(truth), axis=0) + np.array([60.0, 25.0])
    constant = replace(truth, people=truth.people.with_columns(xy=moved))
    assert told(truth, constant, "wflw") == {}
    assert list(told(truth, wrong(truth, "offset=60,25"), "wflw")) == ["N924"]


def test_faces_that_fit_those_of_many_images_are_of_no_other() -> None:
    truth, others = alike(0.15, 1), alike(0.15, 2)
    assert told(truth, replace(others, frames=truth.frames), "wflw") == {}


@pytest.mark.parametrize(
    "back", ["resized=256,192", "resized=100,100", "longest=640", "shortest=800", "letterbox=640"]
)
@pytest.mark.parametrize("name", ["coco-keypoints", "posetrack18", "mpii-val"])
def test_images_that_were_resized(name: str, back: str) -> None:
    truth, predictions = people(name)
    truth = sized(truth)
    predictions = replace(predictions, frames=truth.frames)
    there = Transform.parse(back)
    corner = there.apply(replace(truth, people=truth.people.with_columns(xy=np.zeros_like(truth.people.xy))))
    one = there.apply(replace(truth, people=truth.people.with_columns(xy=np.ones_like(truth.people.xy))))
    of = np.unique(truth.people.frame, return_index=True)
    start = np.zeros((len(truth.frames), 2))
    factor = np.ones((len(truth.frames), 2))
    start[of[0]], factor[of[0]] = corner.people.xy[of[1], 0], (one.people.xy - corner.people.xy)[of[1], 0]
    at = predictions.people.frame
    columns = {
        "xy": (predictions.people.xy - start[at][:, None]) / factor[at][:, None],
        "area": None,
        "box": None,
    }
    small = replace(predictions, people=predictions.people.with_columns(**columns))
    found = told(truth, small, name)
    assert list(found) == ["N923"]
    assert found["N923"].endswith(f"try: --transform {back}")
    mended, right = poseval.score(truth, small, name, transform=back), poseval.score(truth, predictions, name)
    assert mended.summary == pytest.approx(right.summary, abs=1e-6, nan_ok=True)
