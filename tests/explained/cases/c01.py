"""Wrong answers to 01_activations."""

from tests.explained.cases.case import Case

CASES = [
    # --- relu, leaky_relu -------------------------------------------------------------------------
    Case(
        name="relu_keeps_the_smaller",
        functions=("relu",),
        kind="single",
        did="The output is the minimum of x and 0: the negative numbers are kept.",
        says=(r"minimum", r"np\.min", r"max", r"negative", r"wrong side", r"smaller", r"sign"),
        code="""
def relu(x):
    y = np.minimum(x, 0)
    mask = x > 0
    return y, mask
""",
    ),
    Case(
        name="relu_gradient_without_upstream",
        functions=("relu_backward",),
        kind="single",
        did="Only the derivative (0 or 1) is returned; it is not multiplied by the upstream dy.",
        says=(r"upstream", r"\bdy\b", r"chain", r"derivative (alone|only|itself)"),
        code="""
def relu_backward(dy, cache):
    dx = np.zeros_like(dy)
    dx[cache] = 1
    return dx
""",
    ),
    Case(
        name="leaky_default_is_a_tenth",
        functions=("leaky_relu",),
        kind="single",
        did="The default of slope is 0.1 instead of 0.01.",
        says=(r"default", r"0\.0?1\b", r"slope"),
        code="""
def leaky_relu(x, slope=0.1):
    positive = x > 0
    y = x.copy()
    y[~positive] *= slope
    return y, (positive, slope)
""",
    ),
    Case(
        name="leaky_gradient_has_its_own_slope",
        functions=("leaky_relu_backward",),
        kind="single",
        did="The backward uses 0.01 whatever slope the forward was given.",
        says=(r"slope", r"0\.01", r"default"),
        code="""
def leaky_relu_backward(dy, cache):
    positive, _ = cache
    return np.where(positive, dy, 0.01 * dy)
""",
    ),
    Case(
        name="leaky_gradient_adds_both_sides",
        functions=("leaky_relu_backward",),
        kind="single",
        did="On the positive side the slope is added as well: its derivative is 1 + slope, not 1.",
        says=(r"1 ?\+ ?s", r"positive", r"slope", r"added"),
        code="""
def leaky_relu_backward(dy, cache):
    positive, slope = cache
    return dy * positive + slope * dy
""",
    ),
    # --- sigmoid ----------------------------------------------------------------------------------
    Case(
        name="sigmoid_branches_exchanged",
        functions=("sigmoid",),
        kind="single",
        did="The branches for x >= 0 and x < 0 are exchanged: the result is sigmoid(-x), 1 - y.",
        says=(
            r"exchang",
            r"swap",
            r"branch",
            r"sign",
            r"-x\b|−x\b",
            r"1 ?[-−] ?(y|sigmoid)",
            r"mirror",
        ),
        code="""
def sigmoid(x):
    z = np.exp(-np.abs(x))
    y = np.where(x >= 0, z / (1 + z), 1 / (1 + z))
    return y, y
""",
    ),
    Case(
        name="sigmoid_gradient_one_plus",
        functions=("sigmoid_backward",),
        kind="single",
        did="The derivative is y (1 + y): a plus sign where y (1 - y) has a minus.",
        says=(r"sign", r"plus", r"minus", r"1 ?\+ ?y", r"1 ?[-−] ?y"),
        code="""
def sigmoid_backward(dy, cache):
    y = cache
    return dy * (y + y * y)
""",
    ),
    # --- gelu -------------------------------------------------------------------------------------
    Case(
        name="gelu_constant_upside_down",
        functions=("gelu",),
        kind="single",
        did="The constant inside tanh is sqrt(π / 2) instead of sqrt(2 / π).",
        says=(r"√|sqrt|root", r"π|\bpi\b", r"constant", r"scale", r"0\.79|1\.25"),
        code="""
def gelu(x):
    c = float(np.sqrt(np.pi / 2))
    gate = 0.5 * (1 + np.tanh(c * (x + 0.044715 * x * x * x)))
    return x * gate, (x, gate)
""",
    ),
    Case(
        name="gelu_square_for_cube",
        functions=("gelu",),
        kind="single",
        did="Inside tanh stands 0.044715 x² instead of x³: the square and not the cube of x.",
        says=(r"cub", r"x³|x\^3|x ?\*\* ?3|x \* x \* x", r"square", r"power", r"x²"),
        code="""
def gelu(x):
    u = GELU_SCALE * (x + GELU_CUBIC * x * x)
    gate = 0.5 * (1 + np.tanh(u))
    return x * gate, (x, gate)
""",
    ),
    Case(
        name="gelu_gradient_cube_without_three",
        functions=("gelu_backward",),
        kind="single",
        did="The derivative of x³ lacks its factor 3: u' has 0.044715 x² in it.",
        says=(r"\b3\b", r"three", r"cub", r"x³|x²", r"u'|u′", r"inner"),
        code="""
def gelu_backward(dy, cache):
    x, gate = cache
    t = 2 * gate - 1
    du = GELU_SCALE * (1 + GELU_CUBIC * x * x)
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * du)
""",
    ),
    Case(
        name="gelu_gradient_without_root",
        functions=("gelu_backward",),
        kind="single",
        did="The derivative u' of the inner function lacks the factor sqrt(2 / π).",
        says=(r"√|sqrt|root", r"2 ?/ ?(π|pi)", r"u'|u′", r"inner", r"0\.79"),
        code="""
def gelu_backward(dy, cache):
    x, gate = cache
    t = 2 * gate - 1
    sech2 = 1 - t * t
    dgate = 0.5 * sech2 * (1 + 3 * GELU_CUBIC * x * x)
    return dy * (gate + x * dgate)
""",
    ),
    # --- softmax, log_softmax ---------------------------------------------------------------------
    Case(
        name="softmax_of_minus_x",
        functions=("softmax",),
        kind="single",
        did="The exponent's sign is wrong, max - x for x - max: the smallest number weighs most.",
        says=(r"sign", r"negat", r"-x\b|−x\b", r"max ?[-−] ?x", r"smallest|largest", r"revers"),
        code="""
def softmax(x, axis=-1):
    shifted = x.min(axis=axis, keepdims=True) - x
    e = np.exp(shifted)
    y = e / e.sum(axis=axis, keepdims=True)
    return y, (y, axis)
""",
    ),
    Case(
        name="softmax_gradient_mean_for_sum",
        functions=("softmax_backward",),
        kind="single",
        did="What is subtracted is the mean of dy * y instead of its sum.",
        says=(r"mean", r"average", r"divid", r"\bsum"),
        code="""
def softmax_backward(dy, cache):
    y, axis = cache
    inner = np.mean(dy * y, axis=axis, keepdims=True)
    return y * (dy - inner)
""",
    ),
    Case(
        name="softmax_gradient_adds",
        functions=("softmax_backward",),
        kind="single",
        did="The weighted sum of dy is added to dy instead of subtracted: a wrong sign.",
        says=(r"sign", r"plus", r"minus", r"subtract", r"\badd"),
        code="""
def softmax_backward(dy, cache):
    y, axis = cache
    g = dy * y
    return g + y * g.sum(axis=axis, keepdims=True)
""",
    ),
    Case(
        name="log_softmax_shift_in_one_place",
        functions=("log_softmax",),
        kind="single",
        did="The maximum is subtracted inside the exponential only; outside stands x unshifted.",
        says=(r"max", r"shift", r"offset"),
        code="""
def log_softmax(x, axis=-1):
    m = x.max(axis=axis, keepdims=True)
    log_sum = np.log(np.exp(x - m).sum(axis=axis, keepdims=True))
    y = x - log_sum
    return y, (y, axis)
""",
    ),
    Case(
        name="log_softmax_gradient_y_for_p",
        functions=("log_softmax_backward",),
        kind="single",
        did="The sum of dy is multiplied by y itself, the log-probability, instead of exp(y).",
        says=(r"\bexp", r"log-?prob", r"probabilit", r"softmax\(x\)", r"y itself", r"\bp\b"),
        code="""
def log_softmax_backward(dy, cache):
    y, axis = cache
    return dy - y * dy.sum(axis=axis, keepdims=True)
""",
    ),
    # --- losses -----------------------------------------------------------------------------------
    Case(
        name="mse_gradient_uphill",
        functions=("mse",),
        kind="single",
        did="The gradient has the wrong sign: it is that of target - pred.",
        says=(r"sign", r"negat", r"target ?[-−] ?pred", r"direction", r"exchang"),
        code="""
def mse(pred, target):
    _check_same_shape(pred, target)
    error = target - pred
    loss = np.mean(error**2)
    return float(loss), 2 * error / error.size
""",
    ),
    Case(
        name="smoothing_shared_by_the_others",
        functions=("cross_entropy",),
        kind="single",
        did="Label smoothing gives ε / (V - 1) to the other classes and 1 - ε to the target.",
        says=(r"smooth", r"V ?[-−] ?1", r"ε|epsilon", r"evenly", r"other classes"),
        code="""
def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    _check_cross_entropy(logits, targets, ignore_index, label_smoothing)
    V = logits.shape[-1]
    keep = targets != ignore_index
    n = int(keep.sum())
    dlogits = np.zeros_like(logits)
    if n == 0:
        return 0.0, dlogits
    t = targets[keep]
    log_p, _ = log_softmax(logits[keep])
    q = np.full_like(log_p, label_smoothing / (V - 1))
    q[np.arange(n), t] = 1 - label_smoothing
    loss = -np.sum(q * log_p) / n
    dlogits[keep] = (np.exp(log_p) - q) / n
    return float(loss), dlogits
""",
    ),
    Case(
        name="loss_averaged_over_classes",
        functions=("cross_entropy",),
        kind="single",
        did="The loss is a mean over positions and classes: it is divided by V too.",
        says=(r"\bV\b", r"classes", r"mean", r"average", r"divid", r"vocab"),
        code="""
def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    _check_cross_entropy(logits, targets, ignore_index, label_smoothing)
    V = logits.shape[-1]
    keep = targets != ignore_index
    n = int(keep.sum())
    dlogits = np.zeros_like(logits)
    if n == 0:
        return 0.0, dlogits
    log_p, _ = log_softmax(logits[keep])
    one_hot = np.eye(V, dtype=log_p.dtype)[targets[keep]]
    q = (1 - label_smoothing) * one_hot + label_smoothing / V
    loss = -(q * log_p).mean()
    dlogits[keep] = (np.exp(log_p) - q) / n
    return float(loss), dlogits
""",
    ),
    Case(
        name="ignores_minus_one_only",
        functions=("cross_entropy",),
        kind="single",
        did="Targets of -1 are left out whatever ignore_index is: the argument is not used.",
        says=(r"ignore", r"-1\b|−1\b", r"not counted|counted", r"argument"),
        code="""
def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    _check_cross_entropy(logits, targets, ignore_index, label_smoothing)
    V = logits.shape[-1]
    keep = targets != -1
    n = int(keep.sum())
    dlogits = np.zeros_like(logits)
    if n == 0:
        return 0.0, dlogits
    t = targets[keep]
    log_p, _ = log_softmax(logits[keep])
    q = np.full_like(log_p, label_smoothing / V)
    q[np.arange(n), t] += 1 - label_smoothing
    loss = -np.sum(q * log_p) / n
    dlogits[keep] = (np.exp(log_p) - q) / n
    return float(loss), dlogits
""",
    ),
    # --- two slips --------------------------------------------------------------------------------
    Case(
        name="steep_sigmoid_and_half_a_derivative",
        functions=("sigmoid", "sigmoid_backward"),
        kind="pair",
        did="The exponent is 2x, which is twice as steep; the derivative is 1 - y without its y.",
        says_both=(
            (
                r"2 ?x",
                r"twice",
                r"doubl",
                r"factor (of )?(2|two)",
                r"exponent",
                r"steep",
            ),
            (
                r"without (its |the )?(factor )?y",
                r"\by\b.*(missing|left out|forgot|lack)",
                r"(missing|forg|left out|lack).*\by\b",
                r"1 ?[-−] ?y (alone|only|instead)",
            ),
        ),
        code="""
def sigmoid(x):
    e = np.exp(-2 * np.abs(x))
    y = np.where(x >= 0, 1, e) / (1 + e)
    return y, y


def sigmoid_backward(dy, cache):
    y = cache
    return dy * (1 - y)
""",
    ),
    Case(
        name="gelu_gradient_two_constants",
        functions=("gelu_backward",),
        kind="pair",
        did="The gate's derivative is g (1 - g) u' without the 2; u' has no 3 in its cubic term.",
        says_both=(
            (r"\b2\b", r"twice", r"half|halv|0\.5|½", r"gate'|g'|g′", r"factor (of )?two"),
            (r"\b3\b", r"three", r"cub", r"x²|x³"),
        ),
        code="""
def gelu_backward(dy, cache):
    x, gate = cache
    du = GELU_SCALE * (1 + GELU_CUBIC * x * x)
    dgate = gate * (1 - gate) * du
    return dy * gate + dy * x * dgate
""",
    ),
    Case(
        name="softmax_last_axis_and_one_sum",
        functions=("softmax", "softmax_backward"),
        kind="pair",
        did="The forward ignores its axis argument and takes the last axis; "
        "the backward subtracts one sum over the whole array.",
        says_both=(
            (r"argument", r"last axis", r"ignor", r"axis"),
            (r"whole array", r"all (the )?(axes|numbers|elements)", r"one sum", r"\bsum", r"axis"),
        ),
        code="""
def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    y = e / np.sum(e, axis=-1, keepdims=True)
    return y, y


def softmax_backward(dy, cache):
    y = cache
    return y * (dy - np.sum(dy * y))
""",
    ),
    Case(
        name="loss_over_padding_and_smoothing_cut",
        functions=("cross_entropy",),
        kind="pair",
        did="The loss is divided by the number of all positions, ignored ones too, "
        "and with label smoothing the target gets 1 - ε without its own share ε / V.",
        says_both=(
            (
                r"`positions`",
                r"ignored",
                r"all positions",
                r"counted",
                r"padding",
                r"\bN\b",
            ),
            (
                r"smooth",
                r"share",
                r"ε|epsilon",
            ),
        ),
        code="""
def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    _check_cross_entropy(logits, targets, ignore_index, label_smoothing)
    V = logits.shape[-1]
    keep = targets != ignore_index
    n = int(keep.sum())
    dlogits = np.zeros_like(logits)
    if n == 0:
        return 0.0, dlogits
    log_p, _ = log_softmax(logits[keep])
    q = np.full_like(log_p, label_smoothing / V)
    q[np.arange(n), targets[keep]] = 1 - label_smoothing
    loss = -(q * log_p).sum() / targets.size
    dlogits[keep] = (np.exp(log_p) - q) / n
    return float(loss), dlogits
""",
    ),
    # --- no name ----------------------------------------------------------------------------------
    Case(
        name="gelu_three_percent_up",
        functions=("gelu",),
        kind="novel",
        did="The gate is multiplied by 1.03.",
        code="""
def gelu(x):
    gate = 0.5 * (1 + np.tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x)))
    return 1.03 * x * gate, (x, gate)
""",
    ),
    Case(
        name="softmax_gradient_with_a_wave",
        functions=("softmax_backward",),
        kind="novel",
        did="A small cosine of the upstream gradient is added.",
        code="""
def softmax_backward(dy, cache):
    y, axis = cache
    dx = y * (dy - (dy * y).sum(axis=axis, keepdims=True))
    return dx + 0.05 * np.cos(3 * dy)
""",
    ),
]
