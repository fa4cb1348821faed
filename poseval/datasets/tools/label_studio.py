"""Label Studio JSON: tasks with keypoint labels in per cent of the image.

Source: Label Studio's documentation of its JSON export: a list of tasks, each with `data` (whose first text
names the image), `annotations` and `predictions`, both lists of `{"result": [...]}`. A result of type
`keypointlabels` has `value` with `x`, `y`, `width` in per cent and `keypointlabels` [name],
`original_width`, `original_height`, and belongs to a region by `parentID` or by a result of type `relation`;
a person is the keypoints of one region, or all that have none. A `rectanglelabels` region is a person's box.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import numpy as np

from poseval.datasets.assembly import boxes_or_extents, by_image, frames_of, mean_score, pose_set, sized
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import losses_of
from poseval.datasets.files.source import Source
from poseval.errors import Faults, FormatError, InputError, shown
from poseval.files.writing import require_free, write_atomically
from poseval.poses import Array, Notice, Origin, PoseSet
from poseval.skeletons import match_names, skeleton_from_names

KEYS = {Role.TRUTH: "annotations", Role.PREDICTIONS: "predictions"}
IMAGE_KEYS = ("image", "img", "video", "url")


@dataclass
class Person:
    """Joints and box of one region, in pixels."""

    frame: int
    joints: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    box: tuple[float, float, float, float] | None = None
    score: float = float("nan")


class LabelStudio(Dataset):
    """A list of tasks."""

    name: ClassVar[str] = "label-studio"
    title: ClassVar[str] = "Label Studio JSON (keypoint labels in percent)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    normalised: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "frame names",
            "joint names",
            "joint scores",
            "scores",
            "boxes",
            "empty frames",
            "sequences",
        }
    )
    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {Role.TRUTH: frozenset({"joint scores", "scores"})}

    def sniff(self, source: Source, role: Role) -> float:
        """By `data` and `annotations` or `predictions` in the first task."""
        if source.is_folder or not source.document.is_json:
            return 0.0
        try:
            outline = source.document.outline
        except InputError:
            return 0.0
        keys = outline.by_key()
        if outline.kind != "array" or "data" not in keys:
            return 0.0
        own = keys.get(KEYS[role])
        if own is None:
            return 0.3 if "annotations" in keys or "predictions" in keys else 0.0
        return 0.9 if own.items or role is Role.TRUTH else 0.4

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """One person per parent region, or per result list where keypoints have none.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        document = source.document
        tasks = document.tree(document.outline.start, len(document.data))
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise FormatError(
                "P270", where=document.name, what="is not a list of tasks", wanted="Label Studio's export"
            )
        faults = Faults()
        reader = _Reader(document.name, faults, options.role)
        for at, task in enumerate(tasks):
            reader.task(task, at)
        faults.raise_if_any()
        return reader.assembled(options, Origin(document.path, document.sha256, self.name, len(tasks)))

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """A list of tasks, whose images are files that Label Studio serves, and its labelling configuration.

        The configuration is `out.config.xml` beside `out.json`: without its tags, Label Studio shows nothing.

        Raises:
            UsageError: P131 a file exists, P137 one cannot be written, P174 images of unknown size.
        """
        from poseval.datasets.tools.label_studio_write import configuration, configuration_path, tasks

        poses = by_image(poses)
        poses = sized(poses, options.truth, "Label Studio's coordinates are percentages of it")
        losses = losses_of(poses, self.holds_as(options.role))
        box, boxless = boxes_or_extents(poses)
        losses.make("boxes computed from the joints", boxless)
        text = json.dumps(list(tasks(poses, box, options.role)), allow_nan=False)
        if path.exists() and not path.is_file():  # a pipe, which has no neighbour
            write_atomically(path, text.encode(), options.force)
            losses.miss("labelling configuration (the output is no file)", 1)
            return losses
        beside = configuration_path(path)
        require_free(beside, options.force)
        write_atomically(path, text.encode(), options.force)
        write_atomically(beside, configuration(poses).encode("utf-8", "xmlcharrefreplace"), options.force)
        losses.make("labelling configuration next to it (.config.xml)", 1)
        return losses


class _Reader:
    """Collects the people of all tasks."""

    def __init__(self, where: str, faults: Faults, role: Role) -> None:
        self.where, self.faults, self.role = where, faults, role
        self.names: list[str] = []
        self.sizes: list[tuple[float, float]] = []
        self.people: list[Person] = []
        self.order: dict[str, None] = {}
        self.other = 0

    def task(self, task: dict[str, Any], at: int) -> None:
        """People of one task: of its first annotation or prediction that was not cancelled."""
        where = f"{self.where}: [{at}]"
        data = task.get("data")
        name = _image(data if isinstance(data, dict) else {}) or str(task.get("id", at))
        frame = len(self.names)
        self.names.append(name)
        self.sizes.append((np.nan, np.nan))
        given = task.get(KEYS[self.role]) or []
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            self.faults.add("P203", where=f"{where}.{KEYS[self.role]}", what="is not a list of objects")
            return
        kept = [one for one in given if not one.get("was_cancelled")]
        if len(kept) > 1:
            self.other += len(kept) - 1
        for one in kept[:1]:
            results = one.get("result")
            if not isinstance(results, list) or not all(isinstance(item, dict) for item in results):
                self.faults.add("P203", where=f"{where}.result", what="is not a list of objects")
                return
            self._results(results, frame, where)

    def _results(self, results: list[dict[str, Any]], frame: int, where: str) -> None:
        people: dict[str, Person] = {}
        related = _related(results)
        for number, item in enumerate(results):
            place = f"{where}.result[{number}]"
            kind, value = item.get("type"), item.get("value")
            if kind not in ("keypointlabels", "rectanglelabels") or not isinstance(value, dict):
                continue
            size = [item.get("original_width"), item.get("original_height")]
            shares = [value.get("x"), value.get("y"), value.get("width", 0), value.get("height", 0)]
            if not all(_finite(n) for n in (*size, *shares)) or min(float(n or 0) for n in size) <= 0:
                self.faults.add(
                    "P203",
                    where=place,
                    what="has no image size, or a coordinate that is not a number",
                    wanted="original_width, original_height, and x, y in percent",
                )
                continue
            width, height = float(size[0] or 0), float(size[1] or 0)
            self.sizes[frame] = (width, height)
            x, y, w, h = (
                float(n or 0) * side / 100 for n, side in zip(shares, (width, height) * 2, strict=True)
            )
            if kind == "rectanglelabels":
                person = people.setdefault(str(item.get("id", "")), Person(frame))
                person.box = (x, y, x + w, y + h)
                person.score = _score(item)
                continue
            labels = value.get("keypointlabels")
            if not isinstance(labels, list) or not labels or not isinstance(labels[0], str):
                self.faults.add("P206", where=place, what="has no keypointlabels")
                continue
            owner = str(item.get("parentID") or related.get(str(item.get("id")), ""))
            person = people.setdefault(owner, Person(frame))
            if labels[0] in person.joints:
                self.faults.add(
                    "P205",
                    where=place,
                    what=f"has the label {shown(labels[0], 30)!r} a second time",
                    wanted="each joint once in a region",
                    hint="group the keypoints of a person under a region (parentID)",
                )
                continue
            self.order.setdefault(labels[0])
            person.joints[labels[0]] = (x, y, _score(item))
        self.people += [person for person in people.values() if person.joints or person.box]

    def assembled(self, options: ReadOptions, origin: Origin) -> PoseSet:
        """The pose set of what was collected."""
        joints = list(self.order) or ["point"]
        if len(joints) > options.limits.joints:
            raise FormatError("P204", where=self.where, what=f"has {len(joints)} joints")
        guess = options.skeleton or (options.truth.skeleton if options.truth is not None else None)
        if guess is None or not set(joints) <= set(guess.joints):
            guess = _known(joints)
        place = {name: at for at, name in enumerate(guess.joints)}
        count = len(self.people)
        xy = np.full((count, len(guess), 2), np.nan)
        score = np.full((count, len(guess)), np.nan)
        box = np.full((count, 4), np.nan)
        for row, person in enumerate(self.people):
            for name, (x, y, confidence) in person.joints.items():
                xy[row, place[name]] = x, y
                score[row, place[name]] = confidence
            if person.box is not None:
                box[row] = person.box
        seen = np.where(np.isfinite(xy).all(axis=2), 2, 0).astype(np.int8)
        columns: dict[str, Array] = {"xy": xy, "seen": seen, "box": box}
        notices = []
        if options.role is Role.PREDICTIONS:
            own = np.asarray([person.score for person in self.people])
            columns["joint_score"] = score
            columns["score"] = np.where(np.isnan(own), mean_score(score, seen), own)
        if self.other:
            text = f"{self.where}: {self.other} further annotations of the same images were not read"
            notices.append(Notice("N510", text, self.other))
        frames = frames_of(self.names, options.limits, self.where, np.asarray(self.sizes).reshape(-1, 2))
        row_of = np.asarray([person.frame for person in self.people], dtype=np.int64)
        origin = Origin(origin.path, origin.sha256, origin.format, count, tuple(notices))
        return pose_set(guess, frames, row_of, columns, origin, options.limits)


def _related(results: list[dict[str, Any]]) -> dict[str, str]:
    """Keypoint -> the rectangle that a relation ties it to, whichever of them it starts from."""
    boxes = {str(item.get("id")) for item in results if item.get("type") == "rectanglelabels"}
    out = {}
    for item in results:
        if item.get("type") == "relation":
            ends = (str(item.get("from_id")), str(item.get("to_id")))
            for one, other in (ends, ends[::-1]):
                if other in boxes and one not in boxes:
                    out[one] = other
    return out


def _known(joints: list[str]) -> Any:
    """A known skeleton of exactly these joints in any order, else one by the names in their order."""
    from poseval.skeletons import get_skeleton, names

    same = [name for name in names() if set(get_skeleton(name).joints) == set(joints)]
    return get_skeleton(same[0]) if same else match_names(joints) or skeleton_from_names(joints)


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e12


def _score(item: dict[str, Any]) -> float:
    score = item.get("score")
    return float(score) if _finite(score) else float("nan")  # type: ignore[arg-type]


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
