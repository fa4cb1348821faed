"""`run`: a model over images, a ground-truth set or a video, into the benchmark's own prediction format."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from poseval import benchmarks, datasets
from poseval._version import __version__
from poseval.errors import Fault, UsageError, error_of, number_of, shown
from poseval.models.weights.load import digest
from poseval.poses import Notice, PoseSet
from poseval.runners import loading, output
from poseval.runners.boxes import Boxes, file_boxes, misread, truth_boxes
from poseval.runners.estimators import CropEstimator, Estimator, procedure
from poseval.runners.explain import explain, explainable
from poseval.runners.frames import FolderPictures, Pictures, TruthPictures, VideoPictures
from poseval.runners.groups import groups_of
from poseval.runners.journal import Found, Journal
from poseval.runners.loading import Loaded, load, processor_threads, with_detector
from poseval.runners.loop import Loop, Progress
from poseval.runners.own_settings import ModelOptions
from poseval.runners.with_tracker import Following, follow
from poseval.scoring import score as scoring


@dataclass(frozen=True)
class RunOptions:
    """The options of a run.

    `boxes` is `truth` (where there is one, by default), `image` (each image shows one person), a detections
    file, or `detector:NAME`. `nms` is `oks`, `soft` or `none`; None: `oks` for models that take boxes.
    `following` tracks what was found. `explain` is a folder for drawings of what the network looks at.
    `fresh` forgets an unfinished run, `force` overwrites the output.
    """

    model: ModelOptions
    out: Path
    truth: Path | None = None
    images: Path | None = None
    video: Path | None = None
    boxes: str | None = None
    detector_weights: Path | None = None
    box_score: float = 0.0
    box_overlap: float = 0.6
    form: str | None = None
    following: Following | None = None
    nms: str | None = None
    nms_threshold: float = output.OKS_THRESHOLD
    loaders: int = 4
    skip_unreadable: bool = False
    explain: Path | None = None
    fresh: bool = False
    force: bool = False


@dataclass(frozen=True, eq=False)
class RunResult:
    """The result of a run: the predictions as written, the provenance block, and notices."""

    poses: PoseSet
    truth: PoseSet | None
    provenance: Mapping[str, Any]
    notices: tuple[Notice, ...] = ()


def run(options: RunOptions, progress: Progress | None = None) -> RunResult:
    """Run a model and write its predictions and their provenance.

    A run that was interrupted goes on where it stopped when the same command is given again, and ends with
    the same output as an uninterrupted one.

    Raises:
        UsageError: the options contradict each other, or the output exists (P131).
        InputError: inputs or weights are wrong; images that cannot be read (all of them, at the end, with
            everything else kept for the next try).
    """
    _check(options)
    with processor_threads(options.model.threads):
        return _run(options, progress)


def _run(options: RunOptions, progress: Progress | None) -> RunResult:
    tracker = str(options.following.config) if options.following else None
    truth = scoring.read(options.truth, optional=frozenset({"area"})) if options.truth else None
    pictures = pictures_of(options, truth)
    loaded = load(options.model, truth.skeleton if truth else None)
    loaded, estimator, boxes, said = _with_boxes(options, loaded, pictures, truth)
    if options.explain is not None:
        explainable(loaded.estimator)
    form = _format(options, truth)
    groups = groups_of(len(pictures.frames), boxes if estimator.wants_boxes else None, options.model.batch)
    node = _description(options, loaded, pictures, truth, said)
    part = options.out.with_name(options.out.name + ".part")
    if options.fresh:
        part.unlink(missing_ok=True)
    fingerprint = _fingerprint(node, pictures, boxes, groups)
    journal = Journal(part, fingerprint, len(loaded.skeleton), dict(groups), pictures.stamp)
    loop = Loop(estimator, pictures, boxes, journal, groups, progress)
    try:
        faults = loop.work(options.loaders, options.skip_unreadable)
    finally:
        journal.close()
    if faults and not options.skip_unreadable:
        _refuse(faults, part)
    found = Found.joined([journal.done[number] for number, _ in groups], len(loaded.skeleton))
    found, doubled = output.suppress(
        found, loaded.skeleton, _suppression(options, loaded), options.nms_threshold
    )
    target = truth.skeleton if truth else loaded.skeleton
    poses, mapped = output.as_poses(found, pictures.frames, journal.sizes, loaded.skeleton, target)
    if options.following is not None:
        known = len(poses.origin.notices)
        poses = follow(poses, options.following, estimator, pictures, loaded.skeleton)
        mapped = [*mapped, *poses.origin.notices[known:]]
    losses = output.write(poses, truth, options.out, form, options.force)
    if options.explain is not None:
        explain(poses, pictures, loaded.estimator, options.explain)
    given = (*boxes.notices, *misread(boxes, poses.frames.size)) if boxes else ()
    notices = [
        *_told(loaded, options.explain, poses),
        *pictures.notices,
        *given,
        *doubled,
        *mapped,
        *_skipped(faults),
    ]
    if losses.dropped:
        notices.append(Notice("N134", f"format {form.name}: {losses}"))
    node = {
        **node,
        "format": form.name,
        "tracker": tracker,
        **loop.speed(len(poses)),
        "notices": [str(notice) for notice in notices],
    }
    output.write_provenance(node, options.out)
    journal.remove()
    return RunResult(poses, truth, node, tuple(notices))


def _finds_people(loaded: Loaded) -> bool:
    return not isinstance(loaded.estimator, CropEstimator)


def _suppression(options: RunOptions, loaded: Loaded) -> str:
    return options.nms or ("none" if _finds_people(loaded) else "oks")


def _check(options: RunOptions) -> None:
    sources = [options.truth or options.images, options.video]
    if sum(source is not None for source in sources) != 1:
        raise UsageError(
            "P127",
            where="run",
            what="needs exactly one source of images" if any(sources) else "has no images",
            wanted="--gt FILE [--images DIR], --images DIR, or --video FILE",
        )
    if options.boxes == "truth" and options.truth is None:
        raise UsageError("P127", where="`--boxes truth`", what="needs ground truth", wanted="--gt FILE")
    if options.nms not in (None, "none", *output.SUPPRESSORS):
        raise UsageError("P102", where="--nms", what=f"is {shown(options.nms)}", wanted="oks, soft or none")
    threads = 1 if options.model.threads is None else options.model.threads
    if min(options.model.batch, options.loaders, threads) < 1:
        raise UsageError(
            "P103", where="--batch, --loaders or --threads", what="is less than 1", wanted="at least 1"
        )
    if os.path.exists(options.out) and not options.force:
        raise UsageError(
            "P131",
            where=shown(options.out),
            what="exists",
            wanted="a new name",
            hint="pass --force to overwrite it",
        )
    if not os.path.isdir(os.path.dirname(os.path.realpath(options.out))):
        raise UsageError("P114", where=shown(options.out.parent), what="is not a folder")


def pictures_of(options: RunOptions, truth: PoseSet | None) -> Pictures:
    """The images that a run looks at."""
    if options.video is not None:
        return VideoPictures(options.video, options.skip_unreadable)
    if truth is not None and options.truth is not None:
        return TruthPictures(truth, options.images or options.truth.parent)
    return FolderPictures(options.images or Path())


def _with_boxes(
    options: RunOptions, loaded: Loaded, pictures: Pictures, truth: PoseSet | None
) -> tuple[Loaded, Estimator, Boxes | None, str]:
    """(model, estimator, boxes or None for whole images, what the provenance says of them)."""
    wish = options.boxes
    if _finds_people(loaded):
        if wish is not None:
            raise UsageError(
                "P127",
                where=f"--boxes {shown(wish)}",
                what=f"does not apply, because {loaded.card.name} finds people itself",
            )
        return loaded, loaded.estimator, None, "people found by the model"
    if wish is None and truth is None:
        raise UsageError(
            "P843",
            where=f"model {loaded.card.name}",
            what="is a top-down model, which needs a box for each person",
            wanted="--boxes FILE, --boxes detector:NAME, --gt FILE, or --whole-image",
            hint="pass --whole-image where each image shows one person",
        )
    wish = wish or "truth"
    if wish == "image":
        return loaded, loaded.estimator, None, "whole images"
    if wish == "truth" and truth is not None:
        boxes = truth_boxes(truth)
        return loaded, loaded.estimator, boxes, boxes.source
    if wish.startswith("detector:"):
        name, override = wish.partition(":")[2], options.model.override
        chosen = ModelOptions(name, options.detector_weights, override=override)
        loaded, estimator, said = with_detector(loaded, chosen, options.box_score, options.box_overlap)
        return loaded, estimator, None, said
    boxes = file_boxes(Path(wish), pictures.frames, options.box_score)
    return loaded, loaded.estimator, boxes, boxes.source


def _format(options: RunOptions, truth: PoseSet | None) -> datasets.Dataset:
    """The format asked for, else that of the ground truth, the first writable of its benchmark, or COCO."""
    if options.form is not None:
        return datasets.get_format(options.form)
    wanted = list(benchmarks.recognise(truth).prediction_formats) if truth is not None else []
    wanted.sort(key=lambda name: truth is not None and name != truth.origin.format)
    formats = [datasets.get_format(name) for name in wanted]
    writable = [form for form in formats if datasets.Role.PREDICTIONS in form.writes]
    return writable[0] if writable else datasets.get_format("coco")


def _description(
    options: RunOptions, loaded: Loaded, pictures: Pictures, truth: PoseSet | None, boxes: str
) -> dict[str, Any]:
    """What is run with what: the part of the provenance that is known beforehand.

    Options are given as they were taken, defaults of the card among them; null where a model has none such.
    """
    weights, estimator = loaded.weights, loaded.estimator
    inner = procedure(estimator)
    chosen = {
        "batch": options.model.batch,
        "flip": getattr(inner, "flip_test", None),
        "decode": getattr(inner, "method", None),
        "scales": list(options.model.scales),
        "rescore": digest(options.model.rescore) if options.model.rescore else None,
        "nms": _suppression(options, loaded),
        "nms_threshold": options.nms_threshold,
        "compiled": options.model.compiled,
        "channels_last": options.model.channels_last,
    }
    return {
        "poseval": __version__,
        "model": loaded.card.name,
        "family": loaded.card.family,
        "weights": weights.as_json() if weights else None,
        "config": dict(loaded.card.config),
        "overridden": list(loaded.overridden),
        "skeleton": loaded.skeleton.name,
        "joints": len(loaded.skeleton),
        "input_size": list(loaded.card.input_size),
        "pixels": {
            key: getattr(loaded.card, key)
            for key in ("colour", "pixel_divisor", "mean", "std", "crop", "padding", "fill", "half_pixel")
        },
        "options": chosen,
        "device": {
            "kind": loaded.device,
            "name": loading.device_name(loaded.device),
            "half": loaded.half,
            "threads": torch.get_num_threads(),
        },
        "torch": torch.__version__,
        **loaded.cost,
        "pictures": pictures.describe(),
        "truth": {"name": truth.origin.name, "sha256": truth.origin.sha256} if truth else None,
        "boxes": boxes,
    }


def _fingerprint(
    node: Mapping[str, Any],
    pictures: Pictures,
    boxes: Boxes | None,
    groups: Sequence[tuple[int, Sequence[int]]],
) -> dict[str, Any]:
    """What must be equal for a run to go on from a journal."""
    digest = hashlib.sha256()
    for key, path in zip(pictures.frames.key, pictures.frames.path, strict=True):
        digest.update(f"{key}\0{path}\n".encode())
    if boxes is not None:
        digest.update(np.ascontiguousarray(boxes.corners).tobytes())
        digest.update(np.ascontiguousarray(boxes.score).tobytes())
    kept = ("poseval", "model", "weights", "config", "skeleton", "input_size", "pixels", "options", "torch",
            "boxes")  # fmt: skip
    device = {key: node["device"][key] for key in ("kind", "half")}
    return {**{key: node[key] for key in kept}, "device": device, "groups": len(groups),
            "frames": digest.hexdigest()}  # fmt: skip


def _refuse(faults: Sequence[Fault], part: Path) -> None:
    kept = f"all others are kept in {shown(part.name)}"
    hint = f"{kept}; repair the images and repeat the command, or pass --skip-unreadable"
    first = faults[0]
    summed_up = Fault(first.code, first.where, first.what, first.wanted, hint)
    raise error_of([summed_up, *(fault for fault in dict.fromkeys(faults) if fault != first)])


def _told(loaded: Loaded, explained: Path | None, poses: PoseSet) -> list[Notice]:
    """Notices of settings that are not the training's, and of drawings that were not made."""
    told = [Notice("N138", f"--override: {setting}") for setting in loaded.overridden]
    if explained is not None and not len(poses.people):
        told.append(Notice("N140", "--explain: nothing was drawn, because there are no people"))
    return told


def _skipped(faults: Sequence[Fault]) -> list[Notice]:
    if not faults:
        return []
    text = f"{number_of(len(faults), 'image')} without people, because reading failed: " + "; ".join(
        [*dict.fromkeys(shown(fault.where) for fault in faults)][:5]
    )
    return [Notice("N135", text, len(faults))]
