"""What a user installs: the wheel's metadata and contents."""

from __future__ import annotations

import configparser
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
    assert "poseval = poseval.cli:main" in entries


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
