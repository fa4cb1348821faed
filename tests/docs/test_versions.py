"""The site of several versions: folders, their list, and the step of the workflow that adds one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.scripts import script
from tests.shared import ROOT

versions = script("versions")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A built site of two pages."""
    folder = tmp_path / "site"
    (folder / "howto").mkdir(parents=True)
    for name in ("index.html", "howto/coco.html", ".buildinfo"):
        (folder / name).write_text(name, "utf-8")
    return folder


def listed(pages: Path) -> dict[str, list[str]]:
    text = (pages / "versions.js").read_text("utf-8")
    found: dict[str, list[str]] = json.loads(text.removeprefix("window.posevalVersions = ").rstrip(";\n"))
    return found


def test_releases_stand_before_the_branch_from_the_newest_on(site: Path, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    versions.add(site, pages, "main")
    assert "url=main/index.html" in (pages / "index.html").read_text("utf-8")
    for name in ("v0.9.0", "v0.10.0", "v0.2.1"):
        versions.add(site, pages, name)
    assert list(listed(pages)) == ["v0.10.0", "v0.9.0", "v0.2.1", "main"]
    assert listed(pages)["main"] == ["howto/coco.html", "index.html"]
    assert "url=v0.10.0/index.html" in (pages / "index.html").read_text("utf-8")
    assert not list(pages.rglob(".buildinfo"))


def test_a_version_that_is_built_again_takes_the_place_of_its_first_site(site: Path, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    versions.add(site, pages, "main")
    (site / "howto/coco.html").rename(site / "howto/people.html")
    versions.add(site, pages, "main")
    assert listed(pages) == {"main": ["howto/people.html", "index.html"]}


@pytest.mark.parametrize("name", ["../main", "v1", "feature", "v1.2.3-rc1", ""])
def test_other_names_are_no_versions(name: str, site: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no version"):
        versions.add(site, tmp_path / "pages", name)
    assert not (tmp_path / "pages").exists()


def test_a_folder_that_is_no_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run `make docs` first"):
        versions.add(tmp_path, tmp_path / "pages", "main")


@pytest.mark.skipif(shutil.which("git") is None or shutil.which("bash") is None, reason="needs git and bash")
def test_the_step_of_the_workflow_adds_a_version_to_the_branch(site: Path, tmp_path: Path) -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/docs.yml").read_text("utf-8"))
    (step,) = [one for one in workflow["jobs"]["publish"]["steps"] if one.get("name") == "add"]
    origin, work = tmp_path / "origin", tmp_path / "work"
    git("init", "--quiet", "--bare", "-b", "main", str(origin))
    git("clone", "--quiet", str(origin), str(work))
    (work / "docs").mkdir()
    shutil.copy(ROOT / "docs/versions.py", work / "docs")
    git("add", "--all", at=work)
    git("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-qm", "sources", at=work)
    git("push", "--quiet", "origin", "HEAD:main", at=work)
    for name, found in (("main", ["main"]), ("v0.1.0", ["v0.1.0", "main"]), ("main", ["v0.1.0", "main"])):
        place = tmp_path / f"run{len(list(tmp_path.glob('run*')))}"
        git("clone", "--quiet", str(origin), str(place))
        shutil.copytree(site, place / "build/site")
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = os.environ | {"NAME": name, "PATH": programs}
        words = ["bash", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(words, cwd=place, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        kept = git("ls-tree", "-r", "--name-only", "pages", at=origin).split()
        assert {"index.html", "versions.js", ".nojekyll"} <= set(kept)
        assert {f"{one}/howto/coco.html" for one in found} <= set(kept)
        assert "docs/versions.py" not in kept


def git(*words: str, at: Path = ROOT) -> str:
    return subprocess.run(["git", *words], cwd=at, check=True, capture_output=True, text=True).stdout
