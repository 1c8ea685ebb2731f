"""The container file's steps, run without an engine: what it builds grades right work right."""

import json
import os
import shutil
import subprocess

import pytest

from tests.desk import ROOT

IGNORED = shutil.ignore_patterns(".git", ".venv", "__pycache__", "results", "demo", ".*_cache")


def steps():
    text = (ROOT / "Containerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The folder that stands for /, after all RUN steps."""
    root = tmp_path_factory.mktemp("image")
    for kind, rest in steps():
        if kind == "COPY":
            assert rest == ". /kit"
            shutil.copytree(ROOT, root / "kit", ignore=IGNORED)
        elif kind == "RUN":
            command = rest.replace("/opt/kit", str(root / "opt/kit"))
            subprocess.run(["sh", "-ec", command], cwd=root / "kit", check=True)
    return root


def test_it_begins_and_ends_as_such_files_do():
    kinds = [kind for kind, _ in steps()]
    assert kinds[0] == "FROM"
    assert kinds[-1] == "ENTRYPOINT"
    assert dict(steps())["WORKDIR"] == "/kit"


def test_what_it_builds_grades(image):
    entry = json.loads(dict(steps())["ENTRYPOINT"])[0]
    program = str(image) + entry
    done = subprocess.run(
        [program, "grade", "03", "solutions", "--results", image / "results", "--json"],
        cwd=image / "kit",
        env={"PATH": os.environ["PATH"], "XDG_STATE_HOME": str(image / "secret")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    assert result["score"] == result["max_score"]
