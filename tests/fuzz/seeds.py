"""Small sound files of every format, to be spoiled: made by our writers, by hand, or cut from real ones."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat, savemat

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from poseval.errors import UsageError
from poseval.poses import Frames, PoseSet
from poseval.skeletons import get_skeleton
from tests.datasets.made_forms import PREDICTED, TRUTHS
from tests.datasets.mat_files import gt_valid, person, points, release, structs, submission
from tests.datasets.test_same_score import truth_and_predictions
from tests.golden.make.neighbours import jrdb_files
from tests.shared import shared_root

T, P = Role.TRUTH, Role.PREDICTIONS
IMAGES = 3
RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Seed:
    """One sound set: the files by relative name, and whether their folder or the one file is read."""

    role: Role
    files: dict[str, bytes]
    folder: bool = False


def small_sets() -> tuple[PoseSet, PoseSet]:
    """Truth and predictions of three images."""
    cut = []
    for poses in truth_and_predictions():
        frames = poses.frames
        kept = Frames(frames.key[:IMAGES], size=frames.size[:IMAGES], path=frames.path[:IMAGES])
        people = poses.people.take(np.flatnonzero(poses.people.frame < IMAGES)[::2])
        cut.append(replace(poses, frames=kept, people=people))
    return cut[0], cut[1]


READ = [name for name in datasets.names() if datasets.get_format(name).reads]
OWN_POSES = ("mpii-json", "pose-array")  # written for joints or an order of their own only: made by hand


def seeds(name: str, folder: Path) -> list[Seed]:
    """Sound files of a format, none where an extra or the shared samples are absent."""
    dataset = datasets.get_format(name)
    truth, predictions = small_sets()
    out = []
    for role, poses in ((T, truth), (P, predictions)):
        if role not in dataset.writes & dataset.reads or name in OWN_POSES:
            continue
        row = datasets.get_row(name)
        target = folder / f"{name}-{role.value}{'' if row.is_folder else row.suffix}"
        try:
            dataset.write(poses, target, WriteOptions(role, force=True, truth=truth))
        except UsageError:  # a format of one person per frame, or of other joints: made by hand below
            continue
        if target.is_dir():
            paths = [path for path in sorted(target.rglob("*")) if path.is_file()]
            files = {path.relative_to(target).as_posix(): path.read_bytes() for path in paths}
            out.append(Seed(role, files, folder=True))
            if role is P:  # a file of truth alone may lack what lies beside it
                out.append(Seed(role, dict([list(files.items())[-1]])))
        else:
            out.append(Seed(role, {f"seed{row.suffix}": target.read_bytes()}))
    if name in MADE:
        out += MADE[name](folder)
    for role, poses, makers in ((T, truth, TRUTHS), (P, predictions, PREDICTED)):
        for files in (maker(poses) for maker in makers.get(name, ())):
            out.append(Seed(role, files, folder=len(files) > 1))
    if not out and name in REAL:
        from poseval.datasets.files.document import Document

        path = shared_root() / "samples/formats" / REAL[name]
        if path.exists():
            content = Document.open(path).data
            file = f"seed{datasets.get_row(name).suffix}"
            out = [Seed(role, {file: content}) for role in (T, P) if role in dataset.reads]
    return out


REAL = {
    "sleap": "sleap_slp/minimal_instance.slp",
    "sleap-analysis": "sleap_analysis_h5/small_robot.000_small_robot_3_frame.analysis.h5",
    "nwb": "nwb_ndx_pose/0.3.0_poseestimation_two_cameras.nwb.gz",
}


def _json(role: Role, node: Any) -> list[Seed]:
    return [Seed(role, {"seed.json": json.dumps(node).encode()})]


def _text(name: str, text: str, *roles: Role) -> list[Seed]:
    return [Seed(role, {name: text.encode()}) for role in roles]


def _mat(name: str, content: dict[str, Any], *roles: Role) -> list[Seed]:
    """Uncompressed, so that changes reach the content, and compressed."""
    out = []
    for packed in (False, True):
        target = io.BytesIO()
        savemat(target, content, do_compression=packed)
        out += [Seed(role, {name: target.getvalue()}) for role in roles]
    return out


def _file(role: Role, path: Path) -> Seed:
    return Seed(role, {path.name: path.read_bytes()})


def _coco_like(points: int, category: dict[str, Any], **image: Any) -> dict[str, Any]:
    xy = np.round(RNG.uniform(1, 99, (points, 2)), 2)
    triples = np.concatenate([xy, np.full((points, 1), 2)], axis=1).ravel().tolist()
    images = [{"id": n, "file_name": f"v/{n}.jpg", "width": 99, "height": 99, **image} for n in (1, 2)]
    people = [
        {"id": n, "image_id": n, "category_id": 1, "keypoints": triples, "bbox": [1, 2, 30, 40],
         "num_keypoints": points, "center": [5.0, 6.0], "scale": 0.5, "iscrowd": 0, "area": 9.5}
        for n in (1, 2)
    ]  # fmt: skip
    return {"images": images, "annotations": people, "categories": [{"id": 1, **category}]}


def _motchallenge(folder: Path) -> list[Seed]:
    lines = b"".join(b"%d,1,%d,10,20,40,1,1,1\n" % (frame, 10 + frame) for frame in range(1, 5))
    return [Seed(T, {f"{name}/gt/gt.txt": lines for name in ("MOT17-02", "MOT17-04")}, folder=True)]


def _jhmdb_coco(folder: Path) -> list[Seed]:
    names = list(get_skeleton("jhmdb15").joints)
    return _json(T, _coco_like(15, {"name": "person", "keypoints": names}, vid_id="v", frame_id=1))


def _jhmdb_splits(folder: Path) -> list[Seed]:
    content = json.dumps(
        _coco_like(15, {"name": "person", "keypoints": list(get_skeleton("jhmdb15").joints)}, vid_id=1)
    )
    files = {f"test_jhmdb_sub{n}.json": content.encode() for n in (1, 2, 3)}
    return [Seed(T, files, folder=True)]


def _jrdb(folder: Path) -> list[Seed]:
    files = {name: json.dumps(node).encode() for name, node in jrdb_files(1, frames=2, people=2).items()}
    truth, guess = files["gt/cafe_0.json"], files["pred/cafe_0.json"]
    both = {f"{name}.json": files[f"gt/{name}.json"] for name in ("cafe_0", "hall_0")}
    return [Seed(T, {"seed.json": truth}), Seed(T, both, folder=True), Seed(P, {"seed.json": guess})]


def _face_coco(folder: Path) -> list[Seed]:
    return _json(T, _coco_like(19, {"name": "face", "keypoints": []}))


def _mpii_gt(folder: Path) -> list[Seed]:
    heads = np.tile([[10.0, 10.0], [40.0, 50.0]], (2, 1, 1))
    path = gt_valid(folder / "gt_valid.mat", RNG.uniform(1, 99, (2, 16, 2)), np.zeros((2, 16)), heads)
    content = {name: value for name, value in loadmat(path).items() if not name.startswith("__")}
    found = _mat("pred.mat", {**content, "pos_pred_src": RNG.uniform(1, 99, (16, 2, 2))}, P)
    return [_file(T, path), *found]


def _mpii_json(folder: Path) -> list[Seed]:
    joints = [[float(n), float(2 * n)] for n in range(1, 17)]
    new = [
        {"image": f"{n}.jpg", "joints": joints, "joints_vis": [1] * 16, "center": [5.0, 6.0], "scale": 1.5}
        for n in "ab"
    ]
    old = [
        {"img_paths": "a.jpg", "joint_self": [[*xy, 1.0] for xy in joints], "isValidation": 1.0,
         "objpos": [1.0, 2.0], "scale_provided": 2.0}
    ]  # fmt: skip
    return _json(T, new) + _json(T, old)


def _mpii_h5(folder: Path) -> list[Seed]:
    try:
        import h5py
    except ImportError:
        return []
    path = folder / "valid.h5"
    with h5py.File(path, "w") as file:
        file["part"], file["visible"] = RNG.uniform(2, 99, (2, 16, 2)), np.ones((2, 16))
        file["normalize"], file["scale"] = np.array([30.0, 40.0]), np.ones(2)
        file["imgname"], file["center"] = np.array([b"a.jpg", b"b.jpg"]), np.zeros((2, 2))
    return [_file(T, path)]


def _mpii_mat(folder: Path) -> list[Seed]:
    people = [[{key: value for key, value in person(n).items() if key != "xy"}] for n in (1, 2)]
    path = release(folder / "release.mat", people, [1, 0], [[1], [1]])
    plain = _mat("release.mat", {"RELEASE": loadmat(path)["RELEASE"]}, T)
    return [*plain, _file(T, path)]


def _mpii_submission(folder: Path) -> list[Seed]:
    found = [points(range(16), RNG.uniform(1, 99, (16, 2)), scores=[0.5] * 16) for _ in range(3)]
    return [_file(P, submission(folder / "pred.mat", [[found[0]], [found[1], found[2]], []]))]


def _lsp(folder: Path) -> list[Seed]:
    return _mat("joints.mat", {"joints": RNG.uniform(1, 99, (3, 14, 4))}, T)


def _flic(folder: Path) -> list[Seed]:
    rows = [{"coords": RNG.uniform(1, 99, (2, 29)), "istest": 1.0, "filepath": f"{n}.jpg"} for n in "ab"]
    arrays = _mat("joints.mat", {"joints": RNG.uniform(1, 99, (2, 10, 4))}, T)
    return [*_mat("examples.mat", {"examples": structs(rows)}, T), *arrays]


def _cooking(folder: Path) -> list[Seed]:
    return _mat("seed.mat", {"joints": np.arange(48, dtype=np.uint16).reshape(2, 12, 2)}, T)


def _parse(folder: Path) -> list[Seed]:
    return _mat("labels.mat", {"ptsAll": RNG.uniform(1, 99, (14, 2, 3))}, T)


def _penn(folder: Path) -> list[Seed]:
    content = {
        "x": RNG.uniform(1, 99, (3, 13)), "y": RNG.uniform(1, 99, (3, 13)), "action": "bowl",
        "visibility": np.ones((3, 13), dtype=np.uint8), "bbox": np.tile([1.0, 2.0, 31.0, 42.0], (3, 1)),
        "dimensions": np.array([[270, 480, 3]], dtype=np.uint16), "nframes": np.array([[3]], dtype=np.uint8),
        "train": np.array([[-1]], dtype=np.int32),
    }  # fmt: skip
    single = _mat("0001.mat", content, T)
    return [
        *single,
        Seed(T, dict.fromkeys(("0001.mat", "0002.mat"), single[0].files["0001.mat"]), folder=True),
    ]


def _jhmdb_mat(folder: Path) -> list[Seed]:
    single = _mat(
        "joint_positions.mat", {"pos_img": RNG.uniform(1, 99, (2, 15, 3)), "scale": np.ones((1, 3))}, T
    )
    content = single[0].files["joint_positions.mat"]
    names = ("brush/a/joint_positions.mat", "brush/b/joint_positions.mat")
    return [*single, Seed(T, dict.fromkeys(names, content), folder=True)]


def _face_csv(folder: Path) -> list[Seed]:
    head = "image_name,scale,center_w,center_h," + ",".join(
        f"original_{n}_x,original_{n}_y" for n in range(19)
    )
    rows = [f"{n}.jpg,1.5,50.0,60.0," + ",".join(map(str, RNG.integers(1, 99, 38))) for n in "abc"]
    return _text("faces.csv", "\n".join([head, *rows, ""]), T, P)


def _face_pts(folder: Path) -> list[Seed]:
    lines = "\n".join(f"{x:.2f} {y:.2f}" for x, y in RNG.uniform(1, 99, (68, 2)))
    text = f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n"
    both = {"a.pts": text.encode(), "b.pts": text.encode()}
    return [*_text("a.pts", text, T, P), Seed(T, both, folder=True), Seed(P, both, folder=True)]


def _lapa(folder: Path) -> list[Seed]:
    text = "106\n" + "".join(f"{x:.2f} {y:.2f}\n" for x, y in RNG.uniform(1, 99, (106, 2)))
    return [*_text("a.txt", text, T), Seed(T, {"a.txt": text.encode(), "b.txt": text.encode()}, folder=True)]


def _wflw(folder: Path) -> list[Seed]:
    numbers = " ".join(f"{n:.2f}" for n in RNG.uniform(1, 99, 196))
    return _text("list.txt", "".join(f"{numbers} 1 2 90 95 0 1 0 0 1 0 {n}.jpg\n" for n in "ab"), T)


def _cofw(folder: Path) -> list[Seed]:
    content = {"phisT": np.abs(RNG.uniform(0, 99, (3, 87))), "bboxesT": RNG.uniform(1, 50, (3, 4))}
    return _mat("cofw.mat", content, T)


def _npy(array: Any) -> bytes:
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


def _face_npy(folder: Path) -> list[Seed]:
    return [Seed(T, {"faces.npy": _npy(RNG.uniform(1, 99, (3, 2, 19)))})]


def _pose_array(folder: Path) -> list[Seed]:
    xy = np.round(RNG.uniform(1, 99, (IMAGES, 16, 2)), 2)
    packed = io.BytesIO()
    np.savez(packed, preds=xy)
    files = {"p.npy": _npy(xy), "p.json": json.dumps(xy.tolist()).encode(), "p.npz": packed.getvalue()}
    return [Seed(P, {key: value}) for key, value in files.items()]


def _pose_mat(folder: Path) -> list[Seed]:
    return _mat("p.mat", {"preds": np.round(RNG.uniform(1, 99, (IMAGES, 16, 2)), 2)}, P)


def dump_entries() -> list[dict[str, Any]]:
    """What MMPose dumps: an entry per image, with arrays."""
    return [
        {
            "img_path": f"data/coco/{number:012d}.jpg",
            "img_id": number,
            "ori_shape": (480, 640),
            "pred_instances": {
                "keypoints": RNG.uniform(1, 99, (2, 17, 2)).astype(np.float32),
                "keypoint_scores": RNG.uniform(0, 1, (2, 17)).astype(np.float32),
                "bboxes": np.tile(np.float32([1, 2, 50, 60]), (2, 1)),
                "bbox_scores": np.float32([0.9, 0.8]),
            },
        }
        for number in (100, 101)
    ]


def _dump(folder: Path) -> list[Seed]:
    return [Seed(P, {"dump.pkl": pickle.dumps(dump_entries(), protocol)}) for protocol in (2, 3, 4, 5)]


def _mediapipe_csv(folder: Path) -> list[Seed]:
    rows = [f"{n}.jpg,squat," + ",".join(f"{v:.3f}" for v in RNG.uniform(1, 99, 99)) for n in "ab"]
    return _text("poses.csv", "\n".join([*rows, ""]), P)


MADE: dict[str, Callable[[Path], list[Seed]]] = {
    "jhmdb-coco": _jhmdb_coco,
    "jhmdb-splits": _jhmdb_splits,
    "motchallenge": _motchallenge,
    "mpii-cooking-mat": _cooking,
    "jrdb-pose": _jrdb,
    "face-coco": _face_coco,
    "mpii-gt": _mpii_gt,
    "mpii-json": _mpii_json,
    "mpii-h5": _mpii_h5,
    "mpii-mat": _mpii_mat,
    "mpii-submission": _mpii_submission,
    "lsp-mat": _lsp,
    "flic-mat": _flic,
    "parse-mat": _parse,
    "penn-action": _penn,
    "jhmdb-mat": _jhmdb_mat,
    "face-csv": _face_csv,
    "face-pts": _face_pts,
    "lapa-txt": _lapa,
    "wflw-txt": _wflw,
    "cofw-mat": _cofw,
    "face-npy": _face_npy,
    "pose-array": _pose_array,
    "pose-mat": _pose_mat,
    "mmpose-dump": _dump,
    "mediapipe": _mediapipe_csv,
}
