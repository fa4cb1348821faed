"""People for `models check`: from a ground truth with its images, or from images of one person each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from poseval.errors import MismatchError, UsageError, shown
from poseval.models.inference.crops import Floats
from poseval.models.registry import WHOLE_IMAGE, build_model, card
from poseval.runners.boxes import truth_boxes
from poseval.runners.card_check import MOST_PEOPLE, check_card
from poseval.runners.card_views import Sample
from poseval.runners.finder_check import check_finder
from poseval.runners.findings import CardCheck
from poseval.runners.frames import FolderPictures, Picture, TruthPictures
from poseval.runners.loading import fill
from poseval.runners.own_settings import ModelOptions, with_own_settings
from poseval.scoring import score as scoring
from poseval.skeletons import load_skeleton
from poseval.skeletons.joint_map import joint_map


def samples_of(skeleton: str | None, truth: Path | None, images: Path | None) -> list[Sample]:
    """People of a ground truth in the joints of a skeleton, as far as it has them, or one per image.

    Raises:
        InputError: the ground truth or an image cannot be read. MismatchError: P431 a ground truth without
            people.
    """
    if truth is None:
        folder = FolderPictures(images or Path())
        found = []
        for row in range(min(len(folder.frames), MOST_PEOPLE)):
            picture = folder.load(row)
            height, width = picture.shape[:2]
            box = np.array([0.0, 0.0, max(width - 1.0, 1.0), max(height - 1.0, 1.0)])
            found.append(Sample(picture, box, np.full((1, 2), np.nan)))
        return found
    people = scoring.read(truth, optional=frozenset({"area"}))
    pictures = TruthPictures(people, images or truth.parent)
    boxes = truth_boxes(people)
    if not len(boxes):
        raise MismatchError(
            "P431",
            where=shown(truth.name),
            what="holds nobody",
            wanted="people with boxes or labelled joints",
        )
    xy: Floats = np.where(people.people.seen[:, :, None] > 0, people.people.xy, np.nan)
    if skeleton is not None and load_skeleton(skeleton).joints != people.skeleton.joints:
        mapping = joint_map(people.skeleton, load_skeleton(skeleton))
        placed, seen, _ = mapping.apply(xy, people.people.seen, np.zeros(people.people.seen.shape))
        xy = np.where(seen[:, :, None] > 0, placed, np.nan)
    order = range(min(len(boxes), MOST_PEOPLE))
    return [
        Sample(pictures.load(int(boxes.frame[row])), boxes.corners[row], xy[boxes.person[row]])
        for row in order
    ]


def check_model(name: str, weights: Path | None, truth: Path | None, images: Path | None) -> CardCheck:
    """What looks wrong in the card of a network, by name or from a card file.

    Raises:
        UsageError: P158 a network whose reading has no alternatives; P154 no weights.
        InputError: the card, the network, the ground truth or an image is wrong.
    """
    options, told = with_own_settings(ModelOptions(name, weights))
    named = card(options.name)
    entry = named.sized(told.outputs, options.size, options.config)
    finder = entry.crop in ("letterbox", "corner")
    if (entry.crop in WHOLE_IMAGE and not finder) or entry.kind == "classifier":
        raise UsageError(
            "P158",
            where=f"model {entry.name}",
            what="has no card to check: its crops and its decoding are its own",
            wanted="a network of crops, or of an image in a letterbox",
        )
    model = build_model(named, told.outputs, options.size, **options.config)
    fill(model, entry, options)
    samples = samples_of(None if finder else entry.skeleton, truth, images)
    if finder:
        return check_finder(model, entry, _once(samples))
    joints = entry.joints
    whole = [
        one if len(one.truth) == joints else Sample(one.picture, one.box, np.full((joints, 2), np.nan))
        for one in samples
    ]
    return check_card(model, entry, whole)


def _once(samples: list[Sample]) -> list[Picture]:
    """Images of people, each once: people of one image follow each other."""
    out: list[Picture] = []
    for one in samples:
        if not out or not np.array_equal(out[-1], one.picture):
            out.append(one.picture)
    return out
