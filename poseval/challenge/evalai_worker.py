"""A worker of EvalAI's remote evaluation: it takes messages, scores submissions, and says what came of them.

What is known of a submission lies in a folder, by its id: how often it was tried, and its verdict. A message
may come again, a connection may be lost, the worker may be killed at any moment: the next one goes on from
there. A submission is scored once, unless the worker was killed while it did so.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from poseval.challenge.description import Description
from poseval.challenge.evalai_api import EvalAI, Rejected, Unreachable, download
from poseval.challenge.judge import FAILED, NOT_SCORED, REFUSED, Judge, Verdict, open_judge
from poseval.challenge.messages import refusal
from poseval.challenge.records import Record, now, read_record, write_record
from poseval.challenge.scratch import scratch_folder
from poseval.decisions.entries import as_name
from poseval.errors import Fault, InputError, PosevalError, UsageError, shown
from poseval.files.writing import write_atomically

FINAL = ("finished", "failed", "cancelled")  # states of a submission in which nothing is to be done
MOST_TRIES = 10  # of a submission whose worker was killed, or that cannot be downloaded
DOWNLOAD_SECONDS = 300
REPORT_SECONDS = 600  # until a verdict that cannot be reported is left for later
LONGEST_WAIT = 300  # seconds
ROOM_FOR = 4  # times the largest submission: it, what it unpacks to in whole blocks, and its verdict
UNDEFINED = {"higher": -1.0, "lower": 1e6}  # what stands for a column without a number: a server wants one
LONGEST_METHOD = 200  # characters
SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}(\.gz|\.xz|\.bz2|\.zst)?")
LATE = Fault("P229", "the submission", "could not be downloaded in time", hint="send it again")
ENDS = Fault(
    "P229", "the submission", "ended the process that scored it, again and again", hint="ask the organisers"
)


@dataclass
class Worker:
    """A worker of one challenge. `phases` are the server's ids of phases, and their splits here.

    `say` is given what organisers may read, never participants.
    """

    server: EvalAI
    description: Description
    phases: Mapping[int, str]
    folder: Path
    say: Callable[[str], None]
    wait: Callable[[float], None] = time.sleep
    judges: dict[str, Judge] = field(default_factory=dict)
    scratch: Path = Path()  # for what is needed for a moment, while it runs

    def run(self, poll: float, most: int | None = None) -> None:
        """Take messages for ever, or `most` of them and then until the queue is empty.

        Raises:
            UsageError: P895 the server refuses the worker.
        """
        for part in ("tries", "verdicts", "locks", "scratch"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        with scratch_folder(self.folder / "scratch") as self.scratch:
            self._serve(poll, most)

    def _serve(self, poll: float, most: int | None) -> None:
        failures = 0
        while most is None or most > 0:
            try:
                self._require_room()
                message = self.server.message()
                if message is not None:
                    self._take(message)
                    most = None if most is None else most - 1
                elif most is not None:
                    return
                failures = 0
                if message is None:
                    self.wait(poll)
            except (Unreachable, Rejected) as error:
                failures += 1
                self.say(f"waiting: {shown(error, 200)}")
                self.wait(_pause(failures))

    def _require_room(self) -> None:
        """A full disk is no fault of a submission: none is taken before there is room for one.

        Raises:
            Unreachable: there is none.
        """
        if shutil.disk_usage(self.folder).free < ROOM_FOR * self.description.reading.file_bytes:
            raise Unreachable("the disk is nearly full")

    def _take(self, message: Mapping[str, Any]) -> None:
        """Score and report the submission of a message, unless another worker does."""
        body, receipt = message["body"], str(message.get("receipt_handle"))
        key = body.get("submission_pk")
        if not isinstance(key, int):
            self.say(f"message without a submission: {shown(body, 200)}")
            self.server.delete(receipt)
            return
        with self._alone(key) as mine:
            if not mine:
                return
            try:
                known = self.server.submission(key)
                if known.get("status") not in FINAL:
                    phase = body.get("phase_pk") or known.get("challenge_phase")
                    self._report(key, phase, self._verdict(key, phase, known))
            except Rejected as error:
                self.say(f"submission {key}: not taken by the server: {shown(error, 200)}")
            self.server.delete(receipt)

    @contextlib.contextmanager
    def _alone(self, key: int) -> Iterator[bool]:
        """Whether no other living worker has this submission; the system frees the lock of one that died."""
        with (self.folder / "locks" / str(key)).open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True

    def _verdict(self, key: int, phase: object, known: Mapping[str, Any]) -> Verdict:
        """The verdict that is kept, or a new one, which is kept before anybody reads it."""
        kept = self.folder / "verdicts" / f"{key}.json"
        if os.path.exists(kept):
            with contextlib.suppress(PosevalError):  # cut by a full disk, for example
                return read_record(kept).verdict
        split = self._split(phase)
        tries = self._tries(key) + 1
        if tries > MOST_TRIES:
            verdict = Verdict(FAILED, split, message=f"{ENDS}\n")
        else:
            write_atomically(self.folder / "tries" / str(key), str(tries).encode(), force=True)
            with contextlib.suppress(Rejected):  # it runs already: its worker was killed
                self.server.running(key)
            verdict = self._scored(split, str(known.get("input_file")), tries)
        team = as_name(str(known.get("participant_team_name") or ""))
        facts = {"method": as_name(str(known.get("method_name") or ""), LONGEST_METHOD)}
        write_record(Record(verdict, f"submission {key}", team, facts, now()), kept)
        self.say(f"submission {key}: {verdict.status} {shown(verdict.private, 400)}".rstrip())
        return verdict

    def _tries(self, key: int) -> int:
        try:
            return int((self.folder / "tries" / str(key)).read_text("ascii"))
        except (OSError, ValueError):
            return 0

    def _split(self, phase: object) -> str:
        """The split of a phase; the only one where there is one.

        Raises:
            UsageError: P896 a phase that nobody named.
        """
        if isinstance(phase, int) and phase in self.phases:
            return self.phases[phase]
        if len(self.description.splits) == 1:
            return self.description.splits[0].name
        raise UsageError(
            "P896",
            where=f"phase {shown(phase, 40)}",
            what="belongs to no split",
            wanted=f"--phase PK=SPLIT, of {', '.join(split.name for split in self.description.splits)}",
        )

    def _scored(self, split: str, address: str, tries: int) -> Verdict:
        """Download and judge. What cannot be downloaded is tried again, until it has failed too often."""
        if split not in self.judges:
            self.judges[split] = open_judge(self.description, split)
        judge = self.judges[split]
        suffix = SUFFIX.search(urlsplit(address).path.rpartition("/")[2])
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            sent = Path(folder, "submission" + (suffix[0] if suffix else ""))
            try:
                download(address, sent, self.description.reading.file_bytes, DOWNLOAD_SECONDS)
            except Unreachable:
                if tries < MOST_TRIES:
                    raise
                return Verdict(FAILED, split, message=f"{LATE}\n")
            except InputError as error:
                return Verdict(REFUSED, split, message=refusal(error, True))
            return judge.judge(sent, self.scratch)

    def _report(self, key: int, phase: object, verdict: Verdict) -> None:
        """Say what came of a submission, again and again until the server has it, or it is time for others.

        Raises:
            Unreachable: it did not; the message stays in the queue, and the verdict here.
        """
        values = report_of(self.description, key, phase, verdict)
        until = time.monotonic() + REPORT_SECONDS
        failures = 0
        while True:
            try:
                return self.server.finished(values)
            except Unreachable:
                failures += 1
                if time.monotonic() > until:
                    raise
                self.wait(_pause(failures))


def report_of(description: Description, key: int, phase: object, verdict: Verdict) -> dict[str, Any]:
    """What the server is said of a verdict: its numbers, or that it failed with the participant's message."""
    values: dict[str, Any] = {
        "challenge_phase": phase,
        "submission": key,
        "submission_status": "FINISHED" if verdict.scored else "FAILED",
        "stdout": verdict.message if verdict.scored else "",
        "stderr": "" if verdict.scored else verdict.message or f"{NOT_SCORED}\n",
        "metadata": "",
    }
    if verdict.scored:
        numbers = {
            column.title: verdict.numbers.get(column.key, UNDEFINED[column.better])
            for column in description.columns
        }
        part = {"split": verdict.split, "show_to_participant": True, "accuracies": numbers}
        values["result"] = json.dumps([part])
    return values


def _pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row: twice as long each time, and never all at once."""
    return min(2.0 ** min(failures, 16), LONGEST_WAIT) * random.uniform(0.5, 1.0)


def from_environment(values: Mapping[str, str] = os.environ) -> EvalAI:
    """The server that the environment names, as the template of EvalAI does.

    Raises:
        UsageError: P897 a variable is not set.
    """
    names = ("API_SERVER", "AUTH_TOKEN", "QUEUE_NAME", "CHALLENGE_PK")
    absent = [name for name in names if not values.get(name)]
    if absent:
        raise UsageError(
            "P897",
            where="environment",
            what=f"has no {', '.join(absent)}",
            wanted="what EvalAI shows on the page of the challenge",
        )
    return EvalAI(*(values[name] for name in names))
