"""What EvalAI needs of a challenge: its configuration, and the remote worker that scores.

The form is that of Cloud-CV/EvalAI-Starters. Hosted workers have a Python in which poseval does not run, so
evaluation is remote; the ground truth never leaves the machine of the worker.
"""

from __future__ import annotations

import html
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from poseval.challenge.description import Description, Question, Split
from poseval.challenge.judge import open_judge
from poseval.challenge.pinned import requirements_text
from poseval.datasets.files.folder import write_folder
from poseval.poses import Notice

FAR = "2099-12-31 23:59:59"  # EvalAI wants an end
MONTH = 30  # days
NO_TRUTH = b'{"note": "The ground truth is on the machine of the remote worker."}\n'
KINDS = (".yaml", ".html", ".md", ".txt", ".json", ".zip", ".py", ".png", ".jpg", ".jpeg", ".gif")
HOSTED = '''"""EvalAI wants this package; evaluation is remote (remote_challenge_evaluation/)."""


def evaluate(test_annotation_file, user_submission_file, phase_codename, **kwargs):
    raise RuntimeError("this challenge is evaluated by its remote worker")
'''
MAIN = '''"""The remote worker: scores the submissions of the challenge, until it is stopped.

API_SERVER, AUTH_TOKEN, QUEUE_NAME, CHALLENGE_PK and SAVE_DIR are read from the environment. CHALLENGE is the
folder with challenge.toml and the ground truth, PHASES names the split of each phase: 12=validation,13=test.
"""

import os
import sys

words = ["poseval", "challenge", "worker", os.environ.get("CHALLENGE", ".")]
for phase in filter(None, os.environ.get("PHASES", "").split(",")):
    words += ["--phase", phase]
os.execvp(sys.executable, [sys.executable, "-m", *words])
'''


def build_folder(description: Description, out: Path, force: bool = False) -> list[Notice]:
    """Write the folder, after every split was read and scored once; what is to be done besides.

    Raises:
        InputError: a ground truth is wrong. UsageError: P131, P137 the folder cannot be written.
    """
    for split in description.splits:
        open_judge(description, split.name)
    write_folder(out, _members(description), force, KINDS)
    text = (
        f"{out.name}: push it to a copy of EvalAI's template repository, and start "
        "remote_challenge_evaluation/main.py where the ground truth is"
    )
    return [Notice("N598", text)]


def _members(description: Description) -> Iterator[tuple[str, bytes]]:
    import yaml

    text = yaml.safe_dump(configuration(description), sort_keys=False, allow_unicode=True, width=100)
    yield "challenge_config.yaml", text.encode()
    yield _image(description), (description.folder / description.image).read_bytes()
    files = [page.file for page in description.pages]
    rest = files[1:] or files
    for name, shown_there in (
        ("description", files[:1]),
        ("evaluation_details", rest),
        ("submission_guidelines", rest),
        ("terms_and_conditions", [description.terms]),
    ):
        yield f"templates/{name}.html", _page(description, shown_there)
    for split in description.splits:
        yield f"templates/phase_{split.name}.html", f"<p>{html.escape(split.title)}</p>\n".encode()
        yield f"annotations/{split.name}.json", NO_TRUTH
    yield "evaluation_script.zip", _zipped({"__init__.py": "from .main import evaluate\n", "main.py": HOSTED})
    yield "remote_challenge_evaluation/main.py", MAIN.encode()
    yield "remote_challenge_evaluation/requirements.txt", requirements_text()


def _image(description: Description) -> str:
    return "logo" + Path(description.image).suffix.lower()


def _zipped(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


def _page(description: Description, names: list[str]) -> bytes:
    """Pages as HTML; of Markdown the headings and paragraphs."""
    parts = []
    for name in names:
        text = (description.folder / name).read_text("utf-8")
        parts.append(text if name.lower().endswith((".html", ".htm")) else _as_html(text))
    return "\n".join(parts).encode()


def _as_html(text: str) -> str:
    out = []
    for block in text.split("\n\n"):
        stripped = block.strip()
        level = len(stripped) - len(stripped.lstrip("#"))
        if level:
            out.append(f"<h{min(level, 6)}>{html.escape(stripped.lstrip('# '))}</h{min(level, 6)}>")
        elif stripped:
            out.append(f"<p>{html.escape(stripped)}</p>")
    return "\n".join(out) + "\n"


def configuration(description: Description) -> dict[str, Any]:
    """The content of challenge_config.yaml."""
    numbers = {
        column.title: {"sort_ascending": column.better == "lower", "description": column.key}
        for column in description.columns
    }
    titles = {column.key: column for column in description.columns}
    decides = titles[description.ranking.by]
    return {
        "title": description.title,
        "short_description": description.summary or description.title,
        "description": "templates/description.html",
        "evaluation_details": "templates/evaluation_details.html",
        "terms_and_conditions": "templates/terms_and_conditions.html",
        "image": _image(description),
        "submission_guidelines": "templates/submission_guidelines.html",
        "evaluation_script": "evaluation_script.zip",
        "remote_evaluation": True,
        "is_docker_based": False,
        "start_date": _time(description.splits[0]),
        "end_date": _end(description.splits[-1]),
        "published": True,
        "leaderboard": [
            {
                "id": 1,
                "schema": {
                    "labels": list(numbers),
                    "default_order_by": decides.title,
                    "metadata": numbers,
                },
            }
        ],
        "challenge_phases": [
            _phase(description, split, at) for at, split in enumerate(description.splits, 1)
        ],
        "dataset_splits": [
            {"id": at, "name": split.title, "codename": split.name}
            for at, split in enumerate(description.splits, 1)
        ],
        "challenge_phase_splits": [
            {
                "challenge_phase_id": at,
                "leaderboard_id": 1,
                "dataset_split_id": at,
                "visibility": 3,
                "leaderboard_decimal_precision": decides.digits,
                "is_leaderboard_order_descending": decides.better == "higher",
            }
            for at, _ in enumerate(description.splits, 1)
        ],
    }


def _time(split: Split) -> str:
    return split.start.strftime("%Y-%m-%d %H:%M:%S")


def _end(split: Split) -> str:
    return FAR if split.end is None else split.end.strftime("%Y-%m-%d %H:%M:%S")


def _phase(description: Description, split: Split, at: int) -> dict[str, Any]:
    return {
        "id": at,
        "name": split.title,
        "codename": split.name,
        "description": f"templates/phase_{split.name}.html",
        "leaderboard_public": True,
        "is_public": True,
        "is_submission_public": False,
        "start_date": _time(split),
        "end_date": _end(split),
        "test_annotation_file": f"annotations/{split.name}.json",
        "max_submissions_per_day": split.per_day,
        "max_submissions_per_month": min(split.total, MONTH * split.per_day),
        "max_submissions": split.total,
        "allowed_submission_file_types": ".json, .zip, .gz, .npz, .mat, .csv",
        "submission_meta_attributes": [_question(question) for question in description.questions],
    }


def _question(question: Question) -> dict[str, Any]:
    found: dict[str, Any] = {"name": question.key, "description": question.title, "type": "text"}
    if question.choices:
        found |= {"type": "radio", "options": list(question.choices)}
    return found | {"required": question.required}
