"""Adapter for MediaPipe's pose solution where the user has the package; its weights come inside it.

Source: Google MediaPipe 0.10, `mediapipe.solutions.pose` (33 landmarks); releases
from 0.10.30 on have no such interface (google-ai-edge/mediapipe#6192).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from poseval.errors import MissingFeature, shown
from poseval.errors.optional import require

JOINTS = 33


class MediaPipePose(nn.Module):
    """RGB crops [N, 3, h, w] with values 0 to 255 to [N, 33, 3]: x, y in 0..1 of the crop and visibility.

    A crop in which MediaPipe finds nobody gives NaN places and score 0.
    """

    def __init__(self, complexity: int, detection: float) -> None:
        super().__init__()
        package: Any = require("mediapipe", "model mediapipe_pose", None)
        if not hasattr(package, "solutions"):
            raise MissingFeature(
                "P602",
                where="model mediapipe_pose",
                what=f"mediapipe {shown(getattr(package, '__version__', ''))} has no `solutions` interface",
                wanted="a release before 0.10.30, which Python up to 3.12 has",
                hint="pip install 'mediapipe<0.10.30'",
            )
        self.solver = package.solutions.pose.Pose(
            static_image_mode=True,
            model_complexity=complexity,
            min_detection_confidence=detection,
        )

    def forward(self, images: Tensor) -> Tensor:
        whole = images.permute(0, 2, 3, 1).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
        return torch.from_numpy(np.stack([self._landmarks(np.ascontiguousarray(image)) for image in whole]))

    def _landmarks(self, image: Any) -> Any:
        found = self.solver.process(image).pose_landmarks
        if found is None:
            return np.concatenate([np.full((JOINTS, 2), np.nan), np.zeros((JOINTS, 1))], 1)
        return np.array([[mark.x, mark.y, mark.visibility] for mark in found.landmark], dtype=np.float64)


def build(
    joints: int, input_size: tuple[int, int], complexity: int = 1, detection: float = 0.5
) -> MediaPipePose:
    """MediaPipe's pose solution, ready without further weights.

    Raises:
        MissingFeature: P601 without the package, P602 with a release that dropped the interface.
    """
    return MediaPipePose(complexity, detection)
