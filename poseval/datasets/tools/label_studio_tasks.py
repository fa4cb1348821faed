"""People from Label Studio's tasks: which regions are people, and which tasks were never annotated."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from poseval.datasets.assembly import frames_of, in_order_of_names, mean_score, pose_set, skeleton_of_set
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.containers.unread import Known
from poseval.datasets.containers.xml import parse
from poseval.datasets.files.document import Document
from poseval.errors import Faults, LimitError, number_of, shown
from poseval.limits import to_raise
from poseval.poses import Array, Notice, Origin, PoseSet
from poseval.poses.frame_names import natural
from poseval.skeletons import Skeleton, match_names, skeleton_from_names

KEYS = {Role.TRUTH: "annotations", Role.PREDICTIONS: "predictions"}
IMAGE_KEYS = ("image", "img", "video", "url")
CONFIGURATION = ".config.xml"  # what lies beside `out.json` where poseval wrote it
PERSON = "person"
RECTANGLE, KEYPOINT, RELATION = "rectanglelabels", "keypointlabels", "relation"
MOST_FRAME = 10**12
NUMBERS, LARGE = frozenset({int, float}), 1e12  # types of coordinates, and what none reaches


def known(role: Role) -> Known:
    """The keys of an export that are read in this role."""
    result = f"[].{KEYS[role]}[].result[]"
    value = ("x", "y", "width", "height", KEYPOINT, RECTANGLE)
    own = ("id", "type", "parentID", "from_id", "to_id", "original_width", "original_height", "score")
    return Known(
        "[].id",
        *(f"[].data.{key}" for key in IMAGE_KEYS),
        *(f"[].meta.video.{key}" for key in ("filename", "frame_idx", "shape")),
        f"[].{KEYS[role]}[].was_cancelled",
        *(f"{result}.{key}" for key in own),
        *(f"{result}.value.{key}" for key in value),
    )


@dataclass
class Person:
    """Joints and box of one region, in pixels; `label` is the region's, empty where there is none."""

    frame: int
    label: str = ""
    joints: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    box: tuple[float, float, float, float] | None = None
    score: float = float("nan")


@dataclass
class _Frame:
    """What a task shows: its image, or a frame of a video; and whether anybody annotated it."""

    name: str
    video: str = ""
    number: int = -1
    size: tuple[float, float] = (np.nan, np.nan)
    labelled: bool = False


class Reader:
    """Collects the people of all tasks."""

    def __init__(self, document: Document, faults: Faults, role: Role) -> None:
        self.document, self.faults, self.role = document, faults, role
        self.where = document.name
        self.frames: list[_Frame] = []
        self.people: list[Person] = []
        self.joints: set[str] = set()
        self.further = 0
        self.other: Counter[tuple[str, str]] = Counter()

    def task(self, task: dict[str, Any], at: int) -> None:
        """People of one task: of its first annotation or prediction that was not cancelled."""
        where = f"{self.where}: [{at}]"
        frame = _frame(task, at)
        self.frames.append(frame)
        given = task.get(KEYS[self.role]) or []
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            self.faults.add("P203", where=f"{where}.{KEYS[self.role]}", what="is not a list of objects")
            return
        kept = [one for one in given if not one.get("was_cancelled")]
        # Predictions that find nobody are predictions; a task without annotations was never looked at.
        frame.labelled = bool(kept) or self.role is Role.PREDICTIONS
        self.further += max(len(kept) - 1, 0)
        for one in kept[:1]:
            results = one.get("result")
            if not isinstance(results, list) or not all(isinstance(item, dict) for item in results):
                self.faults.add("P203", where=f"{where}.result", what="is not a list of objects")
                return
            self._results(results, where)

    def _results(self, results: list[dict[str, Any]], where: str) -> None:
        people: dict[str, Person] = {}
        related = _related(results)
        frame = self.frames[-1]
        for number, item in enumerate(results):
            place = f"{where}.result[{number}]"
            kind, value = item.get("type"), item.get("value")
            if kind not in (KEYPOINT, RECTANGLE) or not isinstance(value, dict):
                if kind != RELATION:
                    self.other["result", f"of type {shown(kind, 40)}"] += 1
                continue
            found = self._pixels(item, value, place)
            if found is None:
                continue
            frame.size, (x, y, w, h) = found
            if kind == RECTANGLE:
                person = people.setdefault(str(item.get("id", "")), Person(len(self.frames) - 1))
                person.label = _first_text(value.get(RECTANGLE))
                person.box = (x, y, x + w, y + h)
                person.score = _score(item)
                continue
            label = _first_text(value.get(KEYPOINT))
            if not label:
                self.faults.add("P206", where=place, what="has no keypointlabels")
                continue
            owner = str(item.get("parentID") or related.get(str(item.get("id")), ""))
            person = people.setdefault(owner, Person(len(self.frames) - 1))
            if label in person.joints:
                self.faults.add(
                    "P205",
                    where=place,
                    what=f"has the label {shown(label, 30)!r} a second time",
                    wanted="each joint once in a region",
                    hint="group the keypoints of a person under a region (parentID)",
                )
                continue
            self.joints.add(label)
            person.joints[label] = (x, y, _score(item))
        self.people += [person for person in people.values() if person.joints or person.box]

    def _pixels(
        self, item: dict[str, Any], value: dict[str, Any], place: str
    ) -> tuple[tuple[float, float], tuple[float, float, float, float]] | None:
        """Size of the image, and x, y, width and height in pixels; None with a fault."""
        size: Any = (item.get("original_width"), item.get("original_height"))
        shares: Any = (value.get("x"), value.get("y"), value.get("width", 0), value.get("height", 0))
        numbers = (*size, *shares)
        usual = NUMBERS.issuperset(map(type, numbers)) and sum(map(abs, numbers)) < LARGE
        if not (usual or all(map(_finite, numbers))) or min(size) <= 0:
            self.faults.add(
                "P203",
                where=place,
                what="has no image size, or a coordinate that is not a number",
                wanted="original_width, original_height, and x, y in percent",
            )
            return None
        x, y, w, h = (share or 0 for share in shares)  # no minus zero
        width, height = map(float, size)
        return (width, height), (x * width / 100, y * height / 100, w * width / 100, h * height / 100)

    def assembled(self, options: ReadOptions, origin: Origin, declared: Sequence[str]) -> PoseSet:
        """The pose set of what was collected, its joints in the order of those `declared`."""
        joints = self.joints | set(declared) or {"point"}
        if len(joints) > options.limits.joints:
            raise LimitError(
                "P502",
                where=self.where,
                what=f"has {len(joints):,} joints",
                wanted=f"at most {options.limits.joints:,}",
                hint=to_raise("joints", len(joints)),
            )
        people = self._persons()
        guess = _skeleton(joints, declared, options)
        given = declared or guess in (options.skeleton, options.truth.skeleton if options.truth else None)
        columns = _columns(people, guess)
        if options.role is Role.PREDICTIONS:
            own = np.asarray([person.score for person in people])
            columns["score"] = np.where(
                np.isnan(own), mean_score(columns["joint_score"], columns["seen"]), own
            )
        else:
            del columns["joint_score"]
        kinds = _kinds(people, options)
        ids = {name: number for number, name in kinds.items()}
        columns["category"] = np.asarray([ids[person.label or PERSON] for person in people], dtype=np.int64)
        frames = frames_of(
            _names(self.frames),
            options.limits,
            self.where,
            np.asarray([frame.size for frame in self.frames]).reshape(-1, 2),
            labelled=[frame.labelled for frame in self.frames],
        )
        row_of = np.asarray([person.frame for person in people], dtype=np.int64)
        notices = (*self._notices(), *([] if given else in_order_of_names(self.where, guess, self.joints)))
        origin = Origin(origin.path, origin.sha256, origin.format, origin.records, notices)
        return pose_set(guess, frames, row_of, columns, origin, options.limits, kinds)

    def _persons(self) -> list[Person]:
        """Without regions whose label never has keypoints: a car is not a person without joints."""
        own = {person.label for person in self.people if person.joints}
        kept = [person for person in self.people if person.label in own]
        for person in self.people:
            if person.label not in own:
                self.other["rectangle", f"of the label {shown(person.label, 40)}"] += 1
        return kept

    def _notices(self) -> list[Notice]:
        out = []
        if self.further:
            again = number_of(self.further, "further annotation")
            text = f"{self.where}: not read: {again} of the same images"
            out.append(Notice("N510", text, self.further))
            self.document.unread["further annotations"] += self.further
        for (noun, which), count in self.other.items():
            text = f"{self.where}: {number_of(count, noun)} {which} without joints, not read"
            out.append(Notice("N509", text, count))
            self.document.unread[f"{noun}s {which}"] += count
        return out


def _columns(people: Sequence[Person], skeleton: Skeleton) -> dict[str, Array]:
    place = {name: at for at, name in enumerate(skeleton.joints)}
    count = len(people)
    xy = np.full((count, len(skeleton), 2), np.nan)
    score = np.full((count, len(skeleton)), np.nan)
    box = np.full((count, 4), np.nan)
    for row, person in enumerate(people):
        for name, (x, y, confidence) in person.joints.items():
            xy[row, place[name]] = x, y
            score[row, place[name]] = confidence
        if person.box is not None:
            box[row] = person.box
    seen = np.where(np.isfinite(xy).all(axis=2), 2, 0).astype(np.int8)
    return {"xy": xy, "seen": seen, "box": box, "joint_score": score}


def _kinds(people: Sequence[Person], options: ReadOptions) -> dict[int, str]:
    """Category ids of the labels of regions: those of the ground truth if it has them all, else by name."""
    labels = sorted({person.label or PERSON for person in people}, key=natural) or [PERSON]
    truth = options.truth
    if truth is not None:
        own = set(truth.categories.values())
        if set(labels) <= own:
            return dict(truth.categories)
        if len(labels) == len(own) == 1:
            return {next(iter(truth.categories)): labels[0]}
    return dict(enumerate(labels, 1))


def declared_joints(document: Document) -> list[str]:
    """Joints of the labelling configuration beside an export, in their order; none where there is none.

    Raises:
        FormatError, LimitError: the file of that name is not XML.
    """
    path = Path(document.path).with_suffix(CONFIGURATION)
    if not os.path.isfile(path):
        return []
    out: list[str] = []
    waiting = [parse(Document.open(path, document.limits))]
    while waiting:
        node = waiting.pop(0)
        if node.name == "KeyPointLabels":
            out += [child.attributes.get("value", "") for child in node.all("Label")]
        waiting += node.children
    return [name for name in dict.fromkeys(out) if name]


def _skeleton(joints: set[str], declared: Sequence[str], options: ReadOptions) -> Skeleton:
    """As asked, as in the ground truth, else these joints in any order: an export lists no labels."""
    guess = options.truth.skeleton if options.truth is not None else None
    if options.skeleton is not None:
        guess = options.skeleton
    if guess is not None and set(joints) <= set(guess.joints):
        return guess
    if declared:
        listed = [*declared, *sorted(joints.difference(declared), key=natural)]
        return match_names(listed) or skeleton_from_names(listed)
    return skeleton_of_set(joints)


def _related(results: list[dict[str, Any]]) -> dict[str, str]:
    """Keypoint -> the rectangle that a relation ties it to, whichever of them it starts from."""
    boxes = {str(item.get("id")) for item in results if item.get("type") == RECTANGLE}
    out = {}
    for item in results:
        if item.get("type") == RELATION:
            ends = (str(item.get("from_id")), str(item.get("to_id")))
            for one, other in (ends, ends[::-1]):
                if other in boxes and one not in boxes:
                    out[one] = other
    return out


def _frame(task: dict[str, Any], at: int) -> _Frame:
    """The image that a task names; or the frame of a video, where its description says which."""
    data, meta = task.get("data"), task.get("meta")
    name = _image(data if isinstance(data, dict) else {}) or str(task.get("id", at))
    video = meta.get("video") if isinstance(meta, dict) else None
    if not isinstance(video, dict) or type(video.get("frame_idx")) is not int:
        return _Frame(name)
    number = video["frame_idx"]
    if not 0 <= number < MOST_FRAME:
        return _Frame(name)
    shape = video.get("shape")
    sizes = shape[1:3] if isinstance(shape, list) and len(shape) == 4 else ()
    size = (float(sizes[1]), float(sizes[0])) if len(sizes) == 2 and all(map(_finite, sizes)) else None
    title = video.get("filename")
    frame = _Frame(name, title if isinstance(title, str) and title else name, number)
    if size is not None and min(size) > 0:
        frame.size = size
    return frame


def _names(frames: Sequence[_Frame]) -> list[str]:
    """Names of images; numbers of the frames of a video, below its name where there are several."""
    several = len({frame.video for frame in frames}) > 1
    return [
        frame.name if frame.number < 0 else f"{frame.video}/{frame.number}" if several else str(frame.number)
        for frame in frames
    ]


def _image(data: dict[str, Any]) -> str | None:
    """The image's path: without the address in front, and without the random prefix of an upload."""
    value = next((data[key] for key in IMAGE_KEYS if isinstance(data.get(key), str)), None)
    if value is None:
        return None
    path = unquote(str(value)).split("?d=")[-1].split("://", 1)[-1]
    if path.startswith("/data/upload/"):
        path = path.rsplit("/", 1)[-1]
        head, dash, rest = path.partition("-")
        if dash and len(head) == 8:
            path = rest
    return path.lstrip("/") or None


def _first_text(labels: Any) -> str:
    return labels[0] if isinstance(labels, list) and labels and isinstance(labels[0], str) else ""


def _finite(value: Any) -> bool:
    return type(value) in NUMBERS and abs(value) < LARGE


def _score(item: dict[str, Any]) -> float:
    score = item.get("score")
    return float(score) if _finite(score) else float("nan")  # type: ignore[arg-type]
