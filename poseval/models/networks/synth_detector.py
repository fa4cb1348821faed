"""The demo's detector: boxes around people, read off a map of their middles.

Our own design on the demo's pyramid: a map of middles and, in every cell, the logarithms of the distances to
the four sides of the box, as in Zhou et al. 2019, "Objects as Points", and Tian et al. 2019, "FCOS".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from poseval.models.inference.one_stage import letterboxed, people
from poseval.models.inference.predictions import Poses
from poseval.models.inference.suppression import box_nms
from poseval.models.inference.top_down import normalised
from poseval.models.networks.layers import check_divisible, mixed
from poseval.models.networks.synth_small import WIDTHS, SynthSmall
from poseval.models.registry import ModelCard

MAPS = 5  # middles, then distances to the left, top, right and bottom
MOST_PEOPLE = 50
LEAST_SCORE = 0.05
OVERLAP = 0.7  # IoU above which two middles are one person
RARE = -4.0  # logit of a middle before training: few cells are one
USUAL_LOG = 1.5  # of a distance before training: 4.5 cells
LARGEST_LOG = 6.0  # 400 cells: no input is larger


class SynthDetector(SynthSmall):
    """Images [N, 3, H, W] to [N, 5, H/4, W/4]: logits of middles, logarithms of four distances in cells."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__(MAPS, widths)
        self.final.bias = nn.Parameter(torch.tensor([RARE] + [USUAL_LOG] * 4))


def found_boxes(maps: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners [n, 4] in cells and scores [n] from the maps [5, H, W] of one image, best first."""
    heat = maps[0].float().sigmoid()
    highest = functional.max_pool2d(heat[None, None], 3, 1, 1)[0, 0]
    score, place = torch.where(highest == heat, heat, 0).flatten().topk(min(MOST_PEOPLE, heat.numel()))
    place = place[score >= LEAST_SCORE]
    away = maps[1:].float().clamp(max=LARGEST_LOG).exp().flatten(1)[:, place].cpu().double().numpy()
    row, column = np.divmod(place.cpu().numpy(), heat.shape[1])
    middle = np.stack([column, row]) + 0.5
    corners = np.concatenate([middle - away[:2], middle + away[2:]]).T
    return corners, score[: len(place)].cpu().double().numpy()


class DetectorOnImages:
    """The detector with the size and the pixels of its card; images are put at its input's upper left."""

    def __init__(
        self,
        model: SynthDetector,
        card: ModelCard,
        device: str | torch.device = "cpu",
        autocast: bool = False,
    ) -> None:
        self.model, self.card = model.to(device).eval(), card
        self.device, self.autocast = torch.device(device), autocast

    def poses(self, image: NDArray[np.uint8]) -> Poses:
        """People on one RGB image [H, W, 3], as boxes without joints."""
        put, letterbox = letterboxed(image, self.card.input_size, centred=False, fill=self.card.fill)
        inputs = torch.from_numpy(normalised(put[None], self.card)).to(self.device)
        with torch.inference_mode(), mixed(self.device.type, self.autocast):
            maps = self.model(inputs)[0]
        cells, score = found_boxes(maps)
        corners = letterbox.to_image(cells.reshape(-1, 2) * self.card.stride).reshape(-1, 4)
        corners = np.clip(corners, 0, [image.shape[1], image.shape[0]] * 2)
        keep = box_nms(corners, score, OVERLAP, end=0)
        return people(corners[keep], score[keep])


def build(joints: int, input_size: tuple[int, int], widths: Sequence[int] = WIDTHS) -> SynthDetector:
    """The demo's detector; any input size divisible by 16 fits, and `joints` are of no use to it.

    Raises:
        UsageError: P151 for a size not divisible by 16.
    """
    check_divisible("synth_detector", input_size, 16)
    return SynthDetector(widths)
