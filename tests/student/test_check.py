"""The template as a student has it: elsewhere, with NumPy and pytest only, no repository near."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

import pytest

from tests.desk import kit
from tests.released import committed_template
from tests.sample_class import slips
from tests.sample_class.build import ROOT, SOLUTION

WIDTH = 80


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """A fresh environment with the student's requirements and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)  # another environment's pip fills it: to install one takes longer
    found = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    requirements = ROOT / "student_template" / "requirements.txt"
    pip = [sys.executable, "-m", "pip", "--python", found, "--disable-pip-version-check"]
    install = ["install", "--quiet", "--no-compile", "-r", requirements]
    subprocess.run([*map(str, (*pip, *install))], check=True)
    return found


@pytest.fixture(scope="session")
def used(python, tmp_path_factory):
    """The template after a run in another folder, for what Python compiled in that run."""
    target = committed_template(tmp_path_factory.mktemp("used") / "my course")
    run(python, target, "03", "--json")
    return target


@pytest.fixture
def folder(used, tmp_path):
    """A copy of the template."""
    target = committed_template(tmp_path / "my course")
    for compiled in used.glob("autograder/**/__pycache__"):
        shutil.copytree(compiled, target / compiled.relative_to(used))
    return target


def run(python, folder, *arguments, expect=0, **environment):
    """Run check.py; its output."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    done = subprocess.run(
        [str(python), "check.py", *arguments],
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        check=False,
    )
    output = (done.stdout + done.stderr).decode(environment.get("PYTHONIOENCODING", "utf-8"))
    assert done.returncode == expect, output
    return output


def fill(folder, file, appended=""):
    """Put the solution's file into the student's package."""
    text = SOLUTION.joinpath(file).read_text(encoding="utf-8") + appended
    folder.joinpath("transformer", file).write_text(text, encoding="utf-8")


def test_the_first_run_explains_itself_and_is_partly_green(python, folder):
    output = run(python, folder)
    welcome = output.split("\n\n")[0].splitlines()
    assert len(welcome) == 5
    assert "--watch" in output
    assert re.search(r"✓ tanh_backward .*given", output)
    assert "Next: " in output
    assert "transformer/activations.py, line" in output
    assert "Welcome" not in run(python, folder)


def test_no_line_is_wider_than_the_terminal(python, folder):
    fill(folder, "layernorm.py", slips.NO_VARIANCE_PATH)
    fill(folder, "attention.py", slips.INVERTED_MASK)
    fill(folder, "activations.py", slips.SOFTMAX_WITHOUT_SHIFT)
    for arguments in ((), ("01",), ("03",), ("04",), ("--list",), ("03", "--hint")):
        for line in run(python, folder, *arguments).splitlines():
            assert len(line) <= WIDTH, line


def test_a_slip_is_named_with_section_and_place(python, folder):
    fill(folder, "layernorm.py", slips.NO_VARIANCE_PATH)
    output = run(python, folder, "03")
    assert "✗ layernorm_backward" in output
    assert "A known slip gives exactly this" in output
    assert "variance" in output
    assert "Handout §3.6" in output
    assert "yours" in output


def test_a_cause_is_told_once_and_every_other_in_words_that_can_be_read(python, folder):
    fill(folder, "layernorm.py", slips.NO_MEAN_PATH)
    others = run(python, folder, "03").partition("Other checks that fail:")[2]
    assert others.count("the same cause") == 2
    assert "change" not in others
    fill(folder, "layernorm.py", slips.NO_MEAN_PATH + slips.NO_SHIFT)
    others = run(python, folder, "03").partition("Other checks that fail:")[2]
    assert others.count("layernorm_backward:") == 3
    assert others.count("In `dx`: the term `through_mean`") == 1
    assert others.count("the same cause") == 4 + 2
    assert "change" not in others


def test_it_goes_on_where_the_student_stands(python, folder):
    for file in ("activations.py", "losses.py"):
        fill(folder, file)
    assert "02_layer" in run(python, folder).split("\n")[6]
    assert "All public checks pass" in run(python, folder, "01")


def test_what_depends_on_a_failed_function_waits(python, folder):
    fill(folder, "attention.py", slips.INVERTED_MASK)
    output = run(python, folder, "04", "--json")
    checks = json.loads(output)["checks"]
    waiting = {c["function"] for c in checks if c["verdict"] == "skipped"}
    assert "multi_head_attention" in waiting


def test_hints_come_one_by_one(python, folder):
    first, second = run(python, folder, "03", "--hint"), run(python, folder, "03", "--hint")
    assert "Hint 1 of 3" in first
    assert "Hint 2" not in first
    assert "Hint 2 of 3" in second
    run(python, folder, "03", "--hint")
    assert "That was the last one" in run(python, folder, "03", "--hint")


def test_a_released_solution_stands_below_the_current_assignment(python, folder, tmp_path):
    fill(folder, "layer.py")
    before = json.loads(run(python, folder, "02", "--json"))
    assert any(check["verdict"] == "not_implemented" for check in before["checks"])
    assert kit("release", "01", "--solution", "--to", folder).returncode == 0
    output = run(python, folder, "02")
    assert "released solution of 01_activations" in output
    assert "All public checks pass" in output


def test_pytest_says_the_same(python, folder):
    fill(folder, "layernorm.py", slips.NO_VARIANCE_PATH)
    checks = json.loads(run(python, folder, "03", "--json"))["checks"]
    command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "assignments/03_layernorm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    passed = sum(check["verdict"] == "passed" for check in checks)
    assert f"{passed} passed" in done.stdout
    assert f"{len(checks) - passed} failed" in done.stdout
    assert "A known slip gives exactly this" in done.stdout
    assert "autograder/student" not in done.stdout


def test_the_zip_holds_what_was_written_beside_the_code(python, folder):
    (folder / "Written_03.md").write_text("# RMS\n", encoding="utf-8")
    (folder / "derivation").mkdir()
    (folder / "derivation" / "page 1.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "written.py").write_text("print()\n", encoding="utf-8")
    output = run(python, folder, "03", "--zip")
    assert "and 2 of written work" in output
    with zipfile.ZipFile(folder / "03_layernorm.zip") as archive:
        names = archive.namelist()
    assert {"Written_03.md", "derivation/page 1.jpg"} < set(names)
    assert "written.py" not in names


def test_the_zip_holds_the_package_and_is_accepted(python, folder):
    output = run(python, folder, "03", "--zip")
    assert "03_layernorm.zip" in output
    with zipfile.ZipFile(folder / "03_layernorm.zip") as archive:
        assert "transformer/layernorm.py" in archive.namelist()
        assert all(name.startswith("transformer/") for name in archive.namelist())


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_any_console_encoding_will_do(encoding, python, folder):
    fill(folder, "layernorm.py", slips.NO_VARIANCE_PATH)
    for arguments in (("03",), ("--list",), ("03", "--hint")):
        output = run(python, folder, *arguments, PYTHONIOENCODING=encoding)
        assert "layernorm" in output


def test_no_colours_without_a_terminal(python, folder):
    assert "\x1b[" not in run(python, folder)


def test_an_unknown_assignment_is_answered_with_those_there_are(python, folder):
    assert "03_layernorm" in run(python, folder, "99", expect=2)


def test_a_changed_check_says_that_its_record_is_stale(python, folder):
    path = folder / "assignments" / "03_layernorm" / "test_public.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("impl.layernorm(", "impl.layernorm( ", 1), encoding="utf-8")
    assert "Unpack the assignment's test_public.py again" in run(python, folder, "03", expect=3)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def layernorm(x\n", "SyntaxError"),
        ("raise RuntimeError('at import')\n", "at import"),
        ("import torch_of_the_future\n", "torch_of_the_future"),
        ("", "has no function layernorm"),
    ],
)
def test_a_broken_file_is_told_in_a_line(source, words, python, folder):
    folder.joinpath("transformer", "layernorm.py").write_text(source)
    output = run(python, folder, "03")
    assert words in output
    assert "Traceback" not in output


def test_watch_answers_a_save_within_half_a_second(python, folder):
    fill(folder, "layernorm.py", slips.NO_VARIANCE_PATH)
    with (folder / "watch.log").open("w") as log:
        process = subprocess.Popen(
            [str(python), "-u", "check.py", "03", "--watch"], cwd=folder, stdout=log
        )
        try:
            output = wait_for(folder / "watch.log", "Stuck?", 10)
            assert "layernorm_backward" in output
            (folder / "transformer" / "layernorm.py").write_text("def broken(\n")
            wait_for(folder / "watch.log", "SyntaxError", 5)
            started = time.perf_counter()
            fill(folder, "layernorm.py")
            wait_for(folder / "watch.log", "All public checks pass", 5)
            seconds = time.perf_counter() - started
        finally:
            process.terminate()
            process.wait()
    print(f"from save to verdict: {seconds:.2f} s")
    assert seconds < 2  # half a second on a quiet machine; tests run beside others


def wait_for(path: Path, words: str, seconds: float) -> str:
    """Read a growing file until the words are in it."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        text = path.read_text()
        if words in text:
            return text
        time.sleep(0.02)
    raise AssertionError(f"{words!r} did not come within {seconds} s:\n{path.read_text()}")
