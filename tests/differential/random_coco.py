"""Random COCO scenes from a seed: those of `coco_scenes` without the search of hypothesis, which is slow."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

Record = dict[str, Any]


def random_scene(seed: int) -> tuple[Record, list[Record], list[float]]:
    """Truth, results and sigmas; ties, crowds, people without joints, ids from 0, images that repeat."""
    rng = Random(seed)
    joints = rng.choice([1, 3, 7, 8, 9, 17])
    images = rng.sample(range(10), rng.randint(1, 5))
    categories = rng.sample(range(1, 5), rng.randint(1, 2))
    people = [_person(rng, joints, images, categories) for _ in range(rng.randint(0, 8))]
    first = rng.choice([0, 1, 100])
    for index, person in enumerate(people):
        person["id"] = first + index
    boxed = rng.random() < 0.5
    results = [_result(rng, joints, images, categories, people, boxed) for _ in range(rng.randint(1, 30))]
    truth = {
        "images": [{"id": image} for image in images + rng.choices(images, k=rng.randint(0, 2))],
        "annotations": people,
        "categories": [{"id": key, "name": f"kind {key}"} for key in categories],
    }
    return truth, results, rng.choices([0.025, 0.062, 0.107], k=joints)


def _person(rng: Random, joints: int, images: Sequence[int], categories: Sequence[int]) -> Record:
    flags = rng.choice([[2] * joints, [0] * joints, [rng.randint(0, 2) for _ in range(joints)]])
    keypoints: list[float] = []
    for flag in flags:
        keypoints += [4 * rng.randint(0, 8), 4 * rng.randint(0, 8), flag] if flag else [0, 0, 0]
    labelled = sum(flag > 0 for flag in flags)
    return {
        "image_id": rng.choice(images),
        "category_id": rng.choice(categories),
        "keypoints": keypoints,
        "num_keypoints": rng.choice([labelled, labelled, labelled, 0, 3]),
        "iscrowd": rng.choice([0, 0, 0, 1]),
        "area": rng.choice([0, 500.5, 1024, 3000, 9216, 9216.5, 20000]),
        "bbox": [4 * rng.randint(0, 8) for _ in range(4)],
    }


def _result(
    rng: Random,
    joints: int,
    images: Sequence[int],
    categories: Sequence[int],
    people: Sequence[Record],
    boxed: bool,
) -> Record:
    record: Record = {
        "image_id": rng.choice(images),
        "category_id": rng.choice([*categories, *categories, 9]),
        "score": rng.choice([-1.5, -0.0, 0, 0.25, 0.5, 0.5, 0.75, 1, 7]),
    }
    if people and rng.random() < 0.8:
        model = rng.choice(people)
        record["image_id"], record["category_id"] = model["image_id"], model["category_id"]
        shift = rng.choice([0, 0, 1, 2.5, 10])
        record["keypoints"] = [
            number + shift if index % 3 == 0 else number for index, number in enumerate(model["keypoints"])
        ]
    else:
        record["keypoints"] = [4.0 * rng.randint(0, 8) for _ in range(3 * joints)]
    if boxed:
        sides = [0, 10, 32, 96, 97.5, 300]
        record["bbox"] = [0, 0, rng.choice(sides), rng.choice(sides)]
    return record
