"""From NumPy arrays to the official numbers, and to a page with the worst frames."""

import numpy as np

import poseval

rng = np.random.default_rng(0)
image = np.repeat(np.arange(100), 2)  # two people in each of 100 images
stance = rng.uniform(0, 120, size=(17, 2))
labelled = stance + rng.uniform(0, 400, size=(200, 1, 2))
guessed = labelled + rng.normal(0, 4, labelled.shape)

truth = poseval.from_arrays(labelled, frame=image, area=np.full(200, 9000.0))
predictions = poseval.from_arrays(guessed, frame=image, score=rng.uniform(0.5, 1, size=200))

report = poseval.score(truth, predictions, "coco-keypoints")
print(report.to_text())
print(poseval.diagnose(truth, predictions).to_text())
