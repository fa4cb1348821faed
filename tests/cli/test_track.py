"""The command track, from file to file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from poseval import tracking
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors.optional import require
from poseval.poses import Frames
from poseval.scoring.score import score
from tests.golden.committed import ROOT
from tests.tracking.scenes import SIZE, Clip, walkers, write_flo


def files(folder: Path, scene: Clip) -> tuple[str, str]:
    """Truth and results of a scene in COCO's form; the results carry no identity."""
    poses = scene.pose_set()
    names = np.arange(1, scene.frames + 1).astype(str)
    poses = replace(poses, frames=Frames(names, size=poses.frames.size, path=poses.frames.key))
    people = poses.people.with_columns(
        area=np.full(len(poses), 9000.0), box=np.tile([0.0, 0.0, 9.0, 9.0], (len(poses), 1))
    )
    truth = replace(poses, people=people)
    get_format("coco").write(truth, folder / "gt.json", WriteOptions(Role.TRUTH))
    get_format("coco").write(
        poses, folder / "dt.json", WriteOptions(Role.PREDICTIONS, truth=read_back(folder))
    )
    return str(folder / "dt.json"), str(folder / "gt.json")


def read_back(folder: Path) -> Any:
    from poseval.scoring.score import read

    return read(folder / "gt.json")


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return found


@pytest.mark.parametrize("tracker", ["greedy", "sort(min_hits=0)", "bytetrack", "ocsort", "lighttrack"])
def test_only_an_identity_is_added(tmp_path: Path, tracker: str, capsys: pytest.CaptureFixture[str]) -> None:
    scene = walkers(frames=6, people=3)
    results, truth = files(tmp_path, scene)
    out = tmp_path / "tracked.json"
    assert invoke(["track", results, "--gt", truth, "--tracker", tracker, "--out", str(out)]) == 0
    before, after = rows(tmp_path / "dt.json"), rows(out)
    assert [{k: v for k, v in row.items() if k != "track_id"} for row in after] == before
    assert "18 people in 6 frames: 3 tracks" in capsys.readouterr().err
    pairs = set()
    for row in after:
        nose = scene.xy[row["image_id"] - 1, :, 0, 0]  # its x says who it is
        pairs.add((int(np.abs(nose - row["keypoints"][0]).argmin()), row["track_id"]))
    assert len(pairs) == 3


def test_rows_without_a_track_are_kept_dropped_or_named(tmp_path: Path) -> None:
    scene = walkers(frames=4, people=2)
    scene.shown[:3, 1] = False
    results, truth = files(tmp_path, scene)
    found = {}
    flags = {"keep": ["--untracked", "keep"], "drop": ["--drop-untracked"], "fresh": []}
    for kind, words in flags.items():
        out = tmp_path / f"{kind}.json"
        command = [
            "track",
            results,
            "--gt",
            truth,
            "--tracker",
            "sort(min_hits=3,max_age=1)",
            *words,
            "--out",
            str(out),
        ]
        assert invoke([*command, "-q"]) == 0
        found[kind] = rows(out)
    assert [len(found[kind]) for kind in ("keep", "drop", "fresh")] == [5, 4, 5]
    assert sum("track_id" in row for row in found["keep"]) == 4
    assert {row["track_id"] for row in found["fresh"]} == {0, 1}


def test_flow_from_files_joints_dropped_and_smoothed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = walkers(frames=5, people=2, step=20.0, gap=300.0)
    scene.shown[2, 0] = False
    results, truth = files(tmp_path, scene)
    flow = tmp_path / "flow"
    flow.mkdir()
    for t in range(5):
        field = np.broadcast_to([20.0, 0.0], (int(SIZE[1]), int(SIZE[0]), 2))
        write_flo(flow / f"{t:06d}.flo", np.ascontiguousarray(field))
    out = tmp_path / "tracked.json"
    command = ["track", results, "--gt", truth, "--tracker", "flow", "--flow", str(flow), "--out", str(out)]
    assert invoke(command) == 0
    assert "1 person added by the tracker" in capsys.readouterr().err
    assert len(rows(out)) == 10
    added = rows(out)[-1]
    assert added["track_id"] in (0, 1)
    assert added["keypoints"][0] == pytest.approx(scene.xy[2, 0, 0, 0])
    assert invoke([*command, "--force", "--drop-joints", "0.7", "--smooth"]) == 0
    told = capsys.readouterr().err
    assert "dropped: 17 joints scored below 0.7" in told
    assert "smoothed by one_euro(" in told
    assert invoke([*command, "--force", "--smooth", "one_euro(beta=-1)"]) == 2


@pytest.mark.parametrize(
    ("extra", "status", "words"),
    [
        (["--tracker", "srot"], 2, "did you mean sort"),
        (["--tracker", "flow"], 2, "pass --images FOLDER or --flow FOLDER"),
        (["--tracker", "sort", "--flow", "dis"], 2, "uses no optical flow"),
        (["--tracker", "flow", "--flow", "no_such"], 2, "neither a method of optical flow nor a folder"),
        (["--tracker", "lighttrack(matching=sgcn)"], 2, "pass --sgcn FILE"),
        (["--to", "no_such"], 2, "is not known"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, extra: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    results, truth = files(tmp_path, walkers(frames=2, people=1))
    out = tmp_path / "tracked.json"
    assert invoke(["track", results, "--gt", truth, "--out", str(out), *extra]) == status
    assert words in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_images_that_a_tracker_does_not_look_at_are_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, truth = files(tmp_path, walkers(frames=2, people=1))
    command = ["track", results, "--gt", truth, "--tracker", "sort", "--images", str(tmp_path)]
    assert invoke([*command, "--out", str(tmp_path / "tracked.json")]) == 0
    assert "--images is not used" in capsys.readouterr().err


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    results, truth = files(tmp_path, walkers(frames=2, people=1))
    out = tmp_path / "tracked.json"
    out.write_text("mine")
    assert invoke(["track", results, "--gt", truth, "--out", str(out)]) == 2
    assert out.read_text() == "mine"


def test_images_give_the_flow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("cv2", "this test", "flow")
    scene = walkers(frames=3, people=1, step=6.0)
    scene.shown[2] = False
    results, truth = files(tmp_path, scene)
    noise = np.random.default_rng(1).random((90, 160))
    texture = np.kron(noise, np.ones((8, 8))) * 255
    given = tmp_path / "frames"
    folder = given / "deep"  # any sub-folder will do
    folder.mkdir(parents=True)
    for t in range(3):
        picture = np.repeat(np.roll(texture, 6 * t, axis=1).astype(np.uint8)[:, :, None], 3, axis=2)
        Image.fromarray(picture).save(folder / f"{t:06d}.png")
        (folder / f"{t:06d}.png").rename(folder / f"{t:06d}.jpg")
    out = tmp_path / "tracked.json"
    command = ["track", results, "--gt", truth, "--tracker", "flow", "--images", str(given)]
    assert invoke([*command, "--out", str(out)]) == 0
    assert "images: 3 frames, each with one in " in capsys.readouterr().err
    added = rows(out)[-1]
    assert len(rows(out)) == 3
    moved = np.array(added["keypoints"]).reshape(17, 3)[:, :2]
    assert np.abs(moved - scene.xy[2, 0]).max() < 1.5


def test_the_list_of_trackers_can_be_pasted_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["list", "trackers"]) == 0
    names = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert [str(tracking.parse(name)) for name in names] == names
    assert len(names) == len(tracking.names())


def test_posetrack_predictions_go_in_and_come_out_scored(tmp_path: Path) -> None:
    case = ROOT / "posetrack/ordinary_18"
    out = tmp_path / "tracked"
    given, truth = str(case / "pred"), str(case / "gt")
    assert (
        invoke(["track", given, "--gt", truth, "--tracker", "hungarian(memory=10)", "--out", str(out), "-q"])
        == 0
    )
    before, after = (score(case / "gt", path) for path in (given, out))
    assert after.summary["AP"] == before.summary["AP"]  # which knows nothing of identities
    assert after.summary["MOTA"] != before.summary["MOTA"]


@pytest.mark.parametrize("target", ["mmpose", "mediapipe"])
def test_a_format_without_tracks_is_refused(
    tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    results, truth = files(tmp_path, walkers(frames=3, people=2))
    out = tmp_path / "out"
    assert invoke(["track", results, "--gt", truth, "--to", target, "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert f"format {target}: holds no tracks, so they would be lost [P171]" in told
    assert not out.exists()
    able = told.split("a format that does: ")[1].split("\n")[0].split(", ")
    assert {"coco", "openpose", "posetrack18"} <= set(able)
    assert target not in able
    assert invoke(["track", results, "--gt", truth, "--to", "coco", "--out", str(out)]) == 0
