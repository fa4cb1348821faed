"""Programs that evaluate with pycocotools, run as they are: what each does with its own code, by name.

Run by test_clients.py in a process of its own, because some change pycocotools' classes for good:

    python -m tests.compat.clients NAME CLIENTS GT DT patched|plain

CLIENTS is a folder with checkouts of the programs, none of which is part of this project. It prints the class
that the program took for COCOeval, its numbers and what it printed. Of a program's dependencies, those that
take no part in an evaluation (readers of images, other networks) are replaced by empty modules.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

Program = Callable[[Path, Path, Path], tuple[Any, Any]]  # -> the class taken, and the numbers
BATCH = 7  # images


class Absent(Exception):
    """A program, or a package that it needs, is not here."""


def empty(name: str, **members: Any) -> None:
    """A module in place of one that takes no part."""
    module = ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


def taken(folder: Path, name: str) -> Any:
    """A program's module by its name, from its own folder."""
    if not folder.is_dir():
        raise Absent(str(folder))
    sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def loaded(path: Path, name: str) -> Any:
    """A program's one file as a module."""
    if not path.is_file():
        raise Absent(str(path))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_image(gt: Path, dt: Path) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    results = json.loads(dt.read_text())
    for image in sorted(one["id"] for one in json.loads(gt.read_text())["images"]):
        yield image, [one for one in results if one["image_id"] == image]


def in_batches(module: Any, gt: Path, dt: Path) -> Any:
    """torchvision's and DETR's evaluator, with tensors as their networks give them."""
    import torch
    from pycocotools.coco import COCO

    run = module.CocoEvaluator(COCO(str(gt)), ["keypoints"])
    images = list(by_image(gt, dt))
    for start in range(0, len(images), BATCH):
        run.update(
            {
                image: {
                    "boxes": torch.zeros(len(mine), 4),
                    "scores": torch.tensor([one["score"] for one in mine], dtype=torch.float64),
                    "labels": torch.ones(len(mine), dtype=torch.int64),
                    "keypoints": torch.tensor([one["keypoints"] for one in mine]).reshape(-1, 17, 3),
                }
                if mine
                else {}
                for image, mine in images[start : start + BATCH]
            }
        )
    run.synchronize_between_processes()
    run.accumulate()
    run.summarize()
    return run.coco_eval["keypoints"].stats


def torchvision(clients: Path, gt: Path, dt: Path) -> tuple[Any, Any]:
    """The evaluator of torchvision's references/detection."""
    place = clients / "torchvision" / "references" / "detection"
    utilities = loaded(place / "utils.py", "utils")
    for name in ("utils", "references.detection.utils"):  # copies differ in how they import it
        sys.modules[name] = utilities
    for name in ("references", "references.detection"):
        empty(name, __path__=[], utils=utilities, detection=SimpleNamespace(utils=utilities))
    module = loaded(place / "coco_eval.py", "coco_eval")
    return module.COCOeval, in_batches(module, gt, dt)


def detr(clients: Path, gt: Path, dt: Path) -> tuple[Any, Any]:
    """DETR's datasets/coco_eval.py; of its util.misc it takes `all_gather`, of one process here."""
    empty("util", __path__=[])
    empty("util.misc", all_gather=lambda value: [value])
    module = loaded(clients / "detr" / "datasets" / "coco_eval.py", "coco_eval")
    return module.COCOeval, in_batches(module, gt, dt)


def detectron2(clients: Path, gt: Path, dt: Path) -> tuple[Any, Any]:
    """Detectron2's COCOEvaluator, from instances as its networks give them."""
    import torch

    module = taken(clients / "detectron2", "detectron2.evaluation.coco_evaluation")
    from detectron2.data import MetadataCatalog
    from detectron2.structures import Boxes, Instances

    MetadataCatalog.get("synthetic").set(json_file=str(gt), thing_dataset_id_to_contiguous_id={1: 0})
    run = module.COCOEvaluator("synthetic", tasks=("keypoints",), distributed=False, use_fast_impl=False)
    run.reset()
    for image, mine in by_image(gt, dt):
        found = Instances((480, 640))
        found.pred_boxes = Boxes(torch.zeros(len(mine), 4))
        found.scores = torch.tensor([one["score"] for one in mine])
        found.pred_classes = torch.zeros(len(mine), dtype=torch.int64)
        found.pred_keypoints = torch.tensor([one["keypoints"] for one in mine]).reshape(-1, 17, 3)
        run.process([{"image_id": image}], [{"instances": found}])
    return module.COCOeval, list(run.evaluate()["keypoints"].values())


def openpifpaf(clients: Path, gt: Path, dt: Path) -> tuple[Any, Any]:
    """OpenPifPaf's metric, which replaces `_prepare` of whatever class it took."""
    from pycocotools.coco import COCO

    empty("pifpaf", __path__=[str(clients / "openpifpaf" / "src" / "openpifpaf")])
    empty("pifpaf.metric", __path__=[str(clients / "openpifpaf" / "src" / "openpifpaf" / "metric")])
    try:
        module = importlib.import_module("pifpaf.metric.coco")
    except ModuleNotFoundError as error:
        raise Absent(str(error)) from error
    truth = COCO(str(gt))
    for one in truth.dataset["annotations"][::2]:
        del one["area"]  # which its `_prepare` puts in from the box, as for CrowdPose
    run = module.Coco(truth)
    for image, mine in by_image(gt, dt):
        people = [SimpleNamespace(json_data=lambda one=one: dict(one)) for one in mine]
        run.accumulate(people, {"image_id": image})
    return module.COCOeval, run.stats()["stats"]


def dekr(clients: Path, gt: Path, dt: Path) -> tuple[Any, Any]:
    """DEKR's evaluation, and its subclass that writes the OKS of each prediction down."""
    from pycocotools.coco import COCO

    for name in ("cv2", "models", "utils.zipreader"):
        empty(name)
    empty("json_tricks", load=json.load, dump=json.dump)
    empty("crowdposetools", __path__=[])
    empty("crowdposetools.cocoeval", COCOeval=object)
    lib = clients / "dekr" / "lib"
    empty("utils", __path__=[str(lib / "utils")], zipreader=sys.modules["utils.zipreader"])
    module = loaded(lib / "dataset" / "COCODataset.py", "COCODataset")
    run = module.CocoDataset.__new__(module.CocoDataset)
    run.coco = COCO(str(gt))
    numbers = [value for _, value in run._do_python_keypoint_eval(str(dt), "")]
    with tempfile.TemporaryDirectory() as folder:
        run = module.CocoRescoreDataset.__new__(module.CocoRescoreDataset)
        run.coco = COCO(str(gt))
        run._do_python_keypoint_eval(f"{folder}/oks.pkl", str(dt), "")
        import pickle

        written = pickle.loads(Path(folder, "oks.pkl").read_bytes())
    return module.COCOeval, [*numbers, *(oks for _, _, oks in written[1:])]


def mmpose(clients: Path, gt: Path, dt: Path) -> tuple[Any, Any]:
    """MMPose's CocoMetric, on data samples, without suppression."""
    module = taken(clients / "mmpose", "mmpose.evaluation.metrics.coco_metric")
    run = module.CocoMetric(str(gt), nms_mode="none", score_mode="bbox")
    import poseval

    run.dataset_meta = {"sigmas": np.array(poseval.get_skeleton("coco17").sigmas), "num_keypoints": 17}
    samples: list[dict[str, Any]] = []
    for image, mine in by_image(gt, dt):
        for one in mine:
            points = np.array(one["keypoints"]).reshape(1, 17, 3)
            found = {"keypoints": points[..., :2], "keypoint_scores": np.ones((1, 17))}
            found["bbox_scores"] = np.array([one["score"]])
            name = {"id": len(samples), "img_id": image}
            samples.append({**name, "pred_instances": found, "gt_instances": {}})
    run.process({}, samples)
    return module.COCOeval, list(run.evaluate(len(samples)).values())


PROGRAMS: dict[str, Program] = {
    "torchvision": torchvision,
    "detr": detr,
    "detectron2": detectron2,
    "openpifpaf": openpifpaf,
    "dekr": dekr,
    "mmpose": mmpose,
}


def main() -> None:
    """Run one program, and write what it found as JSON."""
    name, clients, gt, dt, how = sys.argv[1:]
    if how == "patched":
        from poseval.compat import patch_pycocotools

        patch_pycocotools()
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            kind, numbers = PROGRAMS[name](Path(clients), Path(gt), Path(dt))
    except (ImportError, Absent) as error:
        print(json.dumps({"absent": f"{type(error).__name__}: {error}"}))
        return
    timed = ("t=", " - mmengine - ")  # seconds, and the time of day
    lines = [line for line in out.getvalue().splitlines() if not any(word in line for word in timed)]
    print(
        json.dumps(
            {
                "ours": hasattr(kind, "original"),
                "numbers": np.asarray(numbers, dtype=np.float64).tolist(),
                "lines": lines,
            }
        )
    )


if __name__ == "__main__":
    main()
