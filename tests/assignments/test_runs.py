"""`make train` in small: both models learn, and the pictures are drawn."""

import os
import subprocess
import sys

import numpy as np
import pytest

from runs import corpus
from tests.sample_class.build import ROOT


def test_the_corpus_is_the_handouts():
    text = corpus.read_text()
    alphabet = corpus.make_alphabet(text)
    tokens = corpus.encode(text, alphabet)
    assert len(text) > 100_000
    assert len(alphabet) < 150
    assert (tokens == 0).mean() < 0.01
    kept = tokens[tokens > 0]
    assert set(corpus.decode(kept, alphabet)) <= set(text)
    with pytest.raises(FileNotFoundError, match="handout"):
        corpus.read_text(ROOT / "tests")


def test_training_and_held_out_text_do_not_meet():
    training, held_out = corpus.split(np.arange(4000), 20)
    assert not set(training.ravel().tolist()) & set(held_out.ravel().tolist())
    assert held_out.size > 300


def test_bigrams_are_better_than_guessing_and_worse_than_knowing():
    tokens = np.tile([0, 1, 2, 1], 500)
    loss = corpus.bigram_loss(tokens, tokens[:400].reshape(20, 20), 3)
    assert 0.3 < loss < 0.4  # after a 1 it is one of two, else it is certain


def test_the_command_trains_both_and_draws(tmp_path):
    command = [sys.executable, "-m", "runs", "--to", str(tmp_path)]
    command += ["--language-steps", "30", "--translation-steps", "30"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "solutions"), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert "held-out loss" in done.stdout
    assert "above the bigram" in done.stdout  # thirty steps are too few: the words are not fixed
    assert "new pairs right" in done.stdout
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert pictures == ["language_attention.png", "language_loss.png", "translation_loss.png"]
