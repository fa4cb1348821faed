"""Seeded COCO files: people of K joints in boxes, and results near them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Record = dict[str, Any]

BODY = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
]
BODY += ["right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee"]
BODY += ["left_ankle", "right_ankle"]


class CocoScene:
    """Images, people and results that grow call by call.

    Numbers come from `numpy.random.RandomState`, whose stream is frozen, and are rounded to two decimals.
    """

    def __init__(self, seed: int, joints: int = 17, categories: tuple[str, ...] = ("person",)) -> None:
        self.rng = np.random.RandomState(seed)
        self.joints = joints
        names = BODY if joints in (17, 133) else [f"joint_{k}" for k in range(joints)]
        self.categories: list[Record] = [
            {"id": k, "name": name, "keypoints": names} for k, name in enumerate(categories, start=1)
        ]
        self.images: list[Record] = []
        self.people: list[Record] = []
        self.results: list[Record] = []

    def image(self, key: int | None = None, **fields: Any) -> int:
        """A new image; returns its id."""
        key = len(self.images) + 1 if key is None else key
        self.images.append({"id": key, "file_name": f"{key:06}.jpg", "width": 640, "height": 480, **fields})
        return key

    def number(self, low: float, high: float) -> float:
        """Uniform, two decimals."""
        return round(low + (high - low) * float(self.rng.random_sample()), 2)

    def choice(self, *options: Any) -> Any:
        """One of the options."""
        return options[int(self.rng.randint(len(options)))]

    def person(
        self,
        image: int,
        width: float = 80,
        height: float = 160,
        flags: int | list[int] = 2,
        at: tuple[float, float] | None = None,
        **fields: Any,
    ) -> Record:
        """A person whose joints lie anywhere in a box; `fields` replace or add what the record holds."""
        left, top = at or (self.number(0, 640 - width), self.number(0, max(1, 480 - height)))
        seen = [flags] * self.joints if isinstance(flags, int) else flags
        keypoints: list[float] = []
        for flag in seen:
            joint = [self.number(left, left + width), self.number(top, top + height), flag]
            keypoints += joint if flag else [0, 0, 0]
        record = {
            "id": len(self.people) + 1,
            "image_id": image,
            "category_id": 1,
            "keypoints": keypoints,
            "num_keypoints": sum(flag > 0 for flag in seen),
            "iscrowd": 0,
            "area": round(0.6 * width * height, 2),
            "bbox": [left, top, width, height],
            **fields,
        }
        self.people.append(record)
        return record

    def some_flags(self, share: float = 0.7) -> list[int]:
        """Flags of which a share is labelled, at least one."""
        flags = [
            int(self.choice(1, 2)) if self.rng.random_sample() < share else 0 for _ in range(self.joints)
        ]
        return flags if any(flags) else [2, *flags[1:]]

    def find(self, person: Record, score: float, spread: float = 0.05, **fields: Any) -> Record:
        """A result near a person; `spread` is the deviation in units of the root of the area."""
        scale = spread * math.sqrt(person["area"])
        left, top, width, height = person["bbox"]
        keypoints: list[float] = []
        for k in range(self.joints):
            x, y, flag = person["keypoints"][3 * k : 3 * k + 3]
            if not flag:
                x, y = self.number(left, left + width), self.number(top, top + height)
            dx, dy = self.rng.normal(0, 1, 2) * scale
            keypoints += [round(x + float(dx), 2), round(y + float(dy), 2), self.number(0.1, 1)]
        return self.result(person["image_id"], score, keypoints, category_id=person["category_id"], **fields)

    def find_at(self, person: Record, score: float, oks: float, sigmas: list[float], area: float) -> Record:
        """A result of exactly this OKS, but for rounding: each joint lies so far off as its sigma wants."""
        keypoints = [float(number) for number in person["keypoints"]]
        for k, sigma in enumerate(sigmas):
            keypoints[3 * k] = round(keypoints[3 * k] + 2 * sigma * math.sqrt(-2 * math.log(oks) * area), 3)
        return self.result(person["image_id"], score, keypoints)

    def around_thresholds(self, sigmas: list[float], share_of_box: float | None = None) -> None:
        """Two people for each joint, who have that joint alone: one result just reaches a threshold, one not.

        So each sigma and the area are known to a thousandth. The area is the record's or a share of the box.
        """
        for joint in range(self.joints):
            image = self.image()
            threshold = 0.5 + 0.05 * (joint % 9)
            for side in (1.001, 0.999):
                flags = [2 * (k == joint) for k in range(self.joints)]
                person = self.person(image, 100, 150, flags)
                area = person["area"] if share_of_box is None else share_of_box * 100 * 150
                self.find_at(person, self.number(0.2, 1), threshold * side, sigmas, area)

    def stray(self, image: int, score: float, **fields: Any) -> Record:
        """A result near nobody."""
        left, top = self.number(0, 560), self.number(0, 320)
        keypoints: list[float] = []
        for _ in range(self.joints):
            keypoints += [self.number(left, left + 80), self.number(top, top + 160), self.number(0.1, 1)]
        return self.result(image, score, keypoints, **fields)

    def result(self, image: int, score: float, keypoints: list[float], **fields: Any) -> Record:
        """A result with these keypoints."""
        record = {"image_id": image, "category_id": 1, "keypoints": keypoints, "score": score, **fields}
        self.results.append(record)
        return record

    def crowd_of(
        self, images: int, most: int = 4, spreads: tuple[float, ...] = (0.01, 0.03, 0.06, 0.12)
    ) -> None:
        """Images of one to `most` people, four of five found, and a stray result in every other image."""
        for _ in range(images):
            image = self.image()
            for _ in range(1 + int(self.rng.randint(most))):
                size = self.choice(30, 60, 120)
                person = self.person(image, size, 1.6 * size, self.some_flags())
                if self.rng.random_sample() < 0.8:
                    self.find(person, self.number(0.05, 1), self.choice(*spreads))
            if self.rng.random_sample() < 0.5:
                self.stray(image, self.number(0.05, 1))

    def truth(self) -> Record:
        """The ground-truth file."""
        return {"images": self.images, "annotations": self.people, "categories": self.categories}

    def files(self) -> Record:
        """Both files of a case."""
        return {"gt.json": self.truth(), "pred.json": self.results}
