"""What both programs of PoseTrack21 say about tracked boxes: a script for their own environment.

    python3.8 judge_posetrack_boxes.py CHECKOUT CASE    # requirements-posetrack21.txt; prints JSON

The images, which one of them opens and does not look at, are not opened; assignments are SciPy's, as without
the package `lap`.
"""

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
from unittest import mock

import numpy as np


def main(checkout, case):
    """HOTA by one program, CLEAR and identities by the other, with ignore regions."""
    with contextlib.redirect_stdout(io.StringIO()):
        told = {**higher(checkout, case), **clear(checkout, case)}
    print(json.dumps(told))


def higher(checkout, case):
    """Box HOTA, means over the thresholds."""
    sys.path.insert(0, os.path.join(checkout, "eval", "posetrack21"))
    from posetrack21.trackeval import Evaluator, datasets, metrics

    with tempfile.TemporaryDirectory() as place:  # the kit writes beside the results
        shutil.copytree(os.path.join(case, "gt"), os.path.join(place, "gt"))
        shutil.copytree(os.path.join(case, "pred"), os.path.join(place, "pred", "it"))
        config = {"GT_FOLDER": os.path.join(place, "gt"), "TRACKERS_FOLDER": os.path.join(place, "pred")}
        made = metrics.HOTA()
        options = {**Evaluator.get_default_eval_config(), "LOG_ON_ERROR": None, "TIME_PROGRESS": False}
        dataset = datasets.PoseTrackMOT({**config, "PRINT_CONFIG": False, "ASSURE_SINGLE_TRACKER": False})
        found = Evaluator(options).evaluate([dataset], [made])[0]
    ((result,),) = [list(one.values()) for one in found.values()]
    said = result["COMBINED_SEQ"]["pedestrian"][made.get_name()]
    return {name: float(np.mean(said[name])) for name in ("HOTA", "DetA", "AssA", "LocA")}


def clear(checkout, case):
    """MOTA, MOTP as a similarity, precision, recall and IDF1 of all sequences."""
    sys.path.insert(0, os.path.join(checkout, "eval", "mot"))
    import evaluate_mot as program
    import motmetrics as mm

    mm.lap.default_solver = "scipy"
    kept = []
    compute = mm.metrics.MetricsHost.compute_many

    def keep(self, *given, **more):
        kept.append(compute(self, *given, **more))
        return kept[-1]

    words = ["evaluate_mot.py", "--mot_path", os.path.join(case, "gt"), "--dataset_path", case]
    words += ["--result_path", os.path.join(case, "pred"), "--use_ignore_regions"]
    empty = mock.Mock(convert=lambda mode: np.zeros((1, 1, 3)))
    images = mock.patch("PIL.Image.open", return_value=empty)
    told = mock.patch.object(mm.metrics.MetricsHost, "compute_many", keep)
    with mock.patch.object(sys, "argv", words), images, told:
        program.main()
    row = kept[0].loc["OVERALL"]
    names = {"MOTA": "mota", "precision": "precision", "recall": "recall", "IDF1": "idf1"}
    return {**{key: float(row[name]) for key, name in names.items()}, "MOTP": 1 - float(row["motp"])}


if __name__ == "__main__":
    main(*sys.argv[1:])
