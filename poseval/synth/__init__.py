"""Synthetic people with exact ground truth, for tests, documents and the demo.

`scene_set` gives the ground truth as a `PoseSet` without drawing anything, `render` draws a scene, `perturb`
makes predictions with known errors from ground truth.
"""

from poseval.synth.picture import Picture, render, save_picture
from poseval.synth.predictions import perturb
from poseval.synth.scene import Scene, World, scenes
from poseval.synth.truth import scene_set, truth_of

__all__ = [
    "Picture",
    "Scene",
    "World",
    "perturb",
    "render",
    "save_picture",
    "scene_set",
    "scenes",
    "truth_of",
]
