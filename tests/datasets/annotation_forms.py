"""Files of annotation tools that poseval only reads, made from a pose set."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from poseval.poses import PoseSet
from poseval.poses.frame_names import stem
from tests.datasets.form_files import Files, json_bytes, people


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
        out[f"{stem(name)}.json"] = json_bytes(node)
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
        "via_project.json": json_bytes(
            {"_via_settings": {}, "_via_img_metadata": images, "_via_attributes": {}}
        )
    }


def via_json(poses: PoseSet) -> Files:
    return {"via.json": json_bytes(json.loads(via_project(poses)["via_project.json"])["_via_img_metadata"])}


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
    out = {"meta.json": json_bytes(meta)}
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
        out[f"ds/ann/{name}.json"] = json_bytes(
            {"size": {"width": width, "height": height}, "objects": objects}
        )
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
        out[f"{stem(name)}.json"] = json_bytes({"version": "2.0", "item": item, "annotations": annotations})
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
    return {"default.json": json_bytes({"info": {}, "categories": categories, "items": items})}


def datumaro_elements(poses: PoseSet) -> Files:
    return datumaro(poses, elements=True)
