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
    gamma = np.ones(d_model, dtype=dtype)
    beta = np.zeros(d_model, dtype=dtype)
    ln = {"gamma": gamma, "beta": beta}
    attn = init_attention(rng, d_model, dtype=dtype)
    cross = init_attention(rng, d_model, dtype=dtype)
    sizes = [d_model, d_ff, d_model]
    ffn = init_mlp(rng, sizes, dtype=dtype)
    return {"ln1": ln, "attn": attn, "ln2": ln, "cross": cross, "ln3": ln, "ffn": ffn}


@steps(see=SUBLAYERS)
def decoder_block(
    x, context, params, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    if norm == "pre":  # in pre-norm
        normed, cache = normalise(x, params["ln1"])
        attended, cache = attention(normed, normed, params["attn"], num_heads, mask)
        a = x + attended  # the first residual, around self-attention
        normed2, cache = normalise(a, params["ln2"])
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
    norms = {"ln1": dln1, "ln2": dln2, "ln3": dln3}
    return dx, dcontext, {**norms, "attn": dattn, "cross": dcross, "ffn": dffn}


@steps(see=READERS)
def decoder_stack(
    x, context, blocks, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    for params in blocks:
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
        dx, dread, own = block_backward(dx, cache)
        dcontext = dcontext + dread
        grads = [own, *grads]
    return dx, dcontext, grads


@steps(see=MODEL_START)
def init_seq2seq(rng, vocab_size, d_model, d_ff, num_layers, norm="post", dtype=np.float64):
    deviation = 1 / np.sqrt(d_model)
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
    scale = np.sqrt(params["embed"].shape[1])
    vectors = params["embed"][source]
    positions = sinusoidal_positions(vectors.shape[1], vectors.shape[2])
    total = scale * vectors + positions
    x, dropped = dropout(total, dropout_p, rng)
    mask = (source != pad)[:, None, None, :]
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
    dx, dblocks = transformer_stack_backward(dseen, blocks)
    dtotal = dropout_backward(dx, dropped)
    table = scale * embed_backward(dtotal, read)  # the gradient of the table
    return {**grads, "encoder": dblocks, "embed": table}


@steps(see=LOGITS)
def decode(
    target, context, params, num_heads, context_mask=None, norm="post", dropout_p=0.0, rng=None
):
    scale = np.sqrt(params["embed"].shape[1])
    vectors = params["embed"][target]
    positions = sinusoidal_positions(vectors.shape[1], vectors.shape[2])
    total = scale * vectors + positions
    x, dropped = dropout(total, dropout_p, rng)
    mask = causal_mask(target.shape[1])
    seen, cache = stack(x, context, params["decoder"], num_heads, mask, context_mask, norm, "relu")
    if norm == "pre":  # in pre-norm
        seen, cache = normalise(seen, params["decoder_ln"])
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
    from_target = scale * embed_backward(dtotal, read)
    table = from_output + from_target  # the gradient of the table
    return dcontext, {**grads, "decoder": dblocks, "embed": table}


@steps(see=WHOLE)
def seq2seq(source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    context, cache = reads(source, params, num_heads, pad, norm, dropout_p, rng)
    context_mask = (source != pad)[:, None, None, :]
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
    logits, cache = model(source, read, params, num_heads, pad, norm, dropout_p, rng)
    loss, dlogits = cross_entropy(logits, wanted, pad, label_smoothing)
    grads = model_backward(dlogits, cache)
    return loss, grads


@steps(see=ANSWER)
def greedy_decode(source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"):
    context, cache = reads(source, params, num_heads, pad, norm)
    context_mask = (source != pad)[:, None, None, :]
    tokens = np.full((len(source), 1), start)
    finished = np.zeros(len(source), bool)
    for _ in range(max_len):
        logits, cache = writes(tokens, context, params, num_heads, context_mask, norm)
        last = logits[:, -1]
        best = last.argmax(-1)
        chosen = np.where(finished, pad, best)
        tokens = np.concatenate([tokens, chosen[:, None]], axis=1)
        finished = finished | (best == end)
    return tokens[:, 1:]
