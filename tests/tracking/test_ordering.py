"""The published ordering of the flow tracker's parts, on synthetic clips with known motion.

Xiao et al. 2018, table of ablations: propagation brings both pose AP and MOTA; which similarity matches
people moves MOTA alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.joint_ap import JointAp
from poseval.poses import Floats, PoseSet
from poseval.poses.aligned import Aligned
from poseval.synth import perturb, scene_set
from poseval.tracking import FrameInput, Resources
from poseval.tracking.flow import PointFlow
from poseval.tracking.flow_tracker import FlowTracker, Similarity
from poseval.tracking.offline import Untracked, track


@dataclass
class Bench:
    truth: PoseSet
    found: PoseSet
    scores: dict[tuple[Similarity, bool], tuple[float, float]]  # AP and MOTA by similarity and propagation


def motion(truth: PoseSet) -> PointFlow:
    """The truth's own motion: points go where the nearest joint seen in both frames goes."""
    row_of = {path: row for row, path in enumerate(truth.frames.path.tolist())}
    people = truth.people

    def move(points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        first, second = (
            dict(zip(people.track[rows].tolist(), rows.tolist(), strict=True))
            for rows in (np.flatnonzero(people.frame == row_of[frame.key]) for frame in (before, now))
        )
        both = sorted(first.keys() & second.keys())
        one, other = np.array([first[t] for t in both]), np.array([second[t] for t in both])
        if not both:
            return points
        use = (people.seen[one] > 0) & (people.seen[other] > 0)
        joints, targets = people.xy[one][use], people.xy[other][use]
        far = np.linalg.norm(points[:, None] - joints, axis=2)
        near = far.argmin(axis=1)
        close = far[np.arange(len(points)), near] < 25
        return points + np.where(close[:, None], (targets - joints)[near], 0.0)

    return PointFlow(move)


@pytest.fixture(scope="module")
def bench() -> Bench:
    truth = scene_set(5, 72, 5, "posetrack15_poseval", video=True)
    found = perturb(truth, 1, missed_people=0.1, jitter=0.2, gross=0.01, inversion=0.01, swap=0.01)
    people = found.people.take(np.asarray(found.people.score >= 0.4))
    found = replace(found, people=people.with_columns(track=np.full(len(people), -1)))
    scores = {}
    for similarity in Similarity:
        for propagate in (False, True):
            config = FlowTracker(similarity=similarity, propagate=propagate)
            done = track(found, config, Resources(flow=motion(truth)), untracked=Untracked.DROP)
            aligned = Aligned(truth, done)
            ap, mot = JointAp(), ClearMot()
            scores[similarity, propagate] = (
                ap.reduce(ap.tally(aligned)).get("AP"),
                mot.reduce(mot.tally(aligned)).get("MOTA"),
            )
    return Bench(truth, found, scores)


@pytest.mark.parametrize("similarity", list(Similarity))
def test_propagation_helps_pose_and_tracking(bench: Bench, similarity: Similarity) -> None:
    without, propagated = bench.scores[similarity, False], bench.scores[similarity, True]
    assert propagated[0] > without[0] + 0.02
    assert propagated[1] > without[1] + 0.02


@pytest.mark.parametrize("propagate", [False, True])
def test_the_similarity_moves_tracking_alone(bench: Bench, propagate: bool) -> None:
    found = [bench.scores[similarity, propagate] for similarity in Similarity]
    assert len({ap for ap, _ in found}) == 1
    assert len({mota for _, mota in found}) > 1


def test_flow_beats_overlap_and_the_queue_beats_one_frame(bench: Bench) -> None:
    mota = {similarity: bench.scores[similarity, True][1] for similarity in Similarity}
    assert mota[Similarity.BOX] < mota[Similarity.FLOW] <= mota[Similarity.MULTI_FLOW]
    assert mota[Similarity.POSE] <= mota[Similarity.FLOW]
