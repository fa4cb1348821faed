"""The rules that a Codabench bundle must keep, one function each, and a check of a bundle by all of them.

Their ids (CB1, CB2, ...) are stable. Sources: codalab/codabench, `src/apps/competitions/unpackers/` and
`tasks.py`, `src/apps/leaderboards/models.py`, `src/apps/api/serializers/competitions.py`,
`compute_worker/compute_worker.py` (March 2026).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from poseval.errors import Fault, error_of, shown
from poseval.files.reading import read_regular
from poseval.limits import MIB

MOST_BYTES = 4096 * MIB
YAML = "competition.yaml"
OLD_IMAGES = ("codalab/codalab-legacy:py3", "codalab/codalab-legacy:py37", "codalab/codalab-legacy:py39")
IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")
QUESTION_KEYS = {"key", "type", "title", "selection", "is_required", "is_on_leaderboard"}
QUESTION_TYPES = ("checkbox", "text", "select")
SUBMISSION_RULES = (
    "Add",
    "Add_And_Delete",
    "Add_And_Delete_Multiple",
    "Force_Last",
    "Force_Latest_Multiple",
    "Force_Best",
)
MOST_DIGITS = 10  # decimals that scores are stored with


@dataclass(frozen=True)
class Bundle:
    """A bundle that is open: its archive, and the content of competition.yaml where that is a map."""

    archive: zipfile.ZipFile
    node: Mapping[str, Any]

    @cached_property
    def files(self) -> dict[str, int]:
        """Sizes of all files, by name."""
        return {one.filename: one.file_size for one in self.archive.infolist() if not one.is_dir()}

    def read(self, name: str) -> bytes:
        """The content of a file; nothing of one that is not there."""
        return self.archive.read(name) if name in self.files else b""

    def holds(self, name: object) -> bool:
        """Whether a file or folder of that name is there."""
        text = str(name).rstrip("/")
        return text in self.files or any(one.startswith(f"{text}/") for one in self.files)

    def tables(self, name: str) -> list[Mapping[str, Any]]:
        """The maps in a list of competition.yaml."""
        found = self.node.get(name)
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []

    @property
    def columns(self) -> list[Mapping[str, Any]]:
        """The columns of all leaderboards."""
        return [
            column
            for board in self.tables("leaderboards")
            for column in board.get("columns") or []
            if isinstance(column, Mapping)
        ]


Rule = Callable[[Bundle], Iterator[str]]  # what is wrong, a sentence each


def _text(table: Mapping[str, Any], name: str, most: int, of: str) -> Iterator[str]:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip():
        yield f"{of} has no {name}"
    elif len(value) > most:
        yield f"{name} of {of} has {len(value)} characters"


def _whole(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def yaml_at_root(bundle: Bundle) -> Iterator[str]:
    if YAML not in bundle.files:
        inside = next((name for name in bundle.files if name.endswith(f"/{YAML}")), None)
        yield f"{YAML} is not at the root" + (f", but at {shown(inside, 80)}" if inside else "")
    elif not bundle.node:
        yield f"{YAML} is no YAML map"


def version(bundle: Bundle) -> Iterator[str]:
    if str(bundle.node.get("version")) != "2":
        yield f"version is {shown(bundle.node.get('version'), 40)}"


def title(bundle: Bundle) -> Iterator[str]:
    yield from _text(bundle.node, "title", 64, "the competition")


def image(bundle: Bundle) -> Iterator[str]:
    name = bundle.node.get("image")
    if not isinstance(name, str) or name not in bundle.files:
        yield f"image is {shown(name, 80)}, which is not in the bundle"
    elif not bundle.read(name).startswith(IMAGES):
        yield f"{shown(name, 80)} is no PNG, JPEG or GIF"


def terms(bundle: Bundle) -> Iterator[str]:
    name = bundle.node.get("terms")
    if not isinstance(name, str) or name not in bundle.files:
        yield f"terms is {shown(name, 80)}, which is not in the bundle"
    elif not bundle.read(name):
        yield f"{shown(name, 80)} is empty"


def container(bundle: Bundle) -> Iterator[str]:
    name = bundle.node.get("docker_image")
    yield from _text(bundle.node, "docker_image", 128, "the competition")
    if name in OLD_IMAGES:
        yield f"docker_image is {name}, with a Python before 3.10, in which poseval does not run"


def detailed_results(bundle: Bundle) -> Iterator[str]:
    if bundle.node.get("enable_detailed_results") is not True:
        yield "enable_detailed_results is not true, so participants do not see why they are refused"


def pages(bundle: Bundle) -> Iterator[str]:
    if not bundle.tables("pages"):
        yield "there are no pages"
    for page in bundle.tables("pages"):
        yield from _text(page, "title", 256, "a page")
        name = page.get("file")
        if name not in bundle.files:
            yield f"page {shown(name, 80)} is not in the bundle"
        elif not bundle.read(str(name)):
            yield f"page {shown(name, 80)} is empty"


def tasks(bundle: Bundle) -> Iterator[str]:
    if not bundle.tables("tasks"):
        yield "there are no tasks"
    indices = [task.get("index") for task in bundle.tables("tasks")]
    if not all(map(_whole, indices)) or len(set(indices)) < len(indices):
        yield f"indices of tasks are {indices}"
    for task in bundle.tables("tasks"):
        yield from _text(task, "name", 256, "a task")


def programs(bundle: Bundle) -> Iterator[str]:
    for task in bundle.tables("tasks"):
        for name in ("scoring_program", "reference_data"):
            if not task.get(name) or not bundle.holds(task[name]):
                yield f"{name} of task {shown(task.get('index'), 20)} is not in the bundle"


def command(bundle: Bundle) -> Iterator[str]:
    for name in dict.fromkeys(str(task.get("scoring_program")) for task in bundle.tables("tasks")):
        place = f"{name.rstrip('/')}/metadata.yaml"
        found = _yaml(bundle.read(place))
        if not isinstance(found, Mapping) or not found.get("command"):
            yield f"{shown(place, 80)} has no command"


def phases(bundle: Bundle) -> Iterator[str]:
    if not bundle.tables("phases"):
        yield "there are no phases"
    known = [task.get("index") for task in bundle.tables("tasks")]
    for phase in bundle.tables("phases"):
        yield from _text(phase, "name", 256, "a phase")
        used = phase.get("tasks")
        if not isinstance(used, list) or not used or any(one not in known for one in used):
            yield f"phase {shown(phase.get('name'), 40)} has the tasks {shown(used, 40)}"


def times(bundle: Bundle) -> Iterator[str]:
    last: Mapping[str, Any] | None = None
    for phase in bundle.tables("phases"):
        name = shown(phase.get("name"), 40)
        for key in ("start", "end"):
            if phase.get(key) is not None and not isinstance(phase[key], str):
                yield f"{key} of phase {name} is not a text: Codabench keeps only the day"
        start, end = str(phase.get("start") or ""), str(phase.get("end") or "")
        if not start:
            yield f"phase {name} has no start"
        if end and end <= start:
            yield f"phase {name} ends before it starts"
        if last is not None and (not last.get("end") or start <= str(last["end"])):
            yield f"phase {name} does not start after the end of {shown(last.get('name'), 40)}"
        last = phase


def quotas(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.tables("phases"):
        for key in ("max_submissions", "max_submissions_per_day", "execution_time_limit"):
            if not _whole(phase.get(key), 1):
                yield f"{key} of phase {shown(phase.get('name'), 40)} is {shown(phase.get(key), 20)}"


def results_alone(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.tables("phases"):
        if phase.get("accepts_only_result_submissions") is not True:
            yield f"phase {shown(phase.get('name'), 40)} takes programs of participants, too"


def boards(bundle: Bundle) -> Iterator[str]:
    if not bundle.tables("leaderboards"):
        other = "; its key is plural" if "leaderboard" in bundle.node else ""
        yield f"there are no leaderboards{other}"
    for board in bundle.tables("leaderboards"):
        yield from _text(board, "title", 64, "a leaderboard")
        yield from _text(board, "key", 36, "a leaderboard")
        if board.get("submission_rule", "Add") not in SUBMISSION_RULES:
            yield f"submission_rule is {shown(board.get('submission_rule'), 40)}"


def columns(bundle: Bundle) -> Iterator[str]:
    if not bundle.columns:
        yield "a leaderboard has no columns"
    for name in ("key", "index"):
        values = [column.get(name) for column in bundle.columns]
        if len(set(values)) < len(values):
            yield f"two columns have one {name}"
    for column in bundle.columns:
        of = f"column {shown(column.get('key'), 60)}"
        yield from _text(column, "title", 36, of)
        yield from _text(column, "key", 36, of)
        if not _whole(column.get("index")):
            yield f"{of} has the index {shown(column.get('index'), 20)}"


def sorting(bundle: Bundle) -> Iterator[str]:
    for column in bundle.columns:
        if column.get("sorting") not in ("asc", "desc"):
            yield f"sorting of column {shown(column.get('key'), 40)} is {shown(column.get('sorting'), 20)}"


def precision(bundle: Bundle) -> Iterator[str]:
    for column in bundle.columns:
        value = column.get("precision")
        if not _whole(value) or value > MOST_DIGITS:  # type: ignore[operator]
            yield f"precision of column {shown(column.get('key'), 40)} is {shown(value, 20)}"


def fact_sheet(bundle: Bundle) -> Iterator[str]:
    sheet = bundle.node.get("fact_sheet")
    if sheet is None or sheet == {}:
        return
    if not isinstance(sheet, Mapping):
        yield "fact_sheet is not a map"
        return
    for key, question in sheet.items():
        name = shown(key, 40)
        if not isinstance(question, Mapping) or set(question) != QUESTION_KEYS:
            yield f"question {name} has other parts than {', '.join(sorted(QUESTION_KEYS))}"
        elif question["key"] != key or " " in str(key):
            yield f"question {name} has the key {shown(question['key'], 40)}"
        elif question["type"] not in QUESTION_TYPES:
            yield f"question {name} has the type {shown(question['type'], 40)}"


def names(bundle: Bundle) -> Iterator[str]:
    listed = [one.filename for one in bundle.archive.infolist()]
    for name in listed:
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            yield f"{shown(name, 80)} leads out of the bundle"
    if len(set(listed)) < len(listed):
        yield "two files have one name"


def secrets(bundle: Bundle) -> Iterator[str]:
    """Ground truth stands under reference data alone, which no participant can download."""
    folders = tuple(f"{str(task.get('reference_data')).rstrip('/')}/" for task in bundle.tables("tasks"))
    hidden = {
        hashlib.sha256(bundle.read(name)).digest()
        for name in bundle.files
        if name.startswith(folders) and not name.endswith("challenge.toml")
    }
    for name in bundle.files:
        if not name.startswith(folders) and hashlib.sha256(bundle.read(name)).digest() in hidden:
            yield f"{shown(name, 80)} is a copy of reference data"
    for key in ("make_programs_available", "make_input_data_available"):
        if bundle.node.get(key):
            yield f"{key} is true"
    for phase in bundle.tables("phases"):
        for key in ("public_data", "starting_kit"):
            place = str(phase.get(key) or "").rstrip("/")
            if place and any(folder.startswith(f"{place}/") for folder in folders):
                yield f"{key} of phase {shown(phase.get('name'), 40)} holds the reference data"


# id -> what must be, and the check
RULES: dict[str, tuple[str, Rule]] = {
    "CB1": ("competition.yaml is at the root", yaml_at_root),
    "CB2": ("version is 2", version),
    "CB3": ("the competition has a title of at most 64 characters", title),
    "CB4": ("`image` names an image file in the bundle", image),
    "CB5": ("terms names a page in the bundle that is not empty", terms),
    "CB6": ("docker_image names an image with Python 3.10 or newer", container),
    "CB7": ("participants see detailed results", detailed_results),
    "CB8": ("each page has a title and a file that is not empty", pages),
    "CB9": ("tasks have a name and an index of their own", tasks),
    "CB10": ("scoring program and reference data are in the bundle", programs),
    "CB11": ("metadata.yaml of the scoring program has a command", command),
    "CB12": ("phases have a name and tasks that exist", phases),
    "CB13": ("phases follow one another, with times as text", times),
    "CB14": ("quotas and the time limit are whole numbers above 0", quotas),
    "CB15": ("phases take results only", results_alone),
    "CB16": ("leaderboards, plural, have a title of at most 64 and a key of at most 36 characters", boards),
    "CB17": ("columns have titles and keys of at most 36 characters, and an index of their own", columns),
    "CB18": ("sorting of a column is asc or desc", sorting),
    "CB19": ("precision of a column is 0 to 10", precision),
    "CB20": ("questions of the fact sheet have their six parts", fact_sheet),
    "CB21": ("names stay in the bundle, and none occurs twice", names),
    "CB22": ("ground truth stands in reference data alone", secrets),
}


def broken_rules(path: Path) -> list[tuple[str, str]]:
    """The id of each rule that a bundle breaks, and how; a file that is not a zip archive breaks the first.

    Raises:
        UsageError: P114 no such file, P135 not a regular file. LimitError: P501 larger than 4 GiB.
    """
    data = read_regular(path, shown(path.name), MOST_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            node = _yaml(archive.read(YAML)) if YAML in archive.namelist() else None
            bundle = Bundle(archive, node if isinstance(node, Mapping) else {})
            if broken := [("CB1", text) for text in yaml_at_root(bundle)]:
                return broken
            return [(key, text) for key, (_, rule) in RULES.items() for text in rule(bundle)]
    except zipfile.BadZipFile as error:
        return [("CB1", f"is not a zip archive ({shown(error, 80)})")]


def check_bundle(path: Path, name: str | None = None) -> None:
    """Refuse a bundle that breaks a rule; messages call it `name`, by default by its path.

    Raises:
        UsageError: P893 with each broken rule and its id.
    """
    faults = list(_faults(shown(name or path.name), broken_rules(path)))
    if faults:
        raise error_of(faults)


def _faults(where: str, broken: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    for key, text in broken:
        yield Fault("P893", f"{where}: rule {key}", text, RULES[key][0])


def _yaml(data: bytes) -> Any:
    import yaml

    try:
        return yaml.safe_load(data)
    except yaml.YAMLError:
        return None
