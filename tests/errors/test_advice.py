"""Advice that works: each error's `try:` is followed, and leads to a result or to another, true message.

A case makes a fault, runs the command line and follows the advice that it reads there. What comes then has to
be a result, or the error that the case names, which must differ from the first.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.errors import PosevalError
from tests.errors.advice import Argv, Case, pair
from tests.errors.advice_in_notices import IN_NOTICES
from tests.errors.advice_on_challenges import ON_CHALLENGES
from tests.errors.advice_on_files import ON_FILES
from tests.errors.advice_on_gates import ON_GATES
from tests.errors.advice_on_images import ON_IMAGES
from tests.errors.advice_on_names import ON_NAMES
from tests.errors.advice_on_readers import ON_READERS
from tests.errors.advice_on_runs import ON_RUNS
from tests.errors.advice_on_scores import ON_SCORES
from tests.errors.test_python_words import FOLLOWED
from tests.errors.wordings import advice_in, followed, wordings
from tests.shared import ROOT

CASES = [*ON_FILES, *ON_READERS, *ON_SCORES, *ON_NAMES, *ON_IMAGES, *ON_RUNS, *ON_GATES, *ON_CHALLENGES]
# Standard input and output as a shell gives them: code, advice, a command, and the one that follows it.
STREAMS = [
    ("P137", "name a file", "score dt.json --gt gt.json --json - >&-",
     "score dt.json --gt gt.json --json out.json >&-"),
    ("P128", "give one of them by its path", "score - --gt - < dt.json", "score - --gt gt.json < dt.json"),
    ("P128", "give one of them by its path", "compare - - --gt gt.json < dt.json",
     "compare - dt.json --gt gt.json < dt.json"),
    ("P109", "write `< FILE` after the command", "score - --gt gt.json <&-",
     "score - --gt gt.json < dt.json"),
]  # fmt: skip

FIRST: dict[Case, str] = {}  # what each case that ran was answered


def heard(argv: Argv, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit status, and all that was said; validate says its faults on standard output."""
    capsys.readouterr()
    status = invoke(argv)
    said = capsys.readouterr()
    return status, said.out + said.err


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.says}")
def test_advice_that_is_followed_works(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = case.make(tmp_path)
    status, said = heard(argv, capsys)
    assert status in (2, 3), said
    FIRST[case] = said
    assert case.code in said
    assert re.search(case.says, said), said
    status, said = heard(case.follow(tmp_path, argv), capsys)
    if case.then:
        assert status in (2, 3)
        assert case.then in said
        assert case.then != case.code
    assert case.then or status == 0, shlex.join(argv) + "\n" + said


@pytest.mark.parametrize("case", IN_NOTICES, ids=lambda case: f"{case.code} {case.says}")
def test_advice_of_a_notice_that_is_followed_ends_it(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = case.make(tmp_path)
    status, said = heard(argv, capsys)
    FIRST[case] = said
    assert status == 0, said
    assert re.search(rf"{case.says}.*\[{case.code}\]", said), said
    status, said = heard(case.follow(tmp_path, argv), capsys)
    assert status == 0, said
    assert case.code not in said, shlex.join(argv) + "\n" + said


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(("code", "says", "line", "then"), STREAMS)
def test_advice_about_streams_works(code: str, says: str, line: str, then: str, tmp_path: Path) -> None:
    pair(tmp_path)
    refused, done = in_a_shell(line, tmp_path), in_a_shell(then, tmp_path)
    assert refused.returncode == 2, refused.stderr
    assert f"[{code}]" in refused.stderr
    assert says in refused.stderr
    assert done.returncode == 0, done.stderr
    assert "AP" in (done.stdout or (tmp_path / "out.json").read_text())


def in_a_shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -m poseval {line}'],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# Advice of other kinds, and why no case follows it.
FILES = "models, tracking and training, which need files or packages: their own tests"
ELSEWHERE = {
    **dict.fromkeys(("P101", "P152", "P155", "P161", "P164"), "did you mean: tests of the names"),
    **dict.fromkeys(("P858", "P880"), "did you mean: tests of the names"),
    **dict.fromkeys(("P134", "P153", "P154", "P156", "P163", "P165", "P250", "P251", "P260", "P262"), FILES),
    **dict.fromkeys(("P159", "P253", "P431", "P452", "P843"), FILES),
    **dict.fromkeys(("P264", "P351", "P450", "P451", "P601", "P603"), FILES),
    **dict.fromkeys(("P188", "P302", "P700"), "reached from Python and workers alone"),
    **dict.fromkeys(("P228", "P229"), "said by a server, to ask its owner: tests/challenge/test_judge.py"),
    "P811": "defaults are a file of the current folder: tests/cli/test_settings.py",
    "P863": "a report that was read holds no people: tests/report/test_notebook.py",
    "P875": "needs MMEngine: tests/integrations/test_mmengine.py",
    "P103": "deviations of trainings: their own tests",
    "P899": "a system without forks: tests/test_platforms.py",
}  # fmt: skip


def advised() -> set[str]:
    """Codes that some call raises with a hint."""
    out = set()
    for path in sorted((ROOT / "poseval").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and any(word.arg == "hint" for word in node.keywords):
                texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
                out |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"P\d{3}", text)}
    return out


def test_every_code_with_advice_has_a_case() -> None:
    followed = (
        {case.code for case in CASES} | {code for code, *_ in STREAMS} | {code for code, *_ in FOLLOWED}
    )
    assert advised() - followed == ELSEWHERE.keys()


# Wordings that no case follows, and why.
UNHEARD = {
    "poseval.from_arrays(...) makes a set of it": "reached from Python",
    "pass --skeleton": "reached from Python, whose words are others: P852 of test_python_words.py",
    "read it with optional=['area'], and take areas from the boxes with --metric 'oks_ap(area=box)'":
        "reached from Python, whose words are others: test_python_words.py",
    "take the .* points from the .* with --derive":
        "takes AFLW's ground truth, a folder of .mat files: tests/benchmarks/test_aflw_pifa.py",
    "save coordinates as arrays, not as lists of numbers": "takes a pickle of millions of values",
    "pip install 'poseval[remote]'": "needs packages",
    "'.' is the current folder": "reached from Python: test_api.py",
    **dict.fromkeys(
        (
            "give its workers more memory, or leave out --executor",
            "start it again, or leave out --executor",
            "start workers, or leave out --executor",
        ),
        "a cluster has to die: test_dask_cluster.py",
    ),
}  # fmt: skip


def test_every_wording_of_advice_has_a_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place, case in enumerate([*CASES, *IN_NOTICES]):
        if case not in FIRST:
            folder = tmp_path / str(place)
            folder.mkdir()
            FIRST[case] = heard(case.make(folder), capsys)[1]
    texts = [text for said in FIRST.values() for text in advice_in(said)]
    texts += [says for _, says, *_ in STREAMS]
    for _, wrong, *_ in FOLLOWED:
        with pytest.raises(PosevalError) as caught:
            wrong()
        texts.append(str(caught.value.fault.hint))
    done = followed(texts)
    alone = {re.sub(r"\\(.)", r"\1", one): at for one, at in wordings().items() if one not in done}
    assert alone.keys() == UNHEARD.keys(), "\n".join(f"{place}: {one}" for one, place in alone.items())
