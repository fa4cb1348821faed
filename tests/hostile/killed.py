"""Run Python code and kill the process, without warning, at its n-th step in a folder.

`python -m tests.hostile.killed FOLDER N CODE`: a step changes a file below FOLDER (opening it for writing, a
link, a rename, a removal, a change of mode), or is a statement of SQLite. A run of fewer steps
ends as it would.
"""

from __future__ import annotations

import os
import signal
import sys

EVENTS = frozenset({"os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "shutil.rmtree"})


def main(folder: str, at: int, code: str) -> None:
    """Install the hook and run."""
    left = at

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        writes = event in EVENTS or (event == "open" and arguments[2] and int(str(arguments[2])) & 3)
        if writes and str(arguments[0]).startswith(folder):
            step()

    from poseval.decisions import store

    patiently = store._patiently

    def counted(*arguments: object) -> object:
        step()
        return patiently(*arguments)  # type: ignore[arg-type]

    store._patiently = counted  # type: ignore[assignment]
    sys.addaudithook(hook)
    exec(code, {"__name__": "__main__"})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
