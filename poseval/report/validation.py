"""A validation as text."""

from __future__ import annotations

from poseval.validation.validate import Validation


def render(validation: Validation) -> str:
    """What the file is, its faults by code with their likely causes, health, and what a server says."""
    head = f"{validation.path}: {validation.format or 'no known format'}, {validation.role}"
    out = [f"{head}: {validation.people} people in {validation.frames} frames" if validation.ok else head]
    if validation.others:
        out.append(f"{' and '.join(validation.others)} would fit, too; --format-in names the format")
    for group in validation.groups:
        out.append(f"{group.code}: {group.count} x" + (f" (likely: {group.cause})" if group.cause else ""))
        out += [f"  {fault}" for fault in group.first]
        if group.count > len(group.first):
            out.append(f"  ... and {group.count - len(group.first)} more")
    out += [f"health: {notice}" for notice in validation.health]
    out += [f"notice: {notice}" for notice in validation.notices]
    out += [f"server: {line}" for line in validation.server]
    out.append(
        "valid" if validation.ok else f"invalid: {sum(group.count for group in validation.groups)} faults"
    )
    return "\n".join(out) + "\n"
