"""Adapter for torchvision's keypoint R-CNN where the user has torchvision; also a detector of people.

Source: He et al. 2017, "Mask R-CNN", section 5; torchvision `keypointrcnn_resnet50_fpn`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from poseval.errors.optional import require
from poseval.models.inference.predictions import Poses, whole_image_poses

PERSON = 1  # label of people in torchvision's two-class model


class KeypointRcnn(nn.Module):
    """RGB images in 0..1, a list of [3, H, W], to torchvision's dictionaries; `poses` reads one image.

    The joint scores are the heads' raw values (logits), as torchvision gives them.
    """

    def __init__(self, joints: int) -> None:
        super().__init__()
        detection: Any = require("torchvision.models.detection", "model keypoint_rcnn", None)
        self.net: nn.Module = detection.keypointrcnn_resnet50_fpn(
            weights=None, weights_backbone=None, num_keypoints=joints
        )

    def rename_keys(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """torchvision's own keys, below `net.` here."""
        return {f"net.{key}": value for key, value in state.items()}

    def forward(self, images: list[Tensor]) -> Any:
        return self.net(images)

    def poses(self, image: NDArray[np.uint8]) -> Poses:
        """Everybody in an RGB image [H, W, 3]."""
        device = next(self.parameters()).device
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).to(device) / 255
        with torch.inference_mode():
            found = self([pixels])[0]
        people = found["labels"] == PERSON
        xy = found["keypoints"][people][..., :2]
        values = [xy, found["keypoints_scores"][people], found["scores"][people], found["boxes"][people]]
        return whole_image_poses(*(value.cpu().double().numpy() for value in values))


def build(joints: int, input_size: tuple[int, int]) -> KeypointRcnn:
    """torchvision's network without weights; it resizes images itself.

    Raises:
        MissingFeature: P601 without torchvision, or with one that does not fit the installed PyTorch.
    """
    return KeypointRcnn(joints)
