"""Predictions in another coordinate frame than the ground truth, found by what they would be in the right
one.

Joints in another order, x and y exchanged, fractions of the image size instead of pixels, an image that was
mirrored or rotated, a constant scale or offset, and a shift of one pixel between a one-based and a zero-based
file. Predictions of other images are found on the way (`numbering`). Some people of some frames are
looked at; only where a change of coordinates fits them clearly better is the number of all of them computed.
Each becomes a notice that names the likely mistake, what the number would be without it and how to undo it;
nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from poseval.checks.base import Pair
from poseval.checks.crops import in_crops
from poseval.checks.joint_order import CLEARLY, GAIN, order_of, other_order
from poseval.checks.numbering import other_numbering
from poseval.checks.partners import FEWEST, Partners, by_place, by_shape, distance, middle, variation
from poseval.checks.placements import placements
from poseval.checks.resized_images import resized
from poseval.errors import shown
from poseval.poses import Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.transforms import Transform, transformed

FIRST_LOOK = 60  # people that say whether the others must be looked at
FITTED = 60  # people that tell where a frame lies
APART = 0.12  # sizes of a person between it and its prediction, above which they can be of other people
SURELY = 0.35  # the same as CLEARLY, of people that were paired by their shape alone
BEYOND_DOUBT = 0.2  # the same of fewer than FEWEST people
NEAR = 0.12  # sizes of a person that remain, beyond which no frame is right
AS_GOOD = 1.25  # times the least error: the simplest such frame is taken
SOME_VARIATION = 0.2  # of that of the people, below which predictions do not depend on who is there
FARTHEST = 1e100  # such coordinates are told by N422
NEARLY_A_PIXEL = 0.5  # from a shift of one, for a first look
SHIFT_PRECISION = 0.25  # pixels
COARSEST = 0.1  # standard error of the median offset, in pixels, above which a shift is not told
CODES = {
    "xy": "N921",
    "normalised": "N922",
    "normalised=-1,1": "N922",
    "offset": "N924",
    **dict.fromkeys(("scale", "resized", "longest", "shortest", "letterbox"), "N923"),
}
# Ways back from images that were turned, the simplest first: mirrored before or after the prediction, y
# counted upwards, upside down, and rotated by a quarter either way; and from numbers around the middle.
TURNS = (
    ("flip=y",),
    ("flip=x",),
    ("flip=x", "left-right"),
    ("flip=x", "flip=y"),
    ("xy", "flip=x"),
    ("xy", "flip=y"),
    ("normalised=-1,1",),
    ("normalised=-1,1", "flip=y"),
)


def systematic_mistakes(pair: Pair) -> Iterator[Notice]:
    """N460 to N462, N553, N554 and N921 to N924: another order of joints, frame or numbering."""
    partners = _suspects(pair)
    if partners is None:
        return
    found = other_order(pair, partners) if len(partners.truth) >= FEWEST else None
    found = found or _shift_notice(pair, partners) or _near_frame(pair, partners.some(FITTED))
    if found is None and partners.error(partners.theirs) > APART:
        found = _turned_frame(pair, partners) or other_numbering(pair, partners) or _far_frame(pair, partners)
    if found is not None:
        yield found


def _suspects(pair: Pair) -> Partners | None:
    """People and their predictions, where some of them arouse a suspicion: others cost time in every run."""
    with np.errstate(over="ignore", invalid="ignore"):
        few = by_place(pair.aligned, FIRST_LOOK)
        if not few.tell or (len(few.truth) == FIRST_LOOK and not _arouse(pair, few)):
            return None
    if _beyond(pair.aligned.truth) or _beyond(pair.aligned.predictions):
        return None  # no frame is right, and the squares of such numbers are infinite
    return few if len(few.truth) < FIRST_LOOK else by_place(pair.aligned)


def _beyond(poses: PoseSet) -> bool:
    """Whether a joint lies farther away than the numbers of any unit."""
    xy = poses.people.xy
    most, least = np.fmax.reduce(xy, axis=None, initial=0.0), np.fmin.reduce(xy, axis=None, initial=0.0)
    if max(most, -least) <= FARTHEST:
        return False  # found without a copy of what is seen
    return bool((np.abs(xy[poses.people.seen > 0]) > FARTHEST).any())


def _arouse(pair: Pair, few: Partners) -> bool:
    """Whether some people are enough to suspect a mistake; all of the others are looked at only then."""
    own = few.error(few.theirs)
    if own > APART or order_of(few, pair.aligned.truth.skeleton.flip) is not None:
        return True
    offset = middle((few.theirs - few.truth)[few.known])
    if (np.abs(offset - np.sign(offset[0])) < NEARLY_A_PIXEL).all():
        return True
    best = _likely(pair, few.some(FITTED))
    return best is not None and bool(best.back)


@dataclass(frozen=True)
class Frame:
    """A coordinate frame that the predictions may be in: the way back, and the error that remains."""

    back: tuple[Transform, ...]
    error: float


def _near_frame(pair: Pair, nearest: Partners) -> Notice | None:
    """The notice about the frame that is likely by people and the predictions next to them."""
    best = _likely(pair, nearest)
    return None if best is None else _told(pair, best)


def _likely(pair: Pair, nearest: Partners) -> Frame | None:
    """The simplest frame that fits people and the predictions next to them clearly better than the own."""
    clearly = CLEARLY if len(nearest.truth) >= FEWEST else BEYOND_DOUBT
    most = min(clearly * nearest.error(nearest.theirs), NEAR)
    return _simplest(_frames(pair, nearest, False, most), most)


def _turned_frame(pair: Pair, nearest: Partners) -> Notice | None:
    """An image mirrored, upside down or rotated, or numbers from -1 to 1: nothing is fitted to the people.

    Predictions are paired anew in each frame, because such changes take people to each other's places.
    """
    clearly = CLEARLY if len(nearest.truth) >= FEWEST else BEYOND_DOUBT
    most = min(clearly * nearest.error(nearest.theirs), NEAR)
    some = _of_frames(pair.aligned, np.unique(nearest.some(FITTED).frame))
    if not np.isfinite(some.truth.frames.size).all():
        return None
    frames = []
    for back in TURNS:
        steps = tuple(map(Transform, back))
        partners = by_place(Aligned(some.truth, transformed(some.predictions, steps)))
        if partners.tell:
            frames.append(Frame(steps, partners.error(partners.theirs)))
    best = _simplest(frames, most)
    return None if best is None else _told(pair, best)


def _of_frames(aligned: Aligned, rows: Ints) -> Aligned:
    truth = aligned.truth.take_frames(rows)
    return Aligned(truth, replace(aligned.predictions.take_frames(rows), frames=truth.frames))


def _far_frame(pair: Pair, nearest: Partners) -> Notice | None:
    """The same for people and the predictions of their shape, x and y exchanged or not; else their crops."""
    surely = SURELY if len(nearest.truth) >= FEWEST else BEYOND_DOUBT
    shapes = {turned: by_shape(pair.aligned, turned) for turned in (False, True)}
    most = min(surely * nearest.error(nearest.theirs), NEAR)
    frames = [
        frame for turned, some in shapes.items() if some.tell for frame in _frames(pair, some, turned, most)
    ]
    best = _simplest(frames, most)
    found = None if best is None else _told(pair, best)
    return found or in_crops(pair, nearest, shapes[False])


def _told(pair: Pair, best: Frame) -> Notice | None:
    """The notice about a frame, where the number gets better in it.

    A model that predicts one pose for everybody is in no frame, though another would be better for it.
    """
    truth, predictions = pair.aligned.truth.people, pair.aligned.predictions.people
    if not best.back or variation(predictions) < SOME_VARIATION * variation(truth):
        return None
    change = pair.with_predictions(transformed(pair.aligned.predictions, best.back))
    if not change.gain > GAIN:
        return None
    name = shown(pair.aligned.predictions.origin.name)
    words = " and ".join(step.sentence for step in best.back)
    options = " ".join(f"--transform {step}" for step in best.back)
    turned = any(step.kind in ("flip=x", "flip=y") for step in best.back)
    code = "N554" if turned else CODES[best.back[0].kind]
    return Notice(code, f"{name}: with {words} {change}; try: {options}")


def _simplest(frames: Sequence[Frame], most: float) -> Frame | None:
    """The first frame whose error is about the least, where that is small enough."""
    least = min((frame.error for frame in frames), default=np.inf)
    if not least < most:
        return None
    return next(frame for frame in frames if frame.error <= AS_GOOD * least + 1e-3)


def _frames(pair: Pair, partners: Partners, turned: bool, most: float) -> list[Frame]:
    """Frames that could be, the own one and the simplest first, and how well each fits."""
    theirs = partners.theirs[..., ::-1] if turned else partners.theirs
    size = pair.aligned.truth.frames.size[partners.frame]
    first = (Transform("xy"),) if turned else ()
    found = [Frame(first, partners.error(theirs))]
    if len(size) and bool(np.isfinite(size).all()):
        found.append(Frame((*first, Transform("normalised")), partners.error(theirs * size[:, None])))
        if not turned:
            found += [Frame(*placed) for placed in resized(partners, theirs, size)]
    return found + [Frame((*first, *back), error) for back, error in placements(partners, theirs, most)]


def _shift_notice(pair: Pair, partners: Partners) -> Notice | None:
    """N462: everything lies one pixel beside the ground truth, and that costs more than a little."""
    offset = (partners.theirs - partners.truth)[partners.known]
    offset = offset[np.isfinite(offset).all(axis=1)]
    if len(offset) < FEWEST:
        return None
    by = middle(offset)
    spread = 1.4826 * middle(np.abs(offset - by))  # of a normal distribution
    error = 1.2533 * spread / np.sqrt(len(offset))
    sign = float(np.sign(by[0]))
    if not sign or (np.abs(by - sign) > SHIFT_PRECISION).any() or (error > COARSEST).any():
        return None
    errors = [float(middle(distance(offset, np.full(2, moved)))) for moved in (0.0, sign)]
    if errors[1] >= errors[0]:
        return None
    back = Transform("offset", (-sign, -sign))
    change = pair.with_predictions(back.apply(pair.aligned.predictions))
    if not change.gain > GAIN:
        return None
    where = "to the right of and below" if sign > 0 else "to the left of and above"
    kinds = ("one-based", "zero-based") if sign > 0 else ("zero-based", "one-based")
    text = (
        f"predictions lie one pixel {where} the ground truth (median offset {by[0]:+.2f}, {by[1]:+.2f}). Are "
        f"they {kinds[0]}, but read as {kinds[1]}? Shifted, the median error would be {errors[1]:.2f} "
        f"instead of {errors[0]:.2f} pixels, and {change}; try: --transform {back}"
    )
    return Notice("N462", text)
