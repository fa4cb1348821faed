"""LSP, FLIC, PARSE and MPII Cooking: PCK, PDJ and strict PCP by the rules of bearpaw/eval_pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from poseval.benchmarks.base import Benchmark, Scored, its_format
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.single import one_each, with_kinds
from poseval.benchmarks.tables import by_kind, itself
from poseval.metrics.base import Metric
from poseval.metrics.pck import Absent, Pck, Pdj
from poseval.metrics.pcp import Pcp
from poseval.poses import PoseSet
from poseval.results.layout import Layout
from poseval.results.values import Summary
from poseval.skeletons.sticks import is_stick_skeleton

KIT = RuleSet("eval-pose", frozenset({"M08"}), "bearpaw/eval_pose@f6c71b6")


def pck_pdj_pcp(
    rules: RuleSet, truth: PoseSet, per_joint: bool, *, head: tuple[str, ...] = ("neck", "head_top")
) -> tuple[Metric, ...]:
    """PCK by the torso with its curve, PDJ and strict PCP; of arrays of sticks PCP alone."""
    if is_stick_skeleton(truth.skeleton):
        return (Pcp(),)
    absent = Absent.UNDEFINED if rules.keeps("M08") else Absent.SKIP
    pck = Pck("torso", (0.2,), curve_to=0.2, head=head, absent=absent, per_joint=per_joint)
    return (pck, Pdj(head=head, absent=absent), Pcp())


def flic_metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """As for LSP; the 11 joints of the release have no neck, so that their head row is the nose."""
    head = ("nose", "neck") if "neck" in truth.skeleton.joints else ("nose",)
    return pck_pdj_pcp(rules, truth, per_joint, head=head)


def pcp_alone(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """Strict PCP of upper bodies: without hips there is no torso for PCK, and without head boxes no PCKh."""
    return (Pcp(),)


kit_numbers = partial(with_kinds, of=("PCK@0.2", "PDJ@0.2", "PCP"))


def flic_numbers(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """Under the kit's rules the labels of head and torso sticks are exchanged, as its table has them."""
    out = kit_numbers(scored, rules)
    if rules.keeps("M12") and {"PCP/head", "PCP/torso"} <= out.keys():
        out["PCP/head"], out["PCP/torso"] = out["PCP/torso"], out["PCP/head"]
    return out


def kit_tables(
    summary: Summary,
    *,
    joints: Sequence[str] = ("Ankle", "Knee", "Hip", "Wrist", "Elbow", "Shoulder", "Head"),
    sticks: Sequence[str] = ("Lower_leg", "Upper_leg", "Lower_arm", "Upper_arm", "Head", "Torso"),
) -> Layout | None:
    """The kit's three tables in its order; for arrays of sticks only the last."""
    rows = []
    if "PCK@0.2" in summary:
        rows.append(("PCK@0.2", (*by_kind("PCK@0.2", joints), "AUC")))
    if "PDJ@0.2" in summary:
        rows.append(("PDJ@0.2", (*by_kind("PDJ@0.2", joints), "")))
    if "PCP" not in summary:
        return Layout((*joints, "Mean", "AUC"), tuple(rows)) if rows else None
    if not rows:
        return Layout((*sticks, "Mean"), (("PCP", by_kind("PCP", sticks)),))
    pcp = [("PCP", "PCP"), *((f"PCP {name.lower()}", f"PCP/{name.lower()}") for name in sticks)]
    rows += [(label, (*itself(key, joints), "")) for label, key in pcp]
    return Layout((*joints, "Mean", "AUC"), tuple(rows))


# The labels come person-centric and observer-centric; the reader finds out which and names the skeleton after
# it, so that signatures of the two never look alike.
LSP = Benchmark(
    name="lsp",
    title="Leeds Sports Pose, 14 joints, PCK, PDJ and PCP",
    primary="PCK@0.2",
    cluster="image",
    source="Johnson and Everingham 2010; evaluation by bearpaw/eval_pose",
    skeletons=("lsp14",),
    fixed_skeleton=True,
    rule_sets=(KIT, CORRECTED),
    truth_formats=("lsp-mat",),
    prediction_formats=("pose-mat", "pose-array"),
    signs=((its_format, 0.9),),
    sizes={1000: "the test half"},
    metrics=pck_pdj_pcp,
    pair=one_each,
    summary=kit_numbers,
    layout=kit_tables,
)
PARSE = replace(
    LSP,
    name="parse",
    title="PARSE, 14 joints, PCK, PDJ and PCP",
    source="Ramanan 2006; evaluation by bearpaw/eval_pose",
    skeletons=("parse14",),
    truth_formats=("parse-mat",),
    sizes={205: "the test half"},
)
FLIC = replace(
    LSP,
    name="flic",
    title="FLIC, 10 or 11 joints, PCK, PDJ and PCP",
    source="Sapp and Taskar 2013; evaluation by bearpaw/eval_pose",
    skeletons=("flic10", "flic11"),
    # The kit's table of PCP calls the torso "Head" and the head "Torso" (quirk M12).
    rule_sets=(replace(KIT, quirks=KIT.quirks | {"M12"}), CORRECTED),
    truth_formats=("flic-mat",),
    cluster="movie",
    sizes={1016: "the test set"},
    metrics=flic_metrics,
    summary=flic_numbers,
    layout=partial(
        kit_tables,
        joints=("Head", "Shoulder", "Elbow", "Wrist", "Hip"),
        sticks=("Head", "Torso", "Upper_arm", "Lower_arm"),
    ),
)
COOKING = replace(
    LSP,
    name="mpii-cooking",
    title="MPII Cooking, 12 joints of upper bodies, PCP",
    primary="PCP",
    source="Rohrbach et al. 2012; evaluation by bearpaw/eval_pose",
    skeletons=("mpii_cooking12",),
    rule_sets=(replace(KIT, quirks=frozenset()), CORRECTED),
    truth_formats=("mpii-cooking-mat",),
    sizes={1277: "the test set"},
    metrics=pcp_alone,
    layout=partial(kit_tables, sticks=("Torso", "Upper_arm", "Lower_arm", "Head")),
)
