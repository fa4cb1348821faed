"""LSP, LSP extended, FLIC, PARSE and MPII Cooking: annotations as one array in a .mat.

- LSP `joints` [3, 14, N]: x, y and 1 where hidden; 2,000 people, of which the last 1,000 are the test half.
  Two labellings exist: person-centric, and observer-centric (left and right as seen in the image).
- LSP extended `joints` [14, 3, N]: x, y and 1 where labelled.
- FLIC `joints` [2, 10, N] as the kits ship it, or `examples`, the release's struct array (29 points, of which
  11 are labelled; `istest`).
- PARSE `ptsAll` [14, 2, 305]; the last 205 people are the test half.
- MPII Cooking `joints` [2, 12, N], upper bodies without hips, as eval_pose ships it.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers import mat as matlab
from poseval.datasets.containers import mat_arrays
from poseval.datasets.containers.mat import Struct
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.mpii.release_mat import number_of
from poseval.datasets.single_person.pairing import origin_of, require_finite, single_set
from poseval.errors import Fault, Faults, error_of
from poseval.poses import Array, Bools, Floats, Notice, PoseSet
from poseval.skeletons import Skeleton, get_skeleton

LSP_PEOPLE, LSP_TEST_FROM = 2000, 1000
PARSE_PEOPLE, PARSE_TEST_FROM = 305, 100
# Fraction of right hips and shoulders that lie to the left of the left ones: 0.92 under LSP's
# observer-centric labels, 0.65 under its person-centric ones.
OBSERVER_SHARE = 0.8
# Places of flic11's joints among the 29 points of the release.
FLIC_POINTS = (0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16)


class LspMat(Dataset):
    """Leeds Sports Pose, and its extended training set."""

    name: ClassVar[str] = "lsp-mat"
    title: ClassVar[str] = "LSP and LSP extended (joints.mat)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "frame names", "hidden joints"})
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the shape of `joints`."""
        shape = mat_arrays.shapes(source).get("joints", ())
        return 1.0 if len(shape) == 3 and shape[:2] in ((3, 14), (2, 14), (14, 3)) else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth; `frames.extra["test"]` marks the test half of the 2,000.

        Raises:
            FormatError: P203, P204 for an array of another form, P214 damaged.
        """
        document = source.document
        found = mat_arrays.load(document, frozenset({"joints"}))
        shape = np.shape(found.get("joints", ()))
        extended = shape[:2] == (14, 3)
        if extended:
            table = mat_arrays.numbers(found, "joints", (14, 3, None), document).transpose(2, 0, 1)
        else:
            rows = shape[0] if len(shape) == 3 else 3
            table = mat_arrays.numbers(found, "joints", (rows, 14, None), document).transpose(2, 1, 0)
        xy = table[..., :2]
        seen: Array
        if extended:
            seen = np.where(table[..., 2] > 0, 2, 0)
        else:
            hidden: Any = table[..., 2] > 0 if table.shape[2] > 2 else False
            seen = np.where(hidden, 1, 2) * np.ones(xy.shape[:2])
        skeleton, notices = _labelling(document, get_skeleton("lsp14"), xy, seen > 0)
        test = np.arange(len(xy)) >= LSP_TEST_FROM if len(xy) == LSP_PEOPLE else None
        return _set(self.name, document, skeleton, xy, seen, test, notices)


class FlicMat(Dataset):
    """Frames Labeled In Cinema."""

    name: ClassVar[str] = "flic-mat"
    title: ClassVar[str] = "FLIC (examples.mat, or 10 joints as the kits ship them)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "frame names", "further columns"})
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the shape of `joints`, or by `examples`."""
        shapes = mat_arrays.shapes(source)
        shape = shapes.get("joints", ())
        if len(shape) == 3 and shape[:2] == (2, 10):
            return 1.0
        return 0.9 if "examples" in shapes else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth; `frames.extra` has `test` and `movie` of the release.

        Raises:
            FormatError: P203, P204, P206 for another form, P214 damaged.
        """
        document = source.document
        found = matlab.load(document, frozenset({"joints", "examples"}))
        if "joints" in found:
            xy = mat_arrays.numbers(found, "joints", (2, 10, None), document).transpose(2, 1, 0)
            skeleton, notices = _labelling(document, get_skeleton("flic10"), xy, np.ones(xy.shape[:2]) > 0)
            return _set(self.name, document, skeleton, xy, np.full(xy.shape[:2], 2), None, notices)
        examples = found.get("examples")
        if not isinstance(examples, Struct) or "coords" not in examples.fields:
            raise error_of([Fault("P206", f"{document.name}: examples", "has no coords", "FLIC's struct")])
        rows = examples.rows
        if not rows:
            raise error_of([Fault("P200", f"{document.name}: examples", "is empty", "at least one image")])
        bad = [row for row, item in enumerate(rows) if np.shape(item["coords"]) != (2, 29)]
        if bad:
            where = f"{document.name}: examples({bad[0] + 1}).coords"
            raise error_of([Fault("P204", where, f"has shape {np.shape(rows[bad[0]]['coords'])}", "2 x 29")])
        coords = np.stack([item["coords"].T for item in rows]).astype(np.float64)[:, list(FLIC_POINTS)]
        seen = np.where(np.isfinite(coords).all(axis=2), 2, 0)
        test = np.asarray([number_of(item.get("istest")) == 1 for item in rows])
        images, movies = (_words([item.get(name) for item in rows]) for name in ("filepath", "moviename"))
        coords = np.where(seen[..., None] > 0, coords, 0.0)
        return _set(self.name, document, get_skeleton("flic11"), coords, seen, test, [], images, movies)


class CookingMat(Dataset):
    """MPII Cooking Activities, the pose challenge."""

    name: ClassVar[str] = "mpii-cooking-mat"
    title: ClassVar[str] = "MPII Cooking (joints [2, 12, N] in a .mat)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "frame names"})
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the shape of `joints`."""
        shape = mat_arrays.shapes(source).get("joints", ())
        return 1.0 if len(shape) == 3 and shape[:2] == (2, 12) else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth, of which every joint is labelled.

        Raises:
            FormatError: P203, P204 for an array of another form, P214 damaged.
        """
        document = source.document
        found = mat_arrays.load(document, frozenset({"joints"}))
        xy = mat_arrays.numbers(found, "joints", (2, 12, None), document).transpose(2, 1, 0)
        skeleton = get_skeleton("mpii_cooking12")
        return _set(self.name, document, skeleton, xy, np.full(xy.shape[:2], 2), None, [])


class ParseMat(Dataset):
    """Image Parse."""

    name: ClassVar[str] = "parse-mat"
    title: ClassVar[str] = "PARSE (labels.mat)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset({"joints", "joint names", "frame names"})
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the shape of `ptsAll`."""
        shape = mat_arrays.shapes(source).get("ptsAll", ())
        return 1.0 if len(shape) == 3 and shape[:2] == (14, 2) else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth; `frames.extra["test"]` marks the test half of the 305 images.

        Raises:
            FormatError: P203, P204 for an array of another form, P214 damaged.
        """
        document = source.document
        found = mat_arrays.load(document, frozenset({"ptsAll"}))
        xy = mat_arrays.numbers(found, "ptsAll", (14, 2, None), document).transpose(2, 0, 1)
        test = np.arange(len(xy)) >= PARSE_TEST_FROM if len(xy) == PARSE_PEOPLE else None
        seen = np.full(xy.shape[:2], 2)
        return _set(self.name, document, get_skeleton("parse14"), xy, seen, test, [])


def _set(
    name: str,
    document: Document,
    skeleton: Skeleton,
    xy: Floats,
    seen: Array,
    test: Bools | None,
    notices: list[Notice],
    images: list[str] | None = None,
    movies: list[str] | None = None,
) -> PoseSet:
    faults = Faults()
    require_finite(faults, xy, seen > 0, document)
    faults.raise_if_any()
    columns = {"xy": xy - 1, "seen": seen, "source_id": np.arange(len(xy))}
    extra = {} if test is None else {"test": np.asarray(test)}
    if movies is not None:
        extra["movie"] = np.asarray(movies, dtype=np.str_)
    frames: dict[str, Any] = {"extra": extra}
    origin = origin_of(document, name, len(xy), notices, base=1)
    return single_set(skeleton, columns, origin, images, frames)


def _words(values: list[object]) -> list[str] | None:
    """The values where all of them are text."""
    return [str(value) for value in values] if all(isinstance(value, str) for value in values) else None


def _labelling(
    document: Document, skeleton: Skeleton, xy: Floats, labelled: Bools
) -> tuple[Skeleton, list[Notice]]:
    """The skeleton under the name of its labelling: `lsp14` person-centric, `lsp14-oc` observer-centric.

    The file's name decides (`-OC`, `_oc`, `-PC`, `_pc`), else the data. FLIC's people mostly face the camera,
    so that its data do not tell.
    """
    named = re.search(r"[-_](oc|pc)\b", document.name.rsplit("/", 1)[-1].lower())
    right, left = (list(skeleton.indices((f"{side}_hip", f"{side}_shoulder"))) for side in ("right", "left"))
    if not named and skeleton.name != "lsp14":
        told = "the file name does not say whether labels are person-centric or observer-centric"
        return skeleton, [Notice("N446", told)]
    both = labelled[:, right] & labelled[:, left]
    share = float((xy[:, right, 0] < xy[:, left, 0])[both].mean()) if both.any() else 0.5
    observer = named.group(1) == "oc" if named else share > OBSERVER_SHARE
    how = (
        "judged by the file name"
        if named
        else f"judged by the data: {share:.0%} of the right joints are on the left"
    )
    kind = "observer-centric" if observer else "person-centric"
    notice = Notice(
        "N446", f"labels are {kind} ({how}); numbers of the two kinds of labels are not comparable"
    )
    if not observer:
        return skeleton, [notice]
    return Skeleton(
        f"{skeleton.name}-oc",
        skeleton.joints,
        skeleton.flip,
        skeleton.limbs,
        skeleton.sigmas,
        skeleton.source,
        skeleton.normalisers,
    ), [notice]
