"""Columns given by a caller, checked and converted to NumPy arrays of the required shape."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from poseval.errors import UsageError, shown, wrong_type
from poseval.poses import Array, Floats, Ints
from poseval.skeletons import Skeleton, SkeletonLike, load_skeleton, match_names, names, skeleton_from_names
from poseval.skeletons.by_count import skeleton_for


def array_of(value: Any) -> Any:
    """An array of any library as a NumPy array; tensors are detached and moved to the CPU first."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    return np.asarray(value)


def numbers(name: str, value: Any, shape: tuple[int | None, ...], form: str) -> Floats:
    """Numbers as a float64 array of the given shape, in which None stands for any length.

    Raises:
        UsageError: P101 no numbers, P851 another shape; `form` says in words what the columns are.
    """
    try:
        found = array_of(value)
        if found.dtype.kind not in "biuf":
            raise ValueError(found.dtype)
        out = found.astype(np.float64)  # a copy, because the caller may use the array again
    except (TypeError, ValueError):
        raise uneven(name, value, form) or wrong_type(name, value, f"numbers of shape {form}") from None
    if out.ndim != len(shape) or any(
        size is not None and size != own for size, own in zip(shape, out.shape, strict=False)
    ):
        raise odd_shape(name, out.shape, form)
    return np.ascontiguousarray(out)


def uneven(name: str, value: Any, form: str) -> UsageError | None:
    """The error for a list of arrays of which one has another shape than the first, else None."""
    if not isinstance(value, (list, tuple)):
        return None
    try:
        shapes = [array_of(one).shape for one in value]
    except (TypeError, ValueError):
        return None
    for at, shape in enumerate(shapes):
        if shape != shapes[0]:
            what = f"has shape {list(shape)}, and the first has {list(shapes[0])}"
            return UsageError("P851", where=f"{name}[{at}]", what=what, wanted=form)
    return None


def odd_shape(name: str, shape: Sequence[int], wanted: str, hint: str | None = None) -> UsageError:
    """The error for an array of another shape."""
    return UsageError("P851", where=name, what=f"has shape {list(shape)}", wanted=wanted, hint=hint)


def whole(name: str, value: Any, rows: int) -> Ints:
    """Whole numbers [rows]; NaN, None and -1 stand for none.

    Raises:
        UsageError: P101 no numbers, P851 another shape.
    """
    if isinstance(value, (list, tuple)):
        value = [-1 if item is None else item for item in value]
    found = numbers(name, value, (rows,), f"[{rows}], one for each person")
    found = np.where(np.isnan(found), -1, found)
    if not (found == np.rint(found)).all():
        raise wrong_type(name, value, "whole numbers")
    return found.astype(np.int64)


def names_of(name: str, value: Any) -> Array:
    """Ids as an array of int64 or of text: numbers, names or paths, in an array of any library or a list.

    Raises:
        UsageError: P101 for anything else.
    """
    wanted = "a list of frame ids: numbers or names"
    if value is None or isinstance(value, (str, bytes, Mapping)):
        raise wrong_type(name, value, wanted)
    try:
        found = array_of(value)
    except (TypeError, ValueError, RuntimeError):
        found = np.asarray(None)
    if found.ndim == 1 and not len(found):
        return np.zeros(0, dtype=np.int64)
    if found.ndim == 1 and found.dtype.kind == "O":
        found = np.asarray([_id(item) for item in found.tolist()])
    if found.ndim == 1 and found.dtype.kind == "f" and (found == np.rint(found)).all():
        found = found.astype(np.int64)
    if found.ndim == 1 and found.dtype.kind == "f":
        at = int(np.flatnonzero(found != np.rint(found))[0])
        what = f"is {found[at]}"
        raise UsageError("P101", where=f"{name}[{at}]", what=what, wanted="frame ids: whole numbers or names")
    if found.ndim != 1 or found.dtype.kind not in "iuU":
        raise wrong_type(name, value, wanted)
    out: Array = found if found.dtype.kind == "U" else found.astype(np.int64)
    return out


def _id(value: Any) -> Any:
    """One id of a list of mixed kinds: a path as text, a tensor of one number as a number."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if hasattr(value, "item") else value


def skeleton_of(skeleton: SkeletonLike | Sequence[str] | None, joints: int | None) -> Skeleton:
    """The given skeleton (a name, a file, a `Skeleton` or a list of names), else the usual one.

    `joints` is the number of joints that it must have, if that is known.

    Raises:
        UsageError: P851 it has another number of joints, P852 none was given and the number is not usual.
    """
    if skeleton is None and joints is not None:
        usual = skeleton_for(joints, "estimators")
        if usual is None:
            raise UsageError(
                "P852",
                where="skeleton",
                what=f"is not given, and {joints} joints are those of no usual one",
                wanted=f"a list of joint names, a file, or one of {', '.join(names())}",
                hint="pass --skeleton",
            )
        return usual
    if isinstance(skeleton, (list, tuple)) and skeleton and all(isinstance(name, str) for name in skeleton):
        found = match_names(skeleton) or skeleton_from_names(skeleton)
    else:
        found = load_skeleton(skeleton)  # type: ignore[arg-type]  # which refuses what it does not take
    if joints is not None and len(found) != joints:
        raise UsageError(
            "P851",
            where="keypoints",
            what=f"have {joints} joints for each person",
            wanted=f"{len(found)}, as skeleton {shown(found.name)} has",
        )
    return found
