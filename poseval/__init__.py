"""poseval: exact and fast scores of human-pose benchmarks, with clear errors.

    import poseval
    report = poseval.score("person_keypoints.json", "predictions.json")
    report.summary["AP"]

`__all__` lists the public names of docs/api.md. They are imported when first used, so that
`import poseval` takes no time.
"""

from __future__ import annotations

from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any

from poseval._version import __version__

if TYPE_CHECKING:
    from poseval.api.compare import compare
    from poseval.api.convert import convert
    from poseval.api.diagnose import diagnose
    from poseval.api.estimate_sigmas import estimate_sigmas
    from poseval.api.explore import explore
    from poseval.api.gate import gate
    from poseval.api.leaderboard import leaderboard
    from poseval.api.plot import plot
    from poseval.api.write import write
    from poseval.datasets.objects.arrays import from_arrays
    from poseval.datasets.objects.mmpose import from_mmpose
    from poseval.datasets.objects.movement import from_movement
    from poseval.datasets.objects.sleap import from_sleap
    from poseval.datasets.objects.supervision import from_supervision
    from poseval.datasets.objects.table import from_pandas
    from poseval.datasets.objects.transformers import from_transformers
    from poseval.datasets.objects.ultralytics import from_ultralytics
    from poseval.errors import PosevalError
    from poseval.integrations.pose_metric import PoseMetric
    from poseval.models import create_model, list_models
    from poseval.poses import Frames, People, PoseSet
    from poseval.results.report import Report
    from poseval.scoring.score import evaluate, read, score
    from poseval.scoring.task import Task
    from poseval.skeletons import Skeleton, get_skeleton
    from poseval.validation.validate import validate

__all__ = [
    "Frames",
    "People",
    "PoseMetric",
    "PoseSet",
    "PosevalError",
    "Report",
    "Skeleton",
    "Task",
    "__version__",
    "compare",
    "convert",
    "create_model",
    "diagnose",
    "estimate_sigmas",
    "evaluate",
    "explore",
    "from_arrays",
    "from_mmpose",
    "from_movement",
    "from_pandas",
    "from_sleap",
    "from_supervision",
    "from_transformers",
    "from_ultralytics",
    "gate",
    "get_skeleton",
    "leaderboard",
    "list_models",
    "plot",
    "read",
    "score",
    "validate",
    "write",
]

_PLACES = {
    "Frames": "poseval.poses",
    "People": "poseval.poses",
    "PoseMetric": "poseval.integrations.pose_metric",
    "PoseSet": "poseval.poses",
    "PosevalError": "poseval.errors",
    "Report": "poseval.results.report",
    "Skeleton": "poseval.skeletons",
    "Task": "poseval.scoring.task",
    "compare": "poseval.api.compare",
    "convert": "poseval.api.convert",
    "create_model": "poseval.models",
    "diagnose": "poseval.api.diagnose",
    "estimate_sigmas": "poseval.api.estimate_sigmas",
    "evaluate": "poseval.scoring.score",
    "explore": "poseval.api.explore",
    "from_arrays": "poseval.datasets.objects.arrays",
    "from_mmpose": "poseval.datasets.objects.mmpose",
    "from_movement": "poseval.datasets.objects.movement",
    "from_pandas": "poseval.datasets.objects.table",
    "from_sleap": "poseval.datasets.objects.sleap",
    "from_supervision": "poseval.datasets.objects.supervision",
    "from_transformers": "poseval.datasets.objects.transformers",
    "from_ultralytics": "poseval.datasets.objects.ultralytics",
    "gate": "poseval.api.gate",
    "get_skeleton": "poseval.skeletons",
    "leaderboard": "poseval.api.leaderboard",
    "list_models": "poseval.models",
    "plot": "poseval.api.plot",
    "read": "poseval.scoring.score",
    "score": "poseval.scoring.score",
    "validate": "poseval.validation.validate",
    "write": "poseval.api.write",
}

# old name -> its successor, and the version in which the old name goes away: two minor versions after the
# first that warns.
_DEPRECATED: dict[str, tuple[str, str]] = {}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        found = getattr(import_module(_PLACES[name]), name)
        if isinstance(found, FunctionType):
            from poseval.errors.calls import from_python

            found = from_python(found)
            found.__module__ = __name__  # where pickle finds it
        globals()[name] = found
        return found
    if name in _DEPRECATED:
        import warnings

        successor, version = _DEPRECATED[name]
        text = f"poseval.{name} will be removed in version {version}; use poseval.{successor}"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return __getattr__(successor)
    if name in ("eval_helpers", "evaluateAP", "evaluateTracking"):
        raise ImportError(
            f"poseval.{name} is part of PoseTrack's official program, which has the same import name as this "
            "package: install it into an environment of its own"
        )
    raise AttributeError(f"module 'poseval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
