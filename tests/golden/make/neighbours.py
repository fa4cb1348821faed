"""Cases of benchmarks beside the large ones: each a scene of its own form, judged by its formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.golden.make.cases import Made
from tests.golden.make.coco_dialects import CROWDPOSE_JOINTS, CROWDPOSE_SIGMAS
from tests.golden.make.coco_scene import CocoScene

Record = dict[str, Any]
CASES: list[Callable[[], Made]] = []
ANIMAL_SIGMAS = [k / 1000 for k in (25, 25, 26, 35, 35, 100, 100, 100, *[107] * 4, *[87] * 4, *[89] * 4)]
ANIMAL_JOINTS = ["L_Eye", "R_Eye", "L_EarBase", "R_EarBase", "Nose", "Throat", "TailBase", "Withers"]
ANIMAL_JOINTS += [
    f"{side}_{end}_{joint}" for joint in ("Elbow", "Knee", "Paw") for end in "FB" for side in "LR"
]
H36M_JOINTS = ["root (pelvis)"]
H36M_JOINTS += [f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "foot")]
H36M_JOINTS += ["spine", "thorax", "neck_base", "head"]
H36M_JOINTS += [f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist")]


def case(
    kind: str, why: str, tolerance: float = 1e-12, **more: Any
) -> Callable[[Callable[[], Any]], Callable[[], Made]]:
    """Register a function that makes the files of a case of a benchmark."""

    def register(fill: Callable[[], Any]) -> Callable[[], Made]:
        def make() -> Made:
            made = fill()
            files = made.files() if isinstance(made, CocoScene) else made
            ask = {"benchmark": kind, **more}
            return Made(fill.__name__, why, files, ask, "neighbours", {"kind": kind, **more}, tolerance)

        CASES.append(make)
        return make

    return register


@case("exlpose", "ExLPose: areas are 0.53 of the box, no number by size; one person has id 0.")
def exlpose() -> CocoScene:
    scene = CocoScene(61, joints=14)
    scene.crowd_of(10)
    scene.around_thresholds(CROWDPOSE_SIGMAS, 0.53)
    scene.categories[0]["keypoints"] = CROWDPOSE_JOINTS
    for number, image in enumerate(scene.images):
        image["crowdIndex"] = 0
        image["file_name"] = f"dark/imgs_0212_vid{number:06}_exp100_dark__gain_4.50_exposure_5000.png"
    for person in scene.people:
        del person["area"]
    scene.people[3]["id"] = 0
    return scene


@case(
    "animalpose",
    "Animal-Pose: two joints for each sigma just reach a threshold or not; id 0 matches, flags decide who is "
    "ignored, a crowd, results without confidence drop out.",
)
def animalpose() -> CocoScene:
    scene = CocoScene(62, joints=20)
    scene.crowd_of(8)
    scene.around_thresholds(ANIMAL_SIGMAS)
    scene.categories[0]["keypoints"] = ANIMAL_JOINTS
    for turn, person in enumerate(scene.people):
        person["id"] = turn
        person["num_keypoints"] *= turn % 3 != 1
        person["iscrowd"] = int(turn == 4)
    for record in scene.results[::5]:
        record["keypoints"][2::3] = [0.0] * 20
    return scene


def _h36m(seed: int, spread: float, flags: np.ndarray) -> dict[str, Any]:
    rng = np.random.RandomState(seed)
    images: list[Record] = []
    people: list[Record] = []
    results: list[Record] = []
    for number in range(1, len(flags) + 1):
        truth = np.round(rng.uniform(200, 700, (17, 2)), 3)
        found = np.round(truth + rng.normal(0, spread, (17, 2)), 3)
        name = f"S1_Directions_1.54138969_{number:06}.jpg"
        images.append({"id": number, "file_name": name, "width": 1000, "height": 1002})
        low, side = truth.min(axis=0).round(2), float(np.round(rng.uniform(150, 400), 2))
        person: Record = {"id": number, "image_id": number, "category_id": 1, "iscrowd": 0}
        person |= {"bbox": [*low.tolist(), side, side - 1], "area": side * side}
        points = np.concatenate([truth, flags[number - 1][:, None]], axis=1)
        people.append({**person, "num_keypoints": 17, "keypoints": points.ravel().tolist()})
        guess = np.concatenate([found, np.ones((17, 1))], axis=1)
        result: Record = {"image_id": number, "category_id": 1, "score": 0.9}
        results.append({**result, "keypoints": guess.ravel().tolist()})
    category = {"id": 1, "name": "person", "keypoints": H36M_JOINTS}
    return {
        "gt.json": {"images": images, "annotations": people, "categories": [category]},
        "pred.json": results,
    }


@case("h36m-2d", "Ordinary people of Human3.6M: PCK by the longer side of the box, and EPE.", 1e-7)
def h36m_ordinary() -> dict[str, Any]:
    return _h36m(63, 40, np.ones((25, 17)))


@case("h36m-2d", "A wrist that is never labelled, and distances of exactly 0.2 of the box.", 1e-7)
def h36m_on_the_threshold() -> dict[str, Any]:
    flags = np.ones((12, 17))
    flags[:, 13] = 0
    files = _h36m(64, 30, flags)
    for person, result in zip(files["gt.json"]["annotations"], files["pred.json"], strict=True):
        person["bbox"][2:] = [250.0, 100.0]
        person["keypoints"][0:2], result["keypoints"][0:2] = [300.0, 300.0], [350.0, 300.0]
        person["keypoints"][3:5], result["keypoints"][3:5] = [300.0, 300.0], [349.99, 300.0]
    return files


def _boxes(seed: int, classes: tuple[int, ...]) -> dict[str, str]:
    """One sequence of boxes: gaps, exchanged tracks, found distractors, frames with one side alone."""
    rng = np.random.RandomState(seed)
    place, size = rng.randint(0, 90, (6, 2)), rng.choice([20, 30, 40], (6, 2))
    name = list(range(1, 7))
    truth, found = [], []
    for frame in range(1, 16):
        place = place + rng.randint(-3, 4, place.shape)
        if rng.rand() < 0.2:
            a, b = rng.permutation(6)[:2]
            name[a], name[b] = name[b], name[a]
        for k in rng.permutation(6):
            x, y = place[k]
            flag = int(rng.rand() < 0.9)
            if frame != 7 and rng.rand() < 0.85:
                truth.append(f"{frame},{k + 1},{x},{y},{size[k][0]},{size[k][1]},{flag},{classes[k]},1")
            if frame != 11 and rng.rand() < 0.85:
                u, v = np.round(place[k] + rng.normal(0, 4, 2), 2)
                score = round(float(rng.rand()), 2)
                found.append(f"{frame},{name[k]},{u},{v},{size[k][0]},{size[k][1]},{score},-1,-1,-1")
    return {"gt.txt": "\n".join(truth) + "\n", "pred.txt": "\n".join(found) + "\n"}


@case(
    "motchallenge",
    "Boxes of MOT17: distractors are left out, a match is remembered for a frame.",
    rules="mot16",
)
def boxes_mot17() -> dict[str, str]:
    return _boxes(71, (1, 1, 1, 7, 8, 12))


@case(
    "motchallenge", "Boxes of MOT20: vehicles are distractors, too; a class that is neither.", rules="mot20"
)
def boxes_mot20() -> dict[str, str]:
    return _boxes(72, (1, 1, 1, 6, 6, 3))


@case("motchallenge", "Boxes of MOT15, which knows no classes: HOTA alone is TrackEval's.", rules="mot15")
def boxes_mot15() -> dict[str, str]:
    return _boxes(73, (1, 1, 7, 1, 2, 1))


@case(
    "posetrack21-boxes",
    "Two videos of PoseTrack21's boxes: fractions, exchanged ids, boxes in ignore regions.",
)
def boxes_posetrack21() -> dict[str, Any]:
    files: dict[str, Any] = {}
    for seed, name in ((74, "000001_mpii_test"), (75, "000002_mpii_test")):
        made = _boxes(seed, (1, 1, 1, 1, 1, 1))
        rng = np.random.RandomState(seed)
        info = []
        for frame in range(1, 16):
            corner = rng.randint(0, 90, (2, 2))
            dart = np.array([[0, 0], [50, 0], [25, 20], [50, 60], [0, 60]])  # not convex
            regions = [(dart + at).tolist() for at in corner[: rng.randint(0, 3)]]
            x, y = ([[point[axis] for point in region] for region in regions] for axis in (0, 1))
            info.append(
                {
                    "frame_index": frame,
                    "file_name": f"{frame:06}.jpg",
                    "ignore_regions_x": x,
                    "ignore_regions_y": y,
                }
            )
        lines = [line.split(",")[:6] for line in made["gt.txt"].splitlines()]
        files[f"gt/{name}/gt/gt.txt"] = "".join(f"{','.join(words)},1,-1,-1,-1\n" for words in lines)
        files[f"gt/{name}/image_info.json"] = info
        files[f"pred/{name}.txt"] = made["pred.txt"]
    return files


JRDB_JOINTS = ["head", "right eye", "left eye", "right shoulder", "center shoulder", "left shoulder"]
JRDB_JOINTS += [
    "right elbow",
    "left elbow",
    "center hip",
    "right wrist",
    "right hip",
    "left hip",
    "left wrist",
]
JRDB_JOINTS += ["right knee", "left knee", "right foot", "left foot"]
PANORAMA = 3760


def jrdb_files(seed: int, *, frames: int = 6, people: int = 3) -> dict[str, Any]:
    """Two sequences: exchanged tracks, unlabelled poses that are found, a frame without poses and one without
    predictions, somebody across the seam of the panorama, joints of all visibilities.
    """
    rng = np.random.RandomState(seed)
    files: dict[str, Any] = {}
    for name in ("cafe_0", "hall_0"):
        place = np.stack([rng.uniform(100, 3600, people), rng.uniform(100, 300, people)], axis=1)
        place[0, 0] = PANORAMA - 10
        shape = rng.uniform(-60, 60, (people, 17, 2))
        track = list(range(10, 10 + people))
        images: list[Record] = []
        poses: list[Record] = []
        found: list[Record] = []
        labels: dict[str, list[Record]] = {}
        for frame in range(frames):
            file = f"{frame:06}.jpg"
            path = f"image_stitched/{name}/{file}"
            images.append({"id": frame + 1, "file_name": path, "width": PANORAMA, "height": 480})
            labels[file] = []
            if rng.rand() < 0.3:
                a, b = rng.permutation(people)[:2]
                track[a], track[b] = track[b], track[a]
            for k in range(people):
                place[k] += rng.uniform(-4, 4, 2)
                xy = place[k] + shape[k]
                xy[:, 0] %= PANORAMA
                xy = np.round(xy, 1)
                low, high = xy.min(axis=0), xy.max(axis=0)
                box = np.round([*low, *(high - low)], 1).tolist()
                if rng.rand() < 0.9 and box[2] < 400:
                    labels[file].append({"label_id": f"pedestrian:{k}", "box": box})
                if rng.rand() < 0.75 and frame != 4:
                    flags = rng.choice([0, 1, 2, 2, 2], 17)
                    pose: Record = {"id": len(poses) + 1, "track_id": k, "image_id": frame + 1, "bbox": box}
                    pose |= {"category_id": 1, "area": round(box[2] * box[3] + 1, 2)}
                    points = np.concatenate([xy, flags[:, None]], axis=1)
                    poses.append({**pose, "keypoints": points.ravel().tolist()})
                if rng.rand() < 0.8 and frame != 2:
                    off = rng.normal(0, rng.choice([0, 3, 10]), (17, 2)) * (rng.rand(17, 1) < 0.8)
                    points = np.concatenate([np.round(xy + off, 1), np.ones((17, 1))], axis=1)
                    guess: Record = {"track_id": track[k], "image_id": frame + 1, "score": 0.9}
                    found.append({**guess, "keypoints": points.ravel().tolist()})
        category = {"id": 1, "name": "person", "keypoints": JRDB_JOINTS}
        files[f"gt/{name}.json"] = {"categories": [category], "images": images, "annotations": poses}
        files[f"labels_2d_stitched/{name}.json"] = {"labels": labels}
        files[f"pred/{name}.json"] = {"annotations": found}
    return files


@case(
    "jrdb-pose", "JRDB-Pose: both evaluations of the toolkit, its parts by visibility, people without poses."
)
def jrdb() -> dict[str, Any]:
    return jrdb_files(81)


@case("jrdb-pose", "JRDB-Pose with more people, who exchange tracks more often.")
def jrdb_crowd() -> dict[str, Any]:
    return jrdb_files(83, frames=5, people=5)


@case("mpii-cooking", "Strict PCP of upper bodies; ends at exactly half of a stick, and just beyond.")
def cooking() -> dict[str, Any]:
    rng = np.random.RandomState(91)
    truth = rng.randint(50, 400, (14, 12, 2))
    found = np.round(truth + rng.normal(0, 40, truth.shape), 2)
    truth[0], found[0] = 100, 100
    truth[0, :, 1] = np.arange(12) * 40  # sticks of 40, 80 and 440 pixels
    found[0] = truth[0]
    found[0, 0, 0] += 20  # the torso's end at half of its length
    found[0, 10, 0] += 20.01
    return {"gt.json": {"joints": truth.tolist()}, "pred.json": {"preds": found.tolist()}}
