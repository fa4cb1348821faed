"""Explanations of numbers and figures, one sentence each."""

from __future__ import annotations

import re

# A statistic's name, without its threshold or percentile -> its meaning.
MEANINGS = {
    "AP": "average precision: the area below precision over recall",
    "AP50": "average precision at the threshold 0.50",
    "AP75": "average precision at the threshold 0.75",
    "AP_M": "average precision of people of medium size",
    "AP_L": "average precision of large people",
    "AP_easy": "average precision in images with little crowding",
    "AP_medium": "average precision in images with some crowding",
    "AP_hard": "average precision in crowded images",
    "AP_low": "the lowest average precision over all orders of equal scores",
    "AP_high": "the highest average precision over all orders of equal scores",
    "AR": "average recall: the fraction of people that are found",
    "AR50": "recall at the threshold 0.50",
    "AR75": "recall at the threshold 0.75",
    "AR_M": "average recall of people of medium size",
    "AR_L": "average recall of large people",
    "MOTA": "tracking accuracy: 1 less misses, false positives and switches per true joint",
    "MOTP": "tracking precision: how close matched joints are",
    "IDF1": "fraction of joints with the right identity, over whole tracks",
    "IDP": "fraction of predicted joints with the right identity",
    "IDR": "fraction of labelled joints with the right identity",
    "HOTA": "higher-order tracking accuracy: detection and association in balance",
    "DetA": "detection part of HOTA",
    "AssA": "association part of HOTA",
    "LocA": "localisation part of HOTA",
    "precision": "fraction of predicted joints that are right",
    "recall": "fraction of labelled joints that are found",
    "PCK": "fraction of labelled joints within the threshold",
    "PCKh": "fraction of labelled joints within the threshold of the head size",
    "tPCK": "fraction of labelled joints within the threshold of the torso",
    "PDJ": "fraction of detected joints, by the size of the torso",
    "PCP": "fraction of limbs of which both ends are near enough",
    "AUC": "area below the curve over thresholds",
    "AUC_mean": "plain mean of the curve over thresholds",
    "NME": "mean error, divided by the normalising distance",
    "NME_median": "median of the errors of the images, divided as NME",
    "NME_trimmed": "mean of the errors of the images without a tenth at either end, divided as NME",
    "FR": "fraction of faces above the error",
    "EPE": "mean distance in pixels",
    "EPE_p": "percentile of the distances in pixels",
    "oLRP": "optimal localisation-recall-precision error: all kinds of errors in one number",
    "oLRP_loc": "localisation part of oLRP: mean 1 - OKS of the predictions that hit",
    "oLRP_FP": "fraction of predictions that hit nobody, at the threshold of oLRP",
    "oLRP_FN": "fraction of people that are missed, at the threshold of oLRP",
    "LRP": "localisation-recall-precision error of all predictions",
    "OSPA": "distance of the true and predicted people of a frame: misplaced, missed and invented ones",
    "OSPA_loc": "what misplaced people add to OSPA",
    "OSPA_card": "what a wrong number of people adds to OSPA",
    "OSPA2": "distance of the true and predicted tracks of a sequence",
    "OSPA2_loc": "what misplaced and broken tracks add to OSPA2",
    "OSPA2_card": "what a wrong number of tracks adds to OSPA2",
    "ECE": "expected calibration error: how far scores of poses are from their OKS",
    "joint_ECE": "expected calibration error: how far scores of joints are from their part of OKS",
    "found": "fraction of the labelled joints that have a matched prediction",
}

# Ends of a figure's name -> its caption; the first that fits is taken.
CAPTIONS = {
    "_over_threshold": "Each point is the number at one threshold. The legend has the means.",
    "precision_recall": (
        "Precision of all predictions above a score, over the recall that they reach. Each line is one "
        "threshold, and the area below it is AP."
    ),
    "scores": (
        "How many predictions have each score, and which of them were matched. The line is the fraction of "
        "matches: it rises where scores mean something."
    ),
    "_per_joint": "One bar a joint. A thin line is the confidence interval, where the report has one.",
    "reliability": (
        "The mean score of predictions with scores that are alike, and the OKS that they have. On the dotted "
        "line scores say what they should; below it they are too high."
    ),
    "mota_composition": (
        "What is left of 1 after misses, false positives and switches, as fractions of all true joints."
    ),
    "gains": (
        "What AP would gain if errors of a kind were fixed: once the kinds above it are fixed, and alone. "
        "Gains one after the other add up; gains alone overlap. Misses are people without a prediction. Who "
        "was found, but too inaccurately for a threshold, has a bar of their own; coco-analyze counts both "
        "as misses."
    ),
}
JOINT_ERRORS = (
    "Classes of the labelled joints of matched people: good, near (jitter), on the other side (inversion), "
    "on another person (swap), or on nobody (miss)."
)

SLICES = "The first number of each group with its confidence interval, where there are enough units for one."


def meaning(key: str) -> str:
    """What a number of the summary measures; empty where it is not known."""
    name = key.rpartition("/")[2]
    percentile = re.fullmatch(r"(\w+_p)\d+", name)
    return MEANINGS.get(name) or MEANINGS.get(percentile[1] if percentile else name.partition("@")[0], "")


def caption(name: str) -> tuple[str, str]:
    """The title and the caption of a figure."""
    title = name.replace("_", " ")
    title = title[0].upper() + title[1:]
    if name == "errors_per_joint":
        return title, JOINT_ERRORS
    if name.startswith("slice_"):
        return title, SLICES
    return title, next((text for end, text in CAPTIONS.items() if name.endswith(end)), "")
