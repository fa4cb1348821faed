"""A repository that is a challenge: submissions are pull requests, the board is a page that merges update.

The ground truth lies in it encrypted; its key is a secret of the repository. What runs with the secret is the
code and the description of the main branch. Of a pull request it takes one file, as data.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from poseval.challenge.description import FILE, Description
from poseval.challenge.judge import KNOWN, open_judge
from poseval.challenge.pinned import requirements_text
from poseval.challenge.public import known_part
from poseval.datasets import Role, WriteOptions, get_format
from poseval.datasets.files.folder import write_folder
from poseval.errors import UsageError
from poseval.poses import Notice, PoseSet
from poseval.scoring.reading import read_truth

SECRET = "TRUTH_KEY"
ENCRYPTED = "challenge/truth.enc"
# What openssl is given, here and in the job that decrypts.
CIPHER = ("enc", "-aes-256-cbc", "-pbkdf2", "-iter", "600000", "-pass", f"env:{SECRET}")
KINDS = (
    *(".yml", ".md", ".html", ".txt", ".toml", ".py", ".enc", ".npz", ".gitkeep"),
    *(".png", ".jpg", ".jpeg", ".gif"),
)
README = """# {title}

{summary}

Send a submission as a pull request that adds one file, `submissions/TEAM/NAME.json` (or `.zip`, `.gz`). Its
form is checked at once. An organiser then sets the label `score`, and the verdict is written below the pull
request. After the merge the board in `board/` has it.
"""
OURS = ("score.yml", "board.yml", "form.yml")


def build_repository(description: Description, out: Path, force: bool = False) -> list[Notice]:
    """Write the files of the repository, after every split was scored once; what is to be done besides.

    Raises:
        InputError: a ground truth is wrong. UsageError: P131, P137 the folder cannot be written, P898 no
            openssl.
    """
    for split in description.splits:
        open_judge(description, split.name)
    key = secrets.token_urlsafe(32)
    write_folder(out, _members(description, key), force, KINDS)
    text = (
        f"set the secret {SECRET} of the repository to {key}; it is written nowhere else. Without it "
        f"nobody can read {ENCRYPTED}"
    )
    return [Notice("N598", text)]


def _members(description: Description, key: str) -> Iterator[tuple[str, bytes]]:
    root = files("poseval.challenge").joinpath("workflows")
    for name in OURS:
        yield f".github/workflows/{name}", root.joinpath(name).read_bytes()
    yield ".gitlab-ci.yml", root.joinpath("gitlab.yml").read_bytes()
    yield "score.py", files("poseval.challenge").joinpath("repository_run.py").read_bytes()
    yield "requirements.txt", requirements_text()
    yield "README.md", README.format(title=description.title, summary=description.summary).encode()
    yield f"challenge/{FILE}", (description.folder / FILE).read_bytes()
    for name in dict.fromkeys([description.image, description.terms, *(p.file for p in description.pages)]):
        yield f"challenge/{name}", (description.folder / name).read_bytes()
    for folder in ("submissions", "verdicts"):
        yield f"{folder}/.gitkeep", b""
    for split in description.splits:
        known = known_part(read_truth(description.folder / split.truth, description.task()), split.public)
        if known is not None:
            yield f"challenge/{KNOWN.format(split.name)}", as_native(known)
    yield ENCRYPTED, encrypted(description, key)


def as_native(poses: PoseSet) -> bytes:
    """A set in poseval's own form."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "known.npz")
        get_format("native").write(poses, place, WriteOptions(Role.TRUTH))
        return place.read_bytes()


def encrypted(description: Description, key: str) -> bytes:
    """The ground truth of all splits as an archive that only the key opens.

    Raises:
        UsageError: P898 openssl is not installed.
    """
    program = shutil.which("openssl")
    if program is None:
        raise UsageError(
            "P898",
            where="openssl",
            what="is not installed, and the ground truth is to be encrypted by it",
            wanted="openssl 1.1.1 or newer",
        )
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w:gz") as archive:
        for split in description.splits:
            archive.add(description.folder / split.truth, split.truth)
    done = subprocess.run(
        [program, *CIPHER, "-salt"],
        input=plain.getvalue(),
        env={"PATH": os.environ.get("PATH", ""), SECRET: key},
        capture_output=True,
        check=True,
    )
    return done.stdout


def decrypted(source: Path, folder: Path) -> None:
    """Unpack the ground truth below a folder, with the key that the environment has.

    Raises:
        UsageError: P898 openssl is not installed, or the key is another.
    """
    program = shutil.which("openssl")
    done = None
    if program is not None and os.environ.get(SECRET):
        done = subprocess.run([program, *CIPHER, "-d", "-in", source], capture_output=True, check=False)
    if done is None or done.returncode:
        raise UsageError(
            "P898",
            where=SECRET,
            what="does not open the ground truth",
            wanted="the key that `poseval challenge build` printed, and openssl",
        )
    with tempfile.TemporaryFile() as file:
        file.write(done.stdout)
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:gz") as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(folder, filter="data")
            else:  # early releases of Python 3.10 and 3.11; the archive is our own
                archive.extractall(folder)
