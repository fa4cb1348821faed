"""Rule sets: which faults of its reference tool a benchmark reproduces, and which it fixes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from poseval.errors import UsageError, unknown_name
from poseval.poses import Notice
from poseval.results.former_names import current_rules


@dataclass(frozen=True)
class RuleSet:
    """A named rule set. `quirks` are the ids of the reference tool's faults that it keeps."""

    name: str  # "reference", "corrected", or a profile such as "posetrack-2017"
    quirks: frozenset[str] = frozenset()
    title: str = ""
    incomparable: str = ""  # why its numbers are not the official ones
    ties: str = ""  # an order of `ORDERS` for equal scores that replaces the rule set's own

    def keeps(self, quirk: str) -> bool:
        """Whether the fault with this id (see docs/quirks.md) is reproduced."""
        return quirk in self.quirks


ORDERS = ("later_first", "official")  # of equal scores, where the program's sort is unstable
UNSTABLE = "P06"  # the quirk of such a program
CORRECTED = RuleSet(
    "corrected",
    title="the published definition, faults of the programs fixed",
    incomparable="faults of the official program are fixed, so numbers can differ from its own",
)


def choose(name: str, rule_sets: tuple[RuleSet, ...]) -> RuleSet:
    """The rule set called `name`, by its current or a former name; `reference` means the first one.

    Raises:
        UsageError: P124 for a name that the benchmark does not have.
    """
    current = current_rules(name)
    for rule_set in rule_sets:
        if rule_set.name == current or (name == "reference" and rule_set is rule_sets[0]):
            return rule_set
    names = dict.fromkeys(("reference", *(rule_set.name for rule_set in rule_sets)))
    raise unknown_name("P124", "rule set", name, names, " for this benchmark")


def with_ties(rules: RuleSet, ties: str | None, rule_sets: tuple[RuleSet, ...]) -> RuleSet:
    """A rule set of a benchmark under which equal scores stand in the order `ties`; None leaves it alone.

    Raises:
        UsageError: P127 where the order of equal scores is not left to an unstable sort.
    """
    if ties is None:
        return rules
    if rules.keeps(UNSTABLE):
        return replace(rules, ties=ties)
    others = [other.name for other in rule_sets if other.keeps(UNSTABLE)]
    raise UsageError(
        "P127",
        where=f"--ties {ties}",
        what=f"has no effect under the rules {rules.name}, which leave no equal scores to an unstable sort",
        wanted=f"--rules {' or '.join(others)}" if others else "a benchmark of PoseTrack",
        hint=f"add --rules {others[0]}" if others else "leave --ties out",
    )


def renamed(name: str) -> list[Notice]:
    """The notice for a rule set that was asked for by a former name; none for a current name."""
    current = current_rules(name)
    if current == name:
        return []
    return [Notice("N900", f"rule set {name} is now called {current}; use the new name")]
