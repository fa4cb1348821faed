"""poseval: official digits, honest errors and fast scoring for human-pose benchmarks.

    import poseval
    report = poseval.score("person_keypoints.json", "predictions.json")
    report.summary["AP"]

Names are imported when first used, so that `import poseval` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from poseval._version import __version__

if TYPE_CHECKING:
    from poseval.datasets.objects import from_movement, from_sleap, from_supervision
    from poseval.models import create_model, list_models
    from poseval.poses import PoseSet
    from poseval.results.report import Report
    from poseval.scoring.score import evaluate, read, score
    from poseval.skeletons import Skeleton, get_skeleton

__all__ = [
    "PoseSet",
    "Report",
    "Skeleton",
    "__version__",
    "create_model",
    "evaluate",
    "from_movement",
    "from_sleap",
    "from_supervision",
    "get_skeleton",
    "list_models",
    "read",
    "score",
]

_PLACES = {
    "PoseSet": "poseval.poses.pose_set",
    "Report": "poseval.results.report",
    "Skeleton": "poseval.skeletons",
    "create_model": "poseval.models",
    "evaluate": "poseval.scoring.score",
    "from_movement": "poseval.datasets.objects",
    "from_sleap": "poseval.datasets.objects",
    "from_supervision": "poseval.datasets.objects",
    "get_skeleton": "poseval.skeletons",
    "list_models": "poseval.models",
    "read": "poseval.scoring.score",
    "score": "poseval.scoring.score",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'poseval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
