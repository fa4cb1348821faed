"""Sigmas given by the user, as text, file or numbers, and assigned to the joints of a skeleton."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from poseval.errors import UsageError, did_you_mean, shown
from poseval.files.reading import parse_json, read_text
from poseval.skeletons.skeleton import LEAST_SIGMA, MOST_SIGMA, Skeleton

ByPlace = tuple[float, ...]  # one for each joint in order; a single one is that of all joints
ByName = tuple[tuple[str, float], ...]  # of joints, or of kinds of joints: `wrist` is left and right
Given = ByPlace | ByName
SCHEMA = "poseval.joint_sigmas/1"  # of the file that `poseval sigmas --out` writes
OPENING = ("{", "[")
WANTED = "a list 0.05,0.1,..., names nose=0.026,wrist=0.062, a file of one of them, or one number for all"


def read_sigmas(given: object) -> Given:
    """Sigmas from numbers, a mapping of names, or a text: the sigmas themselves, or the path of their file.

    A file holds a JSON list or object, or the same text, separated by white space or commas.

    Raises:
        UsageError: P114, P135, P136 when there is no such file to read, P115 when it holds something else.
        LimitError: P501 when the file is too large, P502 when it is deeper than any list.
    """
    if isinstance(given, (str, os.PathLike)):
        text = os.fspath(given)
        try:
            return _positive(_parsed(text, "--sigmas"), "--sigmas")
        except ValueError as error:
            where = shown(text)
            if "=" in text and not os.path.exists(text):
                raise _refused(where, "is neither a list of name=number nor a file") from None
            if text.lstrip()[:1] in OPENING and not os.path.exists(text):
                raise _refused(where, f"is neither JSON nor a file ({shown(error)})") from None
        try:
            return _positive(_parsed(read_text(text), where), where)
        except ValueError as error:
            raise _refused(where, f"cannot be read as sigmas ({shown(error)})") from error
    listed = _numbers(given)
    if listed is None:
        raise _refused("sigmas", f"are of type {shown(type(given).__name__, 60)}, not numbers")
    return _positive(listed, "sigmas")


def _parsed(text: str, where: str) -> Given:
    """Raises ValueError for anything that is not a list of numbers, and no list of names and numbers.

    Raises:
        LimitError: P502 JSON that is nested too deeply.
        UsageError: P115 a name that stands twice.
    """
    text = text.strip()
    if text[:1] in OPENING:
        node = parse_json(text, where)
        if isinstance(node, dict) and node.get("schema") == SCHEMA:
            node = node.get("sigmas")
        found = _numbers(node)
        if found is None:
            raise ValueError("neither a list of numbers nor an object of names and numbers")
        return found
    words = text.replace(",", " ").split()
    if not words:
        raise ValueError("it is empty")
    if "=" not in text:
        return tuple(float(word) for word in words)
    pairs = [word.partition("=") for word in words]
    _refuse_twice(name for name, _, _ in pairs)
    return tuple((name, float(number)) for name, _, number in pairs)


def _refuse_twice(names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise _refused("sigmas", f"name {', '.join(map(shown, twice[:5]))} twice")


def _numbers(given: Any) -> Given | None:
    """The sigmas in a number, a list or a mapping; None in anything else."""
    try:
        if isinstance(given, Mapping):
            return tuple((str(name), float(number)) for name, number in given.items())
        if isinstance(given, Iterable):
            return tuple(float(number) for number in given)
        return (float(given),)
    except (TypeError, ValueError, OverflowError):
        return None


def _positive(given: Given, where: str) -> Given:
    numbers = [item[1] if isinstance(item, tuple) else item for item in given]
    bad = [number for number in numbers if not LEAST_SIGMA <= number <= MOST_SIGMA]
    if bad or not numbers:
        range_of = f"from {LEAST_SIGMA:g} to {MOST_SIGMA:g}"
        what = f"hold {bad[0]:g}, which is not {range_of}" if bad else "hold no number"
        raise _refused(where, what)
    return given


def sigmas_on(given: Given, skeleton: Skeleton, where: str) -> Skeleton:
    """The skeleton with the sigmas that were given: by name, in the order of joints, or one for all.

    Joints that a list of names leaves out keep the sigmas that the skeleton has.

    Raises:
        UsageError: P115 for joints that the skeleton does not have, joints without a sigma, or the wrong
            number of sigmas.
    """
    names = {item[0]: item[1] for item in given if isinstance(item, tuple)}
    if names:
        return skeleton.with_sigmas(_by_name(names, skeleton, where))
    numbers = [number for number in given if not isinstance(number, tuple)]
    if len(numbers) == 1:
        return skeleton.with_sigmas(numbers * len(skeleton))
    if len(numbers) != len(skeleton):
        raise _refused(
            "sigmas",
            f"are {len(numbers)} numbers; the {len(skeleton)} joints of {where} are "
            + ", ".join(map(shown, skeleton.joints[:40])),
        )
    return skeleton.with_sigmas(numbers)


def _by_name(names: Mapping[str, float], skeleton: Skeleton, where: str) -> list[float]:
    known = {joint: (at,) for at, joint in enumerate(skeleton.joints)}
    groups = {**skeleton.groups, **known}
    strange = [name for name in names if name not in groups]
    if strange:
        raise _refused(
            "sigmas",
            f"name {', '.join(map(shown, strange[:5]))}; the joints of {where} are "
            + ", ".join(map(shown, skeleton.joints[:40])),
            did_you_mean(strange[0], groups),
        )
    found = [math.nan] * len(skeleton) if skeleton.sigmas is None else list(skeleton.sigmas)
    for name in sorted(names, key=lambda one: -len(groups[one])):  # a joint goes before its kind
        for at in groups[name]:
            found[at] = names[name]
    lacking = [joint for joint, sigma in zip(skeleton.joints, found, strict=True) if math.isnan(sigma)]
    if lacking:
        raise _refused("sigmas", f"leave out {', '.join(map(shown, lacking[:5]))}")
    return found


def _refused(where: str, what: str, hint: str | None = None) -> UsageError:
    return UsageError("P115", where=where, what=what, wanted=WANTED, hint=hint)
