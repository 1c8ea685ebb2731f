"""The forward keeps its arguments only; the backward runs the forward again (less memory)."""

from transformer.attention import multi_head_attention, multi_head_attention_backward
from transformer.layer import mlp, mlp_backward
from transformer.layernorm import layernorm, layernorm_backward


def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError("norm must be pre or post")
    if x.ndim != 3 or x.shape[-1] != params["ln1"]["gamma"].size:
        raise ValueError("x must be (batch, time, d_model)")
    y, *_ = _run(x, params, num_heads, mask, norm, activation)
    return y, (x, params, num_heads, mask, norm, activation)


def _run(x, params, num_heads, mask, norm, activation):
    before = norm == "pre"
    n1, c1 = layernorm(x, **params["ln1"]) if before else (x, None)
    a, c2 = multi_head_attention(n1, n1, params["attn"], num_heads, mask)
    m, c1 = (x + a, c1) if before else layernorm(x + a, **params["ln1"])
    n2, c3 = layernorm(m, **params["ln2"]) if before else (m, None)
    f, c4 = mlp(n2, params["ffn"], activation)
    y, c3 = (m + f, c3) if before else layernorm(m + f, **params["ln2"])
    return y, c1, c2, c3, c4


def transformer_block_backward(dy, cache):
    _, c1, c2, c3, c4 = _run(*cache)
    before = cache[4] == "pre"
    if not before:
        dy, dgamma2, dbeta2 = layernorm_backward(dy, c3)
    dn2, dffn = mlp_backward(dy, c4)
    if before:
        dn2, dgamma2, dbeta2 = layernorm_backward(dn2, c3)
    dm = dy + dn2
    if not before:
        dm, dgamma1, dbeta1 = layernorm_backward(dm, c1)
    dq, dkv, dattn = multi_head_attention_backward(dm, c2)
    dn1 = dq + dkv
    if before:
        dn1, dgamma1, dbeta1 = layernorm_backward(dn1, c1)
    grads = {"ffn": dffn, "ln2": {"gamma": dgamma2, "beta": dbeta2}}
    grads |= {"attn": dattn, "ln1": {"gamma": dgamma1, "beta": dbeta1}}
    return dm + dn1, grads


def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    inputs = []
    for params in blocks:
        inputs.append(x)
        x, _ = transformer_block(x, params, num_heads, mask, norm, activation)
    return x, (inputs, blocks, (num_heads, mask, norm, activation))


def transformer_stack_backward(dy, cache):
    inputs, blocks, settings = cache
    grads = [None] * len(blocks)
    for i in range(len(blocks) - 1, -1, -1):
        _, block_cache = transformer_block(inputs[i], blocks[i], *settings)
        dy, grads[i] = transformer_block_backward(dy, block_cache)
    return dy, grads
