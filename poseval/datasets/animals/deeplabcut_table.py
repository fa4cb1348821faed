"""DeepLabCut's table as a pose set and back: what its csv and h5 files share.

Source: DeepLabCut's documentation of its data: columns are named by scorer, (individual,) body part and
coordinate (x, y, and likelihood in predictions); rows by image path or frame number. An empty cell is a joint
that is not labelled. Bodies of one individual called `single` hold joints that only occur once in a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from poseval.datasets.animals.individuals import cube_of, lost_names, tracks_of
from poseval.datasets.assembly import frames_of, mean_score, pose_set, scores_from_joints
from poseval.datasets.base import ReadOptions, Role
from poseval.errors import FormatError, LimitError, MismatchError, ValueRangeError, number_of, shown
from poseval.poses import Array, Floats, Notice, Origin, PoseSet
from poseval.skeletons import Skeleton, match_names, skeleton_from_names

SCORER = "poseval"  # of tables that we write
COORDS = ("x", "y", "likelihood")


@dataclass(frozen=True, eq=False)
class Table:
    """Header columns (scorer, individual, body part, coordinate), row names [F] and values [F, C]."""

    header: Sequence[tuple[str, str, str, str]]
    index: Sequence[str]
    values: Floats


def to_poses(table: Table, options: ReadOptions, origin: Origin, where: str) -> PoseSet:
    """One person for each individual of each row that has any labelled joint.

    Raises:
        FormatError: P207 columns without x and y, P301 an infinite number.
        LimitError: P502 too many joints.
    """
    table, others = _known_columns(table, where)
    if np.isinf(table.values).any():
        raise ValueRangeError(
            "P301", where=where, what="has an infinite number", wanted="finite numbers or empty cells"
        )
    individuals = list(dict.fromkeys(individual for _, individual, _, _ in table.header))
    parts = list(dict.fromkeys(part for _, _, part, _ in table.header))
    if (
        len(parts) * max(len(individuals), 1) > options.limits.joints * 50
        or len(parts) > options.limits.joints
    ):
        raise LimitError(
            "P502",
            where=where,
            what=f"has {len(parts)} body parts of {len(individuals)} individuals",
            wanted=f"at most {options.limits.joints} body parts",
        )
    place = {(i, p, c): at for at, (_, i, p, c) in enumerate(table.header)}
    if len(place) < len(table.header):
        raise FormatError(
            "P205", where=where, what="has two columns with the same name", wanted="the columns of one scorer"
        )
    cube = np.full((len(table.index), len(individuals), len(parts), 3), np.nan)
    for (individual, part, coord), at in place.items():
        cube[:, individuals.index(individual), parts.index(part), COORDS.index(coord)] = table.values[:, at]
    skeleton = match_names(parts) or skeleton_from_names(parts)
    poses = _poses(cube, individuals, skeleton, table, options, origin, where)
    return poses.with_notices(others)


def _known_columns(table: Table, where: str) -> tuple[Table, list[Notice]]:
    """The table's columns of x, y and likelihood; others are left out and counted.

    Raises:
        FormatError: P207 where no body part has x and y.
    """
    kept = [at for at, column in enumerate(table.header) if column[3] in COORDS]
    coords = {table.header[at][3] for at in kept}
    # A column that was added to the table has its name in the first row of the header.
    others = list(dict.fromkeys(c[3] or c[2] or c[0] for c in table.header if c[3] not in COORDS))
    places = {column[1:] for column in (table.header[at] for at in kept)}
    incomplete = [part for who, part, _ in places for coord in "xy" if (who, part, coord) not in places]
    if not {"x", "y"} <= coords or incomplete:
        raise FormatError(
            "P207",
            where=f"{where}: {shown(sorted(incomplete)[0], 40)}" if incomplete else where,
            what=f"has the columns {', '.join(shown(name, 40) for name in (*sorted(coords), *others)[:5])}",
            wanted="x, y and likelihood of each body part",
        )
    if not others:
        return table, []
    count = len(table.header) - len(kept)
    were = number_of(count, "column was", "columns were")
    text = f"{where}: {were} not read: {', '.join(shown(name, 40) for name in others[:5])}"
    made = Table([table.header[at] for at in kept], table.index, table.values[:, kept])
    return made, [Notice("N547", text, count)]


def _poses(
    cube: Floats,
    individuals: list[str],
    skeleton: Skeleton,
    table: Table,
    options: ReadOptions,
    origin: Origin,
    where: str,
) -> PoseSet:
    labelled = np.asarray(np.isfinite(cube[..., :2]).all(axis=-1))  # [F, I, K]
    row, who = np.nonzero(labelled.any(axis=2))
    xy, score = cube[row, who, :, :2], cube[row, who, :, 2]
    seen = np.where(labelled[row, who], 2, 0).astype(np.int8)
    columns: dict[str, Array] = {"xy": xy, "seen": seen, "track": tracks_of(individuals)[who]}
    notices: list[Notice] = []
    if options.role is Role.PREDICTIONS:
        unknown = np.isnan(score) & (seen > 0)
        if unknown.any() and np.isfinite(score).any():
            raise MismatchError(
                "P410",
                where=where,
                what=f"has {int(unknown.sum())} of {int((seen > 0).sum())} joints without a likelihood",
                wanted="one for every joint, or for none",
                hint="write the likelihoods, or leave x and y of these joints empty, too",
            )
        if not unknown.any():
            columns |= {"joint_score": np.where(seen > 0, score, np.nan), "score": mean_score(score, seen)}
            notices.append(scores_from_joints(where, len(row)))
        else:
            text = f"{where}: has no likelihoods, so that nobody has a score: are these labels?"
            notices.append(Notice("N549", text, len(row)))
    elif np.isfinite(score).any():
        columns["joint_score"] = score
    numbers = [int(name) if name.isdecimal() and len(name) < 18 else -1 for name in table.index]
    # A row without any label is a frame that nobody labelled; where nothing was predicted, nobody is.
    predicted = options.role is Role.PREDICTIONS
    looked_at = [predicted or bool(row.any()) for row in labelled]
    frames = frames_of(
        list(table.index),
        options.limits,
        where,
        None,
        numbers if min(numbers, default=-1) >= 0 else None,
        looked_at,
    )
    if len(set(table.index)) < len(table.index):
        raise FormatError("P205", where=where, what="has a row twice", wanted="one row per frame")
    origin = replace(
        origin, records=len(row), notices=(*origin.notices, *notices), unread=_unread(individuals, table)
    )
    return pose_set(skeleton, frames, row, columns, origin, options.limits)


def _unread(individuals: list[str], table: Table) -> dict[str, int]:
    """Names that a pose set has no place for."""
    scorers = {scorer for scorer, _, _, _ in table.header} - {SCORER}
    return lost_names(individuals) | ({"names of scorers": len(scorers)} if scorers else {})


def from_poses(poses: PoseSet, role: Role, names: list[str]) -> Table:
    """The table of a pose set: individuals by track, or by place in the frame without one.

    Raises:
        UsageError: P175 one track twice in a frame.
    """
    individuals, cube, _ = cube_of(poses, np.arange(len(poses.frames)), len(poses.frames))
    dims = 3 if role is Role.PREDICTIONS else 2
    if dims == 3:
        lacking = np.isfinite(cube[..., 0]) & np.isnan(cube[..., 2])
        cube[..., 2] = np.where(lacking, 1.0, cube[..., 2])
    header = [
        (SCORER, individual, joint, coord)
        for individual in individuals
        for joint in poses.skeleton.joints
        for coord in COORDS[:dims]
    ]
    return Table(header, names, cube[..., :dims].reshape(len(poses.frames), -1))
