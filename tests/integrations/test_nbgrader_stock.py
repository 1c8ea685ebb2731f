"""Every attack must win under the stock configuration: one that wins nowhere proves nothing."""

import pytest

pytest.importorskip("nbgrader")

from tests.integrations.nbgrader_attacks import ATTACKS
from tests.integrations.nbgrader_desk import Campus, stock_course


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    campus = Campus(tmp_path_factory.mktemp("stock"))
    stock_course(campus)
    campus.nbgrader("autograde", "stock")
    return campus.scores()


def test_the_stock_course_is_fair_to_honest_work(scores):
    assert scores["right"] == 20
    assert scores["blank"] == 0


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_attack_takes_full_marks(scores, attack):
    assert scores[attack] >= 20
