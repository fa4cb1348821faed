"""Saved runs, reports, stores and side files that are wrong: file x command, each under limits.

Every pair ends with an error of ours, within seconds and a gibibyte.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval as library
from poseval.decisions.entries import Refused
from poseval.decisions.store import Store
from poseval.scoring.run_columns import CHECKSUMS, checksums
from poseval.scoring.saved_runs import load, save
from tests import toy
from tests.hostile.limited import poseval, see_refused
from tests.hostile.made import results, truth, write
from tests.shared import only_with, shared_path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
Members = dict[str, bytes]
Make = Callable[[Path], Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A truth, predictions, a report and a saved run that are sound."""
    folder = tmp_path_factory.mktemp("ring")
    write(folder / "gt.json", truth())
    write(folder / "dt.json", results())
    evaluation = library.evaluate(folder / "gt.json", folder / "dt.json")
    save(evaluation, folder / "good.poseval")
    (folder / "good.report.json").write_text(evaluation.report().to_json())
    return folder


# saved runs


def changed_run(change: Callable[[dict[str, Any], Members], None], kind: int = zipfile.ZIP_DEFLATED) -> Make:
    def made(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "good.poseval") as old:
            members = {name: old.read(name) for name in old.namelist() if name != CHECKSUMS}
        run = json.loads(members.pop("run.json"))
        change(run, members)
        members = {"run.json": json.dumps(run).encode(), **members}
        with zipfile.ZipFile(folder / "bad.poseval", "w", kind, compresslevel=9) as new:
            for name, data in {**members, CHECKSUMS: checksums(members)}.items():
                new.writestr(name, data)
        return folder / "bad.poseval"

    return made


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(array), allow_pickle=False)
    return out.getvalue()


def tally(run: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = next(iter(run["parts"][0]["tallies"].values()))
    return first


def table(run: dict[str, Any], name: str = "detections") -> dict[str, Any]:
    found: dict[str, Any] = tally(run)["tables"][name]
    return found


def wide_type(run: dict[str, Any], members: Members) -> None:
    tally(run)["keys"][1] = "<U100000000"


def wider_type(run: dict[str, Any], members: Members) -> None:
    table(run)["columns"]["hit"][1] = "<c32"


def header_claims(run: dict[str, Any], members: Members) -> None:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "<f8", "fortran_order": False, "shape": (10**10,)})
    members["column0002.npy"] = out.getvalue()


def one_column_often(run: dict[str, Any], members: Members) -> None:
    members["big.npy"] = npy(np.zeros(60_000_000, np.uint8))
    run["parts"][0]["slices"] = {f"s{n}": ["big", "|b1"] for n in range(1000)}


def much_json(run: dict[str, Any], members: Members) -> None:
    run["more"] = [[]] * 20_000_000


def deep_json(run: dict[str, Any], members: Members) -> None:
    node: list[Any] = []
    for _ in range(400):
        node = [node]
    run["more"] = node


def row_of_no_unit(run: dict[str, Any], members: Members) -> None:
    name, _ = table(run)["unit"]
    members[f"{name}.npy"] = npy(np.full(6, 1 << 40))


def score_nan(run: dict[str, Any], members: Members) -> None:
    name, _ = table(run)["columns"]["score"]
    members[f"{name}.npy"] = npy(np.full(6, np.nan))


def short_column(run: dict[str, Any], members: Members) -> None:
    name, _ = table(run)["columns"]["score"]
    members[f"{name}.npy"] = npy(np.ones(5))


def other_facts(run: dict[str, Any], members: Members) -> None:
    tally(run)["facts"] = {"joints": 7}


def unknown_metric(run: dict[str, Any], members: Members) -> None:
    run["parts"][0]["tallies"] = {"oks_ap_of_2030": tally(run)}


def unknown_parameter(run: dict[str, Any], members: Members) -> None:
    run["parts"][0]["tallies"] = {"oks_ap(" + "," * 400_000 + ")": tally(run)}


def unknown_benchmark(run: dict[str, Any], members: Members) -> None:
    run["report"]["benchmark"] = "of_2030"


RUNS: dict[str, tuple[Make, str]] = {
    "a text type of 400 MB an item": (changed_run(wide_type), "P231"),
    "a type that no column has": (changed_run(wider_type), "P231"),
    "a header of 10^10 numbers": (changed_run(header_claims), "P231 P502"),
    "one column a thousand times": (changed_run(one_column_often), "P504"),
    "20 million lists": (changed_run(much_json), "P501 P502 P504"),
    "400 lists within one another": (changed_run(deep_json), "P502"),
    "a row of no unit": (changed_run(row_of_no_unit), "P231"),
    "a score that is no number": (changed_run(score_nan), "P231"),
    "a column that is too short": (changed_run(short_column), "P231"),
    "facts of another form": (changed_run(other_facts), "P231"),
    "a metric that is not known": (changed_run(unknown_metric), "P231"),
    "a metric of 400,000 commas": (changed_run(unknown_parameter), "P231"),
    "a benchmark that is not known": (changed_run(unknown_benchmark), "P231"),
}
RUN_COMMANDS: dict[str, list[str]] = {
    "compare": ["compare", "good.poseval", "{}"],
    "gate": ["gate", "--run", "{}", "--baseline", "good.poseval"],
    "baseline": ["gate", "--run", "good.poseval", "--baseline", "{}"],
    "leaderboard": ["leaderboard", "{}"],
}


@pytest.mark.parametrize("command", RUN_COMMANDS.values(), ids=RUN_COMMANDS)
@pytest.mark.parametrize(("make", "codes"), RUNS.values(), ids=RUNS)
def test_runs(make: Make, codes: str, command: list[str], folder: Path) -> None:
    path = make(folder)
    see_refused(poseval([word.format(path.name) for word in command], folder=folder), codes)


def test_the_sound_run_is_read(folder: Path) -> None:
    assert changed_run(lambda run, members: None)(folder)
    found, sound = (load(folder / name).report() for name in ("bad.poseval", "good.poseval"))
    assert found.to_json(timings=False) == sound.to_json(timings=False)


# reports, and the store of the leaderboard


def changed_report(change: Callable[[dict[str, Any]], Any]) -> str:
    from tests.decisions.test_leaderboard import REPORTS

    node = REPORTS["a"].to_dict()
    change(node)
    return json.dumps(node)


REPORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an interval of letters": lambda node: node.update(intervals={"AP": {"low": "a", "high": "b"}}),
    "an interval without an end": lambda node: node.update(intervals={"AP": {"low": 0}}),
    "a summary of texts": lambda node: node.update(summary={"AP": "1"}),
    "a summary of flags": lambda node: node.update(summary={"AP": True}),
    "a number of 400 digits": lambda node: node["summary"].update(AP=10**400),
    "a number that is no number": lambda node: node["summary"].update(AP=float("nan")),
    "infinity": lambda node: node["summary"].update(AP=float("inf")),
    "a benchmark that is a list": lambda node: node.update(benchmark=["coco"]),
    "a direction of its own": lambda node: node["better"].update(AP="sideways"),
    "a signature that is none": lambda node: node.update(signature="a|b"),
    "a row of texts": lambda node: node["values"][0].update(value="x"),
    "notices without texts": lambda node: node.update(notices=[{"code": 1, "text": 2, "count": 3}]),
    "a layout of numbers": lambda node: node.update(layout={"header": 1, "rows": [], "plain": []}),
    "depth": lambda node: node.update(more=json.loads("[" * 300 + "]" * 300)),
}


@pytest.mark.parametrize("change", REPORTS.values(), ids=REPORTS)
def test_reports(change: Callable[[dict[str, Any]], Any]) -> None:
    text = changed_report(change)
    with pytest.raises(library.PosevalError) as caught:
        library.Report.from_json(text, "bad.json")
    assert caught.value.code in ("P230", "P502")


def test_a_report_that_reverses_the_ranking_is_refused() -> None:
    from poseval.decisions.entries import Entry
    from poseval.decisions.leaderboard import build
    from tests.decisions.test_leaderboard import REPORTS as GOOD

    key = next(iter(GOOD["a"].summary))
    reverse = library.Report.from_json(changed_report(lambda node: node["better"].update({key: "lower"})))
    with pytest.raises(library.PosevalError, match="in which direction") as caught:
        build([Entry("b", GOOD["b"]), Entry("a", reverse)], sort=key)
    assert caught.value.code == "P420"


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {} FROM c"
COLUMNS = "digest TEXT PRIMARY KEY, name TEXT NOT NULL, team TEXT NOT NULL, facts TEXT NOT NULL"
VIEW = ENDLESS.format("x AS digest, x AS name, x AS team, x AS facts, x AS report")
FLOOD = "INSERT INTO entry " + ENDLESS.format("x, x, x, x, x")
STORES = {
    "a view in place of the table": [f"CREATE VIEW entry AS {VIEW}"],
    "a trigger": [
        f"CREATE TABLE entry ({COLUMNS}, report TEXT NOT NULL)",
        f"CREATE TRIGGER t AFTER INSERT ON entry BEGIN {FLOOD}; END",
    ],
    "a column that is computed": [
        f"CREATE TABLE entry ({COLUMNS}, report TEXT AS (hex(zeroblob(400000000))))",
        "INSERT INTO entry VALUES ('d', 'n', 't', '{}')",
    ],
    "another table": ["CREATE TABLE other (a)"],
}


@pytest.mark.parametrize(
    "action", [[], ["add", "good.report.json"], ["remove", "a"]], ids=["list", "add", "remove"]
)
@pytest.mark.parametrize("statements", STORES.values(), ids=STORES)
def test_stores(statements: list[str], action: list[str], folder: Path) -> None:
    path = folder / "board.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    see_refused(poseval(["leaderboard", *action, "--db", path], folder=folder), "P241")


def test_a_store_whose_entries_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "board.sqlite")
    toy.register(monkeypatch)
    from tests.decisions.test_leaderboard import entries

    store.add(entries()[0])
    for change in ("name = x'00'", "report = '{'", "facts = '['", "facts = x'80'", "report = 7"):
        with sqlite3.connect(store.path) as connection:
            connection.execute(f"UPDATE entry SET {change}")
        (refused,) = store.entries()
        assert isinstance(refused, Refused)
        assert refused.why.endswith(("[P230]", "[P241]", "[P242]"))
        with sqlite3.connect(store.path) as connection:
            connection.execute("DELETE FROM entry")
        store.add(entries()[0])


# side files

LONG = "[" + "1," * 2_000_000 + "1]"
SIDE: dict[str, tuple[list[str], str, str | None]] = {
    "sigmas: too large": (["--sigmas", "{}"], "P501", LONG),
    "sigmas: no numbers": (["--sigmas", "{}"], "P115", "[1, x]"),
    "sigmas: not UTF-8": (["--sigmas", "{}"], "P115", "\udcff"),
    "sigmas: deep": (["--sigmas", "{}"], "P502", "[" * 100_000),
    "sigmas: a number of 400 digits": (["--sigmas", "{}"], "P115", "[1" + "0" * 400 + "]"),
    "sigmas: a pipe": (["--sigmas", "{}"], "P114 P135", None),
    "skeleton: too large": (["--skeleton", "{}.json"], "P501", LONG),
    "skeleton: deep": (["--skeleton", "{}.json"], "P502", "[" * 5000),
    "skeleton: deep TOML": (["--skeleton", "{}.toml"], "P502", "a = " + "[" * 5000),
    "skeleton: a limb at infinity": (
        ["--skeleton", "{}.json"],
        "P220",
        '{"joints": ["a"], "limbs": [[1e308, 1e999]]}',
    ),
    "skeleton: a pipe": (["--skeleton", "{}.json"], "P114 P135", None),
    "joints: too large": (["--joints", "{}.toml"], "P501", "# " + "x" * (2 << 20)),
    "joints: deep": (["--joints", "{}.toml"], "P502", "a = " + "[" * 5000),
    "joints: a key of many parts": (["--joints", "{}.toml"], "P502", "a" + ".a" * 200_000 + " = 1"),
    "joints: a pipe": (["--joints", "{}.toml"], "P114 P135", None),
    "slice: long names": (["--slice", "{}.csv"], "P501", "frame,group\n10," + "g" * 100_000),
    "slice: not UTF-8": (["--slice", "{}.csv"], "P223", "frame,group\n10,\udcff"),
    "slice: NUL": (["--slice", "{}.csv"], "P223", 'frame,group\n10,"a'),
    "slice: too large": (["--slice", "{}.csv"], "P501", "frame,group\n" + "x" * (40 << 20)),
}


@pytest.mark.parametrize(("option", "codes", "content"), SIDE.values(), ids=SIDE)
def test_side_files(option: list[str], codes: str, content: str | None, folder: Path) -> None:
    flag, name = option[0], option[1].format("side")
    path = folder / name
    path.unlink(missing_ok=True)
    if content is None:
        os.mkfifo(path)
    else:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    ended = poseval(["score", "dt.json", "--gt", "gt.json", flag, path], folder=folder)
    path.unlink()
    see_refused(ended, codes)


@pytest.mark.parametrize(
    ("content", "code"), [("[" * 200, "P502"), ("{", "P242"), ("[1e999]", "P242"), ("x" * 2_000_000, "P501")]
)
def test_facts(content: str, code: str, folder: Path) -> None:
    path = folder / "good.report.json.run.json"
    path.write_text(content)
    try:
        see_refused(poseval(["leaderboard", "good.report.json"], folder=folder), code)
    finally:
        path.unlink()


# HDF5, whose data sets need no bytes


@pytest.fixture(params=["fill", "chunk", "table", "pandas"])
def hdf5(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "bad.h5"
    with h5py.File(path, "w") as file:
        if request.param == "fill":
            file.create_dataset("preds", (60_000_000,), "f8", chunks=(1000,), fillvalue=1.0)
        elif request.param == "chunk":
            file.create_dataset(
                "preds", (1,), "f8", chunks=(60_000_000,), maxshape=(None,), compression="gzip"
            )
        elif request.param == "table":
            file.create_dataset(
                "keypoints/table", (60_000_000,), [("index", "i8"), ("values_block_0", "f8", (6,))]
            )
        else:
            group = file.create_group("df_with_missing")
            group.create_dataset("axis1_level0", (3,), "S1")
            group.create_dataset("axis1_label0", (60_000_000,), "i1", chunks=(1000,))
            group.create_dataset("block0_values", (60_000_000, 1), "f8", chunks=(1000, 1))
    return path


@pytest.mark.parametrize(
    "command", [["validate", "{}"], ["score", "{}", "--gt", "gt.json"]], ids=["validate", "score"]
)
def test_hdf5(command: list[str], hdf5: Path, folder: Path) -> None:
    ended = poseval([word.format(hdf5) for word in command], folder=folder)
    assert ended.status in (2, 3), ended.err
    assert ended.peak < 1 << 30
    assert "[P" in ended.err + ended.out


# the files that were found first, where they are at hand

KNOWN = ("bomb2.poseval", "poison.json", "b_fill.h5", "b_dlc.h5", "evil2.pdparams")


@pytest.mark.parametrize("verb", ["leaderboard", "validate", "compare"])
@pytest.mark.parametrize("name", only_with("attack", KNOWN))
def test_known_attacks(name: str, verb: str, folder: Path) -> None:
    path = shared_path(f"attack/{name}")
    more: list[str | Path] = ["good.poseval", "--gt", "gt.json"] if verb == "compare" else []
    ended = poseval([verb, path, *more], folder=folder)
    see_refused(ended, "P") if ended.out == "" else None
    assert ended.status in (2, 3)
    assert ended.peak < 1 << 30
