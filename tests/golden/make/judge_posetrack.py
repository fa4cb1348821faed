"""What the programs of PoseTrack say: poseval with py-motmetrics, TrackEval, and the kit of PoseTrack21.

Arrays are in the joint order of 2017 (`NAMES_17`), totals come last; ratios are fractions or percents as the
programs give them.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.make.cases import Made
from tests.golden.make.judge_trackeval import trackeval
from tests.golden.make.posetrack_film import NAMES_17, NAMES_18

COMMIT = {"posetrack_poseval": "4258a15", "posetrack21": "3e61960"}
COUNTS = ("num_misses", "num_switches", "num_false_positives", "num_objects", "num_detections")
HOTA = ("HOTA", "DetA", "AssA", "LocA", "DetRe", "DetPr", "AssRe", "AssPr", "FragA", "RHOTA", "FA-HOTA")
KIT_ORDER = [name for name in NAMES_18 if "ear" not in name]
IN_OUR_ORDER = [KIT_ORDER.index(name) for name in NAMES_17]
SORTED_BY_INSERTION = 16  # NumPy's argsort keeps the order of ties up to so many numbers, and no further
Numbers = dict[str, Any]


def judge(made: Made, folder: Path, programs: Path | None) -> Numbers:
    """All that the programs of a case say about its folders."""
    assert programs is not None, "--programs names the folder of the checkouts"
    told: Numbers = {"made_by": versions()}
    wanted = made.options["programs"]
    with _quiet():
        try:
            told |= poseval(folder, programs, bool(made.options.get("sorted")))
        except Exception as error:
            if "answer" not in made.options:
                raise
            return {**told, "answer": made.options["answer"], "raises": type(error).__name__}
        if "posetrack21" in wanted:
            told["posetrack21"] = kit(folder, programs, bool(made.options.get("reid")))
    return told


def versions() -> dict[str, str]:
    """The programs, and the packages that their digits depend on."""
    names = ("motmetrics", "numpy", "pandas", "scipy", "shapely", "trackeval")
    found = {name: importlib.metadata.version(name) for name in names}
    return {
        "program": f"leonid-pishchulin/poseval@{COMMIT['posetrack_poseval']} (files sorted by name)",
        "kit": f"anDoer/PoseTrack21@{COMMIT['posetrack21']} eval/posetrack21",
        **found,
    }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        yield


def poseval(folder: Path, programs: Path, sorted_by_numpy: bool) -> Numbers:
    """Pose AP and CLEAR MOT of the poseval program, and TrackEval's measures at its distances.

    Where the order of equal scores is asked for, the AP of each sequence instead of the latter.
    """
    # Our own package has the same name: the program's modules are imported under it, ours is not here.
    sys.path.insert(0, str(programs / "posetrack_poseval"))
    loading = importlib.import_module("poseval.eval_helpers")
    assert "posetrack_poseval" in str(loading.__file__)
    poses = importlib.import_module("poseval.evaluateAP")
    tracks = importlib.import_module("poseval.evaluateTracking")
    sys.path.pop(0)
    loading.glob.glob = lambda pattern: sorted(str(p) for p in Path(pattern).parent.glob("*.json"))

    def load() -> tuple[list[Any], list[Any]]:
        truth, found = loading.load_data_dir(["", f"{folder}/gt", f"{folder}/pred/"])
        return truth, found

    with tempfile.TemporaryDirectory() as out:
        ap, precision, recall = poses.evaluateAP(*load(), out, True, sorted_by_numpy)
        alone = [
            json.loads(path.read_text())["ap"][15] for path in sorted(Path(out).glob("8*_AP_metrics.json"))
        ]
    scores, labels, truths, per_frame = loading.assignGTmulti(*load(), 0.5)
    frames = len(per_frame)
    labels = [np.concatenate([np.ravel(labels[j][f]) for f in range(frames)]) for j in range(15)]
    for joint in range(15):
        values = np.concatenate([np.ravel(scores[joint][f]) for f in range(frames)])
        if not sorted_by_numpy and len(np.unique(values)) < len(values) > SORTED_BY_INSERTION:
            raise ValueError(f"scores of joint {joint} tie: their order is NumPy's affair")
    found: Numbers = {"AP": _flat(ap), "precision": _flat(precision), "recall": _flat(recall)}
    found["labelled"] = truths.sum(axis=1).astype(int).tolist()
    found["predicted"] = [len(row) for row in labels]
    found["hits"] = [int(row.sum()) for row in labels]
    told = {"poses": found, "tracks": _tracks(tracks, load())}
    if sorted_by_numpy:
        return {"poseval": {**told, "AP_of_sequences": alone}}
    return {"poseval": told, "trackeval": trackeval(*load(), per_frame)}


def _tracks(program: Any, frames: tuple[list[Any], list[Any]]) -> Numbers:
    """MOTA and its kin; the program's accumulators are kept, so that their events can be counted."""
    kept: list[Any] = []
    make = program.mm.MOTAccumulator

    def keep(**options: Any) -> Any:
        kept.append(make(**options))
        return kept[-1]

    program.mm.MOTAccumulator = keep
    try:
        with tempfile.TemporaryDirectory() as out:
            found = program.evaluateTracking(*frames, out, True, False)
    finally:
        program.mm.MOTAccumulator = make
    told: Numbers = {name.upper(): _flat(found[name]) for name in ("mota", "motp")}
    told |= {"precision": _flat(found["pre"]), "recall": _flat(found["rec"])}
    handler = program.mm.metrics.create()
    counts = {name: np.zeros(15, dtype=int) for name in COUNTS}
    distance = np.zeros((2, 15))
    for number, accumulator in enumerate(kept):
        joint = number % 15
        row = handler.compute(accumulator, metrics=list(COUNTS), return_dataframe=False)
        for name in COUNTS:
            counts[name][joint] += int(row[name])
        events = accumulator.events
        paired = events["Type"].isin(["MATCH", "SWITCH"])
        distance[:, joint] += events["D"][paired].sum(), events["D"][~paired].sum()
    told |= {name: values.tolist() for name, values in counts.items()}
    told |= {"distance_of_pairs": distance[0].tolist(), "distance_of_other_events": distance[1].tolist()}
    return told


def kit(folder: Path, programs: Path, reid: bool) -> Numbers:
    """HOTA, pose AP and, where people have identities, re-identification HOTA of the PoseTrack21 kit."""
    sys.path.insert(0, str(programs / "posetrack21/eval/posetrack21"))
    program = importlib.import_module("posetrack21.trackeval")
    sys.path.pop(0)
    sets, metrics = program.datasets, program.metrics
    hota = _kit_run(folder, program.Evaluator, sets.PoseTrack, metrics.HOTAeypoints)
    poses = _kit_run(folder, program.PoseEvaluator, sets.PoseTrack, metrics.PosemAP)
    told = {
        "HOTA": _hota(hota),
        "poses": {key: _floats(poses[key]) for key in ("map", "precision", "recall")},
    }
    if reid:
        found = _kit_run(folder, program.EvaluatorReid, sets.PoseTrackReID, metrics.HOTAReidKeypoints)
        told["reid"] = _hota(found)
    return told


def _kit_run(folder: Path, evaluator: Any, dataset: Any, metric: Any) -> Any:
    """One metric of the kit on a copy of the folders, because it writes beside the predictions."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(folder, place, dirs_exist_ok=True)
        config = {"GT_FOLDER": f"{place}/gt", "TRACKERS_FOLDER": f"{place}/pred", "PRINT_CONFIG": False}
        config = {**dataset.get_default_dataset_config(), **config, "ASSURE_SINGLE_TRACKER": False}
        options = {**evaluator.get_default_eval_config(), "LOG_ON_ERROR": None, "TIME_PROGRESS": False}
        made = metric()
        found, _ = evaluator(options).evaluate([dataset(config)], [made])
        (per_tracker,) = found.values()
        (result,) = per_tracker.values()
    return result["COMBINED_SEQ"]["person"][made.get_name()]


def _hota(found: Any) -> Numbers:
    """Means over the 19 thresholds per joint and in total; counts per joint at every threshold."""
    order = [*IN_OUR_ORDER, 15]
    told: Numbers = {name: [float(x) for x in found[name].mean(axis=0)[order]] for name in HOTA}
    for name in ("HOTA_TP", "HOTA_FN", "HOTA_FP"):
        told[name] = found[name].astype(int)[:, IN_OUR_ORDER].T.tolist()
    return told


def _flat(values: Any) -> list[float | None]:
    """A row with null for NaN."""
    return [None if np.isnan(x) else float(x) for x in np.ravel(values)]


def _floats(row: Mapping[str, Any]) -> dict[str, float | None]:
    return {key: None if np.isnan(value) else float(value) for key, value in row.items()}
