"""What the formulas of the small benchmarks say, in plain Python; COCO's relatives by pycocotools.

Sources: sohyun-l/ExLPose@62defaa cocoeval_custom.py; open-mmlab/mmpose@0700205 TopDownH36MDataset with
core/evaluation/top_down_eval.py, which cannot be installed beside this NumPy.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import json
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.make.cases import Made
from tests.golden.make.coco_dialects import CROWDPOSE_SIGMAS
from tests.golden.make.neighbours import ANIMAL_SIGMAS

Numbers = dict[str, float]
PLACES = {"jrdb-pose": "jrdb_toolkit/pose_eval", "posetrack21-boxes": "posetrack21"}
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


def _pycocotools(folder: Path, sigmas: list[float], *, boxes: bool) -> Numbers:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads((folder / "gt.json").read_text("utf-8"))
        for person in truth.dataset["annotations"]:
            if boxes:
                person["area"] = person["bbox"][2] * person["bbox"][3] * 0.53
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(str(folder / "pred.json")), "keypoints")
        run.params.kpt_oks_sigmas = np.array(sigmas)
        run.evaluate()
        run.accumulate()
        run.summarize()
    return dict(zip(NAMES, map(float, run.stats), strict=True))


def exlpose(folder: Path) -> Numbers:
    """AP and AR over all people; the program prints none by size."""
    found = _pycocotools(folder, CROWDPOSE_SIGMAS, boxes=True)
    return {name: value for name, value in found.items() if name[-2:] not in ("_M", "_L")}


def animalpose(folder: Path) -> Numbers:
    """The ten numbers with the sigmas of mmpose."""
    return _pycocotools(folder, ANIMAL_SIGMAS, boxes=False)


def h36m(folder: Path) -> Numbers:
    """One joint after the other; -1 for a joint that is never labelled."""
    truth, results = (json.loads((folder / name).read_text("utf-8")) for name in ("gt.json", "pred.json"))
    found = {row["image_id"]: row["keypoints"] for row in results}
    right, labelled = [0] * 17, [0] * 17
    errors = []
    for person in truth["annotations"]:
        side = max(person["bbox"][2:])
        for k in range(17):
            x, y, flag = person["keypoints"][3 * k : 3 * k + 3]
            if not flag:
                continue
            guess = found[person["image_id"]][3 * k : 3 * k + 2]
            dx, dy = guess[0] - float(np.float32(x)), guess[1] - float(np.float32(y))
            labelled[k] += 1
            right[k] += bool(np.float32(np.linalg.norm([dx / side, dy / side])) < 0.2)
            errors.append(float(np.float32(np.linalg.norm([dx, dy]))))
    share = [hits / count if count else -1.0 for hits, count in zip(right, labelled, strict=True)]
    known = [value for value in share if value >= 0]
    rows = {f"PCK@0.2/{kind}": sum(share[k] for k in ks) / len(ks) for kind, ks in H36M_KINDS.items()}
    return {"PCK@0.2": sum(known) / len(known), "EPE": sum(errors) / len(errors), **rows}


def cooking(folder: Path) -> Numbers:
    """eval_pcp.m on keypoints2sticks_mpii_cooking.m, one stick after the other."""
    truth = np.array(json.loads((folder / "gt.json").read_text("utf-8"))["joints"], dtype=float)
    found = np.array(json.loads((folder / "pred.json").read_text("utf-8"))["preds"])
    sticks = [(0, 1), (2, 4), (3, 5), (4, 6), (5, 7), (10, 11)]
    right = np.zeros((len(sticks), len(truth)))
    for row, (a, b) in enumerate(sticks):
        for at in range(len(truth)):
            length = np.linalg.norm(truth[at, a] - truth[at, b])
            off = [np.linalg.norm(truth[at, end] - found[at, end]) / length for end in (a, b)]
            right[row, at] = off[0] <= 0.5 and off[1] <= 0.5
    torso, upper, other_upper, lower, other_lower, head = right.mean(axis=1)
    arms = {"PCP/upper_arm": (upper + other_upper) / 2, "PCP/lower_arm": (lower + other_lower) / 2}
    return {"PCP": float(right.mean()), "PCP/torso": float(torso), "PCP/head": float(head)} | {
        name: float(value) for name, value in arms.items()
    }


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


_COCO = f"pycocotools {importlib.metadata.version('pycocotools')}"
JUDGES: dict[str, tuple[str, Callable[..., Numbers]]] = {
    "exlpose": (f"{_COCO} with the areas and sigmas of sohyun-l/ExLPose@62defaa", exlpose),
    "animalpose": (f"{_COCO} with the sigmas of open-mmlab/mmpose@759b39c", animalpose),
    "motchallenge": (f"TrackEval {importlib.metadata.version('trackeval')}", boxes),
    "jrdb-pose": ("JRDB-dataset/jrdb_toolkit@4fbf7d6 pose_eval, whole poses by its metrics/hota.py", jrdb),
    "posetrack21-boxes": (
        "anDoer/PoseTrack21@3e61960 eval/posetrack21 and eval/mot, Python 3.8",
        posetrack_boxes,
    ),
    "mpii-cooking": ("the formula of bearpaw/eval_pose@f6c71b6 eval_pcp.m, not the program", cooking),
    "h36m-2d": ("the formula of open-mmlab/mmpose@0700205 TopDownH36MDataset, not the program", h36m),
}
