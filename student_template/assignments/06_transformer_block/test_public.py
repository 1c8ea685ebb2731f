"""Checks to run at home: python check.py 06, or pytest. The hidden ones try more."""

import numpy as np

from autograder.checker import check, error_of

B, T, D, F, H = 2, 3, 4, 5, 2


def random_block(draw, dtype=np.float64):
    """Parameters of a block with random values everywhere, norms and biases too."""

    def array(*shape):
        return draw.normal(*shape, scale=0.6, dtype=dtype)

    return {
        "ln1": {"gamma": array(D), "beta": array(D)},
        "attn": {f"{kind}_{n}": array(*[D] * (1 + (kind == "w"))) for kind in "wb" for n in "qkvo"},
        "ln2": {"gamma": array(D), "beta": array(D)},
        "ffn": [{"w": array(D, F), "b": array(F)}, {"w": array(F, D), "b": array(D)}],
    }


@check(of="init_block")
def test_shapes_of_a_new_block(impl, draw):
    """Names and shapes of all parameters, and how the norms start"""
    params = impl.init_block(draw.generator(), 4, 9)
    return {
        "ln1": params["ln1"],
        "ln2": params["ln2"],
        "attn": {name: list(value.shape) for name, value in params["attn"].items()},
        "ffn": [{name: list(value.shape) for name, value in e.items()} for e in params["ffn"]],
    }


@check(of="transformer_block")
def test_one_pre_norm_block(impl, draw):
    """A pre-norm block: y"""
    return {"y": impl.transformer_block(draw.normal(B, T, D), random_block(draw), H)[0]}


@check(of="transformer_block")
def test_one_post_norm_block(impl, draw):
    """A post-norm block with tanh: y"""
    x, params = draw.normal(B, T, D), random_block(draw)
    return {"y": impl.transformer_block(x, params, H, norm="post", activation="tanh")[0]}


@check(of="transformer_block")
def test_masked_block(impl, draw):
    """A block whose queries see only themselves and the position before"""
    x, params = draw.normal(B, T, D), random_block(draw)
    near = np.eye(T, dtype=bool) | np.eye(T, k=-1, dtype=bool)
    return {"y": impl.transformer_block(x, params, H, mask=near, activation="relu")[0]}


@check(of="transformer_block", kind="error")
def test_unknown_norm(impl, draw):
    """ValueError for a norm that is neither pre nor post"""
    x, params = draw.normal(B, T, D), random_block(draw)
    return {"norm": error_of(impl.transformer_block, x, params, H, norm="Pre")}


def both(impl, draw, norm, **settings):
    x, dy, params = draw.normal(B, T, D), draw.normal(B, T, D), random_block(draw)
    _, cache = impl.transformer_block(x, params, H, norm=norm, **settings)
    return impl.transformer_block_backward(dy, cache)


@check(of="transformer_block_backward")
def test_pre_norm_gradients(impl, draw):
    """All gradients of a pre-norm block"""
    dx, grads = both(impl, draw, "pre", activation="sigmoid")
    return {"dx": dx, "grads": grads}


@check(of="transformer_block_backward")
def test_post_norm_gradients(impl, draw):
    """All gradients of a post-norm block, under a mask"""
    dx, grads = both(impl, draw, "post", mask=np.tri(T, dtype=bool))
    return {"dx": dx, "grads": grads}


@check(of="transformer_block_backward", kind="dtype")
def test_float32_block(impl, draw):
    """float32 in, float32 gradients"""
    x, dy = draw.normal(B, T, D, dtype=np.float32), draw.normal(B, T, D, dtype=np.float32)
    _, cache = impl.transformer_block(x, random_block(draw, np.float32), H)
    dx, grads = impl.transformer_block_backward(dy, cache)
    return {"dx": dx, "grads": grads}


@check(of="transformer_stack")
def test_a_small_stack(impl, draw):
    """Two post-norm blocks with ReLU under a causal mask: y"""
    x, blocks = draw.normal(B, T, D), [random_block(draw) for _ in range(2)]
    causal = np.tri(T, dtype=bool)
    return {"y": impl.transformer_stack(x, blocks, H, causal, "post", "relu")[0]}


@check(of="transformer_stack_backward")
def test_gradients_of_a_small_stack(impl, draw):
    """Two blocks: dx, and the gradients of each block"""
    x, dy = draw.normal(B, T, D), draw.normal(B, T, D)
    _, cache = impl.transformer_stack(x, [random_block(draw) for _ in range(2)], H)
    dx, grads = impl.transformer_stack_backward(dy, cache)
    return {"dx": dx, "grads": grads}
