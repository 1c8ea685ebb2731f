"""Slips of 06_transformer_block that its steps explain, as slips.py had them; long for that."""

from types import SimpleNamespace

import numpy as np

from autograder.checker import misconception

NORM = "handout.md#two-places-for-the-norm"


PRE = "handout.md#backward-through-pre-norm"


STACK = "handout.md#a-stack-of-blocks"


START = "handout.md#what-a-block-starts-from"


SHAPES = "handout.md#shapes-at-a-glance"


def parts(reference, params, num_heads, mask, activation):
    """A block's four parts as functions of one array (att: of queries and context)."""

    def norm_with(values):
        return lambda x: reference.layernorm(x, **values)[0]

    def attention(x, context=None):
        context = x if context is None else context
        return reference.multi_head_attention(x, context, params["attn"], num_heads, mask)[0]

    return SimpleNamespace(
        ln1=norm_with(params["ln1"]),
        att=attention,
        ln2=norm_with(params["ln2"]),
        ffn=lambda x: reference.mlp(x, params["ffn"], activation)[0],
    )


def then(m, correction):
    return m + correction(m)


@misconception(of="init_block", see=START)
def inner_width_is_d_model(reference, rng, d_model, d_ff, dtype=np.float64):
    """The feed-forward network's hidden layer has d_model units; it should have d_ff."""
    return reference.init_block(rng, d_model, d_model, dtype)


@misconception(of="init_block", see=START)
def gamma_starts_at_zero(right, rng, d_model, d_ff, dtype=np.float64):
    """gamma starts at zero, so the norm's output does not depend on its input; start at ones."""
    zero = {"gamma": np.zeros(d_model, dtype), "beta": np.zeros(d_model, dtype)}
    return right | {"ln1": zero, "ln2": zero}


@misconception(of="init_block", see=START)
def beta_starts_at_one(right, rng, d_model, d_ff, dtype=np.float64):
    """beta starts at ones and shifts every feature; it should start at zeros."""
    shifted = {"gamma": np.ones(d_model, dtype), "beta": np.ones(d_model, dtype)}
    return right | {"ln1": shifted, "ln2": shifted}


def forward_slip(name, text, pre, post, see=NORM):
    """Declare a wrong wiring of pre-norm, of post-norm, or of both (None: that one is right)."""

    def slip(right, reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
        wire = pre if norm == "pre" else post
        b = parts(reference, params, num_heads, mask, activation)
        return right if wire is None else wire(x, b)

    slip.__name__, slip.__doc__ = name, text
    return misconception(of="transformer_block", see=see)(slip)


first_residual_from_the_normalised_copy = forward_slip(
    "first_residual_from_the_normalised_copy",
    "In pre-norm attention's output is added to ln1(x); it must be added to x itself.",
    lambda x, b: then(then(b.ln1(x), b.att), lambda m: b.ffn(b.ln2(m))),
    None,
)


second_residual_from_the_normalised_copy = forward_slip(
    "second_residual_from_the_normalised_copy",
    "In pre-norm the network's output is added to ln2(m); it must be added to m itself.",
    lambda x, b: then(b.ln2(x + b.att(b.ln1(x))), b.ffn),
    None,
)


class Block:
    """The right forward of a block, and the pieces of its backward, for wiring them wrongly."""

    def __init__(self, reference, x, params, num_heads, mask, norm, activation):
        self.reference, self.grads = reference, {}
        pre = norm == "pre"
        n = self._norm("ln1", x, params) if pre else x
        a, self.attn = reference.multi_head_attention(n, n, params["attn"], num_heads, mask)
        m = x + a if pre else self._norm("ln1", x + a, params)
        n = self._norm("ln2", m, params) if pre else m
        f, self.mlp = reference.mlp(n, params["ffn"], activation)
        if not pre:
            self._norm("ln2", m + f, params)

    def _norm(self, name, x, params):
        y, cache = self.reference.layernorm(x, **params[name])
        setattr(self, name, cache)
        return y

    def norm(self, name, dy):
        dx, dgamma, dbeta = self.reference.layernorm_backward(dy, getattr(self, name))
        self.grads[name] = {"gamma": dgamma, "beta": dbeta}
        return dx

    def ln1_back(self, dy):
        return self.norm("ln1", dy)

    def ln2_back(self, dy):
        return self.norm("ln2", dy)

    def attention(self, dy, query=1, context=1):
        dx, dcontext, self.grads["attn"] = self.reference.multi_head_attention_backward(
            dy, self.attn
        )
        return query * dx + context * dcontext

    def ffn(self, dy):
        dx, self.grads["ffn"] = self.reference.mlp_backward(dy, self.mlp)
        return dx


def backward_slip(name, text, see, wire):
    """Declare a wrong backward; wire(block, dy, norm) gives dx, and None the right gradients."""

    def slip(right, reference, dy, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
        block = Block(reference, x, params, num_heads, mask, norm, activation)
        dx = wire(block, dy, norm)
        return right if dx is None else (dx, block.grads)

    slip.__name__, slip.__doc__ = name, text
    return misconception(of="transformer_block_backward", see=see)(slip)


dy_around_everything = backward_slip(
    "dy_around_everything",
    "What goes around attention is dy; in pre-norm it is the complete dm, with what came back "
    "through the feed-forward network.",
    PRE,
    lambda b, dy, norm: (
        dy + b.ln1_back(b.attention(dy + b.ln2_back(b.ffn(dy)))) if norm == "pre" else None
    ),
)


dy_into_both_sublayers = backward_slip(
    "dy_into_both_sublayers",
    "Attention's backward gets dy; in pre-norm it gets dm, which holds what came back through the "
    "feed-forward network.",
    PRE,
    lambda b, dy, norm: (
        dy + b.ln2_back(b.ffn(dy)) + b.ln1_back(b.attention(dy)) if norm == "pre" else None
    ),
)


@misconception(of="transformer_block_backward", see=SHAPES)
def norm_gradients_exchanged(right, dy, *rest, **named):
    """The gradients of ln1 and ln2 stand under each other's names."""
    dx, grads = right
    return dx, grads | {"ln1": grads["ln2"], "ln2": grads["ln1"]}


def walk(reference, x, blocks, *rest, **named):
    for params in blocks:
        x, _ = reference.transformer_block(x, params, *rest, **named)
    return x


@misconception(of="transformer_stack", see=STACK)
def blocks_from_last_to_first(reference, x, blocks, *rest, **named):
    """The forward runs the blocks from last to first; only the backward does."""
    return walk(reference, x, blocks[::-1], *rest, **named)


@misconception(of="transformer_stack", see=STACK)
def stack_without_mask(reference, x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    """No block gets the mask; pass it on to every one."""
    return walk(reference, x, blocks, num_heads, None, norm, activation)


@misconception(of="transformer_stack", see=STACK)
def stack_without_activation(
    reference, x, blocks, num_heads, mask=None, norm="pre", activation="gelu"
):
    """activation is not passed on, so that every block uses GELU."""
    return walk(reference, x, blocks, num_heads, mask, norm, "gelu")


def block_caches(reference, x, blocks, *rest, **named):
    caches = []
    for params in blocks:
        x, cache = reference.transformer_block(x, params, *rest, **named)
        caches.append(cache)
    return caches


@misconception(of="transformer_stack_backward", see=STACK)
def dy_for_every_block(reference, dy, x, blocks, *rest, **named):
    """Every block gets the stack's dy; a block's dy is the dx of the block after it."""
    caches = block_caches(reference, x, blocks, *rest, **named)
    pairs = [reference.transformer_block_backward(dy, cache) for cache in caches]
    return (pairs[0][0] if pairs else dy), [found for _, found in pairs]
