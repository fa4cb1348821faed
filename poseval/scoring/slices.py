"""Groups that are reported separately: of frames (by sequence, column or file) and of people.

A group of frames is a weight of zeros and ones over the units of a tally. A group of people has a tally of
its own over the same units (see `metrics.person_groups`), so that intervals and tests hold for both alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from poseval.errors import UsageError, number_of, shown, unknown_name
from poseval.limits import Limits
from poseval.metrics.person_groups import ATTRIBUTES, PersonGroup
from poseval.poses import Array, Bools, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.frame_names import natural, stem
from poseval.results.report import Report
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.groups import IMAGE, PERSON, SEQUENCE
from poseval.scoring.slice_tables import SliceTable, read_slices

MOST_GROUPS = 1000  # of frames, in one slice
MOST_TALLIES = 100  # groups of people in one slice: each is matched anew


@dataclass(frozen=True, eq=False)
class Slices:
    """Masks [U] over the units by name, groups of people by name, and notices about both."""

    units: dict[str, Bools] = field(default_factory=dict)
    people: dict[str, PersonGroup] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


def slices_of(aligned: Aligned, unit: str, names: Sequence[str], limits: Limits) -> Slices:
    """Every group that the named slices make, called `slice=group`.

    Raises:
        UsageError: P149 an unknown slice, or one that cuts a sequence that is scored as a whole; P830 an
            attribute that the ground truth does not have; P831 a csv file that names nobody,
            P832 too many groups.
        FormatError: P223 a csv file without its columns. LimitError: P501.
    """
    out = Slices()
    for name in names:
        if name in ATTRIBUTES:
            found = {f"{name}={group}": members for group, members in ATTRIBUTES[name](aligned)}
            out.people.update({key: group for key, group in found.items() if group.people.any()})
            continue
        table = read_slices(name, limits) if name.endswith(".csv") else None
        if table is not None and table.key == PERSON:
            out.people.update(_of_people(aligned, name, table, out.notices))
        else:
            out.units.update(_of_frames(aligned, unit, name, table, out.notices))
    return out


def slices_again(report: Report, truth: PoseSet, given: Sequence[str]) -> list[str]:
    """The slices of a report that its ground truth makes, without those that are `given`."""
    made = {Path(name).stem if name.endswith(".csv") else name for name in given}
    labels = dict.fromkeys(row.slice.partition("=")[0] for row in report.values if "=" in row.slice)
    known = {*ATTRIBUTES, *truth.frames.extra, SEQUENCE}
    return [label for label in labels if label in known and label not in made]


def resliced(evaluation: Evaluation, names: Sequence[str], limits: Limits) -> Evaluation:
    """A tallied run with further slices of its units. Slices that it has are kept.

    Raises:
        UsageError: P833 a slice that needs people, P149 one that the run does not know, P831 a csv file of
            other frames.
    """
    known = {name.partition("=")[0] for name in evaluation.slices}
    made: dict[str, Bools] = {}
    for name in names:
        if (Path(name).stem if name.endswith(".csv") else name) not in known:
            made.update(_of_units(evaluation, name, limits))
    parts = [replace(part, slices={**part.slices, **made}) for part in evaluation.parts]
    return replace(evaluation, parts=tuple(parts)) if made else evaluation


def _of_units(evaluation: Evaluation, name: str, limits: Limits) -> dict[str, Bools]:
    groups, keys, unit = evaluation.groups, evaluation.unit_keys, evaluation.benchmark.unit
    table = read_slices(name, limits) if name.endswith(".csv") else None
    if name in ATTRIBUTES or (table is not None and table.key == PERSON):
        raise UsageError(
            "P833",
            where=f"slice {shown(name)!r}",
            what="needs people, whom a saved run does not hold",
            wanted="a run that was saved with this slice",
            hint=f"poseval score PREDICTIONS --gt FILE --slice {name} --save RUN",
        )
    if table is None:
        if name not in groups and name != unit:
            raise _unknown(name, [unit, *groups])
        found = keys if name == unit else groups[name]
    else:
        paths = groups.get(IMAGE, keys)
        found = _named(table, name, list(zip(keys.tolist(), paths.tolist(), strict=True)), [])
    return _masks(name, found)


def _of_frames(
    aligned: Aligned, unit: str, name: str, table: SliceTable | None, notices: list[Notice]
) -> dict[str, Bools]:
    frames = aligned.truth.frames
    sequence = np.asarray(frames.sequences, dtype=np.str_)[frames.sequence]
    if name == SEQUENCE:
        group: Array = sequence
    elif table is not None:
        keys = sequence if table.key == SEQUENCE else frames.key
        group = _named(table, name, list(zip(keys.tolist(), frames.path.tolist(), strict=True)), notices)
    else:
        known = {key: column for key, column in frames.extra.items() if column.dtype.kind in "iuU"}
        if name not in known or known[name].ndim != 1:
            raise _unknown(name, [SEQUENCE, *known])
        group = known[name].astype(np.str_)
    return {key: _units(aligned, unit, mask, name) for key, mask in _masks(name, group).items()}


def _of_people(
    aligned: Aligned, name: str, table: SliceTable, notices: list[Notice]
) -> dict[str, PersonGroup]:
    ids = aligned.truth.people.source_id
    group = _named(table, name, [(str(key), "") for key in ids.tolist()], notices)
    masks = _masks(name, group, MOST_TALLIES)
    return {key: PersonGroup.of(aligned, mask) for key, mask in masks.items()}


def _named(table: SliceTable, name: str, names: Sequence[tuple[str, str]], notices: list[Notice]) -> Array:
    """Name of the group of each (key, path); empty for none.

    Raises:
        UsageError: P831 the file names none of them.
    """
    group = table.group
    found = [
        group.get(key, group.get(path, group.get(stem(path), "") if path else "")) for key, path in names
    ]
    absent = sum(not item for item in found)
    if found and absent == len(found):
        raise UsageError(
            "P831",
            where=f"slice {shown(name)!r}",
            what=f"names no {table.key} of the ground truth (it has {shown(next(iter(group), ''), 60)!r})",
            wanted=f"names such as {shown(names[0][0], 60)!r}",
        )
    if absent:
        every = number_of(len(found), table.key, "people" if table.key == PERSON else None)
        notices.append(
            Notice("N582", f"slice {Path(name).stem}: {absent} of {every} are in no group", absent)
        )
    return np.asarray(found, dtype=np.str_)


def _masks(name: str, group: Array, most: int = MOST_GROUPS) -> dict[str, Bools]:
    """Masks of the groups that names [X] make, in natural order (2 before 10); empty names are in none.

    Raises:
        UsageError: P832.
    """
    label = Path(name).stem if name.endswith(".csv") else name
    names = sorted(set(group.tolist()) - {""}, key=natural)
    if len(names) > most:
        raise UsageError(
            "P832",
            where=f"slice {shown(name)!r}",
            what=f"has {len(names):,} groups",
            wanted=f"at most {most:,}",
        )
    return {f"{label}={one}": group == one for one in names}


def _units(aligned: Aligned, unit: str, inside: Bools, name: str) -> Bools:
    if unit == "frame":
        return inside
    frames = aligned.truth.frames
    count = np.bincount(frames.sequence, minlength=len(frames.sequences))
    held = np.bincount(frames.sequence[inside], minlength=len(frames.sequences))
    if ((held > 0) & (held < count)).any():
        raise UsageError(
            "P149",
            where=f"slice {shown(name)!r}",
            what="divides sequences, which this benchmark scores as a whole",
            wanted="groups of whole sequences",
        )
    return held > 0


def _unknown(name: str, fields: Sequence[str]) -> UsageError:
    known = dict.fromkeys([*fields, *ATTRIBUTES])
    return unknown_name("P149", "slice", name, known, wanted=", or FILE.csv")
