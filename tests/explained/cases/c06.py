"""Wrong transformer blocks and stacks."""

from tests.explained.cases.case import Case

GONE = (
    r"(missing|lost|lack|without|forg|left out|leaves? out|drop|skip|no grad|n't\b|\bnot\b|never)"
)

CASES = [
    Case(
        name="betas_of_ones",
        functions=("init_block",),
        kind="single",
        did="The beta of both norms starts at ones, where it should start at zeros.",
        says=(r"beta", r"\bones\b.*\bzeros\b", r"shift"),
        code="""
def init_block(rng, d_model, d_ff, dtype=np.float64):
    def norm():
        return {"gamma": np.ones(d_model, dtype), "beta": np.ones(d_model, dtype)}

    return {
        "ln1": norm(),
        "attn": init_attention(rng, d_model, dtype=dtype),
        "ln2": norm(),
        "ffn": init_mlp(rng, [d_model, d_ff, d_model], dtype=dtype),
    }
""",
    ),
    Case(
        name="xavier_network",
        functions=("init_block",),
        kind="single",
        did="The feed-forward network is drawn by the Xavier scheme instead of the He scheme.",
        says=(
            r"xavier",
            r"glorot",
            r"\bscheme",
            r"\bhe\b.*(init|scheme|deviation)",
            r"d_in \+ d_out",
            r"fan",
        ),
        code="""
def init_block(rng, d_model, d_ff, dtype=np.float64):
    params = {"attn": init_attention(rng, d_model, dtype)}
    params["ffn"] = init_mlp(rng, [d_model, d_ff, d_model], scheme="xavier", dtype=dtype)
    for name in ("ln1", "ln2"):
        params[name] = {
            "gamma": np.ones(d_model, dtype=dtype),
            "beta": np.zeros(d_model, dtype=dtype),
        }
    return params
""",
    ),
    Case(
        name="network_without_dtype",
        functions=("init_block",),
        kind="single",
        did="The dtype is not handed to init_mlp, so the network's weights stay float64.",
        says=(r"dtype", r"float64", r"float32", r"precision"),
        code="""
def init_block(rng, d_model, d_ff, dtype=np.float64):
    ones, zeros = np.ones(d_model, dtype), np.zeros(d_model, dtype)
    return {
        "ln1": {"gamma": ones, "beta": zeros},
        "attn": init_attention(rng, d_model, dtype),
        "ln2": {"gamma": ones.copy(), "beta": zeros.copy()},
        "ffn": init_mlp(rng, [d_model, d_ff, d_model]),
    }
""",
    ),
    Case(
        name="attention_weights_too_narrow",
        functions=("init_block",),
        kind="single",
        did="The weights of attention are drawn with standard deviation sqrt(1 / (2 D)): the 2 of "
        "Xavier's formula is missing, so they are too small by sqrt(2).",
        says=(
            r"xavier",
            r"deviation",
            r"spread",
            r"variance",
            r"too (small|narrow)",
            r"sqrt\(2\)",
            r"0\.7",
        ),
        code="""
def init_block(rng, d_model, d_ff, dtype=np.float64):
    std = np.sqrt(1 / (d_model + d_model))
    attn = {}
    for name in "qkvo":
        attn[f"w_{name}"] = rng.normal(0, std, (d_model, d_model)).astype(dtype)
        attn[f"b_{name}"] = np.zeros(d_model, dtype)
    return {
        "ln1": {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)},
        "attn": attn,
        "ln2": {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)},
        "ffn": init_mlp(rng, [d_model, d_ff, d_model], dtype=dtype),
    }
""",
    ),
    Case(
        name="post_norm_forgets_the_activation",
        functions=("transformer_block",),
        kind="single",
        did='With norm="post" the activation is not handed to mlp, which then uses ReLU.',
        says=(r"activation", r"\brelu\b", r"gelu"),
        code="""
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f"unknown norm {norm!r}")
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(f"x has the wrong shape {x.shape}")
    if norm == "pre":
        n1, ln1 = layernorm(x, **params["ln1"])
        a, attn = multi_head_attention(n1, n1, params["attn"], num_heads, mask)
        m = x + a
        n2, ln2 = layernorm(m, **params["ln2"])
        f, ffn = mlp(n2, params["ffn"], activation)
        y = m + f
    else:
        a, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        m, ln1 = layernorm(x + a, **params["ln1"])
        f, ffn = mlp(m, params["ffn"])
        y, ln2 = layernorm(m + f, **params["ln2"])
    return y, (norm, ln1, attn, ln2, ffn)
""",
    ),
    Case(
        name="pre_norm_forgets_the_mask",
        functions=("transformer_block",),
        kind="single",
        did='With norm="pre" the mask is not handed to attention; with "post" it is.',
        says=(r"\bmask",),
        code="""
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f"norm must be pre or post, not {norm!r}")
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(f"x has shape {x.shape}")
    pre = norm == "pre"
    if pre:
        read, ln1 = layernorm(x, **params["ln1"])
        a, attn = multi_head_attention(read, read, params["attn"], num_heads)
        m = x + a
        read, ln2 = layernorm(m, **params["ln2"])
        f, ffn = mlp(read, params["ffn"], activation)
        return m + f, (norm, ln1, attn, ln2, ffn)
    a, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
    m, ln1 = layernorm(x + a, **params["ln1"])
    f, ffn = mlp(m, params["ffn"], activation)
    y, ln2 = layernorm(m + f, **params["ln2"])
    return y, (norm, ln1, attn, ln2, ffn)
""",
    ),
    Case(
        name="queries_from_the_raw_input",
        functions=("transformer_block",),
        kind="single",
        did="In pre-norm the queries come from x itself, only keys and values from the normalised "
        "x.",
        says=(
            r"quer(y|ies)",
            r"un-?normali",
            r"keys? and values?",
            r"raw",
            r"context.*normali",
            r"normali.*context",
            r"normali[sz]ed (copy|x|input)",
        ),
        code="""
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f"norm must be pre or post, not {norm!r}")
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(f"x has shape {x.shape}")
    if norm == "pre":
        normed, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(x, normed, params["attn"], num_heads, mask)
        middle = x + attended
        normed, ln2 = layernorm(middle, **params["ln2"])
        fed, ffn = mlp(normed, params["ffn"], activation)
        y = middle + fed
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        middle, ln1 = layernorm(x + attended, **params["ln1"])
        fed, ffn = mlp(middle, params["ffn"], activation)
        y, ln2 = layernorm(middle + fed, **params["ln2"])
    return y, (norm, ln1, attn, ln2, ffn)
""",
    ),
    Case(
        name="post_second_residual_from_the_input",
        functions=("transformer_block",),
        kind="single",
        did="In post-norm the second residual adds the block's input x instead of the middle m.",
        says=(
            r"residual.*`x` stands",
            r"second (residual|addition|sum|correction)",
            r"block's (own )?input",
            r"input of the block",
            r"x \+ f",
            r"instead of (the )?m\b",
            r"\bm \+ f",
        ),
        code="""
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f"norm must be pre or post, not {norm!r}")
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(f"x has shape {x.shape}")
    if norm == "post":
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        middle, ln1 = layernorm(x + attended, **params["ln1"])
        fed, ffn = mlp(middle, params["ffn"], activation)
        y, ln2 = layernorm(x + fed, **params["ln2"])
    else:
        normed, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(normed, normed, params["attn"], num_heads, mask)
        middle = attended + x
        normed, ln2 = layernorm(middle, **params["ln2"])
        fed, ffn = mlp(normed, params["ffn"], activation)
        y = fed + middle
    return y, (norm, ln1, attn, ln2, ffn)
""",
    ),
    Case(
        name="norm_parameters_exchanged",
        functions=("transformer_block",),
        kind="single",
        did="The parameters of the two norms are exchanged: ln2 is used where ln1 belongs, and ln1 "
        "where ln2 belongs.",
        says=(r"ln_?1.*ln_?2", r"ln_?2.*ln_?1", r"two norms", r"other norm", r"exchanged", r"swap"),
        code="""
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f"norm must be pre or post, not {norm!r}")
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(f"x has shape {x.shape}")
    first, second = params["ln2"], params["ln1"]
    if norm == "pre":
        normed, ln1 = layernorm(x, **first)
        attended, attn = multi_head_attention(normed, normed, params["attn"], num_heads, mask)
        middle = x + attended
        normed, ln2 = layernorm(middle, **second)
        fed, ffn = mlp(normed, params["ffn"], activation)
        y = middle + fed
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        middle, ln1 = layernorm(x + attended, **first)
        fed, ffn = mlp(middle, params["ffn"], activation)
        y, ln2 = layernorm(middle + fed, **second)
    return y, (norm, ln1, attn, ln2, ffn)
""",
    ),
    Case(
        name="pre_dx_adds_dy",
        functions=("transformer_block_backward",),
        kind="single",
        did="In pre-norm the first residual adds dy to dx instead of dm, the complete gradient at "
        "m.",
        says=(
            r"\bdm\b",
            r"complete gradient",
            r"dmiddle",
            r"dx = dy",
            r"adds? dy.*\bd[xm]\b",
            r"(first|attention's) residual",
            r"came back through the (feed|network|ffn)",
        ),
        code="""
def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    grads = {}
    if norm == "pre":
        dn2, grads["ffn"] = mlp_backward(dy, ffn)
        dm, grads["ln2"] = _norm_backward(dn2, ln2)
        dm = dm + dy
        dq, dc, grads["attn"] = multi_head_attention_backward(dm, attn)
        dx, grads["ln1"] = _norm_backward(dq + dc, ln1)
        dx = dx + dy
    else:
        ds2, grads["ln2"] = _norm_backward(dy, ln2)
        df, grads["ffn"] = mlp_backward(ds2, ffn)
        ds1, grads["ln1"] = _norm_backward(df + ds2, ln1)
        dq, dc, grads["attn"] = multi_head_attention_backward(ds1, attn)
        dx = dq + dc + ds1
    return dx, grads
""",
    ),
    Case(
        name="post_dx_without_residual",
        functions=("transformer_block_backward",),
        kind="single",
        did="In post-norm dx is what attention sends back only: the residual's term ds1 is "
        "missing.",
        says=(
            rf"residual.*{GONE}",
            rf"{GONE}.*residual",
            r"ds_?1",
            r"around attention",
            r"(first|plus) (sum|sign|addition)",
            r"added to",
        ),
        code="""
def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        dm, dln2 = _norm_backward(dn, ln2)
        dm = dm + dy
        dq, dc, dattn = multi_head_attention_backward(dm, attn)
        dx, dln1 = _norm_backward(dq + dc, ln1)
        dx = dx + dm
    else:
        ds, dln2 = _norm_backward(dy, ln2)
        dm, dffn = mlp_backward(ds, ffn)
        ds, dln1 = _norm_backward(dm + ds, ln1)
        dq, dc, dattn = multi_head_attention_backward(ds, attn)
        dx = dq + dc
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}
""",
    ),
    Case(
        name="pre_context_dropped",
        functions=("transformer_block_backward",),
        kind="single",
        did="In pre-norm attention's dcontext is thrown away, so only the queries' gradient goes "
        "on; post-norm is right.",
        says=(r"d?context", r"keys?( and|,) values?", r"quer(y|ies)", r"two roles"),
        code="""
def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        dm, dln2 = _norm_backward(dn, ln2)
        dm = dm + dy
        dn, _, dattn = multi_head_attention_backward(dm, attn)
        dx, dln1 = _norm_backward(dn, ln1)
        dx = dx + dm
    else:
        ds, dln2 = _norm_backward(dy, ln2)
        dm, dffn = mlp_backward(ds, ffn)
        ds, dln1 = _norm_backward(dm + ds, ln1)
        dq, dc, dattn = multi_head_attention_backward(ds, attn)
        dx = dq + dc + ds
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}
""",
    ),
    Case(
        name="post_middle_adds_dy",
        functions=("transformer_block_backward",),
        kind="single",
        did="In post-norm the residual around the network adds dy, the gradient outside the norm, "
        "instead of ds2, the one inside it.",
        says=(
            r"residual.*`dy` stands",
            r"ds_?2",
            r"(in|out)side (of )?(the|its|ln|a)",
            r"adds? dy, ",
            r"before (the )?(norm|ln2)",
        ),
        code="""
def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        dm, dln2 = _norm_backward(dn, ln2)
        dm = dm + dy
        dn, dattn = _self_attention_backward(dm, attn)
        dx, dln1 = _norm_backward(dn, ln1)
        dx = dx + dm
    else:
        ds, dln2 = _norm_backward(dy, ln2)
        dm, dffn = mlp_backward(ds, ffn)
        dm = dm + dy
        ds, dln1 = _norm_backward(dm, ln1)
        dx, dattn = _self_attention_backward(ds, attn)
        dx = dx + ds
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}
""",
    ),
    Case(
        name="gamma_and_beta_exchanged_in_ln2",
        functions=("transformer_block_backward",),
        kind="single",
        did="The gradients of gamma and beta are exchanged in ln2.",
        says=(r"gamma.*beta", r"beta.*gamma"),
        code="""
def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        dm, dbeta2, dgamma2 = layernorm_backward(dn, ln2)
        dm = dm + dy
        dq, dc, dattn = multi_head_attention_backward(dm, attn)
        dx, dgamma1, dbeta1 = layernorm_backward(dq + dc, ln1)
        dx = dx + dm
    else:
        ds, dbeta2, dgamma2 = layernorm_backward(dy, ln2)
        dm, dffn = mlp_backward(ds, ffn)
        ds, dgamma1, dbeta1 = layernorm_backward(dm + ds, ln1)
        dq, dc, dattn = multi_head_attention_backward(ds, attn)
        dx = dq + dc + ds
    return dx, {
        "ln1": {"gamma": dgamma1, "beta": dbeta1},
        "attn": dattn,
        "ln2": {"gamma": dgamma2, "beta": dbeta2},
        "ffn": dffn,
    }
""",
    ),
    Case(
        name="pre_dy_added_twice",
        functions=("transformer_block_backward",),
        kind="single",
        did="In pre-norm dx gets dm and dy as well: dy is added once too often, for it is in dm.",
        says=(
            r"twice",
            r"once too (often|many)",
            r"doubl",
            r"too much",
            r"counted",
        ),
        code="""
def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        dm, dln2 = _norm_backward(dn, ln2)
        dm = dm + dy
        dn, dattn = _self_attention_backward(dm, attn)
        dx, dln1 = _norm_backward(dn, ln1)
        dx = dx + dm + dy
    else:
        ds, dln2 = _norm_backward(dy, ln2)
        dm, dffn = mlp_backward(ds, ffn)
        ds, dln1 = _norm_backward(dm + ds, ln1)
        dx, dattn = _self_attention_backward(ds, attn)
        dx = dx + ds
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}
""",
    ),
    Case(
        name="stack_always_pre",
        functions=("transformer_stack",),
        kind="single",
        did="The stack doesn't hand on norm, so that every block is a pre-norm block.",
        says=(
            r"\bnorm\b.*(hand|pass|given|forgot|ignored)",
            r"(hand|pass|given|forgot|ignor).*\bnorm\b",
            r"pre-?norm",
            r"post",
        ),
        code="""
def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    caches = []
    for block in blocks:
        x, cache = transformer_block(x, block, num_heads, mask, activation=activation)
        caches.append(cache)
    return x, caches
""",
    ),
    Case(
        name="stack_gradients_in_reverse",
        functions=("transformer_stack_backward",),
        kind="single",
        did="The list of gradients is in the order in which they were found, last block first: it "
        "is not reversed.",
        says=(r"revers", r"order", r"last block first", r"turned round", r"backwards"),
        code="""
def transformer_stack_backward(dy, cache):
    grads = []
    for i in range(len(cache) - 1, -1, -1):
        dy, g = transformer_block_backward(dy, cache[i])
        grads.append(g)
    return dy, grads
""",
    ),
    Case(
        name="every_block_gets_the_top_gradient",
        functions=("transformer_stack_backward",),
        kind="single",
        did="Every block is given the stack's own dy instead of the dx of the block above it.",
        says=(
            r"block above",
            r"(same|stack's own|original|top|whole) (d?y|gradient)",
            r"dx of the",
            r"not (handed|passed) (on|down)",
            r"every block (gets|is given|receives)",
            r"each block (gets|is given|receives)",
        ),
        code="""
def transformer_stack_backward(dy, cache):
    dx, grads = dy, [None] * len(cache)
    for i in reversed(range(len(cache))):
        dx, grads[i] = transformer_block_backward(dy, cache[i])
    return dx, grads
""",
    ),
    Case(
        name="norm_on_the_correction_and_no_mask",
        functions=("transformer_block",),
        kind="pair",
        did="In post-norm ln2 normalises the network's output before the addition, and the mask is "
        "handed to attention nowhere.",
        says=(),
        says_both=(
            (
                r"normali[sz]es the (correction|network|output|sublayer)",
                r"normali.*before",
                r"before.*normali",
                r"m \+ ln_?2",
                r"correction",
                r"norm.*(sum|addition)",
            ),
            (r"\bmask",),
        ),
        code="""
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f"norm must be pre or post, not {norm!r}")
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(f"x has shape {x.shape}")
    if norm == "pre":
        normed, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(normed, normed, params["attn"], num_heads)
        middle = x + attended
        normed, ln2 = layernorm(middle, **params["ln2"])
        fed, ffn = mlp(normed, params["ffn"], activation)
        y = middle + fed
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads)
        middle, ln1 = layernorm(x + attended, **params["ln1"])
        fed, ffn = mlp(middle, params["ffn"], activation)
        correction, ln2 = layernorm(fed, **params["ln2"])
        y = middle + correction
    return y, (norm, ln1, attn, ln2, ffn)
""",
    ),
    Case(
        name="roles_averaged_and_a_residual_lost",
        functions=("transformer_block_backward",),
        kind="pair",
        did="The gradients of attention's two roles, query and context, are averaged instead of "
        "added, and in post-norm the residual around the network has no gradient.",
        says=(),
        says_both=(
            (r"averag", r"\bmean\b", r"half", r"context.*(added|sum)", r"halv"),
            (
                rf"residual.*{GONE}",
                rf"{GONE}.*residual",
                rf"ds_?2.*{GONE}",
            ),
        ),
        code="""
def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        dm, dln2 = _norm_backward(dn, ln2)
        dm = dm + dy
        dq, dc, dattn = multi_head_attention_backward(dm, attn)
        dx, dln1 = _norm_backward((dq + dc) / 2, ln1)
        dx = dx + dm
    else:
        ds, dln2 = _norm_backward(dy, ln2)
        dm, dffn = mlp_backward(ds, ffn)
        ds, dln1 = _norm_backward(dm, ln1)
        dq, dc, dattn = multi_head_attention_backward(ds, attn)
        dx = (dq + dc) / 2 + ds
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}
""",
    ),
    Case(
        name="x_overwritten_and_context_lost",
        functions=("transformer_block", "transformer_block_backward"),
        kind="pair",
        did="In the forward's pre-norm the residual adds to the normalised x, because x was "
        "overwritten, and the backward throws dcontext away.",
        says=(),
        says_both=(
            (
                r"normed|ln1",
                r"normali[sz]ed (x|copy|input)",
                r"overwrit",
                r"ln_?1\(x\) \+",
                r"residual.*(normali|ln_?1)",
            ),
            (r"d?context", r"keys? and values?", r"quer(y|ies)"),
        ),
        code="""
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f"norm must be pre or post, not {norm!r}")
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(f"x has shape {x.shape}")
    if norm == "pre":
        x, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        x = x + attended
        normed, ln2 = layernorm(x, **params["ln2"])
        fed, ffn = mlp(normed, params["ffn"], activation)
        y = x + fed
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        x, ln1 = layernorm(x + attended, **params["ln1"])
        fed, ffn = mlp(x, params["ffn"], activation)
        y, ln2 = layernorm(x + fed, **params["ln2"])
    return y, (norm, ln1, attn, ln2, ffn)


def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        dm, dln2 = _norm_backward(dn, ln2)
        dm = dm + dy
        dn, _, dattn = multi_head_attention_backward(dm, attn)
        dx, dln1 = _norm_backward(dn, ln1)
        dx = dx + dm
    else:
        ds, dln2 = _norm_backward(dy, ln2)
        dm, dffn = mlp_backward(ds, ffn)
        ds, dln1 = _norm_backward(dm + ds, ln1)
        dn, _, dattn = multi_head_attention_backward(ds, attn)
        dx = dn + ds
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}
""",
    ),
    Case(
        name="mask_for_the_first_and_a_residual_too_many",
        functions=("transformer_stack", "transformer_stack_backward"),
        kind="pair",
        did="The stack gives the mask to its first block only, and its backward adds dy to each "
        "block's dx, as if there were a residual around the whole block.",
        says=(),
        says_both=(
            (r"\bmask",),
            (
                r"added as well",
                r"residual",
                r"adds? dy",
                r"twice",
                r"around (the|each|a) (whole )?block",
                r"once more",
            ),
        ),
        code="""
def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    caches = []
    for k, params in enumerate(blocks):
        seen = mask if k == 0 else None
        x, cache = transformer_block(x, params, num_heads, seen, norm, activation)
        caches.append(cache)
    return x, caches


def transformer_stack_backward(dy, cache):
    grads = []
    for block_cache in reversed(cache):
        dx, block_grads = transformer_block_backward(dy, block_cache)
        dy = dy + dx
        grads.insert(0, block_grads)
    return dy, grads
""",
    ),
    Case(
        name="gammas_of_zeros_and_xavier",
        functions=("init_block",),
        kind="pair",
        did="The gamma of both norms starts at zeros, and the network is drawn by the Xavier "
        "scheme.",
        says=(),
        says_both=(
            (r"gamma", r"switch(es)? (the block )?off"),
            (r"xavier", r"glorot", r"\bscheme", r"\bhe\b", r"deviation", r"fan"),
        ),
        code="""
def init_block(rng, d_model, d_ff, dtype=np.float64):
    return {
        "ln1": {"gamma": np.zeros(d_model, dtype), "beta": np.zeros(d_model, dtype)},
        "attn": init_attention(rng, d_model, dtype=dtype),
        "ln2": {"gamma": np.zeros(d_model, dtype), "beta": np.zeros(d_model, dtype)},
        "ffn": init_mlp(rng, [d_model, d_ff, d_model], "xavier", dtype),
    }
""",
    ),
    Case(
        name="network_a_little_too_strong",
        functions=("transformer_block",),
        kind="novel",
        did="What the network writes is multiplied by 1.03 before it is added.",
        says=(),
        code="""
def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    if norm not in ("pre", "post"):
        raise ValueError(f"norm must be pre or post, not {norm!r}")
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(f"x has shape {x.shape}")
    if norm == "pre":
        normed, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(normed, normed, params["attn"], num_heads, mask)
        middle = x + attended
        normed, ln2 = layernorm(middle, **params["ln2"])
        fed, ffn = mlp(normed, params["ffn"], activation)
        y = middle + 1.03 * fed
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        middle, ln1 = layernorm(x + attended, **params["ln1"])
        fed, ffn = mlp(middle, params["ffn"], activation)
        y, ln2 = layernorm(middle + 1.03 * fed, **params["ln2"])
    return y, (norm, ln1, attn, ln2, ffn)
""",
    ),
]
