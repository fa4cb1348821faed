"""Protocols: format, skeleton, metrics with their parameters, alignment and rule sets."""

from __future__ import annotations

from functools import cache

from poseval.benchmarks.base import Benchmark
from poseval.errors import UsageError, shown
from poseval.plugins import Registry, in_one_line
from poseval.poses import PoseSet

# name -> module:class; a table instead of imports keeps start-up short. Order decides between equals.
TABLE: dict[str, str] = {
    "coco-keypoints": "poseval.benchmarks.coco:CocoKeypoints",
    "crowdpose": "poseval.benchmarks.coco:CrowdPose",
    "ochuman": "poseval.benchmarks.coco:OCHuman",
    "coco-wholebody": "poseval.benchmarks.coco:CocoWholeBody",
    "aic": "poseval.benchmarks.coco:Aic",
    "ap10k": "poseval.benchmarks.coco:Ap10k",
    "halpe": "poseval.benchmarks.coco:Halpe",
    "humanart": "poseval.benchmarks.coco:HumanArt",
    "mpii-val": "poseval.benchmarks.mpii:MpiiVal",
    "mpii-test": "poseval.benchmarks.mpii_release:MpiiTest",
    "mpii-multi": "poseval.benchmarks.mpii_release:MpiiMulti",
    "lsp": "poseval.benchmarks.lsp:Lsp",
    "flic": "poseval.benchmarks.lsp:Flic",
    "parse": "poseval.benchmarks.lsp:Parse",
    "penn-action": "poseval.benchmarks.video:PennAction",
    "jhmdb": "poseval.benchmarks.video:Jhmdb",
    "300w": "poseval.benchmarks.faces:W300",
    "wflw": "poseval.benchmarks.faces:Wflw",
    "cofw": "poseval.benchmarks.faces:Cofw",
    "aflw19": "poseval.benchmarks.faces:Aflw19",
    "aflw-pifa": "poseval.benchmarks.faces:AflwPifa",
    "aflw2000-3d": "poseval.benchmarks.faces:Aflw2000",
    "lapa": "poseval.benchmarks.faces:Lapa",
    "oks": "poseval.benchmarks.coco:PlainOks",
    "posetrack17": "poseval.benchmarks.posetrack:PoseTrack17",
    "posetrack17-single-frame": "poseval.benchmarks.posetrack:PoseTrack17SingleFrame",
    "posetrack18": "poseval.benchmarks.posetrack:PoseTrack18",
    "posetrack21": "poseval.benchmarks.posetrack:PoseTrack21",
}
REGISTRY: Registry[type[Benchmark]] = Registry(
    "benchmark", "P125", "poseval.benchmarks", TABLE, Benchmark, classes=True
)
CERTAIN = 0.8  # no further benchmark is asked (and imported) once one is as sure as this


def names() -> list[str]:
    """Names of all benchmarks that come with poseval."""
    return list(TABLE)


@cache
def get_benchmark(name: str) -> Benchmark:
    """The named benchmark.

    Raises:
        UsageError: P125 for an unknown name, with near ones; P184 for another package's that fails.
    """
    return REGISTRY.get(name)()


def recognise(truth: PoseSet) -> Benchmark:
    """The benchmark that a truth set belongs to, judged by content; another package's if none of ours fits.

    Raises:
        UsageError: P126 when none fits: the benchmark must then be named.
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


def _other(truth: PoseSet) -> Benchmark:
    """The benchmark of another package that is surest of a truth set."""
    said, faults = REGISTRY.each(REGISTRY.others(), lambda kind: kind().recognise(truth))
    name = max(said, key=lambda one: said[one], default="")
    if said.get(name, 0.0) > 0:
        return get_benchmark(name)
    raise UsageError(
        "P126",
        where=shown(truth.origin.name),
        what="does not tell which benchmark it belongs to",
        wanted=f"--benchmark with one of {', '.join(REGISTRY.names())}",
        hint=in_one_line(faults),
    )
