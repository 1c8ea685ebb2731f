"""Assignment 05: the reference against a scalar transcription of the paper, and the handout."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from transformer.adam import adam_init, adam_step, clip_by_global_norm, warmup_lr
from transformer.tree import tree_leaves, tree_map

HANDOUT = Path(__file__).parents[2] / "assignments" / "05_adam" / "handout.md"


def some_tree(rng, dtype=np.float64, scale=1.0):
    """Nested dicts, lists and tuples with arrays of different shapes, one of them empty."""

    def array(*shape):
        return (scale * rng.standard_normal(shape)).astype(dtype)

    return {
        "w": array(3, 5),
        "list": [array(5), {"deep": array(2, 1, 4)}, array(1)],
        "tuple": (array(4), array(0, 3)),
    }


def scalar_adam(theta, gradients, lr, betas, eps, decay):
    """Algorithm 1 of Kingma & Ba for one number, line by line, with decoupled decay."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat = m / (1 - betas[0] ** t)
        v_hat = v / (1 - betas[1] ** t)
        theta = theta - lr * m_hat / (math.sqrt(v_hat) + eps) - lr * decay * theta
    return theta


def same(one, other):
    """Whether two trees hold the same numbers, to the bit."""
    return all(
        a.dtype == b.dtype and np.array_equal(a, b)
        for a, b in zip(tree_leaves(one), tree_leaves(other), strict=True)
    )


@pytest.mark.parametrize(
    ("lr", "betas", "eps", "decay", "scale"),
    [
        (1e-3, (0.9, 0.999), 1e-8, 0.0, 1.0),
        (0.5, (0.9, 0.98), 1e-9, 0.1, 1.0),
        (0.1, (0.5, 0.25), 1e-3, 0.5, 1e3),
        (1.0, (0.9, 0.999), 1e-8, 0.01, 1e-6),
        (0.1, (0.0, 0.0), 1e-8, 0.0, 1.0),
    ],
)
def test_every_number_follows_the_paper(lr, betas, eps, decay, scale):
    rng = np.random.default_rng(1)
    start = params = some_tree(rng)
    history = [some_tree(rng, scale=scale) for _ in range(7)]
    state = adam_init(params)
    for grads in history:
        params, state = adam_step(params, grads, state, lr, betas, eps, decay)

    leaves = [tree_leaves(tree) for tree in (start, params, *history)]
    for before, after, *gradients in zip(*leaves, strict=True):
        for index in np.ndindex(before.shape):
            numbers = [g[index] for g in gradients]
            expected = scalar_adam(before[index], numbers, lr, betas, eps, decay)
            assert after[index] == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_a_tree_of_one_array():
    rng = np.random.default_rng(2)
    p, g = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    new, _ = adam_step(p, g, adam_init(p), lr=0.1)
    np.testing.assert_allclose(new, p - 0.1 * np.sign(g), atol=1e-6)


def test_an_empty_tree():
    params, state = adam_step({}, {}, adam_init({}))
    assert params == {}
    assert adam_step(params, {}, state)[0] == {}
    assert clip_by_global_norm({}, 1.0) == ({}, 0.0)


def test_float32_in_float32_out():
    rng = np.random.default_rng(3)
    params, grads = some_tree(rng, np.float32), some_tree(rng, np.float32)
    state = adam_init(params)
    lr, betas = np.float64(0.1), np.array([0.9, 0.999])  # NumPy scalars must not promote
    new, state = adam_step(params, grads, state, lr, betas, weight_decay=np.float64(0.1))
    new, state = adam_step(new, grads, state, lr, betas, weight_decay=np.float64(0.1))
    clipped, norm = clip_by_global_norm(grads, np.float64(0.5))
    assert type(norm) is float
    for tree in (new, clipped, state["m"], state["v"]):
        assert {leaf.dtype for leaf in tree_leaves(tree)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_changed(dtype):
    rng = np.random.default_rng(4)
    params, grads = some_tree(rng, dtype), some_tree(rng, dtype)
    params, state = adam_step(params, grads, adam_init(params), lr=0.1)
    things = [params, grads, state["m"], state["v"]]
    before = [tree_map(np.copy, tree) for tree in things]
    first = adam_step(params, grads, state, lr=0.1, weight_decay=0.1)
    second = adam_step(params, grads, state, lr=0.1, weight_decay=0.1)
    clip_by_global_norm(grads, 0.1)
    assert state["t"] == 1
    assert all(same(one, other) for one, other in zip(before, things, strict=True))
    assert same(first[0], second[0])
    old = [leaf for tree in things for leaf in tree_leaves(tree)]
    new = [leaf for tree in (first[0], first[1]["m"], first[1]["v"]) for leaf in tree_leaves(tree)]
    assert not any(np.shares_memory(a, b) for a in old for b in new)


def test_a_gradient_of_zero_moves_nothing_but_the_decay():
    params = {"w": np.array([1.0, -2.0])}
    grads = {"w": np.zeros(2)}
    with np.errstate(all="raise"):
        still, _ = adam_step(params, grads, adam_init(params), lr=0.1)
        decayed, _ = adam_step(params, grads, adam_init(params), lr=0.1, weight_decay=0.5)
    np.testing.assert_array_equal(still["w"], params["w"])
    np.testing.assert_allclose(decayed["w"], 0.95 * params["w"], rtol=1e-15)


def test_gradients_that_do_not_fit():
    params = {"w": np.ones((3, 5))}
    state = adam_init(params)
    with pytest.raises(ValueError, match=r"\(5, 3\).*\(3, 5\)"):
        adam_step(params, {"w": np.ones((5, 3))}, state)
    with pytest.raises(ValueError, match=r"\(5,\).*\(3, 5\)"):
        adam_step(params, {"w": np.ones(5)}, state)
    with pytest.raises(ValueError, match="keys"):
        adam_step(params, {"b": np.ones((3, 5))}, state)


def test_clipping_gives_the_length_that_is_allowed():
    grads = some_tree(np.random.default_rng(5), scale=10.0)
    vector = np.concatenate([leaf.ravel() for leaf in tree_leaves(grads)])
    clipped, norm = clip_by_global_norm(grads, 2.0)
    assert norm == pytest.approx(np.linalg.norm(vector), rel=1e-14)
    flat = np.concatenate([leaf.ravel() for leaf in tree_leaves(clipped)])
    np.testing.assert_allclose(flat, vector * 2 / np.linalg.norm(vector), rtol=1e-13)


@pytest.mark.parametrize("max_norm", [13.0, 13.1, 1e9])
def test_clipping_leaves_what_is_short_enough(max_norm):
    grads = {"w": np.array([[3.0, 0.0], [0.0, 4.0]]), "b": np.array([12.0])}
    clipped, norm = clip_by_global_norm(grads, max_norm)
    assert norm == 13.0
    assert same(clipped, grads)


def test_clipping_zero_is_no_nan():
    with np.errstate(all="raise"):
        clipped, norm = clip_by_global_norm([np.zeros(3), np.zeros((2, 2))], 0.0)
    assert norm == 0.0
    assert not any(leaf.any() for leaf in tree_leaves(clipped))


def test_clipping_reads_arrays_of_any_layout():
    g = np.random.default_rng(6).standard_normal((4, 6))
    assert clip_by_global_norm([g[:, ::2].T], 1.0)[1] == pytest.approx(np.linalg.norm(g[:, ::2]))


@pytest.mark.parametrize(("d_model", "warmup"), [(512, 4000), (64, 7), (5, 1)])
def test_the_schedule_is_equation_3(d_model, warmup):
    for step in {1, 2, warmup, warmup + 1, 10 * warmup}:
        expected = min(1 / math.sqrt(step), step / math.sqrt(warmup) ** 3) / math.sqrt(d_model)
        assert warmup_lr(step, d_model, warmup) == pytest.approx(expected, rel=1e-13)
    rates = [warmup_lr(step, d_model, warmup) for step in range(1, 3 * warmup + 2)]
    assert np.argmax(rates) == warmup - 1
    assert type(warmup_lr(np.int64(3), np.int64(d_model))) is float


@pytest.mark.parametrize("step", [0, -1])
def test_the_schedule_has_no_step_0(step):
    with pytest.raises(ValueError, match=f"step is {step}"):
        warmup_lr(step, 512)


# --- the handout's numbers ----------------------------------------------------------------------


def test_handout_by_hand():
    p = np.array([1.0, -2.0])
    p, state = adam_step(p, np.array([0.5, -0.001]), adam_init(p), lr=0.1)
    np.testing.assert_allclose(p, [0.9, -1.900001], atol=5e-9)
    np.testing.assert_allclose(state["m"], [0.05, -0.0001], rtol=1e-12)
    np.testing.assert_allclose(state["v"], [0.00025, 1e-9], rtol=1e-12)
    p, state = adam_step(p, np.array([-0.1, -0.001]), state, lr=0.1)
    np.testing.assert_allclose(state["m"], [0.035, -0.00019], rtol=1e-12)
    np.testing.assert_allclose(state["v"], [0.00025975, 1.999e-9], rtol=1e-12)
    np.testing.assert_allclose(state["m"] / 0.19, [0.18421, -0.001], atol=5e-6)
    np.testing.assert_allclose(np.sqrt(state["v"] / 0.001999), [0.36047, 0.001], atol=5e-6)
    np.testing.assert_allclose(p, [0.848897, -1.800002], atol=5e-7)


def test_handout_first_steps_without_correction():
    steps = np.arange(1, 200)
    length = (1 - 0.9**steps) / np.sqrt(1 - 0.999**steps)
    assert length[0] == pytest.approx(3.16, abs=5e-3)
    assert steps[length.argmax()] == 12
    assert length.max() == pytest.approx(6.6, abs=0.05)
    assert 1 / np.sqrt(1 - 0.999) == pytest.approx(31.6, abs=0.05)


def test_handout_place_of_eps():
    g, eps = 1e-6, 1e-8
    new, _ = adam_step(np.zeros(1), np.array([g]), adam_init(np.zeros(1)), lr=1.0)
    assert -new[0] == pytest.approx(0.990, abs=5e-4)
    assert g / math.sqrt(g * g + eps) == pytest.approx(0.010, abs=5e-4)
    early = g * math.sqrt(0.001) / (math.sqrt(0.001 * g * g) + eps)
    assert early == pytest.approx(0.760, abs=5e-4)


def test_handout_float32():
    p = np.ones(1, np.float32)
    state = adam_init(p)
    for _ in range(5):
        p, state = adam_step(p, p, state, lr=2e-8)
    assert p[0] == 1
    assert np.float32(1e-23) ** 2 == 0
    assert np.isfinite(np.float32(1.8e19) ** 2)
    with np.errstate(over="ignore"):
        assert np.isinf(np.float32(1.9e19) ** 2)


def test_handout_predictions():
    def walk(gradients, lr=1.0, start=0.0, **options):
        p = np.array([start])
        state = adam_init(p)
        for g in gradients:
            p, state = adam_step(p, np.array([g]), state, lr=lr, **options)
        return p[0]

    assert walk([1.0] + 59 * [0.0]) == pytest.approx(-6, abs=0.05)
    assert walk([1.0, -1.0, 1.0, -1.0]) == pytest.approx(-1.23, abs=5e-3)
    assert walk(100 * [0.0], 0.1, 1.0, weight_decay=0.1) == pytest.approx(0.366, abs=5e-4)
    assert warmup_lr(1, 512) == pytest.approx(1.75e-7, rel=5e-3)
    assert warmup_lr(4000, 512) == pytest.approx(6.99e-4, rel=1e-3)
    assert warmup_lr(4000, 512) / warmup_lr(1, 512) == pytest.approx(4000)


def test_handout_valley(capsys):
    code = re.findall(r"```python\n(.*?)```", HANDOUT.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(code) == 1
    exec(compile(code[0], str(HANDOUT), "exec"), {})
    printed = [float(number) for number in re.findall(r": ([\d.]+) from", capsys.readouterr().out)]
    np.testing.assert_allclose(printed, [0.0288, 0.0288, 0.0302, 1.4896], atol=2e-4)


def test_handout_scale_does_not_matter():
    def path(scale):
        p, points = np.array([-1.6, 0.9]), []
        state = adam_init(p)
        for _ in range(60):
            p, state = adam_step(p, scale * np.array([1.0, 100.0]) * p, state, lr=0.12)
            points.append(p)
        return np.array(points)

    np.testing.assert_allclose(path(1000.0), path(1.0), atol=1e-6)
