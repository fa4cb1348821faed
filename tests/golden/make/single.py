"""Cases of single people: PCKh on MPII, PCK, PDJ and PCP on LSP, PCK on JHMDB.

MPII and LSP ship MATLAB files; here their arrays stand in JSON, and `single_files.py` writes them as the
programs want them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.golden.make.cases import Made

Record = dict[str, Any]
CASES: list[Callable[[], Made]] = []
MPII_PROGRAMS = ("kit", "hrnet", "mmpose", "pytorch_pose")


class People:
    """People of K joints around the middle of their images: truth, labels, head boxes and predictions."""

    def __init__(self, seed: int, count: int = 16, joints: int = 16, spread: float = 12) -> None:
        self.rng = np.random.RandomState(seed)
        self.truth = np.round(self.rng.uniform(60, 400, (count, joints, 2)), 2)
        self.missing = np.zeros((count, joints), dtype=int)
        size = np.round(self.rng.uniform(20, 60, (count, 2)), 1)
        corner = np.round(self.rng.uniform(60, 300, (count, 2)), 1)
        self.heads = np.concatenate([corner, np.round(corner + size, 1)], axis=1)
        shift = self.rng.normal(0, spread, self.truth.shape)
        self.found = np.round(self.truth + shift, 2)

    def leave_out(self, share: float) -> None:
        """Some joints are not annotated; their truth is (0, 0), as in MPII's files."""
        self.missing = (self.rng.random_sample(self.missing.shape) < share).astype(int)
        self.truth[self.missing == 1] = 0

    def equal_heads(self) -> None:
        """Head boxes of 30 by 40, so that distances in heads are exact."""
        self.heads = self.heads.round()
        self.heads[:, 2] = self.heads[:, 0] + 30
        self.heads[:, 3] = self.heads[:, 1] + 40

    def files(self) -> dict[str, Any]:
        """Truth and predictions; pixels count from 1."""
        truth = {
            "heads": self.heads.tolist(),
            "joints": self.truth.tolist(),
            "missing": self.missing.tolist(),
        }
        return {"gt.json": truth, "pred.json": {"preds": self.found.tolist()}}


def mpii(why: str, programs: tuple[str, ...] = MPII_PROGRAMS, **options: Any) -> Callable[..., Any]:
    """Register a function that makes people as a PCKh case of the programs named."""

    def register(fill: Callable[[], People]) -> Callable[[], Made]:
        def make() -> Made:
            told = {"kind": "mpii", "programs": list(programs), **options}
            return Made(fill.__name__, why, fill().files(), {"benchmark": "mpii-val"}, "mpii", told, 1e-9)

        CASES.append(make)
        return make

    return register


@mpii("Ordinary people: some joints are not annotated, errors of up to a head.")
def mpii_ordinary() -> People:
    people = People(1, 24)
    people.leave_out(0.15)
    return people


@mpii("Predictions that are the truth.")
def mpii_perfect() -> People:
    return People(2, 6, spread=0)


@mpii("Every joint is far off: all is 0.")
def mpii_all_wrong() -> People:
    people = People(3, 6)
    people.found += 500
    return people


@mpii("One person: every share is 0 or 100.")
def mpii_one_person() -> People:
    return People(4, 1)


@mpii("Distances of exactly half and a tenth of a head: the kit and HRNet count them, the others do not.")
def mpii_on_the_threshold() -> People:
    people = People(5, 12)
    people.truth = people.truth.round()
    people.equal_heads()
    offsets = (15, 15.01, 14.99, 3, 3.01, 2.99, 3.31, 3.29)
    people.found = people.truth.copy()
    for person in range(12):
        for joint in range(16):
            people.found[person, joint, (person + joint) % 2] += offsets[(5 * person + joint) % len(offsets)]
    return people


@mpii("Truth of more digits than float32 has: mmpose rounds it onto the threshold, the others do not.")
def mpii_float32_truth() -> People:
    people = People(13, 6, spread=0)
    people.truth = people.truth.round() + 1e-5
    people.equal_heads()
    people.found = people.truth.round()
    people.found[..., 0] += np.where(np.arange(16) % 2, 15, 3)
    return people


@mpii("Errors spread evenly from 0 to 0.6 heads: every step of the curve counts.")
def mpii_whole_curve() -> People:
    people = People(6, 20)
    people.truth = people.truth.round()
    people.equal_heads()
    people.found = people.truth.copy()
    people.found[..., 0] += 18 * ((np.arange(320).reshape(20, 16) * 37) % 320) / 320
    return people


@mpii("Some people and joints were not found: NaN is wrong.")
def mpii_not_found() -> People:
    people = People(7, 12)
    people.leave_out(0.1)
    people.found[3] = math.nan
    people.found[5, 4:9] = math.nan
    people.found[8, 0] = math.nan
    return people


@mpii("A joint that nobody annotated: each program shows its own.")
def mpii_joint_never_annotated() -> People:
    people = People(8, 10)
    people.missing[:, 9] = people.missing[:, 11] = 1
    people.truth[people.missing == 1] = 0
    return people


@mpii("Pelvis and thorax are all wrong, and nobody minds.")
def mpii_pelvis_and_thorax() -> People:
    people = People(9, 10, spread=4)
    people.found[:, 6:8] += 300
    return people


@mpii("Heads of 4 and of 400 pixels among ordinary ones.")
def mpii_tiny_and_huge_heads() -> People:
    people = People(10, 12)
    people.heads[0] = (100, 100, 103, 102)
    people.heads[1] = (10, 10, 290, 310)
    return people


@mpii("Predictions a pixel off, as when they count from 0.")
def mpii_off_by_one() -> People:
    people = People(11, 12, spread=0)
    people.equal_heads()
    people.heads[:, 2:] = people.heads[:, :2] + np.array([3, 4])
    people.found = people.truth - 1
    return people


@mpii("A head box of no size: mmpose leaves the person out once, then counts it as right.", ("mmpose",))
def mpii_no_head() -> People:
    people = People(12, 8)
    people.heads[2, 2:] = people.heads[2, :2]
    return people


def lsp(why: str) -> Callable[..., Any]:
    """Register a function that makes people of 14 joints as a case of eval_pose."""

    def register(fill: Callable[[], People]) -> Callable[[], Made]:
        def make() -> Made:
            ask = {"benchmark": "lsp"}
            return Made(fill.__name__, why, fill().files(), ask, "mpii", {"kind": "lsp"}, 1e-9)

        CASES.append(make)
        return make

    return register


@lsp("Ordinary people of LSP: PCK by the torso, PDJ and strict PCP.")
def lsp_ordinary() -> People:
    people = People(21, 20, 14, 18)
    people.truth[:, 2] = people.truth[:, 9] + (30, 90)
    return people


@lsp("Distances of exactly a fifth of the torso, and limbs whose ends are off by half their length.")
def lsp_on_the_threshold() -> People:
    people = People(22, 10, 14, 0)
    people.truth = people.truth.round()
    people.truth[:, 2] = people.truth[:, 9] + (60, 80)
    people.truth[:, 1] = people.truth[:, 0] + (24, 32)
    people.found = people.truth.copy()
    offsets = (20, 20.01, 19.99, 10, 30, 40)
    for person in range(10):
        for joint in range(14):
            people.found[person, joint, 0] += offsets[(person + joint) % len(offsets)]
    return people


NAMES_JHMDB = ["neck", "belly", "head", "right_shoulder", "left_shoulder", "right_hip", "left_hip"]
NAMES_JHMDB += ["right_elbow", "left_elbow", "right_knee", "left_knee", "right_wrist", "left_wrist"]
NAMES_JHMDB += ["right_ankle", "left_ankle"]


def jhmdb(why: str) -> Callable[..., Any]:
    """Register a function that makes people of 15 joints, and flags, as a case of mmpose."""

    def register(fill: Callable[[], tuple[People, np.ndarray]]) -> Callable[[], Made]:
        def make() -> Made:
            files = _jhmdb_files(*fill())
            return Made(fill.__name__, why, files, {"benchmark": "jhmdb"}, "mpii", {"kind": "jhmdb"}, 1e-7)

        CASES.append(make)
        return make

    return register


def _jhmdb_files(people: People, flags: np.ndarray) -> dict[str, Any]:
    images: list[Record] = []
    annotations: list[Record] = []
    results: list[Record] = []
    for number, (truth, found) in enumerate(zip(people.truth, people.found, strict=True), start=1):
        image: Record = {"id": number, "frame_id": number, "file_name": f"Catch_video_0/{number:05}.png"}
        image |= {"width": 480, "height": 440, "vid_id": "00001", "nframes": len(people.truth)}
        images.append({**image, "is_labeled": True})
        low, high = truth.min(axis=0).round(1) - 10, truth.max(axis=0).round(1) + 10
        points = np.concatenate([truth, flags[number - 1][:, None]], axis=1)
        person: Record = {"id": number, "image_id": number, "category_id": 1, "track_id": 0, "scores": []}
        person["bbox"] = [*low.round(1).tolist(), *(high - low).round(1).tolist()]
        annotations.append({**person, "keypoints": points.ravel().tolist()})
        guess = np.concatenate([found - 1, np.ones((15, 1))], axis=1).round(2)
        result: Record = {"image_id": number, "category_id": 1, "score": 0.9}
        results.append({**result, "keypoints": guess.ravel().tolist()})
    category = {"id": 1, "name": "person", "keypoints": NAMES_JHMDB}
    return {
        "gt.json": {"images": images, "annotations": annotations, "categories": [category]},
        "pred.json": results,
    }


@jhmdb("Ordinary people of JHMDB: PCK by the longer side of the box, cut to the image, and by the torso.")
def jhmdb_ordinary() -> tuple[People, np.ndarray]:
    people = People(31, 20, 15, 14)
    return people, np.full((20, 15), 2.0)


@jhmdb("Distances of exactly 0.2, 0.1 and 0.05 of the box, some only once float32 has rounded the truth.")
def jhmdb_on_the_threshold() -> tuple[People, np.ndarray]:
    people = People(33, 12, 15, 0)
    people.truth = np.clip(people.truth.round(), 101, 280)
    people.truth[:, 0], people.truth[:, 1] = (100, 100), (280, 280)  # boxes of 200 by 200
    people.found = people.truth.copy()
    people.found[..., 0] += np.array([40, 20, 10, 39.99, 20.01])[np.arange(180).reshape(12, 15) % 5]
    people.truth[::2, 3:, 0] += 1e-5
    return people, np.full((12, 15), 2.0)


@jhmdb("A wrist that is never labelled gets -1; where the torso has no length the prediction's is taken.")
def jhmdb_never_labelled() -> tuple[People, np.ndarray]:
    people = People(32, 12, 15, 14)
    flags = np.full((12, 15), 2.0)
    flags[:, 11] = 0
    flags[::3, 4] = 0
    people.truth[4, 5] = people.truth[4, 4]
    return people, flags


def _crowd(seed: int) -> Record:
    """Images of two or three groups and someone apart; misses, strays, people in each other's place."""
    rng = np.random.RandomState(seed)
    images, found = [], []
    for _ in range(5):
        people: list[Record] = []
        groups: list[list[int]] = []
        for _ in range(2 + rng.randint(2)):
            corner = rng.uniform(50, 900, 2)
            members = range(2 + rng.randint(3))
            groups.append([len(people) + 1 + k for k in members])
            guesses = []
            for _ in members:
                size = rng.randint(20, 60, 2)
                joints = np.round(corner + rng.uniform(0, 160, (16, 2)), 1)
                hidden = rng.random_sample(16) < 0.15
                people.append(
                    {
                        "head": [100, 100, 100 + int(size[0]), 100 + int(size[1])],
                        "joints": [
                            None if gone else list(at)
                            for at, gone in zip(joints.tolist(), hidden, strict=True)
                        ],
                    }
                )
                if rng.random_sample() < 0.85:
                    guesses.append(_guess(rng, joints + rng.normal(0, 9, joints.shape)))
            if rng.random_sample() < 0.4:
                guesses.append(_guess(rng, corner + rng.uniform(0, 160, (16, 2))))
            guesses = guesses or [_guess(rng, corner + rng.uniform(0, 160, (16, 2)))]
            found.append([guesses[k] for k in rng.permutation(len(guesses))])
        people.append({"head": [5, 5, 45, 35], "joints": rng.randint(0, 99, (16, 2)).tolist()})
        images.append({"people": people, "groups": [*groups, [len(people)]], "single": [len(people)]})
    return {"gt.json": images, "pred.json": found}


def _guess(rng: np.random.RandomState, joints: np.ndarray) -> Record:
    """A predicted person: some joints are left out, scores have two digits, so that they tie."""
    gone = rng.random_sample(16) < 0.1
    gone[0] = False
    places = [
        None if left else [round(x, 1), round(y, 1)]
        for (x, y), left in zip(joints.tolist(), gone, strict=True)
    ]
    return {"joints": places, "scores": np.round(rng.random_sample(16), 2).tolist()}


def _multi() -> Made:
    why = "Groups of people of MPII: AP of each joint, scores that tie, people apart are left out."
    return Made("mpii_multi", why, _crowd(19), {"benchmark": "mpii-multi"}, "mpii", {"kind": "multi"})


CASES.append(_multi)
