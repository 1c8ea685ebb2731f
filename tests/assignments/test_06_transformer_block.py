"""The reference block and stack against central differences, edge cases, and the handout."""

import numpy as np
import pytest

from transformer.attention import multi_head_attention_backward
from transformer.gradient_check import check_gradients, numerical_gradient
from transformer.layer import mlp_backward
from transformer.layernorm import layernorm_backward
from transformer.transformer_block import (
    init_block,
    transformer_block,
    transformer_block_backward,
    transformer_stack,
    transformer_stack_backward,
)
from transformer.tree import tree_leaves, tree_map

B, T, D, F, H = 2, 3, 4, 5, 2


def random_block(rng, d_model=D, d_ff=F, dtype=np.float64):
    """Every parameter random, norms and biases too."""
    shapes = init_block(rng, d_model, d_ff)
    return tree_map(lambda a: rng.normal(0, 0.7, a.shape).astype(dtype), shapes)


def relative_error(ours, expected):
    return np.abs(ours - expected).max() / (np.abs(expected).max() + 1)


def compare_with_central_differences(forward, backward, arguments, rng):
    """Largest error over every array in `arguments`, a tree that forward takes."""
    y, cache = forward(arguments)
    dy = rng.standard_normal(y.shape)
    gradients = backward(dy, cache)
    for leaf, ours in zip(tree_leaves(arguments), tree_leaves(gradients), strict=True):
        assert ours.shape == leaf.shape
        original = leaf.copy()

        def at(value, leaf=leaf):
            leaf[...] = value
            return forward(arguments)[0]

        expected = numerical_gradient(at, original, dy)
        leaf[...] = original
        assert relative_error(ours, expected) <= 1e-7


MASKS = {
    "none": None,
    "causal": np.tri(T, dtype=bool),
    "padding": np.array([[1, 1, 0], [0, 0, 0]], dtype=bool)[:, None, None, :],
    "by head": np.random.RandomState(5).rand(B, H, T, T) < 0.6,
}


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("mask", MASKS)
def test_block_gradients_match_central_differences(norm, mask):
    rng = np.random.default_rng(1)
    settings = {"mask": MASKS[mask], "norm": norm}

    def backward(dy, cache):
        dx, grads = transformer_block_backward(dy, cache)
        return {"x": dx, "params": grads}

    compare_with_central_differences(
        lambda a: transformer_block(a["x"], a["params"], H, **settings),
        backward,
        {"x": rng.standard_normal((B, T, D)), "params": random_block(rng)},
        rng,
    )


@pytest.mark.parametrize(
    "activation", ["identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu"]
)
def test_block_gradients_with_each_activation(activation):
    rng = np.random.default_rng(2)

    def backward(dy, cache):
        dx, grads = transformer_block_backward(dy, cache)
        return {"x": dx, "params": grads}

    compare_with_central_differences(
        lambda a: transformer_block(a["x"], a["params"], 1, activation=activation),
        backward,
        {"x": rng.standard_normal((1, T, D)), "params": random_block(rng, D, 3)},
        rng,
    )


@pytest.mark.parametrize(("norm", "depth"), [("pre", 3), ("post", 2), ("pre", 1)])
def test_stack_gradients_match_central_differences(norm, depth):
    rng = np.random.default_rng(3)
    settings = {"mask": MASKS["causal"], "norm": norm, "activation": "tanh"}

    def backward(dy, cache):
        dx, grads = transformer_stack_backward(dy, cache)
        return {"x": dx, "blocks": grads}

    compare_with_central_differences(
        lambda a: transformer_stack(a["x"], a["blocks"], H, **settings),
        backward,
        {
            "x": rng.standard_normal((1, T, D)),
            "blocks": [random_block(rng, D, 3) for _ in range(depth)],
        },
        rng,
    )


def test_gradients_have_the_nesting_of_params():
    rng = np.random.default_rng(4)
    blocks = [random_block(rng), random_block(rng, D, F + 1)]
    x, dy = rng.standard_normal((2, B, T, D))
    _, cache = transformer_stack(x, blocks, H)
    _, grads = transformer_stack_backward(dy, cache)
    tree_map(lambda p, g: np.testing.assert_equal(p.shape, g.shape), blocks, grads)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_float32_stays_and_no_argument_changes(norm):
    rng = np.random.default_rng(6)
    blocks = [random_block(rng, dtype=np.float32) for _ in range(2)]
    x, dy = rng.standard_normal((2, B, T, D)).astype(np.float32)
    given = {"x": x, "dy": dy, "blocks": blocks, "mask": MASKS["causal"]}
    before = tree_map(np.copy, given)
    y, cache = transformer_stack(x, blocks, H, MASKS["causal"], norm)
    dx, grads = transformer_stack_backward(dy, cache)
    assert {a.dtype for a in tree_leaves([y, dx, grads])} == {np.dtype(np.float32)}
    tree_map(np.testing.assert_array_equal, before, given)
    again, _ = transformer_stack_backward(dy, cache)
    np.testing.assert_array_equal(dx, again)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_sizes_of_one(norm):
    rng = np.random.default_rng(7)
    x, dy, params = *rng.standard_normal((2, 1, 1, 3)), random_block(rng, 3, 1)
    y, cache = transformer_block(x, params, 1, norm=norm)
    dx, _ = transformer_block_backward(dy, cache)
    assert y.shape == dx.shape == (1, 1, 3)
    assert np.isfinite(dx).all()


def test_a_stack_of_one_is_the_block_and_of_none_the_identity():
    rng = np.random.default_rng(8)
    x, dy, params = *rng.standard_normal((2, B, T, D)), random_block(rng)
    y, cache = transformer_block(x, params, H)
    stacked, stack_cache = transformer_stack(x, [params], H)
    np.testing.assert_array_equal(stacked, y)
    dx, grads = transformer_block_backward(dy, cache)
    stack_dx, stack_grads = transformer_stack_backward(dy, stack_cache)
    np.testing.assert_array_equal(stack_dx, dx)
    tree_map(np.testing.assert_array_equal, stack_grads, [grads])
    y, cache = transformer_stack(x, [], H)
    np.testing.assert_array_equal(y, x)
    dx, grads = transformer_stack_backward(dy, cache)
    np.testing.assert_array_equal(dx, dy)
    assert grads == []


def test_init_block_draws_the_spreads_it_promises():
    params = init_block(np.random.default_rng(9), 60, 150, np.float32)
    assert {a.dtype for a in tree_leaves(params)} == {np.dtype(np.float32)}
    assert sorted(params) == ["attn", "ffn", "ln1", "ln2"]
    for name in "qkvo":
        assert params["attn"][f"w_{name}"].std() == pytest.approx(60**-0.5, rel=0.05)
    assert [layer["w"].shape for layer in params["ffn"]] == [(60, 150), (150, 60)]
    assert params["ffn"][0]["w"].std() == pytest.approx((2 / 60) ** 0.5, rel=0.05)
    assert params["ffn"][1]["w"].std() == pytest.approx((2 / 150) ** 0.5, rel=0.05)
    for norm in (params["ln1"], params["ln2"]):
        assert (norm["gamma"] == 1).all()
        assert (norm["beta"] == 0).all()
    arrays = tree_leaves(params)
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"norm": "Pre"}, "norm is 'Pre'; expected"),
        ({"activation": "swish"}, "swish"),
        ({"x": np.zeros((B, T, D + 1))}, r"x has shape \(2, 3, 5\); expected \(batch, time, 4\)"),
        ({"x": np.zeros((T, D))}, r"x has shape \(3, 4\)"),
        ({"num_heads": 3}, "num_heads"),
        ({"mask": np.ones((T, T + 1), dtype=bool)}, "mask"),
    ],
)
def test_guards_name_the_argument(changes, words):
    rng = np.random.default_rng(10)
    arguments = {"x": rng.standard_normal((B, T, D)), "num_heads": H} | changes
    params = random_block(rng)
    with pytest.raises(ValueError, match=words):
        transformer_block(params=params, **arguments)
    with pytest.raises(ValueError, match=words):
        transformer_stack(blocks=[params], **arguments)


# The handout's numbers


def by_hand():
    """Section 6.13: one position, two features, one head."""
    params = init_block(np.random.default_rng(0), 2, 3)
    params["attn"]["w_v"] = np.array([[2.0, 0], [0, 1]])
    params["attn"]["w_o"] = np.array([[0.0, 1], [1, 0]])
    params["ffn"] = [
        {"w": np.array([[1.0, 0, 2], [1, 2, 0]]), "b": np.array([0.5, 0, 0])},
        {"w": np.array([[2.0, 0], [0, 1], [1, 1]]), "b": np.zeros(2)},
    ]
    return np.array([[[3.0, 1]]]), params


def close(found, expected):
    np.testing.assert_allclose(np.squeeze(found), np.squeeze(expected), atol=2e-3)


def test_by_hand_pre_norm():
    x, params = by_hand()
    y, cache = transformer_block(x, params, 1, norm="pre", activation="relu")
    close(y, [3, 5])
    dx, grads = transformer_block_backward(np.array([[[1.0, 0]]]), cache)
    close(dx, [1, 0])
    close(grads["ffn"][1]["w"], [[0.5, 0], [2, 0], [0, 0]])
    close(grads["ffn"][1]["b"], [1, 0])
    close(grads["ffn"][0]["w"], [[-2, 0, 0], [2, 0, 0]])
    close(grads["ln2"]["gamma"], [-2, 2])
    close(grads["ln2"]["beta"], [2, 2])
    close(grads["attn"]["w_o"], [[2, 0], [-1, 0]])
    close(grads["attn"]["w_v"], [[0, 1], [0, -1]])
    close(grads["ln1"]["gamma"], [0, -1])
    close(grads["ln1"]["beta"], [0, 1])


def test_by_hand_post_norm():
    x, params = by_hand()
    y, cache = transformer_block(x, params, 1, norm="post", activation="relu")
    close(y, [-1, 1])
    dx, grads = transformer_block_backward(np.array([[[1.0, 0]]]), cache)
    close(grads["ln2"]["gamma"], [-1, 0])
    close(grads["ln2"]["beta"], [1, 0])
    for other in [dx, *tree_leaves([grads["attn"], grads["ffn"], grads["ln1"]])]:
        close(other, np.zeros(other.shape))


def test_predictions_of_the_handout():
    """Section 6.16, questions 1, 2, 4 and 5."""
    rng = np.random.default_rng(11)
    x, dy, params = *rng.standard_normal((2, B, T, D)), random_block(rng)
    silent = tree_map(np.zeros_like, params) | {"ln1": params["ln1"], "ln2": params["ln2"]}
    y, cache = transformer_block(x, silent, H)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(transformer_block_backward(dy, cache)[0], dy)

    y, _ = transformer_block(x, params, H)
    np.testing.assert_allclose(transformer_block(x + 5, params, H)[0], y + 5)
    swapped, _ = transformer_block(x[:, [2, 1, 0]], params, H)
    np.testing.assert_allclose(swapped, y[:, [2, 1, 0]])
    causal, _ = transformer_block(x, params, H, MASKS["causal"])
    swapped, _ = transformer_block(x[:, [2, 1, 0]], params, H, MASKS["causal"])
    assert np.abs(swapped - causal[:, [2, 1, 0]]).max() > 0.01

    params["ln2"] = {"gamma": np.ones(D), "beta": np.zeros(D)}
    _, cache = transformer_block(x, params, H, norm="post")
    assert np.abs(transformer_block_backward(np.ones_like(x), cache)[0]).max() < 1e-12


def test_depth_figure_tells_what_the_handout_says():
    """Section 6.11: what goes around all sublayers, and how the stream grows."""
    rng = np.random.default_rng(12)
    blocks = [init_block(rng, 64, 256) for _ in range(24)]
    x = rng.standard_normal((2, 16, 64))
    first, _ = transformer_stack(x, blocks[:1], 4)
    last, _ = transformer_stack(x, blocks, 4)
    assert 1.4 < first.std() < 2.1
    assert 6 < last.std() < 9
    post, _ = transformer_stack(x, blocks, 4, norm="post")
    assert post.std() == pytest.approx(1, abs=0.01)
    assert np.abs(post - post[:, :1]).max() < 0.2 < np.abs(last - last[:, :1]).max()


def report(**left_out):
    """Section 6.15: the gradient check with one wire cut in a pre-norm backward."""
    rng = np.random.default_rng(0)
    x, params = rng.standard_normal((2, 3, 6)), init_block(rng, 6, 10)
    keep = {"dy": 1, "dcontext": 1} | left_out

    def backward(dy, cache):
        _, ln1, attn, ln2, ffn = cache
        dn, dffn = mlp_backward(dy, ffn)
        dm, *dln2 = layernorm_backward(dn, ln2)
        dm = dm + keep["dy"] * dy
        dx, dcontext, dattn = multi_head_attention_backward(dm, attn)
        dx, *dln1 = layernorm_backward(dx + keep["dcontext"] * dcontext, ln1)
        norms = [dict(zip(("gamma", "beta"), each, strict=True)) for each in (dln1, dln2)]
        return dx + dm, {"ln1": norms[0], "attn": dattn, "ln2": norms[1], "ffn": dffn}

    return check_gradients(lambda x, params: transformer_block(x, params, 2), backward, [x, params])


def test_a_broken_wire_spoils_what_is_before_it():
    assert report().worst < 1e-9
    without_dy = report(dy=0)
    for name, error in without_dy.items():
        late = "ffn" in name or "ln2" in name
        assert error < 1e-9 if late else error > 1e-3 or "b_k" in name
    without_dcontext = report(dcontext=0)
    for name, error in without_dcontext.items():
        early = "ln1" in name or name == "x"
        assert error > 1e-3 if early else error < 1e-9
