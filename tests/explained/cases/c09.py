"""Wrong decoder blocks and encoder-decoder models."""

from tests.explained.cases.case import Case

GONE = (
    r"(missing|lost|lack|without|forg|left out|leaves? out|drop|skip|no grad|n't\b|\bnot\b|never)"
)

BLOCK = """
def decoder_block(
    x, context, params, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    _check_decoder_block(x, context, params, norm)"""
PRE = """
    if norm == "pre":
        n, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(n, n, params["attn"], num_heads, mask)
        a = x + attended
        n, ln2 = layernorm(a, **params["ln2"])
        read, cross = multi_head_attention(n, context, params["cross"], num_heads, context_mask)
        b = a + read
        n, ln3 = layernorm(b, **params["ln3"])
        fed, ffn = mlp(n, params["ffn"], activation)
        y = b + fed"""
POST = """
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        a, ln1 = layernorm(x + attended, **params["ln1"])
        read, cross = multi_head_attention(a, context, params["cross"], num_heads, context_mask)
        b, ln2 = layernorm(a + read, **params["ln2"])
        fed, ffn = mlp(b, params["ffn"], activation)
        y, ln3 = layernorm(b + fed, **params["ln3"])"""
RETURN = """
    return y, (norm, ln1, attn, ln2, cross, ln3, ffn)
"""
BACKWARD = """
def decoder_block_backward(dy, cache):
    norm, ln1, attn, ln2, cross, ln3, ffn = cache"""
PRE_BACKWARD = """
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        db, dln3 = _norm_backward(dn, ln3)
        db = db + dy
        dn, dcontext, dcross = multi_head_attention_backward(db, cross)
        da, dln2 = _norm_backward(dn, ln2)
        da = da + db
        dq, dk, dattn = multi_head_attention_backward(da, attn)
        dx, dln1 = _norm_backward(dq + dk, ln1)
        dx = dx + da"""
POST_BACKWARD = """
    else:
        ds, dln3 = _norm_backward(dy, ln3)
        db, dffn = mlp_backward(ds, ffn)
        ds, dln2 = _norm_backward(db + ds, ln2)
        da, dcontext, dcross = multi_head_attention_backward(ds, cross)
        ds, dln1 = _norm_backward(da + ds, ln1)
        dq, dk, dattn = multi_head_attention_backward(ds, attn)
        dx = dq + dk + ds"""
RETURN_BACKWARD = """
    grads = {"ln1": dln1, "attn": dattn, "ln2": dln2, "cross": dcross, "ln3": dln3, "ffn": dffn}
    return dx, dcontext, grads
"""
STACK = """
def decoder_stack(
    x, context, blocks, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
"""
LOSS = """
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
    if target.ndim != 2 or target.shape[1] < 2:
        raise ValueError(f"target has shape {target.shape}; expected (batch, time), time 2 or more")
"""
DECODE = """
def decode(
    target, context, params, num_heads, context_mask=None, norm="post", dropout_p=0.0, rng=None
):
    _check_tokens("target", target)
    _check_norm(norm, params, "decoder_ln")
"""


CASES = [
    Case(
        name="cross_attention_copied",
        functions=("init_decoder_block",),
        kind="single",
        did="The weights of cross-attention are those of self-attention: one draw serves both.",
        says=(
            r"same",
            r"one draw",
            r"shar",
            r"cross",
            r"cop(y|ied|ies)",
            r"equal",
            r"of (its|their) own",
            r"drawn? (once|twice|by)",
        ),
        code="""
def init_decoder_block(rng, d_model, d_ff, dtype=np.float64):
    attention = init_attention(rng, d_model, dtype=dtype)
    params = {"attn": attention, "cross": {k: w.copy() for k, w in attention.items()}}
    for name in ("ln1", "ln2", "ln3"):
        params[name] = {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)}
    params["ffn"] = init_mlp(rng, [d_model, d_ff, d_model], dtype=dtype)
    return params
""",
    ),
    Case(
        name="pre_reads_the_raw_stream",
        functions=("decoder_block",),
        kind="single",
        did="In pre-norm cross-attention's queries come from a itself: ln2 is left out there.",
        says=(
            r"ln_?2",
            r"un-?normali",
            r"quer(y|ies)",
            r"second norm",
            r"without (its|the|a) norm",
            r"cross.*norm",
        ),
        code=f"""{BLOCK}
    if norm == "pre":
        n, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(n, n, params["attn"], num_heads, mask)
        a = x + attended
        _, ln2 = layernorm(a, **params["ln2"])
        read, cross = multi_head_attention(a, context, params["cross"], num_heads, context_mask)
        b = a + read
        n, ln3 = layernorm(b, **params["ln3"])
        fed, ffn = mlp(n, params["ffn"], activation)
        y = b + fed{POST}{RETURN}""",
    ),
    Case(
        name="post_third_residual_from_a",
        functions=("decoder_block",),
        kind="single",
        did="In post-norm the third residual adds a, what came before cross-attention, instead of "
        "b.",
        says=(
            r"(third|last) (residual|addition|sum)",
            r"\ba \+ f",
            r"instead of b\b",
            r"\bb \+ f",
            r"before cross",
            r"residual",
        ),
        code=f"""{BLOCK}{PRE}
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        a, ln1 = layernorm(x + attended, **params["ln1"])
        read, cross = multi_head_attention(a, context, params["cross"], num_heads, context_mask)
        b, ln2 = layernorm(a + read, **params["ln2"])
        fed, ffn = mlp(b, params["ffn"], activation)
        y, ln3 = layernorm(a + fed, **params["ln3"]){RETURN}""",
    ),
    Case(
        name="pre_dx_adds_db",
        functions=("decoder_block_backward",),
        kind="single",
        did="In pre-norm the first residual adds db to dx instead of da: what cross-attention sent "
        "back along the stream is lost there.",
        says=(
            r"\bda\b",
            r"complete gradient",
            r"first residual",
            r"adds? db",
            r"around (self-)?attention",
            rf"cross.*{GONE}",
        ),
        code=f"""{BACKWARD}
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        db, dln3 = _norm_backward(dn, ln3)
        db = db + dy
        dn, dcontext, dcross = multi_head_attention_backward(db, cross)
        da, dln2 = _norm_backward(dn, ln2)
        da = da + db
        dq, dk, dattn = multi_head_attention_backward(da, attn)
        dx, dln1 = _norm_backward(dq + dk, ln1)
        dx = dx + db{POST_BACKWARD}{RETURN_BACKWARD}""",
    ),
    Case(
        name="post_cross_residual_lost",
        functions=("decoder_block_backward",),
        kind="single",
        did="In post-norm the residual around cross-attention has no gradient: da is only what the "
        "queries send back.",
        says=(
            rf"residual.*{GONE}",
            rf"{GONE}.*residual",
            r"around cross",
            r"second (sum|addition)",
            r"ds_?2",
        ),
        code=f"""{BACKWARD}{PRE_BACKWARD}
    else:
        ds, dln3 = _norm_backward(dy, ln3)
        db, dffn = mlp_backward(ds, ffn)
        ds, dln2 = _norm_backward(db + ds, ln2)
        da, dcontext, dcross = multi_head_attention_backward(ds, cross)
        ds, dln1 = _norm_backward(da, ln1)
        dq, dk, dattn = multi_head_attention_backward(ds, attn)
        dx = dq + dk + ds{RETURN_BACKWARD}""",
    ),
    Case(
        name="pre_keys_of_self_attention_lost",
        functions=("decoder_block_backward",),
        kind="single",
        did="In pre-norm self-attention's second gradient, of keys and values, is thrown away.",
        says=(
            r"keys?( and|,| or) values?",
            r"self-?attention",
            r"two roles",
            r"dcontext",
            r"both (gradients|roles)",
            r"only (the )?quer",
        ),
        code=f"""{BACKWARD}
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        db, dln3 = _norm_backward(dn, ln3)
        db = db + dy
        dn, dcontext, dcross = multi_head_attention_backward(db, cross)
        da, dln2 = _norm_backward(dn, ln2)
        da = da + db
        dn, _, dattn = multi_head_attention_backward(da, attn)
        dx, dln1 = _norm_backward(dn, ln1)
        dx = dx + da{POST_BACKWARD}{RETURN_BACKWARD}""",
    ),
    Case(
        name="context_mask_not_handed_on",
        functions=("decoder_stack",),
        kind="single",
        did="The stack doesn't hand context_mask to its blocks, so the padding of the context is "
        "seen.",
        says=(r"context[_ ]mask", r"padding", r"mask"),
        code=f"""{STACK}
    caches = []
    for params in blocks:
        x, cache = decoder_block(
            x, context, params, num_heads, mask=mask, norm=norm, activation=activation
        )
        caches.append(cache)
    return x, (caches, context)
""",
    ),
    Case(
        name="context_gradient_averaged",
        functions=("decoder_stack_backward",),
        kind="single",
        did="The gradient of the context is the mean over the blocks, where it should be the sum.",
        says=(r"\bmean\b", r"averag", r"divid", r"number of blocks", r"1 ?/ ?L\b"),
        code="""
def decoder_stack_backward(dy, cache):
    caches, context = cache
    parts, grads = [np.zeros_like(context)], []
    for block_cache in caches[::-1]:
        dy, part, block_grads = decoder_block_backward(dy, block_cache)
        parts.append(part)
        grads.append(block_grads)
    dcontext = sum(parts) / max(len(caches), 1)
    return dy, dcontext, grads[::-1]
""",
    ),
    Case(
        name="table_too_narrow",
        functions=("init_seq2seq",),
        kind="single",
        did="The table's standard deviation is 1 / D: the root of D is missing.",
        says=(
            r"\broot\b",
            r"sqrt",
            r"1 ?/ ?D\b",
            r"deviation",
            r"spread",
            r"variance",
            r"too small",
        ),
        code="""
def init_seq2seq(rng, vocab_size, d_model, d_ff, num_layers, norm="post", dtype=np.float64):
    if norm not in ("pre", "post"):
        raise ValueError(f"norm must be pre or post, not {norm!r}")
    params = {"embed": (rng.standard_normal((vocab_size, d_model)) / d_model).astype(dtype)}
    params["encoder"] = [init_block(rng, d_model, d_ff, dtype) for _ in range(num_layers)]
    params["decoder"] = [init_decoder_block(rng, d_model, d_ff, dtype) for _ in range(num_layers)]
    if norm == "pre":
        for name in ("encoder_ln", "decoder_ln"):
            params[name] = {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)}
    return params
""",
    ),
    Case(
        name="causal_encoder",
        functions=("encode",),
        kind="single",
        did="The encoder is causal as well: no word of the source sees a later one.",
        says=(r"causal", r"later", r"future", r"mask"),
        code="""
def encode(source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    _check_tokens("source", source)
    _check_norm(norm, params, "encoder_ln")
    x, embedded = _embed(source, params["embed"], dropout_p, rng)
    mask = _source_mask(source, pad) & causal_mask(source.shape[1])
    x, blocks = transformer_stack(x, params["encoder"], num_heads, mask, norm, "relu")
    ln = None
    if norm == "pre":
        x, ln = layernorm(x, **params["encoder_ln"])
    return x, (embedded, blocks, ln)
""",
    ),
    Case(
        name="scale_forgotten_on_the_way_back",
        functions=("encode_backward",),
        kind="single",
        did="The table's gradient lacks the factor sqrt(d_model) by which the forward scaled the "
        "vectors.",
        says=(r"sqrt", r"\bscale", r"factor", r"root of"),
        code="""
def encode_backward(dy, cache):
    (tokens, _, dropped), blocks, ln = cache
    grads = {}
    if ln is not None:
        dy, grads["encoder_ln"] = _norm_backward(dy, ln)
    dy, grads["encoder"] = transformer_stack_backward(dy, blocks)
    grads["embed"] = embed_backward(dropout_backward(dy, dropped), tokens)
    return grads
""",
    ),
    Case(
        name="logits_scaled_too",
        functions=("decode",),
        kind="single",
        did="The logits are multiplied by sqrt(d_model) as well, like the looked-up vectors.",
        says=(r"sqrt", r"scaled?\b", r"root of", r"factor", r"way out"),
        code=f"""{DECODE}
    x, embedded = _embed(target, params["embed"], dropout_p, rng)
    mask = causal_mask(target.shape[1])
    x, blocks = decoder_stack(
        x, context, params["decoder"], num_heads, mask, context_mask, norm, "relu"
    )
    ln = None
    if norm == "pre":
        x, ln = layernorm(x, **params["decoder_ln"])
    logits, unembedded = unembed(x, params["embed"])
    return logits * params["embed"].shape[1] ** 0.5, (embedded, blocks, ln, unembedded)
""",
    ),
    Case(
        name="output_share_scaled",
        functions=("decode_backward",),
        kind="single",
        did="Both shares of the table's gradient are multiplied by sqrt(d_model), also the "
        "output's, which has no such factor.",
        says=(r"sqrt", r"scaled?\b", r"factor", r"root of"),
        code="""
def decode_backward(dy, cache):
    (tokens, scale, dropped), blocks, ln, unembedded = cache
    grads = {}
    dx, dtable = unembed_backward(dy, unembedded)
    if ln is not None:
        dx, grads["decoder_ln"] = _norm_backward(dx, ln)
    dx, dcontext, grads["decoder"] = decoder_stack_backward(dx, blocks)
    dtable = dtable + embed_backward(dropout_backward(dx, dropped), tokens)
    grads["embed"] = scale * dtable
    return dcontext, grads
""",
    ),
    Case(
        name="source_gradient_of_the_table_lost",
        functions=("seq2seq_backward",),
        kind="single",
        did="The dict of the decoder is put over that of the encoder, so the source's share of the "
        "table's gradient is lost.",
        says=(
            r"table",
            r"embed",
            r"over (that|the other)",
            r"source'?s? (share|part|term|gradient)",
            r"encoder'?s? (share|part|term|gradient)",
            r"three (terms|uses)",
            r"lost",
        ),
        code="""
def seq2seq_backward(dy, cache):
    encoded, decoded = cache
    dcontext, decoder_grads = decode_backward(dy, decoded)
    encoder_grads = encode_backward(dcontext, encoded)
    return {**encoder_grads, **decoder_grads}
""",
    ),
    Case(
        name="smoothing_forgotten",
        functions=("seq2seq_loss",),
        kind="single",
        did="The loss isn't smoothed: label_smoothing is not handed to cross_entropy.",
        says=(r"smooth",),
        code=f"""{LOSS}
    logits, cache = seq2seq(
        source, target[:, :-1], params, num_heads, pad, norm, dropout_p, rng
    )
    loss, dlogits = cross_entropy(logits, target[:, 1:], pad)
    return loss, seq2seq_backward(dlogits, cache)
""",
    ),
    Case(
        name="goes_on_after_the_end",
        functions=("greedy_decode",),
        kind="single",
        did="An answer that has ended goes on: after its end come more tokens instead of pad.",
        says=(r"\bend", r"finished", r"\bpad\b", r"goes on"),
        code="""
def greedy_decode(source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"):
    context, _ = encode(source, params, num_heads, pad, norm)
    hidden = _source_mask(source, pad)
    tokens = np.full((len(source), 1), start)
    for _ in range(max_len):
        logits, _ = decode(tokens, context, params, num_heads, hidden, norm)
        best = logits[:, -1].argmax(axis=-1)
        tokens = np.concatenate([tokens, best[:, None]], axis=1)
    return tokens[:, 1:]
""",
    ),
    Case(
        name="context_normalised_and_keys_lost",
        functions=("decoder_block", "decoder_block_backward"),
        kind="pair",
        did="In pre-norm the forward normalises the context with ln2 as well, and the backward "
        "throws away self-attention's gradient of keys and values, in both norms.",
        says=(),
        says_both=(
            (r"context.*(normali|norm|ln)", r"(normali|norm|ln_?2).*context"),
            (
                r"keys?( and|,| or) values?",
                r"self-?attention",
                r"both (gradients|roles)",
                r"dcontext",
                r"only (the )?quer",
            ),
        ),
        code=f"""{BLOCK}
    if norm == "pre":
        n, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(n, n, params["attn"], num_heads, mask)
        a = x + attended
        n, ln2 = layernorm(a, **params["ln2"])
        c, _ = layernorm(context, **params["ln2"])
        read, cross = multi_head_attention(n, c, params["cross"], num_heads, context_mask)
        b = a + read
        n, ln3 = layernorm(b, **params["ln3"])
        fed, ffn = mlp(n, params["ffn"], activation)
        y = b + fed{POST}{RETURN}

{BACKWARD}
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        db, dln3 = _norm_backward(dn, ln3)
        db = db + dy
        dn, dcontext, dcross = multi_head_attention_backward(db, cross)
        da, dln2 = _norm_backward(dn, ln2)
        da = da + db
        dn, _, dattn = multi_head_attention_backward(da, attn)
        dx, dln1 = _norm_backward(dn, ln1)
        dx = dx + da
    else:
        ds, dln3 = _norm_backward(dy, ln3)
        db, dffn = mlp_backward(ds, ffn)
        ds, dln2 = _norm_backward(db + ds, ln2)
        da, dcontext, dcross = multi_head_attention_backward(ds, cross)
        ds, dln1 = _norm_backward(da + ds, ln1)
        dq, _, dattn = multi_head_attention_backward(ds, attn)
        dx = dq + ds{RETURN_BACKWARD}""",
    ),
    Case(
        name="padding_seen_by_both",
        functions=("seq2seq",),
        kind="pair",
        did="The decoder is given no mask of the source's padding, and pad isn't handed to the "
        "encoder, which takes 0 for it.",
        says=(),
        says_both=(
            (r"decod.*(mask|padding)", r"(mask|padding).*decod", r"context[_ ]mask", r"twice"),
            (
                r"\bpad\b.*(encod|hand|pass|given|ignored|0\b)",
                r"encod.*\bpad\b",
                r"(another|other) pad",
            ),
        ),
        code="""
def seq2seq(source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    context, encoded = encode(
        source, params, num_heads, norm=norm, dropout_p=dropout_p, rng=rng
    )
    logits, decoded = decode(
        target, context, params, num_heads, norm=norm, dropout_p=dropout_p, rng=rng
    )
    return logits, (encoded, decoded)
""",
    ),
    Case(
        name="not_shifted_and_padding_counted",
        functions=("seq2seq_loss",),
        kind="pair",
        did="The target isn't shifted: what is wanted is the very token that is read; and pad "
        "isn't handed to cross_entropy, so padding counts.",
        says=(),
        says_both=(
            (
                r"shift",
                r"(very|same) token",
                r"one place",
                r"read.*wanted",
                r"wanted.*read",
                r"inputs?.*targets?",
            ),
            (r"padd", r"\bpad\b", r"ignore", r"count"),
        ),
        code=f"""{LOSS}
    read = wanted = target[:, :-1]
    logits, cache = seq2seq(source, read, params, num_heads, pad, norm, dropout_p, rng)
    loss, dlogits = cross_entropy(logits, wanted, label_smoothing=label_smoothing)
    return loss, seq2seq_backward(dlogits, cache)
""",
    ),
    Case(
        name="positions_scaled_and_factor_lost",
        functions=("encode", "encode_backward"),
        kind="pair",
        did="The forward multiplies the sum of vectors and positions by sqrt(d_model), so the "
        "positions are scaled too; the backward leaves the factor sqrt(d_model) out.",
        says=(),
        says_both=(
            (r"position", r"sum of", r"order"),
            (r"factor", r"sqrt", r"\bscale", r"root of"),
        ),
        code="""
def encode(source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    _check_tokens("source", source)
    _check_norm(norm, params, "encoder_ln")
    vectors, embedded = embed(source, params["embed"])
    positions = sinusoidal_positions(*vectors.shape[1:], dtype=vectors.dtype)
    scale = vectors.shape[2] ** 0.5
    x, dropped = dropout(scale * (vectors + positions), dropout_p, rng)
    mask = _source_mask(source, pad)
    x, blocks = transformer_stack(x, params["encoder"], num_heads, mask, norm, "relu")
    ln = None
    if norm == "pre":
        x, ln = layernorm(x, **params["encoder_ln"])
    return x, ((embedded, scale, dropped), blocks, ln)


def encode_backward(dy, cache):
    (embedded, scale, dropped), blocks, ln = cache
    grads = {}
    if ln is not None:
        dy, grads["encoder_ln"] = _norm_backward(dy, ln)
    dy, grads["encoder"] = transformer_stack_backward(dy, blocks)
    grads["embed"] = embed_backward(dropout_backward(dy, dropped), embedded)
    return grads
""",
    ),
    Case(
        name="reads_a_little_less",
        functions=("decoder_block",),
        kind="novel",
        did="What cross-attention read is multiplied by 0.97 before it is added.",
        says=(),
        code=f"""{BLOCK}
    if norm == "pre":
        n, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(n, n, params["attn"], num_heads, mask)
        a = x + attended
        n, ln2 = layernorm(a, **params["ln2"])
        read, cross = multi_head_attention(n, context, params["cross"], num_heads, context_mask)
        b = a + 0.97 * read
        n, ln3 = layernorm(b, **params["ln3"])
        fed, ffn = mlp(n, params["ffn"], activation)
        y = b + fed
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        a, ln1 = layernorm(x + attended, **params["ln1"])
        read, cross = multi_head_attention(a, context, params["cross"], num_heads, context_mask)
        b, ln2 = layernorm(a + 0.97 * read, **params["ln2"])
        fed, ffn = mlp(b, params["ffn"], activation)
        y, ln3 = layernorm(b + fed, **params["ln3"]){RETURN}""",
    ),
]
