"""Runs from pictures to a predictions file: right, repeatable, and nothing lost when something breaks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from poseval.errors import FormatError, MismatchError, UsageError
from poseval.models import create_model, load_weights
from poseval.models.inference.top_down import TopDown
from poseval.models.registry import card
from poseval.runners.boxes import truth_boxes
from poseval.runners.frames import read_image
from poseval.runners.groups import groups_of
from poseval.runners.own_settings import ModelOptions
from poseval.runners.run import run
from poseval.runners.with_tracker import Following
from poseval.scoring import score as scoring
from poseval.synth import World, scene_set, scenes
from poseval.synth.folder import write_world
from tests.runners.conftest import CONFIG, SIZE, Bench
from tests.runners.run_options import options
from tests.shared import ROOT

pytestmark = pytest.mark.models


def test_run_gives_what_the_pipeline_gives_person_by_person(made: Bench, tmp_path: Path) -> None:
    result = run(options(made, tmp_path, nms="none"))
    model = create_model("synth_small", input_size=SIZE, **CONFIG)
    load_weights(model, made.weights)
    entry = card("synth_small").sized(input_size=SIZE)
    top = TopDown(model, entry, method="quarter", mirror=made.poses.skeleton.flip)
    boxes = truth_boxes(made.poses)
    assert len(result.poses) == len(boxes) == len(made.poses)
    for frame in range(len(made.poses.frames)):
        corners, score = boxes.of(frame)
        alone = top.poses(
            read_image(made.images / str(made.poses.frames.path[frame]), upright=False), corners, score
        )
        mine = result.poses.people.frame == frame
        np.testing.assert_allclose(result.poses.people.xy[mine], alone.xy, atol=1e-3)
        np.testing.assert_allclose(result.poses.people.score[mine], alone.score, atol=1e-6)


def test_output_is_read_by_the_scorer_and_says_where_it_comes_from(made: Bench, tmp_path: Path) -> None:
    result = run(options(made, tmp_path))
    report = scoring.score(made.truth, tmp_path / "preds.json")
    assert report.benchmark == "coco-keypoints"
    node = json.loads((tmp_path / "preds.json.run.json").read_text())
    assert node["schema"] == "poseval.run/1"
    assert node["model"] == "synth_small"
    assert len(node["weights"]["sha256"]) == 64
    assert node["parameters"] == sum(
        p.numel() for p in create_model("synth_small", input_size=SIZE, **CONFIG).parameters()
    )
    assert node["macs"] > 1e5
    assert node["frames"] == 9
    assert node["people"] == len(result.poses)
    assert node["people_per_second"] > 0
    assert node["boxes"] == "truth"
    assert node["options"] == {
        "batch": 32,
        "flip": True,
        "decode": "quarter",
        "scales": [1.0],
        "rescore": None,
        "nms": "oks",
        "nms_threshold": 0.9,
        "compiled": False,
        "channels_last": False,
    }
    assert not (tmp_path / "preds.json.part").exists()


def test_threads_are_set_for_the_run_alone(made: Bench, tmp_path: Path) -> None:
    import torch

    before = torch.get_num_threads()
    result = run(options(made, tmp_path, model={"threads": before + 1}))
    assert result.provenance["device"]["threads"] == before + 1
    assert torch.get_num_threads() == before
    assert run(options(made, tmp_path, force=True)).provenance["device"]["threads"] == before
    with pytest.raises(UsageError, match="--threads") as caught:
        run(options(made, tmp_path, force=True, model={"threads": 0}))
    assert caught.value.code == "P103"


def test_same_command_same_bytes_whatever_the_loaders(made: Bench, tmp_path: Path) -> None:
    for name, loaders in (("a", 1), ("b", 4)):
        (tmp_path / name).mkdir()
        run(options(made, tmp_path / name, loaders=loaders))
    assert (tmp_path / "a/preds.json").read_bytes() == (tmp_path / "b/preds.json").read_bytes()


KILLED = """
import os, signal, sys
from pathlib import Path
from poseval.runners import journal
from poseval.runners.own_settings import ModelOptions
from poseval.runners.run import RunOptions, run

add = journal.Journal.add

def killed(self, group, *rest):
    if group == 2:
        self._file.write(b'{"group": 2, "seco')
        self._file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    add(self, group, *rest)

journal.Journal.add = killed
weights, truth, images, out = map(Path, sys.argv[1:])
model = ModelOptions(
    "synth_small", weights, device="cpu", batch=1, size=(64, 48),
    config={"widths": [8, 8, 8, 8]}, decode="quarter",
)
run(RunOptions(model, out, truth=truth, images=images))
"""


ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(made: Bench, tmp_path: Path) -> None:
    out = tmp_path / "preds.json"
    arguments = [made.weights, made.truth, made.images, out]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, arguments)], check=False, timeout=300, env=ENVIRONMENT
    )
    assert ended.returncode == -9
    assert not out.exists()
    assert (tmp_path / "preds.json.part").read_bytes().endswith(b'"seco')
    calls = []
    model = {"batch": 1}
    result = run(options(made, tmp_path, model=model), lambda *numbers: calls.append(numbers))
    assert result.provenance["resumed_frames"] > 0
    assert calls[0][0] == result.provenance["resumed_frames"]
    assert calls[-1][0] == 9
    (tmp_path / "whole").mkdir()
    run(options(made, tmp_path / "whole", model=model))
    assert out.read_bytes() == (tmp_path / "whole/preds.json").read_bytes()


def test_an_unreadable_picture_loses_nothing(made: Bench, tmp_path: Path) -> None:
    images = tmp_path / "images"
    shutil.copytree(made.images, images)
    broken = images / "000003.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:400])
    job = options(made, tmp_path, images=images, model={"batch": 1})
    with pytest.raises(FormatError, match=r"000003\.png[\s\S]*preds\.json\.part") as caught:
        run(job)
    assert caught.value.code == "P260"
    assert not job.out.exists()
    broken.write_bytes(whole)
    result = run(job)
    assert result.provenance["resumed_frames"] >= 6
    (tmp_path / "whole").mkdir()
    run(options(made, tmp_path / "whole", model={"batch": 1}))
    assert job.out.read_bytes() == (tmp_path / "whole/preds.json").read_bytes()


def test_replaced_pictures_are_not_mixed_with_others(made: Bench, tmp_path: Path) -> None:
    images = tmp_path / "images"
    shutil.copytree(made.images, images)
    broken, other = images / "000009.png", images / "000001.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:400])
    job = options(made, tmp_path, images=images, model={"batch": 1})
    with pytest.raises(FormatError):
        run(job)
    broken.write_bytes(whole)
    shutil.copyfile(images / "000002.png", other)
    result = run(job)
    assert 0 < result.provenance["resumed_frames"] < 8
    (tmp_path / "whole").mkdir()
    run(options(made, tmp_path / "whole", images=images, model={"batch": 1}))
    assert job.out.read_bytes() == (tmp_path / "whole/preds.json").read_bytes()


def test_unreadable_pictures_are_skipped_on_request(made: Bench, tmp_path: Path) -> None:
    images = tmp_path / "images"
    shutil.copytree(made.images, images)
    (images / "000003.png").write_bytes(b"")
    result = run(options(made, tmp_path, images=images, skip_unreadable=True))
    assert 2 not in result.poses.people.frame
    assert any(notice.code == "N135" and "000003.png" in notice.text for notice in result.notices)
    assert len(set(result.poses.people.frame)) == 8


def test_an_unfinished_run_is_not_mixed_with_another(made: Bench, tmp_path: Path) -> None:
    job = options(made, tmp_path)
    shutil.copytree(made.images, tmp_path / "images")
    (tmp_path / "images/000009.png").write_bytes(b"")
    with pytest.raises(FormatError):
        run(replace(job, images=tmp_path / "images"))
    with pytest.raises(UsageError, match="another options") as caught:
        run(options(made, tmp_path, model={"flip": False}))
    assert caught.value.code == "P134"
    run(options(made, tmp_path, model={"flip": False}, fresh=True))


def test_photos_without_truth_are_whole_boxes(made: Bench, tmp_path: Path) -> None:
    result = run(replace(options(made, tmp_path), truth=None, boxes="image"))
    assert result.truth is None
    assert len(result.poses) == 9
    assert result.provenance["boxes"] == "whole images"
    assert result.poses.frames.size.tolist()[0] == [192, 144]
    assert {entry["image_id"] for entry in json.loads((tmp_path / "preds.json").read_text())} == set(
        range(1, 10)
    )


def test_video_frames_are_run(made: Bench, tmp_path: Path) -> None:
    imageio = pytest.importorskip("imageio.v3")
    pictures = [read_image(made.images / f"00000{index}.png", upright=False) for index in (1, 2, 3)]
    imageio.imwrite(tmp_path / "clip.gif", np.stack(pictures), duration=100)
    job = replace(options(made, tmp_path), truth=None, images=None, video=tmp_path / "clip.gif")
    result = run(replace(job, boxes="image"))
    assert len(result.poses) == 3
    assert result.provenance["pictures"]["video"] == "clip.gif"


def test_boxes_of_a_detections_file(made: Bench, tmp_path: Path) -> None:
    boxes = made.poses.people.box
    records = [
        {
            "image_id": int(made.poses.frames.key[frame]),
            "category_id": 1,
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "score": 0.5,
        }
        for frame, (x0, y0, x1, y1) in zip(made.poses.people.frame, boxes.tolist(), strict=True)
    ]
    path = tmp_path / "detections.json"
    path.write_text(json.dumps([*records, records[0]]))
    given = run(options(made, tmp_path, boxes=str(path)))
    whole = run(options(made, tmp_path, force=True, nms="none"))
    assert len(given.poses) <= len(whole.poses)
    assert given.provenance["boxes"].startswith("detections.json sha256 ")
    assert any(notice.code == "N132" for notice in given.notices)
    assert given.poses.people.score.max() == pytest.approx(0.5 * whole.poses.people.score.max())
    path.write_text(json.dumps([{**records[0], "bbox": [500, 500, 10, 10]}]))
    with pytest.raises(MismatchError) as caught:
        run(options(made, tmp_path, boxes=str(path), force=True))
    assert caught.value.code == "P431"


@pytest.mark.parametrize("corners", [True, False])
def test_corners_are_noticed_without_ground_truth_too(made: Bench, tmp_path: Path, corners: bool) -> None:
    """Sizes of images are known once they have been read."""
    chosen = {str(key): row for row, key in enumerate(made.poses.frames.key)}
    records = [
        {"image_id": int(key), "category_id": 1, "bbox": [90, 60, 150, 140] if corners else [90, 60, 60, 80]}
        for key in chosen
    ]
    path = tmp_path / "detections.json"
    path.write_text(json.dumps(records))
    result = run(options(made, tmp_path, truth=None, images=made.images, boxes=str(path)))
    assert ("N136" in [notice.code for notice in result.notices]) == corners


class Finder:
    """Finds one person in the middle of every picture."""

    def __init__(self) -> None:
        import torch

        self.net = torch.nn.Identity()

    def poses(self, image: Any) -> Any:
        from poseval.models.inference.predictions import whole_image_poses

        height, width = image.shape[:2]
        box = np.array(
            [[width / 4, 0, 3 * width / 4, height - 1.0], [width / 4, 0, 3 * width / 4, height - 2.0]]
        )
        return whole_image_poses(np.zeros((2, 17, 2)), np.ones((2, 17)), [0.9, 0.3], box)

    def parameters(self) -> Any:
        return self.net.parameters()

    def to(self, device: str) -> Finder:
        return self


def test_boxes_of_a_detector(made: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from poseval.runners import loading

    build = loading.build_model
    monkeypatch.setattr(
        loading,
        "build_model",
        lambda entry, *a, **k: Finder() if entry.name == "keypoint_rcnn" else build(entry, *a, **k),
    )
    result = run(options(made, tmp_path, boxes="detector:keypoint_rcnn"))
    assert len(result.poses) == 9
    assert result.poses.people.box[0].tolist() == [48, 0, 144, 143]
    whole = run(
        replace(options(made, tmp_path, force=True), model=ModelOptions("keypoint_rcnn", device="cpu"))
    )
    assert len(whole.poses) == 18
    assert whole.provenance["boxes"] == "people found by the model"
    with pytest.raises(UsageError, match="does not find people") as caught:
        run(options(made, tmp_path, boxes="detector:synth_small", force=True))
    assert caught.value.code == "P158"


def test_joints_are_mapped_by_name_onto_another_skeleton(made: Bench, tmp_path: Path) -> None:
    mpii = scene_set(5, 9, 3, "mpii16")
    job = options(made, tmp_path, model={"skeleton": "coco17"})
    poses = run(job).poses
    from poseval.runners.journal import Found
    from poseval.runners.output import as_poses

    people = poses.people
    found = Found(people.frame, people.xy, people.joint_score, people.score, people.box, people.score)
    mapped, notices = as_poses(found, poses.frames, {}, poses.skeleton, mpii.skeleton)
    wrist, top = mpii.skeleton.index("left_wrist"), mpii.skeleton.index("head_top")
    np.testing.assert_array_equal(
        mapped.people.xy[:, wrist], people.xy[:, poses.skeleton.index("left_wrist")]
    )
    assert (mapped.people.seen[:, top] == 0).all()
    assert "head_top" in notices[0].text


def test_a_posetrack_truth_gets_posetrack_predictions(made: Bench, tmp_path: Path) -> None:
    world = World(width=192, height=144, smallest=60, largest=140, sequence_length=4)
    drawn = list(scenes(3, 8, 2, video=True, world=world))
    _, truth, _ = write_world(tmp_path / "w", drawn, skeleton="posetrack17slots", form="posetrack18")
    assert truth.is_dir()
    job = options(made, tmp_path, truth=truth, images=tmp_path / "w/images", following=Following("greedy"))
    result = run(replace(job, out=tmp_path / "predictions"))
    assert result.provenance["format"] == "posetrack18"
    assert result.truth is not None
    assert result.poses.skeleton.name == "posetrack15_poseval"
    assert any("head_top" in notice.text for notice in result.notices)
    report = scoring.score(truth, tmp_path / "predictions")
    assert report.benchmark == "posetrack18"
    assert "MOTA" in report.summary
    with pytest.raises(UsageError) as caught:
        run(replace(job, out=tmp_path / "predictions"))
    assert caught.value.code == "P131"


def test_an_mpii_truth_gets_an_array_in_its_order(made: Bench, tmp_path: Path) -> None:
    world = World(width=192, height=144, smallest=60, largest=140)
    drawn = list(scenes(3, 5, 3, world=world))
    _, truth, _ = write_world(tmp_path / "w", drawn, skeleton="mpii16", form="mpii-json")
    result = run(options(made, tmp_path, truth=truth, images=tmp_path / "w/images"))
    assert result.provenance["format"] == "pose-array"
    assert result.truth is not None
    report = scoring.score(truth, tmp_path / "preds.json")
    assert report.benchmark == "mpii-val"
    assert 0 <= report.summary["PCKh@0.5"] <= 1
    found = scoring.read(tmp_path / "preds.json", role="predictions", truth=result.truth)
    np.testing.assert_allclose(found.people.xy, result.poses.people.xy, rtol=0, atol=1e-9, equal_nan=True)


def test_groups_depend_on_boxes_and_batch_alone(made: Bench) -> None:
    boxes = truth_boxes(made.poses)
    groups = groups_of(9, boxes, 1)
    assert [row for _, rows in groups for row in rows] == sorted(set(boxes.frame.tolist()))
    assert all(sum(int((boxes.frame == row).sum()) for row in rows) <= 4 + 2 for _, rows in groups)
    assert len(groups_of(200, None, 32)) == 4
