"""Metrics, one file per metric: a fold (`tally`) and a finish (`reduce`).

`parse("oks_ap(area=box,max_dets=10)")` gives the metric with these parameters; `str(metric)` gives its
canonical name back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from poseval.errors import UsageError, did_you_mean, shown
from poseval.metrics.base import Metric
from poseval.metrics.parameters import default_of, read_parameter
from poseval.plugins import Registry

# name -> module:class; a table instead of imports keeps start-up short
TABLE: dict[str, str] = {
    "ex_oks": "poseval.metrics.ex_oks:ExOks",
    "oks_ap": "poseval.metrics.oks_ap:OksAp",
    "oks_lrp": "poseval.metrics.oks_lrp:OksLrp",
    "calibration": "poseval.metrics.calibration:Calibration",
    "auc": "poseval.metrics.epe:Auc",
    "epe": "poseval.metrics.epe:Epe",
    "nme": "poseval.metrics.nme:Nme",
    "presence": "poseval.metrics.presence:Presence",
    "pck": "poseval.metrics.pck:Pck",
    "pcp": "poseval.metrics.pcp:Pcp",
    "pdj": "poseval.metrics.pck:Pdj",
    "clear_mot": "poseval.metrics.clear_mot:ClearMot",
    "hota": "poseval.metrics.hota:Hota",
    "identity": "poseval.metrics.identity:Identity",
    "reid_hota": "poseval.metrics.reid_hota:ReidHota",
    "joint_ap": "poseval.metrics.joint_ap:JointAp",
    "ospa": "poseval.metrics.ospa:Ospa",
    "ospa2": "poseval.metrics.ospa_tracks:Ospa2",
}
REGISTRY: Registry[type[Metric]] = Registry("metric", "P121", "poseval.metrics", TABLE, Metric, classes=True)


def names() -> list[str]:
    """Names of all metrics that come with poseval."""
    return sorted(TABLE)


def get_metric(name: str) -> type[Metric]:
    """The class of a metric.

    Raises:
        UsageError: P121 for an unknown name, with near ones; P184 for another package's that fails.
    """
    return REGISTRY.get(name)


def registered() -> list[Metric]:
    """Every metric that comes with poseval, with its default parameters."""
    return [get_metric(name)() for name in names()]


LONGEST = 4096  # characters of a metric with its parameters; 64 thresholds of 18 digits are 1,300
_PARTS = re.compile(r",(?![^(]*\))")  # commas outside of brackets


def _plain(value: str) -> str:
    """A list `(a,b)` as the canonical name has it: `a/b`."""
    value = value.strip()
    if value.startswith("(") and value.endswith(")"):
        return "/".join(item.strip() for item in value[1:-1].split(","))
    return value


@dataclass(frozen=True)
class MetricRequest:
    """A metric by name with the parameters that the user gave; the rule set determines the others."""

    kind: type[Metric]
    given: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Name of the metric."""
        return self.kind.name

    @staticmethod
    def of(text: str) -> MetricRequest:
        """A request from text such as `joint_ap` or `oks_ap(area=box)`.

        Raises:
            UsageError: P121 unknown metric, P122 unfit value, P123 unknown parameter or malformed text.
        """
        if len(text) > LONGEST:
            raise UsageError(
                "P123", where=f"metric {shown(text, 40)!r}", what=f"has more than {LONGEST:,} characters"
            )
        name, bracket, rest = text.strip().partition("(")
        kind = get_metric(name.strip())
        if bracket and not rest.endswith(")"):
            raise UsageError("P123", where=f"metric {shown(text)!r}", what="has no closing bracket")
        known = {f.name: f for f in fields(kind)}
        given = {}
        for item in filter(None, (part.strip() for part in _PARTS.split(rest[:-1]))):
            key, equals, value = item.partition("=")
            if key.strip() not in known or not equals:
                raise UsageError(
                    "P123",
                    where=f"metric {name}",
                    what=f"has no parameter {shown(key.strip())!r}"
                    if equals
                    else f"cannot read {shown(item)!r}",
                    wanted=f"{name}({', '.join(known)})" if known else f"{name} without parameters",
                    hint=did_you_mean(key.strip(), known),
                )
            spec = known[key.strip()]
            like = spec.metadata.get("like", default_of(spec))
            given[key.strip()] = read_parameter(_plain(value), like, f"metric {name}: {key.strip()}")
        return MetricRequest(kind, tuple(given.items()))

    def under(self, own: Iterable[Metric] = ()) -> Metric:
        """The metric. Parameters that the user did not give come from the most similar metric in `own`.

        Metrics with another measure (`Metric.measure`) are not considered, and parameters that belong to a
        given one (`Metric.companions`) keep their defaults.

        Raises:
            UsageError: P122 when the parameters do not fit together.
        """
        given = dict(self.given)
        models = [metric for metric in own if type(metric) is self.kind and self._measures_like(metric)]
        if not models:
            return self.kind(**given)
        model = max(models, key=lambda metric: sum(getattr(metric, k) == v for k, v in self.given))
        defaults = {f.name: default_of(f) for f in fields(self.kind)}
        back = {other: defaults[other] for name in given for other in self.kind.companions.get(name, ())}
        return replace(model, **{**back, **given})

    def _measures_like(self, metric: Metric) -> bool:
        return all(getattr(metric, name) == value for name, value in self.given if name in metric.measure)


def parse(text: str) -> Metric:
    """A metric from its canonical name; parameters that are not in it have their defaults.

    Raises:
        UsageError: P121 or P184 unknown metric, P122 unfit value, P123 unknown parameter or malformed text.
    """
    return MetricRequest.of(text).under()
