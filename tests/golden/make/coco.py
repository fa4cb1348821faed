"""The COCO cases: each asks one question of the OKS rules."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.golden.make.cases import Made
from tests.golden.make.coco_scene import CocoScene

COCO_SIGMAS = (26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89)  # thousandths
KEYPOINTS = {"benchmark": "coco-keypoints"}
CASES: list[Callable[[], Made]] = []


def case(why: str, **more: Any) -> Callable[[Callable[[], CocoScene]], Callable[[], Made]]:
    """Register a function that fills a scene as a case of pycocotools, unless `judge` names another."""

    def register(fill: Callable[[], CocoScene]) -> Callable[[], Made]:
        def make() -> Made:
            given = {"ask": KEYPOINTS, "judge": "pycocotools", **more}
            return Made(fill.__name__, why, fill().files(), **given)

        CASES.append(make)
        return make

    return register


@case("An ordinary scene: several people of three sizes, jitter, misses and stray results.")
def ordinary() -> CocoScene:
    scene = CocoScene(1)
    scene.crowd_of(14)
    return scene


@case("Two people for each joint: OKS of one just reaches a threshold, of the other not. Pins each sigma.")
def around_each_threshold() -> CocoScene:
    scene = CocoScene(29)
    scene.around_thresholds([k / 1000 for k in COCO_SIGMAS])
    return scene


@case("Every result lies on its person: precision 1 is 1 / (1 + 2^-52) while there is one result.")
def perfect() -> CocoScene:
    scene = CocoScene(2)
    for _ in range(4):
        image = scene.image()
        for _ in range(2):
            scene.find(scene.person(image), scene.number(0.5, 1), 0)
    return scene


@case("Scores of four values tie in an image and across images: file order, then image id, decides.")
def score_ties() -> CocoScene:
    scene = CocoScene(3)
    scene.crowd_of(12)
    for record in scene.results:
        record["score"] = scene.choice(0.25, 0.5, 0.75, 1)
    return scene


@case("Whole-number scores of one value: the order of the file alone decides.")
def one_score() -> CocoScene:
    scene = CocoScene(4)
    scene.crowd_of(10)
    for record in scene.results:
        record["score"] = 1
    return scene


@case("A crowd without joints takes any number of results; one with joints is compared by them.")
def crowds() -> CocoScene:
    scene = CocoScene(5)
    for labelled in (0, 2, 0, 2):
        image = scene.image()
        crowd = scene.person(image, 200, 200, labelled, iscrowd=1)
        person = scene.person(image)
        scene.find(person, scene.number(0.3, 1))
        for _ in range(4):
            scene.find(crowd, scene.number(0.3, 1), 0.03)
    return scene


@case("People without labelled joints take one result each, in their box grown threefold; a second is false.")
def unlabelled_people() -> CocoScene:
    scene = CocoScene(6)
    for _ in range(4):
        image = scene.image()
        hidden = scene.person(image, 60, 90, 0, at=(200, 150))
        scene.find(scene.person(image), scene.number(0.2, 1))
        scene.find(hidden, scene.number(0.5, 1), 0)
        scene.find(hidden, scene.number(0.2, 0.5), 0.3)
        scene.stray(image, scene.number(0.2, 1))
    return scene


@case("A crowd and an unlabelled person come first in the file; a person that counts is preferred to both.")
def counted_before_ignored() -> CocoScene:
    scene = CocoScene(7)
    for _ in range(5):
        image = scene.image()
        place = (scene.number(100, 300), scene.number(50, 200))
        crowd = scene.person(image, at=place, iscrowd=1)
        scene.person(image, flags=0, at=place)
        person = scene.person(image, at=place)
        person["keypoints"] = [n + (k % 3 == 0) * 4.0 for k, n in enumerate(crowd["keypoints"])]
        scene.find(crowd, scene.number(0.2, 1), 0)
        scene.find(person, scene.number(0.2, 1), 0.02)
    return scene


@case("Three categories, one without people, one without results: undefined ones leave the mean.")
def categories() -> CocoScene:
    scene = CocoScene(8, categories=("walker", "rider", "nobody", "missed"))
    for _ in range(8):
        image = scene.image()
        for kind in (1, 2, 4):
            person = scene.person(image, category_id=kind)
            if kind != 4:
                found = scene.find(person, scene.number(0.1, 1), scene.choice(0.03, 0.1))
                found["category_id"] = scene.choice(kind, kind, kind, 3 - kind)
        scene.stray(image, scene.number(0.1, 1), category_id=3)
    return scene


@case(
    "Five joints and their own sigmas.",
    ask={"benchmark": "oks", "sigmas": [0.05, 0.08, 0.1, 0.03, 0.025]},
)
def five_joints() -> CocoScene:
    scene = CocoScene(9, joints=5)
    scene.crowd_of(10)
    return scene


@case(
    "Twenty-one joints: more than sixteen terms are summed in another order.",
    ask={"benchmark": "oks", "sigmas": [round(0.02 + 0.004 * k, 3) for k in range(21)]},
)
def twenty_one_joints() -> CocoScene:
    scene = CocoScene(10, joints=21)
    scene.crowd_of(8, most=3)
    return scene


@case("One joint: OKS is a single exponential.", ask={"benchmark": "oks", "sigmas": [0.1]})
def one_joint() -> CocoScene:
    scene = CocoScene(11, joints=1)
    scene.crowd_of(16)
    return scene


@case("Over twenty results in an image: the cut is by score, ties by file order, before anything is ignored.")
def more_than_twenty() -> CocoScene:
    scene = CocoScene(12)
    for _ in range(3):
        image = scene.image()
        people = [scene.person(image) for _ in range(3)]
        for turn in range(26):
            scene.find(people[turn % 3], scene.choice(0.2, 0.4, 0.6, 0.8), 0.02 * (1 + turn % 4))
    return scene


@case(
    "Three results an image: pycocotools summarises 20 only, so its arrays are averaged here.",
    ask={**KEYPOINTS, "metrics": ["oks_ap(id_zero=yes,max_dets=3)"]},
    options={"maxDets": [3]},
)
def three_results() -> CocoScene:
    scene = CocoScene(13)
    scene.crowd_of(10, most=6)
    return scene


@case("Areas on the bounds of the ranges: both ends belong, so 9216 is medium and large.")
def area_bounds() -> CocoScene:
    scene = CocoScene(14)
    for area in (1023.99, 1024, 1024.01, 9215.99, 9216, 9216.01, 1e10, 0.5):
        image = scene.image()
        person = scene.person(image, area=area)
        scene.find(person, scene.number(0.2, 1), 0 if area == 1e10 else 0.03)
        scene.stray(image, scene.number(0.2, 1))
    return scene


@case("Results with boxes: the area of a result that matches nobody is its box's.")
def results_with_boxes() -> CocoScene:
    scene = CocoScene(15)
    scene.crowd_of(8)
    for record in scene.results:
        record["bbox"] = [10, 10, *scene.choice([20, 30], [32, 32], [96, 96], [96, 97], [200, 100], [0, 5])]
    return scene


@case("The first result has no box, so those of later ones are not read (quirk C01).")
def first_result_without_box() -> CocoScene:
    scene = CocoScene(16)
    scene.crowd_of(8)
    for record in scene.results[1:]:
        record["bbox"] = [10, 10, 96, 97]
    return scene


@case("Images without people, without results, and without either.")
def empty_images() -> CocoScene:
    scene = CocoScene(17)
    for turn in range(12):
        image = scene.image()
        person = scene.person(image) if turn % 4 in (0, 1) else None
        if person and turn % 4 == 0:
            scene.find(person, scene.number(0.2, 1))
        if turn % 4 == 2:
            scene.stray(image, scene.number(0.2, 1))
    return scene


@case("Everybody is ignored: no number is defined.")
def nobody_counts() -> CocoScene:
    scene = CocoScene(18)
    for _ in range(3):
        image = scene.image()
        scene.find(scene.person(image, iscrowd=1), 0.9)
        scene.find(scene.person(image, flags=0), 0.8)
    return scene


@case("An annotation has id 0, which pycocotools reads as no match (quirk C02).")
def id_zero() -> CocoScene:
    scene = CocoScene(19)
    scene.crowd_of(6)
    for number, person in enumerate(scene.people):
        person["id"] = number
    scene.find(scene.people[0], 0.99, 0.01)
    return scene


@case("Two people of the same joints: equal OKS goes to the later of the file.")
def oks_ties() -> CocoScene:
    scene = CocoScene(20)
    for turn in range(6):
        image = scene.image()
        first = scene.person(image)
        twin = copy.deepcopy(first)
        twin["id"], twin["iscrowd"] = 1000 + turn, turn % 2
        scene.people.append(twin)
        other = scene.person(image, at=(first["bbox"][0], first["bbox"][1]))
        for person, spread in ((first, 0), (twin, 0.05), (other, 0.02)):
            scene.find(person, scene.number(0.2, 1), spread)
    return scene


@case(
    "OKS is exactly 0.5 and 0.75: joints lie on their place or far away. On the threshold is a match.",
    ask={"benchmark": "oks", "sigmas": [0.1, 0.1, 0.1, 0.1]},
)
def oks_on_the_threshold() -> CocoScene:
    scene = CocoScene(21, joints=4)
    for turn in range(9):
        image = scene.image()
        found = scene.find(scene.person(image), scene.number(0.2, 1), 0)
        for joint in range(1 + turn % 3):
            found["keypoints"][3 * joint] += 100_000
    return scene


@case("The same result twice and thrice: one is right, the others are false.")
def duplicate_results() -> CocoScene:
    scene = CocoScene(22)
    scene.crowd_of(8)
    again = [copy.deepcopy(record) for record in scene.results[::2]]
    scene.results += again + copy.deepcopy(again[::2])
    return scene


@case("Images stand twice in the list and out of order, their ids are large: each is scored once.")
def duplicate_images() -> CocoScene:
    scene = CocoScene(23)
    for key in (900_000_000_001, 7, 40, 12):
        image = scene.image(key)
        for _ in range(3):
            scene.find(scene.person(image), scene.choice(0.3, 0.6, 0.9), scene.choice(0.03, 0.1))
    scene.images += [dict(row) for row in scene.images[1:]]
    return scene


@case("num_keypoints says another number than the flags: the field decides who is ignored.")
def wrong_num_keypoints() -> CocoScene:
    scene = CocoScene(24)
    for turn in range(8):
        image = scene.image()
        person = scene.person(image, flags=0 if turn % 4 == 3 else 2)
        person["num_keypoints"] = (0, 17, 3, 5)[turn % 4]
        scene.find(person, scene.number(0.2, 1), 0.02)
    return scene


@case("Flags 1 and 2 weigh the same; joints without a flag do not enter, wherever the result puts them.")
def flags() -> CocoScene:
    scene = CocoScene(25)
    for turn in range(8):
        image = scene.image()
        person = scene.person(image, flags=[(turn + k) % 3 for k in range(17)])
        scene.find(person, scene.number(0.2, 1), 0.04)
    return scene


@case("Scores below 0, above 1 and of many digits: only their order matters.")
def odd_scores() -> CocoScene:
    scene = CocoScene(26)
    scene.crowd_of(8)
    for turn, record in enumerate(scene.results):
        record["score"] = (-3.5, 1e-12, 7, 0.1 + 0.2, 0.3, -0.0, 0)[turn % 7]
    return scene


@case("Results of a category that the truth lacks are not looked at.")
def unknown_category() -> CocoScene:
    scene = CocoScene(27)
    scene.crowd_of(6)
    for record in scene.results[::3]:
        record["category_id"] = 9
    return scene


@case(
    "An area of 0: pycocotools counts exact hits alone, because it adds 2^-52; it is refused here.",
    options={"answer": "P304"},
)
def no_area() -> CocoScene:
    scene = CocoScene(28)
    for turn in range(6):
        image = scene.image()
        person = scene.person(image, area=0 if turn % 2 else 5000)
        scene.find({**person, "area": 5000}, scene.number(0.2, 1), 0 if turn < 4 else 0.02)
    return scene
