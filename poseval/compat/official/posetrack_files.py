"""PoseTrack's files in plain Python: the form of 2017, and that of 2018 and 2021, to videos of people.

Source of the rules: leonid-pishchulin/poseval 4258a15 (convert.py, eval_helpers.py). Joints have the places
that poseval gives them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from poseval.compat.official.base import CannotCheck, from_json

JOINTS = ("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist",
          "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "head_bottom", "nose",
          "head_top")  # fmt: skip
SEVENTEEN = ("nose", "head_bottom", "head_top", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
             "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee",
             "right_knee", "left_ankle", "right_ankle")  # fmt: skip
HEAD_SHARE = 0.6  # of the head box's diagonal

Point = tuple[float, float]


@dataclass
class Person:
    """Joints by their place, scores of those that have one, the head's size, and who it is.

    `box` holds corners; NaN where the file has none.
    """

    joints: dict[int, Point]
    scores: dict[int, float]
    head: float
    track: int | None
    identity: int | None = None
    listed: bool = True  # whether the file has a list of points for it
    box: tuple[float, ...] = (math.nan,) * 4
    area: float = math.nan  # where the file has one


@dataclass
class Frame:
    """One frame of one side; polygons are lists of vertices."""

    name: str
    labelled: bool
    people: list[Person]
    ignored: list[list[Point]] = field(default_factory=list)
    whole: bool = False  # whether all numbers of its keypoints are written as integers


@dataclass
class Video:
    """Both sides of a sequence, frame by frame."""

    name: str
    frames: list[tuple[Frame, Frame]]


def videos(truth: str, predictions: str) -> list[Video]:
    """Every sequence of the ground truth in the order of file names, with its predictions by position.

    Raises:
        CannotCheck: files or frames do not correspond one to one, which poseval stops at.
    """
    ours, theirs = _files(truth), _files(predictions)
    if len(ours) == len(theirs) == 1:
        theirs = dict(zip(ours, theirs.values(), strict=True))
    out = []
    for name, path in ours.items():
        if name not in theirs:
            raise CannotCheck(f"{name} has no predictions of the same name")
        a, b = _frames(path), _frames(theirs[name])
        if len(a) != len(b):
            raise CannotCheck(f"{name} has {len(a)} frames, its predictions {len(b)}")
        if any(
            x.name != y.name and x.name.split()[0] == y.name.split()[0] for x, y in zip(a, b, strict=True)
        ):
            raise CannotCheck(f"{name}: frames are in another order, but the program pairs them by position")
        out.append(Video(name, list(zip(a, b, strict=True))))
    return out


def _files(path: str) -> dict[str, Path]:
    place = Path(path)
    found = [place] if place.is_file() else sorted(place.glob("*.json")) + sorted(place.glob("*.json.gz"))
    return {file.name.removesuffix(".gz"): file for file in sorted(found)}


def _frames(path: Path) -> list[Frame]:
    data = from_json(path)
    if isinstance(data, dict) and "annolist" in data:
        return [_frame17(entry) for entry in data["annolist"]]
    if isinstance(data, dict) and "images" in data and "annotations" in data:
        return _frames18(data)
    raise CannotCheck(f"{path.name} is not a PoseTrack file")


def _first(value: Any) -> Any:
    """A value of the form of 2017, where each is a list of one item."""
    return value[0] if isinstance(value, list) and value else value


def _frame17(entry: dict[str, Any]) -> Frame:
    image = _first(entry["image"])
    name = _first(image["name"]) if isinstance(image, dict) else str(image)
    regions = [
        [(float(_first(p["x"])), float(_first(p["y"]))) for p in region["point"]]
        for region in entry.get("ignore_regions", ())
        if isinstance(region, dict) and region.get("point")
    ]
    people = [_person17(record) for record in entry.get("annorect", ()) if isinstance(record, dict)]
    return Frame(f"file {_stem(name)}", bool(_first(entry.get("is_labeled", [1]))), people, regions)


def _person17(record: dict[str, Any]) -> Person:
    joints: dict[int, Point] = {}
    scores: dict[int, float] = {}
    points = _first(record.get("annopoints") or [{}])
    listed = isinstance(points, dict) and "point" in points
    for point in points["point"] if listed else ():
        place = int(_first(point["id"]))
        if place not in joints and 0 <= place < len(JOINTS):
            joints[place] = (float(_first(point["x"])), float(_first(point["y"])))
            if point.get("score") not in (None, []):
                scores[place] = float(_first(point["score"]))
    corners = [_first(record[key]) if record.get(key) not in (None, []) else math.nan for key in
               ("x1", "y1", "x2", "y2")]  # fmt: skip
    track = _first(record["track_id"]) if record.get("track_id") not in (None, []) else None
    return Person(joints, scores, _head(*map(float, corners)), None if track is None else int(track),
                  listed=listed)  # fmt: skip


def _head(x1: float, y1: float, x2: float, y2: float) -> float:
    return HEAD_SHARE * math.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2)


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].split(".")[0]


def _frames18(data: dict[str, Any]) -> list[Frame]:
    names = _names(data)
    frames: list[Frame] = []
    places: dict[Any, Frame] = {}
    whole: dict[Any, bool] = {}
    for image in data["images"]:
        polygons = zip(image.get("ignore_regions_x") or (), image.get("ignore_regions_y") or (), strict=True)
        regions = [list(zip(map(float, x), map(float, y), strict=True)) for x, y in polygons]
        frame = Frame(f"id {image['id']}", bool(image.get("is_labeled", True)), [],
                      [region for region in regions if len(region) > 2])  # fmt: skip
        frames.append(frame)
        places[image["id"]] = frame
    for record in data["annotations"]:
        frame = places[record["image_id"]]
        frame.people.append(_person18(record, names))
        integers = all(isinstance(number, int) for number in record["keypoints"])
        whole[record["image_id"]] = whole.get(record["image_id"], True) and integers
    for key, value in whole.items():
        places[key].whole = value
    return frames


def _names(data: dict[str, Any]) -> Sequence[str]:
    categories = data.get("categories") or [{}]
    names = categories[0].get("keypoints", SEVENTEEN)
    return ["head_bottom" if name == "neck" else name for name in names]


def _person18(record: dict[str, Any], names: Sequence[str]) -> Person:
    numbers, given = record["keypoints"], record.get("scores") or ()
    joints: dict[int, Point] = {}
    scores: dict[int, float] = {}
    for place, name in enumerate(names):
        x, y, visible = numbers[3 * place : 3 * place + 3]
        if name in JOINTS and (x or y or visible):
            joints[JOINTS.index(name)] = (float(x), float(y))
            if given:
                scores[JOINTS.index(name)] = float(given[place])
    box = record.get("bbox_head")
    head = _head(box[0], box[1], box[0] + box[2], box[1] + box[3]) if box else math.nan
    x, y, w, h = record["bbox"] if record.get("bbox") else (math.nan,) * 4
    return Person(joints, scores, head, record.get("track_id"), record.get("person_id"),
                  box=(x, y, x + w, y + h))  # fmt: skip


def without_ignored(frame: Frame, regions: Sequence[Sequence[Point]], drop_empty: bool) -> Frame:
    """A frame without the joints that lie strictly inside a polygon, and without people left empty."""
    people = []
    for person in frame.people:
        kept = {j: p for j, p in person.joints.items() if not any(strictly_inside(p, r) for r in regions)}
        if kept or not drop_empty:
            people.append(replace(person, joints=kept))
    return Frame(frame.name, frame.labelled, people, frame.ignored, frame.whole)


def strictly_inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Even-odd rule; a point on the boundary is outside."""
    x, y = point
    inside = False
    for (x0, y0), (x1, y1) in _edges(polygon):
        cross = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        if cross == 0 and min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1):
            return False
        if (y0 > y) != (y1 > y) and (cross > 0) == (y1 > y0):
            inside = not inside
    return inside


def _edges(polygon: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    for index, vertex in enumerate(polygon):
        yield polygon[index - 1], vertex
