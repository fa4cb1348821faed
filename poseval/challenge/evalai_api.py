"""The calls that a remote worker makes to an EvalAI server, each bounded in time and bytes.

Read in Cloud-CV/EvalAI-Starters, `remote_challenge_evaluation/eval_ai_interface.py`, and Cloud-CV/EvalAI,
`apps/jobs/views.py`.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from poseval.errors import FormatError, LimitError, UsageError, shown
from poseval.limits import MIB

CALL_SECONDS = 30
ANSWER_BYTES = MIB
STEP = 1 << 16
WHERE = "the submission"


class Unreachable(Exception):
    """A call that may work when it is made again: no connection, a server that is busy or broken."""


class Rejected(Exception):
    """A call that the server understood and will not do: what it names is not there, or not in that state."""


class _NoOtherScheme(urllib.request.HTTPRedirectHandler):
    """Follows redirections to web addresses alone, and takes no token along to another host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The next request; none where the address is no web address."""
        if urlsplit(newurl).scheme not in ("http", "https"):
            return None
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            made.remove_header("Authorization")
        return made


@dataclass(frozen=True)
class EvalAI:
    """An EvalAI server, and what a worker of one challenge needs to speak with it."""

    server: str
    token: str = field(repr=False)
    queue: str = ""
    challenge: str = ""

    def message(self) -> Mapping[str, Any] | None:
        """The next message of the queue, with its `body` and `receipt_handle`; None where it is empty."""
        found = self._call("GET", f"/api/jobs/challenge/queues/{quote(self.queue, safe='')}/")
        return found if isinstance(found.get("body"), dict) else None

    def delete(self, receipt: str) -> None:
        """Take a message from the queue for good."""
        self._call("POST", f"/api/jobs/queues/{quote(self.queue, safe='')}/", {"receipt_handle": receipt})

    def submission(self, key: int) -> Mapping[str, Any]:
        """What the server knows of a submission: `status`, `input_file`, `challenge_phase`, the team."""
        return self._call("GET", f"/api/jobs/submission/{key}")

    def running(self, key: int) -> None:
        """Say that a submission is being scored."""
        self._update("PATCH", {"submission": key, "job_name": "poseval", "submission_status": "RUNNING"})

    def finished(self, values: Mapping[str, Any]) -> None:
        """Say what came of a submission."""
        self._update("PUT", values)

    def _update(self, method: str, values: Mapping[str, Any]) -> None:
        challenge = quote(self.challenge, safe="")
        self._call(method, f"/api/jobs/challenge/{challenge}/update_submission/", values)

    def _call(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """One call. Its answer is a JSON object.

        Raises:
            Unreachable: it may be made again. Rejected: it may not.
            UsageError: P895 the server does not know the token.
        """
        data = None if values is None else json.dumps(values).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.server.rstrip("/") + path, data, headers, method=method)
        try:
            with _opener().open(request, timeout=CALL_SECONDS) as answer:
                found = json.loads(answer.read(ANSWER_BYTES + 1)[:ANSWER_BYTES] or b"{}")
        except urllib.error.HTTPError as error:
            if error.code in (401, 403):
                raise UsageError(
                    "P895",
                    where=f"{method} {shown(path, 200)}",
                    what=f"was refused by the server ({error.code})",
                    wanted="the AUTH_TOKEN of an organiser",
                ) from None
            again = error.code in (408, 425, 429) or error.code >= 500
            raise (Unreachable if again else Rejected)(f"{method} {path}: {error.code}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"{method} {path}: {type(error).__name__}") from None
        if not isinstance(found, dict):
            raise Unreachable(f"{method} {path}: no JSON object")
        return found


def download(address: str, place: Path, most: int, seconds: float) -> None:
    """Write what is behind a web address to a file; the token of the server is not sent along.

    Raises:
        Unreachable: it may be tried again.
        FormatError: P226 another address than of the web. LimitError: P501 more than `most` bytes.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise FormatError("P226", where=WHERE, what="has no address of the web", wanted="http or https")
    until = time.monotonic() + seconds
    size = 0
    try:
        with _opener().open(address, timeout=CALL_SECONDS) as answer, place.open("wb") as file:
            while step := answer.read(STEP):
                size += len(step)
                if size > most:
                    raise LimitError(
                        "P501", where=WHERE, what=f"is larger than {most:,} bytes", wanted="a smaller file"
                    )
                if time.monotonic() > until:
                    raise Unreachable(f"download took more than {seconds:g} s")
                file.write(step)
            wanted = answer.headers.get("Content-Length")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"download: {type(error).__name__}") from None
    if wanted is not None and wanted.isdigit() and int(wanted) != size:
        raise Unreachable(f"download ended after {size} of {wanted} bytes")


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _NoOtherScheme(),
    ):
        opener.add_handler(handler)
    return opener
