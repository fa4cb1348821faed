"""A tracker after a model: identities for the people of a run, and people added by the tracker."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from poseval import tracking
from poseval.errors import UsageError
from poseval.models.networks.sgcn import OF_TRAINING, SGCN
from poseval.models.weights.load import load_weights
from poseval.models.weights.states import advising
from poseval.poses import Floats, PoseSet
from poseval.runners.estimators import CropEstimator, DetectingEstimator, Estimator
from poseval.runners.frames import Pictures
from poseval.skeletons import Skeleton
from poseval.skeletons.joint_map import joint_map
from poseval.tracking import FrameInput, Resources, TrackerConfig
from poseval.tracking.flow import flow_source
from poseval.tracking.offline import Untracked, track, usual
from poseval.tracking.pose_graphs import GraphMatcher

PICTURES_KEPT = 2  # the flow and the pose model ask for a frame one after the other, and for the one before


@dataclass(frozen=True)
class Following:
    """Which tracker, where its flow comes from, and the weights of LightTrack's graph network.

    With `drop_untracked` people without an identity are left out for every tracker.
    """

    tracker: str
    flow: str = "dis"
    sgcn: Path | None = None
    drop_untracked: bool = False

    @property
    def config(self) -> TrackerConfig:
        """The tracker's configuration.

        Raises:
            UsageError: P160 to P162 when it does not exist or its parameters are unfit.
        """
        return tracking.parse(self.tracker)


def follow(
    poses: PoseSet, options: Following, estimator: Estimator, pictures: Pictures, source: Skeleton
) -> PoseSet:
    """The poses of a run with identities.

    A top-down model also answers for the boxes that the tracker infers (propagated, or followed between key
    frames); models that find people themselves cannot, and the tracker does without.

    Args:
        poses: the run's people, on the images' frames.
        options: tracker and its helpers.
        estimator: the model that found the people.
        images: where they were found.
        source: joints that the model gives.
    """
    config = options.config
    load = lru_cache(PICTURES_KEPT)(pictures.load)
    crops = estimator.crops if isinstance(estimator, DetectingEstimator) else estimator
    resources = Resources(
        flow=flow_source(options.flow) if config.needs_flow else None,
        pose=_InBoxes(crops, source, poses.skeleton) if isinstance(crops, CropEstimator) else None,
        matcher=_matcher(options.sgcn, poses.skeleton),
    )
    rest = Untracked.DROP if options.drop_untracked else usual(config)
    return track(poses, config, resources, untracked=rest, images=load)


def _matcher(weights: Path | None, skeleton: Skeleton) -> GraphMatcher | None:
    if weights is None:
        return None
    model = SGCN()
    with advising(OF_TRAINING):
        load_weights(model, weights)
    return GraphMatcher(skeleton, model.eval())


class _InBoxes:
    """The run's model as a tracker asks it: boxes in, joints of the tracked skeleton out."""

    def __init__(self, estimator: CropEstimator, source: Skeleton, target: Skeleton) -> None:
        self._estimator = estimator
        self._map = None if source.joints == target.joints else joint_map(source, target)

    def __call__(self, frame: FrameInput, box: Floats) -> tuple[Floats, Floats]:
        """Joints [m, K, 2] and scores [m, K]; a box in which the model finds nobody has scores of 0."""
        if frame.image is None:
            raise UsageError("P163", where=f"frame {frame.key}", what="has no image", wanted="an image")
        joints = self._estimator.top.card.joints
        xy, score = np.zeros((len(box), joints, 2)), np.zeros((len(box), joints))
        found = self._estimator.answer([self._estimator.prepare(frame.image(), box, np.ones(len(box)))])[0]
        xy[found.row], score[found.row] = found.xy, found.joint_score
        if self._map is None:
            return xy, score
        placed, seen, scores = self._map.apply(xy, np.full(score.shape, 2), score)
        return np.where(seen[:, :, None] > 0, placed, 0.0), np.where(seen > 0, scores, 0.0)
