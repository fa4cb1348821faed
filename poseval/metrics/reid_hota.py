"""HOTA for re-identification: a person keeps one identity through all videos."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from poseval.errors import MismatchError, shown
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.hota import LEVELS, RADIUS, STATISTICS, Frames, lonely_frames, missed_joints, ratios
from poseval.metrics.joint_rows import Empty, JointRows, joint_facts, mean_of_defined, unlabelled_reasons
from poseval.metrics.tracking_scene import Similarity, scene_of
from poseval.poses import Floats, Ints, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values

TABLES = {"pair_unit": "pair_", "size_unit": "size", "end_unit": "end_"}  # unit column -> what else it holds


class Pieces(enum.Enum):
    """Whether uninterrupted matches of a pair continue from one sequence into the next."""

    WITHIN = "within"
    ACROSS = "across"  # as the kit counts, in the order of the sequences


@dataclass(frozen=True)
class ReidHota(Metric):
    """HOTA of single joints where `person_id` stands in for the track id.

    As `hota`, with two differences: association counts run over all sequences together, because an identity
    may appear in several; and every threshold alpha has its own assignment, as many true positives as
    possible first, then the greatest similarity. Totals are means over joints. `pieces=across` lets a piece
    of FragA go on from one video into the next.
    """

    pieces: Pieces = Pieces.WITHIN
    frames: Frames = Frames.OWN
    empty: Empty = Empty.UNDEFINED
    per_joint: bool = False

    name: ClassVar[str] = "reid_hota"
    needs: ClassVar[frozenset[Need]] = frozenset({Need.HEADS})
    unit: ClassVar[str] = "sequence"
    headlines: ClassVar[tuple[str, ...]] = ("HOTA", "DetA", "AssA", "LocA")
    heading: ClassVar[str] = "reid"
    formula: ClassVar[str] = (
        "as hota, with person ids for track ids, association over all sequences at once, and an assignment "
        "of its own for every alpha"
    )
    undefined: ClassVar[str] = "a joint that is never labelled"
    source: ClassVar[str] = "Doering et al. 2022; anDoer/PoseTrack21 3e61960, metrics/hota_pose_reid.py"

    def tally(self, aligned: Aligned) -> Tally:
        """Counts per sequence, and rows per pair of identities that match and per identity.

        Raises:
            MismatchError: P416 when people have no `person_id`.
        """
        sides = replace(aligned, truth=_by_person(aligned.truth), predictions=_by_person(aligned.predictions))
        scene = scene_of(sides, Similarity.JOINT)
        found = scene.reid(LEVELS, RADIUS)
        counts = scene.hota(LEVELS, RADIUS, aligned=False)
        keys = aligned.unit_keys("sequence")
        tables = {
            "sequences": Table(
                np.arange(len(keys), dtype=np.int64),
                {
                    **{name: found.pop(name) for name in ("matched", "similarity")},
                    **{name: counts[name] for name in ("objects", "hypotheses", "objects_alone")},
                    **lonely_frames(scene, aligned.truth.frames.sequence, len(keys)),
                },
            )
        }
        for unit, prefix in TABLES.items():
            rows = found.pop(unit)
            tables[unit] = Table(rows, {name: v for name, v in found.items() if name.startswith(prefix)})
        return Tally(self.name, keys, tables, joint_facts(aligned.truth.skeleton))

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """All statistics per joint, group and in total."""
        sums = self.sums(tally, weight)
        numbers = ratios(sums, self.empty)
        total = {name: _mean_of_joints(values) for name, values in numbers.items()}
        objects = sums["objects"]
        rows = JointRows.of(tally, self.per_joint, strict=False)
        why = unlabelled_reasons(tally.facts["joints"], objects)
        out: list[Value] = []
        for name in STATISTICS:
            out += rows(name, numbers[name].mean(axis=1), float(total[name].mean()), n=objects, why=why)
        return Values(out)

    def sums(self, tally: Tally, weight: Ints | None = None) -> dict[str, Any]:
        """Weighted sums [K, A] over the whole set, as `hota.ratios` takes them."""
        matched = tally.sum("matched", weight)
        objects, hypotheses = tally.sum("objects", weight), tally.sum("hypotheses", weight)
        units = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
        missed = missed_joints(units, self.frames)
        times = np.ones(tally.units, dtype=np.int64) if weight is None else weight
        return {
            "matched": matched,
            "missed": np.tensordot(times, missed, axes=1),
            "false": hypotheses[:, None] - matched,
            "similarity": tally.sum("similarity", weight),
            "objects": objects,
            **self._association(tally, weight, matched.shape),
        }

    def _association(self, tally: Tally, weight: Ints | None, shape: tuple[int, ...]) -> dict[str, Any]:
        """The association sums [K, A] over pairs of identities of the whole set."""
        joint = tally.column("pair_joint")
        key = np.stack([joint, tally.column("pair_object"), tally.column("pair_hypothesis")], axis=1)
        pairs, place = np.unique(key, axis=0, return_inverse=True)
        times = tally.weight_of_rows("pair_count", weight)[:, None]
        count = np.zeros((len(pairs), shape[1]))
        squares = np.zeros((len(pairs), shape[1]))
        np.add.at(count, place.reshape(-1), tally.column("pair_count") * times)
        np.add.at(squares, place.reshape(-1), tally.column("pair_squares") * times)
        if self.pieces is Pieces.ACROSS:
            squares += _joined_pieces(tally, weight, pairs, shape[1])
        true = _size_of(tally, weight, 0, pairs[:, [0, 1]])[:, None]
        predicted = _size_of(tally, weight, 1, pairs[:, [0, 2]])[:, None]
        both = np.maximum(true + predicted - count, 1)
        out = {}
        for name, values in (
            ("association", count * count / both),
            ("association_recall", count * count / np.maximum(true, 1)),
            ("association_precision", count * count / np.maximum(predicted, 1)),
            ("fragments", squares / both),
        ):
            out[name] = np.zeros(shape)
            np.add.at(out[name], pairs[:, 0], values)
        return out


def _by_person(poses: PoseSet) -> PoseSet:
    """The same set with identities as track ids.

    Raises:
        MismatchError: P416 when people have none.
    """
    person = poses.people.extra.get("person_id")
    if person is None or bool((person < 0).any()):
        count = len(poses) if person is None else int((person < 0).sum())
        raise MismatchError(
            "P416",
            where=shown(poses.origin.name),
            what=f"{count} of {len(poses)} people have no person_id",
            wanted="a person_id of every person, which reid_hota needs",
        )
    return replace(poses, people=poses.people.with_columns(track=person))


def _size_of(tally: Tally, weight: Ints | None, side: int, wanted: Ints) -> Ints:
    """Weighted number of frames of each wanted (joint, identity) [P, 2] of one side."""
    rows = np.flatnonzero(tally.column("size_side") == side)
    key = np.stack([tally.column("size_joint")[rows], tally.column("size_track")[rows]], axis=1)
    size = (tally.column("size") * tally.weight_of_rows("size", weight))[rows]
    known, place = np.unique(np.concatenate([wanted, key]), axis=0, return_inverse=True)
    place = place.reshape(-1)
    total = np.zeros(len(known), dtype=np.int64)
    np.add.at(total, place[len(wanted) :], size)
    out: Ints = total[place[: len(wanted)]]
    return out


def _joined_pieces(tally: Tally, weight: Ints | None, pairs: Ints, alphas: int) -> Floats:
    """What pieces that go on into the next sequence add to the sums of squares [P, A] of pairs [P, 3].

    A unit of weight w stands w times in a row.
    """
    order = np.lexsort(
        (tally.unit_of("end_joint"), *(tally.column(f"end_{name}") for name in ("object", "alpha", "joint")))
    )
    times = tally.weight_of_rows("end_joint", weight)[order]
    order = np.repeat(order, times)
    key = np.stack([tally.column(f"end_{name}")[order] for name in ("joint", "alpha", "object")], axis=1)
    first, last = tally.column("end_first")[order], tally.column("end_last")[order]
    first_length, last_length = (
        tally.column("end_first_length")[order],
        tally.column("end_last_length")[order],
    )
    single = tally.column("end_pieces")[order] == 1
    goes_on = (key[1:] == key[:-1]).all(axis=1) & (last[:-1] == first[1:])
    place = {tuple(pair): row for row, pair in enumerate(pairs.tolist())}
    out = np.zeros((len(pairs), alphas))
    running = last_length.astype(np.float64)
    for row in np.flatnonzero(goes_on).tolist():
        joint, alpha, person = key[row].tolist()
        out[place[joint, person, int(last[row])], alpha] += 2 * running[row] * first_length[row + 1]
        if single[row + 1]:
            running[row + 1] += running[row]
    return out


def _mean_of_joints(values: Floats) -> Floats:
    """Mean [A] over joints that are defined."""
    return mean_of_defined(values, axis=0)
