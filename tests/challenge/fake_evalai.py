"""An EvalAI server on loopback that speaks the calls of a remote worker, and fails as asked."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN, QUEUE, CHALLENGE = "secret-token", "a queue/1", "7"


@dataclass
class Server:
    """A queue whose messages come again when nobody deletes them, submissions, and what was reported."""

    visibility: float = 0.2  # seconds until a message that was taken comes again
    waiting: dict[str, tuple[int, float]] = field(default_factory=dict)  # receipt -> submission, when seen
    files: dict[int, bytes] = field(default_factory=dict)
    status: dict[int, str] = field(default_factory=dict)
    reports: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    served: Counter[int] = field(default_factory=Counter)
    authorised: list[str | None] = field(default_factory=list)  # of requests for files
    fail: list[str] = field(default_factory=list)  # what happens to the next calls: lost, cut, 500, 429, ...
    lost: set[int] = field(default_factory=set)  # submissions whose file is always cut
    address: str = ""
    team: str = ""  # every team and method is called so, if not empty
    guard: threading.Lock = field(default_factory=threading.Lock)

    def send(self, key: int, data: bytes, times: int = 1) -> None:
        """A participant sends a submission; its message stands in the queue so many times."""
        self.files[key], self.status[key] = data, "submitted"
        for at in range(times):
            self.waiting[f"receipt-{key}-{at}"] = key, 0.0

    def next_message(self) -> dict[str, Any]:
        with self.guard:
            for receipt, (key, seen) in self.waiting.items():
                if seen < time.monotonic() - self.visibility:
                    self.waiting[receipt] = key, time.monotonic()
                    body = {"submission_pk": key, "challenge_pk": 7, "phase_pk": 12}
                    return {"body": body, "receipt_handle": receipt}
        return {}

    def submission(self, key: int) -> dict[str, Any]:
        return {
            "id": key,
            "status": self.status[key],
            "input_file": f"{self.address}/files/{key}/results.json",
            "participant_team_name": self.team or f"team {key}",
            "method_name": self.team or "a method",
            "challenge_phase": 12,
        }


class Handler(BaseHTTPRequestHandler):
    """Speaks for `server.known`."""

    def log_message(self, *given: object) -> None:
        """Nothing."""

    @property
    def known(self) -> Server:
        found: Server = self.server.known  # type: ignore[attr-defined]
        return found

    def answer(self, node: Any, code: int = 200, cut: int = 0) -> None:
        data = node if isinstance(node, bytes) else json.dumps(node).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) - cut])
        if cut:
            self.close_connection = True

    def handle_call(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length) or b"{}")
        known = self.known
        with known.guard:
            trouble = known.fail.pop(0) if known.fail else ""
        if trouble == "lost":
            self.close_connection = True
            self.connection.close()
            return
        if trouble.isdigit():
            self.answer({"error": "no"}, int(trouble))
            return
        if self.path.startswith("/files/"):
            key = int(self.path.split("/")[2])
            known.authorised.append(self.headers.get("Authorization"))
            known.served[key] += 1
            self.answer(known.files[key], cut=5 if trouble == "cut" or key in known.lost else 0)
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer({"detail": "Invalid token"}, 401)
        else:
            self.answer(*self.call(sent))
            if trouble == "heard":  # done, but the answer does not arrive
                self.close_connection = True

    def call(self, sent: dict[str, Any]) -> tuple[Any, int]:
        known, what = self.known, f"{self.command} {self.path}"
        if what == "GET /api/jobs/challenge/queues/a%20queue%2F1/":
            return known.next_message(), 200
        if what == "POST /api/jobs/queues/a%20queue%2F1/":
            known.waiting.pop(sent["receipt_handle"], None)
            return {"success": True}, 200
        if found := re.fullmatch(r"GET /api/jobs/submission/(\d+)", what):
            key = int(found[1])
            return (known.submission(key), 200) if key in known.status else ({"error": "none"}, 404)
        if what.endswith(f"/api/jobs/challenge/{CHALLENGE}/update_submission/"):
            key = sent["submission"]
            if self.command == "PATCH":
                known.status[key] = sent["submission_status"].lower()
            elif self.command == "PUT":
                known.reports.setdefault(key, []).append(sent)
                known.status[key] = sent["submission_status"].lower()
            return {"success": True}, 200
        return {"error": what}, 404

    do_GET = do_POST = do_PUT = do_PATCH = handle_call


class Quiet(ThreadingHTTPServer):
    """One that says nothing of clients that were killed in the middle."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing."""


@contextmanager
def serving(known: Server) -> Iterator[Server]:
    """The server, listening on loopback."""
    server = Quiet(("127.0.0.1", 0), Handler)
    server.known = known  # type: ignore[attr-defined]
    known.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
