"""The proof about words that come back: it holds, and it finds a judge that hands them on."""

from dataclasses import replace

import pytest

from autograder.checker.finding import Finding
from autograder.course.course import Course
from autograder.course.secret import Secret
from autograder.grading.judges import Streams
from autograder.verify.leaks import TALKERS, leak_proof
from autograder.verify.subject import make_subject
from tests.desk import ROOT, TINY


@pytest.fixture(params=[TINY, ROOT], ids=["tiny", "course"])
def subject(request, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("a secret for these tests\n")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(tmp_path / "secret"))
    course = Course.find(request.param)
    assignment = course.assignments[2 if request.param == ROOT else 0]
    streams = Streams(course, assignment, Secret.load(course.id))
    return make_subject(course, assignment, streams[0], streams.reference, streams.slips)


def test_nothing_comes_back(subject):
    proof = leak_proof(subject)
    assert proof.problems == ()
    assert proof.looked_at >= 4 * len(TALKERS)


def test_a_judge_that_tells_the_symptom_as_it_is_is_found(subject, monkeypatch):
    text = Finding.text

    def loose(self, disclosure="full", sections=None):
        return text(replace(self, told=self.symptom), disclosure, sections)

    monkeypatch.setattr(Finding, "text", loose)
    found = leak_proof(subject).problems
    assert any("an exception's words" in problem for problem in found)
    assert any("an exception's class" in problem for problem in found)
    assert all('"cause"' in problem for problem in found)


def test_a_feedback_with_warnings_is_found(subject, monkeypatch):
    text = Finding.text

    def loose(self, disclosure="full", sections=None):
        return text(self, disclosure, sections) + "".join(self.warnings)

    monkeypatch.setattr(Finding, "text", loose)
    assert any("a warning" in problem for problem in leak_proof(subject).problems)
