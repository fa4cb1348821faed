"""Files of forms that poseval only reads, made from a pose set: by name, the content of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import PoseSet
from poseval.poses.frame_names import stem
from poseval.skeletons import get_skeleton
from tests.datasets.annotation_forms import (
    darwin,
    datumaro,
    datumaro_elements,
    labelme,
    supervisely,
    via_csv,
    via_json,
    via_project,
)
from tests.datasets.form_files import Files, flat, json_bytes, people


def gathered(poses: PoseSet) -> Files:
    """The lists of all processes in one, the first of them empty."""
    parts = [json.loads(content) for content in by_process(poses).values()]
    return {
        "gathered.json": json_bytes(
            [[], *(part["results"] if isinstance(part, dict) else part for part in parts)]
        )
    }


def gathered_lines(poses: PoseSet) -> Files:
    lists = json.loads(gathered(poses)["gathered.json"])
    return {"gathered.jsonl": b"\n".join(map(json_bytes, lists))}


def keyed_by_image(poses: PoseSet) -> Files:
    """Results by the id of their image, which they do not name themselves."""
    keyed: dict[str, list[dict[str, Any]]] = {}
    for rows in json.loads(gathered(poses)["gathered.json"]):
        for row in rows:
            keyed.setdefault(str(row.pop("image_id")), []).append(row)
    return {"by_image.json": json_bytes(keyed)}


def poseflow(poses: PoseSet) -> Files:
    node = {
        name: [
            {"keypoints": flat(poses, row), "scores": float(poses.people.score[row]), "idx": nth + 1}
            for nth, row in enumerate(rows)
        ]
        for _, name, rows in people(poses)
    }
    return {"alphapose-results-forvis-tracked.json": json_bytes(node)}


def _pifpaf(poses: PoseSet, rows: list[int]) -> list[dict[str, Any]]:
    return [
        {"keypoints": flat(poses, row), "bbox": [1.0, 2.0, 30.0, 40.0], "category_id": 1,
         "score": float(poses.people.score[row])}
        for row in rows
    ]  # fmt: skip


def openpifpaf(poses: PoseSet) -> Files:
    return {f"{name}.predictions.json": json_bytes(_pifpaf(poses, rows)) for _, name, rows in people(poses)}


def openpifpaf_lines(poses: PoseSet) -> Files:
    lines = [{"frame": at, "predictions": _pifpaf(poses, rows)} for at, _, rows in people(poses)]
    return {"video.openpifpaf.json": b"\n".join(map(json_bytes, lines)) + b"\n"}


def huggingface(poses: PoseSet) -> Files:
    node = [
        [
            {
                "keypoints": np.reshape(flat(poses, row), (-1, 3))[:, :2].tolist(),
                "scores": flat(poses, row)[2::3],
                "labels": list(range(len(poses.skeleton))),
                "bbox": [1.0, 2.0, 31.0, 42.0],
            }
            for row in rows
        ]
        for _, _, rows in people(poses)
    ]
    return {"results.json": json_bytes(node)}


def easy_vitpose(poses: PoseSet) -> Files:
    frames = [
        {
            str(nth): np.reshape(flat(poses, row), (-1, 3))[:, [1, 0, 2]].tolist()
            for nth, row in enumerate(rows)
        }
        for _, _, rows in people(poses)
    ]
    skeleton = {str(at): name for at, name in enumerate(poses.skeleton.joints)}
    return {"video_result.json": json_bytes({"keypoints": frames, "skeleton": skeleton})}


def _results(poses: PoseSet, rows: list[int], **more: Any) -> list[dict[str, Any]]:
    return [
        {"category_id": 1, "keypoints": flat(poses, row), "score": float(poses.people.score[row]), **more}
        for row in rows
    ]


def by_process(poses: PoseSet) -> Files:
    """Two processes that took turns, a third that had no image."""
    lists: list[list[dict[str, Any]]] = [[], []]
    for at, _, rows in people(poses):
        lists[at % 2] += _results(poses, rows, image_id=int(poses.frames.key[at]))
    return {
        "rank0.json": json_bytes(lists[0]),
        "rank1.json": json_bytes({"results": lists[1]}),
        "rank2.json": b"[]",
    }


def by_image(poses: PoseSet) -> Files:
    """The image's name is the file's alone."""
    return {f"preds/{stem(name)}.json": json_bytes(_results(poses, rows)) for _, name, rows in people(poses)}


def superanimal(poses: PoseSet) -> Files:
    frames = []
    for _, _, rows in people(poses):
        points = [np.reshape(flat(poses, row), (-1, 3)).tolist() for row in rows]
        nobody = [[-1.0, -1.0, -1.0]] * len(
            poses.skeleton
        )  # DeepLabCut fills up to its number of individuals
        scores = [float(poses.people.score[row]) for row in rows]
        boxes = [[1.0, 2.0, 30.0, 40.0] for _ in rows]
        frames.append({"bodyparts": [*points, nobody], "bboxes": boxes, "bbox_scores": scores})
    return {"video_superanimal_before_adapt.json": json_bytes(frames)}


def sleap_csv(poses: PoseSet) -> Files:
    nodes = [f"{name}.{part}" for name in poses.skeleton.joints for part in ("x", "y", "score")]
    lines = [",".join(["track", "frame_idx", "instance.score", *nodes])]
    for at, _, rows in people(poses):
        for row in rows:
            cells = [repr(value) for value in flat(poses, row)]
            if np.isnan(poses.people.score[row]):
                cells[2::3] = [""] * len(cells[2::3])
                for joint in np.flatnonzero(poses.people.seen[row] == 0).tolist():
                    cells[3 * joint : 3 * joint + 2] = ["", ""]
            track = poses.people.track[row]
            name = f"track_{track}" if track >= 0 else ""
            score = "" if np.isnan(poses.people.score[row]) else repr(float(poses.people.score[row]))
            lines.append(",".join([name, str(at), score, *cells]))
    return {"video.analysis.csv": "\n".join([*lines, ""]).encode()}


def _mediapipe(poses: PoseSet) -> list[tuple[str, list[list[dict[str, float]]]]]:
    """Name and landmarks of the people of each frame, as the writer makes them."""
    with TemporaryDirectory() as folder:
        get_format("mediapipe").write(poses, Path(folder, "a.json"), WriteOptions(Role.PREDICTIONS))
        frames = json.loads(Path(folder, "a.json").read_text())
    return [(frame["image"], frame["pose_landmarks"]) for frame in frames]


def _table(header: list[str], rows: list[list[Any]]) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in [header, *rows]).encode() + b"\n"


def mediapipe_numbered(poses: PoseSet) -> Files:
    header = ["frame", *(f"{part}_{n}" for n in range(33) for part in ("x", "y", "z", "visibility")), "label"]
    rows = [
        [name, *(point[part] for point in person for part in ("x", "y", "z", "visibility")), "squat"]
        for name, listed in _mediapipe(poses)
        for person in listed
    ]
    return {"numbered.csv": _table(header, rows)}


def mediapipe_from_one(poses: PoseSet) -> Files:
    header = ["image", *(f"{part}{n}" for n in range(1, 34) for part in "xyzv")]
    rows = [
        [name, *(point[part] for point in person for part in ("x", "y", "z", "visibility"))]
        for name, listed in _mediapipe(poses)
        for person in listed
    ]
    return {"from_one.csv": _table(header, rows)}


def mediapipe_named(poses: PoseSet) -> Files:
    joints = get_skeleton("mediapipe33").joints
    header = [f"{joint.upper()}_{part}" for joint in joints for part in ("visibility", "x", "y")] + [
        "filename"
    ]
    rows = [
        [*(point[part] for point in person for part in ("visibility", "x", "y")), name]
        for name, listed in _mediapipe(poses)
        for person in listed
    ]
    return {"named.csv": _table(header, rows)}


def mediapipe_long(poses: PoseSet) -> Files:
    joints = get_skeleton("mediapipe33").joints
    rows = [
        [name, who, number, joints[number].upper(), point["x"], point["y"], point["z"], point["visibility"]]
        for name, listed in _mediapipe(poses)
        for who, person in enumerate(listed)
        for number, point in enumerate(person)
    ]
    header = ["frame_id", "person", "landmark_id", "landmark_name", "x", "y", "z", "visibility"]
    return {"long.csv": _table(header, rows)}


def _deeplabcut(poses: PoseSet) -> list[list[str]]:
    with TemporaryDirectory() as folder:
        get_format("deeplabcut").write(poses, Path(folder, "a.csv"), WriteOptions(Role.PREDICTIONS))
        return [line.split(",") for line in Path(folder, "a.csv").read_text().splitlines()]


def eks(poses: PoseSet) -> Files:
    """Each body part has further columns, as ensembles of Lightning Pose do."""
    rows = _deeplabcut(poses)
    wide = [
        [rows[0][0], *(cell for cell in row[1:] for _ in "ab")] if at < len(rows) else row
        for at, row in enumerate(rows)
    ]
    for row, made in zip(rows, wide, strict=True):
        made[0] = row[0]
        if row[0] == "coords":
            made[2::2] = [f"{cell}_ens_var" for cell in row[1:]]
    return {"eks.csv": "\n".join(",".join(row) for row in [*wide, []]).encode()}


# --- ground truth ---


def sleap_io_deeplabcut(poses: PoseSet) -> Files:
    """A column of likelihoods in which nothing stands."""
    seen = poses.people.seen
    scored = poses.people.with_columns(joint_score=np.where(seen > 0, 0.5, np.nan), score=np.ones(len(poses)))
    rows = _deeplabcut(replace(poses, people=scored))
    coords = next(row for row in rows if row[0] == "coords")
    for row in rows:
        if row[0] not in ("scorer", "individuals", "bodyparts", "coords"):
            row[1:] = [
                "" if name == "likelihood" else cell for name, cell in zip(coords[1:], row[1:], strict=True)
            ]
    return {"CollectedData.csv": "\n".join(",".join(row) for row in [*rows, []]).encode()}


Maker = Callable[[PoseSet], Files]


PREDICTED: dict[str, tuple[Maker, ...]] = {
    "coco-parts": (by_process, by_image, gathered, gathered_lines, keyed_by_image),
    "poseflow": (poseflow,),
    "openpifpaf": (openpifpaf, openpifpaf_lines),
    "huggingface": (huggingface,),
    "easy-vitpose": (easy_vitpose,),
    "superanimal": (superanimal,),
    "sleap-csv": (sleap_csv,),
    "mediapipe": (mediapipe_numbered, mediapipe_from_one, mediapipe_named, mediapipe_long),
    "deeplabcut": (eks,),
}


TRUTHS: dict[str, tuple[Maker, ...]] = {
    "labelme": (labelme,),
    "via": (via_csv, via_json, via_project),
    "supervisely": (supervisely,),
    "darwin": (darwin,),
    "datumaro": (datumaro, datumaro_elements),
    "sleap-csv": (sleap_csv,),
    "deeplabcut": (sleap_io_deeplabcut,),
}
