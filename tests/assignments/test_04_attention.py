"""The reference's attention, and the numbers that its handout promises."""

import contextlib
import copy
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from transformer.attention import (
    attention_head,
    attention_head_backward,
    causal_mask,
    init_attention,
    merge_heads,
    multi_head_attention,
    multi_head_attention_backward,
    padding_mask,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
    split_heads,
)
from transformer.gradient_check import check_gradients, numerical_gradient

HANDOUT = Path(__file__).parents[2] / "assignments" / "04_attention" / "handout.md"
CLOSE = 1e-7  # of max|gradient| + 1: what central differences in float64 can tell
ATTENTION = (scaled_dot_product_attention, scaled_dot_product_attention_backward)
HEAD = (attention_head, attention_head_backward)
HEADS = (multi_head_attention, multi_head_attention_backward)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def qkv(rng, *leading, t=3, s=5, d=4, d_v=2):
    shapes = ((t, d), (s, d), (s, d_v))
    return [rng.normal(size=(*leading, *shape)) for shape in shapes]


def head_params(rng, d_in, d_context, d, d_v):
    shapes = {"q": (d_in, d), "k": (d_context, d), "v": (d_context, d_v)}
    weights = {f"w_{name}": rng.normal(size=shape) for name, shape in shapes.items()}
    return weights | {f"b_{name}": rng.normal(size=shape[1]) for name, shape in shapes.items()}


def heads_params(rng, d_model, d_context=None):
    params = head_params(rng, d_model, d_context or d_model, d_model, d_model)
    return params | {"w_o": rng.normal(size=(d_model, d_model)), "b_o": rng.normal(size=d_model)}


def some_rows_empty(rng, *shape):
    mask = rng.uniform(size=shape) < 0.6
    mask[..., 1, :] = False
    return mask


def in_float32(value):
    if isinstance(value, dict):
        return {key: in_float32(item) for key, item in value.items()}
    return value.astype(np.float32)


def dtypes(value):
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, np.ndarray):
        return {value.dtype}
    return set().union(*map(dtypes, value))


# ------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_of_attention(rng, leading, masked):
    mask = some_rows_empty(rng, *leading, 3, 5) if masked else None
    report = check_gradients(*ATTENTION, [*qkv(rng, *leading), mask], rng)
    assert set(report) == {"q", "k", "v"}
    assert report.worst <= CLOSE, report


@pytest.mark.parametrize("shape", [(5,), (3, 5), (1, 1, 5), (2, 1, 1, 5), (2, 1, 3, 5), (4, 3, 5)])
def test_gradients_for_every_shape_of_mask(rng, shape):
    mask = rng.uniform(size=shape) < 0.5
    report = check_gradients(*ATTENTION, [*qkv(rng, 2, 4), mask], rng)
    assert report.worst <= CLOSE, report


@pytest.mark.parametrize(("t", "s", "d", "d_v"), [(1, 1, 3, 2), (4, 1, 1, 3), (1, 6, 2, 1)])
def test_gradients_of_sizes_of_one(rng, t, s, d, d_v):
    report = check_gradients(*ATTENTION, qkv(rng, 2, t=t, s=s, d=d, d_v=d_v), rng)
    assert report.worst <= CLOSE, report


@pytest.mark.parametrize("masked", [False, True])
def test_gradients_of_a_head(rng, masked):
    mask = some_rows_empty(rng, 3, 5) if masked else None
    x, context = rng.normal(size=(2, 3, 7)), rng.normal(size=(2, 5, 6))
    report = check_gradients(*HEAD, [x, context, head_params(rng, 7, 6, 4, 2), mask], rng)
    assert len(report) == 8
    assert report.worst <= CLOSE, report


@pytest.mark.parametrize("num_heads", [1, 2, 3, 6])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_of_many_heads(rng, num_heads, masked):
    mask = padding_mask(np.array([3, 0]), 5) if masked else None
    x, context, params = (
        rng.normal(size=(2, 4, 6)),
        rng.normal(size=(2, 5, 7)),
        heads_params(rng, 6, 7),
    )
    report = check_gradients(*HEADS, [x, context, params, num_heads, mask], rng)
    assert len(report) == 10
    assert report.worst <= CLOSE, report


@pytest.mark.parametrize("mask", [None, causal_mask(4)])
def test_self_attention_adds_both_gradients(rng, mask):
    x, params, dy = rng.normal(size=(2, 4, 6)), heads_params(rng, 6), rng.normal(size=(2, 4, 6))
    _, cache = multi_head_attention(x, x, params, 3, mask)
    dx, dcontext, _ = multi_head_attention_backward(dy, cache)
    expected = numerical_gradient(lambda z: multi_head_attention(z, z, params, 3, mask)[0], x, dy)
    assert np.abs(dx + dcontext - expected).max() <= CLOSE * (np.abs(expected).max() + 1)


def test_the_key_bias_gets_no_gradient(rng):
    x, params, dy = rng.normal(size=(2, 4, 6)), heads_params(rng, 6), rng.normal(size=(2, 4, 6))
    _, cache = multi_head_attention(x, x, params, 3, causal_mask(4))
    _, _, grads = multi_head_attention_backward(dy, cache)
    assert np.abs(grads["b_k"]).max() < 1e-13 < 1e-3 < np.abs(grads["b_q"]).max()


# ----------------------------------------------------------------------------------------- masks


def test_causal_mask_is_the_end_of_the_square():
    assert causal_mask(3).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert np.array_equal(causal_mask(2, 5), causal_mask(5)[-2:])
    assert causal_mask(1).shape == (1, 1)
    assert causal_mask(4).dtype == bool


def test_causal_mask_is_made_once_and_safe_to_share():
    mask = causal_mask(9)
    assert causal_mask(9) is mask is causal_mask(9, 9)
    with pytest.raises(ValueError, match="read-only"):
        mask[0, 1] = True


def test_padding_mask_broadcasts_over_heads_and_queries():
    mask = padding_mask([2, 0, 3], 3)
    assert mask.shape == (3, 1, 1, 3)
    assert mask[:, 0, 0].tolist() == [[1, 1, 0], [0, 0, 0], [1, 1, 1]]
    assert (causal_mask(3) & mask).shape == (3, 1, 3, 3)


def test_later_positions_leave_earlier_ones_as_they_are(rng):
    x, params = rng.normal(size=(2, 6, 6)), heads_params(rng, 6)
    before, _ = multi_head_attention(x, x, params, 2, causal_mask(6))
    for t in range(1, 6):
        changed = x.copy()
        changed[:, t:] = rng.normal(size=(2, 6 - t, 6))
        after, _ = multi_head_attention(changed, changed, params, 2, causal_mask(6))
        assert np.array_equal(after[:, :t], before[:, :t])
        assert (after[:, t:] != before[:, t:]).all()


def test_padding_is_as_if_it_were_not_there(rng):
    x, params = rng.normal(size=(2, 6, 6)), heads_params(rng, 6)
    padded, _ = multi_head_attention(x, x, params, 2, padding_mask([4, 4], 6))
    cut, _ = multi_head_attention(x[:, :4], x[:, :4], params, 2)
    assert np.allclose(padded[:, :4], cut, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_query_without_keys_gets_zeros(rng, dtype):
    q, k, v = (array.astype(dtype) for array in qkv(rng, 2, 3))
    y, cache = scaled_dot_product_attention(q, k, v, np.zeros((3, 5), bool))
    gradients = scaled_dot_product_attention_backward(np.ones_like(y), cache)
    assert not y.any()
    assert not any(gradient.any() for gradient in gradients)


def test_a_context_without_positions_gives_zeros(rng):
    y, cache = scaled_dot_product_attention(*qkv(rng, s=0))
    dq, dk, dv = scaled_dot_product_attention_backward(np.ones_like(y), cache)
    assert y.shape == (3, 2)
    assert not y.any()
    assert not dq.any()
    assert (dk.shape, dv.shape) == ((0, 4), (0, 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e5, -1e5])
def test_hidden_scores_of_any_size_stay_hidden(rng, dtype, size):
    q, k = np.ones((1, 4), dtype), np.ones((3, 4), dtype) / 2
    k[0], k[1:] = -size / 2, size / 2  # scores -size, size, size
    v = rng.normal(size=(3, 2)).astype(dtype)
    y, _ = scaled_dot_product_attention(q, k, v, np.array([True, False, False]))
    assert np.array_equal(y, v[:1])


def test_huge_scores_give_finite_gradients(rng):
    q, k, v = qkv(rng, 2)
    y, cache = scaled_dot_product_attention(500 * q, 500 * k, v)
    gradients = scaled_dot_product_attention_backward(np.ones_like(y), cache)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


# ----------------------------------------------------------------------------------------- heads


def test_splitting_and_merging_are_inverse(rng):
    x = rng.normal(size=(2, 5, 12))
    heads = split_heads(x, 3)
    assert heads.shape == (2, 3, 5, 4)
    assert np.array_equal(heads[1, 2], x[1, :, 8:])
    assert np.array_equal(merge_heads(heads), x)
    assert np.shares_memory(heads, x)


@pytest.mark.parametrize("num_heads", [1, 2, 3])
def test_many_heads_are_single_heads_side_by_side(rng, num_heads):
    x, context, params = (
        rng.normal(size=(2, 4, 6)),
        rng.normal(size=(2, 5, 6)),
        heads_params(rng, 6),
    )
    d = 6 // num_heads
    outputs = []
    for head in range(num_heads):
        own = {name: params[name][..., head * d : (head + 1) * d] for name in params}
        outputs.append(attention_head(x, context, own)[0])
    expected = np.concatenate(outputs, axis=-1) @ params["w_o"] + params["b_o"]
    y, _ = multi_head_attention(x, context, params, num_heads)
    assert np.allclose(y, expected, rtol=0, atol=1e-13)


def test_initial_weights(rng):
    params = init_attention(rng, 64)
    assert sorted(params) == ["b_k", "b_o", "b_q", "b_v", "w_k", "w_o", "w_q", "w_v"]
    for name in "qkvo":
        assert params[f"w_{name}"].std() == pytest.approx(1 / 8, rel=0.05)
        assert not params[f"b_{name}"].any()
    assert dtypes(init_attention(rng, 4, np.float32)) == {np.dtype(np.float32)}


def test_initial_scores_have_variance_one(rng):
    params, x = init_attention(rng, 256), rng.normal(size=(1, 200, 256))
    q, k = x @ params["w_q"], x @ params["w_k"]
    assert (q @ k.swapaxes(-1, -2) / 16).std() == pytest.approx(1, rel=0.1)


# --------------------------------------------------------------------- dtypes, arguments, guards


@pytest.mark.parametrize("masked", [False, True])
def test_float32_stays_float32(rng, masked):
    mask = padding_mask([3, 2], 5) if masked else None
    x, context, params = (
        in_float32(value)
        for value in (rng.normal(size=(2, 4, 6)), rng.normal(size=(2, 5, 6)), heads_params(rng, 6))
    )
    y, cache = multi_head_attention(x, context, params, 2, mask)
    results = [y, *multi_head_attention_backward(y, cache)]
    own_mask = None if mask is None else mask[:, 0]
    y, cache = attention_head(x, context, params, own_mask)
    results += [y, *attention_head_backward(y, cache)]
    assert dtypes(results) == {np.dtype(np.float32)}


@pytest.mark.parametrize("functions", [HEAD, HEADS])
def test_arguments_are_left_as_they_are(rng, functions):
    forward, backward = functions
    x, params, dy = rng.normal(size=(2, 4, 6)), heads_params(rng, 6), rng.normal(size=(2, 4, 6))
    mask, heads = np.tri(4, dtype=bool), [] if forward is attention_head else [2]
    before = copy.deepcopy((x, params, dy, mask))
    _, cache = forward(x, x, params, *heads, mask)
    first = backward(dy, cache)
    second = backward(dy, cache)
    after = (x, params, dy, mask)
    np.testing.assert_equal(after, before)
    np.testing.assert_equal(second, first)  # the cache is not used up


@pytest.mark.parametrize(
    ("shapes", "mask", "words"),
    [
        (((3, 4), (5, 3), (5, 2)), None, r"k must be .*\(3, 4\), not \(5, 3\)"),
        (((2, 3, 4), (3, 5, 4), (3, 5, 2)), None, r"k must be .*\(2, 3, 4\), not \(3, 5, 4\)"),
        (((3, 4), (5, 4), (4, 2)), None, r"v must be .*\(5, 4\), not \(4, 2\)"),
        (((3, 4), (5, 4), (5, 2)), np.ones((3, 4), bool), r"mask \(3, 4\) .*\(3, 5\)"),
        (((3, 4), (5, 4), (5, 2)), np.ones((2, 3, 5), bool), r"mask \(2, 3, 5\) .*\(3, 5\)"),
        (((3, 4), (5, 4), (5, 2)), np.ones((3, 5)), "mask must be boolean.*float64"),
    ],
)
def test_shapes_that_do_not_go_together(rng, shapes, mask, words):
    with pytest.raises(ValueError, match=words):
        scaled_dot_product_attention(*(rng.normal(size=shape) for shape in shapes), mask)


def test_other_guards(rng):
    x, params = rng.normal(size=(2, 4, 6)), heads_params(rng, 6)
    with pytest.raises(ValueError, match=r"num_heads \(4\) must divide d_model 6"):
        multi_head_attention(x, x, params, 4)
    with pytest.raises(ValueError, match=r"num_heads \(4\).*\(2, 4, 6\)"):
        split_heads(x, 4)
    with pytest.raises(ValueError, match=r"t_query \(3\).*t_key \(2\)"):
        causal_mask(3, 2)
    with pytest.raises(ValueError, match="between 0 and t = 3"):
        padding_mask(np.array([1, 4]), 3)
    with pytest.raises(ValueError, match=r"shape \(B,\), not \(1, 2\)"):
        padding_mask(np.array([[1, 2]]), 3)


# --------------------------------------------------------------------------------------- handout


def test_numbers_of_by_hand():
    log3 = np.log(3)
    q = np.array([[1, 0, 0, 0], [log3, 0, 0, 0]])
    k, v = np.array([[2.0, 0, 0, 0], [0, 2, 0, 0]]), np.array([[4.0, 0], [0, 8]])
    y, cache = scaled_dot_product_attention(q, k, v, causal_mask(2))
    weights, _ = scaled_dot_product_attention(q, k, np.eye(2), causal_mask(2))
    dq, dk, dv = scaled_dot_product_attention_backward(np.array([[1.0, 1], [1, -1]]), cache)
    for got, told in (
        (weights, [[1, 0], [0.75, 0.25]]),
        (y, [[4, 0], [3, 2]]),
        (dv, [[1.75, 0.25], [0.25, -0.25]]),
        (dq, [[0, 0, 0, 0], [2.25, -2.25, 0, 0]]),
        (dk, [[1.125 * log3, 0, 0, 0], [-1.125 * log3, 0, 0, 0]]),
    ):
        assert np.allclose(got, told, rtol=0, atol=1e-14)


def printed_by(block):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(compile(block, str(HANDOUT), "exec"), {})
    return text.getvalue()


def test_code_of_the_handout_prints_what_it_says():
    blocks = re.findall(r"```python\n(.*?)```", HANDOUT.read_text(encoding="utf-8"), re.DOTALL)
    causality, hiding, checking = map(printed_by, blocks)
    numbers = [float(number) for number in re.findall(r"\d[\d.e+-]*", causality)]
    assert len(numbers) == 5
    assert numbers[:3] == [0, 0, 0]
    assert min(numbers[3:]) > 0.01
    assert hiding.count("[[1. 0.]]") == 3
    errors = [float(line.split()[1]) for line in checking.splitlines()]
    assert len(errors) == 3
    assert max(errors) < CLOSE


def test_hiding_with_a_number_leaks_as_the_handout_says():
    q, k = np.ones((1, 4)), np.array([[-1.0] * 4, [1.0] * 4])
    first_weights = []
    for size in (1, 100, 10_000):
        scores = size * q @ k.T / 2
        scores[:, 1] = -1e4
        weights = np.exp(scores - scores.max())
        first_weights.append(weights[0, 0] / weights.sum())
    assert first_weights == [1, 1, 0]


def test_scalars_of_numpy_widen_float32_as_the_handout_says():
    row = np.ones(2, np.float32)
    assert (row / np.sqrt(64)).dtype == np.float64
    assert (row * 64**-0.5).dtype == np.float32
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(710.0))
        assert np.isinf(np.exp(np.float32(89)))


def test_one_head_is_many_heads_with_an_identity_behind(rng):
    x, params = rng.normal(size=(2, 4, 6)), heads_params(rng, 6)
    params |= {"w_o": np.eye(6), "b_o": np.zeros(6)}
    one, _ = attention_head(x, x, params)
    many, _ = multi_head_attention(x, x, params, 1)
    assert np.allclose(many, one, rtol=0, atol=1e-14)
