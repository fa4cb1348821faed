"""Skeletons as SLEAP's projects keep them: networkx's JSON of a graph, with types as jsonpickle writes them.

Source: SLEAP `sleap/skeleton.py`. `nodes` of the whole project have names; a skeleton lists their ids in its
own order; a link of type 1 is a limb, of type 2 a pair of mirror joints. The first link of a type spells it
as `{"py/reduce": [..., {"py/tuple": [type]}]}`, later ones point to it by `{"py/id": n}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from poseval.errors import FormatError, UsageError, shown
from poseval.skeletons import Skeleton, match_names, skeleton_of

EDGE, SYMMETRY = 1, 2
KIND = "sleap.skeleton.EdgeType"
MOST_BYTES = 64_000  # HDF5 keeps no attribute of 64 KiB or more


def names_of(metadata: Mapping[str, Any], which: int, where: str) -> list[str]:
    """Joint names of a skeleton in its own order.

    Raises:
        FormatError: P270 there is no such skeleton, or it names a joint twice or none.
    """
    try:
        names = [str(node["name"]) for node in metadata["nodes"]]
        own = [names[int(node["id"])] for node in metadata["skeletons"][which]["nodes"]]
        if not own or len(set(own)) < len(own):
            raise ValueError("node names that are missing or occur twice")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError(
            "P270", where=where, what=f"has no skeleton ({shown(error, 60)})", wanted="SLEAP's metadata"
        ) from None
    return own


def skeleton_in(metadata: Mapping[str, Any], which: int, where: str) -> Skeleton:
    """The skeleton: a known one of these joints, else its own with the mirror joints of its symmetry links.

    Raises:
        FormatError: P270 there is no such skeleton.
    """
    joints = names_of(metadata, which, where)
    found = match_names(joints)
    if found is not None:
        return found
    pairs = _links(metadata, which, joints)
    node: dict[str, Any] = {"joints": joints, "limbs": pairs[EDGE]}
    if pairs[SYMMETRY]:
        node["flip_pairs"] = pairs[SYMMETRY]
    return skeleton_of("custom", node, where)


def _links(metadata: Mapping[str, Any], which: int, joints: list[str]) -> dict[int, list[tuple[int, int]]]:
    """Pairs of joint indices by type of link; links that point nowhere are left out."""
    out: dict[int, list[tuple[int, int]]] = {EDGE: [], SYMMETRY: []}
    place = {name: at for at, name in enumerate(joints)}
    spelt: list[int] = []
    node = metadata["skeletons"][which]
    for link in node.get("links", ()) if isinstance(node, dict) else ():
        try:
            kind = link["type"]
            if "py/reduce" in kind:
                spelt.append(int(kind["py/reduce"][1]["py/tuple"][0]))
                value = spelt[-1]
            else:
                value = spelt[int(kind["py/id"]) - 1]
            ends = [place[str(metadata["nodes"][int(link[end])]["name"])] for end in ("source", "target")]
            if ends[0] != ends[1] and value in out:
                out[value].append((ends[0], ends[1]))
        except (KeyError, IndexError, TypeError, ValueError):
            continue
    paired = {joint for pair in out[SYMMETRY] for joint in pair}
    if 2 * len({frozenset(pair) for pair in out[SYMMETRY]}) != len(paired):
        out[SYMMETRY] = []  # a joint that mirrors two others: the names must tell
    return out


def metadata_of(skeleton: Skeleton) -> bytes:
    """The project's metadata as JSON.

    Raises:
        UsageError: P173 more joints than the attribute of the file can hold.
    """
    pairs = [(at, other) for at, other in enumerate(skeleton.flip) if at < other]
    links: list[dict[str, Any]] = []
    for kind, ends in ((EDGE, skeleton.limbs), (SYMMETRY, pairs)):
        number = 2 if links else 1  # the type's place among those spelt so far
        for at, (source, target) in enumerate(ends):
            spelt = {"py/reduce": [{"py/type": KIND}, {"py/tuple": [kind]}]}
            link: dict[str, Any] = {"key": 0, "source": source, "target": target}
            link["type"] = {"py/id": number} if at else spelt
            if kind == EDGE:
                link["edge_insert_idx"] = at
            links.append(link)
    graph = {"name": skeleton.name, "num_edges_inserted": len(skeleton.limbs)}
    nodes = [{"id": at} for at in range(len(skeleton))]
    made = {"directed": True, "graph": graph, "links": links, "multigraph": True, "nodes": nodes}
    text = json.dumps(
        {
            "version": "2.0.0",
            "skeletons": [made],
            "nodes": [{"name": joint, "weight": 1.0} for joint in skeleton.joints],
            "videos": [],
            "tracks": [],
            "suggestions": [],
            "negative_anchors": {},
            "provenance": {},
        },
        separators=(",", ":"),
    )
    if len(text.encode()) > MOST_BYTES:
        raise UsageError(
            "P173",
            where=f"skeleton {shown(skeleton.name)}",
            what=f"has {len(skeleton)} joints, too many for a project of SLEAP",
            wanted=f"a description of at most {MOST_BYTES} bytes",
        )
    return text.encode()
