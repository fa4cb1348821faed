"""Protocols: format, skeleton, metrics with their parameters, alignment and rule sets."""

from __future__ import annotations

from poseval.benchmarks.alignment import fits
from poseval.benchmarks.base import Benchmark
from poseval.errors import UsageError, shown
from poseval.plugins import Registry, in_one_line
from poseval.poses import PoseSet

# name -> module:NAME; a table instead of imports keeps start-up short. Order decides between equals.
TABLE: dict[str, str] = {
    "coco-keypoints": "poseval.benchmarks.coco:COCO",
    "exlpose": "poseval.benchmarks.coco:EXLPOSE",
    "crowdpose": "poseval.benchmarks.coco:CROWDPOSE",
    "ochuman": "poseval.benchmarks.coco:OCHUMAN",
    "coco-wholebody": "poseval.benchmarks.coco:COCO_WHOLEBODY",
    "aic": "poseval.benchmarks.coco:AIC",
    "ap10k": "poseval.benchmarks.coco:AP10K",
    "animalpose": "poseval.benchmarks.coco:ANIMALPOSE",
    "halpe": "poseval.benchmarks.coco:HALPE",
    "humanart": "poseval.benchmarks.coco:HUMANART",
    "mpii-val": "poseval.benchmarks.mpii:MPII_VAL",
    "mpii-test": "poseval.benchmarks.mpii_release:MPII_TEST",
    "mpii-multi": "poseval.benchmarks.mpii_release:MPII_MULTI",
    "lsp": "poseval.benchmarks.lsp:LSP",
    "flic": "poseval.benchmarks.lsp:FLIC",
    "parse": "poseval.benchmarks.lsp:PARSE",
    "mpii-cooking": "poseval.benchmarks.lsp:COOKING",
    "penn-action": "poseval.benchmarks.video:PENN_ACTION",
    "jhmdb": "poseval.benchmarks.video:JHMDB",
    "h36m-2d": "poseval.benchmarks.video:H36M_2D",
    "300w": "poseval.benchmarks.faces:W300",
    "wflw": "poseval.benchmarks.faces:WFLW",
    "cofw": "poseval.benchmarks.faces:COFW",
    "aflw19": "poseval.benchmarks.faces:AFLW19",
    "aflw-pifa": "poseval.benchmarks.faces:AFLW_PIFA",
    "aflw2000-3d": "poseval.benchmarks.faces:AFLW2000",
    "lapa": "poseval.benchmarks.faces:LAPA",
    "oks": "poseval.benchmarks.coco:OKS",
    "posetrack17": "poseval.benchmarks.posetrack:POSETRACK17",
    "posetrack17-single-frame": "poseval.benchmarks.posetrack:POSETRACK17_SINGLE_FRAME",
    "posetrack18": "poseval.benchmarks.posetrack:POSETRACK18",
    "posetrack21": "poseval.benchmarks.posetrack:POSETRACK21",
    "jrdb-pose": "poseval.benchmarks.jrdb:JRDB_POSE",
    "posetrack21-boxes": "poseval.benchmarks.posetrack_boxes:POSETRACK21_BOXES",
    "motchallenge": "poseval.benchmarks.boxes:MOTCHALLENGE",
    "custom": "poseval.benchmarks.custom:CUSTOM",
}
REGISTRY: Registry[Benchmark] = Registry("benchmark", "P125", "poseval.benchmarks", TABLE, Benchmark)
CERTAIN = 0.8  # no further benchmark is asked (and imported) once one is as sure as this


def names() -> list[str]:
    """Names of all benchmarks that come with poseval."""
    return list(TABLE)


def get_benchmark(name: str) -> Benchmark:
    """The named benchmark.

    Raises:
        UsageError: P125 for an unknown name, with near ones; P184 for another package's that fails.
    """
    return REGISTRY.get(name)


def recognise(truth: PoseSet) -> Benchmark:
    """The benchmark that a ground-truth set belongs to, judged by content; another package's if none of ours
    fits.

    Where none fits it is `custom`, which scores any skeleton.

    Raises:
        UsageError: P126 when nobody has a joint, or another package could not be asked: the benchmark must
            then be named.
    """
    best: tuple[float, Benchmark | None] = (0.0, None)
    for name in TABLE:
        candidate = get_benchmark(name)
        sure = candidate.recognise(truth)
        if sure > best[0]:
            best = (sure, candidate)
        if sure >= CERTAIN:
            break
    return best[1] or _other(truth)


def with_joints_of(truth: PoseSet) -> list[str]:
    """Names of our benchmarks whose joints a ground-truth set has, in any order."""
    return [name for name in TABLE if fits(truth.skeleton, get_benchmark(name).skeletons)]


def _other(truth: PoseSet) -> Benchmark:
    """The benchmark of another package that is surest of a ground-truth set; `custom` if none is."""
    said, faults = REGISTRY.each(REGISTRY.others(), lambda one: one.recognise(truth))
    name = max(said, key=lambda one: said[one], default="")
    if said.get(name, 0.0) > 0:
        return get_benchmark(name)
    if not faults and (truth.people.seen > 0).any():
        return get_benchmark("custom")
    raise UsageError(
        "P126",
        where=shown(truth.origin.name),
        what="is not recognised as ground truth of any benchmark"
        + ("" if (truth.people.seen > 0).any() else ": nobody has a labelled joint"),
        wanted=f"--benchmark with one of {', '.join(REGISTRY.names())}",
        hint=in_one_line(faults) or "label the joints, or pass --benchmark custom",
    )
