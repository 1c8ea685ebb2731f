"""The steps of the encoder, the decoder and the whole model, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps

START = "handout.md#what-a-decoder-block-starts-from"
SUBLAYERS = "handout.md#three-sublayers"
BACKWARD = "handout.md#backward-through-a-decoder-block"
READERS = "handout.md#one-context-many-readers"
MODEL_START = "handout.md#what-the-model-starts-from"
SOURCE = "handout.md#from-source-to-context"
LOGITS = "handout.md#from-context-to-logits"
USES = "handout.md#one-table-three-uses"
WHOLE = "handout.md#the-whole-model"
LOSS = "handout.md#a-loss-that-is-never-sure"
ANSWER = "handout.md#writing-an-answer"


def normalise(x, params):
    return REFERENCE["layernorm"](x, params["gamma"], params["beta"])


def norm_backward(dy, cache):
    dx, dgamma, dbeta = REFERENCE["layernorm_backward"](dy, cache)
    return dx, {"gamma": dgamma, "beta": dbeta}


def attention(x, context, params, num_heads, mask=None):
    return REFERENCE["multi_head_attention"](x, context, params, num_heads, mask)


def feed_forward(x, layers, activation="relu"):
    return REFERENCE["mlp"](x, layers, activation)


def _given(name):
    return lambda *args, **kwargs: REFERENCE[name](*args, **kwargs)


block = _given("decoder_block")
block_backward = _given("decoder_block_backward")
stack = _given("decoder_stack")
stack_backward = _given("decoder_stack_backward")
reads = _given("encode")
reads_backward = _given("encode_backward")
writes = _given("decode")
writes_backward = _given("decode_backward")
model = _given("seq2seq")
model_backward = _given("seq2seq_backward")


@steps(see=START)
def init_decoder_block(rng, d_model, d_ff, dtype=np.float64):
    # why: gamma starts at ones: at zeros the norm's output would not depend on its input.
    gamma = np.ones(d_model, dtype=dtype)
    # why: beta starts at zeros: it shifts every feature.
    beta = np.zeros(d_model, dtype=dtype)
    ln = {"gamma": gamma, "beta": beta}
    attn = init_attention(rng, d_model, dtype=dtype)
    cross = init_attention(rng, d_model, dtype=dtype)
    # why: The feed-forward network's hidden layer has d_ff units, its ends have d_model.
    sizes = [d_model, d_ff, d_model]
    ffn = init_mlp(rng, sizes, dtype=dtype)
    # why: Self-attention and cross-attention have weights of their own, each drawn afresh.
    return {"ln1": ln, "attn": attn, "ln2": ln, "cross": cross, "ln3": ln, "ffn": ffn}


@steps(see=SUBLAYERS)
def decoder_block(
    x, context, params, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    # why: "pre" normalises what a sublayer reads, "post" the sum.
    if norm == "pre":  # in pre-norm
        normed, cache = normalise(x, params["ln1"])
        attended, cache = attention(normed, normed, params["attn"], num_heads, mask)
        a = x + attended  # the first residual, around self-attention
        normed2, cache = normalise(a, params["ln2"])
        # as hard: `a` stands where `normed2`
        # why: Cross-attention's queries come from ln2(a); the context is read as it is.
        read, cache = attention(normed2, context, params["cross"], num_heads, context_mask)
        b = a + read  # the second residual, around cross-attention
        normed3, cache = normalise(b, params["ln3"])
        fed, cache = feed_forward(normed3, params["ffn"], activation)
        y = b + fed  # the third residual, around the network
    else:  # in post-norm
        attended, cache = attention(x, x, params["attn"], num_heads, mask)
        total = x + attended  # the residual around attention
        a, cache = normalise(total, params["ln1"])
        read, cache = attention(a, context, params["cross"], num_heads, context_mask)
        total2 = a + read  # the second residual, around cross-attention
        b, cache = normalise(total2, params["ln2"])
        fed, cache = feed_forward(b, params["ffn"], activation)
        total3 = b + fed  # the third residual, around the network
        y, cache = normalise(total3, params["ln3"])
    return y


@steps(see=BACKWARD)
def decoder_block_backward(
    dy, x, context, params, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    if norm == "pre":  # in pre-norm
        normed, ln1 = normalise(x, params["ln1"])
        attended, attn = attention(normed, normed, params["attn"], num_heads, mask)
        a = x + attended  # the first residual, around self-attention
        normed2, ln2 = normalise(a, params["ln2"])
        read, cross = attention(normed2, context, params["cross"], num_heads, context_mask)
        b = a + read  # the second residual, around cross-attention
        normed3, ln3 = normalise(b, params["ln3"])
        fed, ffn = feed_forward(normed3, params["ffn"], activation)
        dnormed3, dffn = mlp_backward(dy, ffn)
        through_ffn, dgamma3, dbeta3 = layernorm_backward(
            dnormed3, ln3
        )  # through the feed-forward network
        db = dy + through_ffn  # the third residual
        dnormed2, dcontext, dcross = multi_head_attention_backward(db, cross)
        through_cross, dgamma2, dbeta2 = layernorm_backward(
            dnormed2, ln2
        )  # through cross-attention
        da = db + through_cross  # the second residual, around cross-attention
        dquery, dkeys, dattn = multi_head_attention_backward(da, attn)
        dnormed = dquery + dkeys  # self-attention's queries, and its keys and values
        through_attn, dgamma1, dbeta1 = layernorm_backward(dnormed, ln1)  # through self-attention
        dx = da + through_attn  # the first residual, around self-attention
    else:  # in post-norm
        attended, attn = attention(x, x, params["attn"], num_heads, mask)
        total = x + attended  # the residual around attention
        a, ln1 = normalise(total, params["ln1"])
        read, cross = attention(a, context, params["cross"], num_heads, context_mask)
        total2 = a + read  # the second residual, around cross-attention
        b, ln2 = normalise(total2, params["ln2"])
        fed, ffn = feed_forward(b, params["ffn"], activation)
        total3 = b + fed  # the third residual, around the network
        y, ln3 = normalise(total3, params["ln3"])
        dtotal3, dgamma3, dbeta3 = layernorm_backward(dy, ln3)
        through_ffn, dffn = mlp_backward(dtotal3, ffn)  # through the feed-forward network
        db = dtotal3 + through_ffn  # the third residual
        dtotal2, dgamma2, dbeta2 = layernorm_backward(db, ln2)
        through_cross, dcontext, dcross = multi_head_attention_backward(dtotal2, cross)
        da = dtotal2 + through_cross  # the second residual, around cross-attention
        dtotal, dgamma1, dbeta1 = layernorm_backward(da, ln1)
        dquery, dkeys, dattn = multi_head_attention_backward(dtotal, attn)
        through_attn = dquery + dkeys  # self-attention's queries, and its keys and values
        dx = dtotal + through_attn  # the residual around attention
    dln1 = {"gamma": dgamma1, "beta": dbeta1}
    dln2 = {"gamma": dgamma2, "beta": dbeta2}
    dln3 = {"gamma": dgamma3, "beta": dbeta3}
    # why: Each norm's gradients stand under its own name.
    norms = {"ln1": dln1, "ln2": dln2, "ln3": dln3}
    # why: dx goes around self-attention and through it; dcontext is cross-attention's; the order is
    # the arguments'.
    return dx, dcontext, {**norms, "attn": dattn, "cross": dcross, "ffn": dffn}


@steps(see=READERS)
def decoder_stack(
    x, context, blocks, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    # as hard: the loop runs over `blocks` in the other order
    # why: The first block comes first; only the backward goes from the last to the first.
    for params in blocks:
        # as hard: `context_mask` is not; `mask` is not; `norm` is not; `activation` is not
        # why: Both masks, the norm and the activation go on to every block.
        x, cache = block(x, context, params, num_heads, mask, context_mask, norm, activation)
    return x


@steps(see=READERS)
def decoder_stack_backward(
    dy, x, context, blocks, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    caches = []
    for params in blocks:
        x, cache = block(x, context, params, num_heads, mask, context_mask, norm, activation)
        caches = [*caches, cache]
    grads = []
    dx = dy
    dcontext = np.zeros_like(context)
    for cache in reversed(caches):
        # why: A block's dy is the dx of the block after it.
        dx, dread, own = block_backward(dx, cache)
        # why: Every block reads the context: their gradients add up, and the encoder learns from
        # the sum.
        dcontext = dcontext + dread
        grads = [own, *grads]
    return dx, dcontext, grads


@steps(see=MODEL_START)
def init_seq2seq(rng, vocab_size, d_model, d_ff, num_layers, norm="post", dtype=np.float64):
    # why: The variance is 1 / d_model: the scaled embedding is then as large as the positions.
    deviation = 1 / np.sqrt(d_model)
    # why: Its standard deviation is 1 / sqrt(d_model): the scaled embedding is then as large as the
    # positions.
    table = rng.normal(0, deviation, (vocab_size, d_model)).astype(dtype)
    encoder = [init_block(rng, d_model, d_ff, dtype=dtype) for _ in range(num_layers)]
    decoder = [
        REFERENCE["init_decoder_block"](rng, d_model, d_ff, dtype=dtype) for _ in range(num_layers)
    ]
    gamma = np.ones(d_model, dtype=dtype)
    beta = np.zeros(d_model, dtype=dtype)
    ln = {"gamma": gamma, "beta": beta}
    params = {"embed": table, "encoder": encoder, "decoder": decoder}
    if norm == "pre":  # in pre-norm
        params = {**params, "encoder_ln": ln, "decoder_ln": ln}
    return params


@steps(see=SOURCE)
def encode(source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    # as hard: the root is missing
    # why: The embedding is multiplied by sqrt(d_model): the positions would drown it.
    scale = np.sqrt(params["embed"].shape[1])
    vectors = params["embed"][source]
    # as hard: it is multiplied by `scale`
    # why: The positions are added as they are: only the embedding is scaled.
    positions = sinusoidal_positions(vectors.shape[1], vectors.shape[2])
    # as hard: the factor `scale` is missing
    # why: The embedding alone is scaled, by sqrt(d_model); then the positions are added.
    total = scale * vectors + positions
    # as hard: `rng` is not passed on
    # why: Dropout is applied to the embedded source: it takes dropout_p and rng.
    x, dropped = dropout(total, dropout_p, rng)
    # as hard: the argument `pad` is not used
    # why: Padding, which the argument pad says, is hidden from every query.
    mask = (source != pad)[:, None, None, :]
    # as hard: `mask` is not passed on
    # why: The mask hides padding from every query: words must not attend to it.
    seen, cache = transformer_stack(x, params["encoder"], num_heads, mask, norm, "relu")
    if norm == "pre":  # in pre-norm
        seen, cache = normalise(seen, params["encoder_ln"])
    return seen


@steps(see=USES)
def encode_backward(dy, source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    scale = np.sqrt(params["embed"].shape[1])
    vectors, read = embed(source, params["embed"])
    positions = sinusoidal_positions(vectors.shape[1], vectors.shape[2])
    total = scale * vectors + positions
    x, dropped = dropout(total, dropout_p, rng)
    mask = (source != pad)[:, None, None, :]
    seen, blocks = transformer_stack(x, params["encoder"], num_heads, mask, norm, "relu")
    grads = {}
    dseen = dy
    if norm == "pre":  # in pre-norm
        normed, ln = normalise(seen, params["encoder_ln"])
        dseen, dln = norm_backward(dy, ln)
        grads = {"encoder_ln": dln}
    # why: A pre-norm encoder ends with a norm: the gradient goes back through it before the blocks.
    dx, dblocks = transformer_stack_backward(dseen, blocks)
    dtotal = dropout_backward(dx, dropped)
    # why: The forward multiplied the embedding by sqrt(d_model), so the backward does, too.
    table = scale * embed_backward(dtotal, read)  # the gradient of the table
    return {**grads, "encoder": dblocks, "embed": table}


@steps(see=LOGITS)
def decode(
    target, context, params, num_heads, context_mask=None, norm="post", dropout_p=0.0, rng=None
):
    scale = np.sqrt(params["embed"].shape[1])
    vectors = params["embed"][target]
    positions = sinusoidal_positions(vectors.shape[1], vectors.shape[2])
    # as hard: the factor `scale` is missing
    # why: The embedding alone is scaled, by sqrt(d_model), on both sides; then the positions are
    # added.
    total = scale * vectors + positions
    # as hard: `rng` is not passed on
    # why: Dropout is applied to the embedded target: it takes dropout_p and rng.
    x, dropped = dropout(total, dropout_p, rng)
    # why: The decoder must not read the token that it is asked for.
    mask = causal_mask(target.shape[1])
    # as hard: `mask` is not; `context_mask` is not
    # why: mask hides the token that is asked for, context_mask the source's padding.
    seen, cache = stack(x, context, params["decoder"], num_heads, mask, context_mask, norm, "relu")
    if norm == "pre":  # in pre-norm
        seen, cache = normalise(seen, params["decoder_ln"])
    # as hard: it is multiplied by `scale`; it is divided by `scale`
    # why: The logits are products with the table, as they are: the paper scales the embedding
    # alone.
    return seen @ params["embed"].T


@steps(see=USES)
def decode_backward(
    dy, target, context, params, num_heads, context_mask=None, norm="post", dropout_p=0.0, rng=None
):
    scale = np.sqrt(params["embed"].shape[1])
    vectors, read = embed(target, params["embed"])
    positions = sinusoidal_positions(vectors.shape[1], vectors.shape[2])
    total = scale * vectors + positions
    x, dropped = dropout(total, dropout_p, rng)
    mask = causal_mask(target.shape[1])
    seen, blocks = stack(x, context, params["decoder"], num_heads, mask, context_mask, norm, "relu")
    grads = {}
    last = seen
    if norm == "pre":  # in pre-norm
        last, ln = normalise(seen, params["decoder_ln"])
    dlast, from_output = unembed_backward(dy, unembed(last, params["embed"])[1])
    dseen = dlast
    if norm == "pre":  # in pre-norm
        dseen, dln = norm_backward(dlast, ln)
        grads = {"decoder_ln": dln}
    dx, dcontext, dblocks = stack_backward(dseen, blocks)
    dtotal = dropout_backward(dx, dropped)
    # why: The forward multiplied the target's embedding by sqrt(d_model), so the backward does,
    # too.
    from_target = scale * embed_backward(dtotal, read)
    # why: Output layer and target's embedding both used the table: their gradients add up.
    table = from_output + from_target  # the gradient of the table
    return dcontext, {**grads, "decoder": dblocks, "embed": table}


@steps(see=WHOLE)
def seq2seq(source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    # as hard: `pad` is not passed on
    # why: The encoder takes padding to be 0 where pad is not passed on.
    context, cache = reads(source, params, num_heads, pad, norm, dropout_p, rng)
    context_mask = (source != pad)[:, None, None, :]
    # as hard: `context_mask` is not passed on
    # why: The source's padding is hidden from cross-attention as well.
    logits, cache = writes(target, context, params, num_heads, context_mask, norm, dropout_p, rng)
    return logits


@steps(see=USES)
def seq2seq_backward(
    dy, source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None
):
    context, encoded = reads(source, params, num_heads, pad, norm, dropout_p, rng)
    context_mask = (source != pad)[:, None, None, :]
    logits, decoded = writes(target, context, params, num_heads, context_mask, norm, dropout_p, rng)
    dcontext, decoder = writes_backward(dy, decoded)
    encoder = reads_backward(dcontext, encoded)
    from_target = decoder["embed"]
    from_source = encoder["embed"]
    # why: The table's three uses add up: one dict's entry must not stand in the place of the
    # other's.
    table = from_target + from_source  # the gradient of the table
    return {**decoder, **encoder, "embed": table}


@steps(see=LOSS)
def seq2seq_loss(
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
    read = target[:, :-1]
    wanted = target[:, 1:]
    # why: The model is trained with dropout: it takes dropout_p and rng.
    logits, cache = model(source, read, params, num_heads, pad, norm, dropout_p, rng)
    # why: Each position is asked for the token after the one that it reads, with the smoothing that
    # was given.
    loss, dlogits = cross_entropy(logits, wanted, pad, label_smoothing)
    grads = model_backward(dlogits, cache)
    return loss, grads


@steps(see=ANSWER)
def greedy_decode(source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"):
    context, cache = reads(source, params, num_heads, pad, norm)
    context_mask = (source != pad)[:, None, None, :]
    # why: The first token that is read is `start`, an argument.
    tokens = np.full((len(source), 1), start)  # what was written so far
    finished = np.zeros(len(source), bool)
    for _ in range(max_len):
        # why: Cross-attention must not read the source's padding, here either.
        logits, cache = writes(tokens, context, params, num_heads, context_mask, norm)
        # why: The next token comes from the last position's logits.
        last = logits[:, -1]
        # why: The most likely token is taken.
        best = last.argmax(-1)
        # why: After its end an answer holds pad alone.
        chosen = np.where(finished, pad, best)
        tokens = np.concatenate([tokens, chosen[:, None]], axis=1)
        # why: An answer ends with `end`, an argument.
        finished = finished | (best == end)
    # why: The answer has max_len tokens; the start is not one of them.
    return tokens[:, 1:]
