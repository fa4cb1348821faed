"""Score submissions of a challenge's repository; copied there as `score.py`, it runs from the main branch.

    python score.py take COMMIT         # the one file that a commit adds, as `submission`; its name: name.txt
    python score.py form NAME FILE      # without the ground truth, for anybody: is it a submission?
    python score.py one NAME FILE       # with it: the verdict, as participants may read it
    python score.py all                 # every submission without a verdict, then the board

`form` and `one` write verdict.md, in which every line is indented: nothing in it is read as Markdown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SECRET = "TRUTH_KEY"
NAME = re.compile(r"submissions/([A-Za-z0-9_-]{1,30})/([A-Za-z0-9_-]{1,30})((?:\.[A-Za-z0-9]{1,8}){1,2})")
WRONG = "A submission is one new file, submissions/TEAM/NAME.json (or .zip, .gz), of plain letters.\n"
MOST_BYTES = 512 * 1024 * 1024


def run(*command: str | Path) -> subprocess.CompletedProcess[bytes]:
    """A program that never has the key of the ground truth."""
    bare = {name: value for name, value in os.environ.items() if name != SECRET}
    return subprocess.run(list(map(str, command)), env=bare, cwd=ROOT, capture_output=True, check=False)


def poseval(*words: str | Path) -> tuple[int, str]:
    """The status and the output of a command of poseval."""
    done = run(sys.executable, "-m", "poseval", "challenge", *words)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def write_verdict(status: int, text: str) -> int:
    """Write what is to be read below the pull request."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    (ROOT / "verdict.md").write_text(lines, "utf-8")
    sys.stdout.write(text)
    return status


def take(commit: str) -> int:
    """Write the one file that a commit adds to what is checked out here; nothing of it runs."""
    listed = run("git", "diff", "--no-renames", "--name-status", "-z", "HEAD", commit)
    parts = listed.stdout.decode("utf-8", "replace").split("\0")[:-1]
    changes = list(zip(parts[::2], parts[1::2], strict=False))
    if listed.returncode or len(changes) != 1 or changes[0][0] != "A" or not NAME.fullmatch(changes[0][1]):
        return write_verdict(3, WRONG)
    name = changes[0][1]
    kind = run("git", "ls-tree", "-l", commit, "--", name).stdout.split()
    if kind[0] != b"100644" or int(kind[3]) > MOST_BYTES:  # a link, or a file that may run
        return write_verdict(3, WRONG)
    (ROOT / "submission").write_bytes(run("git", "cat-file", "blob", f"{commit}:{name}").stdout)
    (ROOT / "name.txt").write_text(name, "ascii")
    return 0


def score_all(folder: Path) -> int:
    """Score what has no verdict yet, and write the board of all."""
    for path in sorted((ROOT / "submissions").glob("*/*")):
        name = NAME.fullmatch(path.relative_to(ROOT).as_posix())
        if name is None or path.is_symlink():
            continue
        verdict = ROOT / "verdicts" / f"{name[1]}-{name[2]}.json"
        if not verdict.exists():
            asked = ("--save", verdict, "--public", "--name", name[2], "--team", name[1])
            poseval("check", folder, path, *asked)
    words = ("site", folder, "--runs", ROOT / "verdicts", "--out", ROOT / "board", "--force")
    done = run(sys.executable, "-m", "poseval", "challenge", *words)
    if b"[P148]" in done.stderr:  # nothing was scored yet
        return 0
    return done.returncode


def main(words: list[str]) -> int:
    """The exit status: 0 for a submission that is scored or valid."""
    what, *rest = words or ["help"]
    if what == "take" and len(rest) == 1:
        return take(rest[0])
    if what in ("form", "one") and len(rest) == 2 and not NAME.fullmatch(rest[0]):
        return write_verdict(3, WRONG)
    if what == "form" and len(rest) == 2:
        return write_verdict(*poseval("check", ROOT / "challenge", rest[1], "--form"))
    if (what, len(rest)) not in (("one", 2), ("all", 0)):
        sys.stderr.write(__doc__ or "")
        return 2
    from poseval.challenge.repository import decrypted

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "challenge.toml").write_bytes((ROOT / "challenge/challenge.toml").read_bytes())
        decrypted(ROOT / "challenge/truth.enc", folder)
        if what == "all":
            return score_all(folder)
        return write_verdict(*poseval("check", folder, rest[1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
