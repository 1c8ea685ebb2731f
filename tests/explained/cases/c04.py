"""Wrong answers to 04_attention."""

from tests.explained.cases.case import Case

FORWARD = """
def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scale = q.shape[-1] ** -0.5
    scores = q @ k.swapaxes(-1, -2) * scale
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total == 0, 1, total)
    return weights @ v, (q, k, v, weights, scale)
"""
BACKWARD = """

def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale = cache
    dv = A.swapaxes(-1, -2) @ dy
    dA = dy @ v.swapaxes(-1, -2)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    dq = dS @ k * scale
    dk = dS.swapaxes(-1, -2) @ q * scale
    return dq, dk, dv
"""
GUARD_SPLIT = """    if x.shape[-1] % num_heads:
        raise ValueError(f"num_heads ({num_heads}) must divide the last dimension of x {x.shape}")
"""
GUARD_HEADS = """    if params["w_q"].shape[-1] % num_heads:
        raise ValueError(f"num_heads ({num_heads}) must divide d_model {params['w_q'].shape[-1]}")
"""
GUARD_CAUSAL = """    if t_key is None:
        t_key = t_query
    if t_query > t_key:
        raise ValueError(f"t_query ({t_query}) must be at most t_key ({t_key})")
"""
GUARD_PADDING = """    if np.ndim(lengths) != 1:
        raise ValueError(f"lengths must have shape (B,), not {np.shape(lengths)}")
    if np.size(lengths) and not 0 <= np.min(lengths) <= np.max(lengths) <= t:
        raise ValueError(f"lengths must lie between 0 and t = {t}, not {lengths}")
"""

CASES = [
    # --- masks ------------------------------------------------------------------------------------
    Case(
        name="causal_upper_triangle",
        functions=("causal_mask",),
        kind="single",
        did="The upper triangle is taken: a position may look at itself and later ones.",
        says=(r"upper", r"later", r"future", r"triu", r"transpos", r"exchang", r"invert"),
        code="""
def causal_mask(t_query, t_key=None):
"""
        + GUARD_CAUSAL
        + """    return np.triu(np.ones((t_query, t_key), dtype=bool), k=t_key - t_query)
""",
    ),
    Case(
        name="causal_first_rows",
        functions=("causal_mask",),
        kind="single",
        did="With fewer queries than keys the first rows of the square mask are given, "
        "not the last.",
        says=(r"\bfirst", r"\blast", r"fewer queries", r"offset", r"t_key ?[-−] ?t_query"),
        code="""
def causal_mask(t_query, t_key=None):
"""
        + GUARD_CAUSAL
        + """    return np.tril(np.ones((t_query, t_key), dtype=bool))
""",
    ),
    Case(
        name="padding_one_too_many",
        functions=("padding_mask",),
        kind="single",
        did="Positions are compared with <= instead of <: one position of padding is let through.",
        says=(r"<=|≤", r"\bone\b", r"off.by.one", r"boundary"),
        code="""
def padding_mask(lengths, t):
"""
        + GUARD_PADDING
        + """    positions = np.arange(t)[None, None, None, :]
    return positions <= np.asarray(lengths)[:, None, None, None]
""",
    ),
    Case(
        name="padding_on_the_left",
        functions=("padding_mask",),
        kind="single",
        did="The padding is taken to stand in front: the last positions are real, not the first.",
        says=(r"\bfront\b", r"\bleft\b", r"\blast\b", r"begin", r"\bfirst\b", r"\bend\b"),
        code="""
def padding_mask(lengths, t):
"""
        + GUARD_PADDING
        + """    lengths = np.asarray(lengths)
    mask = np.arange(t)[None, :] >= (t - lengths)[:, None]
    return mask[:, None, None, :]
""",
    ),
    # --- scaled_dot_product_attention -------------------------------------------------------------
    Case(
        name="scaled_by_the_values_size",
        functions=("scaled_dot_product_attention",),
        kind="single",
        did="The scale is 1 / sqrt(d_v), by the values' size and not that of the queries and keys.",
        says=(
            r"`v` stands",
            r"d_v",
            r"values'? (size|features|dimension)",
            r"\bscale",
            r"√|sqrt|root",
        ),
        code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scale = v.shape[-1] ** -0.5
    scores = q @ k.swapaxes(-1, -2) * scale
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total == 0, 1, total)
    return weights @ v, (q, k, v, weights, scale)
"""
        + BACKWARD,
    ),
    Case(
        name="scale_forgotten_under_a_mask",
        functions=("scaled_dot_product_attention",),
        kind="single",
        did="With a mask the scores are not scaled; the branch without one divides by sqrt(d).",
        says=(r"\bscale", r"√|sqrt|root", r"with a mask|branch|mask is given"),
        code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scores = q @ k.swapaxes(-1, -2)
    if mask is None:
        scale = q.shape[-1] ** -0.5
        scores = scores * scale
    else:
        scale = 1
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total == 0, 1, total)
    return weights @ v, (q, k, v, weights, scale)
"""
        + BACKWARD,
    ),
    Case(
        name="no_key_means_all_keys",
        functions=("scaled_dot_product_attention",),
        kind="single",
        did="A query that may attend nowhere gets the mean of all values instead of zeros.",
        says=(
            r"nowhere",
            r"no key|without (any )?keys?",
            r"mean of (all )?(the )?values",
            r"uniform",
            r"all (keys )?(are )?(hidden|masked)",
            r"zeros",
        ),
        code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scale = q.shape[-1] ** -0.5
    scores = q @ k.swapaxes(-1, -2) * scale
    if mask is not None:
        scores = np.where(mask, scores, np.finfo(scores.dtype).min)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    return weights @ v, (q, k, v, weights, scale, mask)


def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale, mask = cache
    dv = A.swapaxes(-1, -2) @ dy
    dA = dy @ v.swapaxes(-1, -2)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    if mask is not None:
        dS = np.where(mask, dS, 0)
    return dS @ k * scale, dS.swapaxes(-1, -2) @ q * scale, dv
""",
    ),
    # --- scaled_dot_product_attention_backward ----------------------------------------------------
    Case(
        name="dk_without_scale",
        functions=("scaled_dot_product_attention_backward",),
        kind="single",
        did="dk lacks the scale 1 / sqrt(d); dq has it.",
        says=(r"\bscale", r"√|sqrt|root"),
        code=FORWARD
        + """

def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale = cache
    dv = A.swapaxes(-1, -2) @ dy
    dA = dy @ v.swapaxes(-1, -2)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    dq = dS @ k * scale
    dk = dS.swapaxes(-1, -2) @ q
    return dq, dk, dv
""",
    ),
    Case(
        name="plain_mean_in_softmax_backward",
        functions=("scaled_dot_product_attention_backward",),
        kind="single",
        did="From dA its plain mean over the keys is subtracted, not the sum weighted by A.",
        says=(r"mean", r"weighted", r"average", r"softmax"),
        code=FORWARD
        + """

def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale = cache
    dv = A.swapaxes(-1, -2) @ dy
    dA = dy @ v.swapaxes(-1, -2)
    dS = A * (dA - dA.mean(axis=-1, keepdims=True))
    return dS @ k * scale, dS.swapaxes(-1, -2) @ q * scale, dv
""",
    ),
    Case(
        name="dv_scaled_too",
        functions=("scaled_dot_product_attention_backward",),
        kind="single",
        did="dv is multiplied by the scale 1 / sqrt(d) as well, which belongs to dq and dk only.",
        says=(r"\bscale", r"√|sqrt|root", r"\bdv\b.*(too small|factor)"),
        code=FORWARD
        + """

def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale = cache
    dy = dy * scale
    dv = A.swapaxes(-1, -2) @ dy
    dA = dy @ v.swapaxes(-1, -2)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    return dS @ k, dS.swapaxes(-1, -2) @ q, dv
""",
    ),
    Case(
        name="softmax_backward_exchanged",
        functions=("scaled_dot_product_attention_backward",),
        kind="single",
        did="The difference in the softmax's backward is turned round: sum - dA, so dq and dk have "
        "the wrong sign.",
        says=(r"sign", r"negat", r"turned round|exchang|revers|order", r"minus"),
        code=FORWARD
        + """

def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale = cache
    dv = A.swapaxes(-1, -2) @ dy
    dA = dy @ v.swapaxes(-1, -2)
    inner = np.einsum("...ij,...ij->...i", A, dA)[..., None]
    dS = A * (inner - dA)
    return dS @ k * scale, dS.swapaxes(-1, -2) @ q * scale, dv
""",
    ),
    # --- one head ---------------------------------------------------------------------------------
    Case(
        name="head_queries_without_bias",
        functions=("attention_head",),
        kind="single",
        did="The queries' bias b_q is not added.",
        says=(r"bias", r"b_q"),
        code="""
def attention_head(x, context, params, mask=None):
    q, q_cache = linear(x, params["w_q"], np.zeros_like(params["b_q"]))
    k, k_cache = linear(context, params["w_k"], params["b_k"])
    v, v_cache = linear(context, params["w_v"], params["b_v"])
    y, attention_cache = scaled_dot_product_attention(q, k, v, mask)
    return y, (q_cache, k_cache, v_cache, attention_cache)
""",
    ),
    Case(
        name="head_context_averaged",
        functions=("attention_head_backward",),
        kind="single",
        did="dcontext is half of the sum of what keys and values give: their mean.",
        says=(r"half|halv|0\.5|½", r"mean", r"average", r"dcontext", r"divid"),
        code="""
def attention_head_backward(dy, cache):
    q_cache, k_cache, v_cache, attention_cache = cache
    dq, dk, dv = scaled_dot_product_attention_backward(dy, attention_cache)
    dx, dw_q, db_q = linear_backward(dq, q_cache)
    dck, dw_k, db_k = linear_backward(dk, k_cache)
    dcv, dw_v, db_v = linear_backward(dv, v_cache)
    grads = {"w_q": dw_q, "b_q": db_q, "w_k": dw_k, "b_k": db_k, "w_v": dw_v, "b_v": db_v}
    return dx, 0.5 * (dck + dcv), grads
""",
    ),
    Case(
        name="head_adds_context_to_dx",
        functions=("attention_head_backward",),
        kind="single",
        did="In self-attention dcontext is already added to dx, which should be the queries' part.",
        says=(r"self-attention", r"dcontext", r"added", r"context"),
        code="""
def attention_head_backward(dy, cache):
    q_cache, k_cache, v_cache, attention_cache = cache
    dq, dk, dv = scaled_dot_product_attention_backward(dy, attention_cache)
    grads = {}
    dx, grads["w_q"], grads["b_q"] = linear_backward(dq, q_cache)
    dck, grads["w_k"], grads["b_k"] = linear_backward(dk, k_cache)
    dcv, grads["w_v"], grads["b_v"] = linear_backward(dv, v_cache)
    dcontext = dck + dcv
    if dx.shape == dcontext.shape:
        dx = dx + dcontext
    return dx, dcontext, grads
""",
    ),
    # --- heads ------------------------------------------------------------------------------------
    Case(
        name="split_exchanges_too_much",
        functions=("split_heads",),
        kind="single",
        did="The axes are put into the order (B, H, d, T): time and features are exchanged.",
        says=(r"transpos", r"\baxes|\baxis", r"exchang", r"order", r"swap"),
        code="""
def split_heads(x, num_heads):
"""
        + GUARD_SPLIT
        + """    B, T, D = x.shape
    return x.reshape(B, T, num_heads, D // num_heads).transpose(0, 2, 3, 1)
""",
    ),
    Case(
        name="merge_interleaves",
        functions=("merge_heads",),
        kind="single",
        did="The heads' features are interleaved: feature 0 of every head first, then feature 1.",
        says=(r"interleav", r"side by side", r"order", r"transpos", r"every head first"),
        code="""
def merge_heads(x):
    B, H, T, d = x.shape
    return x.transpose(0, 2, 3, 1).reshape(B, T, d * H)
""",
    ),
    Case(
        name="init_one_draw_for_all",
        functions=("init_attention",),
        kind="single",
        did="One draw is used for all: w_q, w_k, w_v and w_o are the same matrix.",
        says=(r"same", r"one draw", r"equal", r"alike|unlike", r"own draw", r"shar|cop"),
        code="""
def init_attention(rng, d_model, dtype=np.float64):
    layer = init_linear(rng, d_model, d_model, scheme="xavier", dtype=dtype)
    params = {}
    for name in "qkvo":
        params["w_" + name] = layer["w"].copy()
        params["b_" + name] = layer["b"].copy()
    return params
""",
    ),
    Case(
        name="heads_output_transposed",
        functions=("multi_head_attention",),
        kind="single",
        did="The output projection multiplies by w_o transposed.",
        says=(r"transpos", r"w_o", r"output (projection|layer|weight)"),
        code="""
def multi_head_attention(x, context, params, num_heads, mask=None):
"""
        + GUARD_HEADS
        + """    q, q_cache = linear(x, params["w_q"], params["b_q"])
    k, k_cache = linear(context, params["w_k"], params["b_k"])
    v, v_cache = linear(context, params["w_v"], params["b_v"])
    q, k, v = (split_heads(a, num_heads) for a in (q, k, v))
    heads, heads_cache = scaled_dot_product_attention(q, k, v, mask)
    y, o_cache = linear(merge_heads(heads), params["w_o"].T, params["b_o"])
    return y, (q_cache, k_cache, v_cache, heads_cache, o_cache, num_heads)
""",
    ),
    Case(
        name="dv_merged_by_reshape",
        functions=("multi_head_attention_backward",),
        kind="single",
        did="The heads of dv are merged by a reshape alone, without exchanging heads and time.",
        says=(r"merg", r"reshap", r"transpos", r"exchang"),
        code="""
def multi_head_attention_backward(dy, cache):
    q_cache, k_cache, v_cache, heads_cache, o_cache, num_heads = cache
    grads = {}
    dmerged, grads["w_o"], grads["b_o"] = linear_backward(dy, o_cache)
    dheads = split_heads(dmerged, num_heads)
    dq, dk, dv = scaled_dot_product_attention_backward(dheads, heads_cache)
    B, H, S, d = dv.shape
    dx, grads["w_q"], grads["b_q"] = linear_backward(merge_heads(dq), q_cache)
    dck, grads["w_k"], grads["b_k"] = linear_backward(merge_heads(dk), k_cache)
    dcv, grads["w_v"], grads["b_v"] = linear_backward(dv.reshape(B, S, H * d), v_cache)
    return dx, dck + dcv, grads
""",
    ),
    Case(
        name="output_bias_gradient_averaged",
        functions=("multi_head_attention_backward",),
        kind="single",
        did="The gradient of b_o is a mean over the batch and a sum over time: divided by B.",
        says=(r"b_o", r"\bbias", r"mean", r"average", r"divid", r"batch"),
        code="""
def multi_head_attention_backward(dy, cache):
    q_cache, k_cache, v_cache, heads_cache, o_cache, num_heads = cache
    dmerged, dw_o, _ = linear_backward(dy, o_cache)
    db_o = dy.sum(axis=1).mean(axis=0)
    dheads = split_heads(dmerged, num_heads)
    dq, dk, dv = map(merge_heads, scaled_dot_product_attention_backward(dheads, heads_cache))
    dx, dw_q, db_q = linear_backward(dq, q_cache)
    dck, dw_k, db_k = linear_backward(dk, k_cache)
    dcv, dw_v, db_v = linear_backward(dv, v_cache)
    grads = {"w_q": dw_q, "b_q": db_q, "w_k": dw_k, "b_k": db_k}
    grads |= {"w_v": dw_v, "b_v": db_v, "w_o": dw_o, "b_o": db_o}
    return dx, dck + dcv, grads
""",
    ),
    # --- two slips --------------------------------------------------------------------------------
    Case(
        name="d_without_root_and_no_weighted_sum",
        functions=("scaled_dot_product_attention", "scaled_dot_product_attention_backward"),
        kind="pair",
        did="The scores are divided by d instead of sqrt(d); the backward of the softmax is "
        "A * dA, without the sum that is subtracted.",
        says_both=(
            (r"\bscale", r"√|sqrt|root", r"divided by d\b"),
            (r"softmax", r"\bsum\b", r"subtract", r"diagonal"),
        ),
        code="""
def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scale = 1 / q.shape[-1]
    scores = q @ k.swapaxes(-1, -2) * scale
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total == 0, 1, total)
    return weights @ v, (q, k, v, weights, scale)


def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale = cache
    dv = A.swapaxes(-1, -2) @ dy
    dA = dy @ v.swapaxes(-1, -2)
    dS = A * dA
    return dS @ k * scale, dS.swapaxes(-1, -2) @ q * scale, dv
""",
    ),
    Case(
        name="dq_without_scale_and_dv_doubled",
        functions=("scaled_dot_product_attention_backward",),
        kind="pair",
        did="dq lacks the scale 1 / sqrt(d), and dv is twice what it should be.",
        says_both=(
            (r"\bscale", r"√|sqrt|root"),
            (r"twice", r"doubl", r"\bdv\b", r"\b2\b", r"factor (of )?two"),
        ),
        code=FORWARD
        + """

def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale = cache
    dv = A.swapaxes(-1, -2) @ dy
    dv += np.einsum("...ts,...td->...sd", A, dy)
    dA = dy @ v.swapaxes(-1, -2)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    dq = dS @ k
    dk = dS.swapaxes(-1, -2) @ q * scale
    return dq, dk, dv
""",
    ),
    Case(
        name="heads_without_value_bias_and_key_path",
        functions=("multi_head_attention", "multi_head_attention_backward"),
        kind="pair",
        did="The forward leaves out the values' bias b_v; in the backward dcontext lacks what "
        "comes by way of the keys.",
        says_both=(
            (r"\bbias", r"b_v"),
            (r"dcontext", r"\bkeys?\b", r"\bdk\b", r"path"),
        ),
        code="""
def multi_head_attention(x, context, params, num_heads, mask=None):
"""
        + GUARD_HEADS
        + """    q, q_cache = linear(x, params["w_q"], params["b_q"])
    k, k_cache = linear(context, params["w_k"], params["b_k"])
    v, v_cache = linear(context, params["w_v"], np.zeros_like(params["b_v"]))
    heads, heads_cache = scaled_dot_product_attention(
        split_heads(q, num_heads), split_heads(k, num_heads), split_heads(v, num_heads), mask
    )
    y, o_cache = linear(merge_heads(heads), params["w_o"], params["b_o"])
    return y, (q_cache, k_cache, v_cache, heads_cache, o_cache, num_heads)


def multi_head_attention_backward(dy, cache):
    q_cache, k_cache, v_cache, heads_cache, o_cache, num_heads = cache
    grads = {}
    dmerged, grads["w_o"], grads["b_o"] = linear_backward(dy, o_cache)
    dheads = split_heads(dmerged, num_heads)
    dq, dk, dv = scaled_dot_product_attention_backward(dheads, heads_cache)
    dx, grads["w_q"], grads["b_q"] = linear_backward(merge_heads(dq), q_cache)
    _, grads["w_k"], grads["b_k"] = linear_backward(merge_heads(dk), k_cache)
    dcontext, grads["w_v"], grads["b_v"] = linear_backward(merge_heads(dv), v_cache)
    return dx, dcontext, grads
""",
    ),
    Case(
        name="causal_without_itself_and_padding_inverted",
        functions=("causal_mask", "padding_mask"),
        kind="pair",
        did="The causal mask hides each position from itself, one place too far; the padding mask "
        "is inverted, True where there is padding.",
        says_both=(
            (r"itself", r"\bone\b", r"off.by.one", r"diagonal", r"own position"),
            (r"invert", r"True (where|for)", r"opposite", r"padding", r"negat"),
        ),
        code="""
def causal_mask(t_query, t_key=None):
"""
        + GUARD_CAUSAL
        + """    rows = np.arange(t_key - t_query, t_key)
    return np.arange(t_key)[None, :] < rows[:, None]


def padding_mask(lengths, t):
"""
        + GUARD_PADDING
        + """    padding = np.arange(t) >= np.asarray(lengths)[:, None]
    return padding[:, None, None, :]
""",
    ),
    Case(
        name="split_interleaved_and_merge_by_reshape",
        functions=("split_heads", "merge_heads"),
        kind="pair",
        did="split_heads deals the features out in turn, so that heads are interleaved; "
        "merge_heads reshapes without exchanging heads and time.",
        says_both=(
            (r"interleav", r"in turn", r"every .*th feature", r"neighbour", r"strid"),
            (r"reshap", r"transpos", r"exchang", r"swap"),
        ),
        code="""
def split_heads(x, num_heads):
"""
        + GUARD_SPLIT
        + """    B, T, D = x.shape
    return x.reshape(B, T, D // num_heads, num_heads).transpose(0, 3, 1, 2)


def merge_heads(x):
    B, H, T, d = x.shape
    return x.reshape(B, T, H * d)
""",
    ),
    Case(
        name="head_context_by_keys_only_and_bias_mean",
        functions=("attention_head_backward",),
        kind="pair",
        did="dcontext lacks what comes by way of the values, and the gradient of b_q is a mean "
        "over rows instead of a sum.",
        says_both=(
            (r"dcontext", r"\bvalues?\b", r"\bdv\b", r"path"),
            (r"b_q", r"bias", r"mean", r"average", r"divid"),
        ),
        code="""
def attention_head_backward(dy, cache):
    q_cache, k_cache, v_cache, attention_cache = cache
    dq, dk, dv = scaled_dot_product_attention_backward(dy, attention_cache)
    grads = {}
    dx, grads["w_q"], _ = linear_backward(dq, q_cache)
    grads["b_q"] = dq.reshape(-1, dq.shape[-1]).mean(axis=0)
    dcontext, grads["w_k"], grads["b_k"] = linear_backward(dk, k_cache)
    _, grads["w_v"], grads["b_v"] = linear_backward(dv, v_cache)
    return dx, dcontext, grads
""",
    ),
    # --- no name ----------------------------------------------------------------------------------
    Case(
        name="weights_bent",
        functions=("scaled_dot_product_attention",),
        kind="novel",
        did="The weights are bent to 0.93 A + 0.07 A².",
        code=FORWARD.replace(
            "return weights @ v", "bent = 0.93 * weights + 0.07 * weights**2\n    return bent @ v"
        )
        + """

def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, A, scale = cache
    dv = (0.93 * A + 0.07 * A**2).swapaxes(-1, -2) @ dy
    dA = (0.93 + 0.14 * A) * (dy @ v.swapaxes(-1, -2))
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    return dS @ k * scale, dS.swapaxes(-1, -2) @ q * scale, dv
""",
    ),
]
