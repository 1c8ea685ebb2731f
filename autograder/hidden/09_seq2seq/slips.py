"""Known slips in decoder blocks, in the encoder-decoder model, its loss and its decoding.

Longer than most files: fourteen functions, each with its own ways to go wrong.
"""

from types import SimpleNamespace

import numpy as np

from autograder.checker import easier, misconception

CROSS = "handout.md#three-sublayers"
START = "handout.md#what-a-decoder-block-starts-from"
BLOCK_BACK = "handout.md#backward-through-a-decoder-block"
READERS = "handout.md#one-context-many-readers"
MODEL = "handout.md#what-the-model-starts-from"
ENCODE = "handout.md#from-source-to-context"
SCALE = "handout.md#why-the-embedding-is-scaled"
DECODE = "handout.md#from-context-to-logits"
TABLE = "handout.md#one-table-three-uses"
WHOLE = "handout.md#the-whole-model"
LOSS = "handout.md#a-loss-that-is-never-sure"
GREEDY = "handout.md#writing-an-answer"
SHAPES = "handout.md#shapes-at-a-glance"
FLOATS = "handout.md#floating-point"


def scaled(tree, factor):
    """Every array of nested gradients times a number."""
    if isinstance(tree, dict):
        return {name: scaled(item, factor) for name, item in tree.items()}
    return [scaled(item, factor) for item in tree] if isinstance(tree, list) else tree * factor


# init_decoder_block


@misconception(of="init_decoder_block", see=START)
def no_cross_attention(right, *args, **named):
    """The block has no "cross": that is an encoder's block. A decoder's has two attentions."""
    return {name: part for name, part in right.items() if name != "cross"}


@misconception(of="init_decoder_block", see=START)
def no_third_norm(right, *args, **named):
    """ln3 is missing: three sublayers, three norms."""
    return {name: part for name, part in right.items() if name != "ln3"}


@misconception(of="init_decoder_block", see=START)
def decoder_ffn_by_xavier(right, reference, rng, d_model, d_ff, dtype=np.float64):
    """The feed-forward weights have Xavier's spread; init_mlp's default scheme is "he"."""
    return right | {"ffn": reference.init_mlp(rng, [d_model, d_ff, d_model], "xavier", dtype)}


@misconception(of="init_decoder_block", see=START)
def decoder_dtype_is_ignored(reference, rng, d_model, d_ff, dtype=np.float64):
    """Parameters are float64 whatever dtype says; pass it on to every part."""
    return reference.init_decoder_block(rng, d_model, d_ff)


@misconception(of="init_decoder_block", see=START)
def decoder_has_its_own_seed(reference, rng, d_model, d_ff, dtype=np.float64):
    """The weights come from a generator of your own, and are the same each time; use rng."""
    return reference.init_decoder_block(np.random.default_rng(0), d_model, d_ff, dtype)


# decoder_block


def parts(reference, x, context, params, num_heads, mask, context_mask, activation):
    """A decoder block's parts, as functions of arrays; weights and masks may be exchanged."""

    def normed(name):
        return lambda a: reference.layernorm(a, **params[name])[0]

    def att(a, c=None, name="attn", hide=mask):
        c = a if c is None else c
        return reference.multi_head_attention(a, c, params[name], num_heads, hide)[0]

    def cross(a, c=context, name="cross", hide=context_mask):
        return reference.multi_head_attention(a, c, params[name], num_heads, hide)[0]

    return SimpleNamespace(
        x=x,
        context=context,
        mask=mask,
        hidden=context_mask,
        ln1=normed("ln1"),
        ln2=normed("ln2"),
        ln3=normed("ln3"),
        att=att,
        cross=cross,
        ffn=lambda a: reference.mlp(a, params["ffn"], activation)[0],
    )


def wired(p, norm, att=None, cross=None, ffn=None, lns=None, keep=(1, 1, 1)):
    """A decoder block of the given sublayers and norms; keep: what goes around each."""
    lns = lns or (p.ln1, p.ln2, p.ln3)
    y = p.x
    for ln, sublayer, kept in zip(
        lns, (att or p.att, cross or p.cross, ffn or p.ffn), keep, strict=True
    ):
        y = kept * y + sublayer(ln(y)) if norm == "pre" else ln(kept * y + sublayer(y))
    return y


def forward_slip(name, text, wire, see=CROSS):
    """Declare a wrong wiring; wire(p, norm) gives y, and None where it is right."""

    def slip(
        right,
        reference,
        x,
        context,
        params,
        num_heads,
        mask=None,
        context_mask=None,
        norm="post",
        activation="relu",
    ):
        p = parts(reference, x, context, params, num_heads, mask, context_mask, activation)
        y = wire(p, norm)
        return right if y is None else y

    slip.__name__, slip.__doc__ = name, text
    return misconception(of="decoder_block", see=see)(slip)


cross_attention_to_itself = forward_slip(
    "cross_attention_to_itself",
    "Cross-attention takes keys and values from the decoder; they come from the context.",
    lambda p, norm: wired(p, norm, cross=lambda a: p.cross(a, a, hide=None)),
)
sides_exchanged = forward_slip(
    "sides_exchanged",
    "The sides of cross-attention are exchanged: the decoder asks, the context answers.",
    lambda p, norm: wired(p, norm, cross=lambda a: p.cross(p.context, a)),
)
self_attention_to_the_context = forward_slip(
    "self_attention_to_the_context",
    "The first attention reads the context, too; it is the target's attention to itself.",
    lambda p, norm: wired(p, norm, att=lambda a: p.att(a, p.context)),
)
masks_exchanged = forward_slip(
    "masks_exchanged",
    "The masks are exchanged: mask belongs to self-attention, context_mask to cross-attention.",
    lambda p, norm: wired(
        p,
        norm,
        att=lambda a: p.att(a, hide=p.hidden),
        cross=lambda a: p.cross(a, hide=p.mask),
    ),
)
causal_mask_on_the_context = forward_slip(
    "causal_mask_on_the_context",
    "Cross-attention gets self-attention's mask; the source is known whole, and only its padding "
    "is hidden.",
    lambda p, norm: wired(p, norm, cross=lambda a: p.cross(a, hide=p.mask)),
)
padding_mask_on_the_target = forward_slip(
    "padding_mask_on_the_target",
    "Self-attention gets the context's mask; its own mask says what a position may see.",
    lambda p, norm: wired(p, norm, att=lambda a: p.att(a, hide=p.hidden)),
)
context_mask_forgotten = forward_slip(
    "context_mask_forgotten",
    "context_mask never reaches cross-attention: the decoder reads padding.",
    lambda p, norm: wired(p, norm, cross=lambda a: p.cross(a, hide=None)),
)
self_mask_forgotten = forward_slip(
    "self_mask_forgotten",
    "mask never reaches self-attention: each position sees those after it.",
    lambda p, norm: wired(p, norm, att=lambda a: p.att(a, hide=None)),
)
both_masks_forgotten = forward_slip(
    "both_masks_forgotten",
    "Neither mask reaches its attention.",
    lambda p, norm: wired(p, norm, lambda a: p.att(a, hide=None), lambda a: p.cross(a, hide=None)),
)
same_weights_for_both = forward_slip(
    "same_weights_for_both",
    "Cross-attention uses the weights of self-attention; it has its own, cross.",
    lambda p, norm: wired(p, norm, cross=lambda a: p.cross(a, name="attn")),
)
weights_exchanged = forward_slip(
    "weights_exchanged",
    "attn and cross are exchanged: attn is self-attention, cross reads the context.",
    lambda p, norm: wired(
        p, norm, lambda a: p.att(a, name="cross"), lambda a: p.cross(a, name="attn")
    ),
)
cross_attention_left_out = forward_slip(
    "cross_attention_left_out",
    "Cross-attention is left out: the block knows nothing of the source.",
    lambda p, norm: (
        then(p.x + p.att(p.ln1(p.x)), lambda a: p.ffn(p.ln3(a)))
        if norm == "pre"
        else p.ln3(then(p.ln1(p.x + p.att(p.x)), p.ffn))
    ),
)
cross_before_self = forward_slip(
    "cross_before_self",
    "Cross-attention comes before self-attention; the target looks at itself first.",
    lambda p, norm: wired(p, norm, p.cross, p.att, lns=(p.ln2, p.ln1, p.ln3)),
)
ffn_before_cross = forward_slip(
    "ffn_before_cross",
    "The feed-forward network comes before cross-attention; it is the last sublayer.",
    lambda p, norm: wired(p, norm, p.att, p.ffn, p.cross, lns=(p.ln1, p.ln3, p.ln2)),
)
no_residual_around_cross = forward_slip(
    "no_residual_around_cross",
    "The residual around cross-attention is missing: what it read is added to a, it doesn't "
    "replace it.",
    lambda p, norm: wired(p, norm, keep=(1, 0, 1)),
)
no_residual_around_attn = forward_slip(
    "no_residual_around_attn",
    "The residual around self-attention is missing: its output is added to x.",
    lambda p, norm: wired(p, norm, keep=(0, 1, 1)),
)
no_residual_around_ffn = forward_slip(
    "no_residual_around_ffn",
    "The residual around the feed-forward network is missing: its output is added to b.",
    lambda p, norm: wired(p, norm, keep=(1, 1, 0)),
)
no_residuals_at_all = forward_slip(
    "no_residuals_at_all",
    "All three residuals are missing: each sublayer's output is added to its input.",
    lambda p, norm: wired(p, norm, keep=(0, 0, 0)),
)
residual_from_the_block_input = forward_slip(
    "residual_from_the_block_input",
    "Cross-attention's output is added to the block's input x; it must be added to a, or what "
    "self-attention wrote is lost.",
    lambda p, norm: (
        then(p.x + p.cross(p.ln2(p.x + p.att(p.ln1(p.x)))), lambda b: p.ffn(p.ln3(b)))
        if norm == "pre"
        else p.ln3(then(p.ln2(p.x + p.cross(p.ln1(p.x + p.att(p.x)))), p.ffn))
    ),
)
residual_from_the_context = forward_slip(
    "residual_from_the_context",
    "Cross-attention's output is added to the context; the residual belongs to the asking side.",
    lambda p, norm: (
        then(p.context + p.cross(p.ln2(p.x + p.att(p.ln1(p.x)))), lambda b: p.ffn(p.ln3(b)))
        if norm == "pre"
        else p.ln3(then(p.ln2(p.context + p.cross(p.ln1(p.x + p.att(p.x)))), p.ffn))
    ),
)
first_norm_three_times = forward_slip(
    "first_norm_three_times",
    "All norms use ln1's gamma and beta; each sublayer has its own norm.",
    lambda p, norm: wired(p, norm, lns=(p.ln1, p.ln1, p.ln1)),
)
last_norms_exchanged = forward_slip(
    "last_norms_exchanged",
    "ln2 and ln3 are exchanged: ln2 belongs to cross-attention, ln3 to the feed-forward network.",
    lambda p, norm: wired(p, norm, lns=(p.ln1, p.ln3, p.ln2)),
)
second_norm_twice = forward_slip(
    "second_norm_twice",
    "ln2 is used for the feed-forward network, too; that has its own norm, ln3.",
    lambda p, norm: wired(p, norm, lns=(p.ln1, p.ln2, p.ln2)),
)
context_normalised_again = forward_slip(
    "context_normalised_again",
    "In pre-norm the context goes through ln2; the encoder has normalised it, and ln2 is for a.",
    lambda p, norm: (
        wired(p, norm, cross=lambda n: p.cross(n, p.ln2(p.context))) if norm == "pre" else None
    ),
)
residual_from_the_normalised_copy = forward_slip(
    "residual_from_the_normalised_copy",
    "In pre-norm each residual adds to the normalised copy; it must add to what came in before "
    "the norm.",
    lambda p, norm: (
        then(p.ln3(then(p.ln2(then(p.ln1(p.x), p.att)), p.cross)), p.ffn) if norm == "pre" else None
    ),
)
no_norm_after_cross = forward_slip(
    "no_norm_after_cross",
    "In post-norm the sum after cross-attention is not normalised; ln2 belongs there.",
    lambda p, norm: wired(p, norm, lns=(p.ln1, same, p.ln3)) if norm == "post" else None,
)
always_post = forward_slip(
    "always_post",
    'The block is post-norm even for norm="pre".',
    lambda p, _: wired(p, "post"),
)
always_pre = forward_slip(
    "always_pre",
    'The block is pre-norm even for norm="post".',
    lambda p, _: wired(p, "pre"),
)
orders_exchanged = forward_slip(
    "orders_exchanged",
    'Pre-norm and post-norm are exchanged: "pre" normalises what a sublayer reads, "post" the sum.',
    lambda p, norm: wired(p, "post" if norm == "pre" else "pre"),
)


def then(m, correction):
    return m + correction(m)


def same(a):
    return a


@misconception(of="decoder_block", see=CROSS)
def a_single_head(
    reference,
    x,
    context,
    params,
    num_heads,
    mask=None,
    context_mask=None,
    norm="post",
    activation="relu",
):
    """Attention runs with a single head; pass num_heads on to both."""
    return reference.decoder_block(x, context, params, 1, mask, context_mask, norm, activation)[0]


@misconception(of="decoder_block", see=CROSS)
def always_relu(
    reference,
    x,
    context,
    params,
    num_heads,
    mask=None,
    context_mask=None,
    norm="post",
    activation="relu",
):
    """The feed-forward network always uses ReLU; pass activation on to mlp."""
    return reference.decoder_block(x, context, params, num_heads, mask, context_mask, norm)[0]


@misconception(of="decoder_block", see=FLOATS)
def adds_into_the_input(right, x, *rest, **named):
    """The residual is added into x itself (x += ...), which changes the caller's array."""
    x += right
    return right


@misconception(of="decoder_block", see=FLOATS)
def decodes_in_float64(right, x, *rest, **named):
    """A float64 array comes into the sum and turns a float32 stream into float64."""
    return right + np.zeros(right.shape)


# decoder_block_backward


class Block:
    """The right forward, and the pieces of its backward for wiring them wrongly."""

    def __init__(
        self,
        reference,
        x,
        context,
        params,
        num_heads,
        mask=None,
        context_mask=None,
        norm="post",
        activation="relu",
    ):
        self.reference, self.norm, self.params = reference, norm, params
        self.grads, self.caches, self.dcontext = {}, {}, None
        a = self._sublayer("ln1", x, lambda n: self._attend("attn", n, n, num_heads, mask))
        b = self._sublayer(
            "ln2", a, lambda n: self._attend("cross", n, context, num_heads, context_mask)
        )
        self._sublayer("ln3", b, lambda n: self._feed(n, activation))

    def _sublayer(self, ln, x, function):
        if self.norm == "pre":
            return x + function(self._normalise(ln, x))
        return self._normalise(ln, x + function(x))

    def _normalise(self, name, x):
        y, self.caches[name] = self.reference.layernorm(x, **self.params[name])
        return y

    def _attend(self, name, x, context, num_heads, mask):
        y, self.caches[name] = self.reference.multi_head_attention(
            x, context, self.params[name], num_heads, mask
        )
        return y

    def _feed(self, x, activation):
        y, self.caches["ffn"] = self.reference.mlp(x, self.params["ffn"], activation)
        return y

    def normed(self, name, dy):
        dx, dgamma, dbeta = self.reference.layernorm_backward(dy, self.caches[name])
        self.grads[name] = {"gamma": dgamma, "beta": dbeta}
        return dx

    def attn(self, dy, query=1, key=1):
        dquery, dkey, self.grads["attn"] = self.reference.multi_head_attention_backward(
            dy, self.caches["attn"]
        )
        return query * dquery + key * dkey

    def cross(self, dy):
        dx, self.dcontext, self.grads["cross"] = self.reference.multi_head_attention_backward(
            dy, self.caches["cross"]
        )
        return dx

    def ffn(self, dy):
        dx, self.grads["ffn"] = self.reference.mlp_backward(dy, self.caches["ffn"])
        return dx

    def back(self, dy, around=(1, 1, 1), norm="", **weights):
        """dx, with what goes around and through the sublayers weighted."""
        sublayers = (
            ("ln3", self.ffn, around[2]),
            ("ln2", self.cross, around[1]),
            ("ln1", lambda d: self.attn(d, **weights), around[0]),
        )
        for ln, sublayer, kept in sublayers:
            if (norm or self.norm) == "pre":
                dy = kept * dy + self.normed(ln, sublayer(dy))
            else:
                dsum = self.normed(ln, dy)
                dy = kept * dsum + sublayer(dsum)
        return dy


def backward_slip(name, text, wire, see=BLOCK_BACK):
    """Declare a wrong backward; wire(block, dy) gives dx and may change block's gradients."""

    def slip(reference, dy, *args, **named):
        block = Block(reference, *args, **named)
        dx = wire(block, dy)
        return dx, block.dcontext, block.grads

    slip.__name__, slip.__doc__ = name, text
    return misconception(of="decoder_block_backward", see=see)(slip)


forgets_all_residual_gradients = backward_slip(
    "forgets_all_residual_gradients",
    "The residuals' gradients are missing: a sum hands its gradient to the branch and to the "
    "stream.",
    lambda b, dy: b.back(dy, (0, 0, 0)),
)
forgets_the_gradient_around_cross = backward_slip(
    "forgets_the_gradient_around_cross",
    "The gradient that goes around cross-attention is missing: a is read twice, so da has two "
    "terms.",
    lambda b, dy: b.back(dy, (1, 0, 1)),
)
forgets_the_gradient_around_attn = backward_slip(
    "forgets_the_gradient_around_attn",
    "The gradient that goes around self-attention is missing: the sum hands its gradient to x.",
    lambda b, dy: b.back(dy, (0, 1, 1)),
)
forgets_the_gradient_around_the_network = backward_slip(
    "forgets_the_gradient_around_the_network",
    "The gradient that goes around the feed-forward network is missing: b is read twice.",
    lambda b, dy: b.back(dy, (1, 1, 0)),
)
forgets_the_key_gradient = backward_slip(
    "forgets_the_key_gradient",
    "Self-attention's second gradient, that of its context, is not added; there the input is the "
    "context.",
    lambda b, dy: b.back(dy, key=0),
)
forgets_the_asking_gradient = backward_slip(
    "forgets_the_asking_gradient",
    "Of self-attention's two gradients only that of keys and values is used; the input asks, too.",
    lambda b, dy: b.back(dy, query=0),
)
backward_in_the_other_order = backward_slip(
    "backward_in_the_other_order",
    "The backward takes pre-norm's order for post-norm and the reverse; keep norm in the cache.",
    lambda b, dy: b.back(dy, norm="post" if b.norm == "pre" else "pre"),
)
backward_always_post = backward_slip(
    "backward_always_post",
    "A pre-norm block is sent back in post-norm's order; there the norm is on the branch.",
    lambda b, dy: b.back(dy, norm="post"),
)
backward_from_first_to_last_sublayer = backward_slip(
    "backward_from_first_to_last_sublayer",
    "The backward visits the sublayers in the forward's order; dy belongs to the last of them.",
    lambda b, dy: in_forward_order(b, dy),
)
dcontext_in_the_stream = backward_slip(
    "dcontext_in_the_stream",
    "dcontext is added to the stream's gradient as in self-attention; here it is a result of its "
    "own, the context's.",
    lambda b, dy: context_into_the_stream(b, dy),
)


def in_forward_order(b, dy):
    for ln, sublayer in (("ln1", b.attn), ("ln2", b.cross), ("ln3", b.ffn)):
        if b.norm == "pre":
            dy = dy + b.normed(ln, sublayer(dy))
        else:
            dsum = b.normed(ln, dy)
            dy = dsum + sublayer(dsum)
    return dy


def context_into_the_stream(b, dy):
    plain = b.cross
    b.cross = lambda d: plain(d) + b.dcontext
    return b.back(dy)


@misconception(of="decoder_block_backward", see=BLOCK_BACK)
def dcontext_lost(right, *args, **named):
    """dcontext is zero: cross-attention has read the context, so the encoder gets a gradient."""
    dx, dcontext, grads = right
    return dx, np.zeros_like(dcontext), grads


@misconception(of="decoder_block_backward", see=SHAPES)
def gamma_and_beta_turned(right, *args, **named):
    """The gradients of gamma and beta stand under each other's names: layernorm_backward returns
    dx, dgamma, dbeta."""
    dx, dcontext, grads = right
    turned = {
        n: {"gamma": grads[n]["beta"], "beta": grads[n]["gamma"]} for n in ("ln1", "ln2", "ln3")
    }
    return dx, dcontext, grads | turned


@misconception(of="decoder_block_backward", see=SHAPES)
def averages_over_the_batch(right, dy, x, *rest, **named):
    """Parameter gradients are divided by the batch size; a backward sums."""
    dx, dcontext, grads = right
    return dx, dcontext, scaled(grads, 1 / len(x))


@misconception(of="decoder_block_backward", see=CROSS)
def backward_without_masks(
    reference, dy, x, context, params, num_heads, mask=None, context_mask=None, *rest, **named
):
    """The backward runs as if there were no masks."""
    _, cache = reference.decoder_block(x, context, params, num_heads, None, None, *rest, **named)
    return reference.decoder_block_backward(dy, cache)


@misconception(of="decoder_block_backward", see=FLOATS)
def adds_into_the_gradient(right, dy, *rest, **named):
    """The residual is added into dy itself (dy += ...), which changes the caller's array."""
    dy += right[0]
    return right


@misconception(of="decoder_block_backward", see=FLOATS)
def gradients_become_float64(right, dy, *rest, **named):
    """A float64 array comes into dx and turns a float32 gradient into float64."""
    dx, dcontext, grads = right
    return dx + np.zeros(dx.shape), dcontext, grads


# decoder_stack


def walk(reference, x, context, blocks, *rest, **named):
    for params in blocks:
        x, _ = reference.decoder_block(x, context, params, *rest, **named)
    return x


@misconception(of="decoder_stack", see=READERS)
def first_decoder_block_every_time(reference, x, context, blocks, *rest, **named):
    """The first block's parameters are used every time; each block has its own."""
    return walk(reference, x, context, blocks[:1] * len(blocks), *rest, **named)


@misconception(of="decoder_stack", see=READERS, easier_backward=True)
def every_decoder_block_reads_the_input(reference, x, context, blocks, *rest, **named):
    """Every block reads the stack's input, and only the last one's output counts."""
    return walk(reference, x, context, blocks[-1:], *rest, **named)


@misconception(of="decoder_stack", see=READERS, easier_backward=True)
def last_decoder_block_left_out(reference, x, context, blocks, *rest, **named):
    """The last block is left out."""
    return walk(reference, x, context, blocks[:-1], *rest, **named)


@misconception(of="decoder_stack", see=READERS)
def output_becomes_the_context(reference, x, context, blocks, num_heads, *rest, **named):
    """The context is replaced by the last block's output; every block reads the encoder's."""
    for params in blocks:
        x, _ = reference.decoder_block(x, context, params, num_heads, *rest, **named)
        context = x
    return x


@misconception(of="decoder_stack", see=READERS)
def residual_around_each_decoder_block(reference, x, context, blocks, *rest, **named):
    """Each block's output is added to its input once more; the block has its residuals inside."""
    for params in blocks:
        x = x + reference.decoder_block(x, context, params, *rest, **named)[0]
    return x


# decoder_stack_backward


def each_backward(reference, dy, x, context, blocks, *rest, **named):
    """dx, and dcontext and gradients of every block in the order of blocks."""
    caches = []
    for params in blocks:
        x, cache = reference.decoder_block(x, context, params, *rest, **named)
        caches.append(cache)
    found = []
    for cache in reversed(caches):
        dy, dcontext, grads = reference.decoder_block_backward(dy, cache)
        found.append((dcontext, grads))
    return dy, found[::-1]


@misconception(of="decoder_stack_backward", see=READERS)
def context_gradient_of_the_last_block(right, reference, *args, **named):
    """dcontext is the last block's alone: every block has read the context, and their gradients
    add up."""
    found = each_backward(reference, *args, **named)[1]
    return right[0], (found[-1][0] if found else right[1]), right[2]


@misconception(of="decoder_stack_backward", see=READERS)
def context_gradient_averaged(right, dy, x, context, blocks, *rest, **named):
    """dcontext is the mean over the blocks; uses add up."""
    dx, dcontext, grads = right
    return dx, dcontext / max(len(blocks), 1), grads


@misconception(of="decoder_stack_backward", see=READERS)
def decoder_gradients_reversed(right, *args, **named):
    """The list of gradients runs from the last block to the first; turn it round."""
    return right[0], right[1], right[2][::-1]


@misconception(of="decoder_stack_backward", see=READERS)
def first_decoder_gradients_missing(right, *args, **named):
    """The first block's gradients are missing from the list."""
    return right[0], right[1], right[2][1:]


@misconception(of="decoder_stack_backward", see=READERS)
def dcontext_added_to_dx(right, reference, dy, *args, **named):
    """dcontext is added to the gradient that goes down the stack; the context has its own way."""
    dx, dcontext, grads = right
    return dx + dcontext, dcontext, grads


# init_seq2seq


@misconception(of="init_seq2seq", see=MODEL)
def embedding_of_the_language_model(right, rng, vocab_size, d_model, *rest, **named):
    """The embedding has standard deviation 0.02, init_embedding's; here it is 1 / sqrt(d_model),
    so that the scaled embedding is as large as the positions."""
    return right | {"embed": right["embed"] * 0.02 * d_model**0.5}


@misconception(of="init_seq2seq", see=MODEL)
def one_block_many_times(right, *args, **named):
    """All blocks of a side are the same one ([block] * n); draw each afresh."""
    return right | {side: [right[side][0]] * len(right[side]) for side in ("encoder", "decoder")}


@misconception(of="init_seq2seq", see=MODEL)
def decoder_of_encoder_blocks(right, *args, **named):
    """The decoder is made of init_block's blocks, without cross-attention; use
    init_decoder_block."""
    names = ("ln1", "attn", "ln2", "ffn")
    return right | {"decoder": [{n: b[n] for n in names} for b in right["decoder"]]}


@misconception(of="init_seq2seq", see=MODEL)
def last_norms_missing(right, *args, **named):
    """A pre-norm model lacks encoder_ln and decoder_ln: nothing else normalises a stack's
    output."""
    return {name: part for name, part in right.items() if not name.endswith("_ln")}


@misconception(of="init_seq2seq", see=MODEL)
def last_norms_in_post_norm(right, rng, vocab_size, d_model, d_ff, *rest, **named):
    """A post-norm model has encoder_ln and decoder_ln; its blocks end in a norm already."""
    ones = {"gamma": np.ones(d_model), "beta": np.zeros(d_model)}
    return {"encoder_ln": ones, "decoder_ln": ones} | right


@misconception(of="init_seq2seq", see=MODEL)
def always_one_layer(right, *args, **named):
    """There is one block on each side; num_layers says how many there are."""
    return right | {side: right[side][:1] for side in ("encoder", "decoder")}


@misconception(of="init_seq2seq", see=MODEL)
def model_dtype_is_ignored(
    reference, rng, vocab_size, d_model, d_ff, num_layers, norm="post", dtype=np.float64
):
    """Parameters are float64 whatever dtype says; pass it on to every part."""
    return reference.init_seq2seq(rng, vocab_size, d_model, d_ff, num_layers, norm)


@misconception(of="init_seq2seq", see=MODEL)
def model_has_its_own_seed(reference, rng, *rest, **named):
    """The weights come from a generator of your own, and are the same each time; use rng."""
    return reference.init_seq2seq(np.random.default_rng(0), *rest, **named)


# encode


def embedded(reference, tokens, table, dropout_p=0.0, rng=None, scale=None, positions=1, offset=0):
    """The embedding of both sides, with its parts changed."""
    vectors, _ = reference.embed(tokens, table)
    scale = table.shape[1] ** 0.5 if scale is None else scale
    place = reference.sinusoidal_positions(*vectors.shape[1:], offset, vectors.dtype)
    return reference.dropout(scale * vectors + positions * place, dropout_p, rng)[0]


def encoded(reference, source, params, num_heads, norm, x=None, mask="padding", last=True, pad=0,
            activation="relu", **changes):  # fmt: skip
    """encode with its parts changed; x: the embedded source, mask: the encoder's."""
    x = embedded(reference, source, params["embed"], **changes) if x is None else x
    if isinstance(mask, str):
        mask = (source != pad)[:, None, None, :]
    y, _ = reference.transformer_stack(x, params["encoder"], num_heads, mask, norm, activation)
    if norm == "pre" and last:
        y, _ = reference.layernorm(y, **params["encoder_ln"])
    return y


def causal_of(reference, source, _):
    return reference.causal_mask(source.shape[1])


def encode_slip(name, text, see=ENCODE, change=None, **changes):
    """Declare a wrong encode; change(reference, source, d_model): further changes."""

    def slip(
        right, reference, source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
    ):
        more = change(reference, source, width(params)) if change else {}
        settings = {"pad": pad, "dropout_p": dropout_p, "rng": rng} | changes | more
        return encoded(reference, source, params, num_heads, norm, **settings)

    slip.__name__, slip.__doc__ = name, text
    return misconception(of="encode", see=see)(slip)


embedding_divided_by_the_scale = encode_slip(
    "embedding_divided_by_the_scale",
    "The embedding is divided by sqrt(d_model), as attention's scores are; here it is multiplied.",
    SCALE,
    change=lambda *given: {"scale": given[2] ** -0.5},
)
source_without_positions = encode_slip(
    "source_without_positions",
    "The source gets no positions: the encoder sees a bag of words.",
    positions=0,
)
source_positions_from_one = encode_slip(
    "source_positions_from_one", "Positions start at 1; the first is 0.", offset=1
)
causal_encoder = encode_slip(
    "causal_encoder",
    "The encoder has a causal mask (and so never asks about padding); the source is known whole.",
    change=lambda *given: {"mask": causal_of(*given)},
)
causal_and_padded_encoder = encode_slip(
    "causal_and_padded_encoder",
    "The encoder has a causal mask on top of the padding's; the source is known whole.",
    change=lambda *given: {"mask": causal_of(*given) & (given[1] != 0)[:, None, None, :]},
)
mask_hides_the_words = encode_slip(
    "mask_hides_the_words",
    "The mask is inverted: True where a position may be seen, which is where there is no padding.",
    change=lambda *given: {"mask": (given[1] == 0)[:, None, None, :]},
)
padding_as_queries = encode_slip(
    "padding_as_queries",
    "The mask hides the padding's queries, not its keys: shape (B, 1, 1, S), not (B, 1, S, 1).",
    change=lambda *given: {"mask": (given[1] != 0)[:, None, :, None]},
)
no_norm_after_the_encoder = encode_slip(
    "no_norm_after_the_encoder",
    "The norm after a pre-norm encoder is missing: its stream is not normalised by anything else.",
    last=False,
)
encoder_with_gelu = encode_slip(
    "encoder_with_gelu",
    "The encoder uses GELU, transformer_stack's default; the paper's model has ReLU.",
    activation="gelu",
)


@misconception(of="encode", see=ENCODE)
def dropout_before_the_positions(
    reference, source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
):
    """Dropout is applied to the embedding before the positions are added; it is for the sum."""
    d_model = params["embed"].shape[1]
    x, _ = reference.embed(source, params["embed"])
    x, _ = reference.dropout(x * d_model**0.5, dropout_p, rng)
    x = x + reference.sinusoidal_positions(source.shape[1], d_model, 0, x.dtype)
    return encoded(reference, source, params, num_heads, norm, x, pad=pad)


@misconception(of="encode", see=ENCODE)
def dropout_without_division(
    reference, source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
):
    """What dropout keeps is not divided by 1 - p; use dropout of assignment 07."""
    x = embedded(reference, source, params["embed"], dropout_p, rng)
    x = x * (1 - dropout_p) if rng is not None else x
    return encoded(reference, source, params, num_heads, norm, x, pad=pad)


@misconception(of="encode", see=FLOATS)
def positions_in_float64(right, *args, **named):
    """The context is float64 for float32 parameters: give the positions the table's dtype."""
    return right.astype(np.float64)


# encode_backward


def with_embed(grads, change):
    return grads | {"embed": change(grads["embed"])}


def width(params):
    return params["embed"].shape[1]


@misconception(of="encode_backward", see=SCALE)
def gradient_divided_by_the_scale(right, dy, source, params, *rest, **named):
    """The table's gradient is divided by sqrt(d_model); the backward of a product is a product."""
    return with_embed(right, lambda g: g / width(params))


@misconception(of="encode_backward", see=TABLE)
def repeated_words_lost(right, reference, dy, source, params, num_heads, *rest, **named):
    """A repeated word gets the gradient of its last place only (dtable[tokens] += ...); all its
    places add up."""
    bare = row_gradients(reference, dy, source, params, num_heads, *rest, **named)
    dtable = np.zeros_like(params["embed"])
    dtable[source] = bare
    return right | {"embed": dtable}


def row_gradients(reference, dy, source, params, num_heads, *rest, **named):
    """The gradient that arrives at each place of the source, scaled: every place its own word."""
    b, s = source.shape
    own = np.concatenate([params["embed"][source].reshape(b * s, -1), params["embed"]])
    pad = rest[0] if rest else named.get("pad", 0)
    places = np.where(source == pad, b * s + pad, np.arange(b * s).reshape(b, s))
    more = {"pad": b * s + pad, "norm": named.get("norm", "post")}
    _, cache = reference.encode(places, params | {"embed": own}, num_heads, **more)
    dtable = reference.encode_backward(dy, cache)["embed"]
    return dtable[places]


@misconception(of="encode_backward", see=TABLE)
def mean_over_repeated_words(right, dy, source, params, *rest, **named):
    """A word's gradient is the mean over its places; it is the sum."""
    count = np.bincount(source.ravel(), minlength=len(params["embed"]))
    return with_embed(right, lambda g: g / np.maximum(count, 1)[:, None].astype(g.dtype))


@misconception(of="encode_backward", see=SHAPES)
def encoder_gradients_reversed(right, *args, **named):
    """The blocks' gradients are in reverse order; return them as params has them."""
    return right | {"encoder": right["encoder"][::-1]}


@misconception(of="encode_backward", see=SHAPES)
def last_norm_gradient_missing(right, *args, **named):
    """The gradient of encoder_ln is missing from a pre-norm encoder's."""
    return {name: grads for name, grads in right.items() if name != "encoder_ln"}


@misconception(of="encode_backward", see=ENCODE)
def gradient_past_dropout(
    right, reference, dy, source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
):
    """The gradient goes around dropout: what was dropped gets one. Keep dropout's cache."""
    _, cache = reference.encode(source, params, num_heads, pad, norm)
    return reference.encode_backward(dy, cache)


@misconception(of="encode_backward", see=FLOATS)
def table_gradient_in_float64(right, *args, **named):
    """The table's gradient is float64 for float32 parameters."""
    return with_embed(right, lambda g: g.astype(np.float64))


# decode


def decoded(reference, target, context, params, num_heads, context_mask=None, norm="post", x=None,
            mask="causal", last="decoder_ln", activation="relu", **changes):  # fmt: skip
    """decode with its parts changed."""
    x = embedded(reference, target, params["embed"], **changes) if x is None else x
    mask = reference.causal_mask(target.shape[1]) if isinstance(mask, str) else mask
    y, _ = reference.decoder_stack(
        x, context, params["decoder"], num_heads, mask, context_mask, norm, activation
    )
    if norm == "pre" and last:
        y, _ = reference.layernorm(y, **params[last])
    return reference.unembed(y, params["embed"])[0]


def decode_slip(name, text, see=DECODE, change=None, **changes):
    def slip(
        right,
        reference,
        target,
        context,
        params,
        num_heads,
        context_mask=None,
        norm="post",
        dropout_p=0.0,
        rng=None,
    ):
        more = change(params) if change else {}
        settings = {"context_mask": context_mask, "dropout_p": dropout_p, "rng": rng}
        settings |= changes | more
        return decoded(reference, target, context, params, num_heads, norm=norm, **settings)

    slip.__name__, slip.__doc__ = name, text
    return misconception(of="decode", see=see)(slip)


target_without_positions = decode_slip(
    "target_without_positions", "The target gets no positions; both sides do.", positions=0
)
target_positions_from_one = decode_slip(
    "target_positions_from_one", "The target's positions start at 1; the first is 0.", offset=1
)
no_norm_after_the_decoder = decode_slip(
    "no_norm_after_the_decoder",
    "The norm after a pre-norm decoder is missing.",
    last="",
)
decoder_with_gelu = decode_slip(
    "decoder_with_gelu", "The decoder uses GELU; the paper's model has ReLU.", activation="gelu"
)


@misconception(of="decode", see=DECODE)
def probabilities_for_logits(right, reference, *args, **named):
    """decode returns probabilities; the loss takes the softmax itself."""
    return reference.softmax(right)[0]


@misconception(of="decode", see=DECODE)
def vectors_for_logits(right, reference, target, context, params, num_heads, *rest, **named):
    """decode returns the last block's vectors; the table turns them into logits."""
    return np.linalg.lstsq(params["embed"].astype(float), right.reshape(-1, right.shape[-1]).T,
                           rcond=None)[0].T.reshape(*right.shape[:-1], -1)  # fmt: skip


@misconception(of="decode", see=FLOATS)
def logits_in_float64(right, *args, **named):
    """The logits are float64 for float32 parameters: give the positions the table's dtype."""
    return right.astype(np.float64)


# decode_backward


def output_gradient(reference, dy, target, context, params, num_heads, *rest, **named):
    """The table's gradient as the output layer alone."""
    logits = reference.decode(target, context, params, num_heads, *rest, **named)[0]
    table = params["embed"]
    flat = logits.reshape(-1, len(table))
    hidden = np.linalg.lstsq(table, flat.T, rcond=None)[0].T
    return dy.reshape(-1, len(table)).T @ hidden


@misconception(of="decode_backward", see=SCALE)
def output_gradient_with_the_scale(right, reference, dy, target, context, params, *rest, **named):
    """The output layer's part of the table's gradient is multiplied by sqrt(d_model), too."""
    dcontext, grads = right
    out = output_gradient(reference, dy, target, context, params, *rest, **named)
    return dcontext, with_embed(grads, lambda g: g + (width(params) ** 0.5 - 1) * out)


@misconception(of="decode_backward", see=READERS)
def encoder_gets_nothing(right, *args, **named):
    """dcontext is zero: the encoder would learn nothing."""
    return np.zeros_like(right[0]), right[1]


@misconception(of="decode_backward", see=READERS)
def context_gradient_of_one_layer(right, reference, dy, target, context, params, *rest, **named):
    """dcontext is divided by the number of blocks; what each of them sends back adds up."""
    return right[0] / max(len(params["decoder"]), 1), right[1]


@misconception(of="decode_backward", see=SHAPES)
def decode_gradients_reversed(right, *args, **named):
    """The blocks' gradients are in reverse order; return them as params has them."""
    return right[0], right[1] | {"decoder": right[1]["decoder"][::-1]}


@misconception(of="decode_backward", see=SHAPES)
def decoder_ln_gradient_missing(right, *args, **named):
    """The gradient of decoder_ln is missing from a pre-norm decoder's."""
    return right[0], {n: grads for n, grads in right[1].items() if n != "decoder_ln"}


@misconception(of="decode_backward", see=SHAPES)
def results_exchanged(right, *args, **named):
    """decode_backward returns dcontext first, then the gradients."""
    return right[1], right[0]


@misconception(of="decode_backward", see=FLOATS)
def decode_gradients_in_float64(right, *args, **named):
    """The table's gradient is float64 for float32 parameters."""
    return right[0], with_embed(right[1], lambda g: g.astype(np.float64))


# seq2seq


def whole(reference, source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0,
          rng=None, hide="padding", context=None):  # fmt: skip
    """seq2seq with another mask or context for the decoder."""
    if context is None:
        context = reference.encode(source, params, num_heads, pad, norm, dropout_p, rng)[0]
    hide = (source != pad)[:, None, None, :] if isinstance(hide, str) else hide
    return reference.decode(target, context, params, num_heads, hide, norm, dropout_p, rng)[0]


@misconception(of="seq2seq", see=WHOLE, easier_backward=True)
def context_without_encoder(reference, source, target, params, *rest, **named):
    """The decoder reads the embedded source, not what the encoder made of it."""
    context = embedded(reference, source, params["embed"])
    return whole(reference, source, target, params, *rest, **named, context=context)


@misconception(of="seq2seq", see=WHOLE)
def source_and_target_exchanged(reference, source, target, params, *rest, **named):
    """Source and target are exchanged: the encoder reads the source."""
    return whole(reference, target, source, params, *rest, **named)


@misconception(of="seq2seq", see=WHOLE)
def pad_not_passed_on(
    reference, source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
):
    """pad is not passed on: padding is taken to be 0 on both sides."""
    return whole(reference, source, target, params, num_heads, 0, norm, dropout_p, rng)


@misconception(of="seq2seq", see=WHOLE)
def mask_of_the_target(reference, source, target, params, num_heads, pad=0, *rest, **named):
    """The context's mask is made of the target; it hides the source's padding."""
    hide = (target != pad)[:, None, None, :]
    return whole(reference, source, target, params, num_heads, pad, *rest, **named, hide=hide)


@misconception(of="seq2seq", see=WHOLE)
def dropout_not_passed_on(
    reference, source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
):
    """dropout_p and rng are not passed on to encode and decode."""
    return whole(reference, source, target, params, num_heads, pad, norm)


@misconception(of="seq2seq", see=WHOLE)
def dropout_on_the_source_only(
    reference, source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
):
    """dropout_p and rng reach encode, but not decode."""
    context, _ = reference.encode(source, params, num_heads, pad, norm, dropout_p, rng)
    return whole(reference, source, target, params, num_heads, pad, norm, context=context)


@misconception(of="seq2seq", see=FLOATS)
def model_in_float64(right, *args, **named):
    """The logits are float64 for float32 parameters."""
    return right.astype(np.float64)


# seq2seq_backward


def encoder_share(reference, dy, source, target, params, num_heads, pad=0, norm="post", **more):
    """The table's gradient as the source's embedding alone."""
    context, encoder = reference.encode(source, params, num_heads, pad, norm)
    hide = (source != pad)[:, None, None, :]
    _, decoder = reference.decode(target, context, params, num_heads, hide, norm)
    dcontext, _ = reference.decode_backward(dy, decoder)
    return reference.encode_backward(dcontext, encoder)["embed"]


@misconception(of="seq2seq_backward", see=READERS)
def encoder_without_gradient(right, reference, *args, **named):
    """The encoder's gradients are zero: dcontext is the dy of encode_backward."""
    found = with_embed(right, lambda g: g - encoder_share(reference, *args, **named))
    return found | {n: scaled(found[n], 0) for n in found if n.startswith("encoder")}


@misconception(of="seq2seq_backward", see=TABLE)
def table_gradient_averaged(right, *args, **named):
    """The table's gradient is divided by the number of its uses; uses add up."""
    return with_embed(right, lambda g: g / 3)


@misconception(of="seq2seq_backward", see=SHAPES)
def encoder_left_out(right, *args, **named):
    """The encoder's gradients are missing from the result."""
    return {name: grads for name, grads in right.items() if not name.startswith("encoder")}


@misconception(of="seq2seq_backward", see=FLOATS)
def model_gradients_in_float64(right, *args, **named):
    """The table's gradient is float64 for float32 parameters."""
    return with_embed(right, lambda g: g.astype(np.float64))


# seq2seq_loss


def loss_of(reference, source, read, wanted, params, num_heads, pad=0, label_smoothing=0.1,
            norm="post", dropout_p=0.0, rng=None, ignore=None):  # fmt: skip
    """The loss of given inputs and targets."""
    logits, cache = reference.seq2seq(source, read, params, num_heads, pad, norm, dropout_p, rng)
    ignore = pad if ignore is None else ignore
    loss, dlogits = reference.cross_entropy(logits, wanted, ignore, label_smoothing)
    return loss, reference.seq2seq_backward(dlogits, cache)


@misconception(of="seq2seq_loss", see=LOSS)
def whole_target_unshifted(reference, source, target, *rest, **named):
    """The whole target is read, and asked for again; read all but the last, ask for all but the
    first."""
    return loss_of(reference, source, target, target, *rest, **named)


@misconception(of="seq2seq_loss", see=LOSS)
def shifted_the_other_way(reference, source, target, *rest, **named):
    """The shift is the wrong way round: the model reads the next token and is asked for the one
    before."""
    return loss_of(reference, source, target[:, 1:], target[:, :-1], *rest, **named)


@misconception(of="seq2seq_loss", see=LOSS)
def targets_shifted_twice(reference, source, target, *rest, **named):
    """The target is shifted by two: each position is asked for the token after the next."""
    wanted = np.concatenate([target[:, 2:], np.zeros_like(target[:, :1])], 1)
    return loss_of(reference, source, target[:, :-1], wanted, *rest, **named)


@misconception(of="seq2seq_loss", see=LOSS)
def padding_counted(reference, source, target, *rest, **named):
    """Padding is counted as something to predict; give pad to cross_entropy as ignore_index."""
    return loss_of(reference, source, target[:, :-1], target[:, 1:], *rest, **named, ignore=-1)


@misconception(of="seq2seq_loss", see=LOSS)
def end_not_counted(reference, source, target, params, num_heads, pad=0, *rest, **named):
    """The last token of each target is not counted, so the model never learns to stop."""
    length = (target != pad).sum(1)
    cut = target.copy()
    cut[np.arange(len(target)), np.maximum(length - 1, 0)] = pad
    return loss_of(
        reference, source, target[:, :-1], cut[:, 1:], params, num_heads, pad, *rest, **named
    )


@misconception(of="seq2seq_loss", see=LOSS)
def no_label_smoothing(
    reference, source, target, params, num_heads, pad=0, label_smoothing=0.1, *rest, **named
):
    """label_smoothing is not passed on to cross_entropy."""
    read, wanted = target[:, :-1], target[:, 1:]
    return loss_of(reference, source, read, wanted, params, num_heads, pad, 0.0, *rest, **named)


@misconception(of="seq2seq_loss", see=LOSS)
def mean_over_sequences(right, source, target, params, num_heads, pad=0, *rest, **named):
    """The loss is summed over each sequence and averaged over the batch; the mean is over all
    counted tokens."""
    factor = float((target[:, 1:] != pad).sum() / len(target))
    return right[0] * factor, scaled(right[1], factor)


@misconception(of="seq2seq_loss", see=LOSS)
def gradient_without_smoothing(
    right, reference, source, target, params, num_heads, pad=0, label_smoothing=0.1, *rest, **named
):
    """The loss is smoothed, its gradient isn't."""
    read, wanted = target[:, :-1], target[:, 1:]
    found = loss_of(reference, source, read, wanted, params, num_heads, pad, 0.0, *rest, **named)
    return right[0], found[1]


# greedy_decode


def answers(reference, source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post",
            hide=True, place=-1, begin=None, stop="each", fill=True, keep_end=True):  # fmt: skip
    """greedy_decode with its parts changed."""
    context, _ = reference.encode(source, params, num_heads, pad, norm)
    mask = (source != pad)[:, None, None, :] if hide else None
    tokens = np.full((len(source), 1 + max_len), pad)
    tokens[:, 0] = start if begin is None else begin
    finished = np.zeros(len(source), bool)
    for t in range(max_len):
        read = tokens[:, : t + 1]
        logits, _ = reference.decode(read, context, params, num_heads, mask, norm)
        best = logits[:, place].argmax(-1)
        quiet = finished if keep_end else finished | (best == end)
        tokens[:, t + 1] = np.where(quiet, pad, best) if fill else best
        finished |= best == end
        if (stop == "any" and finished.any()) or (stop == "first" and finished[0]):
            break
    return tokens


@misconception(of="greedy_decode", see=GREEDY)
def answer_with_its_start(reference, *args, **named):
    """The answer begins with the start token; it is read, not written."""
    return answers(reference, *args, **named)[:, :-1]


@misconception(of="greedy_decode", see=GREEDY)
def end_left_out(reference, *args, **named):
    """The end token is replaced by padding; the answer holds it."""
    return answers(reference, *args, **named, keep_end=False)[:, 1:]


@misconception(of="greedy_decode", see=GREEDY)
def all_stop_with_the_first(reference, *args, **named):
    """All answers stop when one has ended; the others go on."""
    return answers(reference, *args, **named, stop="any")[:, 1:]


@misconception(of="greedy_decode", see=GREEDY)
def reads_its_last_token_only(
    reference, source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"
):
    """Each step reads the last token alone, at position 0; it reads all that was written."""
    context, _ = reference.encode(source, params, num_heads, pad, norm)
    mask = (source != pad)[:, None, None, :]
    tokens = np.full((len(source), 1 + max_len), pad)
    tokens[:, 0] = start
    finished = np.zeros(len(source), bool)
    for t in range(max_len):
        logits, _ = reference.decode(tokens[:, t : t + 1], context, params, num_heads, mask, norm)
        best = logits[:, -1].argmax(-1)
        tokens[:, t + 1] = np.where(finished, pad, best)
        finished |= best == end
    return tokens[:, 1:]


# What these leave out is what makes the backward worth its points.
(
    cross_attention_left_out,
    cross_attention_to_itself,
    no_residual_around_cross,
    no_residual_around_attn,
    no_residual_around_ffn,
    no_residuals_at_all,
    no_norm_after_cross,
    always_post,
    always_pre,
    source_without_positions,
    no_norm_after_the_encoder,
    target_without_positions,
    no_norm_after_the_decoder,
) = easier(
    cross_attention_left_out,
    cross_attention_to_itself,
    no_residual_around_cross,
    no_residual_around_attn,
    no_residual_around_ffn,
    no_residuals_at_all,
    no_norm_after_cross,
    always_post,
    always_pre,
    source_without_positions,
    no_norm_after_the_encoder,
    target_without_positions,
    no_norm_after_the_decoder,
)
