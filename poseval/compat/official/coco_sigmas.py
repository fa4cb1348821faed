"""Sigmas as each program writes them, a second time: nothing here is read from poseval's skeletons.

Sources: crowdposetools cocoeval.py (quotients by ten); mmpose 759b39c configs/_base_/datasets (decimals,
which it hands to xtcocotools), for the whole body those of COCO-WholeBody's myeval_wholebody.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COCO = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
)  # fmt: skip
TENTHS = (
    0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87,
    0.89, 0.89,
)  # fmt: skip
FOOT = (0.068, 0.066, 0.066, 0.092, 0.094, 0.094)
FACE = (
    0.042, 0.043, 0.044, 0.043, 0.040, 0.035, 0.031, 0.025, 0.020, 0.023, 0.029, 0.032, 0.037,
    0.038, 0.043, 0.041, 0.045, 0.013, 0.012, 0.011, 0.011, 0.012, 0.012, 0.011, 0.011, 0.013,
    0.015, 0.009, 0.007, 0.007, 0.007, 0.012, 0.009, 0.008, 0.016, 0.010, 0.017, 0.011, 0.009,
    0.011, 0.009, 0.007, 0.013, 0.008, 0.011, 0.012, 0.010, 0.034, 0.008, 0.008, 0.009, 0.008,
    0.008, 0.007, 0.010, 0.008, 0.009, 0.009, 0.009, 0.007, 0.007, 0.008, 0.011, 0.008, 0.008,
    0.008, 0.010, 0.008,
)  # fmt: skip
HAND = (
    0.029, 0.022, 0.035, 0.037, 0.047, 0.026, 0.025, 0.024, 0.035, 0.018, 0.024, 0.022, 0.026,
    0.017, 0.021, 0.021, 0.032, 0.020, 0.019, 0.022, 0.031,
)  # fmt: skip
CROWDPOSE = (
    np.array([0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89, 0.79, 0.79]) / 10.0
)

SIGMAS: dict[str, NDArray[np.float64]] = {
    "crowdpose": CROWDPOSE,
    "coco_wholebody": np.array([*COCO, *FOOT, *FACE, *HAND, *HAND]),
    "aic": np.array([
        0.01388152, 0.01515228, 0.01057665, 0.01417709, 0.01497891, 0.01402144, 0.03909642,
        0.03686941, 0.01981803, 0.03843971, 0.03412318, 0.02415081, 0.01291456, 0.01236173,
    ]),
    "ap10k": np.array([
        0.025, 0.025, 0.026, 0.035, 0.035, 0.079, 0.072, 0.062, 0.079, 0.072, 0.062, 0.107,
        0.087, 0.089, 0.107, 0.087, 0.089,
    ]),
    "animalpose": np.array([
        0.025, 0.025, 0.026, 0.035, 0.035, 0.1, 0.1, 0.1, 0.107, 0.107, 0.107, 0.107, 0.087,
        0.087, 0.087, 0.087, 0.089, 0.089, 0.089, 0.089,
    ]),
    "exlpose": CROWDPOSE,
    "humanart17": np.array(COCO),
    "humanart21": np.array([*COCO, 0.089, 0.089, 0.089, 0.089]),
    "halpe26": np.array([*COCO, 0.026, 0.026, 0.066, *[0.079] * 6]),
    "halpe136": np.array([*TENTHS, 0.8, 0.8, 0.8, *[0.89] * 6, *[0.15] * 110]) / 10.0,
}  # fmt: skip

# Benchmark and number of joints -> sigmas
OF_BENCHMARK: dict[tuple[str, int], NDArray[np.float64]] = {
    **dict.fromkeys((("coco-keypoints", 17), ("ochuman", 17), ("oks", 17)), np.array(TENTHS) / 10.0),
    ("crowdpose", 14): SIGMAS["crowdpose"],
    ("coco-wholebody", 133): SIGMAS["coco_wholebody"],
    ("aic", 14): SIGMAS["aic"],
    ("ap10k", 17): SIGMAS["ap10k"],
    ("animalpose", 20): SIGMAS["animalpose"],
    ("exlpose", 14): SIGMAS["exlpose"],
    ("humanart", 17): SIGMAS["humanart17"],
    ("humanart", 21): SIGMAS["humanart21"],
    ("halpe", 26): SIGMAS["halpe26"],
    ("halpe", 136): SIGMAS["halpe136"],
}
