"""The steps of the transformer block and of a stack, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps

PLACES = "handout.md#two-places-for-the-norm"
PRE = "handout.md#backward-through-pre-norm"
STACK = "handout.md#a-stack-of-blocks"
START = "handout.md#what-a-block-starts-from"


def feed_forward(x, layers, activation="relu"):
    return REFERENCE["mlp"](x, layers, activation)


def attention(x, context, params, num_heads, mask=None):
    return REFERENCE["multi_head_attention"](x, context, params, num_heads, mask)


def drawn_attention(rng, deviation, d_model, dtype):
    shape = (d_model, d_model)
    weights = {f"w_{name}": rng.normal(0, deviation, shape).astype(dtype) for name in "qkvo"}
    return weights | {f"b_{name}": np.zeros(d_model, dtype) for name in "qkvo"}


@steps(see=START)
def init_block(rng, d_model, d_ff, dtype=np.float64):
    # why: gamma starts at ones: at zeros the norm's output would not depend on its input.
    gamma = np.ones(d_model, dtype=dtype)
    # why: beta starts at zeros: it shifts every feature.
    beta = np.zeros(d_model, dtype=dtype)
    ln1 = {"gamma": gamma, "beta": beta}
    fans = d_model + d_model
    # why: Attention's weights are drawn by Xavier's scheme.
    variance = 2 / fans  # the variance of attention's weights
    # why: The formula gives a variance; the generator wants its root.
    deviation = np.sqrt(variance)  # the standard deviation of attention's weights
    attn = drawn_attention(rng, deviation, d_model, dtype)
    ln2 = {"gamma": gamma, "beta": beta}
    # why: The feed-forward network's hidden layer has d_ff units, its ends have d_model.
    sizes = [d_model, d_ff, d_model]
    ffn = init_mlp(rng, sizes, dtype=dtype)
    return {"ln1": ln1, "attn": attn, "ln2": ln2, "ffn": ffn}


@steps(see=PLACES)
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    # why: "pre" normalises what a sublayer reads, "post" the sum.
    if norm == "pre":  # in pre-norm
        normed, cache = normalise(x, params["ln1"])
        # why: Queries, keys and values all read the normalised copy.
        attended, cache = attention(normed, normed, params["attn"], num_heads, mask)
        # as hard: `normed` stands where `x`
        # why: Attention's output is added to x itself.
        middle = x + attended  # the residual around attention
        normed2, cache = normalise(middle, params["ln2"])
        fed, cache = feed_forward(normed2, params["ffn"], activation)
        # as hard: `normed2` stands where `middle`
        # why: The network's output is added to what came after attention, not to its normalised
        # copy.
        y = middle + fed  # the residual around the network
    else:  # in post-norm
        attended, cache = attention(x, x, params["attn"], num_heads, mask)
        total = x + attended  # the residual around attention
        middle, cache = normalise(total, params["ln1"])
        fed, cache = feed_forward(middle, params["ffn"], activation)
        total2 = middle + fed  # the residual around the network
        y, cache = normalise(total2, params["ln2"])
    return y


@steps(see=PRE)
def transformer_block_backward(dy, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm == "pre":  # in pre-norm
        normed, ln1 = normalise(x, params["ln1"])
        attended, attn = attention(normed, normed, params["attn"], num_heads, mask)
        middle = x + attended  # the residual around attention
        normed2, ln2 = normalise(middle, params["ln2"])
        fed, ffn = feed_forward(normed2, params["ffn"], activation)
        # see: backward-through-pre-norm
        dnormed2, dffn = mlp_backward(dy, ffn)
        through_ffn, dgamma2, dbeta2 = layernorm_backward(
            dnormed2, ln2
        )  # through the feed-forward network
        dmiddle = dy + through_ffn  # the residual around the network
        # why: Attention gets the complete dmiddle, which holds what came back through the network.
        dquery, dcontext, dattn = multi_head_attention_backward(dmiddle, attn)
        dnormed = dquery + dcontext  # self-attention's two roles: queries, and keys and values
        through_attn, dgamma1, dbeta1 = layernorm_backward(dnormed, ln1)  # through attention
        # why: Around attention goes the complete dmiddle, with what came back through the network.
        dx = dmiddle + through_attn  # the residual around attention
    else:  # in post-norm
        attended, attn = attention(x, x, params["attn"], num_heads, mask)
        total = x + attended  # the residual around attention
        middle, ln1 = normalise(total, params["ln1"])
        fed, ffn = feed_forward(middle, params["ffn"], activation)
        total2 = middle + fed  # the residual around the network
        y, ln2 = normalise(total2, params["ln2"])
        # see: backward-through-post-norm
        dtotal2, dgamma2, dbeta2 = layernorm_backward(dy, ln2)
        through_ffn, dffn = mlp_backward(dtotal2, ffn)  # through the feed-forward network
        dmiddle = dtotal2 + through_ffn  # the residual around the network
        dtotal, dgamma1, dbeta1 = layernorm_backward(dmiddle, ln1)
        dquery, dcontext, dattn = multi_head_attention_backward(dtotal, attn)
        through_attn = dquery + dcontext  # attention's two roles: queries, and keys and values
        dx = dtotal + through_attn  # the residual around attention
    dln1 = {"gamma": dgamma1, "beta": dbeta1}
    dln2 = {"gamma": dgamma2, "beta": dbeta2}
    # why: dx holds what goes around attention and what comes through it; ln1 is attention's norm,
    # ln2 the network's.
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}


@steps(see=STACK)
def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    # as hard: the loop runs over `blocks` in the other order
    # why: The first block comes first; only the backward goes from the last to the first.
    for params in blocks:
        # as hard: `mask` is not passed on; `activation` is not passed on
        # why: The mask, the norm and the activation go on to every block.
        x, cache = block(x, params, num_heads, mask, norm, activation)
    return x


@steps(see=STACK)
def transformer_stack_backward(dy, x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    caches = []
    for params in blocks:
        x, cache = block(x, params, num_heads, mask, norm, activation)
        caches = [*caches, cache]
    grads = []
    dx = dy
    for cache in reversed(caches):
        # why: A block's dy is the dx of the block after it.
        through, own = block_backward(dx, cache)
        dx = through  # what comes back through a block
        grads = [own, *grads]
    return dx, grads


def normalise(x, params):
    return REFERENCE["layernorm"](x, params["gamma"], params["beta"])


def block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    return REFERENCE["transformer_block"](x, params, num_heads, mask, norm, activation)


def block_backward(dy, cache):
    return REFERENCE["transformer_block_backward"](dy, cache)
