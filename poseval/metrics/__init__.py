"""Metrics, one file per metric: a fold (`tally`) and a finish (`reduce`).

`parse("oks_ap(area=box,max_dets=10)")` gives the metric with these parameters; `str(metric)` gives its
canonical name back.
"""

from __future__ import annotations

from dataclasses import fields

from poseval.errors import UsageError, shown
from poseval.metrics.base import Metric, default_of, read_parameter
from poseval.plugins import Registry

# name -> module:class; a table instead of imports keeps start-up short
TABLE: dict[str, str] = {
    "ex_oks": "poseval.metrics.ex_oks:ExOks",
    "oks_ap": "poseval.metrics.oks_ap:OksAp",
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


def parse(text: str) -> Metric:
    """A metric from its canonical name.

    Raises:
        UsageError: P121 or P184 unknown metric, P122 unfit value, P123 unknown parameter or malformed text.
    """
    name, bracket, rest = text.strip().partition("(")
    kind = get_metric(name.strip())
    if bracket and not rest.endswith(")"):
        raise UsageError("P123", where=f"metric {shown(text)!r}", what="lacks its closing bracket")
    known = {f.name: f for f in fields(kind)}
    given = {}
    for item in filter(None, (part.strip() for part in rest[:-1].split(","))):
        key, equals, value = item.partition("=")
        if key.strip() not in known or not equals:
            raise UsageError(
                "P123",
                where=f"metric {name}",
                what=f"has no parameter {shown(key.strip())!r}" if equals else f"cannot read {shown(item)!r}",
                wanted=f"{name}({', '.join(known)})" if known else f"{name} without parameters",
            )
        spec = known[key.strip()]
        like = spec.metadata.get("like", default_of(spec))
        given[key.strip()] = read_parameter(value.strip(), like, f"metric {name}: {key.strip()}")
    return kind(**given)
