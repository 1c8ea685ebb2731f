"""Hidden checks of assignment 6: the transformer block and a stack of blocks."""

import numpy as np

from autograder.checker import check, error_of, within

B, T, D, F, H = 3, 5, 6, 4, 2
# A block has 340 numbers then, few enough for central differences of a student's own forward.
SMALL = {"d_model": 4, "d_ff": 3}  # blocks of a stack
ACTIVATIONS = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu")


def block_params(draw, d_model=D, d_ff=F, dtype=np.float64, scale=0.5):
    """One block's parameters, every entry random."""

    def normal(*shape, scale=scale):
        return draw.normal(*shape, scale=scale, dtype=dtype)

    def norm():
        return {"gamma": normal(d_model, scale=1.0), "beta": normal(d_model)}

    attn = {}
    for name in "qkvo":
        attn[f"w_{name}"], attn[f"b_{name}"] = normal(d_model, d_model), normal(d_model)
    return {
        "ln1": norm(),
        "attn": attn,
        "ln2": norm(),
        "ffn": [
            {"w": normal(d_model, d_ff), "b": normal(d_ff)},
            {"w": normal(d_ff, d_model), "b": normal(d_model)},
        ],
    }


def causal(t):
    return np.tril(np.ones((t, t), dtype=bool))


def padding(lengths, t):
    return (np.arange(t) < np.array(lengths)[:, None])[:, None, None, :]


def gradients(impl, draw, params, *args, x=None, **kwargs):
    """Forward and backward of a block, with random x and upstream gradient."""
    x = draw.normal(B, T, D) if x is None else x
    dy = draw.normal(*x.shape)
    _, cache = impl.transformer_block(x, params, *args, **kwargs)
    return impl.transformer_block_backward(dy, cache)


def stack_gradients(impl, draw, blocks, *args, **kwargs):
    x, dy = draw.normal(2, T, SMALL["d_model"]), draw.normal(2, T, SMALL["d_model"])
    _, cache = impl.transformer_stack(x, blocks, *args, **kwargs)
    return impl.transformer_stack_backward(dy, cache)


# init_block


def weights_of(params):
    named = {name: params["attn"][name] for name in ("w_q", "w_k", "w_v", "w_o")}
    return named | {"w_1": params["ffn"][0]["w"], "w_2": params["ffn"][1]["w"]}


@check(of="init_block", weight=2)
def test_every_shape_and_every_constant(impl, draw):
    """Every entry is there with its shape; norms and biases at their start"""
    params = impl.init_block(draw.generator(), 6, 10)
    return {
        "keys": sorted(params),
        "attn_keys": sorted(params["attn"]),
        "shapes": {name: list(np.shape(w)) for name, w in weights_of(params).items()},
        "ln1": params["ln1"],
        "ln2": params["ln2"],
        "attn_biases": {n: params["attn"][n] for n in ("b_q", "b_k", "b_v", "b_o")},
        "ffn_biases": [layer["b"] for layer in params["ffn"]],
    }


@check(of="init_block", weight=2)
def test_how_the_weights_are_drawn(impl, draw):
    """Spread and mean of each weight matrix, each drawn afresh from rng"""
    weights = weights_of(impl.init_block(draw.generator(), 24, 90))
    other = weights_of(impl.init_block(draw.generator(), 24, 90))
    names = sorted(weights)
    pairs = [[a, b] for a in names for b in names if a < b]
    return {
        "deviation": {name: within(weights[name].std(), 0.2) for name in names},
        "one_plus_mean": {name: within(1 + weights[name].mean() * 5, 0.3) for name in names},
        "equal": [[a, b] for a, b in pairs if np.array_equal(weights[a], weights[b])],
        "the_same_again": [name for name in names if np.array_equal(weights[name], other[name])],
    }


@check(of="init_block", kind="dtype")
def test_the_dtype_that_was_asked_for(impl, draw):
    """All parameters are float32 when dtype is float32"""
    params = impl.init_block(draw.generator(), 4, 6, dtype=np.float32)
    zeroed = {name: w * np.float32(0) for name, w in weights_of(params).items()}
    biases = {name: params["attn"][name] for name in ("b_q", "b_o")}
    ffn = [layer["b"] for layer in params["ffn"]]
    return {"weights": zeroed, "b": biases, "ffn": ffn, "ln1": params["ln1"], "ln2": params["ln2"]}


# transformer_block


@check(of="transformer_block", weight=2)
def test_pre_norm(impl, draw):
    """y of a pre-norm block"""
    x, params = draw.normal(B, T, D), block_params(draw)
    return {"y": impl.transformer_block(x, params, H, norm="pre", activation="gelu")[0]}


@check(of="transformer_block", weight=2)
def test_post_norm(impl, draw):
    """y of a post-norm block with ReLU, as in the paper"""
    x, params = draw.normal(B, T, D), block_params(draw)
    return {"y": impl.transformer_block(x, params, H, norm="post", activation="relu")[0]}


@check(of="transformer_block", weight=2)
def test_masks(impl, draw):
    """The mask reaches attention: causal in pre-norm; padding in post-norm"""
    x, params = draw.normal(B, T, D), block_params(draw)
    padded = padding([3, 0, 5], T)
    return {
        "y_causal": impl.transformer_block(x, params, H, causal(T))[0],
        "y_padded": impl.transformer_block(x, params, H, mask=padded, norm="post")[0],
    }


@check(of="transformer_block", weight=2)
def test_every_activation(impl, draw):
    """Each activation by its name, inside the feed-forward network only"""
    x, params = draw.normal(2, 3, 4), block_params(draw, 4, 5)
    return {name: impl.transformer_block(x, params, 1, activation=name)[0] for name in ACTIVATIONS}


@check(of="transformer_block")
def test_one_position_and_one_head(impl, draw):
    """T=1, B=1, one head, one hidden unit, both norms"""
    x, params = draw.normal(1, 1, 3), block_params(draw, 3, 1)
    return {norm: impl.transformer_block(x, params, 1, norm=norm)[0] for norm in ("pre", "post")}


@check(of="transformer_block", kind="property")
def test_who_may_not_meet(impl, draw):
    """No look ahead under a causal mask; items of a batch never meet"""
    x, params = draw.normal(B, T, D), block_params(draw)
    changed = x.copy()
    changed[1, 3] += draw.normal(D)
    outputs = {}
    for norm in ("pre", "post"):
        y, after = (impl.transformer_block(a, params, H, causal(T), norm)[0] for a in (x, changed))
        outputs[norm] = {"past": (after - y)[:, :3], "others": (after - y)[[0, 2]]}
    return outputs


@check(of="transformer_block", kind="dtype")
def test_float32_stays_float32(impl, draw):
    """float32 in, float32 out, both norms"""
    x, params = draw.normal(B, T, D, dtype=np.float32), block_params(draw, dtype=np.float32)
    return {norm: impl.transformer_block(x, params, H, norm=norm)[0] for norm in ("pre", "post")}


@check(of="transformer_block", kind="error")
def test_arguments_that_do_not_fit(impl, draw):
    """ValueError for a wrong norm, activation, x or num_heads"""
    x, params = draw.normal(B, T, D), block_params(draw)
    block = impl.transformer_block
    return {
        "norm": error_of(block, x, params, H, norm="none"),
        "activation": error_of(block, x, params, H, activation="swish"),
        "width": error_of(block, draw.normal(B, T, D + 1), params, H),
        "two_axes": error_of(block, draw.normal(T, D), params, H),
        "num_heads": error_of(block, x, params, 4),
    }


# transformer_block_backward


@check(of="transformer_block_backward", weight=2)
def test_pre_norm_input_gradient(impl, draw):
    """dx of a pre-norm block"""
    dx, _ = gradients(impl, draw, block_params(draw), H, norm="pre")
    return {"dx": dx}


@check(of="transformer_block_backward", weight=2)
def test_pre_norm_parameter_gradients(impl, draw):
    """Every parameter's gradient in a pre-norm block"""
    _, grads = gradients(impl, draw, block_params(draw), H, norm="pre")
    return {"grads": grads}


@check(of="transformer_block_backward", weight=2)
def test_post_norm_input_gradient(impl, draw):
    """dx of a post-norm block"""
    dx, _ = gradients(impl, draw, block_params(draw), H, norm="post", activation="relu")
    return {"dx": dx}


@check(of="transformer_block_backward", weight=2)
def test_post_norm_parameter_gradients(impl, draw):
    """Every parameter's gradient in a post-norm block"""
    _, grads = gradients(impl, draw, block_params(draw), H, norm="post", activation="relu")
    return {"grads": grads}


@check(of="transformer_block_backward")
def test_second_half_of_the_block(impl, draw):
    """ffn and ln2 alone: what the backward meets first, both norms"""
    outputs = {}
    for norm in ("pre", "post"):
        _, grads = gradients(impl, draw, block_params(draw), H, norm=norm)
        outputs[norm] = {"ffn": grads["ffn"], "ln2": grads["ln2"]}
    return outputs


@check(of="transformer_block_backward", weight=2)
def test_gradients_under_masks(impl, draw):
    """A causal mask in pre-norm; padding in post-norm, one sequence empty"""
    params, outputs = block_params(draw), {}
    for norm, mask in (("pre", causal(T)), ("post", padding([0, 4, 2], T))):
        dx, grads = gradients(impl, draw, params, H, mask, norm=norm)
        outputs[norm] = {"dx": dx, "grads": grads}
    return outputs


@check(of="transformer_block_backward")
def test_gradients_for_every_activation(impl, draw):
    """dx for each activation by its name"""
    outputs = {}
    for name in ACTIVATIONS:
        x, params = draw.normal(2, 3, 4), block_params(draw, 4, 5)
        outputs[name], _ = gradients(impl, draw, params, 1, activation=name, x=x)
    return outputs


@check(of="transformer_block_backward")
def test_gradients_for_sizes_of_one(impl, draw):
    """T=1, B=1, one head, one hidden unit, both norms"""
    outputs = {}
    for norm in ("pre", "post"):
        x, params = draw.normal(1, 1, 3), block_params(draw, 3, 1)
        dx, grads = gradients(impl, draw, params, 1, norm=norm, x=x)
        outputs[norm] = {"dx": dx, "grads": grads}
    return outputs


@check(of="transformer_block_backward", kind="property")
def test_a_cache_serves_twice(impl, draw):
    """Calling backward again with the same cache gives the same gradients"""
    x, dy, params = draw.normal(B, T, D), draw.normal(B, T, D), block_params(draw)
    outputs = {}
    for norm in ("pre", "post"):
        _, cache = impl.transformer_block(x, params, H, norm=norm)
        impl.transformer_block_backward(dy, cache)
        dx, grads = impl.transformer_block_backward(dy, cache)
        outputs[norm] = {"dx": dx, "w_q": grads["attn"]["w_q"], "ffn": grads["ffn"]}
    return outputs


@check(of="transformer_block_backward", kind="dtype")
def test_gradients_stay_float32(impl, draw):
    """float32 in, float32 gradients, both norms"""
    outputs = {}
    for norm in ("pre", "post"):
        x, params = draw.normal(B, T, D, dtype=np.float32), block_params(draw, dtype=np.float32)
        dy = draw.normal(B, T, D, dtype=np.float32)
        _, cache = impl.transformer_block(x, params, H, norm=norm)
        dx, grads = impl.transformer_block_backward(dy, cache)
        outputs[norm] = {"dx": dx, "grads": grads}
    return outputs


# transformer_stack


@check(of="transformer_stack", weight=2)
def test_three_pre_norm_blocks(impl, draw):
    """Three different blocks, pre-norm"""
    x, blocks = draw.normal(B, T, D), [block_params(draw) for _ in range(3)]
    return {"y": impl.transformer_stack(x, blocks, H)[0]}


@check(of="transformer_stack", weight=2)
def test_two_post_norm_blocks_under_a_mask(impl, draw):
    """norm, activation and mask reach every block"""
    x, blocks = draw.normal(B, T, D), [block_params(draw) for _ in range(2)]
    y, _ = impl.transformer_stack(x, blocks, H, causal(T), norm="post", activation="relu")
    return {"y": y}


@check(of="transformer_stack")
def test_stacks_of_one_and_of_none(impl, draw):
    """A stack of one block is that block; without blocks y is x"""
    x, blocks = draw.normal(B, T, D), [block_params(draw)]
    mask = padding([5, 2, 3], T)
    return {
        "y_of_one": impl.transformer_stack(x, blocks, H, mask=mask, activation="tanh")[0],
        "y_of_none": impl.transformer_stack(x, [], H)[0],
    }


@check(of="transformer_stack", kind="error")
def test_a_stack_passes_errors_on(impl, draw):
    """ValueError for a wrong norm, activation or num_heads"""
    x, blocks = draw.normal(B, T, D), [block_params(draw)]
    stack = impl.transformer_stack
    return {
        "norm": error_of(stack, x, blocks, H, norm="both"),
        "activation": error_of(stack, x, blocks, H, activation="softplus"),
        "num_heads": error_of(stack, x, blocks, 5),
    }


# transformer_stack_backward


@check(of="transformer_stack_backward", weight=2)
def test_input_gradient_through_three_blocks(impl, draw):
    """dx of three pre-norm blocks"""
    dx, _ = stack_gradients(impl, draw, [block_params(draw, **SMALL) for _ in range(3)], H)
    return {"dx": dx}


@check(of="transformer_stack_backward", weight=2)
def test_gradients_in_the_order_of_the_blocks(impl, draw):
    """Every parameter's gradient, a list in the order of blocks"""
    _, grads = stack_gradients(impl, draw, [block_params(draw, **SMALL) for _ in range(2)], H)
    return {"grads": grads}


@check(of="transformer_stack_backward", weight=2)
def test_gradients_of_a_masked_post_norm_stack(impl, draw):
    """Two post-norm blocks with ReLU under a causal mask"""
    blocks = [block_params(draw, **SMALL) for _ in range(2)]
    dx, grads = stack_gradients(impl, draw, blocks, H, causal(T), norm="post", activation="relu")
    return {"dx": dx, "grads": grads}


@check(of="transformer_stack_backward")
def test_gradients_of_one_block_and_of_none(impl, draw):
    """A list of one; without blocks an empty list, and dx is dy"""
    dx_of_one, grads_of_one = stack_gradients(impl, draw, [block_params(draw, **SMALL)], H)
    dx_of_none, grads_of_none = stack_gradients(impl, draw, [], H)
    return {
        "dx_of_one": dx_of_one,
        "grads_of_one": grads_of_one,
        "dx_of_none": dx_of_none,
        "grads_of_none": grads_of_none,
    }


@check(of="transformer_stack_backward", kind="dtype")
def test_gradients_of_a_float32_stack(impl, draw):
    """float32 in, float32 gradients"""
    x, dy = (draw.normal(B, T, D, dtype=np.float32) for _ in range(2))
    blocks = [block_params(draw, dtype=np.float32) for _ in range(2)]
    _, cache = impl.transformer_stack(x, blocks, H)
    dx, grads = impl.transformer_stack_backward(dy, cache)
    return {"dx": dx, "grads": grads}


# Cost: blocks so large that a gradient computed by differences takes far too long


@check(of="transformer_block_backward", kind="cost")
def test_gradients_of_a_wide_block(impl, draw):
    """The work that the gradients of a block of 16 features take"""
    x, params = draw.normal(1, 4, 16), block_params(draw, 16, 32)
    dx, grads = gradients(impl, draw, params, 4, causal(4), x=x)
    return {"dx": dx, "grads": grads}


@check(of="transformer_stack_backward", kind="cost")
def test_gradients_of_two_wide_blocks(impl, draw):
    """The work that the gradients of two blocks of 12 features take"""
    blocks = [block_params(draw, 12, 16) for _ in range(2)]
    x, dy = draw.normal(1, 3, 12), draw.normal(1, 3, 12)
    _, cache = impl.transformer_stack(x, blocks, 3, causal(3))
    dx, grads = impl.transformer_stack_backward(dy, cache)
    return {"dx": dx, "grads": grads}
