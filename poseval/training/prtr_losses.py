"""Set losses of PRTR: targets are matched to queries, one to one, before anything is compared.

Source: Li et al. 2021, section 3.4; mlpc-ucsd/PRTR 64970b8, `lib/models/matcher.py` and `lib/core/loss.py`.
The sequential network has no published training program; its person losses are DETR's (Carion et al. 2020,
appendix A.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from poseval.training.recipe_fields import BACKGROUND_WEIGHT

COORDINATE_WEIGHT = 5.0
OVERLAP_WEIGHT = 2.0


def _assigned(cost: Tensor) -> Tensor:
    """Column of each row [B, T] that makes the summed cost [B, T, Q] smallest."""
    from scipy.optimize import linear_sum_assignment

    tables = cost.detach().cpu().numpy()
    return torch.from_numpy(np.stack([linear_sum_assignment(table)[1] for table in tables])).to(cost.device)


def match_joints(logits: Tensor, coordinates: Tensor, targets: Tensor) -> Tensor:
    """Query [B, K] of each joint: cost is minus its class's probability plus 5 times the L1 distance.

    logits [B, Q, K + 1], coordinates [B, Q, 2], targets [B, K, 2] in the same units.
    """
    with torch.no_grad():
        probability = logits.softmax(-1)[..., :-1]
        cost = COORDINATE_WEIGHT * torch.cdist(coordinates, targets, p=1) - probability
        return _assigned(cost.transpose(1, 2))


def _picked(values: Tensor, index: Tensor) -> Tensor:
    """Rows of values [B, Q, C] at index [B, T]: [B, T, C]."""
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[2]))


def joint_losses(
    logits: Tensor,
    coordinates: Tensor,
    targets: Tensor,
    weight: Tensor,
    background: float = BACKGROUND_WEIGHT,
) -> tuple[Tensor, Tensor]:
    """Cross entropy of all queries, the last class weighted, and the coordinate loss of the matched ones.

    The latter is the mean absolute difference times its `weight` [B, K, 2], times the number of joints.
    Joints that are not labelled take part in the matching and in the classes, as in the reference program.
    """
    joints = targets.shape[1]
    query = match_joints(logits, coordinates, targets)
    classes = torch.full(logits.shape[:2], joints, dtype=torch.int64, device=logits.device)
    classes = classes.scatter(1, query, torch.arange(joints, device=logits.device).expand_as(query))
    importance = torch.ones(joints + 1, dtype=logits.dtype, device=logits.device)
    importance[-1] = background
    entropy = functional.cross_entropy(logits.transpose(1, 2), classes, importance)
    apart = (_picked(coordinates, query) - targets).abs() * weight
    return entropy, apart.mean() * joints


def prtr_loss(
    outputs: dict[str, Any], targets: Tensor, weight: Tensor, background: float = BACKGROUND_WEIGHT
) -> Tensor:
    """Classes plus 5 times coordinates, of the last decoder layer and of every earlier one."""
    total = torch.zeros((), dtype=targets.dtype, device=targets.device)
    for layer in (outputs, *outputs.get("aux_outputs", ())):
        entropy, apart = joint_losses(layer["pred_logits"], layer["pred_coords"], targets, weight, background)
        total = total + entropy + COORDINATE_WEIGHT * apart
    return total


def class_error(logits: Tensor, query: Tensor, classes: Tensor) -> Tensor:
    """Percentage of matched queries whose likeliest class is another one than their target's.

    logits [B, Q, C], query and classes [B, T]. Source: DETR's `SetCriterion`, which PRTR keeps.
    """
    found = _picked(logits, query).argmax(-1)
    return 100 * (found != classes).to(logits.dtype).mean()


def cardinality_error(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean difference per image between the number of queries that are not background and of targets.

    logits [B, Q, C], the last class the background; targets [B] counts. Source: DETR's `SetCriterion`.
    """
    found = (logits.argmax(-1) != logits.shape[-1] - 1).sum(1)
    return (found - targets).abs().to(logits.dtype).mean()


@torch.no_grad()
def joint_errors(outputs: Mapping[str, Tensor], targets: Tensor) -> dict[str, float]:
    """What PRTR's program prints beside its loss, of the last decoder layer; targets [B, K, 2]."""
    logits, joints = outputs["pred_logits"], targets.shape[1]
    query = match_joints(logits, outputs["pred_coords"], targets)
    classes = torch.arange(joints, device=logits.device).expand_as(query)
    counts = torch.full((len(logits),), joints, device=logits.device)
    return {
        "class_error": float(class_error(logits, query, classes)),
        "cardinality_error": float(cardinality_error(logits, counts)),
    }


@torch.no_grad()
def people_errors(
    outputs: Mapping[str, Tensor], people: list[Tensor], joints: list[Tensor]
) -> dict[str, float]:
    """Class and cardinality errors of the sequential network's people, and of the joints of those matched.

    Arguments as of `sequential_loss`. The class errors are 0 where a batch shows nobody.
    """
    logits = outputs["pred_logits"]
    wrong, wrong_joints = [], []
    for image, boxes in enumerate(people):
        if not len(boxes):
            continue
        query = match_people(logits[image], outputs["pred_boxes"][image], boxes)
        wrong.append((logits[image, query].argmax(-1) != 0).double())
        found = {
            "pred_logits": outputs["pred_kpt_logits"][image, query],
            "pred_coords": outputs["pred_kpt_coord"][image, query],
        }
        wrong_joints.append(joint_errors(found, joints[image])["class_error"] * len(boxes))
    counts = torch.tensor([len(each) for each in people], device=logits.device)
    everybody = max(int(counts.sum()), 1)
    return {
        "class_error": float(100 * torch.cat(wrong).mean()) if wrong else 0.0,
        "cardinality_error": float(cardinality_error(logits, counts)),
        "joint_class_error": sum(wrong_joints) / everybody,
    }


def corners(boxes: Tensor) -> Tensor:
    """Boxes [..., 4] as x0 y0 x1 y1 from centre and size."""
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat((centre - size / 2, centre + size / 2), dim=-1)


def generalised_iou(first: Tensor, second: Tensor) -> Tensor:
    """GIoU of boxes as corners, broadcast over [..., 4]. Source: Rezatofighi et al. 2019."""
    area = [(each[..., 2:] - each[..., :2]).clamp(min=0).prod(-1) for each in (first, second)]
    low, high = torch.maximum(first[..., :2], second[..., :2]), torch.minimum(first[..., 2:], second[..., 2:])
    common = (high - low).clamp(min=0).prod(-1)
    union = area[0] + area[1] - common
    low, high = torch.minimum(first[..., :2], second[..., :2]), torch.maximum(first[..., 2:], second[..., 2:])
    hull = (high - low).clamp(min=0).prod(-1)
    tiny = torch.finfo(hull.dtype).tiny
    return common / union.clamp(min=tiny) - (hull - union) / hull.clamp(min=tiny)


def match_people(logits: Tensor, boxes: Tensor, people: Tensor) -> Tensor:
    """Query [P] of each person of one image: logits [Q, 2], boxes [Q, 4], people [P, 4], centre and size."""
    with torch.no_grad():
        probability = logits.softmax(-1)[:, 0]
        apart = torch.cdist(people, boxes, p=1)
        overlap = generalised_iou(corners(people)[:, None], corners(boxes)[None])
        cost = COORDINATE_WEIGHT * apart - OVERLAP_WEIGHT * overlap - probability
        return _assigned(cost[None])[0]


def sequential_loss(
    outputs: dict[str, Tensor],
    people: list[Tensor],
    joints: list[Tensor],
    weight: list[Tensor],
    background: float = BACKGROUND_WEIGHT,
) -> Tensor:
    """Loss of the sequential network; all coordinates in 0..1 of the image.

    Per image: people [P, 4] centre and size, joints [P, K, 2], weight [P, K, 2]. Class 0 is a person, the
    last class the background. The keypoints of each matched query take PRTR's set loss.
    """
    total = torch.zeros((), dtype=outputs["pred_boxes"].dtype, device=outputs["pred_boxes"].device)
    classes = torch.ones(outputs["pred_logits"].shape[:2], dtype=torch.int64, device=total.device)
    count = max(sum(len(each) for each in people), 1)
    for image, boxes in enumerate(people):
        if not len(boxes):
            continue
        query = match_people(outputs["pred_logits"][image], outputs["pred_boxes"][image], boxes)
        classes[image, query] = 0
        found = outputs["pred_boxes"][image, query]
        overlap = generalised_iou(corners(found), corners(boxes))
        total = total + COORDINATE_WEIGHT * (found - boxes).abs().sum() / count
        total = total + OVERLAP_WEIGHT * (1 - overlap).sum() / count
        logits, places = outputs["pred_kpt_logits"][image, query], outputs["pred_kpt_coord"][image, query]
        entropy, apart = joint_losses(logits, places, joints[image], weight[image], background)
        total = total + (entropy + COORDINATE_WEIGHT * apart) * len(boxes) / count
    importance = torch.tensor([1.0, background], dtype=total.dtype, device=total.device)
    return total + functional.cross_entropy(outputs["pred_logits"].transpose(1, 2), classes, importance)
