from __future__ import annotations

from pathlib import Path

import pytest

from poseval.scoring.saved_runs import save
from tests import toy

pytest_plugins = ["pytester"]
TRUTH = toy.truth(60)


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    save(toy.run(1.0, 0, TRUTH), tmp_path / "baseline.poseval")
    save(toy.run(1.6, 1, TRUTH), tmp_path / "worse.poseval")
    return tmp_path / "baseline.poseval", tmp_path / "worse.poseval"


def test_the_fixture_passes_and_fails(
    pytester: pytest.Pytester, runs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.register(monkeypatch)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # installed, the plugin would be there twice
    baseline, worse = runs
    pytester.makepyfile(
        f"""
        def test_same(poseval_gate):
            assert poseval_gate({str(baseline)!r}, baseline={str(baseline)!r}).passed

        def test_worse(poseval_gate):
            poseval_gate({str(worse)!r}, baseline={str(baseline)!r}, max_drop={{"hit_rate": "1rel%"}})
        """
    )
    result = pytester.runpytest_inprocess("-p", "poseval.pytest_plugin")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*gate failed*hit_rate*"])
