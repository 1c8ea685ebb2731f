"""Slips of 09_seq2seq that its steps explain, as slips.py had them; long for that."""

from types import SimpleNamespace

import numpy as np

from autograder.checker import misconception

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


@misconception(of="init_decoder_block", see=START)
def both_attentions_share_their_weights(right, *args, **named):
    """attn and cross hold the same weights; draw each afresh."""
    return right | {"cross": right["attn"]}


@misconception(of="init_decoder_block", see=START)
def hidden_width_is_d_model(reference, rng, d_model, d_ff, dtype=np.float64):
    """The feed-forward network's hidden layer has d_model units; it should have d_ff."""
    return reference.init_decoder_block(rng, d_model, d_model, dtype)


@misconception(of="init_decoder_block", see=START)
def decoder_gamma_starts_at_zero(right, rng, d_model, d_ff, dtype=np.float64):
    """gamma starts at zeros, so the norm's output does not depend on its input; start at ones."""
    zeros = {"gamma": np.zeros(d_model, dtype), "beta": np.zeros(d_model, dtype)}
    return right | dict.fromkeys(("ln1", "ln2", "ln3"), zeros)


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


cross_queries_not_normalised = forward_slip(
    "cross_queries_not_normalised",
    "In pre-norm cross-attention's queries come from a; they must come from ln2(a).",
    lambda p, norm: wired(p, norm, lns=(p.ln1, same, p.ln3)) if norm == "pre" else None,
)


def same(a):
    return a


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


@misconception(of="decoder_block_backward", see=BLOCK_BACK)
def dx_and_dcontext_exchanged(right, *args, **named):
    """dx and dcontext are returned in each other's place: the order is that of the arguments."""
    dx, dcontext, grads = right
    return dcontext, dx, grads


@misconception(of="decoder_block_backward", see=BLOCK_BACK)
def dcontext_of_self_attention(reference, dy, *args, **named):
    """dcontext is self-attention's second gradient; the context was read by cross-attention."""
    block = Block(reference, *args, **named)
    plain = block.attn

    def keep(d):
        block.dkey = plain(d, query=0)
        return plain(d)

    block.attn = keep
    dx = block.back(dy)
    return dx, block.dkey, block.grads


@misconception(of="decoder_block_backward", see=SHAPES)
def attention_gradients_exchanged(right, *args, **named):
    """The gradients of attn and cross stand under each other's names."""
    dx, dcontext, grads = right
    return dx, dcontext, grads | {"attn": grads["cross"], "cross": grads["attn"]}


@misconception(of="decoder_block_backward", see=SHAPES)
def norm_gradients_reversed(right, *args, **named):
    """The gradients of ln1 and ln3 stand under each other's names."""
    dx, dcontext, grads = right
    return dx, dcontext, grads | {"ln1": grads["ln3"], "ln3": grads["ln1"]}


def walk(reference, x, context, blocks, *rest, **named):
    for params in blocks:
        x, _ = reference.decoder_block(x, context, params, *rest, **named)
    return x


@misconception(of="decoder_stack", see=READERS)
def decoder_blocks_reversed(reference, x, context, blocks, *rest, **named):
    """The forward runs the blocks from last to first; only the backward does."""
    return walk(reference, x, context, blocks[::-1], *rest, **named)


@misconception(of="decoder_stack", see=READERS)
def stack_without_context_mask(
    reference, x, context, blocks, num_heads, mask=None, context_mask=None, *rest, **named
):
    """No block gets context_mask; pass it on to every one."""
    return walk(reference, x, context, blocks, num_heads, mask, None, *rest, **named)


@misconception(of="decoder_stack", see=READERS)
def stack_without_causal_mask(
    reference, x, context, blocks, num_heads, mask=None, context_mask=None, *rest, **named
):
    """No block gets mask; pass it on to every one."""
    return walk(reference, x, context, blocks, num_heads, None, context_mask, *rest, **named)


@misconception(of="decoder_stack", see=READERS)
def decoder_stack_without_norm(
    reference,
    x,
    context,
    blocks,
    num_heads,
    mask=None,
    context_mask=None,
    norm="post",
    activation="relu",
):
    """norm is not passed on, so that every block is post-norm."""
    more = {"activation": activation}
    return walk(reference, x, context, blocks, num_heads, mask, context_mask, **more)


@misconception(of="decoder_stack", see=READERS)
def decoder_stack_without_activation(
    reference,
    x,
    context,
    blocks,
    num_heads,
    mask=None,
    context_mask=None,
    norm="post",
    activation="relu",
):
    """activation is not passed on, so that every block uses ReLU."""
    return walk(reference, x, context, blocks, num_heads, mask, context_mask, norm)


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
def context_gradient_of_the_first_block(right, reference, *args, **named):
    """dcontext is the first block's alone (overwritten in the loop?): the gradients add up."""
    found = each_backward(reference, *args, **named)[1]
    return right[0], (found[0][0] if found else right[1]), right[2]


@misconception(of="decoder_stack_backward", see=READERS)
def context_gradient_missing(right, *args, **named):
    """dcontext is zero: the encoder would learn nothing."""
    return right[0], np.zeros_like(right[1]), right[2]


@misconception(of="decoder_stack_backward", see=READERS)
def same_dy_for_every_decoder_block(right, reference, dy, x, context, blocks, *rest, **named):
    """Every block gets the stack's dy; a block's dy is the dx of the block after it."""
    found, dx, total = [], dy, np.zeros_like(context)
    for k, params in enumerate(blocks):
        y, cache = reference.decoder_block(x, context, params, *rest, **named)
        dblock, dread, grads = reference.decoder_block_backward(dy, cache)
        dx, x, total = (dblock if k == 0 else dx), y, total + dread
        found.append(grads)
    return dx, total, found


@misconception(of="init_seq2seq", see=MODEL)
def embedding_of_spread_one(right, rng, vocab_size, d_model, *rest, **named):
    """The embedding has standard deviation 1, and sqrt(d_model) after scaling; start at
    1 / sqrt(d_model)."""
    return right | {"embed": right["embed"] * d_model**0.5}


@misconception(of="init_seq2seq", see=MODEL)
def embedding_of_variance_over_d(right, rng, vocab_size, d_model, *rest, **named):
    """The embedding has standard deviation 1 / d_model; that is the variance. Take the root."""
    return right | {"embed": right["embed"] * d_model**-0.5}


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


embedding_not_scaled = encode_slip(
    "embedding_not_scaled",
    "The embedding is not multiplied by sqrt(d_model), so that the positions drown it.",
    SCALE,
    scale=1,
)


embedding_times_d_model = encode_slip(
    "embedding_times_d_model",
    "The embedding is multiplied by d_model; it should be its root.",
    SCALE,
    change=lambda *given: {"scale": given[2]},
)


positions_scaled_too = encode_slip(
    "positions_scaled_too",
    "The sum is multiplied by sqrt(d_model), the positions with it; scale the embedding alone.",
    SCALE,
    change=lambda *given: {"positions": given[2] ** 0.5},
)


encoder_sees_padding = encode_slip(
    "encoder_sees_padding",
    "The encoder has no mask, so words attend to padding; hide it from every query.",
    mask=None,
)


padding_is_always_zero = encode_slip(
    "padding_is_always_zero", "Padding is taken to be 0; it is what the argument pad says.", pad=0
)


no_dropout_on_the_source = encode_slip(
    "no_dropout_on_the_source",
    "Dropout is not applied to the embedded source; pass dropout_p and rng on.",
    dropout_p=0.0,
)


def with_embed(grads, change):
    return grads | {"embed": change(grads["embed"])}


def width(params):
    return params["embed"].shape[1]


@misconception(of="encode_backward", see=SCALE)
def gradient_without_the_scale(right, dy, source, params, *rest, **named):
    """The table's gradient lacks sqrt(d_model): the forward multiplied by it, so does backward."""
    return with_embed(right, lambda g: g / width(params) ** 0.5)


@misconception(of="encode_backward", see=ENCODE)
def last_norm_without_backward(right, reference, dy, source, params, num_heads, *rest, **named):
    """The gradient passes the norm after a pre-norm encoder unchanged."""
    if named.get("norm", "post") == "post":
        return right
    x = embedded(reference, source, params["embed"])
    mask = (source != 0)[:, None, None, :]
    _, blocks = reference.transformer_stack(x, params["encoder"], num_heads, mask, "pre", "relu")
    dx, dblocks = reference.transformer_stack_backward(dy, blocks)
    _, looked_up = reference.embed(source, params["embed"])
    dtable = width(params) ** 0.5 * reference.embed_backward(dx, looked_up)
    return right | {"encoder": dblocks, "embed": dtable}


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


target_not_scaled = decode_slip(
    "target_not_scaled",
    "The target's embedding is not multiplied by sqrt(d_model); both sides are.",
    SCALE,
    scale=1,
)


decoder_looks_ahead = decode_slip(
    "decoder_looks_ahead",
    "The decoder has no causal mask: it reads the token that it is asked for.",
    mask=None,
)


decoder_ignores_context_mask = decode_slip(
    "decoder_ignores_context_mask",
    "context_mask is not passed on to the blocks: the decoder reads padding.",
    context_mask=None,
)


no_dropout_on_the_target = decode_slip(
    "no_dropout_on_the_target",
    "Dropout is not applied to the embedded target; pass dropout_p and rng on.",
    dropout_p=0.0,
)


@misconception(of="decode", see=TABLE)
def logits_scaled(right, target, context, params, *rest, **named):
    """The logits are multiplied by sqrt(d_model), too; only the embedding is."""
    return right * float(width(params) ** 0.5)


@misconception(of="decode", see=TABLE)
def logits_divided_by_the_scale(right, target, context, params, *rest, **named):
    """The logits are divided by sqrt(d_model), a choice of some models; the paper has them as they
    are."""
    return right / float(width(params) ** 0.5)


def output_gradient(reference, dy, target, context, params, num_heads, *rest, **named):
    """The table's gradient as the output layer alone."""
    logits = reference.decode(target, context, params, num_heads, *rest, **named)[0]
    table = params["embed"]
    flat = logits.reshape(-1, len(table))
    hidden = np.linalg.lstsq(table, flat.T, rcond=None)[0].T
    return dy.reshape(-1, len(table)).T @ hidden


@misconception(of="decode_backward", see=TABLE)
def table_as_output_only(right, reference, *args, **named):
    """The table's gradient is that of the output layer alone: the target's embedding used the
    table, too."""
    dcontext, grads = right
    return dcontext, grads | {"embed": output_gradient(reference, *args, **named)}


@misconception(of="decode_backward", see=TABLE)
def table_as_input_only(right, reference, *args, **named):
    """The table's gradient is that of the target's embedding alone: the output layer used the
    table, too."""
    dcontext, grads = right
    return dcontext, with_embed(grads, lambda g: g - output_gradient(reference, *args, **named))


@misconception(of="decode_backward", see=SCALE)
def input_gradient_without_the_scale(right, reference, dy, target, context, params, *rest, **named):
    """The embedding's part of the table's gradient lacks sqrt(d_model)."""
    dcontext, grads = right
    out = output_gradient(reference, dy, target, context, params, *rest, **named)
    return dcontext, with_embed(grads, lambda g: out + (g - out) / width(params) ** 0.5)


def whole(reference, source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0,
          rng=None, hide="padding", context=None):  # fmt: skip
    """seq2seq with another mask or context for the decoder."""
    if context is None:
        context = reference.encode(source, params, num_heads, pad, norm, dropout_p, rng)[0]
    hide = (source != pad)[:, None, None, :] if isinstance(hide, str) else hide
    return reference.decode(target, context, params, num_heads, hide, norm, dropout_p, rng)[0]


@misconception(of="seq2seq", see=WHOLE)
def decoder_reads_padding(reference, *args, **named):
    """The decoder gets no context_mask: hide the source's padding from cross-attention as well."""
    return whole(reference, *args, **named, hide=None)


@misconception(of="seq2seq", see=WHOLE)
def pad_not_passed_to_the_encoder(
    reference, source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
):
    """pad is not passed on to encode, which takes padding to be 0."""
    context, _ = reference.encode(source, params, num_heads, 0, norm, dropout_p, rng)
    return whole(
        reference, source, target, params, num_heads, pad, norm, dropout_p, rng, context=context
    )


def encoder_share(reference, dy, source, target, params, num_heads, pad=0, norm="post", **more):
    """The table's gradient as the source's embedding alone."""
    context, encoder = reference.encode(source, params, num_heads, pad, norm)
    hide = (source != pad)[:, None, None, :]
    _, decoder = reference.decode(target, context, params, num_heads, hide, norm)
    dcontext, _ = reference.decode_backward(dy, decoder)
    return reference.encode_backward(dcontext, encoder)["embed"]


@misconception(of="seq2seq_backward", see=TABLE)
def table_without_the_source(right, reference, *args, **named):
    """The table's gradient lacks what the source's embedding sends back: add all three uses."""
    return with_embed(right, lambda g: g - encoder_share(reference, *args, **named))


@misconception(of="seq2seq_backward", see=TABLE)
def table_of_the_source_only(right, reference, *args, **named):
    """The table's gradient is the encoder's alone (one dict's entry put over the other's?): add
    all three uses."""
    return right | {"embed": encoder_share(reference, *args, **named)}


def loss_of(reference, source, read, wanted, params, num_heads, pad=0, label_smoothing=0.1,
            norm="post", dropout_p=0.0, rng=None, ignore=None):  # fmt: skip
    """The loss of given inputs and targets."""
    logits, cache = reference.seq2seq(source, read, params, num_heads, pad, norm, dropout_p, rng)
    ignore = pad if ignore is None else ignore
    loss, dlogits = reference.cross_entropy(logits, wanted, ignore, label_smoothing)
    return loss, reference.seq2seq_backward(dlogits, cache)


@misconception(of="seq2seq_loss", see=LOSS)
def targets_not_shifted(reference, source, target, *rest, **named):
    """The target is not shifted: each position is asked for the token that it reads."""
    return loss_of(reference, source, target[:, :-1], target[:, :-1], *rest, **named)


@misconception(of="seq2seq_loss", see=LOSS)
def always_smooths_by_a_tenth(
    reference, source, target, params, num_heads, pad=0, label_smoothing=0.1, *rest, **named
):
    """The smoothing is 0.1 whatever label_smoothing says."""
    read, wanted = target[:, :-1], target[:, 1:]
    return loss_of(reference, source, read, wanted, params, num_heads, pad, 0.1, *rest, **named)


@misconception(of="seq2seq_loss", see=LOSS)
def loss_without_dropout(
    reference,
    source,
    target,
    params,
    num_heads,
    pad=0,
    label_smoothing=0.1,
    norm="post",
    dropout_p=0.0,
    rng=None,
):
    """dropout_p and rng are not passed on to the model."""
    return reference.seq2seq_loss(source, target, params, num_heads, pad, label_smoothing, norm)


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
def one_token_too_many(reference, *args, **named):
    """The answer has max_len + 1 tokens, the start among them."""
    return answers(reference, *args, **named)


@misconception(of="greedy_decode", see=GREEDY)
def writes_on_after_the_end(reference, *args, **named):
    """An answer goes on after its end; all that comes after is pad."""
    return answers(reference, *args, **named, fill=False)[:, 1:]


@misconception(of="greedy_decode", see=GREEDY)
def reads_the_first_position(reference, *args, **named):
    """The next token is taken from the first position's logits; it comes from the last's."""
    return answers(reference, *args, **named, place=0)[:, 1:]


@misconception(of="greedy_decode", see=GREEDY)
def answers_read_padding(reference, *args, **named):
    """Cross-attention has no mask while decoding: the source's padding is read."""
    return answers(reference, *args, **named, hide=False)[:, 1:]


@misconception(of="greedy_decode", see=GREEDY)
def starts_with_padding(
    reference, source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"
):
    """The first token read is pad; it is start."""
    args = (source, params, num_heads, max_len, start, end, pad, norm)
    return answers(reference, *args, begin=pad)[:, 1:]


@misconception(of="greedy_decode", see=GREEDY)
def start_is_always_one(
    reference, source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"
):
    """The first token read is 1 whatever the argument start says."""
    args = (source, params, num_heads, max_len, start, end, pad, norm)
    return answers(reference, *args, begin=1)[:, 1:]


@misconception(of="greedy_decode", see=GREEDY)
def end_is_always_two(
    reference, source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"
):
    """An answer ends with 2 whatever the argument end says."""
    args = (source, params, num_heads, max_len, start, 2, pad, norm)
    return answers(reference, *args)[:, 1:]


@misconception(of="greedy_decode", see=GREEDY)
def least_likely_token(
    reference, source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"
):
    """The least likely token is taken (argmin); it is the most likely one."""
    context, _ = reference.encode(source, params, num_heads, pad, norm)
    mask = (source != pad)[:, None, None, :]
    tokens = np.full((len(source), 1 + max_len), pad)
    tokens[:, 0] = start
    finished = np.zeros(len(source), bool)
    for t in range(max_len):
        logits, _ = reference.decode(tokens[:, : t + 1], context, params, num_heads, mask, norm)
        best = logits[:, -1].argmin(-1)
        tokens[:, t + 1] = np.where(finished, pad, best)
        finished |= best == end
    return tokens[:, 1:]
