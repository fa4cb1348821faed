"""Which format a file or folder is, by content: every format that fits, the best first.

All formats of the file's container are asked, so that two that fit equally are both named; those whose JSON
keys are absent are neither asked nor imported. Formats of other packages are asked where none of ours fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from poseval.datasets.base import Role
from poseval.datasets.coco.shape import is_list_of_annotations
from poseval.datasets.files.all_records import widened
from poseval.datasets.files.source import Source
from poseval.datasets.near_misses import unread_form
from poseval.datasets.registry import REGISTRY, TABLE, Format, get_format
from poseval.errors import Fault, FormatError, InputError, PosevalError, error_of, shown
from poseval.kernels.json_outline import Outline
from poseval.plugins import in_one_line
from poseval.poses import Notice, PoseSet

MUCH = 0.4  # a confidence above the other role's by so much is no guess
SURE = 0.5  # a format is taken when its confidence reaches this
BEGINNING = 1 << 16  # bytes
EXCHANGED = "Are the two files exchanged?"
ABSENT = frozenset(
    word[1:] for row in TABLE.values() for one in row.keys or () for word in one.split() if word[0] == "!"
)
MAGIC = (
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"MATLAB 5", "matlab"),
    (b"\x93NUMPY", "npy"),
    (b"PK", "zip"),
    (b"\x80", "pickle"),
    (b"PAR1", "parquet"),
)


class Candidate(NamedTuple):
    """A format that was asked, and how sure it is of the content in a role: 0 to 1."""

    sure: float
    name: str
    role: Role


def recognise(source: Source, role: Role, truth: PoseSet | None = None) -> str:
    """Name of the format that the content fits best; the `truth` was read before and is named in advice.

    Raises:
        FormatError: P201 when none fits (naming what it looks like instead), P202 when several fit equally
            well; P200, P210, P211 when it is broken JSON; P271 an empty folder.
    """
    if source.is_folder and not source.files:
        raise FormatError(
            "P271", where=shown(source.path), what="is an empty folder", wanted="files of a data set"
        )
    found = _candidates(source, role)
    best = max((one.sure for one in found), default=0.0)
    if best < SURE:
        _refuse_broken_json(source)
        raise FormatError(
            "P201",
            where=shown(source.path),
            what=f"is not {role.words} in a known format",
            wanted="see `poseval list formats`",
            hint=_other_hint(source, role, truth),
        )
    equal = [one.name for one in found if one.sure == best]
    if len(equal) > 1:
        raise FormatError(
            "P202",
            where=shown(source.path),
            what=f"could be {' or '.join(equal)}",
            wanted="one format",
            hint=f"choose one, for example --format-in {equal[0]}",
        )
    return equal[0]


def fits(source: Source, role: Role) -> tuple[str, ...]:
    """Names of all formats that the content may be of, the best first."""
    return tuple(one.name for one in _candidates(source, role) if one.sure >= SURE)


def confidences(source: Source) -> dict[Role, float]:
    """How surely the content is of any known format, in each role: 0 to 1."""
    found = _candidates(source, *Role)
    return {role: max((one.sure for one in found if one.role is role), default=0.0) for role in Role}


def readings(source: Source, name: str | None = None) -> tuple[str, ...]:
    """The most likely readings, such as `coco ground truth`; only those of the format `name`, if given."""
    found = [one for one in _candidates(source, *Role) if name in (None, one.name)]
    best = max((one.sure for one in found), default=0.0)
    return tuple(f"{one.name} {one.role.words}" for one in found if one.sure == best)


def guessed(source: Source, role: Role, sure: Mapping[Role, float]) -> list[Notice]:
    """A notice for content that was read in one role and also fits the other."""
    other = next(one for one in Role if one is not role)
    if sure.get(other, 0.0) < SURE or sure.get(role, 0.0) - sure[other] > MUCH:
        return []
    option = f"--role {other.words.replace(' ', '-')}"
    text = f"{shown(source.path.name)}: was read as {role.words}; use {option} to read it as that"
    return [Notice("N544", text)]


def looks_like(source: Source) -> str | None:
    """`openpose predictions`, or the name of a format that poseval does not read; None when nothing fits."""
    try:
        found = [one for one in _candidates(source, *Role) if one.sure >= SURE]
    except InputError:
        return None
    if not found:
        unread = unread_form(source)
        return None if unread is None else unread[0]
    best = found[0]
    both = len({one.role for one in found if one.sure == best.sure}) > 1
    return best.name if both else f"{best.name} {best.role.words}"


def container(source: Source) -> str:
    """The kind of container, by its bytes alone: one of `registry.CONTAINERS`."""
    if source.is_folder:
        return "folder"
    document = source.document
    if document.head[512:520] == MAGIC[0][0]:
        return "hdf5"  # MATLAB 7.3 puts a block of 512 bytes in front
    for mark, kind in MAGIC:
        if document.head.startswith(mark):
            return kind
    if document.is_json:
        try:
            _ = document.outline
            return "json"
        except InputError:
            return "text"
    return "xml" if document.head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") else "text"


def _candidates(source: Source, *roles: Role) -> list[Candidate]:
    """Every format that is read in one of these roles and was asked, the surest first."""
    found = _answers(source, roles, TABLE.values())
    if not any(one.sure >= SURE for one in found) and _look_at_all(source):
        found = _answers(source, roles, TABLE.values())
    if not any(one.sure >= SURE for one in found):
        found += _others(source, roles)[0]
    return sorted(found, key=lambda one: -one.sure)


def _look_at_all(source: Source) -> bool:
    """Give a JSON list the fields of all its records for an outline; whether that changed anything."""
    if container(source) != "json":
        return False
    wide = widened(source.document)
    if wide is not None:
        source.document.outline = wide
    return wide is not None


def _answers(source: Source, roles: Sequence[Role], rows: Iterable[Format]) -> list[Candidate]:
    """What the possible ones of some formats say, role by role."""
    asked = [get_format(row.name) for row in _possible(source, rows)]
    return [
        Candidate(dataset.sniff(source, role), dataset.name, role)
        for role in roles
        for dataset in asked
        if role in dataset.reads
    ]


def _others(source: Source, roles: Sequence[Role]) -> tuple[list[Candidate], list[PosevalError]]:
    """What formats of other packages say, and what is wrong with those that cannot be asked."""
    said, broken = REGISTRY.each(REGISTRY.others(), lambda row: _answers(source, roles, [row]))
    return [one for answers in said.values() for one in answers], broken


def _possible(source: Source, rows: Iterable[Format]) -> list[Format]:
    """Those of the formats that the container, and the keys and words of a JSON file, leave possible."""
    kind = container(source)
    rows = [row for row in rows if kind in row.containers]
    if kind != "json":
        return rows
    keys = _keys(source.document.outline)
    beginning = source.document.start(BEGINNING)
    return [
        row
        for row in rows
        if (not keys or row.keys is None or any(keys.issuperset(one.split()) for one in row.keys))
        and (not row.words or any(word in beginning for word in row.words))
    ]


def _keys(outline: Outline) -> set[str]:
    """What `Format.keys` speaks of; empty for a document without any key, which can be of every format."""
    entries = outline.by_key()
    if not entries:
        return set()
    absent = {f"!{key}" for key in ABSENT - entries.keys()}
    below = {key for entry in entries.values() for key in entry.first_kinds()}
    return {"{" if outline.kind == "object" else "[", *entries, *below, *absent}


def _refuse_broken_json(source: Source) -> None:
    """Raise what is wrong with a file that is meant as JSON: it is broken, not unknown."""
    if source.is_folder:
        return
    document = source.document
    if (document.is_json and source.suffix not in OTHER_SUFFIXES) or not document.data.strip():
        _ = document.outline


def _other_hint(source: Source, role: Role, truth: PoseSet | None) -> str | None:
    """What the content is, where not a known format in this role; else what could not be asked."""
    other = Role.PREDICTIONS if role is Role.TRUTH else Role.TRUTH
    across = fits(source, other)
    if across and role is Role.PREDICTIONS and truth is not None and _is_truth_alone(truth):
        name = shown(truth.origin.name)
        return (
            f"this looks like {across[0]} {other.words}, and so does {name}: give the predictions of a model"
        )
    if across and not (role is Role.TRUTH and _is_list_of_annotations(source)):
        return f"this looks like {across[0]} {other.words}. {EXCHANGED}"
    unread = unread_form(source)
    if unread is not None:
        return f"this looks like {unread[0]}, which is not read: {unread[1]}"
    return in_one_line(_others(source, (role,))[1])


def _is_list_of_annotations(source: Source) -> bool:
    return not source.is_folder and source.document.is_json and is_list_of_annotations(source.document)


def of_two_predictions(error: FormatError, predictions: Source) -> PosevalError:
    """The error for a ground truth that looks like predictions when exchanging the files would not help."""
    faults = [_of_two_predictions(fault, predictions) for fault in error.faults]
    return error_of(faults) if faults != list(error.faults) else error


def _of_two_predictions(fault: Fault, predictions: Source) -> Fault:
    exchanged = f". {EXCHANGED}"
    hint = fault.hint or ""
    try:
        alone = fits(predictions, Role.PREDICTIONS) and not fits(predictions, Role.TRUTH)
    except PosevalError:
        return fault
    if not alone or not hint.endswith(exchanged):
        return fault
    name = shown(predictions.path.name)
    return replace(
        fault, hint=f"{hint.removesuffix(exchanged)}, and so does {name}: give ground truth with --gt"
    )


def _is_truth_alone(truth: PoseSet) -> bool:
    """Whether the file of a ground truth could not be predictions instead: exchanging would not help."""
    try:
        return not fits(Source(truth.origin.path), Role.PREDICTIONS)
    except PosevalError:
        return False


# Suffixes of text that may begin as JSON does.
OTHER_SUFFIXES = frozenset({".ini", ".txt", ".csv", ".toml", ".yaml", ".yml"})
