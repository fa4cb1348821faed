"""`poseval explain`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from poseval.cli.names import codes
from poseval.cli.terminal import say
from poseval.errors import UsageError, did_you_mean, shown

CODE = re.compile(r"[PN]\d+", re.IGNORECASE)  # or what was meant as one


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="CODE | FIRST SECOND", shell_complete=codes)
def explain(words: tuple[str, ...]) -> None:
    """Explain the CODE of an error or notice, or how the signatures of two reports or runs differ."""
    if len(words) == 1 and CODE.fullmatch(words[0]):
        say(_of_code(words[0]), err=False)
        return
    if len(words) != 2:
        raise UsageError(
            "P103",
            where="poseval explain",
            what="needs the code of an error or notice, or two reports",
            wanted="CODE, such as P402, or FIRST SECOND",
        )
    from poseval.report.explain import explain_reports
    from poseval.scoring.saved_runs import load_report

    first, second = map(Path, words)
    say(explain_reports(load_report(first), load_report(second)), err=False)


def _of_code(typed: str) -> str:
    from poseval.errors.codes import entries

    known, code = entries(), typed.upper()
    if code not in known:
        wanted = "a code such as P402 (docs/errors.md), or two reports"
        near = did_you_mean(code, known)
        raise UsageError(
            "P194", where=f"code {shown(typed)!r}", what="is not known", wanted=wanted, hint=near
        )
    return f"{code}: {known[code].meaning}\nWhat to do: {known[code].remedy}"
