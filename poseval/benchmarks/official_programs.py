"""What a benchmark's official evaluator would do with each fault of a submission, as far as it is known.

Each sentence was measured on the reference code or read in it; servers put checks and messages of their own
before it. Sources: pycocotools 2.0.11 `coco.py` (`loadRes`) and `cocoeval.py`, run on one file per fault
(tests/benchmarks/test_official_programs.py repeats it); xtcocotools 1.14.3 `cocoeval.py`; PoseTrack's
evaluator `poseval` (`eval_helpers.py`, `convert.py`) and PoseTrack21's (`datasets/posetrack.py`); MPII's kit
(`evaluatePCKh.m`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from poseval.benchmarks.base import Benchmark

NOT_KNOWN = "not known what the official evaluator does here"

COCO: Mapping[str, str] = MappingProxyType(
    {
        "P200": "stops with an IndexError on an empty list, and with a JSONDecodeError on an empty file",
        "P201": "stops with an AssertionError if the file is not a list of results, with a KeyError on boxes",
        "P203": "stops with a TypeError for text, only in images with ground truth; true counts as 1",
        "P204": "stops with a ValueError about shapes, only in images with ground truth; 50 numbers pass",
        "P205": "keeps the last of the repeated values without a message",
        "P206": "stops with a KeyError that names the field, not the record",
        "P210": "stops with a JSONDecodeError",
        "P211": "stops with a UnicodeDecodeError, or with a JSONDecodeError at a byte order mark",
        "P301": "accepts it: NaN coordinates count as a perfect match, infinite ones as a miss",
        "P302": "stops with a TypeError, only in images with ground truth",
        "P305": "replaces the ids of results by 1 to N without a message",
        "P307": "accepts it and computes the area from width times height",
        "P402": "stops with an AssertionError that names no image",
        "P404": "stops with a ValueError about shapes, only in images with ground truth",
        "P410": "stops with a KeyError: 'area' where the ground truth has no areas",
    }
)
XTCOCO: Mapping[str, str] = MappingProxyType({"P200": "scores an empty list as 0"})
POSETRACK: Mapping[str, str] = MappingProxyType(
    {
        "P204": "stops with a ValueError about shapes; reads a wrong number of scores as far as possible",
        "P206": "stops with a KeyError where a track_id is missing",
        "P210": "stops with a JSONDecodeError",
        "P275": "stops with an assertion, with or without the name of the joint",
        "P276": "drops the person without a message",
        "P301": "accepts it; a NaN distance is never a match",
        "P405": "stops with an exception that names frame and file",
        "P480": "stops with an IOError that names the file",
        "P481": "stops with an exception that has both counts",
        "P482": "pairs frames by position and does not compare names",
    }
)
POSETRACK21: Mapping[str, str] = MappingProxyType(
    {
        "P204": "stops with a ValueError about shapes",
        "P206": "stops with a KeyError",
        "P210": "stops with a JSONDecodeError",
        "P275": "does not read the names; joints are identified by position",
        "P276": "stops with a KeyError",
        "P405": "stops with an exception that names sequence, frame and ids",
        "P480": "stops with an exception that names the file",
        "P481": "stops with an IndexError for too few frames, and ignores extra frames",
        "P482": "stops with an assertion without text",
    }
)
MPII: Mapping[str, str] = MappingProxyType({"P301": "treats NaN as infinitely far, so the joint is wrong"})

# benchmark -> the reference program, and what it says
OFFICIAL: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        **dict.fromkeys(("coco-keypoints", "ochuman", "humanart", "oks"), ("pycocotools", COCO)),
        **dict.fromkeys(
            ("crowdpose", "coco-wholebody", "aic", "ap10k", "animalpose"), ("xtcocotools", XTCOCO)
        ),
        **dict.fromkeys(
            ("posetrack17", "posetrack17-single-frame", "posetrack18"), ("PoseTrack's evaluator", POSETRACK)
        ),
        "exlpose": ("ExLPose's program", COCO),
        "posetrack21": ("PoseTrack21's evaluator", POSETRACK21),
        **dict.fromkeys(("mpii-val", "mpii-test", "mpii-multi"), ("MPII's kit", MPII)),
    }
)


# What a submission without a person leads to, which is no fault.
EMPTY = MappingProxyType(
    {
        "pycocotools": "stops with an IndexError on an empty list",
        "xtcocotools": "scores an empty list as 0",
    }
)


def says(
    benchmark: Benchmark, format: str | None, codes: Iterable[str], people: int | None = None
) -> tuple[str, ...]:
    """One sentence per fault code, for a submission in this format with this many people."""
    program, known = OFFICIAL.get(benchmark.name, (benchmark.title, MappingProxyType({})))
    out = []
    wrong = bool(benchmark.prediction_formats) and format not in benchmark.prediction_formats
    if wrong and format is not None:
        wanted = " or ".join(benchmark.prediction_formats)
        out.append(f"{program} reads {wanted}, not {format}; convert it with `poseval convert --to`")
    listed = list(dict.fromkeys(codes))
    out += [f"{program}: {code}: {known.get(code, NOT_KNOWN)}" for code in listed]
    if not listed and people == 0 and program in EMPTY:
        out.append(f"{program}: {EMPTY[program]}")
    elif not out:
        out.append(f"{program} would score this file" if known else f"{program}: {NOT_KNOWN}")
    return tuple(out)
