"""Whole images to people with DEKR: sizes, several scales, the flip test, candidates, suppression, scores.

Source: HRNet/DEKR 7a30313, `lib/core/inference.py`, `lib/core/nms.py`, `lib/utils/transforms.py` and
`lib/utils/rescore.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from poseval.errors import UsageError, shown
from poseval.models.inference.crops import Crops, Floats, crops_of, warp
from poseval.models.inference.predictions import Poses, whole_image_poses
from poseval.models.inference.top_down import normalised
from poseval.models.networks.dekr import DEKR, RescoreNet
from poseval.models.networks.layers import mixed
from poseval.models.registry import ModelCard
from poseval.models.weights.load import load_weights
from poseval.skeletons import get_skeleton

MOST_PEOPLE = 30
CENTRE_THRESHOLD = 0.01
POOLS = ((300, 7), (200, 5), (0, 3))  # mean side of the map above -> window in which a centre is the maximum
NEAR = 0.05  # of the first pose's diagonal: joints closer than that coincide
SAME_PERSON = 8  # coinciding joints, more than that is one person
OTHER_SCALES = 0.9  # what candidates of scales other than 1 are worth
FLIP_SHIFT = 3  # pixels the mirrored image moves left before the second pass
SNAP_REACH = 8  # cells that a joint may move to a maximum of its map
STRIDE = 4
ROUND_TO = 64
LARGEST_SCALE = 4.0


def image_crop(image_size: tuple[int, int], short_side: int, scale: float = 1.0) -> Crops:
    """The whole image of (height, width) as one crop, its short side `short_side`, the other in steps of 64.

    At another scale both sides of the scale-1 size are multiplied; rounding is the reference program's.
    """
    height, width = image_size
    short_pixels, long_pixels = sorted(image_size)
    base = (short_side + ROUND_TO - 1) // ROUND_TO * ROUND_TO
    short = int(base * scale)
    long = int(int((base / short_pixels * long_pixels + ROUND_TO - 1) // ROUND_TO * ROUND_TO) * scale)
    covered = long / short * short_pixels  # pixels of the image along the long side, margin included
    wide = width >= height
    size = (covered, short_pixels) if wide else (short_pixels, covered)
    centre = (int(width / 2 + 0.5), int(height / 2 + 0.5))
    return crops_of([centre], [size], (short, long) if wide else (long, short))


def pose_map(offsets: Tensor, mirror: Sequence[int] | None = None) -> Tensor:
    """Poses [J, 2, H, W] in map pixels that offsets [2 * J, H, W] describe: pixel minus offset.

    With `mirror` they come from a mirrored input and are turned back: joints swapped, x from the right.
    """
    height, width = offsets.shape[1:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    place = torch.stack((x, y)).to(offsets)
    poses = place - offsets.reshape(-1, 2, height, width)
    if mirror is None:
        return poses
    poses = poses[list(mirror)]
    return torch.stack((width - poses[:, 0] - 1, poses[:, 1]), dim=1)


def upsampled(heatmaps: Tensor, size: tuple[int, int]) -> Tensor:
    """Heatmaps [C, h, w] at a whole multiple of their size: corners aligned to first cells, ends repeated."""
    steps = [int(big / small) for big, small in zip(size, heatmaps.shape[1:], strict=True)]
    inner = (size[0] - steps[0] + 1, size[1] - steps[1] + 1)
    grown = functional.interpolate(heatmaps[None], size=inner, mode="bilinear", align_corners=True)
    return functional.pad(grown, (0, steps[1] - 1, 0, steps[0] - 1), mode="replicate")[0]


def centres(heatmap: Tensor) -> tuple[Tensor, Tensor]:
    """Flat places [n] and scores [n] of local maxima of a centre map [H, W], best first."""
    window = next(window for above, window in POOLS if sum(heatmap.shape) / 2 > above)
    highest = functional.max_pool2d(heatmap[None, None], window, 1, window // 2)[0, 0]
    peaks = torch.where(highest == heatmap, heatmap, 0).flatten()
    score, place = peaks.topk(min(MOST_PEOPLE, heatmap.numel()))
    good = score > CENTRE_THRESHOLD
    return place[good], score[good]


def candidates(heatmaps: Tensor, poses: Tensor, step: float) -> Floats:
    """Candidates [n, J, 3] of one scale: x, y in input pixels of scale 1, and the centre's score.

    `heatmaps` [J + 1, H, W], `poses` [J, 2, H, W]; `step` is pixels of scale 1 in a cell.
    """
    place, score = centres(heatmaps[-1])
    found = poses.flatten(2)[:, :, place].permute(2, 0, 1) * step
    scores = score[:, None, None].expand(-1, found.shape[1], 1)
    return np.asarray(torch.cat((found, scores), dim=2).cpu().double().numpy())


def snapped(found: Floats, heatmaps: Tensor, step: float) -> Floats:
    """Candidates [n, J, 3] with each joint at the nearest maximum of its own map [H, W] of `heatmaps`.

    Maxima are highest of their 3 x 3 cells and above 0.01. Joints farther than `SNAP_REACH` cells from all of
    them stay where they were regressed.
    """
    highest = functional.max_pool2d(heatmaps[None, :-1], 3, 1, 1)[0]
    peaks = (highest == heatmaps[:-1]) & (heatmaps[:-1] > CENTRE_THRESHOLD)
    out = found.copy()
    for joint, peak in enumerate(peaks.cpu().numpy()):
        row, column = np.nonzero(peak)
        if not len(row) or not len(found):
            continue
        places = np.stack((column, row), axis=1) * step
        apart = np.sqrt(((found[:, joint, None, :2] - places[None]) ** 2).sum(axis=2))
        nearest = apart.argmin(axis=1)
        close = apart.min(axis=1) <= SNAP_REACH * step
        out[close, joint, :2] = places[nearest[close]]
    return out


def joined(found: Mapping[float, Floats]) -> Floats:
    """Candidates of all scales in one list; the best of another scale gets 0.9 of scale 1's best score."""
    best = found[1.0][..., 2].max() if len(found[1.0]) else 1.0
    parts = []
    for scale, each in found.items():
        if scale != 1 and len(each):
            each = np.concatenate(
                (each[..., :2], each[..., 2:] / each[..., 2].max() * best * OTHER_SCALES), axis=2
            )
        parts.append(each)
    return np.concatenate(parts)


def suppressed(found: Floats, heatmaps: Tensor) -> tuple[Floats, Floats]:
    """People among candidates [n, J, 3]: poses [m, J, 3] with joint scores, and their scores [m].

    A joint's score is its centre's times the heatmap's value [J + 1, H, W] where it lies. Of candidates for
    one person the one on the highest mean heat stays.
    """
    if not len(found):
        return found, np.zeros(0)
    heat = _heat(found, heatmaps)
    poses = np.concatenate((found[..., :2], found[..., 2:] * heat[..., None]), axis=2)
    mean = heat.mean(axis=1)
    keep = _best_of_groups(_same_person(found[..., :2]), mean)
    if len(keep) > MOST_PEOPLE:
        keep = keep[np.argsort(-mean[keep], kind="stable")[:MOST_PEOPLE]]
    return poses[keep], poses[keep, :, 2].mean(axis=1)


def _heat(found: Floats, heatmaps: Tensor) -> Floats:
    height, width = heatmaps.shape[1:]
    column = np.clip(np.floor(found[..., 0]), 0, width - 1).astype(np.int64)
    row = np.clip(np.floor(found[..., 1]), 0, height - 1).astype(np.int64)
    maps = heatmaps[:-1].cpu().double().numpy()
    heat: Floats = maps[np.arange(len(maps)), row, column]
    return heat


def _same_person(xy: Floats) -> NDArray[np.bool_]:
    """[n, n], True where the second pose [n, J, 2] is the first one's person; a pose is always its own."""
    extent = xy.max(axis=1) - xy.min(axis=1)
    near = NEAR * np.sqrt((extent**2).sum(axis=1))
    apart = np.sqrt(((xy[:, None] - xy[None]) ** 2).sum(axis=3))
    same: NDArray[np.bool_] = (apart < near[:, None, None]).sum(axis=2) > SAME_PERSON
    return same | np.eye(len(xy), dtype=bool)


def _best_of_groups(same: NDArray[np.bool_], score: Floats) -> NDArray[np.int64]:
    """Rows of the best candidate of each group; groups are formed in the order of the candidates."""
    covered = np.zeros(len(same), dtype=bool)
    keep: list[int] = []
    for index, group in enumerate(same):
        if covered[index]:
            continue
        members = np.flatnonzero(group)
        best = int(members[np.argmax(score[members])])
        if not covered[best]:
            keep.append(best)
            covered |= group
    return np.array(keep, dtype=np.int64)


@dataclass(frozen=True)
class Rescoring:
    """Links of the rescoring net's features, and which two links are its unit of length.

    CrowdPose's unit is a thigh and a shin where COCO's is the two sides of the torso: the reference program
    uses the same two positions in both lists, and its weights were trained so.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    unit: tuple[int, int] = (9, 11)

    def features(self, poses: Floats) -> Floats:
        """[n, 3 * links + joints] of poses [n, J, 3]: dx and dy of each link, its length, joint scores."""
        link = poses[:, self.first, :2] - poses[:, self.second, :2]
        length = np.sqrt((link**2).sum(axis=2))
        unit = np.maximum(length[:, self.unit].mean(axis=1), 1)
        parts = (
            (link / unit[:, None, None]).reshape(len(poses), -1),
            length / unit[:, None],
            poses[..., 2],
        )
        return np.concatenate(parts, axis=1)

    @property
    def count(self) -> int:
        """Features that links alone make; the joints come on top."""
        return 3 * len(self.first)


RESCORING = {
    17: Rescoring(
        (0, 0, 1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 7, 8, 11, 11, 12, 13, 14),
        (1, 2, 2, 3, 4, 5, 6, 6, 7, 11, 8, 12, 9, 10, 12, 13, 14, 15, 16),
    ),
    14: Rescoring(
        (12, 13, 13, 0, 1, 2, 3, 0, 1, 6, 7, 8, 9, 6, 0),
        (13, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 7, 1),
    ),
}


def load_rescoring(path: str | Path, joints: int) -> RescoreNet:
    """The rescoring net of 17 (COCO) or 14 (CrowdPose) joints from its published file.

    Raises:
        UsageError: P154 no such file, P156 for another number of joints. And what `load_weights` raises.
    """
    net = RescoreNet(_rescoring(joints).count + joints)
    load_weights(net, path)
    return net.eval()


def _rescoring(joints: int) -> Rescoring:
    if joints not in RESCORING:
        raise UsageError(
            "P156",
            where="rescoring",
            what=f"is defined for {' and '.join(map(str, RESCORING))} joints, not {joints}",
        )
    return RESCORING[joints]


def rescored(net: RescoreNet, poses: Floats, score: Floats) -> Floats:
    """Scores [n] times what the net predicts for poses [n, J, 3]; a prediction that is NaN counts as 0.

    Raises:
        UsageError: P156 for a number of joints that no rescoring net was published for.
    """
    features_of = _rescoring(poses.shape[1])
    if not len(poses):
        return score
    parameter = next(net.parameters())
    features = torch.from_numpy(features_of.features(poses)).to(parameter)
    with torch.inference_mode():
        predicted = net.eval()(features)[:, 0].cpu().double().numpy()
    return np.asarray(score * np.nan_to_num(predicted, nan=0.0))


class BottomUp:
    """A DEKR with its test procedure: `scales` around the card's short side, flip test, rescoring.

    Raises:
        UsageError: P156 without scale 1 or or with one not a multiple of 0.5, or when a flip test is wanted
            and no mirror joints are known.
    """

    def __init__(
        self,
        model: nn.Module,
        card: ModelCard,
        *,
        flip_test: bool = True,
        mirror: Sequence[int] | None = None,
        scales: Sequence[float] = (1.0,),
        rescore: RescoreNet | None = None,
        device: str | torch.device = "cpu",
        autocast: bool = False,
    ) -> None:
        if mirror is None and card.skeleton is not None:
            mirror = get_skeleton(card.skeleton).flip
        _check(card, flip_test, mirror, scales)
        self.card = card
        self.device = torch.device(device)
        self.model = model.to(self.device).eval()
        self.flip_test = flip_test
        self.mirror = tuple(mirror or ())
        self.scales = sorted(scales, reverse=True)
        self.rescore = None if rescore is None else rescore.to(self.device).eval()
        self.autocast = autocast

    def poses(self, image: NDArray[np.uint8]) -> Poses:
        """People on one RGB image [H, W, 3], best first; their boxes are their joints' extents."""
        size = (image.shape[0], image.shape[1])
        base = image_crop(size, min(self.card.input_size))
        maps: list[Tensor] = []
        found: dict[float, Floats] = {}
        for scale in self.scales:
            heatmaps, poses = self._maps(image, image_crop(size, min(self.card.input_size), scale))
            maps.append(upsampled(heatmaps, base.input_size))
            found[scale] = candidates(heatmaps, poses, STRIDE / scale)
            if isinstance(self.model, DEKR) and self.model.snap:
                found[scale] = snapped(found[scale], heatmaps, STRIDE / scale)
        people, score = suppressed(joined(found), torch.stack(maps).mean(0))
        if self.rescore is not None:
            score = rescored(self.rescore, people, score)
        order = np.argsort(-score, kind="stable")
        people, score = people[order], score[order]
        xy = base.to_image(people[None, ..., :2].reshape(1, -1, 2)).reshape(*people.shape[:2], 2)
        box = np.concatenate([xy.min(1), xy.max(1)], 1) if len(xy) else np.zeros((0, 4))
        return whole_image_poses(xy, people[..., 2], score, box)

    def _maps(self, image: NDArray[np.uint8], crop: Crops) -> tuple[Tensor, Tensor]:
        """Heatmaps [J + 1, h, w] and poses [J, 2, h, w] of one scale, averaged with the mirrored image's."""
        pixels = warp(image, crop.matrix[0], crop.input_size)[None]
        inputs = torch.from_numpy(normalised(pixels, self.card)).to(self.device)
        heatmaps, offsets = self._run(inputs)
        poses = pose_map(offsets)
        if self.flip_test:
            turned = inputs.flip(3)
            turned[..., :-FLIP_SHIFT] = turned[..., FLIP_SHIFT:].clone()
            other, other_offsets = self._run(turned)
            swap = [*self.mirror, len(self.mirror)]
            heatmaps = (heatmaps + other.flip(2)[swap]) / 2
            poses = (poses + pose_map(other_offsets, self.mirror).flip(3)) / 2
        return heatmaps, poses

    def _run(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        with torch.inference_mode(), mixed(self.device.type, self.autocast):
            heatmaps, offsets = self.model(inputs)
        return heatmaps[0].float(), offsets[0].float()


def _check(card: ModelCard, flip_test: bool, mirror: Sequence[int] | None, scales: Sequence[float]) -> None:
    if flip_test and mirror is None:
        raise UsageError(
            "P156",
            where=f"model {card.name}",
            what="cannot run a flip test, because mirror joints are not known",
            hint="name the skeleton",
        )
    if 1.0 not in scales or not all(0 < scale <= LARGEST_SCALE and (2 * scale) % 1 == 0 for scale in scales):
        raise UsageError(
            "P156",
            where=f"model {card.name}",
            what=f"scales are {shown(tuple(scales))}",
            wanted=f"1, and multiples of 0.5 up to {LARGEST_SCALE:g}",
        )
