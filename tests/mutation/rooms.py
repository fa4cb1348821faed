"""Rooms: their modules, and the tests that each module answers to."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Tests of every metric.
ALL_METRICS = (
    "tests/metrics/test_base.py",
    "tests/metrics/test_parameter_bounds.py",
    "tests/metrics/test_defaults.py",
    "tests/properties/test_metrics.py",
    "tests/properties/test_variants.py",
    "tests/metrics/test_numbers.py",
)
SINGLE = (
    "tests/metrics/test_single_by_loops.py",
    "tests/metrics/test_faces_by_loops.py",
    "tests/metrics/test_joint_error.py",
    "tests/metrics/test_pck.py",
    "tests/metrics/test_pck_quirks.py",
)
OKS = (
    "tests/metrics/test_oks_ap.py",
    "tests/metrics/test_ex_oks.py",
    "tests/metrics/test_oks_scene.py",
    "tests/metrics/test_coco_quirks.py",
    "tests/differential/test_coco.py",
)
TRACKS = (
    "tests/metrics/test_hota.py",
    "tests/metrics/test_hota_ratios.py",
    "tests/metrics/test_joint_rows.py",
    "tests/metrics/test_tracks_by_hand.py",
    "tests/differential/test_motmetrics.py",
    "tests/differential/test_trackeval.py",
    "tests/benchmarks/test_posetrack_quirks.py",
    "tests/scoring/test_metrics_by_hand.py",
)
DIAGNOSIS = tuple(
    f"tests/diagnosis/test_{name}.py"
    for name in ("error_types", "scene", "plain_loops", "lrp", "report", "groups", "tracks", "quirks")
)
STATISTICS = (
    *(
        f"tests/statistics/test_{name}.py"
        for name in (
            *("formulas", "multiplicity", "options", "weights", "signflips", "influence", "clusters"),
            *("by_hand", "influence_by_hand", "comparison", "intervals", "training", "draws", "gaps"),
            "noninferiority",
        )
    ),
    "tests/decisions/test_bounds.py",
)
DECISIONS = tuple(
    f"tests/decisions/test_{name}.py"
    for name in (
        *("bounds", "gate", "gate_slices", "keeping", "total_loss", "destroyed"),
        *(
            "leaderboard",
            "ties",
            "store",
            "comparable",
            "findable",
            "tolerances",
            "loss",
            "baselines",
            "alike",
        ),
    )
)
TRACKERS = (
    "tests/tracking/test_every_tracker.py",
    "tests/tracking/test_box_trackers.py",
    "tests/tracking/test_plain_loops.py",
    "tests/tracking/test_similarity_by_hand.py",
    "tests/tracking/test_framewise.py",
)


def _metric(*tests: str) -> tuple[str, ...]:
    return (*tests, *ALL_METRICS)


ROOMS: dict[str, dict[str, tuple[str, ...]]] = {
    "metrics": {
        "poseval.metrics": (
            "tests/metrics/test_base.py",
            "tests/scoring/test_metrics_by_hand.py",
            "tests/test_plugins.py",
            *SINGLE,
        ),
        "poseval.metrics.base": _metric("tests/scoring/test_metrics_by_hand.py", *SINGLE),
        "poseval.metrics.parameters": _metric(
            "tests/metrics/test_base.py", "tests/metrics/test_parameter_bounds.py"
        ),
        "poseval.metrics.calibration": _metric("tests/metrics/test_calibration.py"),
        "poseval.metrics.clear_mot": _metric(*TRACKS),
        "poseval.metrics.epe": _metric(
            "tests/metrics/test_epe.py", "tests/metrics/test_matched_people.py", *SINGLE
        ),
        "poseval.metrics.error_curve": _metric("tests/metrics/test_nme.py", *SINGLE),
        "poseval.metrics.ex_oks": _metric(*OKS),
        "poseval.metrics.hota": _metric(*TRACKS),
        "poseval.metrics.identity": _metric(*TRACKS),
        "poseval.metrics.joint_ap": _metric("tests/metrics/test_joint_ap.py", *TRACKS),
        "poseval.metrics.joint_error": _metric(
            *SINGLE, "tests/metrics/test_nme.py", "tests/metrics/test_epe.py"
        ),
        "poseval.metrics.joint_rows": _metric(*TRACKS),
        "poseval.metrics.official_ties": ("tests/metrics/test_official_ties.py",),
        "poseval.metrics.matched_people": ("tests/metrics/test_matched_people.py",),
        "poseval.metrics.nme": _metric("tests/metrics/test_nme.py", *SINGLE),
        "poseval.metrics.oks_ap": _metric(*OKS),
        "poseval.metrics.oks_joints": _metric(*OKS),
        "poseval.metrics.oks_lrp": _metric("tests/metrics/test_oks_lrp.py"),
        "poseval.metrics.oks_matches": _metric(
            "tests/metrics/test_calibration.py", "tests/metrics/test_oks_lrp.py"
        ),
        "poseval.metrics.oks_scene": _metric(*OKS),
        "poseval.metrics.oks_single": _metric(*OKS),
        "poseval.metrics.pck": _metric(*SINGLE),
        "poseval.metrics.person_groups": (
            "tests/metrics/test_person_groups.py",
            "tests/scoring/test_slices.py",
        ),
        "poseval.metrics.ospa": _metric("tests/metrics/test_ospa.py"),
        "poseval.metrics.ospa_tracks": _metric("tests/metrics/test_ospa.py"),
        "poseval.metrics.ospa_visibility": _metric("tests/metrics/test_ospa.py"),
        "poseval.metrics.pcp": _metric("tests/metrics/test_pcp.py", *SINGLE),
        "poseval.metrics.presence": _metric("tests/metrics/test_presence.py"),
        "poseval.metrics.ranking": _metric(*OKS),
        "poseval.metrics.reid_hota": _metric("tests/metrics/test_reid_hota.py", *TRACKS),
        "poseval.metrics.tracking_scene": _metric(*TRACKS),
    },
    "diagnosis": {
        f"poseval.diagnosis.{name}": DIAGNOSIS
        for name in (
            "diagnose",
            "error_types",
            "findings",
            "gains",
            "groups",
            "lrp",
            "optimal_scores",
            "tracks",
        )
    }
    | {
        "poseval.diagnosis.pairs": ("tests/report/test_explorer.py",),
        "poseval.diagnosis.worst": ("tests/diagnosis/test_worst.py", "tests/cli/test_convert_worst.py"),
    },
    "statistics": {
        f"poseval.statistics.{name}": STATISTICS
        for name in (
            *("clusters", "comparison", "draws", "formulas", "influence", "intervals", "multiplicity"),
            *("noninferiority", "options", "pairs", "signflips", "student", "support", "training", "weights"),
        )
    }
    | {
        "poseval.statistics.gaps": ("tests/statistics/test_gaps.py", "tests/scoring/test_slices.py"),
        "poseval.statistics.sigmas": ("tests/statistics/test_sigmas.py",),
    },
    "decisions": {
        f"poseval.decisions.{name}": DECISIONS
        for name in (
            *("alike", "baselines", "bounds", "gate", "keeping", "leaderboard", "loss", "store", "ties"),
            *("tolerances", "verdict"),
        )
    }
    | {
        f"poseval.decisions.{name}": (
            f"tests/decisions/test_{name}.py",
            "tests/cli/test_leaderboard.py",
            *DECISIONS,
        )
        for name in ("entries", "facts", "verifying")
    },
    "tracking": {
        "poseval.tracking.assignment": ("tests/tracking/test_assignment.py", *TRACKERS),
        "poseval.tracking.base": ("tests/tracking/test_registry.py", *TRACKERS),
        "poseval.tracking.bytetrack": TRACKERS,
        "poseval.tracking.framewise": TRACKERS,
        "poseval.tracking.kalman": ("tests/tracking/test_kalman.py", *TRACKERS),
        "poseval.tracking.ocsort": TRACKERS,
        "poseval.tracking.similarity": ("tests/tracking/test_similarity.py", *TRACKERS),
        "poseval.tracking.sort": TRACKERS,
    },
}


def path_of(module: str) -> Path:
    """The file of a module."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
