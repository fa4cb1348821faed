"""A tracker behind a model: identities in the output, and the model asked for the tracker's own boxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from poseval.cli import invoke as command
from poseval.errors import UsageError
from poseval.errors.optional import require
from poseval.models import create_model, load_weights
from poseval.models.inference.top_down import TopDown
from poseval.models.registry import card
from poseval.runners.frames import read_image
from poseval.runners.own_settings import ModelOptions
from poseval.runners.run import RunOptions, run
from poseval.runners.with_tracker import Following
from poseval.synth import World, scenes
from poseval.synth.folder import write_world
from poseval.tracking import Bodies
from poseval.tracking.lighttrack import inferred_boxes
from tests.runners.conftest import CONFIG, SIZE, Bench

pytestmark = pytest.mark.models


def test_weights_of_a_model_are_none_of_a_tracker(
    made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = json.loads(made.truth.read_text())["annotations"]
    keys = ("image_id", "category_id", "keypoints")
    found = tmp_path / "found.json"
    found.write_text(json.dumps([{"score": 1.0, **{key: one[key] for key in keys}} for one in people]))
    call = ["track", str(found), "--gt", str(made.truth), "--tracker", "lighttrack(matching=sgcn)"]
    assert command([*call, "--sgcn", str(made.weights), "--out", str(tmp_path / "tracked.json")]) == 3
    said = capsys.readouterr().err
    assert "poseval train sgcn" in said
    assert "run that model" not in said


@pytest.fixture(scope="module")
def film(made: Bench, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Eight frames of three people."""
    folder = tmp_path_factory.mktemp("film")
    world = World(width=192, height=144, smallest=60, largest=140, sequence_length=8)
    poses, truth, _ = write_world(folder, list(scenes(7, 8, 3, video=True, world=world)))
    return Bench(folder, folder / "images", truth, poses, made.weights)


def options(film: Bench, out: Path, tracker: str | None, **more: Any) -> RunOptions:
    model = ModelOptions(
        "synth_small", film.weights, device="cpu", size=SIZE, config=CONFIG, decode="quarter"
    )
    followed = None if tracker is None else Following(tracker, **more)
    return RunOptions(model, out, film.truth, film.images, nms="none", form="coco", following=followed)


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return found


def test_a_run_with_a_tracker_is_the_run_and_its_identities(film: Bench, tmp_path: Path) -> None:
    run(options(film, tmp_path / "plain.json", None))
    result = run(options(film, tmp_path / "tracked.json", "greedy(measure=iou)"))
    plain, tracked = rows(tmp_path / "plain.json"), rows(tmp_path / "tracked.json")
    assert [{k: v for k, v in row.items() if k != "track_id"} for row in tracked] == plain
    assert all("track_id" in row for row in tracked)
    node = json.loads((tmp_path / "tracked.json.run.json").read_text())
    assert node["tracker"] == "greedy(measure=iou,floor=0.3,order=best,memory=1,weight=0.5)"
    assert json.loads((tmp_path / "plain.json.run.json").read_text())["tracker"] is None
    # The model saw the truth's boxes, so boxes that overlap from frame to frame name the true people.
    people, true = result.poses.people, film.poses.people
    pairs = {(int(a), int(b)) for a, b in zip(people.track, true.track, strict=True)}
    assert len(pairs) == len({pair[0] for pair in pairs}) == 3


def test_the_model_looks_into_the_boxes_that_the_tracker_infers(film: Bench, tmp_path: Path) -> None:
    tracker = "lighttrack(interval=100,detection_score=-100,lost_score=-100)"
    result = run(options(film, tmp_path / "tracked.json", tracker))
    people = result.poses.people
    network = create_model("synth_small", input_size=SIZE, **CONFIG)
    load_weights(network, film.weights)
    entry = card("synth_small").sized(input_size=SIZE)
    top = TopDown(network, entry, method="quarter", mirror=film.poses.skeleton.flip)
    for frame in range(1, 8):
        before, now = people.take(people.frame == frame - 1), people.take(people.frame == frame)
        assert now.track.tolist() == before.track.tolist() == [0, 1, 2]
        bodies, _ = Bodies.of(before)
        box, fit = inferred_boxes(bodies, 0.2)
        assert fit.all()
        picture = read_image(film.images / str(film.poses.frames.path[frame]), upright=False)
        alone = top.poses(picture, box, np.ones(3))
        np.testing.assert_allclose(now.xy, alone.xy, atol=1e-3)
        np.testing.assert_allclose(now.box, box)


def test_flow_from_the_pictures(film: Bench, tmp_path: Path) -> None:
    require("cv2", "this test", "flow")
    tracker = "flow(similarity=box,propagate=true,pose_overlap=1,detection_score=-100)"
    result = run(options(film, tmp_path / "tracked.json", tracker, flow="lk"))
    people = result.poses.people
    for person in range(3):  # the boxes are the truth's, so nobody is missed and nobody changes
        same = np.isclose(people.box[:, None], film.poses.people.box[film.poses.people.track == person])
        assert len(set(people.track[same.all(axis=2).any(axis=1)].tolist())) == 1


def test_a_wrong_tracker_is_refused_before_the_model_runs(film: Bench, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(options(film, tmp_path / "tracked.json", "srot"))
    assert caught.value.code == "P160"
    assert list(tmp_path.iterdir()) == []


def test_the_command_takes_a_tracker(film: Bench, tmp_path: Path) -> None:
    out = tmp_path / "tracked.json"
    base = ["run", "synth_small", "--gt", str(film.truth), "--images", str(film.images), "--out", str(out)]
    base += ["--weights", str(film.weights), "--input-size", "64x48", "--device", "cpu", "--format", "coco"]
    base += ["--option", f"widths={CONFIG['widths']}", "--decode", "quarter", "--nms", "none", "-q"]
    assert command([*base, "--tracker", "hungarian(measure=iou)"]) == 0
    assert {row["track_id"] for row in rows(out)} == {0, 1, 2}
