"""What the programs of the small benchmarks say."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from scipy.io import loadmat

from tests.golden.make import single_files
from tests.golden.make.cases import Made
from tests.golden.make.judge_mpii import octave
from tests.golden.make.neighbours import ANIMAL_SIGMAS

Numbers = dict[str, float]
PLACES = {
    "exlpose": "exlpose/pytorch-cpn/cocoapi/PythonAPI/pycocotools",
    "jrdb-pose": "jrdb_toolkit/pose_eval",
    "posetrack21-boxes": "posetrack21",
    "mpii-cooking": "eval_pose/utils",
    "h36m-2d": "mmpose_0/mmpose",
}
NAMES = ("AP", "AP50", "AP75", "AP_M", "AP_L", "AR", "AR50", "AR75", "AR_M", "AR_L")
H36M_KINDS = {"head": (10,), "shoulder": (11, 14), "elbow": (12, 15), "wrist": (13, 16), "hip": (1, 4)}
H36M_KINDS |= {"knee": (2, 5), "ankle": (3, 6)}


def judge(made: Made, folder: Path, programs: Path | None = None) -> dict[str, Any]:
    """The numbers of a case, and what they were made by."""
    program, formula = JUDGES[made.options["kind"]]
    more = {key: made.options[key] for key in ("rules",) if key in made.options}
    if made.options["kind"] in PLACES:
        assert programs is not None, "--programs names the folder of the checkouts"
        more["program"] = programs / PLACES[made.options["kind"]]
    return {"made_by": {"program": program, "numpy": np.__version__}, "ratios": formula(folder, **more)}


def animalpose(folder: Path) -> Numbers:
    """The ten numbers of xtcocotools with the sigmas of mmpose, as mmpose calls it."""
    from xtcocotools.coco import COCO
    from xtcocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / "gt.json"))
        found = truth.loadRes(str(folder / "pred.json"))
        run = COCOeval(truth, found, "keypoints", np.array(ANIMAL_SIGMAS), use_area=True)
        run.evaluate()
        run.accumulate()
        run.summarize()
    return dict(zip(NAMES, map(float, run.stats), strict=True))


def exlpose(folder: Path, program: Path) -> Numbers:
    """AP and AR over all people by the program itself; its splits are left out (C28)."""
    from pycocotools.coco import COCO

    name = "pycocotools.cocoeval_custom"  # it stands beside pycocotools' modules, and imports one of them
    spec = importlib.util.spec_from_file_location(name, program / "cocoeval_custom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    old_name = mock.patch.object(np, "float", float, create=True)
    with contextlib.redirect_stdout(io.StringIO()), old_name:
        truth = COCO(str(folder / "gt.json"))
        truth.anno_file = [str(folder / "gt.json")]
        run = module.COCOeval(truth, truth.loadRes(str(folder / "pred.json")), "keypoints")
        run.evaluate()
        run.accumulate()
        run.summarize()
    rows = {"AP": 0, "AP50": 1, "AP75": 2, "AR": 5, "AR50": 6, "AR75": 7}
    return {name: float(run.stats[row]) for name, row in rows.items()}


def h36m(folder: Path, program: Path) -> Numbers:
    """PCK and EPE by the functions that `_report_metric` calls, on what `TopDownH36MDataset` reads."""
    spec = importlib.util.spec_from_file_location(
        "top_down_eval", program / "core/evaluation/top_down_eval.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    absent = ("cv2", "mmpose", "mmpose.core", "mmpose.core.post_processing")
    with mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in absent}):
        spec.loader.exec_module(module)
    truth, results = (json.loads((folder / name).read_text("utf-8")) for name in ("gt.json", "pred.json"))
    guesses = {row["image_id"]: row["keypoints"] for row in results}
    people = [person for person in truth["annotations"] if max(person["keypoints"])]
    points = np.array([person["keypoints"] for person in people], dtype=float).reshape(-1, 17, 3)
    found = np.array([guesses[person["image_id"]] for person in people], dtype=float).reshape(-1, 17, 3)
    given = found[..., :2], points[..., :2].astype(np.float32), points[..., 2] > 0
    side = np.array([[max(person["bbox"][2:])] * 2 for person in people])
    share, mean, _ = module.keypoint_pck_accuracy(*given, 0.2, side)
    rows = {f"PCK@0.2/{kind}": float(share[list(ks)].mean()) for kind, ks in H36M_KINDS.items()}
    return {"PCK@0.2": float(mean), "EPE": float(module.keypoint_epe(*given)), **rows}


def cooking(folder: Path, program: Path) -> Numbers:
    """eval_pcp.m on keypoints2sticks_mpii_cooking.m in GNU Octave; the row that it prints, not rounded."""
    with tempfile.TemporaryDirectory() as place:
        files = single_files.write_cooking(folder, Path(place))
        content = {"joints": loadmat(files[0])["joints"], "pred": loadmat(files[1])["pred"]}
        row = np.ravel(octave(program, Path(place), "cooking", content)["pcp"]) / 100
    names = ("PCP/torso", "PCP/upper_arm", "PCP/lower_arm", "PCP/head", "PCP")
    return dict(zip(names, row.tolist(), strict=True))


def boxes(folder: Path, rules: str) -> Numbers:
    """TrackEval on its own layout of files; of MOT15 its HOTA, because it remembers matches otherwise."""
    from trackeval import datasets, metrics

    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(io.StringIO()):
        copies = Path(place, "gt", "one", "gt", "gt.txt"), Path(place, "found", "it", "data", "one.txt")
        for copy, name in zip(copies, ("gt.txt", "pred.txt"), strict=True):
            copy.parent.mkdir(parents=True)
            copy.write_bytes((folder / name).read_bytes())
        config = {"GT_FOLDER": f"{place}/gt", "TRACKERS_FOLDER": f"{place}/found", "SKIP_SPLIT_FOL": True}
        config |= {"BENCHMARK": {"mot16": "MOT17"}.get(rules, rules.upper()), "SEQ_INFO": {"one": 15}}
        made = datasets.MotChallenge2DBox({**config, "PRINT_CONFIG": False})
        data = made.get_preprocessed_seq_data(made.get_raw_seq_data("it", "one"), "pedestrian")
        hota = metrics.HOTA().eval_sequence(data)
        clear = metrics.CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)
        identity = metrics.Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    found = {name: float(hota[name].mean()) for name in ("HOTA", "DetA", "AssA", "LocA")}
    if rules == "mot15":
        return found
    names = {"MOTA": "MOTA", "MOTP": "MOTP", "precision": "CLR_Pr", "recall": "CLR_Re"}
    return (
        found | {key: float(clear[name]) for key, name in names.items()} | {"IDF1": float(identity["IDF1"])}
    )


def posetrack_boxes(folder: Path, program: Path) -> Numbers:
    """Both programs of PoseTrack21's kit, in the Python that they need."""
    script = Path(__file__).with_name("judge_posetrack_boxes.py")
    command = [program.with_name("posetrack21-python") / "bin/python", script, program, folder]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: Numbers = json.loads(said)
    return found


def jrdb(folder: Path, program: Path) -> Numbers:
    """Both evaluations of the toolkit itself; libraries that it imports and does not use here stand in."""
    import scipy.optimize  # noqa: F401  # before NumPy's old names are back

    for name in ("cv2", "tqdm", "shapely", "shapely.geometry"):
        sys.modules.setdefault(name, types.ModuleType(name))
    shapes = ("box", "Polygon", "MultiPolygon", "Point")
    stand_ins = {"cv2": ("LINE_AA",), "tqdm": ("tqdm",), "shapely": ("geometry",), "shapely.geometry": shapes}
    for place, names in stand_ins.items():
        for name in names:
            setattr(sys.modules[place], name, None)
    stack = np.stack  # of views of dictionaries, as NumPy took them when the toolkit was written
    setattr(np, "stack", lambda parts, *given, **more: stack(list(parts), *given, **more))  # noqa: B010
    for name, kind in {"int": int, "float": float}.items():
        setattr(np, name, kind)
    sys.path.insert(0, str(program))
    frames, kit = importlib.import_module("pose_eval"), importlib.import_module("posetrack")
    truth, found, boxes = (str(folder / name) for name in ("gt", "pred", "labels_2d_stitched"))
    each = [frames.ospa_for_loc(truth, found, boxes, file.stem) for file in sorted((folder / "gt").iterdir())]
    with contextlib.redirect_stdout(io.StringIO()):
        config = {"GT_FOLDER": truth, "TRACKERS_FOLDER": found, "PRINT_CONFIG": False}
        made = kit.datasets.JRDBPose(config)
        data = {}
        for name in made.seq_list:
            raw = made.get_raw_seq_data(made.tracker_list[0], name)
            data[name] = made.get_preprocessed_seq_data(raw, "pedestrian")
        said: dict[str, Any] = {}
        for metric in (kit.metrics.OSPA2(), kit.metrics.CLEAR(), kit.metrics.Identity(), kit.metrics.HOTA()):
            said |= metric.combine_sequences({name: metric.eval_sequence(one) for name, one in data.items()})
    keys = {"OSPA2": "OSPA", "OSPA2_card": "OSPA_CARD", "OSPA2_loc": "OSPA_LOC", "OSPA2_visible": "OSPA_VIS",
             "OSPA2_occluded": "OSPA_OCCL", "OSPA2_invisible": "OSPA_INVI"}  # fmt: skip
    keys |= {name: name for name in ("MOTA", "MOTP", "IDF1", "HOTA", "DetA", "AssA", "LocA")}
    out = {key: float(np.mean(said[name])) for key, name in keys.items()}
    return {"OSPA": float(np.mean(np.concatenate(each))), **out}


JUDGES: dict[str, tuple[str, Callable[..., Numbers]]] = {
    "exlpose": ("sohyun-l/ExLPose@62defaa cocoeval_custom.py, np.float given back", exlpose),
    "animalpose": ("xtcocotools 1.14.3 with the sigmas of open-mmlab/mmpose@759b39c", animalpose),
    "motchallenge": (f"TrackEval {importlib.metadata.version('trackeval')}", boxes),
    "jrdb-pose": ("JRDB-dataset/jrdb_toolkit@4fbf7d6 pose_eval, whole poses by its metrics/hota.py", jrdb),
    "posetrack21-boxes": (
        "anDoer/PoseTrack21@3e61960 eval/posetrack21 and eval/mot, Python 3.8",
        posetrack_boxes,
    ),
    "mpii-cooking": ("bearpaw/eval_pose@f6c71b6 eval_pcp.m in GNU Octave", cooking),
    "h36m-2d": (
        "open-mmlab/mmpose@0700205 core/evaluation/top_down_eval.py, as its TopDownH36MDataset calls it",
        h36m,
    ),
}
