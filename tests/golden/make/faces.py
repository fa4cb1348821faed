"""Cases of face landmarks: 300W, WFLW, COFW, AFLW and AFLW2000-3D, by normalisers, rates and areas."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.golden.make import face_files
from tests.golden.make.cases import Made

CASES: list[Callable[[], Made]] = []
ALL = ("hrnet_face", "pipnet", "sbr", "mmpose")
EYES = {68: (36, 45), 98: (60, 72), 29: (8, 9)}  # outer corners
WFLW_ATTRIBUTES = ("pose", "expression", "illumination", "makeup", "occlusion", "blur")


class Faces:
    """Faces of K landmarks around a middle; errors are set per face."""

    def __init__(self, seed: int, count: int, points: int) -> None:
        self.rng = np.random.RandomState(seed)
        middle = self.rng.uniform(150, 300, (count, 1, 2))
        self.truth = np.round(middle + self.rng.uniform(-60, 60, (count, points, 2)), 2)
        if points in EYES:
            left, right = EYES[points]
            self.truth[:, left] = np.round(middle[:, 0] - (45, 20), 2)
            self.truth[:, right] = np.round(middle[:, 0] + (45, -20), 2)
        self.size = np.round(self.rng.uniform(100, 300, count), 2)
        self.flags = np.full((count, points), 2)
        self.found = self.truth.copy()

    def jitter(self, *spreads: float) -> None:
        """Errors of these deviations in pixels, turn by turn."""
        for face, points in enumerate(self.found):
            points += self.rng.normal(0, spreads[face % len(spreads)], points.shape)
        self.found = np.round(self.found, 3)

    def paths(self) -> list[str]:
        """Images of the three folders that tell 300W's common and challenging faces apart."""
        folders = ("lfpw/testset", "helen/testset", "ibug")
        return [f"{folders[face % 3]}/image_{face:04}.png" for face in range(len(self.truth))]

    def csv(self, box_size: bool = False) -> str:
        """The list of HRNet-Facial-Landmark-Detection."""
        points = range(self.truth.shape[1])
        head = ["image_name", "scale", *(["box_size"] if box_size else []), "center_w", "center_h"]
        lines = [",".join([*head, *(f"original_{k}_{axis}" for k in points for axis in "xy")])]
        for face, (path, xy) in enumerate(zip(self.paths(), self.truth, strict=True)):
            size = [self.size[face]] if box_size else []
            numbers = [1.5, *size, 225.0, 225.0, *xy.ravel()]
            lines.append(",".join([path, *(repr(float(n)) for n in numbers)]))
        return "\n".join(lines) + "\n"

    def coco(self) -> dict[str, Any]:
        """The file of mmpose, with flags."""
        images, annotations = [], []
        for face, (path, xy) in enumerate(zip(self.paths(), self.truth, strict=True), start=1):
            images.append({"id": face, "file_name": path, "width": 450, "height": 450})
            points = np.concatenate([xy, self.flags[face - 1][:, None]], axis=1)
            low, high = xy.min(axis=0), xy.max(axis=0)
            box = [float(round(n, 2)) for n in (*low, *(high - low))]
            person: dict[str, Any] = {
                "id": face,
                "image_id": face,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": box,
            }
            person |= {
                "num_keypoints": int((self.flags[face - 1] > 0).sum()),
                "keypoints": points.ravel().tolist(),
            }
            person |= {"area": round(box[2] * box[3], 2), "box_size": float(self.size[face - 1])}
            person |= {"center": [225.0, 225.0], "scale": round(float(self.size[face - 1]) / 150, 3)}
            annotations.append(person)
        return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "face"}]}

    def wflw(self, attributes: np.ndarray) -> str:
        """WFLW's own list: coordinates, a rectangle, six attributes, the image."""
        lines = []
        for path, xy, marks in zip(self.paths(), self.truth, attributes, strict=True):
            rect = [*np.floor(xy.min(axis=0)).astype(int), *np.ceil(xy.max(axis=0)).astype(int)]
            lines.append(" ".join([*(repr(float(n)) for n in xy.ravel()), *map(str, [*rect, *marks]), path]))
        return "\n".join(lines) + "\n"


def case(why: str, benchmark: str, programs: tuple[str, ...] = ALL, **options: Any) -> Callable[..., Any]:
    """Register a function that makes faces, and the name and content of the truth, as a case."""

    def register(fill: Callable[[], tuple[Faces, str, Any]]) -> Callable[[], Made]:
        def make() -> Made:
            faces, name, truth = fill()
            found = np.where(np.isnan(faces.found), None, faces.found).tolist()  # null: not predicted
            files = {name: truth, "pred.json": found}
            told = {"programs": list(programs), **options}
            return Made(fill.__name__, why, files, {"benchmark": benchmark}, "nme", told, 1e-9)

        CASES.append(make)
        return make

    return register


@case("Ordinary faces of 300W, common and challenging.", "300w")
def w300_ordinary() -> tuple[Faces, str, Any]:
    faces = Faces(1, 9, 68)
    faces.jitter(2, 5, 9)
    return faces, "gt.csv", faces.csv()


@case(
    "Every landmark of a face is off by the same: its NME lies near 0.05 and 0.07, near and on 0.08 and 0.1.",
    "300w",
)
def w300_thresholds() -> tuple[Faces, str, Any]:
    faces = Faces(2, 13, 68)
    faces.truth = faces.truth.round()
    faces.truth[:, 36], faces.truth[:, 45] = (200, 200), (300, 200)
    wanted = (0, 4.985, 4.995, 5.005, 5.015, 6.985, 6.995, 7.005, 7.985, 8, 8.015, 10, 10.015)
    faces.found = faces.truth.copy()
    faces.found[..., 0] += np.array(wanted)[:, None]
    return faces, "gt.csv", faces.csv()


@case("Predictions that are the truth: the areas of the tools differ even then.", "300w")
def w300_perfect() -> tuple[Faces, str, Any]:
    faces = Faces(3, 3, 68)
    return faces, "gt.csv", faces.csv()


@case("300W by the distance of the pupils, which are means of six landmarks each.", "300w", ("star",),
      metrics=["nme(by=pupil,at=0.05/0.08/0.1,grid=pipnet)"], left=[36, 37, 38, 39, 40, 41],
      right=[42, 43, 44, 45, 46, 47])  # fmt: skip
def w300_pupils() -> tuple[Faces, str, Any]:
    faces = Faces(4, 6, 68)
    faces.jitter(1, 3, 6)
    return faces, "gt.csv", faces.csv()


@case("Ordinary faces of WFLW.", "wflw", ("hrnet_face", "pipnet", "mmpose"))
def wflw_ordinary() -> tuple[Faces, str, Any]:
    faces = Faces(5, 6, 98)
    faces.jitter(2, 6, 10)
    return faces, "gt.csv", faces.csv()


@case("WFLW's own list: six subsets by its attributes, of which a face can have several.", "wflw",
      ("hrnet_face",), subsets=list(WFLW_ATTRIBUTES))  # fmt: skip
def wflw_subsets() -> tuple[Faces, str, Any]:
    faces = Faces(6, 7, 98)
    faces.jitter(2, 4, 8)
    marks = (faces.rng.random_sample((7, 6)) < 0.4).astype(int)
    marks[0], marks[1] = 0, 1
    return faces, "gt.txt", faces.wflw(marks)


@case("Ordinary faces of COFW.", "cofw", ("hrnet_face", "pipnet", "mmpose"))
def cofw_ordinary() -> tuple[Faces, str, Any]:
    faces = Faces(7, 10, 29)
    faces.jitter(1, 5, 12)
    return faces, "gt.csv", faces.csv()


@case("COFW by the distance of the pupils, as STAR takes it.", "cofw", ("star",),
      metrics=["nme(by=pupil,at=0.05/0.08/0.1,grid=pipnet)"], left=16, right=17)  # fmt: skip
def cofw_pupils() -> tuple[Faces, str, Any]:
    faces = Faces(8, 8, 29)
    faces.truth[:, 16] = faces.truth[:, 8] + (15, 2)
    faces.truth[:, 17] = faces.truth[:, 9] - (15, -2)
    faces.found = faces.truth.copy()
    faces.jitter(1, 3)
    return faces, "gt.csv", faces.csv()


@case("Occluded and unlabelled landmarks: HRNet counts all, mmpose those with a flag, over points.", "cofw",
      ("hrnet_face", "mmpose"))  # fmt: skip
def cofw_occlusion() -> tuple[Faces, str, Any]:
    faces = Faces(9, 8, 29)
    faces.jitter(1, 4, 9)
    faces.flags = faces.rng.randint(0, 3, faces.flags.shape)
    faces.flags[:, 8] = faces.flags[:, 9] = 2
    faces.flags[3] = 1
    return faces, "gt.json", faces.coco()


@case(
    "AFLW with 19 points: errors in units of the face size of the list.",
    "aflw19",
    ("hrnet_face", "pipnet"),
)
def aflw_ordinary() -> tuple[Faces, str, Any]:
    faces = Faces(10, 12, 19)
    faces.jitter(2, 6, 15)
    return faces, "gt.csv", faces.csv(box_size=True)


@case("AFLW in mmpose's form: the longer side of the box that centre and scale describe.", "aflw19",
      ("hrnet_face", "mmpose"))  # fmt: skip
def aflw_by_box() -> tuple[Faces, str, Any]:
    faces = Faces(11, 8, 19)
    faces.jitter(2, 6)
    return faces, "gt.json", faces.coco()


@case("AFLW2000-3D: the mean of three bins of yaw in float32, faces on 30 and 60 degrees.", "aflw2000-3d",
      ("3ddfa",))  # fmt: skip
def aflw2000() -> tuple[Faces, str, Any]:
    faces = Faces(12, 10, 68)
    faces.jitter(2, 4, 7)
    yaw = [0, -10, 30, -30, 30.5, 45, -60, 60.5, 75, -90]
    return faces, "gt.json", {"points": faces.truth.tolist(), "yaw": yaw}


@case("AFLW (PIFA): the size by 68 fitted points, absent points at -1, three bins of yaw.", "aflw-pifa",
      ("3ddfa_aflw",))  # fmt: skip
def aflw_pifa() -> tuple[Faces, str, Any]:
    faces = Faces(15, 12, 68)
    fitted = faces.truth.copy()
    faces.jitter(2, 4, 7)
    points = np.stack([fitted[:, [k - 1 for k in of]].mean(axis=1) for of in face_files.PIFA], axis=1).round(
        2
    )
    points[::3, 7] = points[1::4, 12] = points[5, :10] = -1
    yaw = [0, -10, 30, -30, 30.5, 45, -60, 60.5, 75, -90, 15, 59]
    truth = {
        "points": points.tolist(),
        "fitted": fitted.tolist(),
        "yaw": yaw,
        "crop": [[0, 0, 120, 120]] * 12,
    }
    return faces, "gt.json", truth


@case("A landmark was not predicted: the face's error is not defined, and it counts as a failure.", "300w",
      ("hrnet_face", "pipnet"), undefined=True)  # fmt: skip
def w300_not_found() -> tuple[Faces, str, Any]:
    faces = Faces(13, 4, 68)
    faces.jitter(2)
    faces.found[1, 7] = math.nan
    faces.found[2] = math.nan
    return faces, "gt.csv", faces.csv()


@case("The corners of the eyes of a face lie on each other: the tools divide by 0.", "300w", ("hrnet_face",),
      answer="P304")  # fmt: skip
def w300_no_distance() -> tuple[Faces, str, Any]:
    faces = Faces(14, 3, 68)
    faces.jitter(2)
    faces.truth[1, 36] = faces.truth[1, 45]
    return faces, "gt.csv", faces.csv()
