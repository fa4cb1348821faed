"""Groups of people, scored apart: by size, crowding, visible joints, occlusion, truncation, category.

A group says which true people belong to it, and which unmatched predictions count in it. The
people outside are scored as COCO scores sizes: true people outside are ignored, whoever hits one of them does
not count, and neither does a prediction outside that hits nobody. Where a metric's matching does not know
people that are ignored, they and the predictions paired with them are left out instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from poseval.errors import UsageError, shown
from poseval.kernels.poses import extent
from poseval.metrics.base import Metric, Need
from poseval.metrics.oks_scene import BOX_SHARE, box_sizes
from poseval.poses import Bools, Floats, Ints, People, PoseSet
from poseval.poses.aligned import Aligned

# Square pixels, both ends belong: COCO's.
SIZES = (("small", 0.0, 32.0**2), ("medium", 32.0**2, 96.0**2), ("large", 96.0**2, np.inf))
OVERLAP = 0.1  # boxes with a higher intersection over union crowd one another (Ronchi and Perona 2017)
CROWDING = (("0", 0, 0), ("1-2", 1, 2), ("3+", 3, np.inf))
OCCLUSION = (("none", 0.0, 0.0), ("up to half", 1e-9, 0.5), ("over half", 0.5 + 1e-9, 1.0))
BORDER = 2.0  # pixels between a box and the border of its image, up to which it is cut off
PARTS_OF_17 = (5, 10, 15, 17)  # numbers of joints at which Ronchi and Perona's groups end


@dataclass(frozen=True, eq=False)
class PersonGroup:
    """`people` [N] are the true people of the group, `unmatched` [P] predictions that count unmatched."""

    people: Bools
    unmatched: Bools

    @staticmethod
    def of(aligned: Aligned, people: Bools) -> PersonGroup:
        """A group by a property that only true people have: all predictions in frames with a member count."""
        with_one = np.unique(aligned.truth.people.frame[people])
        return PersonGroup(people, np.isin(aligned.predictions.people.frame, with_one))

    def seen_by(self, metric: Metric, aligned: Aligned, partner: Callable[[], Ints]) -> Aligned:
        """The set that a metric tallies for the group; `partner` [N]: each person's prediction, -1: none."""
        if metric.ignores_outside:
            return Aligned(_marked(aligned.truth, self.people), _marked(aligned.predictions, self.unmatched))
        if Need.ALONE in metric.needs:
            with_one = aligned.truth.people.frame[self.people]
            kept = np.isin(aligned.predictions.people.frame, with_one)
        else:
            kept = self._kept(partner())
        return Aligned(_taken(aligned.truth, self.people), _taken(aligned.predictions, kept))

    def _kept(self, partner: Ints) -> Bools:
        kept = self.unmatched.copy()
        kept[partner[partner >= 0]] = False
        mine = partner[self.people]
        kept[mine[mine >= 0]] = True
        return kept


def partner_of(aligned: Aligned) -> Callable[[], Ints]:
    """The pairs of all people, computed on first use."""
    known: list[Ints] = []

    def found() -> Ints:
        if not known:
            from poseval.metrics.matched_people import partners  # few runs have groups

            known.append(partners(aligned))
        return known[0]

    return found


def _marked(poses: PoseSet, inside: Bools) -> PoseSet:
    extra = {**poses.people.extra, "outside": ~inside}
    return replace(poses, people=poses.people.with_columns(extra=extra))


def _taken(poses: PoseSet, inside: Bools) -> PoseSet:
    return replace(poses, people=poses.people.take(np.flatnonzero(inside)))


def areas(people: People) -> Floats:
    """Area [N] in square pixels: the file's, else 0.53 of the box, else the extent of the joints."""
    sides = box_sizes(people)
    area = np.where(np.isnan(people.area), sides[:, 0] * sides[:, 1] * BOX_SHARE, people.area)
    out: Floats = np.where(np.isnan(area), extent(people.xy, people.seen), area)
    return out


def by_size(aligned: Aligned) -> Iterator[tuple[str, PersonGroup]]:
    """COCO's three sizes; a prediction's own size says where it counts."""
    mine, found = areas(aligned.truth.people), aligned.predictions.people
    theirs = np.where(np.isnan(found.area), extent(found.xy, found.seen), found.area)
    for name, low, high in SIZES:
        yield name, PersonGroup((mine >= low) & (mine <= high), (theirs >= low) & (theirs <= high))


def by_crowding(aligned: Aligned) -> Iterator[tuple[str, PersonGroup]]:
    """How many other people of the frame have a box that overlaps.

    Raises:
        UsageError: P830 boxes are not known.
    """
    if np.isnan(aligned.truth.people.box).any():
        raise _absent(aligned.truth, "crowding", "does not give all boxes of people", "boxes")
    near = overlaps(aligned.truth)
    for name, low, high in CROWDING:
        yield name, PersonGroup.of(aligned, (near >= low) & (near <= high))


def by_visible_joints(aligned: Aligned) -> Iterator[tuple[str, PersonGroup]]:
    """How many joints are labelled as visible, in groups of about a third of the skeleton."""
    count = (aligned.truth.people.seen == 2).sum(axis=1)
    joints = len(aligned.truth.skeleton)
    ends = sorted({max(1, joints * end // PARTS_OF_17[-1]) for end in PARTS_OF_17})
    yield "0", PersonGroup.of(aligned, count == 0)
    for low, high in pairwise([0, *ends]):
        name = str(high) if high == low + 1 else f"{low + 1}-{high}"
        yield name, PersonGroup.of(aligned, (count > low) & (count <= high))


def by_occlusion(aligned: Aligned) -> Iterator[tuple[str, PersonGroup]]:
    """Fraction of the labelled joints that are labelled as hidden.

    Raises:
        UsageError: P830 no joint is labelled as hidden.
    """
    seen = aligned.truth.people.seen
    hidden, count = (seen == 1).sum(axis=1), (seen > 0).sum(axis=1)
    if not hidden.any():
        raise _absent(aligned.truth, "occlusion", "marks no joint as hidden", "joints with the flag 1")
    share = np.divide(hidden, count, out=np.full(len(count), np.nan), where=count > 0)
    for name, low, high in OCCLUSION:
        yield name, PersonGroup.of(aligned, (share >= low) & (share <= high))


def by_truncation(aligned: Aligned) -> Iterator[tuple[str, PersonGroup]]:
    """Whether the box of a person reaches the border of the image.

    Raises:
        UsageError: P830 sizes of images or boxes are not known.
    """
    truth = aligned.truth
    box, size = truth.people.box, truth.frames.size[truth.people.frame]
    if np.isnan(box).any() or np.isnan(size).any():
        lacks = "boxes of people" if np.isnan(box).any() else "sizes of images"
        raise _absent(truth, "truncation", f"does not give all {lacks}", "boxes, and sizes of images")
    near = np.concatenate([box[:, :2] <= BORDER, box[:, 2:] >= size - BORDER], axis=1)
    cut: Bools = np.asarray(near.any(axis=1))
    yield "inside", PersonGroup.of(aligned, ~cut)
    yield "truncated", PersonGroup.of(aligned, cut)


def by_category(aligned: Aligned) -> Iterator[tuple[str, PersonGroup]]:
    """The categories of the file; a prediction's own category says where it counts."""
    for key, name in sorted(aligned.truth.categories.items()):
        mine, theirs = (side.people.category == key for side in (aligned.truth, aligned.predictions))
        yield name, PersonGroup(mine, theirs)


ATTRIBUTES: dict[str, Callable[[Aligned], Iterator[tuple[str, PersonGroup]]]] = {
    "size": by_size,
    "crowding": by_crowding,
    "visible-joints": by_visible_joints,
    "occlusion": by_occlusion,
    "truncation": by_truncation,
    "category": by_category,
}


def _absent(truth: PoseSet, name: str, what: str, wanted: str) -> UsageError:
    return UsageError(
        "P830",
        where=f"slice {name!r}: {shown(truth.origin.name)}",
        what=what,
        wanted=wanted,
        hint="name the groups in a csv file with the columns `person` and `group`",
    )


def overlaps(poses: PoseSet) -> Ints:
    """Number of other people in the frame whose boxes overlap a person's [N]; 0 where a box is not known."""
    people, start = poses.people, poses.frame_start()
    out = np.zeros(len(people), dtype=np.int64)
    count = np.diff(start)
    for number in np.unique(count[count > 1]).tolist():  # frames of as many people at once
        rows = start[:-1][count == number][:, None] + np.arange(number)
        box = people.box[rows]
        low = np.maximum(box[:, :, None, :2], box[:, None, :, :2])
        high = np.minimum(box[:, :, None, 2:], box[:, None, :, 2:])
        inter = np.prod(np.maximum(high - low, 0), axis=3)
        area = np.prod(box[..., 2:] - box[..., :2], axis=2)
        union = area[:, :, None] + area[:, None] - inter
        iou = np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)
        own = np.diagonal(iou, axis1=1, axis2=2)
        out[rows] = (iou > OVERLAP).sum(axis=2) - (own > OVERLAP)
    return out
