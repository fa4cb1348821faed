"""Writing CVAT's XML 1.1: the labels of the task, and skeletons on images.

Source: CVAT's documentation of its XML form 1.1. Datumaro refuses a file without `<meta>`; CVAT lists a
skeleton's label there, and the labels of its joints, in their order, with the skeleton as their `parent`.
"""

from __future__ import annotations

from collections.abc import Iterator

from poseval.datasets.base import Role
from poseval.poses import PoseSet
from poseval.poses.frame_names import named

SOURCES = {Role.TRUTH: "manual", Role.PREDICTIONS: "auto"}


def lines(poses: PoseSet, role: Role) -> Iterator[str]:
    """The document, line by line."""
    # Imported here: it brings all of urllib with it, 20 ms for every command that asks all formats.
    from xml.sax.saxutils import quoteattr

    people = poses.people
    start = poses.frame_start()
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<annotations>"
    yield "  <version>1.1</version>"
    yield from _meta(poses)
    for at, name in enumerate(named(poses.frames)):
        width, height = poses.frames.size[at].tolist()
        size = f' width="{width:g}" height="{height:g}"' if width == width else ""
        yield f'  <image id="{at}" name={quoteattr(name)}{size}>'
        for row in range(int(start[at]), int(start[at + 1])):
            label = poses.categories.get(int(people.category[row]), "person")
            yield f'    <skeleton label={quoteattr(label)} source="{SOURCES[role]}" z_order="0">'
            for joint, place in enumerate(poses.skeleton.joints):
                flag = int(people.seen[row, joint])
                x, y = people.xy[row, joint].tolist() if flag else (0.0, 0.0)
                yield (
                    f'      <points label={quoteattr(place)} source="{SOURCES[role]}" '
                    f'outside="{int(flag == 0)}" occluded="{int(flag == 1)}" points="{x!r},{y!r}"></points>'
                )
            yield "    </skeleton>"
        yield "  </image>"
    yield "</annotations>"


def _meta(poses: PoseSet) -> Iterator[str]:
    """The task's labels: a skeleton for each category, and its joints."""
    from xml.sax.saxutils import escape

    yield "  <meta>"
    yield "    <task>"
    yield f"      <size>{len(poses.frames)}</size>"
    yield "      <mode>annotation</mode>"
    yield "      <labels>"
    for kind in map(escape, poses.categories.values()):
        yield f"        <label><name>{kind}</name><type>skeleton</type><attributes></attributes></label>"
        for joint in map(escape, poses.skeleton.joints):
            label = f"<name>{joint}</name><type>points</type><attributes></attributes>"
            yield f"        <label>{label}<parent>{kind}</parent></label>"
    yield "      </labels>"
    yield "    </task>"
    yield "  </meta>"
