"""Public checks of assignment 04. What they expect is recorded: run `python check.py 04`."""

import numpy as np

from autograder.checker import check, error_of, within


def random_head(draw, d_in, d):
    params = {}
    for name in ("q", "k", "v"):
        params[f"w_{name}"], params[f"b_{name}"] = draw.normal(d_in, d), draw.normal(d)
    return params


def random_heads(draw, d_model):
    params = random_head(draw, d_model, d_model)
    return params | {"w_o": draw.normal(d_model, d_model), "b_o": draw.normal(d_model)}


@check(of="causal_mask")
def test_mask_for_a_few_positions(impl, draw):
    """A few positions, and the last two of them."""
    t = draw.integer(4, 7)
    return {"all": impl.causal_mask(t), "last_two": impl.causal_mask(2, t)}


@check(of="padding_mask")
def test_mask_for_three_lengths(impl, draw):
    """Three sequences of different lengths in one batch."""
    return {"mask": impl.padding_mask(draw.integers(1, 5, 3), 5)}


@check(of="scaled_dot_product_attention")
def test_attention_forward(impl, draw):
    """Three queries over four keys; three positions over themselves, causal."""
    q, k, v = draw.normal(2, 3, 5), draw.normal(2, 4, 5), draw.normal(2, 4, 6)
    plain, _ = impl.scaled_dot_product_attention(q, k, v)
    causal, _ = impl.scaled_dot_product_attention(q, k[:, 1:], v[:, 1:], np.tri(3, dtype=bool))
    return {"plain": plain, "causal": causal}


@check(of="scaled_dot_product_attention")
def test_attention_forward_at_the_edges(impl, draw):
    """A query without keys to attend to; hidden scores far above those allowed."""
    q, k, v = draw.uniform(0.5, 1.5, 3, 4), draw.uniform(0.5, 1.5, 5, 4), draw.normal(5, 2)
    mask = np.array([[True] * 5, [False] * 5, [False, True, True, False, True]])
    empty, _ = impl.scaled_dot_product_attention(q, k, v, mask)
    k *= np.where(mask[2], -300, 300)[:, None]
    large, _ = impl.scaled_dot_product_attention(300 * q, k, v, mask[2])
    return {"empty": empty, "large": large}


@check(of="scaled_dot_product_attention_backward")
def test_attention_backward(impl, draw):
    """dq, dk and dv of three queries and four keys."""
    q, k, v = draw.normal(2, 3, 5), draw.normal(2, 4, 5), draw.normal(2, 4, 6)
    _, cache = impl.scaled_dot_product_attention(q, k, v)
    dq, dk, dv = impl.scaled_dot_product_attention_backward(draw.normal(2, 3, 6), cache)
    return {"dq": dq, "dk": dk, "dv": dv}


@check(of="scaled_dot_product_attention_backward")
def test_attention_backward_under_a_mask(impl, draw):
    """dq, dk and dv of four positions, one of which may attend nowhere."""
    q, k, v = draw.normal(2, 4, 3), draw.normal(2, 4, 3), draw.normal(2, 4, 5)
    mask = np.tri(4, dtype=bool)
    mask[2] = False
    _, cache = impl.scaled_dot_product_attention(q, k, v, mask)
    dq, dk, dv = impl.scaled_dot_product_attention_backward(draw.normal(2, 4, 5), cache)
    return {"dq": dq, "dk": dk, "dv": dv}


@check(of="attention_head")
def test_head_forward(impl, draw):
    """Five positions over themselves, causal; and over four others."""
    x, context, params = draw.normal(3, 5, 6), draw.normal(3, 4, 6), random_head(draw, 6, 2)
    own, _ = impl.attention_head(x, x, params, np.tri(5, dtype=bool))
    cross, _ = impl.attention_head(x, context, params)
    return {"own": own, "cross": cross}


@check(of="attention_head_backward")
def test_head_backward(impl, draw):
    """dx, dcontext and the six parameters' gradients."""
    x, context, params = draw.normal(3, 5, 6), draw.normal(3, 4, 6), random_head(draw, 6, 2)
    _, cache = impl.attention_head(x, context, params, np.tri(5, 4, dtype=bool))
    dx, dcontext, grads = impl.attention_head_backward(draw.normal(3, 5, 2), cache)
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="split_heads")
def test_split(impl, draw):
    """Ten features for two heads."""
    return {"heads": impl.split_heads(draw.normal(3, 4, 10), 2)}


@check(of="merge_heads")
def test_merge(impl, draw):
    """Two heads of five features."""
    return {"merged": impl.merge_heads(draw.normal(3, 2, 4, 5))}


@check(of="init_attention")
def test_initial_weights(impl, draw):
    """Names, shapes, standard deviations, and that no two matrices are equal."""
    params = impl.init_attention(draw.generator(), 40)
    weights = {name: params[name] for name in ("w_q", "w_k", "w_v", "w_o")}
    return {
        "shapes": {name: list(np.shape(value)) for name, value in params.items()},
        "deviations": {name: within(float(w.std()), 0.15) for name, w in weights.items()},
        "unlike": len({float(w.sum()) for w in weights.values()}),
        "largest_bias": max(float(np.abs(params[f"b_{name}"]).max()) for name in "qkvo"),
    }


@check(of="multi_head_attention")
def test_heads_forward(impl, draw):
    """Two heads, causal; and over a context of other length."""
    x, context, params = draw.normal(2, 3, 8), draw.normal(2, 5, 8), random_heads(draw, 8)
    own, _ = impl.multi_head_attention(x, x, params, 2, np.tri(3, dtype=bool))
    cross, _ = impl.multi_head_attention(x, context, params, 2)
    return {"own": own, "cross": cross}


@check(of="multi_head_attention", kind="error")
def test_heads_that_do_not_divide(impl, draw):
    """Three heads can't share eight features: ValueError."""
    x = draw.normal(2, 3, 8)
    return {"raises": error_of(impl.multi_head_attention, x, x, random_heads(draw, 8), 3)}


@check(of="multi_head_attention_backward")
def test_heads_backward(impl, draw):
    """dx, dcontext and all eight gradients, over a padded context."""
    x, context, params = draw.normal(2, 3, 6), draw.normal(2, 4, 6), random_heads(draw, 6)
    mask = (np.arange(4) < np.array([[4], [2]]))[:, None, None]
    _, cache = impl.multi_head_attention(x, context, params, 2, mask)
    dx, dcontext, grads = impl.multi_head_attention_backward(draw.normal(2, 3, 6), cache)
    return {"dx": dx, "dcontext": dcontext, "grads": grads}
