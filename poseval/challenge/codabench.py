"""A bundle for Codabench: its description, pages, the scoring program, and the ground truth apart from both.

Read in codalab/codabench, `src/apps/competitions/unpackers/v2.py` and `compute_worker/compute_worker.py`.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

from poseval.challenge.codabench_rules import check_bundle
from poseval.challenge.description import FILE, Column, Description, Question, Split
from poseval.challenge.judge import open_judge
from poseval.challenge.pinned import requirements_text
from poseval.errors import UsageError, shown
from poseval.files.writing import write_atomically
from poseval.poses import Notice

PLAIN_KEY = re.compile(r"[A-Za-z0-9_@./-]{1,36}")
STARTING = 120  # seconds beyond those of a submission: to start Python and to read the ground truth
PROGRAM = "scoring_program"
BASE_IMAGE = "python:3.12.8-slim-bookworm"
DOCKERFILE = f"""# The container image in which Codabench scores:
#   docker build -t NAME . && docker push NAME, and NAME is `container` in challenge.toml.
# Wheels that lie in wheels/ are taken from there, others from the package index.
FROM {BASE_IMAGE}
COPY requirements.txt wheels/ /tmp/wheels/
RUN python3 -m pip install --no-cache-dir --no-compile --find-links /tmp/wheels \\
    -r /tmp/wheels/requirements.txt && rm -r /tmp/wheels
ENV MPLCONFIGDIR=/tmp
"""
WHEELS_NOTE = "Wheels in this folder are used by run.py and by the Dockerfile.\n"
SCORES = ("poseval", "numpy")  # the packages that scoring loads
DRAWS = ("matplotlib", "jinja2")  # and a report with its curves
OF_PYTHON = re.compile(r"-(cp3\d+)-cp3\d+-")
FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # of all members, so that equal bundles have equal bytes


def build_bundle(description: Description, out: Path, wheels: Path | None = None) -> list[Notice]:
    """Write the bundle, after every split was read and scored once; what is to be done besides.

    `wheels` is a folder of wheels that are put into the scoring program, for a container without poseval.

    Raises:
        InputError: a ground truth is wrong.
        UsageError: P893 the bundle would break a rule of Codabench, P886 wheels that are not enough.
    """
    for split in description.splits:
        open_judge(description, split.name)
    brought = [] if wheels is None else wheels_in(wheels, description)
    members = list(_members(description, brought))

    def pack(file: BinaryIO) -> None:
        _pack(members, file)
        file.flush()
        check_bundle(Path(file.name), out.name)

    write_atomically(out, pack, force=True)
    image = f"Codabench scores in the container image {shown(description.container, 200)}"
    if brought:
        tag = next((found[1] for wheel in brought if (found := OF_PYTHON.search(wheel.name))), "of any kind")
        return [Notice("N598", f"{image}: its Python must be that of the wheels, {tag}")]
    todo = f"build it by {PROGRAM}/Dockerfile of the bundle and push it, or build with --wheels"
    return [Notice("N598", f"{image}: {todo}")]


def wheels_in(folder: Path, description: Description) -> list[Path]:
    """The wheels in a folder, which must be enough to score without a network.

    Raises:
        UsageError: P886 a package has no wheel there.
    """
    found = sorted(folder.glob("*.whl"))
    names = {wheel.name.partition("-")[0].lower() for wheel in found}
    drawn = any(split.detail == "report" for split in description.splits)
    needed = [*SCORES, *(DRAWS if drawn else ())]
    lacking = [name for name in needed if name not in names]
    if lacking:
        raise UsageError(
            "P886",
            where=f"--wheels {shown(folder, 400)}",
            what=f"holds no wheel of {' and '.join(lacking)}",
            wanted=f"wheels of {', '.join(needed)}",
            hint="`pip wheel --wheel-dir FOLDER NAME` puts them there; poseval is named by its sources",
        )
    return found


def _pack(members: Sequence[tuple[str, bytes | Path]], file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, FIRST_DATE)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            data = content.read_bytes() if isinstance(content, Path) else content
            archive.writestr(entry, data)


def _members(description: Description, wheels: Sequence[Path]) -> Iterator[tuple[str, bytes | Path]]:
    """Names and contents of the bundle's files."""
    import yaml

    text = yaml.safe_dump(competition(description), sort_keys=False, allow_unicode=True, width=100)
    yield "competition.yaml", text.encode()
    for name in dict.fromkeys(
        [description.image, description.terms, *(page.file for page in description.pages)]
    ):
        yield name, description.folder / name
    for split in description.splits:
        folder = _reference(split)
        yield f"{folder}/{FILE}", replace(description, splits=(split,)).to_toml().encode()
        yield from _below(description.folder / split.truth, f"{folder}/{split.truth}")
    yield f"{PROGRAM}/metadata.yaml", b"command: python3 /app/program/run.py\n"
    yield f"{PROGRAM}/run.py", files("poseval.challenge").joinpath("codabench_run.py").read_bytes()
    yield f"{PROGRAM}/Dockerfile", DOCKERFILE.encode()
    yield f"{PROGRAM}/requirements.txt", requirements_text()
    yield f"{PROGRAM}/wheels/README.txt", WHEELS_NOTE.encode()
    for wheel in wheels:
        yield f"{PROGRAM}/wheels/{wheel.name}", wheel


def _below(path: Path, name: str) -> Iterator[tuple[str, Path]]:
    """A file, or all files below a folder, with their names in the bundle."""
    if os.path.isfile(path):
        yield name, path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for one in sorted(names):
            place = Path(folder, one)
            yield f"{name}/{place.relative_to(path).as_posix()}", place


def _reference(split: Split) -> str:
    return f"reference_data_{split.name}"


def competition(description: Description) -> dict[str, Any]:
    """The content of competition.yaml."""
    return {
        "version": 2,
        "title": description.title,
        "description": description.summary,
        "image": description.image,
        "terms": description.terms,
        "docker_image": description.container,
        "registration_auto_approve": False,
        "enable_detailed_results": True,
        "make_programs_available": False,
        "make_input_data_available": False,
        "can_participants_make_submissions_public": False,
        **({"contact_email": description.contact} if "@" in description.contact else {}),
        "pages": [{"title": page.title, "file": page.file} for page in description.pages],
        "tasks": [
            {
                "index": at,
                "name": split.title,
                "scoring_program": PROGRAM,
                "reference_data": _reference(split),
            }
            for at, split in enumerate(description.splits)
        ],
        "phases": [_phase(description, split, at) for at, split in enumerate(description.splits)],
        "fact_sheet": {question.key: _question(question) for question in description.questions},
        "leaderboards": [
            {
                "title": description.title,
                "key": "results",
                "submission_rule": "Force_Best",
                "primary_index": _index_of(description),
                "columns": _columns(description.columns),
            }
        ],
    }


def _index_of(description: Description) -> int:
    return [column.key for column in description.columns].index(description.ranking.by)


def _phase(description: Description, split: Split, at: int) -> dict[str, Any]:
    form = "%Y-%m-%d %H:%M:%S"  # as text: of a YAML time Codabench keeps the day alone
    return {
        "index": at,
        "name": split.title,
        "start": split.start.strftime(form),
        **({} if split.end is None else {"end": split.end.strftime(form)}),
        "tasks": [at],
        "max_submissions": split.total,
        "max_submissions_per_day": split.per_day,
        "execution_time_limit": description.limits.seconds + STARTING,
        "accepts_only_result_submissions": True,
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "type": "select" if question.choices else "text",
        "title": question.title,
        "selection": ["", *question.choices] if question.choices else "",
        "is_required": str(question.required).lower(),
        "is_on_leaderboard": str(question.shown).lower(),
    }


def _columns(columns: Sequence[Column]) -> list[dict[str, Any]]:
    keys = column_keys(columns)
    return [
        {
            "title": column.title,
            "key": keys[column.key],
            "index": at,
            "sorting": "desc" if column.better == "higher" else "asc",
            "precision": column.digits,
            "hidden": False,
        }
        for at, column in enumerate(columns)
    ]


def column_keys(columns: Sequence[Column]) -> dict[str, str]:
    """What Codabench calls each column: its own key, unless that is too long or has other signs."""
    return {
        column.key: column.key if PLAIN_KEY.fullmatch(column.key) else f"column_{at}"
        for at, column in enumerate(columns)
    }
