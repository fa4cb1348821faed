"""What the programs for face landmarks say: HRNet, PIPNet, STAR, SBR, mmpose and 3DDFA."""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from tests.golden.make import face_files
from tests.golden.make.cases import Made
from tests.golden.make.mmpose_modules import mmpose_module

Numbers = dict[str, Any]
COMMITS = {
    "hrnet_face": "HRNet/HRNet-Facial-Landmark-Detection@f776dbe lib/core/evaluation.py",
    "pipnet": "jhb86253817/PIPNet@b9eab58 lib/functions.py",
    "star": "ZhenglinZhou/STAR@9b12574 lib/metric",
    "sbr": "D-X-Y/landmark-detection@1d4fd20 SBR/lib/xvision/common_eval.py",
    "mmpose": "open-mmlab/mmpose@759b39c NME",
    "3ddfa": "cleardusk/3DDFA@3545f35 benchmark_aflw2000.py",
    "3ddfa_aflw": "cleardusk/3DDFA@3545f35 benchmark_aflw.py",
}
EYES = {68: (36, 45), 98: (60, 72), 29: (8, 9)}  # outer corners
DATASETS = {68: "300w", 98: "wflw", 29: "cofw"}
AT = (0.05, 0.07, 0.08, 0.1)


def judge(made: Made, folder: Path, programs: Path | None) -> Numbers:
    """All that the programs of a case say."""
    assert programs is not None, "--programs names the folder of the checkouts"
    import scipy

    names = made.options["programs"]
    versions = {"numpy": np.__version__, "scipy": scipy.__version__}
    told: Numbers = {"made_by": {"program": ", ".join(COMMITS[name] for name in names), **versions}}
    told |= {key: made.options[key] for key in ("answer", "metrics", "undefined") if key in made.options}
    with np.errstate(all="ignore"):
        for name in names:
            told[name] = JUDGES[name](made, folder, programs)
    return told


def _per_image(folder: Path, programs: Path) -> np.ndarray:
    """`compute_nme` of HRNet-Facial-Landmark-Detection."""
    import torch

    with mock.patch.object(sys, "path", [str(programs / "hrnet_face"), *sys.path]):
        module = importlib.import_module("lib.core.evaluation")
    truth = face_files.truth_of(folder)
    meta = {"pts": torch.from_numpy(truth["points"]), "box_size": truth.get("box_size")}
    found: np.ndarray = module.compute_nme(torch.from_numpy(face_files.found_of(folder)), meta)
    return found


def hrnet_face(made: Made, folder: Path, programs: Path) -> Numbers:
    """NME of each image and of all, and the two failure rates as `lib/core/function.py` counts them."""
    nme = _per_image(folder, programs)
    told: Numbers = {"per_image": _floats(nme), "NME": _number(nme.mean())}
    told |= {f"FR@{at}": float((nme > at).mean()) for at in (0.08, 0.1)}
    marks = face_files.truth_of(folder).get("marks")
    for place, subset in enumerate(made.options.get("subsets", ())):
        told[f"{subset}/NME"] = _number(nme[marks[:, place] == 1].mean())
    return told


def pipnet(made: Made, folder: Path, programs: Path) -> Numbers:
    """Errors of the images, failure rates and areas of PIPNet."""
    program = _with_simps(programs / "pipnet/lib", "functions")
    truth, found = face_files.truth_of(folder), face_files.found_of(folder)
    sizes = truth.get("box_size")
    if sizes is None:
        left, right = EYES[truth["points"].shape[1]]
        sizes = np.linalg.norm(truth["points"][:, left] - truth["points"][:, right], axis=1)
    rows = zip(found, truth["points"], sizes, strict=True)
    nme = np.array([program.compute_nme(guess, points, size) for guess, points, size in rows])
    told: Numbers = {"per_image": _floats(nme)}
    for at in AT:
        rate, area = program.compute_fr_and_auc(nme, at)
        told |= {f"FR@{at}": float(rate), f"AUC@{at}": float(area)}
    return told


def _with_simps(where: Path, module: str) -> Any:
    """A module that takes `simps` from SciPy, which calls it `simpson` now, and imports what draws."""
    import scipy.integrate

    fakes = {name: mock.MagicMock() for name in ("cv2", "PIL")}
    renamed = mock.patch.object(scipy.integrate, "simps", scipy.integrate.simpson, create=True)
    path = mock.patch.object(sys, "path", [str(where), *sys.path])
    with renamed, path, mock.patch.dict(sys.modules, fakes):
        return importlib.import_module(module)


def star(made: Made, folder: Path, programs: Path) -> Numbers:
    """NME of STAR by the landmarks that the case names; its rates are rounded to four and six digits."""
    import torch

    where = programs / "star/lib/metric"
    rates = _with_simps(where, "fr_and_auc").FR_AUC("300W")
    metric = _with_simps(where, "nme").NME(made.options["left"], made.options["right"])
    found, truth = face_files.found_of(folder), face_files.truth_of(folder)["points"]
    nme = np.array(metric.test(torch.from_numpy(found), torch.from_numpy(truth)))
    told: Numbers = {"per_image": _floats(nme), "NME": float(nme.mean())}
    for at in (0.05, 0.08, 0.1):
        rate, area = rates.test(nme, at)
        told |= {f"FR@{at}": float(rate), f"AUC@{at}": float(area)}
    return told


def sbr(made: Made, folder: Path, programs: Path) -> Numbers:
    """NME and areas of SBR, read from its variables, because it prints three digits."""
    fakes: dict[str, Any] = {
        name: mock.MagicMock() for name in ("log_utils", "datasets", "datasets.dataset_utils")
    }
    path = mock.patch.object(sys, "path", [str(programs / "sbr/SBR/lib/xvision"), *sys.path])
    with path, mock.patch.dict(sys.modules, fakes):
        module = importlib.import_module("common_eval")
    truth, found = face_files.truth_of(folder)["points"], face_files.found_of(folder)
    rows = [np.concatenate([face.T, np.ones((1, len(face)))]) for face in truth]
    kept: Numbers = {}

    def watch(frame: Any, event: str, value: Any) -> None:
        if event == "return" and frame.f_code.co_name == "evaluate_normalized_mean_error":
            kept.update(frame.f_locals)

    sys.setprofile(watch)
    try:
        module.evaluate_normalized_mean_error([face.T for face in found], rows, None, None)
    finally:
        sys.setprofile(None)
    told: Numbers = {"NME": float(kept["normalise_mean_error"])}
    for at in ("7", "8"):
        told[f"AUC@0.0{at}"] = float(kept[f"area_under_curve0{at}"])
        told[f"FR@0.0{at}"] = 1 - float(kept[f"accuracy_under_00{at}"]) / 100
    return told


def mmpose(made: Made, folder: Path, programs: Path) -> Numbers:
    """`NME` of mmpose; truth is float32, as its datasets load it."""
    module = mmpose_module(programs / "mmpose", "mmpose.evaluation.metrics.keypoint_2d_metrics")
    truth, found = face_files.truth_of(folder), face_files.found_of(folder)
    points = truth["points"].astype(np.float32)
    flags = truth.get("flags", np.ones(points.shape[:2]))
    if points.shape[1] == 19:
        metric = module.NME("use_norm_item", norm_item="bbox_size")
        dataset = mmpose_module(programs / "mmpose", "mmpose.datasets.datasets.face.aflw_dataset").AFLWDataset
        reader = types.SimpleNamespace(data_prefix={"img": ""}, test_mode=False)
        image = {"raw_img_info": {"file_name": ""}}
        boxes = [
            dataset.parse_data_info(reader, {"raw_ann_info": p, **image})["bbox"] for p in truth["people"]
        ]
    else:
        metric = module.NME("keypoint_distance")
        metric.dataset_meta = {"dataset_name": DATASETS[points.shape[1]]}
        boxes = [None] * len(points)
    for gt, seen, guess, box in zip(points, flags, found, boxes, strict=True):
        instance = {"keypoints": gt[None], "keypoints_visible": np.minimum(1, seen)[None], "bboxes": box}
        metric.process([], [{"gt_instances": instance, "pred_instances": {"keypoints": guess[None]}}])
    return {"NME": float(metric.compute_metrics(metric.results)["NME"])}


def ddfa(made: Made, folder: Path, programs: Path) -> Numbers:
    """The benchmark of 3DDFA: means of the bins of yaw, their mean and deviation, in percent."""
    with tempfile.TemporaryDirectory() as place:
        configs = Path(place) / "test.configs"
        configs.mkdir()
        _, found = face_files.write_3ddfa(folder, configs)
        count = len(np.load(found))
        # A crop that is the image itself, so that predictions need no moving back.
        np.save(configs / "AFLW2000-3D_crop.roi_box.npy", np.tile([0.0, 0.0, 120.0, 120.0], (count, 1)))
        path = mock.patch.object(sys, "path", [str(programs / "3ddfa"), *sys.path])
        with path, contextlib.chdir(place), contextlib.redirect_stdout(None):
            module = importlib.import_module("benchmark_aflw2000")
            nme = module.calc_nme(np.load(found).copy(), "ori")
            *bins, mean, deviation = module.ana(nme)
    bins = [float(value) for value in bins]
    return {"per_image": _floats(nme), "bins": bins, "mean": float(mean), "std": float(deviation)}


def ddfa_aflw(made: Made, folder: Path, programs: Path) -> Numbers:
    """The same on AFLW's 21 points; the crops are the images themselves."""
    with tempfile.TemporaryDirectory() as place:
        configs = Path(place) / "test.configs"
        configs.mkdir()
        fitted = np.load(face_files.write_pifa(folder, configs)[2])
        path = mock.patch.object(sys, "path", [str(programs / "3ddfa"), *sys.path])
        with path, contextlib.chdir(place), contextlib.redirect_stdout(None):
            module = importlib.import_module("benchmark_aflw")
            nme = module.calc_nme(fitted)
            *bins, mean, deviation = module.ana(nme)
    bins = [float(value) for value in bins]
    return {"per_image": _floats(nme), "bins": bins, "mean": float(mean), "std": float(deviation)}


def _number(value: Any) -> float | None:
    return None if not np.isfinite(value) else float(value)


def _floats(values: np.ndarray) -> list[float | None]:
    return [_number(value) for value in values]


JUDGES: dict[str, Callable[[Made, Path, Path], Numbers]] = {
    "hrnet_face": hrnet_face,
    "pipnet": pipnet,
    "star": star,
    "sbr": sbr,
    "mmpose": mmpose,
    "3ddfa": ddfa,
    "3ddfa_aflw": ddfa_aflw,
}
