"""The secret behind the hidden inputs, whole and lent for one assignment."""

import pytest

from autograder.course.secret import Secret
from autograder.errors import KitError


def test_a_lent_key_gives_the_same_inputs_for_one_assignment_only(tmp_path, monkeypatch):
    whole = Secret(b"sixteen letters!", tmp_path / "whole")
    lent = tmp_path / "lent"
    lent.write_bytes(whole.lend("03_layernorm"))
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(lent))
    part = Secret.load("any")
    assert part.seed("03_layernorm", "test_x") == whole.seed("03_layernorm", "test_x")
    assert part.lend("03_layernorm") == whole.lend("03_layernorm")
    assert whole.value not in lent.read_bytes()
    with pytest.raises(KitError, match="key of 03_layernorm only"):
        part.seed("04_attention", "test_x")


def test_every_check_has_inputs_of_its_own():
    whole = Secret(b"sixteen letters!", None)
    other = Secret(b"sixteen letters?", None)
    seeds = {
        secret.seed(assignment, check)
        for secret in (whole, other)
        for assignment in ("01_a", "02_b")
        for check in ("test_x", "test_y")
    }
    assert len(seeds) == 8
