"""Predictions written as one object per frame or image, with the people nested in it.

PoseFlow and AlphaPose with tracking by it: an object keyed by the image's name, each a list of people with
`keypoints` (x, y, confidence a joint), `scores` (the person's) and `idx` (the track). Source: PoseFlow's
`tracker-general.py` and AlphaPose's `--pose_flow`. openpifpaf: one file per image, called after it
(`a.jpg.predictions.json`), a list of people with `keypoints`, `score`, `bbox` and `category_id`; or, for a
video, one line per frame, `{"frame": 3, "predictions": [...]}`. Source: openpifpaf's `Annotation.json_data`
and `openpifpaf.video`. Hugging Face: what `post_process_pose_estimation` of transformers gives, as JSON: a
list of images, each a list of people with `keypoints` [K][x, y], `scores` [K], `labels` [K] (their joints)
and `bbox` (x0 y0 x1 y1); images have no names and are those of the ground truth in ascending order of their
ids, which a notice says. easy_ViTPose: `keypoints`, a list of frames, each an object of people by track
number, [K][y, x, confidence], and `skeleton`, the names of the joints. Source: easy_ViTPose's `inference.py`
and `visualization.py`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from poseval.datasets.assembly import digest_of, left_out
from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.gathering import Box, Found, Gathering, Joints, Point, items_of, number_of
from poseval.errors import FormatError, InputError, MismatchError, shown
from poseval.files.packed import plain_name
from poseval.kernels.json_outline import Outline
from poseval.poses import Notice, Origin, PoseSet
from poseval.poses.frame_names import named

ENDING = ".predictions.json"
PERSON = ("keypoints", "scores", "score", "idx", "bbox")
PEOPLE = Known(
    "frame", *(f"{items}{key}" for items in ("", "[].", "[][].", "predictions[].") for key in PERSON)
)


class PerFrame(Dataset):
    """A format of nested people; `gather` reads one document."""

    reads: ClassVar[frozenset[Role]] = frozenset({Role.PREDICTIONS})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "frame names", "joint scores", "scores", "boxes", "tracks", "empty frames", "frame sizes"}
    )

    @abstractmethod
    def fits(self, outline: Outline, document: Document) -> float:
        """How likely a JSON document is of this form, 0 to 1."""

    @abstractmethod
    def gather(self, document: Document, into: Gathering, name: str) -> Joints:
        """Take the people of a document whose file is called `name`, without endings."""

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the keys of the top level and what they hold."""
        if source.is_folder or not source.document.is_json:
            return 0.0
        try:
            return self.fits(source.document.outline, source.document)
        except InputError:
            return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all frames; the score of a person without one is the mean confidence of its joints.

        Raises:
            InputError: what is wrong with the file, all faults gathered.
        """
        return self.read_all(source, [source.document], options)

    def read_all(self, source: Source, documents: list[Document], options: ReadOptions) -> PoseSet:
        """The people of several documents as one set."""
        where = documents[0].name if len(documents) == 1 else shown(source.path.name)
        gathering = Gathering(where, options)
        joints = Joints()
        for document in documents:
            joints = self.gather(document, gathering, _stem(source, document))
        parts = [(document.name, document.sha256) for document in documents]
        digest = parts[0][1] if len(parts) == 1 else digest_of(parts)
        return gathering.poses(Origin(str(source.path), digest, self.name), joints)


class PoseFlow(PerFrame):
    """People by image, mostly with tracks."""

    name: ClassVar[str] = "poseflow"
    title: ClassVar[str] = "PoseFlow and AlphaPose --pose_flow JSON: people by image, with tracks"

    def fits(self, outline: Outline, document: Document) -> float:
        """An object whose first list holds people with keypoints and scores, without an image each."""
        if outline.kind != "object":
            return 0.0
        lists = [entry for entry in outline.by_key().values() if entry.items]
        first = lists[0].first_kinds() if lists else {}
        if "keypoints" not in first or not {"scores", "score"} & first.keys() or "image_id" in first:
            return 0.0
        return 0.9 if {"scores", "idx"} <= first.keys() else 0.6

    def gather(self, document: Document, into: Gathering, name: str) -> Joints:
        """One frame for each key."""
        for key, people in items_of(document, PEOPLE):
            _people(people, into, into.frame(key), f"{document.name}: {shown(key, 60)}")
        return Joints()


class OpenPifPaf(PerFrame):
    """One file per image, or one line per frame of a video."""

    name: ClassVar[str] = "openpifpaf"
    title: ClassVar[str] = "openpifpaf JSON, one file per image or one line per frame"

    def fits(self, outline: Outline, document: Document) -> float:
        """People with a box and without an image, or frames with a list of predictions."""
        keys = outline.by_key()
        if outline.kind != "array":
            return 0.0
        if {"frame", "predictions"} <= keys.keys() and keys["predictions"].kind == "array":
            return 0.9
        own = {"keypoints", "score", "bbox", "category_id"} <= keys.keys() and "image_id" not in keys
        return 0.8 if own and plain_name(document.path.lower()).endswith(ENDING) else 0.6 * own

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the ending of the files of a folder, and by the first file that holds a person."""
        if not source.is_folder:
            return super().sniff(source, role)
        try:
            documents = _files(source)
            return 0.9 if any(self.fits(one.outline, one) for one in documents) else 0.0
        except InputError:
            return 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all files.

        Raises:
            InputError: what is wrong with the files, all faults gathered; P271 a folder without any.
        """
        documents = list(_files(source)) if source.is_folder else [source.document]
        if not documents:
            raise FormatError("P271", where=shown(source.path), what=f"holds no file that ends in {ENDING}")
        return self.read_all(source, documents, options).with_notices(left_out(source, len(documents)))

    def gather(self, document: Document, into: Gathering, name: str) -> Joints:
        """The people of a file, or of each line."""
        if "predictions" in document.outline.by_key():
            for at, node in items_of(document, PEOPLE):
                where = f"{document.name}: [{at}]"
                frame = node.get("frame") if isinstance(node, dict) else None
                if type(frame) is not int or not 0 <= frame < 1 << 40:
                    into.faults.add("P206", where=where, what="has no frame number", wanted="a field `frame`")
                    continue
                _people(node.get("predictions"), into, into.frame(str(frame)), f"{where}.predictions")
            return Joints()
        _people([node for _, node in items_of(document, PEOPLE)], into, into.frame(name), document.name)
        return Joints()


class HuggingFacePose(PerFrame):
    """Lists of people for images that have no names."""

    name: ClassVar[str] = "huggingface"
    title: ClassVar[str] = "transformers post_process_pose_estimation as JSON: lists of people, an image each"

    def fits(self, outline: Outline, document: Document) -> float:
        """`keypoints`, `scores` and `labels` in the first person of a list of lists, or of one list."""
        if {"keypoints", "scores", "labels"} <= outline.by_key().keys() and outline.kind == "array":
            return 0.9
        if outline.kind != "array" or outline.entries != "array":
            return 0.0
        head = document.data[outline.start : outline.start + (1 << 16)]
        return 0.9 if all(word in head for word in (b'"keypoints"', b'"scores"', b'"labels"')) else 0.0

    def gather(self, document: Document, into: Gathering, name: str) -> Joints:
        """One image for each list, in the order of the ground truth's; one list is of the file's image.

        Raises:
            MismatchError: P412 without a ground truth of as many images.
        """
        images = [people for _, people in items_of(document, PEOPLE)]
        if images and all(isinstance(person, dict) for person in images):
            _people(images, into, into.frame(name), document.name, corners=True)
            return Joints()
        truth = into.options.truth
        if truth is None or len(truth.frames) != len(images):
            there = (
                "no ground truth is given" if truth is None else f"the ground truth has {len(truth.frames)}"
            )
            raise MismatchError(
                "P412",
                where=document.name,
                what=f"holds people of {len(images)} images without names, and {there}",
                wanted="as many images, in the same order",
                hint="write the results with their image ids, as COCO results",
            )
        for at, (image, people) in enumerate(zip(named(truth.frames), images, strict=True)):
            _people(people, into, into.frame(image), f"{document.name}: [{at}]", corners=True)
        return Joints()

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all images, with a notice of how those were named.

        Raises:
            InputError: as for any format of this family.
        """
        poses = super().read(source, options)
        if source.document.outline.entries != "array":
            return poses
        text = f"{source.document.name}: names no images; they are the ground truth's in the order of its ids"
        return poses.with_notices([Notice("N449", text)])


class EasyViTPose(PerFrame):
    """Frames of people by track, y before x."""

    name: ClassVar[str] = "easy-vitpose"
    title: ClassVar[str] = "easy_ViTPose JSON: frames of people by track, y before x"

    def fits(self, outline: Outline, document: Document) -> float:
        """`keypoints` and `skeleton` at the top."""
        keys = outline.by_key()
        fits = outline.kind == "object" and {"keypoints", "skeleton"} <= keys.keys()
        return 0.9 if fits and keys["keypoints"].kind == "array" else 0.0

    def gather(self, document: Document, into: Gathering, name: str) -> Joints:
        """One frame for each object of people."""
        keys = document.outline.by_key()
        if "keypoints" not in keys or "skeleton" not in keys:
            raise FormatError("P206", where=document.name, what="has no keypoints, or no skeleton")
        frames = document.tree(keys["keypoints"].start, keys["keypoints"].end, Known("[].*"))
        listed = document.tree(keys["skeleton"].start, keys["skeleton"].end, Known("*", "[]"))
        joints = _declared(listed, document.name)
        for at, people in enumerate(frames if isinstance(frames, list) else [None]):
            where = f"{document.name}: keypoints[{at}]"
            frame = into.frame(name if len(frames or ()) == 1 else str(at))
            if not isinstance(people, dict):
                into.faults.add("P203", where=where, what="is not an object of people by track")
                continue
            for who, points in people.items():
                person = Found(frame, track=int(who) if who.isdecimal() and len(who) < 18 else -1)
                if not isinstance(points, list) or len(points) != len(joints):
                    text = f"has not the {len(joints)} joints of the skeleton"
                    into.faults.add("P204", where=f"{where}.{shown(who, 20)}", what=text)
                    continue
                for joint, point in zip(joints, points, strict=True):
                    values = [*point[1::-1], *point[2:]] if isinstance(point, list) else []
                    found = into.point(values, f"{where}.{shown(who, 20)}.{shown(joint, 20)}")
                    if found is not None:
                        person.joints[joint] = found
                into.people.append(person)
        return Joints(declared=joints)


def _declared(listed: Any, where: str) -> list[str]:
    """Names of joints, from a list or an object by number."""
    if isinstance(listed, dict) and all(key.isdecimal() for key in listed):
        listed = [listed[key] for key in sorted(listed, key=int)]
    if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
        raise FormatError(
            "P270", where=f"{where}: skeleton", what="is not a list of names", wanted="joint names"
        )
    return listed


def _people(node: Any, into: Gathering, frame: int, where: str, corners: bool = False) -> None:
    """Objects with keypoints as people of a frame; `corners` tells how their boxes are meant."""
    if not isinstance(node, list) or not all(isinstance(person, dict) for person in node):
        into.faults.add("P203", where=where, what="is not a list of people", wanted="a list of objects")
        return
    for at, person in enumerate(node):
        place = f"{where}[{at}]"
        points = _points(person, into, f"{place}.keypoints")
        if points is None:
            continue
        score = next((number_of(person[key]) for key in ("score", "scores") if key in person), None)
        track = person.get("idx")
        if track is not None and not _is_track(track):
            into.faults.add(
                "P303", where=f"{place}.idx", what=f"is {shown(track, 30)}", wanted="the number of a track"
            )
        into.people.append(
            Found(
                frame,
                points=points,
                score=float("nan") if score is None else score,
                box=box_of(person.get("bbox"), corners),
                track=int(track) if _is_track(track) else -1,
            )
        )


def _is_track(value: Any) -> bool:
    """Whether a value numbers a track: whole, and small enough for a float to hold it exactly."""
    return type(value) in (int, float) and 0 <= value < 1 << 53 and float(value).is_integer()


def _points(person: dict[str, Any], into: Gathering, where: str) -> list[Point | None] | None:
    """Points of a flat list of threes, or of a list of points with the confidences beside it."""
    listed = person.get("keypoints")
    if not isinstance(listed, list) or not listed or not isinstance(listed[0], list):
        return into.triples(listed, where)
    scores, labels = person.get("scores"), person.get("labels")
    given: list[Any] = scores if isinstance(scores, list) else []
    if given and len(given) != len(listed):
        into.faults.add("P204", where=where, what=f"has {len(listed)} points and {len(given)} scores")
        return None
    out: list[Point | None] = []
    for at, point in enumerate(listed):
        values = [*point, *given[at : at + 1]] if isinstance(point, list) else [point]
        found = into.point(values, f"{where}[{at}]")
        if found is None:
            return None
        out.append(found)
    return _by_label(out, labels, into, where) if isinstance(labels, list) else out


def _by_label(
    points: list[Point | None], labels: list[Any], into: Gathering, where: str
) -> list[Point | None] | None:
    """Points in the order of the skeleton: those below a threshold are left out of the file."""
    given = into.options.skeleton or (None if into.options.truth is None else into.options.truth.skeleton)
    total = max([len(points)] if given is None else [len(given), len(points)])
    known = len(labels) == len(points) and all(type(label) is int and 0 <= label < total for label in labels)
    if not known or len(set(labels)) < len(labels):
        what = "has labels that are not indices of its skeleton"
        into.faults.add(
            "P311", where=where, what=what, wanted=f"a number from 0 to {total - 1} for each point"
        )
        return None
    out: list[Point | None] = [None] * total
    for label, point in zip(labels, points, strict=True):
        out[label] = point
    return out


def box_of(node: Any, corners: bool) -> Box | None:
    numbers = [number_of(value) for value in node] if isinstance(node, list) else []
    if len(numbers) != 4 or any(number is None for number in numbers):
        return None
    x, y, w, h = (float(number or 0) for number in numbers)
    return (x, y, w, h) if corners else (x, y, x + w, y + h)


def _files(source: Source) -> Iterator[Document]:
    for path in source.files:
        if plain_name(path.name.lower()).endswith(ENDING):
            yield source.open(path)


def _stem(source: Source, document: Document) -> str:
    """The image that a file is called after, below the folder."""
    path = Path(document.path)
    text = path.relative_to(source.path).as_posix() if source.is_folder else path.name
    text = plain_name(text)
    for ending in (".json", ".predictions"):
        text = text.removesuffix(ending)
    return text
