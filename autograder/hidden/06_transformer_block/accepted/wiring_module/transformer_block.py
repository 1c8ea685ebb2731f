"""Classes in a helper module; the cache is the object that ran."""

from transformer.wiring import FeedForward, Norm, Residual, SelfAttention


def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in {"pre", "post"}:
        raise ValueError(f"unknown norm: {norm}")
    if x.ndim != 3:
        raise ValueError(f"x has {x.ndim} axes, expected 3")
    halves = [
        Residual(Norm(params["ln1"]), SelfAttention(params["attn"], num_heads, mask), norm),
        Residual(Norm(params["ln2"]), FeedForward(params["ffn"], activation), norm),
    ]
    for half in halves:
        x = half.forward(x)
    return x, halves


def transformer_block_backward(dy, cache):
    first, second = cache
    dx = first.backward(second.backward(dy))
    return dx, {
        "ln1": first.norm.grads,
        "attn": first.sublayer.grads,
        "ln2": second.norm.grads,
        "ffn": second.sublayer.grads,
    }
