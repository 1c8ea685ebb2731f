"""A second bank, held out: wrong answers to 01 to 05. Nothing is tuned to them."""

from tests.explained.cases.case import Case
from tests.explained.cases.edit import slipped

# --- 01 -------------------------------------------------------------------------------------------
LEAKY = """
def leaky_relu(x, slope=0.01):
    positive = x > 0
    return np.where(positive, x, slope * x), (positive, slope)
"""
SIGMOID_BACKWARD = """
def sigmoid_backward(dy, cache):
    y = cache
    return dy * y * (1 - y)
"""
GELU = """
def gelu(x):
    c = float(np.sqrt(2 / np.pi))
    u = c * (x + 0.044715 * x * x * x)
    gate = 0.5 * (1 + np.tanh(u))
    return x * gate, (x, gate)
"""
GELU_BACKWARD = """
def gelu_backward(dy, cache):
    x, gate = cache
    c = float(np.sqrt(2 / np.pi))
    tanh_u = 2 * gate - 1
    du = c * (1 + 3 * 0.044715 * x * x)
    dgate = 0.5 * (1 - tanh_u * tanh_u) * du
    return dy * (gate + x * dgate)
"""
LOG_SOFTMAX_BACKWARD = """
def log_softmax_backward(dy, cache):
    y, axis = cache
    p = np.exp(y)
    return dy - p * dy.sum(axis=axis, keepdims=True)
"""
MSE = """
def mse(pred, target):
    if pred.shape != target.shape:
        raise ValueError(f"pred has shape {pred.shape}, target {target.shape}: make them the same")
    d = pred - target
    n = d.size
    loss = (d * d).sum() / n
    return float(loss), 2 * d / n
"""
CROSS_ENTROPY = """
def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    _check_cross_entropy(logits, targets, ignore_index, label_smoothing)
    vocab = logits.shape[-1]
    flat = logits.reshape(-1, vocab)
    flat_targets = targets.reshape(-1)
    keep = flat_targets != ignore_index
    n = int(keep.sum())
    dflat = np.zeros_like(flat)
    if n == 0:
        return 0.0, dflat.reshape(logits.shape)
    log_p, _ = log_softmax(flat[keep])
    q = np.full_like(log_p, label_smoothing / vocab)
    q[np.arange(n), flat_targets[keep]] += 1 - label_smoothing
    loss = -(q * log_p).sum() / n
    dflat[keep] = (np.exp(log_p) - q) / n
    return float(loss), dflat.reshape(logits.shape)
"""

C01 = (
    Case(
        name="leaky_slope_is_a_tenth",
        functions=("leaky_relu",),
        kind="single",
        did="The default slope is 0.1 instead of 0.01.",
        says=(r"default", r"\bslope\b", r"\b0?\.1\b", r"\b0\.01\b", r"ten times|factor (of )?10"),
        code=slipped(LEAKY, ("slope=0.01", "slope=0.1")),
    ),
    Case(
        name="sigmoid_derivative_negated",
        functions=("sigmoid_backward",),
        kind="single",
        did="The factor is y - 1 instead of 1 - y, so the gradient has the wrong sign.",
        says=(r"\bsign", r"negat", r"minus", r"y - 1|\(y-1\)", r"opposite", r"times -1"),
        code=slipped(SIGMOID_BACKWARD, ("(1 - y)", "(y - 1)")),
    ),
    Case(
        name="gelu_cube_not_differentiated",
        functions=("gelu_backward",),
        kind="single",
        did="The derivative of the cubic term x³ lacks its factor 3.",
        says=(r"cub|x³|x\*\*3|x\^3", r"\b3\b|three", r"0\.044715", r"\bdu\b|u'|inner deriv"),
        code=slipped(GELU_BACKWARD, ("3 * 0.044715", "0.044715")),
    ),
    Case(
        name="log_softmax_weights_by_y",
        functions=("log_softmax_backward",),
        kind="single",
        did="The sum of dy is multiplied by y, the log-probabilities, without taking exp(y).",
        says=(
            r"\bexp",
            r"log[- ]?prob|logarithm",
            r"\bp\b|probabilit",
            r"\by\b.{0,30}(instead|in place|itself|not)",
            r"e\^y",
        ),
        code=slipped(LOG_SOFTMAX_BACKWARD, ("p = np.exp(y)", "p = y")),
    ),
    Case(
        name="smoothing_over_the_others",
        functions=("cross_entropy",),
        kind="single",
        did="The smoothing is shared among the other V - 1 classes; the target gets 1 - epsilon.",
        says=(r"smooth", r"V ?[-−] ?1", r"other class|others", r"epsilon|ε|\beps\b"),
        code=slipped(
            CROSS_ENTROPY,
            ("label_smoothing / vocab)", "label_smoothing / max(vocab - 1, 1))"),
            ("flat_targets[keep]] += 1 - label", "flat_targets[keep]] = 1 - label"),
        ),
    ),
    Case(
        name="gelu_constant_and_product_rule",
        functions=("gelu", "gelu_backward"),
        kind="pair",
        did="The forward has 0.44715 as cubic constant; the backward lacks the term of the gate.",
        says_both=(
            (r"constant|coefficient", r"0?\.44715|0\.044715", r"cub|x³"),
            (r"\bgate\b", r"product rule", r"\bg\b", r"first term|one (of .{0,12})?term|missing"),
        ),
        code=slipped(GELU, ("0.044715", "0.44715"))
        + "\n"
        + slipped(GELU_BACKWARD, ("dy * (gate + x * dgate)", "dy * (x * dgate)")),
    ),
    Case(
        name="mse_by_rows_and_without_the_two",
        functions=("mse",),
        kind="pair",
        did="The loss is divided by the number of rows; the gradient lacks the factor 2.",
        says_both=(
            (r"\brows?\b|batch|first axis|len\(", r"\bloss\b.*(divid|mean|elements|larger|too)"),
            (r"\b2\b|two|twice|half",),
        ),
        code=slipped(MSE, (".sum() / n", ".sum() / len(d)"), ("2 * d / n", "d / n")),
    ),
)

# --- 02 -------------------------------------------------------------------------------------------
INIT_LINEAR = """
def init_linear(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    if scheme not in SCHEMES:
        raise ValueError(f"scheme is {scheme!r}; expected one of {', '.join(SCHEMES)}")
    if scheme == "xavier":
        std = np.sqrt(2 / (d_in + d_out))
    else:
        std = np.sqrt(2 / d_in)
    w = std * rng.standard_normal((d_in, d_out))
    b = np.zeros(d_out)
    return {"w": w.astype(dtype), "b": b.astype(dtype)}
"""
LINEAR = """
def linear(x, w, b):
    if x.shape[-1] != w.shape[0]:
        raise ValueError(f"x has shape {x.shape}; w of shape {w.shape} expects (..., {w.shape[0]})")
    if b.shape != w.shape[1:]:
        raise ValueError(f"b has shape {b.shape}; w of shape {w.shape} expects {w.shape[1:]}")
    y = x @ w + b
    return y, (x.reshape(-1, x.shape[-1]), w, x.shape)
"""
LINEAR_BACKWARD = """
def linear_backward(dy, cache):
    rows, w, shape = cache
    drows = dy.reshape(-1, dy.shape[-1])
    dx = (drows @ w.T).reshape(shape)
    dw = rows.T @ drows
    db = drows.sum(axis=0)
    return dx, dw, db
"""
MLP = """
def mlp(x, layers, activation="relu"):
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}; expected one of {', '.join(ACTIVATIONS)}")
    if not layers:
        raise ValueError("layers is empty; expected at least one layer")
    f = getattr(activations, activation)
    caches = []
    for layer in layers[:-1]:
        x, of_linear = linear(x, layer["w"], layer["b"])
        x, of_activation = f(x)
        caches.append((of_linear, of_activation))
    y, last = linear(x, layers[-1]["w"], layers[-1]["b"])
    return y, (caches, last, activation)
"""
MLP_BACKWARD = """
def mlp_backward(dy, cache):
    caches, last, activation = cache
    f_backward = getattr(activations, activation + "_backward")
    dx, dw, db = linear_backward(dy, last)
    grads = [{"w": dw, "b": db}]
    for of_linear, of_activation in caches[::-1]:
        dx = f_backward(dx, of_activation)
        dx, dw, db = linear_backward(dx, of_linear)
        grads.insert(0, {"w": dw, "b": db})
    return dx, grads
"""

C02 = (
    Case(
        name="linear_without_bias",
        functions=("linear",),
        kind="single",
        did="The bias b is never added.",
        says=(
            r"\bbias",
            r"\bb\b",
        ),
        code=slipped(LINEAR, ("x @ w + b", "x @ w")),
    ),
    Case(
        name="bias_gradient_is_a_mean",
        functions=("linear_backward",),
        kind="single",
        did="db is the mean over the rows instead of the sum.",
        says=(
            r"\bmean",
            r"averag",
            r"\bdb\b",
            r"bias.{0,40}gradient|gradient.{0,40}bias",
            r"number of rows",
        ),
        code=slipped(LINEAR_BACKWARD, ("drows.sum(axis=0)", "drows.mean(axis=0)")),
    ),
    Case(
        name="he_by_fan_out",
        functions=("init_linear",),
        kind="single",
        did='For "he" the variance is 2 / d_out instead of 2 / d_in.',
        says=(
            r"\bd_out",
            r"\bd_in",
            r"fan[-_ ]?(in|out)",
            r"\bhe\b",
            r"outputs?\b.*inputs?\b|inputs?\b.*outputs?\b",
        ),
        code=slipped(INIT_LINEAR, ("np.sqrt(2 / d_in)", "np.sqrt(2 / d_out)")),
    ),
    Case(
        name="activation_is_always_relu",
        functions=("mlp",),
        kind="single",
        did="The argument activation is ignored: relu is applied whatever was asked for.",
        says=(
            r"\brelu\b",
            r"ignor|whatever|always|regardless",
            r"(argument|choice|option|asked).*activation|activation.*(argument|choice|asked)",
            r"`?activation`? (is|was) not",
        ),
        code=slipped(MLP, ("getattr(activations, activation)", "activations.relu")),
    ),
    Case(
        name="backward_goes_around_the_activation",
        functions=("mlp_backward",),
        kind="single",
        did="The backward of the activation is left out: dy goes from linear to linear layer.",
        says=(r"activation", r"non-?linear", r"f_backward|relu_backward", r"\brelu\b"),
        code=slipped(MLP_BACKWARD, ("        dx = f_backward(dx, of_activation)\n", "")),
    ),
    Case(
        name="xavier_without_two_and_random_bias",
        functions=("init_linear",),
        kind="pair",
        did="Xavier's variance is 1 / (d_in + d_out), and the bias is drawn instead of zero.",
        says_both=(
            (r"xavier|glorot", r"variance|deviation|\bstd\b|spread", r"\b2\b|two|half|root"),
            (r"\bbias", r"\bb\b", r"\bzeros?\b"),
        ),
        code=slipped(
            INIT_LINEAR,
            ("2 / (d_in + d_out)", "1 / (d_in + d_out)"),
            ("np.zeros(d_out)", "0.01 * rng.standard_normal(d_out)"),
        ),
    ),
    Case(
        name="dw_averaged_and_db_of_one_axis",
        functions=("linear_backward",),
        kind="pair",
        did="dw is divided by the number of rows; db sums over the first axis of dy only.",
        says_both=(
            (r"\bdw\b.*(mean|averag|divid|rows|small|times)", r"\bmean\b|averag|number of rows"),
            (r"\bdb\b", r"shape", r"first axis|axis 0|leading ax|one axis", r"bias"),
        ),
        code=slipped(
            LINEAR_BACKWARD,
            ("rows.T @ drows", "rows.T @ drows / len(rows)"),
            ("drows.sum(axis=0)", "dy.sum(axis=0)"),
        ),
    ),
)

# --- 03 -------------------------------------------------------------------------------------------
LAYERNORM = """
def layernorm(x, gamma, beta, eps=1e-5):
    if gamma.shape != x.shape[-1:]:
        raise ValueError(f"gamma has shape {gamma.shape}, expected {x.shape[-1:]} for x {x.shape}")
    if beta.shape != x.shape[-1:]:
        raise ValueError(f"beta has shape {beta.shape}, expected {x.shape[-1:]} for x {x.shape}")
    mu = x.mean(axis=-1, keepdims=True)
    xc = x - mu
    var = (xc * xc).mean(axis=-1, keepdims=True)
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = xc * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)
"""
LAYERNORM_BACKWARD = """
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    axes = tuple(range(dy.ndim - 1))
    dgamma = (dy * x_hat).sum(axis=axes)
    dbeta = dy.sum(axis=axes)
    dx_hat = dy * gamma
    m = dx_hat.mean(axis=-1, keepdims=True)
    s = (dx_hat * x_hat).mean(axis=-1, keepdims=True)
    dx = (dx_hat - m - x_hat * s) * inv_std
    return dx, dgamma, dbeta
"""

C03 = (
    Case(
        name="eps_outside_the_root",
        functions=("layernorm",),
        kind="single",
        did="eps is added to the standard deviation, after the root, instead of to the variance.",
        says=(r"\beps", r"(after|outside|under|inside|before) the (square )?root", r"1e-0?5"),
        code=slipped(LAYERNORM, ("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")),
    ),
    Case(
        name="sample_variance",
        functions=("layernorm",),
        kind="single",
        did="The variance divides by D - 1, as for a sample, instead of by D.",
        says=(
            r"D ?[-−] ?1|n ?[-−] ?1|one less|one fewer",
            r"ddof|bessel|unbiased|sample",
            r"varianc.{0,60}(divi|\bsum\b|\bD\b)|(divi\w+|divisor).{0,60}varianc",
        ),
        code=slipped(
            LAYERNORM,
            (
                "(xc * xc).mean(axis=-1, keepdims=True)",
                "(xc * xc).sum(axis=-1, keepdims=True) / max(x.shape[-1] - 1, 1)",
            ),
        ),
    ),
    Case(
        name="dgamma_from_dx_hat",
        functions=("layernorm_backward",),
        kind="single",
        did="dgamma sums dx_hat * x_hat, so gamma is multiplied in once too often.",
        says=(r"\bdgamma", r"\bgamma", r"dx_hat", r"γ"),
        code=slipped(LAYERNORM_BACKWARD, ("(dy * x_hat).sum", "(dy * gamma * x_hat).sum")),
    ),
    Case(
        name="variance_path_without_x_hat",
        functions=("layernorm_backward",),
        kind="single",
        did="On the path through the variance the mean s is not multiplied by x_hat.",
        says=(
            r"varianc",
            r"(not|without|lacks?|missing|left out|forg).{0,40}x_hat",
            r"x_hat.{0,40}(missing|left out|not |lack|forg)",
            r"\bs\b",
            r"(third|last) (term|path)",
            r"mean.{0,20}dx_hat ?[*·] ?x_hat",
        ),
        code=slipped(LAYERNORM_BACKWARD, ("m - x_hat * s", "m - s")),
    ),
    Case(
        name="multiplied_by_sigma",
        functions=("layernorm_backward",),
        kind="single",
        did="dx is multiplied by the standard deviation instead of divided by it.",
        says=(
            r"inv_std",
            r"1 ?/ ?(sigma|σ|std)",
            r"(standard deviation|\bstd\b|sigma|σ).*(divi|multipl|instead|times)",
            r"(divi|multipl|instead|times).*(standard deviation|\bstd\b|sigma|σ)",
            r"divi\w+.*multipl|multipl\w+.*divi",
        ),
        code=slipped(LAYERNORM_BACKWARD, (") * inv_std", ") / inv_std")),
    ),
    Case(
        name="beta_scaled_and_mean_path_missing",
        functions=("layernorm", "layernorm_backward"),
        kind="pair",
        did="gamma multiplies beta as well; in the backward the path through the mean is missing.",
        says_both=(
            (r"\bbeta\b", r"β", r"shift"),
            (r"\bmean\b", r"\bm\b", r"path|term"),
        ),
        code=slipped(LAYERNORM, ("gamma * x_hat + beta", "gamma * (x_hat + beta)"))
        + "\n"
        + slipped(LAYERNORM_BACKWARD, ("dx_hat - m - x_hat", "dx_hat - x_hat")),
    ),
)

# --- 04 -------------------------------------------------------------------------------------------
CAUSAL_MASK = """
def causal_mask(t_query, t_key=None):
    if t_key is None:
        t_key = t_query
    if t_query > t_key:
        raise ValueError(f"t_query ({t_query}) must be at most t_key ({t_key}): they are its last")
    query = np.arange(t_key - t_query, t_key)[:, None]
    key = np.arange(t_key)[None, :]
    return key <= query
"""
PADDING_MASK = """
def padding_mask(lengths, t):
    if np.ndim(lengths) != 1:
        raise ValueError(f"lengths must have shape (B,), not {np.shape(lengths)}")
    if np.size(lengths) and not 0 <= np.min(lengths) <= np.max(lengths) <= t:
        raise ValueError(f"lengths must lie between 0 and t = {t}, not {lengths}")
    lengths = np.asarray(lengths)
    return np.arange(t)[None, None, None, :] < lengths[:, None, None, None]
"""
ATTENTION = """
def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scale = float(q.shape[-1]) ** -0.5
    scores = (q @ k.swapaxes(-1, -2)) * scale
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True, initial=np.finfo(scores.dtype).min)
    exp_scores = np.exp(scores - top)
    total = np.maximum(exp_scores.sum(axis=-1, keepdims=True), 1)
    y = (exp_scores / total) @ v
    return y, (q * scale, k, v, scale, exp_scores, total, y)
"""
ATTENTION_BACKWARD = """
def scaled_dot_product_attention_backward(dy, cache):
    scaled_q, k, v, scale, exp_scores, total, y = cache
    q = scaled_q / scale
    p = exp_scores / total
    dv = p.swapaxes(-1, -2) @ dy
    dp = dy @ v.swapaxes(-1, -2)
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    dq = (ds @ k) * scale
    dk = (ds.swapaxes(-1, -2) @ q) * scale
    return dq, dk, dv
"""
HEADS = """
def split_heads(x, num_heads):
    if x.shape[-1] % num_heads:
        raise ValueError(f"num_heads ({num_heads}) must divide the last dimension of x {x.shape}")
    b, t, d = x.shape
    return x.reshape(b, t, num_heads, d // num_heads).transpose(0, 2, 1, 3)


def merge_heads(x):
    b, h, t, d = x.shape
    return x.transpose(0, 2, 1, 3).reshape(b, t, h * d)
"""
MULTI_HEAD_BACKWARD = """
def multi_head_attention_backward(dy, cache):
    q_cache, k_cache, v_cache, heads_cache, o_cache, num_heads = cache
    grads = {}
    dmerged, grads["w_o"], grads["b_o"] = linear_backward(dy, o_cache)
    dq, dk, dv = scaled_dot_product_attention_backward(split_heads(dmerged, num_heads), heads_cache)
    dx, grads["w_q"], grads["b_q"] = linear_backward(merge_heads(dq), q_cache)
    dcontext_k, grads["w_k"], grads["b_k"] = linear_backward(merge_heads(dk), k_cache)
    dcontext_v, grads["w_v"], grads["b_v"] = linear_backward(merge_heads(dv), v_cache)
    return dx, dcontext_k + dcontext_v, grads
"""

C04 = (
    Case(
        name="queries_are_the_first_positions",
        functions=("causal_mask",),
        kind="single",
        did="With fewer queries than keys they are taken for the first positions, not the last.",
        says=(r"\bfirst\b", r"\blast\b", r"fewer queries", r"t_key|t_query", r"top|bottom|offset"),
        code=slipped(CAUSAL_MASK, ("np.arange(t_key - t_query, t_key)", "np.arange(t_query)")),
    ),
    Case(
        name="padding_mask_shows_one_more",
        functions=("padding_mask",),
        kind="single",
        did="The comparison is <= instead of <, so the first padded place can be seen.",
        says=(
            r"<=|≤|less than or equal",
            r"off by one|one (place|position|token)? ?(too|more)",
            r"first padd|first place of the padd",
            r"one more|one too many",
            r"length",
        ),
        code=slipped(PADDING_MASK, (":] < lengths", ":] <= lengths")),
    ),
    Case(
        name="scaled_by_the_width_of_v",
        functions=("scaled_dot_product_attention",),
        kind="single",
        did="The scores are divided by the root of d_v, the width of the values, not of d.",
        says=(
            r"`v` stands",
            r"\bd_v\b",
            r"scale|scaling",
            r"root|sqrt|√",
            r"width|last (axis|dimension) of v",
        ),
        code=slipped(ATTENTION, ("float(q.shape[-1])", "float(v.shape[-1])")),
    ),
    Case(
        name="dk_without_scale",
        functions=("scaled_dot_product_attention_backward",),
        kind="single",
        did="dk is not multiplied by the scale 1 / sqrt(d).",
        says=(
            r"\bdk\b",
            r"keys?\b.{0,40}(scal|sqrt|√|root|gradient)",
            r"(scal\w*|sqrt|√|root|gradient)\b.{0,40}\bkeys?\b",
            r"(missing|without|lacks?|not|left out).*(scal|sqrt|√|root)",
            r"(scal|sqrt|√|root).*(missing|left out|forg)",
        ),
        code=slipped(
            ATTENTION_BACKWARD,
            ("dk = (ds.swapaxes(-1, -2) @ q) * scale", "dk = ds.swapaxes(-1, -2) @ q"),
        ),
    ),
    Case(
        name="context_through_keys_only",
        functions=("multi_head_attention_backward",),
        kind="single",
        did="dcontext has the keys' part only; what comes back through the values is lost.",
        says=(r"dcontext", r"\bvalues?\b", r"dcontext_v|\bw_v\b", r"context"),
        code=slipped(
            MULTI_HEAD_BACKWARD, ("return dx, dcontext_k + dcontext_v", "return dx, dcontext_k")
        ),
    ),
    Case(
        name="no_softmax_sum_and_dq_without_scale",
        functions=("scaled_dot_product_attention_backward",),
        kind="pair",
        did="The softmax's gradient lacks the row sum of dp * p, and dq is not scaled.",
        says_both=(
            (r"softmax", r"row sum|weighted (mean|sum)|\bsum\b", r"diagonal", r"\bds\b|dscores"),
            (r"\bdq\b.*(scal|sqrt|root|√|\bd\b)", r"scale|scaling|sqrt|√"),
        ),
        code=slipped(
            ATTENTION_BACKWARD,
            ("p * (dp - (dp * p).sum(axis=-1, keepdims=True))", "p * dp"),
            ("dq = (ds @ k) * scale", "dq = ds @ k"),
        ),
    ),
    Case(
        name="heads_split_and_merged_by_reshape",
        functions=("split_heads", "merge_heads"),
        kind="pair",
        did="split_heads cuts and merge_heads joins by a reshape alone; no axes are exchanged.",
        says_both=(
            (r"reshape", r"transpos|swap|exchang|order", r"\bax[ie]s\b", r"time|position"),
            (r"reshape", r"transpos|swap|exchang|order", r"\bax[ie]s\b", r"time|position"),
        ),
        code=slipped(
            HEADS,
            (
                "x.reshape(b, t, num_heads, d // num_heads).transpose(0, 2, 1, 3)",
                "x.reshape(b, num_heads, t, d // num_heads)",
            ),
            ("x.transpose(0, 2, 1, 3).reshape(b, t, h * d)", "x.reshape(b, t, h * d)"),
        ),
    ),
)

# --- 05 -------------------------------------------------------------------------------------------
ADAM_STEP = """
def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    _check_same_shapes(params, grads)
    beta1, beta2 = float(betas[0]), float(betas[1])
    t = state["t"] + 1
    m = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, state["m"], grads)
    v = tree_map(lambda v, g: beta2 * v + (1 - beta2) * g * g, state["v"], grads)
    correct1 = 1 - beta1**t
    correct2 = 1 - beta2**t
    decay = float(lr * weight_decay)

    def update(p, m, v):
        m_hat = m / correct1
        v_hat = v / correct2
        return p - float(lr) * m_hat / (np.sqrt(v_hat) + float(eps)) - decay * p

    return tree_map(update, params, m, v), {"t": t, "m": m, "v": v}
"""
CLIP = """
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(float((g * g).sum()) for g in tree_leaves(grads))))
    if norm > max_norm:
        factor = float(max_norm / norm)
        grads = tree_map(lambda g: g * factor, grads)
    return grads, norm
"""
WARMUP = """
def warmup_lr(step, d_model, warmup=4000):
    if step < 1:
        raise ValueError(f"step is {step}; expected 1 or more (the first step is 1)")
    return float(d_model**-0.5 * min(step**-0.5, step * warmup**-1.5))
"""

C05 = (
    Case(
        name="adam_eps_under_the_root",
        functions=("adam_step",),
        kind="single",
        did="eps is added to v_hat under the root instead of after it.",
        says=(r"\beps", r"(after|outside|under|inside|before) the (square )?root"),
        code=slipped(ADAM_STEP, ("(np.sqrt(v_hat) + float(eps))", "np.sqrt(v_hat + float(eps))")),
    ),
    Case(
        name="v_corrected_by_beta1",
        functions=("adam_step",),
        kind="single",
        did="The bias correction of v uses beta1 instead of beta2.",
        says=(
            r"correct",
            r"v_hat",
            r"(beta_?1|β1|first beta).*(beta_?2|β2|second)",
            r"(beta_?2|β2).*(beta_?1|β1|first)",
            r"\bv\b.*(beta_?1|β1|first beta)",
        ),
        code=slipped(ADAM_STEP, ("1 - beta2**t", "1 - beta1 ** t")),
    ),
    Case(
        name="decay_without_the_learning_rate",
        functions=("adam_step",),
        kind="single",
        did="The weight decay is not multiplied by the learning rate.",
        says=(r"decay", r"\blr\b.*(not|missing|without|left out)"),
        code=slipped(ADAM_STEP, ("float(lr * weight_decay)", "float(weight_decay)")),
    ),
    Case(
        name="norms_are_added",
        functions=("clip_by_global_norm",),
        kind="single",
        did="The norms of the arrays are added, instead of their squares with one root at the end.",
        says=(
            r"squar",
            r"norms? .*(add|sum|each)|(add|sum).* norms?",
            r"each array|array by array|per array|every array",
            r"roots? .*(each|sum|end|add|before|after)",
        ),
        code=slipped(
            CLIP,
            (
                "float(np.sqrt(sum(float((g * g).sum()) for g in tree_leaves(grads))))",
                "float(sum(float(np.sqrt((g * g).sum())) for g in tree_leaves(grads)))",
            ),
        ),
    ),
    Case(
        name="larger_of_the_two_schedules",
        functions=("warmup_lr",),
        kind="single",
        did="The larger of the two curves is taken: max instead of min.",
        says=(r"\bmax", r"\bmin", r"larger|greater|smaller|lesser", r"wrong (one|branch|curve)"),
        code=slipped(WARMUP, ("min(step", "max(step")),
    ),
    Case(
        name="m_unweighted_and_lr_default",
        functions=("adam_step",),
        kind="pair",
        did="m adds the whole gradient, without 1 - beta1; the default lr is 1e-2.",
        says_both=(
            (r"1 ?[-−] ?(beta_?1|β1)", r"\bm\b|first (moment|average)|momentum"),
            (r"default", r"1e-0?[23]|0\.0?01", r"\blr\b"),
        ),
        code=slipped(ADAM_STEP, ("(1 - beta1) * g,", "g,"), ("lr=1e-3", "lr=1e-2")),
    ),
    Case(
        name="clip_factor_inverted_and_norm_of_after",
        functions=("clip_by_global_norm",),
        kind="pair",
        did="The factor is norm / max_norm, upside down; the norm returned is that after clipping.",
        says_both=(
            (
                r"factor",
                r"norm ?/ ?max_norm|max_norm ?/ ?norm",
                r"invert|upside|recipro|longer|lengthen",
            ),
            (r"norm.*(after|before|return)|(after|before|return).*norm",),
        ),
        code=slipped(
            CLIP,
            ("float(max_norm / norm)", "float(norm / max_norm)"),
            ("return grads, norm", "return grads, min(norm, float(max_norm))"),
        ),
    ),
)

FRESH: dict[str, tuple[Case, ...]] = {"01": C01, "02": C02, "03": C03, "04": C04, "05": C05}
