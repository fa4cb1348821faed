"""A validation as text."""

from __future__ import annotations

from poseval.datasets.base import Role
from poseval.errors import number_of
from poseval.validation.validate import Validation


def render(validation: Validation) -> str:
    """The file's format, its faults by code with likely causes, unusual things, and the server's reaction."""
    head = f"{validation.path}: {validation.format or 'no known format'}, {Role(validation.role).words}"
    people = number_of(validation.people, "person", "people")
    size = f": {people} in {number_of(validation.frames, 'frame')}" if validation.ok else ""
    out = [head + size]
    if validation.others:
        others = " and ".join(validation.others)
        out.append(f"other formats that fit: {others} (choose with --format-in)")
    for group in validation.groups:
        out.append(
            f"{group.code}: {number_of(group.count, 'fault')}"
            + (f" (likely: {group.cause})" if group.cause else "")
        )
        out += [f"  {fault}" for fault in group.first]
        if group.count > len(group.first):
            out.append(f"  ... and {group.count - len(group.first)} more")
    out += [f"unusual: {notice}" for notice in validation.health]
    out += [f"notice: {notice}" for notice in validation.notices]
    out += [f"server: {line}" for line in validation.server]
    out.append(
        "valid"
        if validation.ok
        else f"invalid: {number_of(sum(group.count for group in validation.groups), 'fault')}"
    )
    return "\n".join(out) + "\n"
