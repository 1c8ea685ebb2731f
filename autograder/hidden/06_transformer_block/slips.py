"""Known slips in wiring a transformer block and a stack, and in sending gradients back through."""

from types import SimpleNamespace

import numpy as np

from autograder.checker import easier, misconception

NORM = "handout.md#two-places-for-the-norm"
SUM = "handout.md#a-sum-hands-its-gradient-to-both"
PRE = "handout.md#backward-through-pre-norm"
POST = "handout.md#backward-through-post-norm"
ROLES = "handout.md#one-input-in-two-roles"
STACK = "handout.md#a-stack-of-blocks"
START = "handout.md#what-a-block-starts-from"
SHAPES = "handout.md#shapes-at-a-glance"
FLOATS = "handout.md#floating-point"


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


# init_block


@misconception(of="init_block", see=START)
def widths_of_ffn_exchanged(right, rng, d_model, d_ff, dtype=np.float64):
    """The feed-forward layers go from d_ff to d_model and back; first out to d_ff, then back."""
    return right | {"ffn": right["ffn"][::-1]}


@misconception(of="init_block", see=START)
def gamma_is_drawn(right, rng, d_model, d_ff, dtype=np.float64):
    """gamma is drawn at random; a norm starts without effect, with gamma of ones."""
    drawn = rng.normal(1, 0.5, (2, d_model)).astype(dtype)
    return right | {
        name: {"gamma": gamma, "beta": np.zeros(d_model, dtype)}
        for name, gamma in zip(("ln1", "ln2"), drawn, strict=True)
    }


@misconception(of="init_block", see=START)
def ffn_by_xavier(reference, rng, d_model, d_ff, dtype=np.float64):
    """The feed-forward weights have Xavier's spread; init_mlp's default scheme is "he"."""
    attn = reference.init_attention(rng, d_model, dtype)
    ffn = reference.init_mlp(rng, [d_model, d_ff, d_model], "xavier", dtype)
    return reference.init_block(rng, d_model, d_ff, dtype) | {"attn": attn, "ffn": ffn}


@misconception(of="init_block", see=START)
def weights_of_unit_spread(right, rng, d_model, d_ff, dtype=np.float64):
    """All weights have standard deviation 1, which saturates softmax at once; use the init
    functions of attention and mlp."""
    attn = {k: a * dtype(d_model**0.5) for k, a in right["attn"].items()}
    ffn = [{"w": a["w"] * dtype((len(a["w"]) / 2) ** 0.5), "b": a["b"]} for a in right["ffn"]]
    return right | {"attn": attn, "ffn": ffn}


@misconception(of="init_block", see=START)
def dtype_is_ignored(reference, rng, d_model, d_ff, dtype=np.float64):
    """Parameters are float64 whatever dtype says; pass it on to every part, np.ones and np.zeros
    too."""
    return reference.init_block(rng, d_model, d_ff)


@misconception(of="init_block", see=START)
def one_matrix_for_all_of_attention(right, rng, d_model, d_ff, dtype=np.float64):
    """All four attention matrices are the same one; draw each afresh."""
    return right | {"attn": {k: right["attn"]["w_q"] if k.startswith("w") else a
                             for k, a in right["attn"].items()}}  # fmt: skip


@misconception(of="init_block", see=START)
def own_seed(reference, rng, d_model, d_ff, dtype=np.float64):
    """The weights come from a generator of your own, and are the same each time; use rng."""
    return reference.init_block(np.random.default_rng(0), d_model, d_ff, dtype)


# transformer_block


def forward_slip(name, text, pre, post, see=NORM):
    """Declare a wrong wiring of pre-norm, of post-norm, or of both (None: that one is right)."""

    def slip(right, reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
        wire = pre if norm == "pre" else post
        b = parts(reference, params, num_heads, mask, activation)
        return right if wire is None else wire(x, b)

    slip.__name__, slip.__doc__ = name, text
    return misconception(of="transformer_block", see=see)(slip)


@misconception(of="transformer_block", see=NORM)
def pre_and_post_exchanged(
    reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"
):
    """Pre-norm and post-norm are exchanged: "pre" normalises what a sublayer reads, "post" the
    sum."""
    other = "post" if norm == "pre" else "pre"
    return reference.transformer_block(x, params, num_heads, mask, other, activation)[0]


@misconception(of="transformer_block", see=NORM, easier_backward=True)
def always_pre_norm(reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    """The block is pre-norm even for norm="post"."""
    return reference.transformer_block(x, params, num_heads, mask, "pre", activation)[0]


@misconception(of="transformer_block", see=NORM, easier_backward=True)
def always_post_norm(reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    """The block is post-norm even for norm="pre"."""
    return reference.transformer_block(x, params, num_heads, mask, "post", activation)[0]


normalises_the_corrections = forward_slip(
    "normalises_the_corrections",
    "Each norm is applied to the sublayer's output before the addition, x + ln(sublayer(x)); "
    "that is neither pre-norm nor post-norm.",
    lambda x, b: then(x + b.ln1(b.att(x)), lambda m: b.ln2(b.ffn(m))),
    lambda x, b: then(x + b.ln1(b.att(x)), lambda m: b.ln2(b.ffn(m))),
)
residuals_from_the_normalised_copy = forward_slip(
    "residuals_from_the_normalised_copy",
    "In pre-norm each residual adds to the normalised copy; it must add to what came in before "
    "the norm.",
    lambda x, b: then(b.ln2(then(b.ln1(x), b.att)), b.ffn),
    None,
)
second_residual_from_the_block_input = forward_slip(
    "second_residual_from_the_block_input",
    "The second residual adds to the block's input x; it must add to the middle m, or what "
    "attention wrote is lost.",
    lambda x, b: x + b.ffn(b.ln2(x + b.att(b.ln1(x)))),
    lambda x, b: b.ln2(x + b.ffn(b.ln1(x + b.att(x)))),
)
no_residuals = forward_slip(
    "no_residuals",
    "Both residuals are missing: a sublayer's output is added to its input, it doesn't replace it.",
    lambda x, b: b.ffn(b.ln2(b.att(b.ln1(x)))),
    lambda x, b: b.ln2(b.ffn(b.ln1(b.att(x)))),
    see="handout.md#why-a-block-has-two-additions",
)
no_first_residual = forward_slip(
    "no_first_residual",
    "The residual around attention is missing: its output is added to x, it doesn't replace x.",
    lambda x, b: then(b.att(b.ln1(x)), lambda m: b.ffn(b.ln2(m))),
    lambda x, b: b.ln2(then(b.ln1(b.att(x)), b.ffn)),
    see="handout.md#why-a-block-has-two-additions",
)
no_second_residual = forward_slip(
    "no_second_residual",
    "The residual around the feed-forward network is missing: its output is added to m.",
    lambda x, b: b.ffn(b.ln2(x + b.att(b.ln1(x)))),
    lambda x, b: b.ln2(b.ffn(b.ln1(x + b.att(x)))),
    see="handout.md#why-a-block-has-two-additions",
)
first_norm_twice = forward_slip(
    "first_norm_twice",
    "Both norms use ln1's gamma and beta; the second has its own, ln2.",
    lambda x, b: then(x + b.att(b.ln1(x)), lambda m: b.ffn(b.ln1(m))),
    lambda x, b: b.ln1(then(b.ln1(x + b.att(x)), b.ffn)),
)
norms_exchanged = forward_slip(
    "norms_exchanged",
    "ln1 and ln2 are exchanged: ln1 belongs to attention, ln2 to the feed-forward network.",
    lambda x, b: then(x + b.att(b.ln2(x)), lambda m: b.ffn(b.ln1(m))),
    lambda x, b: b.ln1(then(b.ln2(x + b.att(x)), b.ffn)),
)
context_not_normalised = forward_slip(
    "context_not_normalised",
    "In pre-norm queries come from ln1(x), but keys and values from x; all three read the "
    "normalised copy.",
    lambda x, b: then(x + b.att(b.ln1(x), x), lambda m: b.ffn(b.ln2(m))),
    None,
)
queries_not_normalised = forward_slip(
    "queries_not_normalised",
    "In pre-norm keys and values come from ln1(x), but queries from x; all three read the "
    "normalised copy.",
    lambda x, b: then(x + b.att(x, b.ln1(x)), lambda m: b.ffn(b.ln2(m))),
    None,
)
attention_reads_x = forward_slip(
    "attention_reads_x",
    "In pre-norm attention reads x; it must read ln1(x).",
    lambda x, b: then(x + b.att(x), lambda m: b.ffn(b.ln2(m))),
    None,
)
ffn_reads_m = forward_slip(
    "ffn_reads_m",
    "In pre-norm the feed-forward network reads m; it must read ln2(m).",
    lambda x, b: then(x + b.att(b.ln1(x)), b.ffn),
    None,
)
sublayers_side_by_side = forward_slip(
    "sublayers_side_by_side",
    "Both sublayers read the block's input, side by side, as some models do; here the "
    "feed-forward network reads what attention left.",
    lambda x, b: x + b.att(b.ln1(x)) + b.ffn(b.ln2(x)),
    lambda x, b: b.ln2(b.ln1(x + b.att(x)) + b.ffn(x)),
)
ffn_before_attention = forward_slip(
    "ffn_before_attention",
    "The feed-forward network comes before attention; attention comes first.",
    lambda x, b: then(x + b.ffn(b.ln2(x)), lambda m: b.att(b.ln1(m))),
    lambda x, b: b.ln1(then(b.ln2(x + b.ffn(x)), b.att)),
)
stream_normalised_after_pre = forward_slip(
    "stream_normalised_after_pre",
    "In pre-norm the sum is normalised once more at the end; the last norm belongs to the model, "
    "after all blocks.",
    lambda x, b: b.ln2(then(x + b.att(b.ln1(x)), lambda m: b.ffn(b.ln2(m)))),
    None,
)
no_norm_between_in_post = forward_slip(
    "no_norm_between_in_post",
    "In post-norm the sum after attention is not normalised; ln1 belongs there.",
    None,
    lambda x, b: b.ln2(then(x + b.att(x), b.ffn)),
)
no_norm_at_the_end_of_post = forward_slip(
    "no_norm_at_the_end_of_post",
    "In post-norm the sum after the feed-forward network is not normalised; ln2 belongs there.",
    None,
    lambda x, b: then(b.ln1(x + b.att(x)), b.ffn),
)
residual_doubled = forward_slip(
    "residual_doubled",
    "x is added twice around attention; if your attention adds it already, take one of the two "
    "away.",
    lambda x, b: then(2 * x + b.att(b.ln1(x)), lambda m: b.ffn(b.ln2(m))),
    lambda x, b: b.ln2(then(b.ln1(2 * x + b.att(x)), b.ffn)),
)


@misconception(of="transformer_block", see=NORM)
def mask_not_passed_on(reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    """The mask never reaches attention: every position sees every other."""
    return reference.transformer_block(x, params, num_heads, None, norm, activation)[0]


@misconception(of="transformer_block", see=NORM)
def activation_not_passed_on(
    reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"
):
    """The feed-forward network always uses GELU; pass activation on to mlp."""
    return reference.transformer_block(x, params, num_heads, mask, norm, "gelu")[0]


@misconception(of="transformer_block", see=NORM)
def default_activation_of_mlp(
    reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"
):
    """The feed-forward network always uses ReLU, mlp's default; pass activation on to mlp."""
    return reference.transformer_block(x, params, num_heads, mask, norm, "relu")[0]


@misconception(of="transformer_block", see=NORM)
def activation_after_the_second_layer(
    right, reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"
):
    """The activation is applied after the feed-forward network's second layer as well; a
    correction must be able to take any value."""
    b = parts(reference, params, num_heads, mask, activation)
    activate = getattr(reference, activation)
    if norm == "pre":
        return then(x + b.att(b.ln1(x)), lambda m: activate(b.ffn(b.ln2(m)))[0])
    return b.ln2(then(b.ln1(x + b.att(x)), lambda m: activate(b.ffn(m))[0]))


@misconception(of="transformer_block", see=NORM)
def one_head_only(reference, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    """Attention runs with a single head; pass num_heads on."""
    return reference.transformer_block(x, params, 1, mask, norm, activation)[0]


@misconception(of="transformer_block", see=FLOATS)
def adds_into_x(right, x, *rest, **named):
    """The residual is added into x itself (x += ...), which changes the caller's array."""
    x += right
    return right


@misconception(of="transformer_block", see=FLOATS)
def computes_in_float64(right, x, *rest, **named):
    """A float64 array comes into the sum and turns a float32 stream into float64."""
    return right + np.zeros(right.shape)


# transformer_block_backward


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


def sent_back(block, dy, norm, around_ffn=1, around_attention=1, query=1, context=1):
    """dx of a block, with what goes around and through the sublayers weighted."""
    if norm == "pre":
        dm = around_ffn * dy + block.ln2_back(block.ffn(dy))
        return around_attention * dm + block.ln1_back(block.attention(dm, query, context))
    ds = block.ln2_back(dy)
    ds = block.ln1_back(around_ffn * ds + block.ffn(ds))
    return around_attention * ds + block.attention(ds, query, context)


def backward_slip(name, text, see, wire):
    """Declare a wrong backward; wire(block, dy, norm) gives dx, and None the right gradients."""

    def slip(right, reference, dy, x, params, num_heads, mask=None, norm="pre", activation="gelu"):
        block = Block(reference, x, params, num_heads, mask, norm, activation)
        dx = wire(block, dy, norm)
        return right if dx is None else (dx, block.grads)

    slip.__name__, slip.__doc__ = name, text
    return misconception(of="transformer_block_backward", see=see)(slip)


def weighted_slip(name, text, see, **weights):
    return backward_slip(name, text, see, lambda b, dy, norm: sent_back(b, dy, norm, **weights))


forgets_both_residual_gradients = weighted_slip(
    "forgets_both_residual_gradients",
    "Both residuals' gradients are missing: a sum hands its gradient on to the branch and to the "
    "stream.",
    SUM,
    around_ffn=0,
    around_attention=0,
)
forgets_the_gradient_around_ffn = weighted_slip(
    "forgets_the_gradient_around_ffn",
    "The gradient that goes around the feed-forward network is missing: m is read twice, so dm "
    "has two terms.",
    SUM,
    around_ffn=0,
)
forgets_the_gradient_around_attention = weighted_slip(
    "forgets_the_gradient_around_attention",
    "The gradient that goes around attention is missing: the sum hands its gradient to x, too.",
    SUM,
    around_attention=0,
)
halves_the_residual_gradients = weighted_slip(
    "halves_the_residual_gradients",
    "The residual's gradient is split between its two readers; a sum hands all of it to both.",
    SUM,
    around_ffn=0.5,
    around_attention=0.5,
)
forgets_dcontext = weighted_slip(
    "forgets_dcontext",
    "dcontext is not added: in self-attention the input is the context too, and collects both "
    "gradients.",
    ROLES,
    context=0,
)
forgets_the_query_gradient = weighted_slip(
    "forgets_the_query_gradient",
    "Of attention's two gradients only dcontext is used; the input asks the queries as well.",
    ROLES,
    query=0,
)
counts_dcontext_twice = weighted_slip(
    "counts_dcontext_twice",
    "dcontext is counted twice; the input's gradient is dx + dcontext, each once.",
    ROLES,
    context=2,
)
subtracts_dcontext = weighted_slip(
    "subtracts_dcontext",
    "dcontext is subtracted; the gradients of the two roles add up.",
    ROLES,
    context=-1,
)
residual_inside_the_norm = backward_slip(
    "residual_inside_the_norm",
    "The residual's gradient is added before the norm's backward; in pre-norm the norm is on the "
    "branch, and the residual goes around it.",
    PRE,
    lambda b, dy, norm: around_is_normalised(b, dy) if norm == "pre" else None,
)
residual_outside_the_norm = backward_slip(
    "residual_outside_the_norm",
    "The residual adds the gradient from outside the norm; in post-norm the additions are inside, "
    "so add what the norm's backward returned.",
    POST,
    lambda b, dy, norm: around_is_not_normalised(b, dy) if norm == "post" else None,
)
norm_backwards_left_out = backward_slip(
    "norm_backwards_left_out",
    "The gradient passes the norms unchanged; what goes on is layernorm_backward's dx.",
    PRE,
    lambda b, dy, norm: past_the_norms(b, dy, norm),
)
second_norm_cache_twice = backward_slip(
    "second_norm_cache_twice",
    "Both norms' backwards use ln2's cache (a name given twice in the forward?); ln1 has its own.",
    PRE,
    lambda b, dy, norm: with_caches(b, dy, norm, b.ln2, b.ln2),
)
norm_caches_exchanged = backward_slip(
    "norm_caches_exchanged",
    "The caches of ln1 and ln2 are exchanged in the backward.",
    PRE,
    lambda b, dy, norm: with_caches(b, dy, norm, b.ln2, b.ln1),
)
backward_of_the_other_norm = backward_slip(
    "backward_of_the_other_norm",
    "The backward takes pre-norm's order for post-norm and the reverse; keep the norm in the "
    "cache.",
    POST,
    lambda b, dy, norm: sent_back(b, dy, "post" if norm == "pre" else "pre"),
)
backward_always_pre = backward_slip(
    "backward_always_pre",
    "A post-norm block is sent back in pre-norm's order; there ln2 comes first.",
    POST,
    lambda b, dy, norm: None if norm == "pre" else sent_back(b, dy, "pre"),
)


def around_is_normalised(b, dy):
    dm = b.ln2_back(b.ffn(dy) + dy)
    return b.ln1_back(b.attention(dm) + dm)


def around_is_not_normalised(b, dy):
    dm = dy + b.ffn(b.ln2_back(dy))
    return dm + b.attention(b.ln1_back(dm))


def past_the_norms(b, dy, norm):
    """Parameter gradients of the norms as they would be, and the gradient not changed by them."""
    if norm == "pre":
        dn = b.ffn(dy)
        b.ln2_back(dn)
        dm = dy + dn
        dn = b.attention(dm)
        b.ln1_back(dn)
        return dm + dn
    b.ln2_back(dy)
    dm = dy + b.ffn(dy)
    b.ln1_back(dm)
    return dm + b.attention(dm)


def with_caches(b, dy, norm, first, second):
    b.ln1, b.ln2 = first, second
    return sent_back(b, dy, norm)


@misconception(of="transformer_block_backward", see=SHAPES)
def gamma_and_beta_exchanged(right, dy, *rest, **named):
    """The gradients of gamma and beta stand under each other's names: layernorm_backward returns
    dx, dgamma, dbeta."""
    dx, grads = right
    turned = {n: {"gamma": grads[n]["beta"], "beta": grads[n]["gamma"]} for n in ("ln1", "ln2")}
    return dx, grads | turned


@misconception(of="transformer_block_backward", see=SHAPES)
def norm_gradients_as_tuples(right, dy, *rest, **named):
    """The norms' gradients are tuples; params has dicts with "gamma" and "beta" there."""
    dx, grads = right
    return dx, grads | {n: (grads[n]["gamma"], grads[n]["beta"]) for n in ("ln1", "ln2")}


@misconception(of="transformer_block_backward", see=SHAPES)
def ffn_gradients_reversed(right, dy, *rest, **named):
    """The feed-forward layers' gradients are in reverse order; return them as params has them."""
    dx, grads = right
    return dx, grads | {"ffn": grads["ffn"][::-1]}


@misconception(of="transformer_block_backward", see=SHAPES)
def averages_parameter_gradients(right, dy, x, *rest, **named):
    """Parameter gradients are divided by the batch size; the mean belongs to the loss, a backward
    sums."""
    dx, grads = right
    attn, size = grads["attn"], len(x)
    return dx, {
        **{n: {k: g / size for k, g in grads[n].items()} for n in ("ln1", "ln2")},
        "attn": {k: g / size for k, g in attn.items()},
        "ffn": [{k: g / size for k, g in layer.items()} for layer in grads["ffn"]],
    }


@misconception(of="transformer_block_backward", see=NORM)
def backward_without_mask(
    reference, dy, x, params, num_heads, mask=None, norm="pre", activation="gelu"
):
    """The backward runs as if there were no mask."""
    _, cache = reference.transformer_block(x, params, num_heads, None, norm, activation)
    return reference.transformer_block_backward(dy, cache)


@misconception(of="transformer_block_backward", see=NORM)
def backward_always_gelu(
    reference, dy, x, params, num_heads, mask=None, norm="pre", activation="gelu"
):
    """The backward uses GELU's derivative whatever the activation was."""
    _, cache = reference.transformer_block(x, params, num_heads, mask, norm, "gelu")
    return reference.transformer_block_backward(dy, cache)


@misconception(of="transformer_block_backward", see=FLOATS)
def adds_into_dy(right, dy, *rest, **named):
    """The residual is added into dy itself (dy += ...), which changes the caller's array."""
    dy += right[0]
    return right


@misconception(of="transformer_block_backward", see=FLOATS)
def gradients_in_float64(right, dy, *rest, **named):
    """A float64 array comes into dx and turns a float32 gradient into float64."""
    dx, grads = right
    return dx + np.zeros(dx.shape), grads


# transformer_stack


def walk(reference, x, blocks, *rest, **named):
    for params in blocks:
        x, _ = reference.transformer_block(x, params, *rest, **named)
    return x


@misconception(of="transformer_stack", see=STACK)
def first_block_every_time(reference, x, blocks, *rest, **named):
    """The first block's parameters are used every time; each block has its own."""
    blocks = [blocks[0]] * len(blocks) if blocks else []
    return walk(reference, x, blocks, *rest, **named)


@misconception(of="transformer_stack", see=STACK, easier_backward=True)
def every_block_reads_the_input(reference, x, blocks, *rest, **named):
    """Every block reads the stack's input, and only the last one's output counts; each reads what
    the one before it returned."""
    return walk(reference, x, blocks[-1:], *rest, **named)


@misconception(of="transformer_stack", see=STACK, easier_backward=True)
def last_block_left_out(reference, x, blocks, *rest, **named):
    """The last block is left out."""
    return walk(reference, x, blocks[:-1], *rest, **named)


@misconception(of="transformer_stack", see=STACK)
def mask_for_the_first_block_only(
    reference, x, blocks, num_heads, mask=None, norm="pre", activation="gelu"
):
    """Only the first block gets the mask; each of them needs it."""
    x = walk(reference, x, blocks[:1], num_heads, mask, norm, activation)
    return walk(reference, x, blocks[1:], num_heads, None, norm, activation)


@misconception(of="transformer_stack", see=STACK, easier_backward=True)
def stack_without_norm(reference, x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    """norm is not passed on, so that every block is pre-norm."""
    return walk(reference, x, blocks, num_heads, mask, "pre", activation)


@misconception(of="transformer_stack", see=STACK)
def residual_around_each_block(reference, x, blocks, *rest, **named):
    """Each block's output is added to its input once more; the block has its residuals inside."""
    for params in blocks:
        x = x + reference.transformer_block(x, params, *rest, **named)[0]
    return x


@misconception(of="transformer_stack", see=STACK)
def sums_the_blocks(reference, x, blocks, *rest, **named):
    """The blocks run side by side on the stack's input and are summed; they run one after the
    other."""
    found = [reference.transformer_block(x, params, *rest, **named)[0] for params in blocks]
    return sum(found) if blocks else x


# transformer_stack_backward


def block_caches(reference, x, blocks, *rest, **named):
    caches = []
    for params in blocks:
        x, cache = reference.transformer_block(x, params, *rest, **named)
        caches.append(cache)
    return caches


@misconception(of="transformer_stack_backward", see=STACK)
def gradients_in_reverse(right, dy, *rest, **named):
    """The list of gradients runs from the last block to the first; return it in the order of
    blocks."""
    dx, grads = right
    return dx, grads[::-1]


@misconception(of="transformer_stack_backward", see=STACK)
def backward_from_first_to_last(reference, dy, x, blocks, *rest, **named):
    """The backward visits the blocks from first to last; dy belongs to the last."""
    grads = []
    for cache in block_caches(reference, x, blocks, *rest, **named):
        dy, found = reference.transformer_block_backward(dy, cache)
        grads.append(found)
    return dy, grads


@misconception(of="transformer_stack_backward", see=STACK)
def last_cache_every_time(reference, dy, x, blocks, *rest, **named):
    """Every block's backward uses the last block's cache; keep one cache for each block."""
    caches = block_caches(reference, x, blocks, *rest, **named)
    grads = []
    for _ in caches:
        dy, found = reference.transformer_block_backward(dy, caches[-1])
        grads.append(found)
    return dy, grads[::-1]


@misconception(of="transformer_stack_backward", see=STACK)
def dx_of_the_last_block(right, reference, dy, x, blocks, *rest, **named):
    """dx is the last block's; the stack's dx is what comes out below the first block."""
    caches = block_caches(reference, x, blocks, *rest, **named)
    return (reference.transformer_block_backward(dy, caches[-1])[0] if caches else dy), right[1]


@misconception(of="transformer_stack_backward", see=STACK)
def sums_gradients_over_blocks(right, dy, *rest, **named):
    """The gradients of all blocks are added into one dict; each block has its own, in a list."""
    dx, grads = right

    def total(*leaves):
        if isinstance(leaves[0], dict):
            return {key: total(*(leaf[key] for leaf in leaves)) for key in leaves[0]}
        if isinstance(leaves[0], list):
            return [total(*each) for each in zip(*leaves, strict=True)]
        return sum(leaves)

    return dx, total(*grads) if grads else {}


@misconception(of="transformer_stack_backward", see=SUM)
def adds_dy_at_the_end(right, dy, *rest, **named):
    """dy is added to dx once more at the end; the blocks' own residuals have done that."""
    dx, grads = right
    return dx + dy, grads


@misconception(of="transformer_stack_backward", see=STACK)
def first_block_has_no_gradients(right, dy, *rest, **named):
    """The list of gradients is one too short: the first block's are missing."""
    dx, grads = right
    return dx, grads[1:]


# What these leave out is what makes the backward worth its points.
(
    no_residuals,
    no_first_residual,
    no_second_residual,
    no_norm_between_in_post,
    no_norm_at_the_end_of_post,
    attention_reads_x,
    ffn_reads_m,
) = easier(
    no_residuals,
    no_first_residual,
    no_second_residual,
    no_norm_between_in_post,
    no_norm_at_the_end_of_post,
    attention_reads_x,
    ffn_reads_m,
)
