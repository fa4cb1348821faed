"""The PoseTrack cases: each asks one question of the rules for poses and tracks in videos."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.golden.make.cases import Made
from tests.golden.make.posetrack_film import NAMES_18, Film, as_18, folders

CASES: list[Callable[[], Made]] = []
POSEVAL, BOTH = ("poseval",), ("poseval", "posetrack21")
Films = Iterable[Film] | dict[str, Any]


def case(
    why: str, programs: tuple[str, ...] = BOTH, form: str = "18", **options: Any
) -> Callable[[Callable[[], Films]], Callable[[], Made]]:
    """Register a function that makes films, or their files, as a case of the programs that take them."""

    def register(fill: Callable[[], Films]) -> Callable[[], Made]:
        def make() -> Made:
            found = fill()
            files = found if isinstance(found, dict) else folders(found, form)
            given = {"programs": list(programs), **options}
            ask = {"benchmark": "posetrack17" if form == "17" else "posetrack18"}
            ask |= {"ties": "official"} if options.get("sorted") else {}
            return Made(fill.__name__, why, files, ask, "poseval", given)

        CASES.append(make)
        return make

    return register


def busy(seed: int, number: int = 800001, frames: int = 8) -> Film:
    """Three people: one found well, one with gaps and another id, one poorly; a stray track."""
    film = Film(seed, frames, number)
    for track in (0, 1, 2):
        film.walk(track)
    half = frames // 2
    film.find(0, spread=3)
    film.find(1, 11, range(half), spread=7, lost=0.1)
    film.find(1, 12, range(half + 1, frames), spread=7)
    film.find(2, 13, range(1, frames), spread=14, lost=0.2)
    film.stray(14, range(2, frames, 3))
    return film


@case("An ordinary set in the form of 2018: three sequences of different lengths, pooled by counts.")
def ordinary_18() -> Films:
    return [busy(1, 800001), busy(2, 800002, 6), busy(3, 800003, 4)]


@case("The same kind of set in the form of 2017.", POSEVAL, "17")
def ordinary_17() -> Films:
    return [busy(4, 800001, 6), busy(5, 800002, 5)]


@case("Ground truth of 2018 and predictions of 2017 go together.", POSEVAL, "18/17")
def mixed_forms() -> Films:
    return [busy(6, frames=6)]


@case("Predictions that are the truth: everything is 100.")
def perfect() -> Films:
    film = Film(7, 5)
    for track in range(3):
        film.walk(track)
        film.find(track, spread=0)
    return [film]


@case("Ignore regions take points strictly inside from both sides; on the border they stay.")
def ignore_regions() -> Films:
    film = busy(8)
    for number, frame in enumerate(film.frames):
        if number % 3:
            frame.ignored = [
                [(250, 80), (340, 80), (360, 260), (250, 300)],
                [(880, 380), (960, 380), (920, 600)],
            ]
    body = film.frames[1].truth[0]
    edge = film.frames[1].found[0]
    body.joints[5, :2] = edge.joints[5, :2] = (250.0, 200.5)  # on the left side
    body.joints[6, :2] = edge.joints[6, :2] = (250.5, 200.5)
    return [film]


@case("A prediction changes hands: ids swap, come back, and go to another person.")
def switches() -> Films:
    film = Film(9, 9)
    film.walk(0)
    film.walk(5)
    for ident, frames in ((1, (0, 1)), (2, (2, 3, 4)), (1, (5, 6, 7, 8))):
        film.find(0, ident, frames, spread=2)
    for ident, frames in ((2, (0, 1)), (3, (2, 3)), (1, (4,)), (3, (5, 6)), (2, (7, 8))):
        film.find(5, ident, frames, spread=2)
    return [film]


@case("Tracks break off and go on after a gap, with the same id and with another.")
def fragments() -> Films:
    film = Film(110, 10)
    for track in (0, 1, 2):
        film.walk(track)
    film.find(0, frames=(0, 1, 4, 5, 8, 9))
    film.find(1, 21, (0, 1, 2))
    film.find(1, 22, (6, 7, 8, 9))
    film.find(2, frames=range(10), lost=0.5)
    return [film]


@case("Joints that nobody annotated, and joints that nobody predicted.")
def missing_joints() -> Films:
    film = Film(11, 6)
    film.walk(0, missing=(0, 15, 16))
    film.walk(1, missing=(0, 9))
    film.find(0)
    film.find(1)
    for frame in film.frames:
        for body in frame.found:
            body.joints[1] = 0
            body.joints[15] = (body.joints[13] + 5) if body.track == 0 else 0
    return [film]


@case("Scores of two values tie: later rows come first.")
def score_ties() -> Films:
    film = Film(12, 5)
    for track in (0, 1):
        film.walk(track)
        film.find(track, spread=12)
    film.stray(9, (1, 3))
    for number, frame in enumerate(film.frames):
        for body in frame.found:
            body.scores = [0.5 if (number + k + body.track) % 2 else 0.75 for k in range(17)]
    return [film]


@case("So many scores tie, over two sequences, that NumPy's own sort, before 1.25, decides.", sorted=True)
def score_ties_sorted_by_numpy() -> Films:
    films = [busy(20, 800001, 12), busy(21, 800002, 9)]
    for film in films:
        for frame in film.frames:
            for body in frame.found:
                body.scores = [round(score, 1) for score in body.scores or ()]
    return films


@case("No joint has a score: all count as -9999.", POSEVAL, "17")
def no_scores() -> Films:
    film = Film(13, 5)
    for track in (0, 1):
        film.walk(track)
        film.find(track, spread=12)
    for frame in film.frames:
        for body in frame.found:
            body.scores = None
    return [film]


@case("Frames without people are left out; frames without predictions count one miss and one false positive.")
def frames_without_predictions() -> Films:
    film = Film(14, 9)
    film.walk(0, (0, 1, 2, 4, 5, 6, 8))
    film.walk(1, (0, 1, 4, 5, 6, 8))
    film.find(0, frames=(0, 1, 4, 8))
    film.find(1, frames=(0, 4, 6, 8), spread=8)
    film.stray(9, (3, 7))
    for number in (3, 7):
        film.frames[number].labelled = False
    return [film]


@case("Frames that are labelled but list nobody are left out with what was predicted there.", POSEVAL)
def nobody_listed() -> Films:
    film = Film(31, 6)
    film.walk(0, (0, 1, 3, 5))
    film.find(0)
    film.stray(9, (2, 3, 4))
    return [film]


@case("A labelled frame whose people all lie in ignore regions.", POSEVAL)
def everybody_ignored() -> Films:
    film = busy(15, frames=6)
    film.frames[2].ignored = [[(0, 0), (3000, 0), (3000, 3000), (0, 3000)]]
    film.frames[3].ignored = [[(0, 0), (800, 0), (800, 3000), (0, 3000)]]
    return [film]


@case("The kit of 2021 takes labelled frames alone; poseval looks at people instead.")
def unlabelled_frames() -> Films:
    film = busy(16)
    for number in (1, 4, 6):
        film.frames[number].labelled = False
    return [film]


@case("Distances of exactly half a head, a little less and a little more: on the threshold is a match.")
def on_the_threshold() -> Films:
    film = Film(17, 4)
    film.walk(0)
    film.walk(1)
    film.find(0, spread=0)
    film.find(1, spread=0)
    for number, frame in enumerate(film.frames):
        for body in frame.found:
            for joint in range(17):
                if body.joints[joint, 2]:
                    body.joints[joint, 0] += (15, 15.01, 14.99, -15)[(joint + number) % 4]
    return [film]


@case("A predicted joint whose person does not annotate it is a false positive.")
def unannotated_joints() -> Films:
    film = Film(18, 5)
    film.walk(0, missing=(5, 6, 7))
    film.walk(1)
    film.find(0)
    film.find(1)
    for frame in film.frames:
        for joint in (5, 6, 7):
            frame.found[0].joints[joint] = frame.found[0].joints[8] + (3, 2, 0)
    return [film]


@case("Flags of every kind: only a joint at the origin with flag 0 is absent.")
def flags() -> Films:
    film = Film(19, 5)
    film.walk(0)
    film.find(0)
    film.walk(1)
    film.find(1)
    for frame in film.frames:
        for side in (frame.truth, frame.found):
            side[0].joints[5:9, 2] = 0
            side[1].joints[9] = (0.0, 0.0, 1.0)
    return [film]


@case("A person with a head box of no size is never matched.", POSEVAL)
def no_head() -> Films:
    film = busy(20, frames=5)
    for frame in film.frames:
        frame.truth[0].head = (0.0, 0.0)
    return [film]


@case("Joint names of fifteen in another order, without ears.", POSEVAL)
def fifteen_joints() -> Films:
    film = busy(21, frames=5)
    names = tuple(name for name in reversed(NAMES_18) if "ear" not in name)
    return {
        f"gt/{film.name}.json": as_18(film, True),
        f"pred/{film.name}.json": as_18(film, False, names),
    }


@case("People on top of each other: each pose keeps its best person, the loser of two gets nobody.")
def crowd() -> Films:
    film = Film(22, 4)
    for track in range(6):
        film.walk(track, at=(100 + 22.0 * track, 100 + 9.0 * track), speed=(3, 3))
    for track in range(6):
        film.find(track, 20 + track, spread=12)
        film.find(track, 40 + track, (0, 2), spread=20, lost=0.3)
    return [film]


@case("A pose once matched is kept although another is nearer.")
def kept_match() -> Films:
    film = Film(23, 6)
    film.walk(0)
    film.find(0, 1, (0, 1, 2, 3), spread=1)
    film.find(0, 1, (4, 5), spread=7)
    film.find(0, 2, (2, 3, 4, 5), spread=0.5)
    return [film]


@case("Points left of the image or above it: poseval counts them, the kit of 2021 does not.")
def outside_the_image() -> Films:
    film = Film(24, 5)
    film.walk(0, at=(-40, -60))
    film.walk(1)
    film.find(0)
    film.find(1)
    return [film]


@case("A whole frame of whole numbers: the kit of 2021 cuts its scores to 0.")
def whole_numbers() -> Films:
    film = busy(25, frames=5)
    for body in film.frames[1].found:
        body.joints = body.joints.round(0)
    files = folders([film])
    for record in files[f"pred/{film.name}.json"]["annotations"]:
        if record["image_id"] == film.image_id(1):
            record["keypoints"] = [int(n) for n in record["keypoints"]]
    return files


@case("Everybody has an identity across videos: HOTA of re-identification.", BOTH, reid=True)
def reidentification() -> Films:
    films = []
    for number in (800001, 800002):
        film = Film(number, 6, number)
        for track in (0, 1):
            film.walk(track, person_id=track + 3)
            film.find(track, frames=(0, 1, 3, 5), spread=5, person_id=track + 3)
            film.find(track, frames=(2, 4), spread=5, person_id=track + 3 if number == 800001 else 4 - track)
        films.append(film)
    return films


@case("Two people of the truth share a track id: both count.", POSEVAL)
def truth_track_twice() -> Films:
    film = busy(29, frames=5)
    for number in (1, 2):
        film.frames[number].truth[2].track = 0
    return [film]


@case("Poses without a joint: on a frame without ignore regions they show that it is not empty.", POSEVAL)
def poses_without_joints() -> Films:
    film = Film(30, 7)
    film.walk(0)
    film.walk(1)
    film.find(0, frames=(0, 1, 4, 6))
    film.find(0, frames=(2, 3, 5), lost=1)
    for number in (3, 4):
        film.frames[number].ignored = [[(2000, 0), (2100, 0), (2100, 100)]]
    film.frames[1].truth[1].joints[:] = 0
    return [film]


@case("Two predictions of a frame share a track id.", POSEVAL, answer="P405")
def duplicate_track_id() -> Films:
    film = busy(26, frames=4)
    film.frames[1].found[1].track = film.frames[1].found[0].track
    return [film]


@case("Predictions have a frame less than the truth.", POSEVAL, answer="P481")
def fewer_frames() -> Films:
    film = busy(27, frames=4)
    files = folders([film])
    predicted = files[f"pred/{film.name}.json"]
    last = predicted["images"].pop()["id"]
    predicted["annotations"] = [row for row in predicted["annotations"] if row["image_id"] != last]
    return files


@case("A prediction without track id.", POSEVAL, answer="P410")
def no_track_id() -> Films:
    film = busy(28, frames=4)
    files = folders([film])
    for record in files[f"pred/{film.name}.json"]["annotations"]:
        del record["track_id"]
    return files
