"""Examples of each command. Its help ends with them, and a test runs every one."""

from __future__ import annotations

# command -> (arguments, what that does). Each works on the files of `poseval demo --plain`, renamed as here,
# after those that stand before it.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "compare": (
        ("a.json b.json --gt gt.json", "which of two systems is better"),
        ("a.poseval b.poseval", "the same, from saved runs"),
        ("a.poseval b.poseval --format latex", "as a table for a paper"),
    ),
    "bench": (
        ("synth_small --repeats 5", "the demo's network on this machine"),
        ("simplebaseline_r50 --threads 1 --people 1 --no-flip", "one person at a time"),
    ),
    "challenge": (
        ("init my-challenge/ --gt gt.json --title People", "a folder to edit"),
        ("check my-challenge/ preds.json", "what its server would say"),
    ),
    "challenge init": (("ours/ --gt gt.json --title People", "the description, and pages"),),
    "challenge check": (
        ("my-challenge/ preds.json", "what a participant would see"),
        ("my-challenge/ preds.json --save runs/us.json", "and keep the verdict for a board"),
    ),
    "challenge build": (("my-challenge/ --for codabench --out bundle.zip", "a bundle to upload"),),
    "challenge site": (("my-challenge/ --runs runs/ --out board/", "a board for a web server"),),
    "challenge worker": (("my-challenge/ --phase 12=test --most 1", "score one message of the queue"),),
    "completion": (("bash >> ~/.bashrc", "complete names in each new shell"),),
    "config": (("", "the defaults that hold in this folder"),),
    "convert": (
        ("preds.json poses/ --gt gt.json --to openpose", "predictions in another format"),
        ("preds.json worst.json --gt gt.json --worst 50 --to coco", "the worst frames"),
    ),
    "crosscheck": (("preds.json --gt gt.json", "beside the official program"),),
    "demo": (("--plain", "COCO files, without a network"),),
    "diagnose": (("preds.json --gt gt.json", "the errors, and what each costs"),),
    "doctor": (("", "the text that a bug report asks for"),),
    "explain": (
        ("P402", "what an error code means"),
        ("a.report.json b.report.json", "why two numbers are not comparable"),
    ),
    "explore": (
        ("preds.json --gt gt.json --out site/", "every frame of a system"),
        ("a.json b.json --gt gt.json --out both/", "two systems beside each other"),
    ),
    "gate": (
        ("preds.json --gt gt.json --baseline a.poseval --significant", "fail if worse beyond noise"),
        ("preds.json --gt gt.json --baseline a.poseval --max-drop AP=0.5", "fail if 0.5 points worse"),
    ),
    "help": (("score", "the options of score"),),
    "leaderboard": (
        ("a.poseval b.poseval", "ranks, with ties"),
        ("a.poseval b.poseval --csv board.csv", "the same as a table"),
    ),
    "list": (("benchmarks", "what can be scored"), ("formats", "what can be read and written")),
    "models": (("", "all models"), ("hrnet_w32", "one of them, with its size and cost")),
    "plot": (
        ("preds.json --gt gt.json --out figures/", "precision and recall, and more"),
        ("a.poseval b.poseval --out both/", "two systems over one another"),
    ),
    "run": (("synth_small --gt gt.json --images images/ --out mine.json", "predictions of a network"),),
    "score": (
        ("preds.json --gt gt.json", "the numbers of the official program"),
        ("preds.json --gt gt.json --per-joint --ci 95", "each joint, with intervals"),
        ("preds.json --gt gt.json --slice size --ci 95", "people by size, with intervals and the gap"),
        ("preds.json --gt gt.json --save run.poseval", "and keep the run"),
    ),
    "sigmas": (("first.json second.json", "from two annotators of the same people"),),
    "synth": (("people/ --images 20", "images with exact ground truth"),),
    "track": (("preds/ --gt videos/ --tracker ocsort --out tracked/", "identities over time"),),
    "train": (("synth_small --gt gt.json --images images/ --out small.pt", "a network by its recipe"),),
    "validate": (("preds.json --gt gt.json", "everything that is wrong with a file"),),
}


def epilog(command: str) -> str | None:
    """The examples of a command as lines of its help."""
    rows = [(f"poseval {command} {words}".rstrip(), why) for words, why in EXAMPLES.get(command, ())]
    if not rows:
        return None
    lines = [line for words, why in rows for line in (f"  # {why}", f"  {words}")]
    return "\b\nExamples:\n" + "\n".join(lines)
