"""The chapter "The road from the original": its figures, and the bugs that it plants."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from transformer.attention import attention_head, attention_head_backward, causal_mask
from transformer.gradient_check import check_gradients, numerical_gradient

EXTRAS = Path(__file__).parents[2] / "assignments" / "06_transformer_block" / "extras"
CHAPTER = (EXTRAS / "road_from_the_original.md").read_text(encoding="utf-8")
HUNT = runpy.run_path(str(EXTRAS / "bug_hunt.py"))
WRONG = {
    "mix": {"v"},
    "shifted": {"table"},
    "gated_residual": {"x"},
    "two_layers": {"x", "w1", "w2"},
    "scaled": {"gamma"},
}


def weights_of(q, k):
    """Softmax of the scaled scores, causal."""
    scores = np.where(causal_mask(len(q)), q @ k.T / np.sqrt(q.shape[-1]), -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def head_gradients(x, params, dy, transposed):
    """Gradients by w_q, w_k, w_v and x of a causal head, with two products transposed or not."""
    q, k, v = (x @ params[f"w_{name}"] for name in "qkv")
    weights = weights_of(q, k)
    dweights = v @ dy.T if transposed else dy @ v.T
    dv = (weights if transposed else weights.T) @ dy
    dscores = weights * (dweights - (weights * dweights).sum(-1, keepdims=True))
    dscores = dscores / np.sqrt(q.shape[-1])
    parts = {"q": dscores @ k, "k": dscores.T @ q, "v": dv}
    dx = sum(part @ params[f"w_{name}"].T for name, part in parts.items())
    return [x.T @ part for part in parts.values()] + [dx]


def cosines(seed):
    """Of the transposed gradients with the true ones, which the reference confirms."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(8, 16))
    params = {f"w_{name}": rng.normal(0, 0.25, (16, 4)) for name in "qkv"}
    dy = rng.normal(size=(8, 4))
    true = head_gradients(x, params, dy, transposed=False)
    biases = {f"b_{name}": np.zeros(4) for name in "qkv"}
    _, cache = attention_head(x, x, params | biases, causal_mask(8))
    dx, dcontext, grads = attention_head_backward(dy, cache)
    reference = [grads["w_q"], grads["w_k"], grads["w_v"], dx + dcontext]
    for ours, theirs in zip(true, reference, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    wrong = head_gradients(x, params, dy, transposed=True)
    return [
        (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())
        for a, b in zip(true, wrong, strict=True)
    ]


def test_the_cosines_of_the_chapter():
    found = np.mean([cosines(seed) for seed in range(40)], axis=0)
    assert "| " + " | ".join(f"{value:.2f}" for value in found) + " |" in CHAPTER


@pytest.mark.parametrize(
    ("std", "sentence"),
    [
        (1, "the largest weight of a row is {:.2f} in the mean"),
        (1 / 8, "Xavier's 1/8 it is {:.2f}"),
    ],
)
def test_the_largest_weight_at_the_start(std, sentence):
    rng = np.random.default_rng(0)
    largest = []
    for _ in range(40):
        x = rng.normal(size=(64, 64))
        q, k = (x @ rng.normal(0, std, (64, 64)) for _ in "qk")
        largest.append(weights_of(q, k).max(-1).mean())
    assert sentence.format(np.mean(largest)) in CHAPTER


@pytest.mark.parametrize("name", WRONG)
def test_each_planted_bug_shows_where_it_should(name):
    report = check_gradients(*HUNT["cases"]()[name])
    assert {argument for argument, error in report.items() if error > 1e-3} == WRONG[name]
    assert all(error < 1e-7 for argument, error in report.items() if argument not in WRONG[name])


def test_the_symptoms_that_the_chapter_asks_for():
    rng = np.random.default_rng(0)
    forward, backward, _ = HUNT["cases"]()["mix"]
    y, cache = forward(rng.normal(size=(4, 6)), rng.normal(size=(6, 3)))
    with pytest.raises(ValueError, match="mismatch"):
        backward(rng.normal(size=y.shape), cache)

    left_over = {}
    for name, (forward, backward, arguments) in HUNT["cases"]().items():
        y, cache = forward(*arguments)
        gradients = backward(np.zeros_like(y), cache)
        left_over[name] = any(np.abs(gradient).max() > 0 for gradient in gradients)
    assert [name for name, left in left_over.items() if left] == ["scaled"]

    for t in (5, 7):
        forward, backward, (x, table) = HUNT["cases"](t)["shifted"]
        y, cache = forward(x, table)
        dy = rng.normal(size=y.shape)
        expected = numerical_gradient(lambda table, x=x: forward(x, table)[0], table, dy)  # noqa: B023
        np.testing.assert_allclose(backward(dy, cache)[1] / expected, 1 / t, rtol=1e-6)

    forward, backward, (x, w) = HUNT["cases"]()["gated_residual"]
    y, cache = forward(x, w)
    dy = rng.normal(size=y.shape)
    expected = numerical_gradient(lambda x: forward(x, w)[0], x, dy)
    np.testing.assert_allclose(expected - backward(dy, cache)[0], dy, atol=1e-8)
