"""A second bank, held out: wrong answers to 06 to 09. Nothing is tuned to them."""

from tests.explained.cases.case import Case
from tests.explained.cases.edit import slipped

# --- 06 -------------------------------------------------------------------------------------------
INIT_BLOCK = """
def init_block(rng, d_model, d_ff, dtype=np.float64):
    gamma, beta = np.ones(d_model, dtype), np.zeros(d_model, dtype)
    return {
        "ln1": {"gamma": gamma.copy(), "beta": beta.copy()},
        "attn": init_attention(rng, d_model, dtype=dtype),
        "ln2": {"gamma": gamma.copy(), "beta": beta.copy()},
        "ffn": init_mlp(rng, [d_model, d_ff, d_model], dtype=dtype),
    }
"""
BLOCK = """
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f'norm is {norm!r}; expected "pre" or "post"')
    d_model = params["ln1"]["gamma"].size
    if x.ndim != 3 or x.shape[-1] != d_model:
        raise ValueError(f"x has shape {x.shape}; expected (batch, time, {d_model})")
    ln1, ln2 = params["ln1"], params["ln2"]
    if norm == "pre":
        n1, c_ln1 = layernorm(x, ln1["gamma"], ln1["beta"])
        a, c_attn = multi_head_attention(n1, n1, params["attn"], num_heads, mask)
        m = x + a
        n2, c_ln2 = layernorm(m, ln2["gamma"], ln2["beta"])
        f, c_ffn = mlp(n2, params["ffn"], activation)
        y = m + f
    else:
        a, c_attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        m, c_ln1 = layernorm(x + a, ln1["gamma"], ln1["beta"])
        f, c_ffn = mlp(m, params["ffn"], activation)
        y, c_ln2 = layernorm(m + f, ln2["gamma"], ln2["beta"])
    return y, (norm, c_ln1, c_attn, c_ln2, c_ffn)
"""
BLOCK_BACKWARD = """
def transformer_block_backward(dy, cache):
    norm, c_ln1, c_attn, c_ln2, c_ffn = cache
    grads = {}
    if norm == "pre":
        dn2, grads["ffn"] = mlp_backward(dy, c_ffn)
        dm_norm, dgamma2, dbeta2 = layernorm_backward(dn2, c_ln2)
        dm = dy + dm_norm
        dquery, dcontext, grads["attn"] = multi_head_attention_backward(dm, c_attn)
        dx_norm, dgamma1, dbeta1 = layernorm_backward(dquery + dcontext, c_ln1)
        dx = dm + dx_norm
    else:
        dsum2, dgamma2, dbeta2 = layernorm_backward(dy, c_ln2)
        dm_ffn, grads["ffn"] = mlp_backward(dsum2, c_ffn)
        dm = dm_ffn + dsum2
        dsum1, dgamma1, dbeta1 = layernorm_backward(dm, c_ln1)
        dxq, dxc, grads["attn"] = multi_head_attention_backward(dsum1, c_attn)
        dx = dxq + dxc + dsum1
    grads["ln1"] = {"gamma": dgamma1, "beta": dbeta1}
    grads["ln2"] = {"gamma": dgamma2, "beta": dbeta2}
    return dx, grads
"""
STACK = """
def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    caches = []
    for block in blocks:
        x, c = transformer_block(x, block, num_heads, mask, norm=norm, activation=activation)
        caches.append(c)
    return x, caches
"""
STACK_BACKWARD = """
def transformer_stack_backward(dy, cache):
    grads = [None] * len(cache)
    for i in reversed(range(len(cache))):
        dy, grads[i] = transformer_block_backward(dy, cache[i])
    return dy, grads
"""

C06 = (
    Case(
        name="second_residual_from_x",
        functions=("transformer_block",),
        kind="single",
        did="With norm=\"pre\" the network's output is added to x, the block's input, not to m.",
        says=(
            r"residual|skip",
            r"\bx\b.*(instead|in place|rather|not)",
            r"\bm\b|middle",
            r"(added|add|adds) to",
            r"block'?s (own )?input",
        ),
        code=slipped(BLOCK, ("y = m + f\n", "y = x + f\n")),
    ),
    Case(
        name="post_norm_before_the_sum",
        functions=("transformer_block",),
        kind="single",
        did='With norm="post" ln1 takes the attention alone, and x is added after it.',
        says=(
            r"\bln1\b|first (layer )?norm",
            r"residual|skip",
            r"(before|after|outside|inside|without|not).*(add|sum|\bx\b)",
            r"(add|sum|\bx\b).*(before|after|outside|not normal)",
        ),
        code=slipped(
            BLOCK,
            (
                'm, c_ln1 = layernorm(x + a, ln1["gamma"], ln1["beta"])\n',
                'm, c_ln1 = layernorm(a, ln1["gamma"], ln1["beta"])\n        m = x + m\n',
            ),
        ),
    ),
    Case(
        name="lower_residual_gets_dy",
        functions=("transformer_block_backward",),
        kind="single",
        did='With norm="pre" dx adds dy instead of dm: what the network sends back to m is lost.',
        says=(r"residual|skip|around", r"\bdm\b|dmiddle|middle", r"\bdy\b", r"dx adds"),
        code=slipped(BLOCK_BACKWARD, ("dx = dm + dx_norm", "dx = dy + dx_norm")),
    ),
    Case(
        name="blocks_walked_forwards",
        functions=("transformer_stack_backward",),
        kind="single",
        did="The backward walks the blocks from the first to the last instead of in reverse order.",
        says=(r"revers|backwards", r"order", r"first block|last block|first to (the )?last"),
        code=slipped(STACK_BACKWARD, ("reversed(range(len(cache)))", "range(len(cache))")),
    ),
    Case(
        name="norm_not_handed_on",
        functions=("transformer_stack",),
        kind="single",
        did="norm is not passed on to the blocks, so that each of them is a pre-norm block.",
        says=(r"\bnorm\b", r"pre-?norm|post-?norm|\"pre\"|\"post\"", r"pass|hand|ignor|default"),
        code=slipped(STACK, ("norm=norm, ", "")),
    ),
    Case(
        name="self_attention_once_and_ffn_residual",
        functions=("transformer_block_backward",),
        kind="pair",
        did='In "pre" the attention\'s dcontext is dropped; in "post" the way around the ffn is.',
        says_both=(
            (r"dcontext|context", r"keys|values", r"attention.*(pre|twice|both|two)", r"dquery"),
            (r"residual|skip|around", r"\bffn\b|feed", r"dsum2?", r"post"),
        ),
        code=slipped(
            BLOCK_BACKWARD,
            ("layernorm_backward(dquery + dcontext, c_ln1)", "layernorm_backward(dquery, c_ln1)"),
            ("dm = dm_ffn + dsum2", "dm = dm_ffn"),
        ),
    ),
    Case(
        name="xavier_network_and_gamma_of_zeros",
        functions=("init_block",),
        kind="pair",
        did="The ffn is drawn with the xavier scheme instead of he; the gammas start at zero.",
        says_both=(
            (r"xavier|glorot|\bhe\b", r"scheme|standard deviation|variance|\bstd\b|spread", r"ffn"),
            (r"gamma|γ", r"\bones?\b|\bzeros?\b"),
        ),
        code=slipped(
            INIT_BLOCK,
            ("np.ones(d_model, dtype), np.zeros", "np.zeros(d_model, dtype), np.zeros"),
            ("d_ff, d_model], dtype", 'd_ff, d_model], scheme="xavier", dtype'),
        ),
    ),
)

# --- 07 -------------------------------------------------------------------------------------------
INIT_EMBEDDING = """
def init_embedding(rng, vocab_size, d_model, dtype=np.float64):
    table = rng.standard_normal((vocab_size, d_model)) * 0.02
    return table.astype(dtype)
"""
EMBED_BACKWARD = """
def embed_backward(dy, cache):
    tokens, (vocab_size, d_model) = cache
    dtable = np.zeros((vocab_size, d_model), dy.dtype)
    np.add.at(dtable, tokens.reshape(-1), dy.reshape(-1, d_model))
    return dtable
"""
DROPOUT = """
def dropout(x, p, rng):
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, expected 0 <= p < 1")
    if rng is None:
        return x, None
    keep = rng.random(x.shape) >= p
    mask = (keep / (1 - p)).astype(x.dtype)
    return x * mask, mask
"""
DROPOUT_BACKWARD = """
def dropout_backward(dy, cache):
    mask = cache
    if mask is None:
        return dy
    return dy * mask
"""
SINUSOIDS = """
def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    position = np.arange(offset, offset + t)[:, None]
    two_i = np.arange(0, d_model, 2)
    angles = position / 10000.0 ** (two_i / d_model)
    table = np.zeros((t, d_model))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : d_model // 2])
    return table.astype(dtype)
"""
ROTARY = """
def rotary(x, offset=0, base=10000.0):
    if x.ndim != 4 or x.shape[-1] % 2:
        raise ValueError(f"x has shape {x.shape}, expected (B, H, T, d) with an even d")
    t, d = x.shape[-2:]
    position = np.arange(offset, offset + t)[:, None]
    angles = position * base ** (-np.arange(0, d, 2) / d)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    y = np.empty_like(x)
    y[..., 0::2] = a * cos - b * sin
    y[..., 1::2] = a * sin + b * cos
    return y, (cos, sin)
"""
ROTARY_BACKWARD = """

def rotary_backward(dy, cache):
    cos, sin = cache
    da, db = dy[..., 0::2], dy[..., 1::2]
    dx = np.empty_like(dy)
    dx[..., 0::2] = da * cos + db * sin
    dx[..., 1::2] = -da * sin + db * cos
    return dx
"""

C07 = (
    Case(
        name="table_of_variance_0_02",
        functions=("init_embedding",),
        kind="single",
        did="0.02 is taken for the variance: the standard deviation is its root, 0.14.",
        says=(r"varianc", r"standard deviation|\bstd\b|spread", r"0\.02", r"root", r"0\.14"),
        code=slipped(INIT_EMBEDDING, ("* 0.02", "* np.sqrt(0.02)")),
    ),
    Case(
        name="repeated_tokens_averaged",
        functions=("embed_backward",),
        kind="single",
        did="A token's row is the mean over its places instead of the sum over them.",
        says=(
            r"\bmean\b|averag",
            r"repeat|occur|how often|more than once|several|twice",
            r"\bsum",
            r"count|divid",
        ),
        code=slipped(
            EMBED_BACKWARD,
            (
                "    return dtable\n",
                "    counts = np.bincount(tokens.reshape(-1), minlength=vocab_size)\n"
                "    return dtable / np.maximum(counts, 1)[:, None].astype(dy.dtype)\n",
            ),
        ),
    ),
    Case(
        name="p_is_what_is_kept",
        functions=("dropout",),
        kind="single",
        did="A number is kept with probability p instead of 1 - p; the divisor is 1 - p.",
        says=(
            r"\bp\b.*(kept|keep)|(kept|keep).*\bp\b",
            r"drop.*1 ?[-−] ?p|1 ?[-−] ?p.*drop",
            r"invert|exchang|swap|opposite|the wrong (ones|way)|complement",
            r"share|fraction|proportion|too (many|few)",
        ),
        code=slipped(DROPOUT, (">= p", "< p")),
    ),
    Case(
        name="sinusoids_too_slow_by_half",
        functions=("sinusoidal_positions",),
        kind="single",
        did="The exponent is i / D for the pair i, instead of 2i / D: the 2 is missing.",
        says=(
            r"expon",
            r"\b2 ?i\b|two_i",
            r"\b2\b|two|half|twice",
            r"frequenc|wavelength",
            r"angle",
            r"10000",
        ),
        code=slipped(SINUSOIDS, ("(two_i / d_model)", "(two_i / 2 / d_model)")),
    ),
    Case(
        name="pairs_are_the_two_halves",
        functions=("rotary",),
        kind="single",
        did="Feature i is paired with i + d / 2, the two halves, instead of 2i with 2i + 1.",
        says=(
            r"half|halves",
            r"pair",
            r"neighbou?r|adjacent|next to|even|odd",
            r"interleav",
            r"2i",
        ),
        code=slipped(
            ROTARY,
            ("a, b = x[..., 0::2], x[..., 1::2]", "a, b = x[..., : d // 2], x[..., d // 2 :]"),
            ("y[..., 0::2] = a", "y[..., : d // 2] = a"),
            ("y[..., 1::2] = a", "y[..., d // 2 :] = a"),
        )
        + slipped(
            ROTARY_BACKWARD,
            ("cos, sin = cache\n", "cos, sin = cache\n    h = dy.shape[-1] // 2\n"),
            ("dy[..., 0::2], dy[..., 1::2]", "dy[..., :h], dy[..., h:]"),
            ("dx[..., 0::2]", "dx[..., :h]"),
            ("dx[..., 1::2]", "dx[..., h:]"),
        ),
    ),
    Case(
        name="gradient_unscaled_and_rows_written_once",
        functions=("embed_backward", "dropout_backward"),
        kind="pair",
        did="Repeated tokens write their row once; the dropout's gradient lacks the 1 / (1 - p).",
        says_both=(
            (r"repeat|several|more than once|occur|duplicat|twice", r"once", r"add\.at|overwrit"),
            (r"1 ?[-−] ?p", r"scal|divid|factor", r"dropout.*(gradient|mask)"),
        ),
        code=slipped(
            EMBED_BACKWARD,
            (
                "np.add.at(dtable, tokens.reshape(-1), dy.reshape(-1, d_model))",
                "dtable[tokens.reshape(-1)] += dy.reshape(-1, d_model)",
            ),
        )
        + "\n"
        + slipped(DROPOUT_BACKWARD, ("dy * mask", "dy * (mask > 0)")),
    ),
)

# --- 08 -------------------------------------------------------------------------------------------
LANGUAGE_MODEL_BACKWARD = """
def language_model_backward(dy, cache):
    of_embed, (max_len, d_model), of_blocks, of_ln, of_unembed = cache
    dx, dembed_out = unembed_backward(dy, of_unembed)
    dx, dgamma, dbeta = layernorm_backward(dx, of_ln)
    dx, dblocks = transformer_stack_backward(dx, of_blocks)
    dembed_in = embed_backward(dx, of_embed)
    dpositions = np.zeros((max_len, d_model), dx.dtype)
    dpositions[: dx.shape[1]] = dx.sum(axis=0)
    return {
        "embed": dembed_in + dembed_out,
        "positions": dpositions,
        "blocks": dblocks,
        "ln": {"gamma": dgamma, "beta": dbeta},
    }
"""
NEXT_TOKEN_LOSS = """
def next_token_loss(tokens, params, num_heads, ignore_index=-1):
    if tokens.ndim != 2 or tokens.shape[1] < 2:
        raise ValueError(f"tokens has shape {tokens.shape}; expected (batch, time), time 2 or more")
    inputs = tokens[:, :-1]
    targets = tokens[:, 1:]
    inputs = np.where(inputs == ignore_index, 0, inputs)
    logits, cache = language_model(inputs, params, num_heads)
    loss, dlogits = cross_entropy(logits, targets, ignore_index)
    grads = language_model_backward(dlogits, cache)
    return loss, grads
"""
TRAIN_STEP = """
def train_step(
    params,
    tokens,
    state,
    num_heads,
    lr=1e-3,
    warmup=100,
    max_norm=1.0,
    weight_decay=0.0,
    ignore_index=-1,
):
    if state is None:
        state = {"step": 0, "adam": adam_init(params)}
    step = state["step"] + 1
    loss, grads = next_token_loss(tokens, params, num_heads, ignore_index)
    grads, _ = clip_by_global_norm(grads, max_norm)
    rate = lr * min(step / warmup, (warmup / step) ** 0.5)
    params, adam = adam_step(params, grads, state["adam"], lr=rate, weight_decay=weight_decay)
    return params, {"step": step, "adam": adam}, loss
"""
NEXT_TOKEN_PROBABILITIES = """
def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature < 0:
        raise ValueError(f"temperature is {temperature}; expected 0 (greedy) or more")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is {top_k}; expected 1 or more, or None")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}; expected 0 < top_p <= 1, or None")
    if temperature == 0:
        temperature, top_k = 1.0, 1
    order = np.argsort(-logits, axis=-1, kind="stable")
    sorted_logits = np.take_along_axis(logits, order, axis=-1)
    p, _ = softmax(sorted_logits / float(temperature))
    if top_k is not None:
        p[..., top_k:] = 0
        p /= p.sum(axis=-1, keepdims=True)
    if top_p is not None:
        cumulative = np.cumsum(p, axis=-1)
        drop = cumulative - p >= top_p
        p[drop] = 0
        p /= p.sum(axis=-1, keepdims=True)
    result = np.zeros_like(p)
    np.put_along_axis(result, order, p, axis=-1)
    return result
"""
CACHED_LANGUAGE_MODEL = """
def cached_language_model(tokens, params, num_heads, cache=None):
    if cache is None:
        cache = (0, [None] * len(params["blocks"]))
    past, layers = cache
    max_len = len(params["positions"])
    if tokens.ndim != 2 or past + tokens.shape[1] > max_len:
        raise ValueError(
            f"tokens has shape {tokens.shape}, after {past} in the cache; expected (batch, time) "
            f"and at most {max_len} tokens in all"
        )
    t = tokens.shape[1]
    x, _ = embed(tokens, params["embed"])
    x = x + params["positions"][past : past + t]
    mask = causal_mask(t, past + t)
    new_layers = []
    for block, before in zip(params["blocks"], layers):
        n, _ = layernorm(x, block["ln1"]["gamma"], block["ln1"]["beta"])
        a, now = _attend(n, block["attn"], num_heads, mask, before)
        new_layers.append(now)
        x = x + a
        n, _ = layernorm(x, block["ln2"]["gamma"], block["ln2"]["beta"])
        f, _ = mlp(n, block["ffn"], "gelu")
        x = x + f
    x, _ = layernorm(x, params["ln"]["gamma"], params["ln"]["beta"])
    logits, _ = unembed(x, params["embed"])
    return logits, (past + t, new_layers)
"""

C08 = (
    Case(
        name="positions_gradient_averaged",
        functions=("language_model_backward",),
        kind="single",
        did="The gradient of the positions is the mean over the batch instead of the sum.",
        says=(
            r"position",
            r"\bmean\b|averag",
            r"batch size|number of (items|sequences)",
        ),
        code=slipped(LANGUAGE_MODEL_BACKWARD, ("dx.sum(axis=0)", "dx.mean(axis=0)")),
    ),
    Case(
        name="ignore_index_stays_at_home",
        functions=("next_token_loss",),
        kind="single",
        did="ignore_index is not handed to cross_entropy, which counts the padding as a target.",
        says=(
            r"ignore_index",
            r"padd|\bpad\b",
            r"not counted|counted",
        ),
        code=slipped(NEXT_TOKEN_LOSS, ("(logits, targets, ignore_index)", "(logits, targets)")),
    ),
    Case(
        name="rate_stays_at_its_top",
        functions=("train_step",),
        kind="single",
        did="After the warm-up the learning rate stays at lr instead of falling with the root.",
        says=(
            r"learning rate|\brate\b",
            r"warm-?up",
            r"\bfall|decreas|declin|decay of the rate",
            r"schedule|constant",
        ),
        code=slipped(
            TRAIN_STEP, ("min(step / warmup, (warmup / step) ** 0.5)", "min(step / warmup, 1.0)")
        ),
    ),
    Case(
        name="nucleus_without_the_token_that_reaches_p",
        functions=("next_token_probabilities",),
        kind="single",
        did="The token whose probability reaches top_p is left out of the nucleus.",
        says=(
            r"top[-_ ]p",
            r"nucleus",
            r"cumulat",
            r"reach|crosses|crossing",
            r"at least p",
        ),
        code=slipped(
            NEXT_TOKEN_PROBABILITIES,
            (
                "drop = cumulative - p >= top_p\n",
                "drop = cumulative > top_p\n        drop[..., 0] = False\n",
            ),
        ),
    ),
    Case(
        name="new_tokens_start_at_position_0",
        functions=("cached_language_model",),
        kind="single",
        did="The new tokens get the positions from 0 on, not those that follow the cache.",
        says=(r"position", r"offset", r"from (0|zero)|start(s|ed)? (again )?at (0|zero)"),
        code=slipped(
            CACHED_LANGUAGE_MODEL,
            ('["positions"][past : past + t]', '["positions"][:t]'),
        ),
    ),
    Case(
        name="lookup_gradient_and_norm_names",
        functions=("language_model_backward",),
        kind="pair",
        did="The table's gradient lacks the lookup's part; ln's gamma and beta are exchanged.",
        says_both=(
            (r"embed", r"\btable\b", r"look-?up|input", r"tied|two (uses|terms)"),
            (r"gamma|beta|γ|β", r"exchang|swap|mixed up"),
        ),
        code=slipped(
            LANGUAGE_MODEL_BACKWARD,
            ("dembed_in + dembed_out,", "dembed_out,"),
            ("    dembed_in = embed_backward(dx, of_embed)\n", ""),
            ("dx, dgamma, dbeta = layernorm", "dx, dbeta, dgamma = layernorm"),
        ),
    ),
)

# --- 09 -------------------------------------------------------------------------------------------
DECODER_BLOCK = """
def decoder_block(
    x, context, params, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    _check_decoder_block(x, context, params, norm)
    ln1, ln2, ln3 = params["ln1"], params["ln2"], params["ln3"]
    if norm == "post":
        s, c_attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        a, c_ln1 = layernorm(x + s, ln1["gamma"], ln1["beta"])
        r, c_cross = multi_head_attention(a, context, params["cross"], num_heads, context_mask)
        b, c_ln2 = layernorm(a + r, ln2["gamma"], ln2["beta"])
        f, c_ffn = mlp(b, params["ffn"], activation)
        y, c_ln3 = layernorm(b + f, ln3["gamma"], ln3["beta"])
    else:
        n1, c_ln1 = layernorm(x, ln1["gamma"], ln1["beta"])
        s, c_attn = multi_head_attention(n1, n1, params["attn"], num_heads, mask)
        a = x + s
        n2, c_ln2 = layernorm(a, ln2["gamma"], ln2["beta"])
        r, c_cross = multi_head_attention(n2, context, params["cross"], num_heads, context_mask)
        b = a + r
        n3, c_ln3 = layernorm(b, ln3["gamma"], ln3["beta"])
        f, c_ffn = mlp(n3, params["ffn"], activation)
        y = b + f
    return y, (norm, c_ln1, c_attn, c_ln2, c_cross, c_ln3, c_ffn)
"""
DECODER_BLOCK_BACKWARD = """
def decoder_block_backward(dy, cache):
    norm, c_ln1, c_attn, c_ln2, c_cross, c_ln3, c_ffn = cache
    grads = {}
    if norm == "post":
        ds3, grads["ln3"] = _norm_backward(dy, c_ln3)
        db, grads["ffn"] = mlp_backward(ds3, c_ffn)
        db = db + ds3
        ds2, grads["ln2"] = _norm_backward(db, c_ln2)
        da, dcontext, grads["cross"] = multi_head_attention_backward(ds2, c_cross)
        da = da + ds2
        ds1, grads["ln1"] = _norm_backward(da, c_ln1)
        dquery, dkey, grads["attn"] = multi_head_attention_backward(ds1, c_attn)
        dx = dquery + dkey + ds1
    else:
        dn3, grads["ffn"] = mlp_backward(dy, c_ffn)
        db, grads["ln3"] = _norm_backward(dn3, c_ln3)
        db = db + dy
        dn2, dcontext, grads["cross"] = multi_head_attention_backward(db, c_cross)
        da, grads["ln2"] = _norm_backward(dn2, c_ln2)
        da = da + db
        dq1, dk1, grads["attn"] = multi_head_attention_backward(da, c_attn)
        dx, grads["ln1"] = _norm_backward(dq1 + dk1, c_ln1)
        dx = dx + da
    return dx, dcontext, grads
"""
ENCODE = """
def encode(source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    _check_tokens("source", source)
    _check_norm(norm, params, "encoder_ln")
    table = params["embed"]
    scale = float(table.shape[1]) ** 0.5
    vectors, embedded = embed(source, table)
    positions = sinusoidal_positions(vectors.shape[1], vectors.shape[2], dtype=vectors.dtype)
    x = scale * vectors + positions
    x, dropped = dropout(x, dropout_p, rng)
    mask = (source != pad)[:, None, None, :]
    x, blocks = transformer_stack(x, params["encoder"], num_heads, mask, norm, "relu")
    ln = None
    if norm == "pre":
        x, ln = layernorm(x, params["encoder_ln"]["gamma"], params["encoder_ln"]["beta"])
    return x, ((embedded, scale, dropped), blocks, ln)
"""
DECODE_BACKWARD = """
def decode_backward(dy, cache):
    (embedded, scale, dropped), blocks, ln, unembedded = cache
    grads = {}
    dx, dtable_out = unembed_backward(dy, unembedded)
    if ln is not None:
        dx, grads["decoder_ln"] = _norm_backward(dx, ln)
    dx, dcontext, grads["decoder"] = decoder_stack_backward(dx, blocks)
    dvectors = scale * dropout_backward(dx, dropped)
    dtable_in = embed_backward(dvectors, embedded)
    grads["embed"] = dtable_in + dtable_out
    return dcontext, grads
"""
SEQ2SEQ_LOSS = """
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
    read = target[:, :-1]
    wanted = target[:, 1:]
    logits, cache = seq2seq(source, read, params, num_heads, pad, norm, dropout_p, rng)
    loss, dlogits = cross_entropy(
        logits, wanted, ignore_index=pad, label_smoothing=label_smoothing
    )
    return loss, seq2seq_backward(dlogits, cache)
"""
GREEDY_DECODE = """
def greedy_decode(source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"):
    context, _ = encode(source, params, num_heads, pad, norm)
    context_mask = (source != pad)[:, None, None, :]
    batch = len(source)
    tokens = np.full((batch, 1), start)
    finished = np.zeros(batch, bool)
    for _ in range(max_len):
        logits, _ = decode(tokens, context, params, num_heads, context_mask, norm)
        best = logits[:, -1].argmax(axis=-1)
        new = np.where(finished, pad, best)
        finished = finished | (best == end)
        tokens = np.concatenate([tokens, new[:, None]], axis=1)
    return tokens[:, 1:]
"""

C09 = (
    Case(
        name="cross_residual_from_x",
        functions=("decoder_block",),
        kind="single",
        did='With norm="post" what cross-attention reads is added to x, the block\'s input, not a.',
        says=(
            r"residual|skip",
            r"\bx\b.*(instead|in place|rather|not)",
            r"(added|add|adds) to",
            r"\bln2\b",
            r"block'?s (own )?input",
            r"after (the )?(cross|second)",
        ),
        code=slipped(DECODER_BLOCK, ("layernorm(a + r, ln2", "layernorm(x + r, ln2")),
    ),
    Case(
        name="self_attention_as_queries_only",
        functions=("decoder_block_backward",),
        kind="single",
        did='With norm="post" dx lacks dkey, what comes back through keys and values.',
        says=(r"dkey|\bkeys?\b", r"values", r"self-?attention", r"dquery|two gradients|both"),
        code=slipped(DECODER_BLOCK_BACKWARD, ("dx = dquery + dkey + ds1", "dx = dquery + ds1")),
    ),
    Case(
        name="positions_scaled_too",
        functions=("encode",),
        kind="single",
        did="The factor sqrt(D) multiplies the sum, so the positions are scaled as well.",
        says=(r"position|sinusoid", r"sqrt|root|√|scal|factor"),
        code=slipped(ENCODE, ("scale * vectors + positions", "scale * (vectors + positions)")),
    ),
    Case(
        name="loss_not_smoothed",
        functions=("seq2seq_loss",),
        kind="single",
        did="label_smoothing is not passed on to cross_entropy: nothing is smoothed.",
        says=(r"smooth", r"epsilon|ε"),
        code=slipped(
            SEQ2SEQ_LOSS, ("ignore_index=pad, label_smoothing=label_smoothing", "ignore_index=pad")
        ),
    ),
    Case(
        name="end_overwritten_by_pad",
        functions=("greedy_decode",),
        kind="single",
        did="The end itself becomes pad, as finished is updated before the token is written.",
        says=(r"\bend\b", r"finish", r"\bpad\b"),
        code=slipped(
            GREEDY_DECODE,
            (
                "        new = np.where(finished, pad, best)\n"
                "        finished = finished | (best == end)\n",
                "        finished = finished | (best == end)\n"
                "        new = np.where(finished, pad, best)\n",
            ),
        ),
    ),
    Case(
        name="output_table_dropped_and_lookup_unscaled",
        functions=("decode_backward",),
        kind="pair",
        did="The table's gradient lacks the logits' part, and the lookup's part lacks sqrt(D).",
        says_both=(
            (r"output|logits|unembed", r"dtable", r"tied|two (uses|terms)|missing.*term"),
            (r"sqrt|root|√|scal|factor",),
        ),
        code=slipped(
            DECODE_BACKWARD,
            ("dx, dtable_out = unembed", "dx, _ = unembed"),
            ("scale * dropout_backward", "dropout_backward"),
            ("dtable_in + dtable_out", "dtable_in"),
        ),
    ),
)

FRESH: dict[str, tuple[Case, ...]] = {"06": C06, "07": C07, "08": C08, "09": C09}
