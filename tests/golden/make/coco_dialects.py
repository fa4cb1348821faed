"""COCO cases of the other programs of the family, and files that pycocotools dies of."""

from __future__ import annotations

import math

from tests.golden.make.coco import COCO_SIGMAS, KEYPOINTS, case
from tests.golden.make.coco_scene import CocoScene, Record

CROWDPOSE_SIGMAS = [*(k / 1000 for k in (79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89, 79, 79))]
AP10K = {"l_eye": 25, "r_eye": 25, "nose": 26, "neck": 35, "root_of_tail": 35}  # sigmas in thousandths
for pair in ({"shoulder": 79, "elbow": 72, "f_paw": 62}, {"hip": 107, "knee": 87, "b_paw": 89}):
    AP10K |= {f"{side}_{joint}": sigma for side in "lr" for joint, sigma in pair.items()}
AP10K_SIGMAS = [sigma / 1000 for sigma in AP10K.values()]
PARTS = {"keypoints": 17, "foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}
CROWDPOSE_JOINTS = [
    *(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
      for side in ("left", "right")),
    "head",
    "neck",
]  # fmt: skip


@case(
    "CrowdPose: area is 0.53 of the box, splits by crowd index at 0.2 and 0.8, one index above 1.",
    ask={"benchmark": "crowdpose"},
    judge="xtcocotools",
    options={"iouType": "keypoints_crowd", "use_area": False, "sigmas": CROWDPOSE_SIGMAS},
)
def crowdpose() -> CocoScene:
    scene = CocoScene(41, joints=14)
    scene.crowd_of(12)
    scene.around_thresholds(CROWDPOSE_SIGMAS, 0.53)
    scene.categories[0]["keypoints"] = CROWDPOSE_JOINTS
    for turn, image in enumerate(scene.images):
        image["crowdIndex"] = (0.0, 0.1, 0.1999, 0.2, 0.5, 0.79, 0.8, 0.81, 1.5)[turn % 9]
    for person in scene.people:
        del person["area"]
    return scene


@case(
    "Areas from boxes: 0.53 of width times height, in OKS and in the ranges.",
    ask={**KEYPOINTS, "metrics": ["oks_ap(area=box,ignore=flags)"]},
    judge="xtcocotools",
    options={"iouType": "keypoints", "use_area": False},
)
def areas_from_boxes() -> CocoScene:
    scene = CocoScene(42)
    scene.crowd_of(6)
    scene.around_thresholds([k / 1000 for k in COCO_SIGMAS], 0.53)
    for person in scene.people:
        person["area"] = scene.number(1, 90_000)
    return scene


@case(
    "Results whose every confidence is 0 or less are dropped; people are ignored by their flags.",
    ask={**KEYPOINTS, "metrics": ["oks_ap(ignore=flags,drop_zero_confidence=yes)"]},
    judge="xtcocotools",
    options={"iouType": "keypoints", "use_area": True},
)
def zero_confidence() -> CocoScene:
    scene = CocoScene(43)
    scene.crowd_of(10)
    for turn, record in enumerate(scene.results):
        if turn % 3 == 0:
            record["keypoints"][2::3] = [0.0] * 16 + [(0.0, 0.5)[turn % 2]]
    for turn, person in enumerate(scene.people):
        person["num_keypoints"] = (person["num_keypoints"], 0)[turn % 2]
    return scene


@case(
    "Whole body: six evaluations, parts with their own scores, a part without labels is ignored.",
    ask={"benchmark": "coco-wholebody"},
    judge="xtcocotools wholebody",
)
def whole_body() -> CocoScene:
    scene = CocoScene(44, joints=133)
    scene.crowd_of(3, most=2, spreads=(0.01, 0.03))
    for turn, person in enumerate(scene.people):
        _split(person)
        if turn % 2:
            person["face_kpts"] = [0] * len(person["face_kpts"])
    for record in scene.results:
        _split(record)
        for part in ("foot", "face", "lefthand", "righthand", "wholebody"):
            record[f"{part}_score"] = scene.number(0.1, 1)
    return scene


@case(
    "COCO-WholeBody's own scripts: id 0 never matches (C02), flags decide who is ignored, a crowd, parts "
    "without confidence.",
    ask={"benchmark": "coco-wholebody"},
    judge="scripts",
)
def whole_body_scripts() -> CocoScene:
    scene = CocoScene(46, joints=133)
    scene.crowd_of(6, most=3, spreads=(0.01, 0.02, 0.04, 0.08))
    for turn, person in enumerate(scene.people):
        _split(person)
        person["id"] = turn
        person["num_keypoints"] *= turn % 3 != 1
        person["iscrowd"] = int(turn == 3)
        if turn % 4 == 2:
            person["foot_kpts"] = [0] * len(person["foot_kpts"])
    for turn, record in enumerate(scene.results):
        _split(record)
        for part in ("foot", "face", "lefthand", "righthand", "wholebody"):
            record[f"{part}_score"] = scene.number(0.1, 1)
        empty = list(PARTS)[turn % 7 % 5]
        if turn % 7 < 5:
            record[empty][2::3] = [0.0] * PARTS[empty]
    return scene


@case(
    "Halpe by its own program: crowds count unless `ignore` says otherwise, float32 decides at thresholds, "
    "confidences of the whole person, id 0.",
    ask={"benchmark": "halpe"},
    judge="halpe",
)
def halpe() -> CocoScene:
    scene = CocoScene(48, joints=136)
    scene.crowd_of(4, most=3, spreads=(0.005, 0.01, 0.02, 0.04))
    for turn, person in enumerate(scene.people):
        person["id"] = turn
        person["iscrowd"] = int(turn % 3 == 1)
        if turn % 4 == 1:
            person["ignore"] = 1
        if turn % 4 == 2:
            person["keypoints"][3 * 20 : 3 * 26] = [0] * 18
    for turn, record in enumerate(scene.results):
        record["keypoints"][3 * 26 + 2 :: 3] = [0.0] * 110  # no confidence beyond the body
        if turn % 5 == 4:
            record["keypoints"][2::3] = [0.0] * 136
    scene.find(scene.people[1], 0.99, 0.005)  # a crowd that counts is found twice
    image = scene.image()
    for joint in range(8):  # far from the origin float32 is coarse: one joint each, at the threshold of 0.75
        flags = [2 * int(k == joint) for k in range(136)]
        person = scene.person(image, 90, 150, flags, (5000 + 600 * joint, 400 * joint))
        apart = 2 * COCO_SIGMAS[joint] / 1000 * math.sqrt(-2 * math.log(0.75) * person["area"])
        points = [float(number) for number in person["keypoints"]]
        points[3 * joint] = round(points[3 * joint] + apart, 4)
        points[2::3] = [0.5] * 136
        scene.result(image, 0.5 + joint / 100, points)
    del scene.categories[0]["keypoints"]
    return scene


@case(
    "AP-10K by xtcocotools: id 0 matches, flags decide who is ignored, results without confidence drop out.",
    ask={"benchmark": "ap10k"},
    judge="xtcocotools",
    options={"iouType": "keypoints", "use_area": True, "sigmas": AP10K_SIGMAS},
)
def ap10k() -> CocoScene:
    scene = CocoScene(47)
    scene.crowd_of(9)
    scene.around_thresholds(AP10K_SIGMAS)
    scene.categories[0]["keypoints"] = list(AP10K)
    for turn, person in enumerate(scene.people):
        person["id"] = turn
        person["num_keypoints"] *= turn % 3 != 1
    for record in scene.results[::5]:
        record["keypoints"][2::3] = [0.0] * 17
    return scene


@case(
    "The MATLAB kit: sizes, crowds, people without joints, tied scores, many results, categories.",
    judge="matlab",
)
def matlab_kit() -> CocoScene:
    scene = CocoScene(48, categories=("person", "other"))
    scene.crowd_of(10)
    scene.around_thresholds([k / 1000 for k in COCO_SIGMAS])
    image = scene.image()
    person = scene.person(image, at=(100, 100))
    for turn in range(24):
        scene.find(person, round(0.4 + 0.02 * turn, 2), 0.02 + 0.01 * (turn % 5))
    image = scene.image()
    scene.person(image, flags=0, at=(200, 150))
    scene.person(image, iscrowd=1, at=(350, 100))
    for kept in scene.people[-2:]:
        scene.find(kept, 0.5)
        scene.find(kept, 0.5)
    for record in scene.results[::4]:
        record["score"] = 0.5
    for record in (*scene.people[::6], *scene.results[::6]):
        record["category_id"] = 2
    return scene


def _split(record: Record) -> None:
    """133 joints into the five fields of COCO-WholeBody."""
    flat, first = record["keypoints"], 0
    for field, joints in PARTS.items():
        record[field] = flat[3 * first : 3 * (first + joints)]
        first += joints


@case(
    "Ex-OKS: joints outside of the image are predicted, too; flags 1, 2 and 3 have AP of their own.",
    ask={**KEYPOINTS, "metrics": ["ex_oks"]},
    judge="exococotools",
    options={"confidence": 0.5, "padding": 1.25},
)
def ex_oks() -> CocoScene:
    scene = CocoScene(45)
    for _ in range(8):
        image = scene.image()
        for _ in range(2):
            flags = [int(scene.rng.randint(0, 4)) for _ in range(17)]
            padding = [scene.number(0.2, 2) if flag else -1.0 for flag in flags]
            person = scene.person(image, 100, 200, flags, pad_to_contain=padding)
            scene.find(person, scene.number(0.2, 1), scene.choice(0.03, 0.08))
    return scene


@case("A NaN matches every person in pycocotools; it is refused here.", options={"answer": "P301"})
def nan_keypoint() -> CocoScene:
    scene = CocoScene(51)
    scene.crowd_of(3)
    scene.results[0]["keypoints"][0] = math.nan
    return scene


@case("A result without a score.", options={"answer": "P206"})
def missing_score() -> CocoScene:
    scene = CocoScene(52)
    scene.crowd_of(3)
    del scene.results[1]["score"]
    return scene


@case("A result with a joint too few.", options={"answer": "P204"})
def short_keypoints() -> CocoScene:
    scene = CocoScene(53)
    scene.crowd_of(3)
    del scene.results[1]["keypoints"][-3:]
    return scene


@case("A result of an image that the truth lacks.", options={"answer": "P402"})
def unknown_image() -> CocoScene:
    scene = CocoScene(54)
    scene.crowd_of(3)
    scene.results[1]["image_id"] = 77
    return scene


@case("People without an area.", options={"answer": "P410"})
def missing_area() -> CocoScene:
    scene = CocoScene(55)
    scene.crowd_of(3)
    for person in scene.people:
        del person["area"]
    return scene


@case("Nothing was found at all: pycocotools dies, the AP is 0.", options={"answer": 0.0})
def no_results() -> CocoScene:
    scene = CocoScene(56)
    scene.crowd_of(3)
    scene.results.clear()
    return scene


@case("People without iscrowd: pycocotools dies, nobody is a crowd.", options={"answer": 1.0})
def missing_iscrowd() -> CocoScene:
    scene = CocoScene(57)
    for _ in range(3):
        scene.find(scene.person(scene.image()), scene.number(0.2, 1), 0)
    for person in scene.people:
        del person["iscrowd"]
    return scene
