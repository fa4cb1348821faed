"""Training people of a truth set; order and variation depend on seed, epoch and place alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from poseval.errors import MismatchError
from poseval.models.train.tasks import PersonOf, Task
from poseval.poses import Array, PoseSet
from poseval.runners.boxes import truth_boxes
from poseval.runners.frames import Picture, Pictures

AHEAD = 3  # batches that wait, made by the loaders while the network works


class TrainingSet:
    """People with a box and a labelled joint, and their pictures; `cache` bytes of these stay decoded.

    Raises:
        MismatchError: P432 when nobody can be trained on.
    """

    def __init__(self, truth: PoseSet, pictures: Pictures, cache: int = 512 << 20) -> None:
        boxes, people = truth_boxes(truth), truth.people
        kept = np.flatnonzero((people.seen[boxes.person] > 0).any(axis=1))
        if not len(kept):
            what = "has nobody with a box and a labelled joint"
            raise MismatchError("P432", where=truth.origin.name, what=what, wanted="people to train on")
        self.pictures, self.frame, self._left = pictures, boxes.frame[kept], cache
        self._kept: dict[int, Picture] = {}
        self.people = [
            PersonOf(boxes.corners[i], people.xy[row], people.seen[row], float(people.area[row]))
            for i, row in zip(kept, boxes.person[kept], strict=True)
        ]

    def __len__(self) -> int:
        return len(self.people)

    def steps(self, batch: int) -> int:
        """Batches of one epoch; one that is not full is left out unless it is the only one."""
        return max(1, len(self) // batch)

    def batches(
        self, task: Task, batch: int, seed: int, epoch: int, loaders: int
    ) -> Iterator[dict[str, Tensor]]:
        """Batches of one epoch, made ahead by `loaders` threads."""
        order = _generator(seed, epoch).permutation(len(self))
        cuts = [order[step * batch : (step + 1) * batch] for step in range(self.steps(batch))]

        def one(index: int) -> Mapping[str, Array]:
            near = np.flatnonzero(self.frame == self.frame[index])
            others = tuple(self.people[other] for other in near if other != index)
            person = replace(self.people[index], others=others)
            return task.sample(self._picture(self.frame[index]), person, _generator(seed, epoch, index + 1))

        with ThreadPoolExecutor(loaders) as pool:
            waiting: deque[list[Future[Mapping[str, Array]]]] = deque()
            for cut in cuts:
                waiting.append([pool.submit(one, int(index)) for index in cut])
                if len(waiting) > AHEAD:
                    yield _stacked(waiting.popleft())
            while waiting:
                yield _stacked(waiting.popleft())

    def _picture(self, frame: int) -> Picture:
        picture = self._kept.get(frame)
        if picture is None:
            picture = self.pictures.load(frame)
            if picture.nbytes <= self._left:  # two threads may both keep it: the same picture, counted twice
                self._left -= picture.nbytes
                self._kept[frame] = picture
        return picture


def _generator(*seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(seed))))


def _stacked(futures: list[Future[Mapping[str, Array]]]) -> dict[str, Tensor]:
    samples = [future.result() for future in futures]
    return {name: torch.from_numpy(np.stack([one[name] for one in samples])) for name in samples[0]}
