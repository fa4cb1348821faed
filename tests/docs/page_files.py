"""Files that one page names and others do not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import scene_set
from tests.docs.blocks import blocks
from tests.docs.test_animals import animals
from tests.shared import ROOT

OPTIONAL = ("torch", "cv2", "matplotlib", "pandas")
# A pattern in a block -> the package without which it cannot run.
NEEDED = {
    r"poseval run|poseval train|poseval models \w+ --weights": "torch",
    r"--tracker flow": "cv2",
    r"\.slp|\.nwb": "h5py",
}


def make(page: str, folder: Path) -> None:
    """Make the files of a page beside those that all pages share."""
    MAKERS.get(page, lambda folder: None)(folder)


def copies(**names: str) -> Callable[[Path], None]:
    """Files under other names: `new="b.json"` is `new.json`."""

    def maker(folder: Path) -> None:
        for name, source in names.items():
            shutil.copy(folder / source, folder / f"{name}{Path(source).suffix}")

    return maker


def readme(folder: Path) -> None:
    for name, role, noise in (("labels", Role.TRUTH, 0.0), ("pred", Role.PREDICTIONS, 3.0)):
        poses = animals(1, noise, seed=1)
        get_format("deeplabcut").write(poses, folder / f"mice_{name}.csv", WriteOptions(role))
    runs(folder)
    demo(folder)


def demo(folder: Path) -> None:
    """What `make demo` leaves."""
    assert invoke(["demo", str(folder / "poseval-demo"), "-q"]) == 0


def runs(folder: Path) -> None:
    """A folder of saved runs, and one of predictions."""
    for name in ("runs", "base", "submissions"):
        (folder / name).mkdir()
    for name in ("a", "b"):
        shutil.copy(folder / f"{name}.poseval", folder / "runs")
        shutil.copy(folder / f"{name}.poseval", folder / "base")
        shutil.copy(folder / f"{name}.json", folder / "submissions")
    shutil.copy(folder / "a.poseval", folder / "runs" / "resnet50.poseval")


def board(folder: Path) -> None:
    """Runs, and the file of facts that the page shows below the command that reads it."""
    runs(folder)
    (facts,) = [one for one in blocks(ROOT / "docs/leaderboard.md") if one.language == "toml"]
    (folder / "board.toml").write_text(facts.text, "utf-8")


def ci(folder: Path) -> None:
    runs(folder)
    copies(new_preds="preds.json", baseline="a.poseval")(folder)


def scenes(folder: Path) -> None:
    """A csv file with the scene of each frame."""
    from poseval import read

    keys = read(folder / "gt.json", role="truth").frames.key
    rows = [f"{key},{'street' if at % 2 else 'hall'}" for at, key in enumerate(keys)]
    (folder / "scene.csv").write_text("\n".join(["frame,group", *rows, ""]), "utf-8")


def pictures(folder: Path) -> None:
    """An image of each frame."""
    from PIL import Image

    from poseval import read

    (folder / "val2017").mkdir()
    frames = read(folder / "gt.json", role="truth").frames
    for path, size in zip(frames.path.tolist(), frames.size.tolist(), strict=True):
        Image.new("RGB", (int(size[0]), int(size[1])), (90, 90, 90)).save(
            folder / "val2017" / Path(path).name
        )


def frames(folder: Path) -> None:
    """The images of the videos, those of two images with people, and weights of no use."""
    truth = scene_set(seed=5, images=2, people=1)
    get_format("coco").write(truth, folder / "gt.json", WriteOptions(Role.TRUTH, force=True))
    pictures(folder)
    shutil.move(folder / "val2017", folder / "frames")
    shutil.copytree(folder / "clips" / "images", folder / "frames", dirs_exist_ok=True)
    weights(folder)


def weights(folder: Path) -> None:
    """A network as it is made, under the names that pages use for published weights."""
    try:
        import torch
    except ImportError:
        return
    from poseval.models import create_model

    torch.save(create_model("hrnet_w32").state_dict(), folder / "w.pth")
    shutil.copy(folder / "w.pth", folder / "pose_hrnet_w32_256x192.pth")


MAKERS: dict[str, Callable[[Path], None]] = {
    "README.md": readme,
    "docs/ci.md": ci,
    "docs/explore.md": pictures,
    "docs/leaderboard.md": board,
    "docs/metrics/oks_ap.md": copies(predictions="preds.json", truth="gt.json"),
    "docs/models.md": weights,
    "docs/papers.md": copies(c="b.poseval"),
    "docs/slices.md": scenes,
    "docs/start.md": demo,
    "docs/trackers.md": frames,
    "docs/statistics.md": copies(new="a.json", baseline="a.poseval"),
}
