"""The cache is a function: each step hands back its own backward, and an object keeps a stack."""

from transformer.attention import multi_head_attention, multi_head_attention_backward
from transformer.layer import mlp, mlp_backward
from transformer.layernorm import layernorm, layernorm_backward


def _residual(step, x):
    f, back = step(x)
    return x + f, lambda dy: dy + back(dy)


def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    grads = {}

    def ln(name):
        def step(x):
            y, cache = layernorm(x, **params[name])

            def back(dy):
                dx, dgamma, dbeta = layernorm_backward(dy, cache)
                grads[name] = {"gamma": dgamma, "beta": dbeta}
                return dx

            return y, back

        return step

    def attention(x):
        y, cache = multi_head_attention(x, x, params["attn"], num_heads, mask=mask)

        def back(dy):
            dx, dcontext, grads["attn"] = multi_head_attention_backward(dy, cache)
            return dcontext + dx

        return y, back

    def ffn(x):
        y, cache = mlp(x, params["ffn"], activation=activation)

        def back(dy):
            dx, grads["ffn"] = mlp_backward(dy, cache)
            return dx

        return y, back

    def chain(*steps):
        def step(x):
            backs = []
            for each in steps:
                x, back = each(x)
                backs.append(back)

            def back(dy):
                for each in reversed(backs):
                    dy = each(dy)
                return dy

            return x, back

        return step

    def around(step):
        return lambda x: _residual(step, x)

    if x.ndim != 3:
        raise ValueError("x must be (batch, time, features)")
    if norm == "pre":
        whole = chain(around(chain(ln("ln1"), attention)), around(chain(ln("ln2"), ffn)))
    elif norm == "post":
        whole = chain(around(attention), ln("ln1"), around(ffn), ln("ln2"))
    else:
        raise ValueError(f"no norm called {norm}")
    y, back = whole(x)
    return y, lambda dy: (back(dy), dict(grads))


def transformer_block_backward(dy, cache):
    return cache(dy)


class _Stack:
    def __init__(self):
        self.backs = []


def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    stack = _Stack()
    for block in blocks:
        x, back = transformer_block(x, block, num_heads, mask, norm, activation)
        stack.backs.insert(0, back)
    return x, stack


def transformer_stack_backward(dy, cache):
    grads = []
    for back in cache.backs:
        dy, found = back(dy)
        grads.insert(0, found)
    return dy, grads
