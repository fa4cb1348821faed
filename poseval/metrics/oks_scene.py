"""People as the COCO rules see them: joints of a part, sizes, who counts, and the cells for matching.

Columns read beyond the usual ones, each optional: ground truth `num_keypoints` [N] int (-1 none given),
`box_size` [N, 2] float64 width and height as the file has them (a corner minus a corner may round);
predictions `<part>_score` [N] float64 (NaN: the person's score stands in); both sides `outside` [N] bool,
True for people outside a group that is scored separately.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import numpy as np

from poseval.errors import UsageError, shown
from poseval.kernels.coco import Cells, Detections, Matching, Targets, keep, match
from poseval.kernels.poses import extent
from poseval.metrics.base import Need
from poseval.metrics.oks_single import in_single_precision
from poseval.poses import Bools, Floats, Ints, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.remembered import once

BOX_SHARE = (
    0.53  # mean fraction of a person's box that the person covers; what COCO's successors use for area
)


class AreaSource(enum.Enum):
    """Which area gives the scale of OKS and the area ranges."""

    FILE = "file"
    BOX = "box"  # 0.53 * width * height of the ground truth's box
    EXTENT = "extent"  # width * height of the tight box around the person's labelled joints


def needs_of(area: AreaSource, sigma: float) -> frozenset[Need]:
    """The columns that OKS-AP requires, by the source of areas and sigmas."""
    needs = {Need.SCORES}
    if not sigma:
        needs.add(Need.SIGMAS)
    if area is not AreaSource.EXTENT:
        needs.add(Need.AREA if area is AreaSource.FILE else Need.BOXES)
    return frozenset(needs)


class Categories(enum.Enum):
    """Whether people of different categories are matched apart."""

    EACH = "each"
    POOLED = "pooled"


class IgnoreBy(enum.Enum):
    """What makes a true person ignored, besides the crowd flag."""

    COUNT = "count"  # the file's num_keypoints is 0; flags where the file has no such field
    FLAGS = "flags"  # no joint of the part is labelled


class Crowds(enum.Enum):
    """What a crowd flag does, besides that any number of detections may match a crowd."""

    IGNORED = "ignored"  # a crowd never counts
    COUNTED = "counted"  # only an `ignore` flag of the file keeps people from counting (quirk C29)


class Confident(enum.Enum):
    """Whose confidences must be above 0, where detections without any take no part."""

    PART = "part"
    PERSON = "person"  # as halpecocotools does (quirk C31)


class BodyPart(enum.Enum):
    """Joints that are evaluated: all of the skeleton, or a part of a whole-body skeleton."""

    ALL = "all"
    BODY = "body"
    FOOT = "foot"
    FACE = "face"
    LEFT_HAND = "lefthand"
    RIGHT_HAND = "righthand"
    HAND = "hand"
    WHOLE_BODY = "wholebody"


# number of joints -> part -> first joint, one past the last
_PARTS: dict[int, dict[BodyPart, tuple[int, int]]] = {
    133: {
        BodyPart.BODY: (0, 17),
        BodyPart.FOOT: (17, 23),
        BodyPart.FACE: (23, 91),
        BodyPart.LEFT_HAND: (91, 112),
        BodyPart.RIGHT_HAND: (112, 133),
        BodyPart.HAND: (91, 133),
        BodyPart.WHOLE_BODY: (0, 133),
    },
    136: {
        BodyPart.BODY: (0, 20),
        BodyPart.FOOT: (20, 26),
        BodyPart.FACE: (26, 94),
        BodyPart.LEFT_HAND: (94, 115),
        BodyPart.RIGHT_HAND: (115, 136),
        BodyPart.HAND: (94, 136),
        BodyPart.WHOLE_BODY: (0, 136),
    },
}


@dataclass(frozen=True)
class SceneRules:
    """The parameters of the rules; see `OksAp`."""

    part: BodyPart = BodyPart.ALL
    area: AreaSource = AreaSource.FILE
    categories: Categories = Categories.EACH
    ignore: IgnoreBy = IgnoreBy.COUNT
    drop_zero_confidence: bool = False
    id_zero: bool = False
    sigma: float = 0.0
    crowds: Crowds = Crowds.IGNORED
    confident: Confident = Confident.PART
    single_precision: bool = False


@dataclass(frozen=True, eq=False)
class Scene:
    """Detections and targets, the cells they are matched in, and what each cell is."""

    detections: Detections
    poses: Cells
    targets: Targets
    people: Cells
    unit: Ints  # [C] frame of a cell
    category: Ints  # [C] index into `categories`
    categories: tuple[str, ...]  # names; one empty name when pooled
    joints: tuple[str, ...]
    sigmas: Floats  # [K]
    outside: (
        Bools  # [P] detections that do not count where they are not matched, beside those of another size
    )
    single_precision: bool = False

    def match(
        self, thresholds: Floats, ranges: Floats, max_dets: int, *, with_matched: bool = False
    ) -> Matching:
        """COCO's matching of the scene: see `kernels.coco.match`."""
        poses, given = self.poses, None
        if self.single_precision:
            poses = keep(self.detections.score, self.poses, max_dets)
            given = in_single_precision(self.detections.xy, poses, self.targets, self.people, self.sigmas)
        found = match(
            self.detections,
            poses,
            self.targets,
            self.people,
            self.sigmas,
            thresholds,
            ranges,
            max_dets,
            with_matched=with_matched,
            given=given,
        )
        return self.without_outside(found)

    def without_outside(self, found: Matching) -> Matching:
        """The same matching, in which unmatched detections outside the group are ignored."""
        if not self.outside.any():
            return found
        away = np.where(self.outside[found.row], ~np.uint64(0), np.uint64(0))[:, None]
        return replace(found, skip=found.skip | (away & ~found.hit))


def scene_of(aligned: Aligned, rules: SceneRules) -> Scene:
    """The scene that the rules see.

    Raises:
        UsageError: P112 the skeleton has no sigmas, P187 it has no such part.
    """
    truth, predictions = aligned.truth, aligned.predictions
    chosen = joints_of(truth, rules.part)
    targets = _targets(truth, rules)
    detections, taking_part = _detections(predictions.people, chosen, rules)
    if rules.categories is Categories.POOLED or len(truth.categories) == 1 == len(_ids(aligned)):
        pose_cell, people_cells = predictions.people.frame, _by_frame(truth)
        unit = np.arange(len(truth.frames))
        category = np.zeros(len(unit), dtype=np.int64)
        pooled = rules.categories is Categories.POOLED
        names = ("",) if pooled else tuple(truth.categories.values())
    else:
        ids = sorted(truth.categories)
        names = tuple(truth.categories[key] for key in ids)
        pose_key = _cell_key(predictions.people, ids)
        person_key = _cell_key(truth.people, ids)
        used = np.unique(np.concatenate([pose_key, person_key]))
        used = used[used >= 0]
        pose_cell = np.where(pose_key < 0, -1, np.searchsorted(used, pose_key))
        person_cell = np.where(person_key < 0, -1, np.searchsorted(used, person_key))
        people_cells = Cells.of(person_cell, len(used))
        unit, category = np.divmod(used, len(ids))
    if not taking_part.all():
        pose_cell = np.where(taking_part, pose_cell, -1)
    return Scene(
        detections,
        Cells.of(pose_cell, len(unit)),
        targets,
        people_cells,
        unit,
        category,
        names,
        truth.skeleton.joints[chosen],
        sigmas_of(truth, rules.sigma)[chosen],
        outside_of(predictions.people),
        rules.single_precision,
    )


def sigmas_of(truth: PoseSet, sigma: float) -> Floats:
    """Sigmas [K] of the ground truth's joints: one for all of them, or for 0 the skeleton's.

    Raises:
        UsageError: P112 the skeleton has none.
    """
    return np.full(len(truth.skeleton), sigma) if sigma else truth.skeleton.sigma_array


def joints_of(truth: PoseSet, part: BodyPart) -> slice:
    """The joints of a part.

    Raises:
        UsageError: P187 the skeleton has no such part.
    """
    if part is BodyPart.ALL:
        return slice(0, len(truth.skeleton))
    known = _PARTS.get(len(truth.skeleton), {})
    if part not in known:
        raise UsageError(
            "P187",
            where=f"skeleton {shown(truth.skeleton.name)}",
            what=f"has no part {part.value}",
            wanted="a whole-body skeleton of 133 or 136 joints",
        )
    return slice(*known[part])


def _ids(aligned: Aligned) -> set[int]:
    """Category ids in use by the categories table and by people."""
    found = set(aligned.truth.categories)
    for people in (aligned.truth.people, aligned.predictions.people):
        column = people.category
        if len(column) and (column[0] not in found or bool((column != column[0]).any())):
            found.update(np.unique(column).tolist())
    return found


def _cell_key(people: People, ids: list[int]) -> Ints:
    """frame * categories + category index [N]; -1 where the category is not one of the ground truth's."""
    known = np.asarray(ids, dtype=np.int64)
    place = np.minimum(np.searchsorted(known, people.category), len(known) - 1)
    return np.where(known[place] == people.category, people.frame * len(known) + place, -1)


def outside_of(people: People) -> Bools:
    """People [N] outside the scored group: true people are ignored, predictions if they are unmatched."""
    found: Bools = people.extra.get("outside", np.zeros(len(people), dtype=np.bool_))
    return found


def box_sizes(people: People) -> Floats:
    """Width and height [N, 2] of the boxes, as the file has them where the reader kept them."""
    if "box_size" in people.extra:
        return np.asarray(people.extra["box_size"], dtype=np.float64)
    sizes: Floats = people.box[:, 2:] - people.box[:, :2]
    return sizes


def to_be_found(people: People, chosen: slice, ignore: IgnoreBy, crowds: Crowds) -> Bools:
    """Whether each person [N] counts by the chosen joints, whatever its size."""
    whole = chosen == slice(0, people.seen.shape[1])
    some = people.is_labelled if whole else (people.seen[:, chosen] > 0).any(axis=1)
    if ignore is IgnoreBy.COUNT and "num_keypoints" in people.extra:
        count = people.extra["num_keypoints"]
        some = np.where(count >= 0, count != 0, some)
    never: Bools = people.crowd
    if crowds is Crowds.COUNTED:
        never = people.extra.get("ignore", np.zeros(len(people), dtype=np.bool_))
    return np.asarray(some & ~never)


@once
def _by_frame(truth: PoseSet) -> Cells:
    return Cells.of(truth.people.frame, len(truth.frames))


@once
def _targets(truth: PoseSet, rules: SceneRules) -> Targets:
    people, chosen = truth.people, joints_of(truth, rules.part)
    labelled: Bools = people.seen[:, chosen] > 0
    size = box_sizes(people)
    # A box that is not given lies infinitely far away, so that nobody is measured to it.
    box = np.concatenate([people.box[:, :2], size], axis=1)
    absent = np.isnan(box).any(axis=1)
    if absent.any():
        box[absent] = (np.inf, np.inf, 0.0, 0.0)
    counts = to_be_found(people, chosen, rules.ignore, rules.crowds)
    area = people.area
    if rules.area is AreaSource.BOX:
        area = size[:, 0] * size[:, 1] * BOX_SHARE
    elif rules.area is AreaSource.EXTENT:
        area = extent(people.xy, people.seen)
        counts &= area > 0  # one joint, or joints in a line: no distance can be scaled
    return Targets(
        xy=people.xy[:, chosen],
        labelled=labelled,
        area=area,
        box=box,
        ignored=~counts | outside_of(people),
        crowd=people.crowd,
        unseen=(people.source_id == 0) if rules.id_zero else np.zeros(len(people), dtype=np.bool_),
    )


def _detections(people: People, chosen: slice, rules: SceneRules) -> tuple[Detections, Bools]:
    """The detections, and which of them [P] take part."""
    xy = people.xy[:, chosen]
    area = people.area
    unknown = np.isnan(area)
    if unknown.any():
        # pycocotools, too, takes the box around all predicted joints where none is given.
        area = np.where(unknown, extent(people.xy, people.seen), area)
    if not people.is_finite:
        xy = np.where(np.isnan(xy), np.inf, xy)  # a joint without a place is infinitely far from any
    score = people.score
    own = f"{rules.part.value}_score"
    if own in people.extra:
        score = np.where(np.isnan(people.extra[own]), score, people.extra[own])
    taking_part: Bools = np.ones(len(people), dtype=np.bool_)
    if rules.drop_zero_confidence:
        whole = rules.confident is Confident.PERSON
        confidence = people.joint_score if whole else people.joint_score[:, chosen]
        taking_part = np.any(confidence > 0, axis=1) | np.all(np.isnan(confidence), axis=1)
    return Detections(xy, score, area), taking_part
