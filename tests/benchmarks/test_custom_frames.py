"""Benchmark `custom`: frames that nobody labelled, people of one joint, and whose sigmas it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import poseval
from poseval.skeletons import get_skeleton
from tests.benchmarks.custom_sets import made


def test_frames_that_nobody_labelled_are_not_scored() -> None:
    truth, predictions = made()
    rows = np.arange(len(truth.frames)) < 6
    kept = np.flatnonzero(rows)
    some = replace(truth, frames=replace(truth.frames, labelled=rows))
    some = replace(some, people=truth.people.take(rows[truth.people.frame]))
    report = poseval.score(some, predictions, benchmark="custom")
    (told,) = [notice for notice in report.notices if notice.code == "N941"]
    assert told.text.startswith("2 of 8 frames of the ground truth not labelled and not scored")
    own = truth.take_frames(kept)
    alone = replace(predictions.take_frames(kept), frames=own.frames)
    assert report.summary == poseval.score(own, alone, benchmark="custom").summary
    empty = replace(some, frames=truth.frames)  # somebody looked at the two, and found nobody
    assert poseval.score(empty, predictions, benchmark="custom").summary["AP"] < report.summary["AP"]


def test_a_single_joint_has_no_scale_that_could_be_no_pixels() -> None:
    truth, predictions = made(6)
    seen = truth.people.seen.copy()
    seen[:4, 1:] = 0
    few = replace(truth, people=truth.people.with_columns(seen=seen))
    told = {notice.code: notice.text for notice in poseval.score(few, predictions).notices}
    assert "4 of 16 people have joints in one point or line" in told["N914"]
    assert "N466" not in told
    tiny = replace(few, people=few.people.with_columns(xy=few.people.xy / 1000))
    small = next(n for n in poseval.score(tiny, predictions).notices if n.code == "N466")
    assert small.text.startswith("12 of 16 people have a scale (longest_side) of one pixel or less")


def test_it_says_whose_sigmas_it_takes() -> None:
    known = get_skeleton("coco17")
    truth, predictions = made(skeleton=known)

    def sigmas(**asked: Any) -> str:
        report = poseval.score(truth, predictions, benchmark="custom", **asked)
        return (
            next(n.text for n in report.notices if n.code == "N912").partition("Sigmas: ")[2].split(". ")[0]
        )

    assert sigmas() == "those of coco17"
    assert sigmas(sigmas=0.03) == "those that the file or sigmas=.."  # "... gives"
