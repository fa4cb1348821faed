"""The description beside YOLO's labels: `kpt_shape`, `flip_idx`, `names`, `kpt_names`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, UsageError
from poseval.skeletons import Skeleton, match_names, skeleton_from_names

# Where the images lie is written anew.
KNOWN = Known(
    *("kpt_shape", "flip_idx", "kpt_names", "kpt_oks_sigmas", "names", "nc", "path", "train", "val", "test"),
)
SIZES = "image_sizes.csv"  # our own: name, width and height of each image, without which shares say little


@dataclass(frozen=True)
class Description:
    """The fields of the yaml; None for absent ones."""

    joints: int | None = None
    dims: int | None = None
    classes: dict[int, str] = field(default_factory=dict)
    skeleton: Skeleton | None = None
    flip: tuple[int, ...] | None = None
    sigmas: tuple[float, ...] | None = None
    root: str = "."  # of the data set, seen from the yaml
    splits: tuple[str, ...] = ()  # folders of images, the first is the one to be evaluated on

    def nameless(self) -> Skeleton | None:
        """Joints `kpt-0`, `kpt-1`, ... with the mirror joints of `flip_idx`; None without their number."""
        if self.joints is None:
            return None
        names = tuple(f"kpt-{at}" for at in range(self.joints))
        return Skeleton("custom", names, tuple(range(self.joints)) if self.flip is None else self.flip)


def description_of(source: Source) -> Description:
    """The description in a folder: its one yaml file with `kpt_shape`; an empty one where there is none.

    Raises:
        FormatError: P272 a yaml that cannot be read, P273 a yaml that contradicts itself or another yaml.
    """
    if not source.is_folder:
        return Description()
    found = []
    for path in source.files:
        if path.suffix.lower() in (".yaml", ".yml"):
            document = source.open(path)
            if is_description(document):
                found.append(read_description(document))
    if len(found) > 1 and any(one != found[0] for one in found):
        raise FormatError(
            "P273",
            where=str(source.path),
            what="has several .yaml files with different contents",
            wanted="one of these files as the input",
        )
    return found[0] if found else Description()


def is_description(document: Document) -> bool:
    """Whether a yaml describes a pose data set."""
    return b"kpt_shape" in document.data


def read_description(document: Document) -> Description:
    """The description of a data set that a yaml file gives.

    Raises:
        FormatError: P272 a yaml that cannot be read, P273 one that contradicts itself.
    """
    from poseval.datasets.containers.yaml import parse

    node = parse(document.data, document.name)
    KNOWN.count(node, document.unread)
    shape = node.get("kpt_shape")
    if (
        not isinstance(shape, list)
        or len(shape) != 2
        or not all(type(n) is int for n in shape)
        or not 0 < shape[0] <= document.limits.joints
        or shape[1] not in (2, 3)
    ):
        raise FormatError(
            "P273",
            where=f"{document.name}: kpt_shape",
            what="is not a list [joints, 2 or 3]",
            wanted="kpt_shape: [17, 3]",
        )
    joints, dims = shape
    skeleton = _skeleton(node, joints, document.name)
    flip = node.get("flip_idx")
    return Description(
        joints,
        dims,
        _classes(node.get("names")),
        skeleton,
        None if flip is None else tuple(flip),
        _sigmas(node.get("kpt_oks_sigmas"), joints, document.name),
        root if isinstance(root := node.get("path", "."), str) else ".",
        _splits(node),
    )


def _splits(node: dict[str, Any]) -> tuple[str, ...]:
    """Folders of images: those of `val`, else of `test`, else of `train`."""
    for name in ("val", "test", "train"):
        given = node.get(name)
        listed = given if isinstance(given, list) else [given]
        found = tuple(item for item in listed if isinstance(item, str) and item)
        if found:
            return found
    return ()


def _sigmas(given: Any, joints: int, where: str) -> tuple[float, ...] | None:
    if given is None:
        return None
    try:
        numbers = tuple(float(number) for number in given)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != joints or not all(0 < number < math.inf for number in numbers):
        raise FormatError(
            "P273",
            where=f"{where}: kpt_oks_sigmas",
            what="does not give each joint a sigma",
            wanted=f"{joints} positive numbers",
        )
    return numbers


def _classes(names: Any) -> dict[int, str]:
    if isinstance(names, list):
        return {at: str(name) for at, name in enumerate(names)}
    if isinstance(names, dict):
        return {
            int(key): str(name) for key, name in names.items() if str(key).isdecimal() and len(str(key)) < 10
        }
    return {}


def _skeleton(node: dict[str, Any], joints: int, where: str) -> Skeleton | None:
    """The skeleton by `kpt_names`; its mirror joints must be those of `flip_idx` where both are given."""
    names = node.get("kpt_names")
    if isinstance(names, dict):
        names = next(iter(names.values()), None)
    flip = node.get("flip_idx")
    if flip is not None and (
        not isinstance(flip, list)
        or not all(type(n) is int for n in flip)
        or sorted(flip) != list(range(joints))
        or any(flip[flip[at]] != at for at in range(joints))
    ):
        raise FormatError(
            "P273",
            where=f"{where}: flip_idx",
            what="is not a symmetric exchange of all joints",
            wanted=f"the index of the mirror joint of each of the {joints} joints",
        )
    if names is None:
        return None
    if not isinstance(names, list) or len(names) != joints:
        raise FormatError(
            "P273",
            where=f"{where}: kpt_names",
            what="does not name every joint exactly once",
            wanted=f"{joints} names",
        )
    texts = [str(name) for name in names]
    try:
        found = match_names(texts) or skeleton_from_names(texts)
    except UsageError as error:
        raise FormatError("P273", where=f"{where}: kpt_names", what=error.fault.what) from error
    if flip is not None and tuple(flip) != found.flip:
        return Skeleton(found.name, found.joints, tuple(flip), found.limbs, found.sigmas, found.source)
    return found


def describe(skeleton: Skeleton, classes: list[str], sigmas: bool) -> bytes:
    """The yaml text for a skeleton and its class names, optionally with the skeleton's sigmas.

    Without `path`, Ultralytics looks beside the file; a relative one would be that of the shell's folder.
    """
    joints = "".join(f"\n    - {_quoted(joint)}" for joint in skeleton.joints)
    lines = [
        "train: images",
        "val: images",
        f"kpt_shape: [{len(skeleton)}, 3]",
        f"flip_idx: [{', '.join(map(str, skeleton.flip))}]",
        "names:",
        *(f"  {at}: {_quoted(name)}" for at, name in enumerate(classes)),
        "kpt_names:",
        *(f"  {at}:{joints}" for at in range(len(classes))),
    ]
    if sigmas and skeleton.sigmas is not None:
        lines.append(f"kpt_oks_sigmas: [{', '.join(map(repr, skeleton.sigmas))}]")
    return ("\n".join(lines) + "\n").encode()


def _quoted(name: str) -> str:
    """A name in double quotes; what would need an escape is replaced."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else "_" for c in name) + '"'
