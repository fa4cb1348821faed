"""What a user installs: the wheel's metadata and contents."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

from poseval import __version__

CLIPS = 2  # of the demo, whose predictions are recorded
LARGEST = 6_000_000  # bytes that ship for the demo
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)], check=True, capture_output=True
    )
    return out


@pytest.mark.slow
def test_wheel_and_sdist_hold_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    (sdist,) = built.glob("*.tar.gz")
    assert sdist.stat().st_size > 0
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        (path,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(path).decode())
        (entry,) = [name for name in names if name.endswith("entry_points.txt")]
        entries = archive.read(entry).decode()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"poseval"}
    pages = [path for kind in ("css", "js", "j2") for path in (ROOT / "poseval").rglob(f"*.{kind}")]
    assert {path.relative_to(ROOT).as_posix() for path in pages} <= set(names)
    for wanted in ("poseval/py.typed", "poseval/skeletons/table.json", "poseval/kernels/_kernels.pyi"):
        assert wanted in names
    assert not [name for name in names if name.endswith((".cpp", ".hpp"))]
    shipped = {
        name: size
        for name, size in sizes.items()
        if name.startswith(("poseval/models/shipped/", "poseval/synth/recorded/"))
        and not name.endswith(".py")
    }
    assert "poseval/models/shipped/synth_small.pt" in shipped
    assert len([name for name in shipped if name.endswith(".json.gz")]) == CLIPS
    assert sum(shipped.values()) < LARGEST
    with tarfile.open(sdist) as source:
        inside = {name.partition("/")[2] for name in source.getnames()}
    assert shipped.keys() <= inside
    assert metadata["Name"] == "poseval"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "Apache-2.0"
    notices = {name.partition("/licenses/")[2] for name in names if "/licenses/" in name}
    compiled_in = {f"LICENSES/{name}.txt" for name in ("numpy", "pybind11", "scipy", "simdjson")}
    assert notices == {"LICENSE", "NOTICE", *compiled_in}
    required = {
        line.split(";")[0] for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line
    }
    bare = {line.split(">")[0].split("=")[0].strip() for line in required}
    base = {
        "numpy",
        "scipy",
        "pycocotools",
        "motmetrics",
        "pandas",
        "click",
        "jinja2",
        "matplotlib",
        "Pillow",
        "PyYAML",
        "tomli",
    }
    assert bare == base
    extras = {"models", "video", "flow", "dask", "formats", "parquet", "test"}
    extras |= {"crosscheck", "docs", "owners", "remote", "rerun", "zstd"}
    assert set(metadata.get_all("Provides-Extra", [])) == extras
    assert "poseval = poseval.__main__:main" in entries


@pytest.mark.slow
def test_the_sdist_holds_what_git_holds_and_is_the_same_each_time(tmp_path: Path) -> None:
    """Of a copy of the tree, whose files have other times."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=False, capture_output=True, text=True)
    if tracked.returncode or not tracked.stdout:
        pytest.skip("no checkout of git here")
    names = [name for name in tracked.stdout.splitlines() if name != ".gitignore"]
    found = []
    for at in range(2):
        tree = tmp_path / f"tree{at}"
        for name in names:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
            os.utime(tree / name, (at * 1e9, at * 1e9))
        words = [sys.executable, "-m", "build", "--sdist", "--outdir", str(tmp_path / f"dist{at}"), str(tree)]
        subprocess.run(
            words, check=True, capture_output=True, env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}
        )
        (path,) = (tmp_path / f"dist{at}").iterdir()
        found.append(path.read_bytes())
    assert found[0] == found[1]
    with tarfile.open(path) as source:
        inside = {name.partition("/")[2] for name in source.getnames()}
    assert [name for name in names if name not in inside] == []


def test_the_bill_of_materials_says_what_is_required_and_compiled_in(tmp_path: Path) -> None:
    wheel = tmp_path / "poseval-1-py3-none-any.whl"
    asked = ["numpy>=2.0", 'tomli>=2.0; python_version < "3.11"', 'torch>=2.6; extra == "models"']
    head = ["Name: poseval", "Version: 1", "License-Expression: Apache-2.0"]
    with zipfile.ZipFile(wheel, "w") as archive:
        lines = [*head, *(f"Requires-Dist: {text}" for text in asked), ""]
        archive.writestr("poseval-1.dist-info/METADATA", "\n".join(lines))
    words = [sys.executable, str(ROOT / ".ci/bill_of_materials.py"), str(wheel)]
    one, two = (subprocess.run(words, check=True, capture_output=True).stdout for _ in range(2))
    assert one == two
    bill = json.loads(one)
    assert [part["name"] for part in bill["components"]] == ["numpy", "tomli", "pybind11"]
    (digest,) = bill["metadata"]["component"]["hashes"]
    assert digest["content"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert set(bill["dependencies"][0]["dependsOn"]) == {part["bom-ref"] for part in bill["components"]}


def test_the_recipe_for_conda_asks_for_what_the_package_asks_for() -> None:
    other = {"matplotlib-base": "matplotlib", "pillow": "Pillow", "pyyaml": "PyYAML"}
    recipe = yaml.safe_load((ROOT / "conda/recipe.yaml").read_text("utf-8"))
    asked = {
        text.split()[0]: text.split()[1] for text in recipe["requirements"]["run"] if "python" not in text
    }
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    needed = [
        line.partition(";")[0].strip() for line in setup["options"]["install_requires"].split("\n") if line
    ]
    assert sorted(f"{other.get(name, name)}{bound}" for name, bound in asked.items()) == sorted(needed)
    assert recipe["context"]["version"] == __version__
