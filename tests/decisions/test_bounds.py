"""The significant gate by hand: bounds, p-values, the family, notices; and the verdict over checks."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from poseval.decisions.baselines import Baseline, Step, digest_of
from poseval.decisions.gate import EXACT, Demands, gate
from poseval.decisions.tolerances import HIGHEST, Amount, Tolerance, by_key, guarded, matching
from poseval.decisions.verdict import ANCHOR, LAST, Check, Verdict
from poseval.errors import MismatchError, UsageError
from poseval.results.units import NumberStyle, Unit
from poseval.scoring.evaluation import Evaluation
from poseval.statistics.noninferiority import POWER, State, bounded, state_of
from tests.statistics.ratios import run

NAMES = ("gain", "error")
UNITS = 12


def pair(seed: int = 0, drop: float = 0.02, units: int = UNITS) -> tuple[np.ndarray, Evaluation, Evaluation]:
    """Noise of both numbers [U, 2] and the runs: a gain that falls and an error that grows by `drop`."""
    rng = np.random.default_rng(seed)
    before = rng.uniform(0.4, 0.6, (units, 2))
    noise = rng.normal(0, 0.03, (units, 2))
    now = before + noise + np.array([-drop, drop])
    return now - before, run(now, names=NAMES), run(before, names=NAMES)


def asked(**more: object) -> Demands:
    return Demands((Tolerance("*", 1),), significant=True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", NAMES)
def test_one_number_is_students_test_of_the_mean_drop(key: str) -> None:
    """Bounds are one-sided at 95 %; p is of a drop within the tolerance. Lower is better for the error."""
    change, now, before = pair()
    verdict = gate(now, before, asked(guard=[key]))
    check = next(check for check in verdict.checks if check.key == key)
    worse = -change[:, 0] if key == "gain" else change[:, 1]
    error = worse.std(ddof=1) / math.sqrt(UNITS)
    reach = stats.t.ppf(0.95, UNITS - 1) * error
    assert check.drop == pytest.approx(worse.mean())
    assert (check.lower, check.upper) == pytest.approx((worse.mean() - reach, worse.mean() + reach))
    wanted = stats.ttest_1samp(worse, 0.01, alternative="greater").pvalue
    assert check.p == check.p_adjusted == pytest.approx(wanted)
    assert check.error_units == pytest.approx(error)
    assert math.isnan(check.error_training)
    factor = stats.t.ppf(0.95, UNITS - 1) + stats.t.ppf(0.8, UNITS - 1)
    assert check.smallest == pytest.approx(0.01 + factor * error)
    assert check.needed == math.ceil(UNITS * (error * factor / 0.01) ** 2)
    assert check.better == ("higher" if key == "gain" else "lower")
    assert (verdict.rounds, verdict.seed, verdict.units) == (0, None, UNITS)


def test_a_family_is_max_t_over_all_signs_of_the_drops_beyond_the_tolerance() -> None:
    change, now, before = pair()
    verdict = gate(now, before, asked(guard=["*"]))
    worse = np.stack([-change[:, 0], change[:, 1]], axis=1)
    beyond = (worse - 0.01) / UNITS
    beyond /= np.sqrt((beyond**2).sum(axis=0))
    seen = beyond.sum(axis=0)
    signs = np.array(list(product((1, -1), repeat=UNITS)))
    flipped = signs @ beyond
    first = int(np.argmax(seen))
    adjusted = np.empty(2)
    adjusted[first] = (flipped.max(axis=1) >= seen[first] - 1e-9).mean()
    alone = (flipped[:, 1 - first] >= seen[1 - first] - 1e-9).mean()
    adjusted[1 - first] = max(alone, adjusted[first])
    assert [check.p_adjusted for check in verdict.guarded] == pytest.approx(adjusted)
    assert (verdict.rounds, verdict.seed) == (2**UNITS, 0)
    factor = stats.t.ppf(1 - 0.05 / 2, UNITS - 1) + stats.t.ppf(0.8, UNITS - 1)
    for check in verdict.guarded:  # the power is that of one of two tests
        assert check.smallest == pytest.approx(0.01 + factor * check.error_units)
    for check, p in zip(verdict.guarded, adjusted, strict=True):
        assert check.state is state_of(check.drop, check.upper, 0.01, float(p), 0.05)


def test_of_few_units_or_measured_training_holm_corrects_students_p() -> None:
    _, now, before = pair(units=5)
    few = gate(now, before, asked(guard=["*"], level=0.99))
    p = sorted(check.p for check in few.guarded)
    assert few.rounds == 0
    found = sorted(check.p_adjusted for check in few.guarded)
    assert found == pytest.approx([min(1, 2 * p[0]), max(min(1, 2 * p[0]), p[1])])
    _, now, before = pair(units=30)
    known = gate(now, before, asked(guard=["*"], seed_sd={"*": 0.1}))
    p = sorted(check.p for check in known.guarded)
    assert known.rounds == 0
    found = sorted(check.p_adjusted for check in known.guarded)
    assert found == pytest.approx([2 * p[0], max(2 * p[0], p[1])])


def test_a_late_look_at_a_family_is_no_matter_of_hours() -> None:
    """The 200th look has alpha 7.6e-7, for which no number of flips that can be drawn shows anything."""
    _, now, before = pair(drop=0.2, units=60)
    late = gate(now, before, asked(guard=["*"], look=200))
    assert (late.rounds, late.passed) == (0, False)
    assert late.to_dict()["method"] == "Student's t, Holm"
    p = sorted(check.p for check in late.guarded)
    assert sorted(check.p_adjusted for check in late.guarded) == pytest.approx(
        [2 * p[0], max(2 * p[0], p[1])]
    )
    assert "look 200 at this anchor, Student's t, Holm" in late.to_text()


@pytest.mark.parametrize(("level", "rounds"), [(0.95, 32), (0.96875, 32), (0.97, 0)])
def test_flips_are_used_down_to_the_least_p_that_they_can_give(level: float, rounds: int) -> None:
    """Five units have 32 one-sided flips: a p of 1 / 32 reaches 0.03125, and no smaller alpha."""
    _, now, before = pair(units=5)
    assert gate(now, before, asked(guard=["*"], level=level)).rounds == rounds


def test_the_side_with_the_fewest_units_decides_whether_there_is_a_verdict() -> None:
    bottom = np.ones((20, 2), dtype=np.int64)
    bottom[3:, 1] = 0
    top = np.random.default_rng(0).random((20, 2))
    few, many = run(top * bottom, bottom), run(top)
    for now, before in ((few, many), (many, few)):
        verdict = gate(now, before, Demands(guard=["n1"], significant=True))
        check = next(check for check in verdict.checks if check.key == "n1")
        assert check.why == "only 3 units (frame), and at least 5 are needed"


def test_steps_of_a_lineage() -> None:
    one, two = run(np.full(4, 0.5)), run(np.full(4, 0.4))
    steps = Baseline.of(one).replaced_by(two, "keeps up", anchor=False).lineage
    assert steps == (
        Step(digest_of(one)[:16], "n0", 0.5, "first run", True),
        Step(digest_of(two)[:16], "n0", pytest.approx(0.4), "keeps up", False),
    )


def test_the_tolerance_is_part_of_p() -> None:
    """A drop that is allowed has a large p, and the same drop where nothing is allowed a small one."""
    _, now, before = pair(drop=0.1)
    strict = gate(now, before, Demands((Tolerance("*", 0),), ["gain"], significant=True))
    mild = gate(now, before, Demands((Tolerance("*", 20),), ["gain"], significant=True))
    assert strict.guarded[0].p < 0.01
    assert mild.guarded[0].p > 0.99
    assert (strict.passed, mild.passed, mild.keeps_up) == (False, True, True)
    families = [
        gate(now, before, Demands((Tolerance("*", amount),), ["*"], significant=True)) for amount in (0, 20)
    ]
    assert all(check.p_adjusted < 0.01 for check in families[0].guarded)
    assert all(check.p_adjusted > 0.9 for check in families[1].guarded)


@pytest.mark.parametrize("significant", [False, True])
@pytest.mark.parametrize(("drop", "passed"), [(0.1, False), (-0.1, True)])
def test_which_way_is_worse(significant: bool, drop: float, passed: bool) -> None:
    """A gain that falls and an error that grows both fail; the other way round both keep up."""
    _, now, before = pair(drop=drop)
    for key in NAMES:
        verdict = gate(now, before, Demands((Tolerance("*", 1),), [key], significant=significant))
        (check,) = verdict.guarded
        assert (verdict.passed, check.drop > 0) == (passed, not passed)


def test_another_version_is_excused_and_another_signature_is_not() -> None:
    _, now, before = pair()
    newer = replace(now, signature=now.signature.with_pair("poseval", "99"))
    assert gate(newer, before, EXACT).checks
    assert gate(newer, before, asked()).checks
    other = replace(now, signature=now.signature.with_pair("metric", "another"))
    with pytest.raises(MismatchError, match=r"baseline and the run: .*ratios / another"):
        gate(other, before, EXACT)
    for one, two in ((other, before), (now, other), ([now, other], before), (now, [before, other])):
        with pytest.raises(MismatchError):
            gate(one, two, EXACT)


def test_notices_tell_what_a_gate_cannot_see() -> None:
    _, now, before = pair(units=9)
    codes = [notice.code for notice in gate(now, before, asked(guard=["gain"])).notices]
    assert codes == ["N960", "N961", "N962"]
    _, now, before = pair(units=10)
    assert "N960" not in {notice.code for notice in gate(now, before, asked(guard=["gain"])).notices}
    nothing = gate(now, before, Demands((Tolerance("*", 0),), ["gain"], significant=True))
    (power,) = [notice for notice in nothing.notices if notice.code == "N961"]
    assert "no number of units" in power.text
    roomy = Demands((Tolerance("*", 20),), ["gain"], significant=True)
    assert "N961" not in {notice.code for notice in gate(now, before, roomy).notices}
    known = gate(now, before, asked(guard=["gain"], seed_sd={"*": 0}))
    assert "N962" not in {notice.code for notice in known.notices}
    assert gate(now, before, EXACT).notices == ()


def test_a_number_keeps_up_by_its_bound_and_not_by_its_drop() -> None:
    for drop, upper, state in ((-0.005, False, State.NOT_SHOWN), (-0.1, True, State.KEEPS_UP)):
        _, now, before = pair(2, drop=drop)
        for found in gate(now, before, asked(guard=["*"])).guarded:
            assert found.drop < 0.01
            assert (found.upper <= 0.01) is upper
            assert found.state is state


def test_a_look_has_its_part_of_alpha() -> None:
    parts = [Demands(look=look, level=0.9).alpha for look in range(1, 20_000)]
    assert parts[0] == pytest.approx(0.1 * 6 / math.pi**2)
    assert parts[2] == pytest.approx(parts[0] / 9)
    assert sum(parts) == pytest.approx(0.1, rel=1e-4)
    assert Demands(level=0.9).alpha == pytest.approx(0.1)
    for wrong in ({"level": 2.0}, {"seed": -1}, {"resamples": 0}):
        with pytest.raises(UsageError):
            Demands(**wrong)  # type: ignore[arg-type]


def test_which_numbers_decide() -> None:
    keys = ["AP", "AR", "AP/wrist"]
    assert Demands().guarded(keys, "AP") == set(keys)
    assert Demands(significant=True).guarded(keys, "AR") == {"AR"}
    assert Demands((Tolerance("AP*", 0.1),), significant=True).guarded(keys, "AR") == {"AP", "AP/wrist"}
    assert Demands((Tolerance("AP", 0.1),), ["AR"]).guarded(keys, "AP") == {"AR"}


def test_patterns_and_tolerances() -> None:
    keys = ["AP", "AP_L", "wrist/AP", "A[x]"]
    assert matching("AP", keys, "guard") == ["AP"]
    assert matching("A*", keys, "guard") == ["AP", "AP_L", "A[x]"]
    assert matching("A[x]", keys, "guard") == ["A[x]"]
    assert guarded([" wrist/* , AP,", "AP_L"], keys) == ["AP", "AP_L", "wrist/AP"]
    found = by_key([Tolerance("*", 0.1), Tolerance("AP", 0.2)], keys)
    assert {key: tolerance.amount for key, tolerance in found.items()} == {
        "AP": 0.2,
        "AP_L": 0.1,
        "wrist/AP": 0.1,
        "A[x]": 0.1,
    }
    assert Tolerance.parse("a=b=50rel%") == Tolerance("a=b", 50, Amount.RELATIVE)
    assert Tolerance.parse(f"AP={HIGHEST}").amount == HIGHEST
    with pytest.raises(UsageError):
        Tolerance.parse(f"AP={HIGHEST * 1.01}")
    assert Tolerance("AP", 50, Amount.RELATIVE).allowed("AP", -0.4, Unit.SHARE, NumberStyle()) == 0.2


def test_an_exact_gate_allows_a_drop_of_the_tolerance_itself() -> None:
    before, same, below = run(np.full(4, 0.5)), run(np.full(4, 0.25)), run(np.full(4, 0.125))
    for amount, kind in ((25, Amount.SHOWN), (25, Amount.POINTS), (50, Amount.RELATIVE)):
        demands = Demands((Tolerance("n0", amount, kind),))
        assert gate(same, before, demands).passed
        assert not gate(below, before, demands).passed
    assert gate(before, before).keeps_up


def test_the_anchor_is_held_against_only_where_it_is_another_run() -> None:
    one, two, now = run(np.full(4, 0.5)), run(np.full(4, 0.4)), run(np.full(4, 0.45))
    assert [check.against for check in gate(now, Baseline.of(one)).checks] == [LAST]
    later = Baseline.of(one).replaced_by(two, "keeps up", anchor=False)
    found = gate(now, later)
    assert [(check.against, check.state) for check in found.checks] == [
        (LAST, State.KEEPS_UP),
        (ANCHOR, State.FAILS),
    ]
    assert found.trainings == (1, 1)


def check(
    state: State, *, guarded: bool = True, drop: float = 0.0, against: str = LAST, upper: float = 1.0
) -> Check:
    return Check("AP", against, 0.5, 0.5 - drop, drop, 0.01, state, guarded, upper=upper)


def verdict(*checks: Check, **more: object) -> Verdict:
    made = Verdict(checks, True, False, 0.05, 0, 30, "frame", (1, 1), "sig")
    return replace(made, **more)  # type: ignore[arg-type]


def test_what_passes_and_what_keeps_up() -> None:
    keeps, fails, open_ = (check(state) for state in (State.KEEPS_UP, State.FAILS, State.NOT_SHOWN))
    quiet = check(State.FAILS, guarded=False)
    untested = check(State.NOT_TESTED)
    rows = {
        (keeps, untested): (True, True),
        (keeps, open_): (True, False),
        (keeps, fails): (False, False),
        (keeps, quiet): (True, True),
    }
    for checks, wanted in rows.items():
        found = verdict(*checks)
        assert (found.passed, found.keeps_up) == wanted
    assert not verdict(keeps, open_, must_keep_up=True).passed
    assert verdict(keeps, must_keep_up=True).passed
    assert verdict(fails, accepted="a reason").passed
    assert verdict(keeps, quiet).guarded == (keeps,)
    assert verdict(keeps, fails, open_).failed == (fails,)
    assert [item.passed for item in (keeps, fails, open_)] == [True, False, True]


def test_a_run_is_the_best_so_far_where_a_number_is_shown_to_be_better_than_the_anchors() -> None:
    better = check(State.KEEPS_UP, drop=-0.2, upper=-0.1)
    same = check(State.KEEPS_UP, drop=-0.05, upper=0.0)
    assert verdict(better, same).best
    assert not verdict(same).best
    assert verdict(same, significant=False).best
    anchor = check(State.KEEPS_UP, drop=-0.05, upper=0.005, against=ANCHOR)
    assert not verdict(better, anchor).best
    assert verdict(same, replace(anchor, upper=-0.01)).best
    assert not verdict(better, check(State.NOT_SHOWN)).best
    assert not verdict(check(State.KEEPS_UP, drop=0.0), significant=False).best


def test_a_check_as_a_dictionary() -> None:
    row = replace(check(State.FAILS, drop=0.1), needed=math.inf, p=math.nan).to_dict()
    assert (row["needed"], row["p"], row["state"], row["drop"]) == (None, None, "fails", 0.1)
    assert replace(check(State.FAILS), needed=12.0).to_dict()["needed"] == 12
    out = verdict(check(State.FAILS), seed=3, rounds=100).to_dict()
    assert (out["schema"], out["passed"], out["keeps_up"]) == ("poseval.gate/2", False, False)
    assert (out["seed"], out["rounds"], out["units"], len(out["checks"])) == (3, 100, 30, 1)


def test_bounds_of_a_drop_without_spread() -> None:
    none = {"units_variance": 0.0, "error": 0.0, "freedom": 9.0, "units": 30, "alpha": 0.05}
    kept, lost = bounded(0.01, 0.01, **none), bounded(0.02, 0.01, **none)  # type: ignore[arg-type]
    assert (kept.p, lost.p, kept.needed) == (1.0, 0.0, 30)
    assert (kept.lower, kept.upper, kept.smallest) == (0.01, 0.01, 0.01)


def test_one_unit_is_the_least_that_can_be_needed() -> None:
    assert bounded(0.0, 0.1, units_variance=0.0, error=0.001, freedom=9, units=50, alpha=0.05).needed == 1


def test_training_noise_cannot_be_outnumbered() -> None:
    """Only the part of the units shrinks with their number."""
    found = bounded(0.0, 0.1, units_variance=0.02**2, error=0.05, freedom=20, units=50, alpha=0.05, tests=3)
    factor = stats.t.ppf(1 - 0.05 / 3, 20) + stats.t.ppf(POWER, 20)
    room = (0.1 / factor) ** 2 - (0.05**2 - 0.02**2)
    assert room < 0
    assert found.needed == math.inf
    wide = bounded(0.0, 0.3, units_variance=0.02**2, error=0.05, freedom=20, units=50, alpha=0.05, tests=3)
    assert wide.needed == math.ceil(50 * 0.02**2 / ((0.3 / factor) ** 2 - (0.05**2 - 0.02**2)))
    assert wide.smallest == pytest.approx(0.3 + factor * 0.05)
    # A variance of units that rounding made larger than the whole leaves nothing to training.
    odd = bounded(0.0, 0.3, units_variance=0.051**2, error=0.05, freedom=20, units=50, alpha=0.05, tests=3)
    assert odd.needed == math.ceil(50 * 0.051**2 / (0.3 / factor) ** 2)


@pytest.mark.parametrize(
    ("drop", "upper", "p", "state"),
    [
        (0.05, 0.09, 0.05, State.FAILS),
        (0.05, 0.09, 0.051, State.NOT_SHOWN),
        (0.01, 0.02, 0.001, State.NOT_SHOWN),
        (0.0, 0.01, 0.9, State.KEEPS_UP),
        (0.0, 0.011, 0.9, State.NOT_SHOWN),
    ],
)
def test_states(drop: float, upper: float, p: float, state: State) -> None:
    assert state_of(drop, upper, 0.01, p, 0.05) is state
