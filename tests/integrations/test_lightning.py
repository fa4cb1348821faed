"""Lightning's trainer with the callback: the number that checkpoints watch is that of all frames."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import UsageError
from tests.integrations.loaders import arrays, batches, pycocotools_ap, some
from tests.shared import ROOT

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("lightning", reason="needs lightning: in an environment of its own")

import lightning.pytorch as pl  # noqa: E402
from lightning.pytorch.callbacks import ModelCheckpoint  # noqa: E402

from poseval.integrations.lightning import PoseScore  # noqa: E402

FOUND, TRUTH = arrays(1)
FRAMES = TRUTH["frames"]


def frames_only(frames: list[Any]) -> Any:
    return frames


class Shifts(pl.LightningModule):
    """One number that moves predictions away from where they are right; it learns to be 0."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = torch.nn.Parameter(torch.tensor(20.0))

    def training_step(self, batch: Any, index: int) -> Any:
        return self.shift**2

    def validation_step(self, batch: Any, index: int) -> Any:
        found, truth = some(FOUND, batch), some(TRUTH, batch)
        moved = {**found, "keypoints": found["keypoints"] + float(self.shift)}
        return {"found": moved, "truth": truth}

    test_step = validation_step

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def as_people(outputs: Any, batch: Any) -> Any:
    return outputs["found"], outputs["truth"]


def loader(frames: Any = FRAMES, size: int = 7) -> Any:
    return torch.utils.data.DataLoader(frames.tolist(), size, collate_fn=frames_only)


def trainer(folder: Path, *callbacks: Any, **options: Any) -> Any:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    asked = {"accelerator": "cpu", "default_root_dir": folder, "max_epochs": 3, "limit_train_batches": 4}
    return pl.Trainer(callbacks=list(callbacks), **{**quiet, **asked, **options})


def expected(shift: float) -> poseval.Report:
    metric = poseval.PoseMetric("coco-keypoints")
    for found, truth in batches({**FOUND, "keypoints": FOUND["keypoints"] + shift}, TRUTH, FRAMES, 7):
        metric.update(found, truth)
    return metric.compute()


def test_a_checkpoint_watches_the_official_number(tmp_path: Path) -> None:
    scores = PoseScore("coco-keypoints", as_people)
    best = ModelCheckpoint(tmp_path, monitor="val/AP", mode="max", filename="{epoch}")
    module = Shifts()
    run = trainer(tmp_path, scores, best)
    run.fit(module, loader(), loader())
    assert scores.report is not None
    wanted = expected(float(module.shift))
    assert scores.report.to_json(timings=False) == wanted.to_json(timings=False)
    assert best.best_model_path.endswith("epoch=2.ckpt"), "the shift shrinks, so that the last is the best"
    assert float(best.best_model_score) == pytest.approx(wanted.summary["AP"], rel=1e-6)  # float32
    (tested,) = run.test(module, loader(), verbose=False)
    assert tested["test/AP"] == pytest.approx(wanted.summary["AP"], rel=1e-6)
    assert len(scores.metric) == len(FRAMES), "each validation starts anew"


def test_with_known_ground_truth_predictions_come_alone(tmp_path: Path) -> None:
    truth = poseval.from_arrays(**TRUTH)
    scores = PoseScore("coco-keypoints", lambda outputs, batch: outputs["found"], truth=truth)
    module = Shifts()
    trainer(tmp_path, scores).test(module, loader(), verbose=False)
    assert scores.report is not None
    assert scores.report.summary["AP"] == expected(20.0).summary["AP"]


def test_trackers_get_the_page_when_training_ends(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard")
    from lightning.pytorch.loggers import TensorBoardLogger
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logger = TensorBoardLogger(str(tmp_path), name="run")
    scores = PoseScore("coco-keypoints", as_people, log_to=[logger])
    trainer(tmp_path, scores, logger=logger, max_epochs=2).fit(Shifts(), loader(), loader())
    events = EventAccumulator(logger.log_dir)
    events.Reload()
    assert len(events.Scalars("val/AP")) == 2
    assert "poseval/val/precision_recall" in events.Tags()["images"]
    assert list(Path(logger.log_dir).rglob("report_*.html"))


def test_what_is_refused_is_refused_before_the_epoch() -> None:
    for wrong in (("coco-keypoint", as_people), ("coco-keypoints", None)):
        with pytest.raises(UsageError):
            PoseScore(*wrong)
    for tracker in ("mlflow", [None], 5):
        with pytest.raises(UsageError, match="SummaryWriter"):
            PoseScore("coco-keypoints", as_people, log_to=tracker)


def test_what_is_not_two_sides_is_refused(tmp_path: Path) -> None:
    scores = PoseScore("coco-keypoints", lambda outputs, batch: outputs["found"])
    with pytest.raises(UsageError, match="return predictions, target"):
        trainer(tmp_path, scores).test(Shifts(), loader(), verbose=False)


RANKS = """
import sys
from pathlib import Path
from tests.integrations.test_lightning import FRAMES, PoseScore, Shifts, as_people, loader, trainer

folder = Path(sys.argv[1])
scores = PoseScore("coco-keypoints", as_people)
run = trainer(folder, scores, strategy="ddp", devices=2)
run.test(Shifts(), loader(FRAMES[:39]), verbose=False)
(folder / f"{run.global_rank}.json").write_text(scores.report.to_json(timings=False))
"""


def test_two_processes_have_the_report_of_one(tmp_path: Path) -> None:
    """39 frames on two ranks: the sampler repeats one, which counts once."""
    script = tmp_path / "ranks.py"
    script.write_text(RANKS)
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PL_DISABLE_FORK": "1"}
    subprocess.run(
        [sys.executable, str(script), str(tmp_path)], cwd=ROOT, check=True, timeout=300, env=environment
    )
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert first == second
    notices = [notice["code"] for notice in first["notices"]]
    alone = poseval.PoseMetric("coco-keypoints")
    kept = FRAMES[:39]
    alone.update({**some(FOUND, kept), "keypoints": some(FOUND, kept)["keypoints"] + 20}, some(TRUTH, kept))
    assert "N596" in notices
    assert first["summary"] == json.loads(alone.compute().to_json())["summary"]


@pytest.mark.slow
@pytest.mark.models
def test_the_shipped_network_trained_for_an_epoch_has_the_number_of_pycocotools(tmp_path: Path) -> None:
    """Synthetic people on pictures, a person a crop, joints on the image by the network's own decoding."""
    from poseval.models import create_model, load_weights
    from poseval.models.inference.top_down import TopDown
    from poseval.models.registry import card
    from poseval.models.shipped import shipped_weights
    from poseval.runners.frames import TruthPictures
    from poseval.synth import World, scenes
    from poseval.synth.folder import write_world
    from poseval.training.data import TrainingSet
    from poseval.training.heatmap_task import HeatmapTask
    from poseval.training.recipes import recipe_for

    world = World(width=192, height=144, smallest=80, largest=140, clutter=3, occluders=0.0)
    truth, path, _ = write_world(tmp_path, list(scenes(5, 16, 1, world=world)))
    path.rename(tmp_path / "gt.json")
    entry = card("synth_small")
    data = TrainingSet(truth, TruthPictures(truth, tmp_path / "images"))
    task = HeatmapTask(entry, truth.skeleton, recipe_for(entry, truth.skeleton.name))

    class Network(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = create_model("synth_small", entry.joints)
            load_weights(self.net, shipped_weights("synth_small"))

        def on_train_epoch_start(self) -> None:
            self.net.train()  # `TopDown` sets it to evaluate

        def training_step(self, index: Any, _: int) -> Any:
            made = task.sample(data.picture(int(data.frame[index[0]])), data.people[index[0]], RNG)
            batch = {name: torch.from_numpy(value[None]) for name, value in made.items()}
            return task.loss(self.net(batch["input"]), batch)

        def validation_step(self, index: Any, _: int) -> Any:
            frame = int(data.frame[index[0]])
            found = TopDown(self.net, entry).poses(data.picture(frame), data.people[index[0]].box[None])
            image = truth.frames.key[frame]
            return {"keypoints": found.xy, "score": found.score, "frame": [image] * len(found.xy)}

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=1e-5)

    people = torch.utils.data.DataLoader(range(16), 1, collate_fn=frames_only)
    scores = PoseScore("coco-keypoints", lambda outputs, batch: outputs, truth=tmp_path / "gt.json")
    trainer(tmp_path, scores, max_epochs=1, limit_train_batches=16).fit(Network(), people, people)
    assert scores.report is not None
    assert 0.2 < scores.report.summary["AP"] < 1
    official = pycocotools_ap(tmp_path, truth, scores.metric.sets()[1])
    assert scores.report.summary["AP"] == pytest.approx(official, abs=1e-12)


RNG = np.random.default_rng(0)
