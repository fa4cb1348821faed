"""What in predictions is suspicious without being wrong: copies, ties, joints outside the images, gaps."""

from __future__ import annotations

import numpy as np

from poseval.kernels import poses as kernel
from poseval.poses import Floats, Ints, Notice, People, PoseSet

SAMPLE = 5_000  # people looked at for shares: enough for a per cent or two, and the cost stays small
OUTSIDE_SHARE = 0.2  # of joints; real predictions have a few per cent outside
COPIES_SHARE = 0.01
FAR_WIDTHS = 100  # image widths


def review(name: str, people: People, truth: PoseSet) -> list[Notice]:
    """Notices about predictions on the frames of `truth`; no notice for what real files look like."""
    if not len(people):
        return [Notice("N423", f"{name}: no predictions at all")]
    seen = kernel.review(people.xy, people.frame, people.category)
    found = [
        _ties(name, people),
        _copies(name, people, seen.copies),
        _outside(name, people, truth.frames.size),
        _far(name, people, truth.frames.size, max(seen.high, -seen.low)),
        _one_point(name, people, seen.points),
        _gaps(name, people, truth),
    ]
    return [notice for notice in found if notice is not None]


def _ties(name: str, people: People) -> Notice | None:
    score = people.score
    if len(score) < 2 or not bool((score == score[0]).all()):
        return None
    text = (
        f"{name}: all {len(score)} scores are {score[0]:g}: their order comes from the tie rule "
        "(lower image id first, then order in the file)"
    )
    return Notice("N420", text, len(score))


def _copies(name: str, people: People, count: int) -> Notice | None:
    """Predictions whose joints equal those of an earlier one in the same frame to the last bit."""
    if count <= COPIES_SHARE * len(people):
        return None
    text = f"{name}: {count} of {len(people)} predictions are copies of another in the same image"
    return Notice("N419", text, count)


def _sample(people: People) -> Ints:
    step = -(-len(people) // SAMPLE)
    return np.arange(0, len(people), step)


def _outside(name: str, people: People, size: Floats) -> Notice | None:
    rows = _sample(people)
    bounds = size[people.frame[rows]][:, None, :]
    predicted = (people.seen[rows] > 0) & ~np.isnan(bounds).any(axis=2)
    count = int(predicted.sum())
    if not count:
        return None
    xy = people.xy[rows]
    outside = ((xy < 0) | (xy > bounds)).any(axis=2) & predicted
    share = float(outside.sum()) / count
    if share < OUTSIDE_SHARE:
        return None
    return Notice("N421", f"{name}: {share:.0%} of the joints are outside their images")


def _far(name: str, people: People, size: Floats, farthest: float) -> Notice | None:
    widest = float(np.nanmax(size)) if len(size) and not np.isnan(size).all() else 10_000.0
    far = FAR_WIDTHS * widest
    if not farthest > far:
        return None
    count = int((np.abs(people.xy) > far).any(axis=(1, 2)).sum())
    text = f"{name}: {count} predictions have coordinates beyond {FAR_WIDTHS} image widths"
    return Notice("N422", text, count)


def _one_point(name: str, people: People, count: int) -> Notice | None:
    if people.xy.shape[1] < 3 or count <= COPIES_SHARE * len(people):
        return None
    return Notice("N426", f"{name}: {count} of {len(people)} predictions have all joints in one point", count)


def _gaps(name: str, people: People, truth: PoseSet) -> Notice | None:
    wanted = np.zeros(len(truth.frames), dtype=np.bool_)
    wanted[truth.people.frame[(truth.people.seen > 0).any(axis=1) & ~truth.people.crowd]] = True
    total = int(wanted.sum())
    wanted[people.frame] = False
    lacking = int(wanted.sum())
    if not lacking:
        return None
    return Notice(
        "N424", f"{name}: {lacking} of {total} images with labelled people have no prediction", lacking
    )
