"""Files of forms that poseval only reads, made from a pose set: by name, the content of each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import PoseSet
from poseval.poses.frame_names import named, stem
from poseval.skeletons import get_skeleton

Files = dict[str, bytes]


def people(poses: PoseSet) -> Iterator[tuple[int, str, list[int]]]:
    """Place, name and the people's rows of each frame."""
    for at, name in enumerate(named(poses.frames)):
        yield at, name, np.flatnonzero(poses.people.frame == at).tolist()


def flat(poses: PoseSet, row: int) -> list[float]:
    """x, y, confidence of each joint."""
    score = poses.people.joint_score[row]
    seen = poses.people.seen[row] > 0
    xy = np.where(seen[:, None], poses.people.xy[row], 0.0)
    return np.concatenate([xy, np.where(seen, score, 0.0)[:, None]], axis=1).ravel().tolist()


def _json(node: Any) -> bytes:
    return json.dumps(node).encode()


def gathered(poses: PoseSet) -> Files:
    """The lists of all processes in one, the first of them empty."""
    parts = [json.loads(content) for content in by_process(poses).values()]
    return {
        "gathered.json": _json([[], *(part["results"] if isinstance(part, dict) else part for part in parts)])
    }


def gathered_lines(poses: PoseSet) -> Files:
    lists = json.loads(gathered(poses)["gathered.json"])
    return {"gathered.jsonl": b"\n".join(map(_json, lists))}


def keyed_by_image(poses: PoseSet) -> Files:
    """Results by the id of their image, which they do not name themselves."""
    keyed: dict[str, list[dict[str, Any]]] = {}
    for rows in json.loads(gathered(poses)["gathered.json"]):
        for row in rows:
            keyed.setdefault(str(row.pop("image_id")), []).append(row)
    return {"by_image.json": _json(keyed)}


def poseflow(poses: PoseSet) -> Files:
    node = {
        name: [
            {"keypoints": flat(poses, row), "scores": float(poses.people.score[row]), "idx": nth + 1}
            for nth, row in enumerate(rows)
        ]
        for _, name, rows in people(poses)
    }
    return {"alphapose-results-forvis-tracked.json": _json(node)}


def _pifpaf(poses: PoseSet, rows: list[int]) -> list[dict[str, Any]]:
    return [
        {"keypoints": flat(poses, row), "bbox": [1.0, 2.0, 30.0, 40.0], "category_id": 1,
         "score": float(poses.people.score[row])}
        for row in rows
    ]  # fmt: skip


def openpifpaf(poses: PoseSet) -> Files:
    return {f"{name}.predictions.json": _json(_pifpaf(poses, rows)) for _, name, rows in people(poses)}


def openpifpaf_lines(poses: PoseSet) -> Files:
    lines = [{"frame": at, "predictions": _pifpaf(poses, rows)} for at, _, rows in people(poses)]
    return {"video.openpifpaf.json": b"\n".join(map(_json, lines)) + b"\n"}


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
    return {"results.json": _json(node)}


def easy_vitpose(poses: PoseSet) -> Files:
    frames = [
        {
            str(nth): np.reshape(flat(poses, row), (-1, 3))[:, [1, 0, 2]].tolist()
            for nth, row in enumerate(rows)
        }
        for _, _, rows in people(poses)
    ]
    skeleton = {str(at): name for at, name in enumerate(poses.skeleton.joints)}
    return {"video_result.json": _json({"keypoints": frames, "skeleton": skeleton})}


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
    return {"rank0.json": _json(lists[0]), "rank1.json": _json({"results": lists[1]}), "rank2.json": b"[]"}


def by_image(poses: PoseSet) -> Files:
    """The image's name is the file's alone."""
    return {f"preds/{stem(name)}.json": _json(_results(poses, rows)) for _, name, rows in people(poses)}


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
    return {"video_superanimal_before_adapt.json": _json(frames)}


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


def labelled(poses: PoseSet, row: int) -> Iterator[tuple[str, float, float, bool]]:
    """Name, place and whether it is hidden, of each labelled joint."""
    for at, name in enumerate(poses.skeleton.joints):
        if poses.people.seen[row, at]:
            x, y = poses.people.xy[row, at].tolist()
            yield name, x, y, bool(poses.people.seen[row, at] == 1)


def box(poses: PoseSet, row: int) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = poses.people.box[row].tolist()
    return x0, y0, x1, y1


def labelme(poses: PoseSet) -> Files:
    out = {}
    for at, name, rows in people(poses):
        width, height = poses.frames.size[at].tolist()
        shapes: list[dict[str, Any]] = []
        for row in rows:
            x0, y0, x1, y1 = box(poses, row)
            shapes.append(
                {
                    "label": "person",
                    "points": [[x1, y1], [x0, y0]],
                    "group_id": row,
                    "shape_type": "rectangle",
                }
            )
            shapes += [
                {
                    "label": joint,
                    "points": [[x, y]],
                    "group_id": row,
                    "shape_type": "point",
                    "flags": {"occluded": h},
                }
                for joint, x, y, h in labelled(poses, row)
            ]
        shapes.append({"label": "sky", "points": [[1, 1], [2, 2], [3, 1]], "shape_type": "polygon"})
        size = {"imageHeight": height, "imageWidth": width}
        node = {"shapes": shapes, "imagePath": f"..\\img\\{name}", "imageData": None, **size}
        out[f"{stem(name)}.json"] = _json(node)
    return out


def _regions(poses: PoseSet, rows: list[int]) -> list[dict[str, Any]]:
    return [
        {
            "shape_attributes": {"name": "point", "cx": x, "cy": y},
            "region_attributes": {"joint": joint, "person": str(row)},
        }
        for row in rows
        for joint, x, y, _ in labelled(poses, row)
    ]


def via_project(poses: PoseSet) -> Files:
    images = {
        f"{name}123": {"filename": name, "size": 123, "regions": _regions(poses, rows), "file_attributes": {}}
        for _, name, rows in people(poses)
    }
    return {
        "via_project.json": _json({"_via_settings": {}, "_via_img_metadata": images, "_via_attributes": {}})
    }


def via_json(poses: PoseSet) -> Files:
    return {"via.json": _json(json.loads(via_project(poses)["via_project.json"])["_via_img_metadata"])}


def via_csv(poses: PoseSet) -> Files:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    header = (
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
    )
    writer.writerow(header.split(","))
    for _, name, rows in people(poses):
        regions = _regions(poses, rows)
        for at, region in enumerate(regions):
            parts = (json.dumps(region["shape_attributes"]), json.dumps(region["region_attributes"]))
            writer.writerow([name, 123, "{}", len(regions), at, *parts])
        if not regions:
            writer.writerow([name, 123, "{}", 0, 0, "{}", "{}"])
    return {"via.csv": target.getvalue().encode()}


def supervisely(poses: PoseSet) -> Files:
    ids = {name: f"id-{at}" for at, name in enumerate(poses.skeleton.joints)}
    nodes = {key: {"label": name, "loc": [0, 0]} for name, key in ids.items()}
    meta = {
        "classes": [{"title": "person", "shape": "graph", "geometry_config": {"nodes": nodes, "edges": []}}]
    }
    out = {"meta.json": _json(meta)}
    for at, name, rows in people(poses):
        width, height = poses.frames.size[at].tolist()
        objects = [
            {
                "classTitle": "person",
                "geometryType": "graph",
                "nodes": {
                    ids[joint]: {"loc": [x, y], "disabled": hidden}
                    for joint, x, y, hidden in labelled(poses, row)
                },
            }
            for row in rows
        ]
        out[f"ds/ann/{name}.json"] = _json({"size": {"width": width, "height": height}, "objects": objects})
    return out


def darwin(poses: PoseSet) -> Files:
    out = {}
    for at, name, rows in people(poses):
        width, height = poses.frames.size[at].tolist()
        annotations: list[dict[str, Any]] = [{"name": "sky", "polygon": {"paths": []}}]
        for row in rows:
            x0, y0, x1, y1 = box(poses, row)
            nodes = [
                {"name": joint, "x": x, "y": y, "occluded": hidden}
                for joint, x, y, hidden in labelled(poses, row)
            ]
            annotations.append(
                {"name": "person", "skeleton": {"nodes": nodes},
                 "bounding_box": {"x": x0, "y": y0, "w": x1 - x0, "h": y1 - y0}}
            )  # fmt: skip
        item = {"name": name, "path": "/", "slots": [{"slot_name": "0", "width": width, "height": height}]}
        out[f"{stem(name)}.json"] = _json({"version": "2.0", "item": item, "annotations": annotations})
    return out


def datumaro(poses: PoseSet, elements: bool = False) -> Files:
    joints = list(poses.skeleton.joints)
    labels = [
        {"name": name, "parent": parent}
        for name, parent in [("person", ""), *((j, "person") for j in joints)]
    ]
    categories = {"label": {"labels": labels}, "points": {"items": [{"label_id": 0, "labels": joints}]}}
    items = []
    for at, name, rows in people(poses):
        width, height = poses.frames.size[at].tolist()
        annotations: list[dict[str, Any]] = [{"id": 0, "type": "polygon", "label_id": 0}]
        for row in rows:
            x0, y0, x1, y1 = box(poses, row)
            there = {joint: (x, y, 1 if hidden else 2) for joint, x, y, hidden in labelled(poses, row)}
            skeleton: dict[str, Any] = {"id": row, "type": "skeleton", "label_id": 0, "group": row + 1}
            if elements:
                skeleton["elements"] = [
                    {
                        "type": "points",
                        "label_id": joints.index(joint) + 1,
                        "points": [x, y],
                        "visibility": [v],
                    }
                    for joint, (x, y, v) in there.items()
                ]
            else:
                skeleton["points"] = [n for joint in joints for n in there.get(joint, (0.0, 0.0, 0))]
            bbox = {"type": "bbox", "label_id": 0, "group": row + 1, "bbox": [x0, y0, x1 - x0, y1 - y0]}
            annotations += [skeleton, bbox]
        image = {"path": name, "size": [height, width]}
        items.append({"id": stem(name), "annotations": annotations, "image": image})
    return {"default.json": _json({"info": {}, "categories": categories, "items": items})}


def datumaro_elements(poses: PoseSet) -> Files:
    return datumaro(poses, elements=True)


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
