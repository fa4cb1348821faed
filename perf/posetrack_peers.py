"""What one would write without poseval: json, NumPy for the assignment rule, py-motmetrics for the counting.

    python perf/posetrack_peers.py GT PRED [--no-tracking]

A plain transcription of the poseval program's rules for PoseTrack18 files of equal frames, without its loops
over single joints; prints AP and MOTA as fractions.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
JOINTS = [16, 14, 12, 11, 13, 15, 10, 8, 6, 5, 7, 9, 1, 0, 2]  # places of the 15 joints in the official 17
GATE = 0.5


def regions_of(node: dict[str, Any]) -> list[list[Array]]:
    """Ignore polygons of each image."""
    return [
        [
            np.column_stack(ring)
            for ring in zip(image["ignore_regions_x"], image["ignore_regions_y"], strict=True)
        ]
        for image in node["images"]
    ]


def without_ignored(people: list[dict[str, Any]], rings: list[Array]) -> list[dict[str, Any]]:
    """People without joints inside a polygon (even-odd rule), and without those that have no joint left."""
    if not rings:
        return people
    for person in people:
        for ring in rings:
            x, y = person["xy"][:, 0, None], person["xy"][:, 1, None]
            (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
            with np.errstate(divide="ignore", invalid="ignore"):
                crossed = ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
            person["has"] &= crossed.sum(axis=1) % 2 == 0
    return [person for person in people if person["has"].any()]


def frames_of(node: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """People of each image, in the order of the images."""
    people: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in node["images"]}
    for person in node["annotations"]:
        points = np.reshape(person["keypoints"], (17, 3))[JOINTS]
        head = person.get("bbox_head")
        people[person["image_id"]].append(
            {
                "xy": points[:, :2],
                "has": points.any(axis=1),
                "track": person["track_id"],
                "head": 0.6 * np.hypot(head[2], head[3]) if head else np.nan,
                "score": np.asarray(person["scores"], dtype=float)[JOINTS] if person["scores"] else None,
            }
        )
    return list(people.values())


def distances(truth: list[dict[str, Any]], found: list[dict[str, Any]]) -> Array:
    """[P, G, 15] in head sizes; infinite where a joint is absent."""
    a = np.stack([person["xy"] for person in truth])
    b = np.stack([person["xy"] for person in found])
    both = np.stack([p["has"] for p in found])[:, None] & np.stack([p["has"] for p in truth])[None]
    head = np.array([person["head"] for person in truth])
    return np.where(both, np.linalg.norm(b[:, None] - a[None], axis=3) / head[None, :, None], np.inf)


def label(truth: list[dict[str, Any]], distance: Array) -> Array:
    """Which predicted joints [P, 15] are right."""
    near = distance <= GATE
    share = near.sum(axis=2) / np.maximum(1, np.stack([p["has"] for p in truth]).sum(axis=1))
    best = share.argmax(axis=1)
    kept = np.zeros_like(share)
    kept[np.arange(len(share)), best] = share[np.arange(len(share)), best]
    right = np.zeros((len(share), 15), dtype=bool)
    for g in range(share.shape[1]):
        p = kept[:, g].argmax()
        if kept[p, g] > 0:
            right[p] = near[p, g]
    return right


def average_precision(score: Array, right: Array, wanted: int) -> float:
    order = np.argsort(score, kind="stable")[::-1]
    true = np.cumsum(right[order])
    recall = np.concatenate(([0.0], true / wanted))
    precision = true / np.arange(1, len(true) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(((recall[1:] - recall[:-1]) * envelope).sum())


def track(frames: list[tuple[list[Any], list[Any], Array | None]]) -> Array:
    """Misses, switches, false positives, objects per joint [4, 15] of a sequence, by py-motmetrics."""
    import motmetrics

    counts = np.zeros((4, 15))
    for joint in range(15):
        accumulator = motmetrics.MOTAccumulator(auto_id=True)
        for truth, found, distance in frames[:-1]:
            if distance is None:
                accumulator.update([0], [0], [[np.nan]])
                continue
            g = [i for i, person in enumerate(truth) if person["has"][joint]]
            p = [i for i, person in enumerate(found) if person["has"][joint]]
            near = distance[np.ix_(p, g)][..., joint].T
            accumulator.update(
                [truth[i]["track"] for i in g],
                [found[i]["track"] for i in p],
                np.where(near <= GATE, near, np.nan),
            )
        kinds = accumulator.mot_events["Type"].value_counts()
        switches, misses = kinds.get("SWITCH", 0), kinds.get("MISS", 0)
        counts[:, joint] += (misses, switches, kinds.get("FP", 0), kinds.get("MATCH", 0) + switches + misses)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("gt", type=Path, help="folder of ground truth")
    parser.add_argument("pred", type=Path, help="folder of predictions")
    parser.add_argument("--no-tracking", action="store_true", help="AP alone")
    options = parser.parse_args()
    tracking = not options.no_tracking
    scores: list[Array] = []
    rights: list[Array] = []
    has: list[Array] = []
    wanted, counts = np.zeros(15, dtype=int), np.zeros((4, 15))
    for path in sorted(options.gt.glob("*.json")):
        kept = []
        nodes = [json.loads(file.read_text("utf-8")) for file in (path, options.pred / path.name)]
        for truth, found, rings in zip(*map(frames_of, nodes), regions_of(nodes[0]), strict=True):
            if not truth:
                continue
            truth, found = (without_ignored(people, rings) for people in (truth, found))
            wanted += np.sum([person["has"] for person in truth], axis=0, dtype=int)
            distance = None
            if found and truth:
                distance = distances(truth, found)
                rights.append(label(truth, distance))
                has.append(np.stack([person["has"] for person in found]))
                scores.append(np.stack([person["score"] for person in found]))
            kept.append((truth, found, distance))
        if tracking:
            counts += track(kept)
    score, right, present = np.concatenate(scores), np.concatenate(rights), np.concatenate(has)
    ap = [average_precision(score[present[:, j], j], right[present[:, j], j], wanted[j]) for j in range(15)]
    said = {"AP": float(np.mean(ap))}
    if tracking:
        said["MOTA"] = float(np.mean(1 - counts[:3].sum(axis=0) / counts[3]))
    print(json.dumps(said))


if __name__ == "__main__":
    main()
