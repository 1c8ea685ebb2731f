"""Result documents: their way through JSON, and what is said of one that is none."""

import json

import pytest

from autograder.documents.results import from_json, to_json
from autograder.errors import KitError
from tests.documents.builders import result


def test_a_result_survives_the_way_through_json():
    assert from_json(to_json(result())) == result()
    refused = result(status="refused", isolation=None, checks=(), reason='a "link"', score=0.0)
    assert from_json(to_json(refused)) == refused
    fault = result(status="grader_error", raw_score=None, score=None)
    assert from_json(to_json(fault)) == fault


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 99}, "schema version 99"),
        ({"status": "fine"}, '"status" should be "graded" or "refused" or "grader_error"'),
        ({"score": "four"}, '"score" should be a number'),
        ({"checks": [{}]}, '"checks[1].name" is missing'),
        ({"extra": 1}, 'unknown key "extra"'),
        ({"graded_at": "soon"}, '"graded_at" should be a date and time'),
    ],
)
def test_a_document_that_is_no_result_is_told(change, words):
    document = json.loads(to_json(result())) | change
    with pytest.raises(KitError) as caught:
        from_json(json.dumps(document), "x.json")
    assert words in str(caught.value)
    assert "x.json" in str(caught.value)


def test_not_json_is_told():
    with pytest.raises(KitError, match="no JSON document"):
        from_json("{", "x.json")
