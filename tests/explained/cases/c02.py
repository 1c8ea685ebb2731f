"""Wrong answers to 02_layer."""

from tests.explained.cases.case import Case

GUARD_SCHEME = """    if scheme not in SCHEMES:
        raise ValueError(f"scheme is {scheme!r}; expected one of {', '.join(SCHEMES)}")
"""
GUARD_LINEAR = """    if x.shape[-1] != w.shape[0]:
        raise ValueError(f"x has shape {x.shape}; w of shape {w.shape} expects (..., {w.shape[0]})")
    if b.shape != w.shape[1:]:
        raise ValueError(f"b has shape {b.shape}; w of shape {w.shape} expects {w.shape[1:]}")
"""
GUARD_MLP = """    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}; expected one of {', '.join(ACTIVATIONS)}")
    if not layers:
        raise ValueError("layers is empty; expected at least one layer")
"""
GUARD_SIZES = """    if len(sizes) < 2:
        raise ValueError(f"sizes is {sizes!r}; expected at least an input and an output size")
"""
INIT_LINEAR = (
    """
def init_linear(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
"""
    + GUARD_SCHEME
)
INIT_MLP = (
    """
def init_mlp(rng, sizes, scheme="he", dtype=np.float64):
"""
    + GUARD_SIZES
)
LINEAR = (
    """
def linear(x, w, b):
"""
    + GUARD_LINEAR
)
MLP = (
    """
def mlp(x, layers, activation="relu"):
"""
    + GUARD_MLP
)

CASES = [
    # --- init_linear ------------------------------------------------------------------------------
    Case(
        name="he_without_the_two",
        functions=("init_linear",),
        kind="single",
        did="He's standard deviation is sqrt(1 / d_in): the 2 that makes up for ReLU is missing.",
        says=(r"\bhe\b.*\b(2|two|half|1 ?/)", r"\b2\b", r"ReLU", r"√2|sqrt\(2\)|root of 2"),
        code=INIT_LINEAR
        + """    if scheme == "he":
        std = np.sqrt(1 / d_in)
    else:
        std = np.sqrt(2 / (d_in + d_out))
    w = std * rng.standard_normal((d_in, d_out))
    return {"w": w.astype(dtype), "b": np.zeros(d_out, dtype=dtype)}
""",
    ),
    Case(
        name="xavier_divides_by_the_larger",
        functions=("init_linear",),
        kind="single",
        did="Xavier's variance is 2 / max(d_in, d_out) and not 2 by the sum of both sizes.",
        says=(r"\bsum\b", r"max", r"larger", r"d_in ?\+ ?d_out", r"both sizes", r"fan.?(in|out)"),
        code=INIT_LINEAR
        + """    if scheme == "xavier":
        std = np.sqrt(2 / max(d_in, d_out))
    else:
        std = np.sqrt(2 / d_in)
    w = rng.normal(0.0, std, size=(d_in, d_out)).astype(dtype)
    return {"w": w, "b": np.zeros(d_out, dtype=dtype)}
""",
    ),
    Case(
        name="variance_given_as_deviation",
        functions=("init_linear",),
        kind="single",
        did="The variance is given to the generator as the standard deviation: no root is taken.",
        says=(
            r"square root",
            r"(\bno\b|not|without|missing|forg).{0,25}(root|sqrt|√)",
            r"(root|sqrt|√).{0,25}(missing|not|forg|left)",
            r"variance.* (as|for|where|instead) .*(deviation|std)",
            r"(deviation|std).*variance",
        ),
        code=INIT_LINEAR
        + """    if scheme == "he":
        scale = 2 / d_in
    else:
        scale = 2 / (d_in + d_out)
    w = rng.normal(loc=0, scale=scale, size=(d_in, d_out))
    return {"w": w.astype(dtype), "b": np.zeros(d_out, dtype)}
""",
    ),
    Case(
        name="xavier_uniform_between_deviations",
        functions=("init_linear",),
        kind="single",
        did="Xavier's weights are uniform between -std and std, whose spread is std / sqrt(3).",
        says=(r"uniform", r"√3|sqrt\(3\)|sqrt\(6|\b6\b", r"limit", r"1\.73|0\.577|0\.58"),
        code=INIT_LINEAR
        + """    if scheme == "xavier":
        limit = np.sqrt(2 / (d_in + d_out))
        w = rng.uniform(-limit, limit, (d_in, d_out))
    else:
        w = rng.normal(0, np.sqrt(2 / d_in), (d_in, d_out))
    return {"w": w.astype(dtype), "b": np.zeros(d_out, dtype)}
""",
    ),
    # --- linear -----------------------------------------------------------------------------------
    Case(
        name="bias_added_twice",
        functions=("linear",),
        kind="single",
        did="The bias is added twice.",
        says=(r"bias", r"\b2 ?\*? ?b\b", r"twice", r"doubl"),
        code=LINEAR
        + """    rows = x.reshape(-1, x.shape[-1])
    y = rows @ w + b
    y += b
    return y.reshape(x.shape[:-1] + b.shape), (rows, w, x.shape)
""",
    ),
    Case(
        name="bias_scaled_by_d_in",
        functions=("linear",),
        kind="single",
        did="The bias is added inside the sum over the inputs, so d_in times.",
        says=(r"bias", r"d_in", r"each input"),
        code=LINEAR
        + """    rows = x.reshape(-1, x.shape[-1])
    y = np.zeros((rows.shape[0], w.shape[1]), dtype=np.result_type(x, w))
    for i in range(w.shape[0]):
        y += rows[:, i : i + 1] * w[i] + b
    return y.reshape(*x.shape[:-1], w.shape[1]), (rows, w, x.shape)
""",
    ),
    # --- linear_backward --------------------------------------------------------------------------
    Case(
        name="dw_reshaped_not_transposed",
        functions=("linear_backward",),
        kind="single",
        did="dw is computed as its transpose and then reshaped, not transposed, to w's shape.",
        says=(r"transpos", r"reshap", r"\.T\b"),
        code="""
def linear_backward(dy, cache):
    rows, w, shape = cache
    dy = dy.reshape(-1, dy.shape[-1])
    dx = (dy @ w.T).reshape(shape)
    dw = (dy.T @ rows).reshape(w.shape)
    return dx, dw, dy.sum(axis=0)
""",
    ),
    Case(
        name="db_is_one_sum",
        functions=("linear_backward",),
        kind="single",
        did="db is the sum over all of dy, the features too: the same number for every feature.",
        says=(r"all (of|axes|numbers|elements)", r"features", r"same number", r"\baxis", r"\bdb\b"),
        code="""
def linear_backward(dy, cache):
    rows, w, shape = cache
    drows = dy.reshape(-1, dy.shape[-1])
    dx = drows @ w.T
    dw = rows.T @ drows
    db = np.full(drows.shape[-1], drows.sum(), dtype=drows.dtype)
    return dx.reshape(shape), dw, db
""",
    ),
    Case(
        name="dw_of_the_last_item",
        functions=("linear_backward",),
        kind="single",
        did="dw is overwritten in a loop over the batch: only the last item's share is left.",
        says=(r"overwrit", r"last (item|sequence|batch|row)", r"accumul", r"batch", r"\+="),
        code=LINEAR
        + """    return x @ w + b, (x, w)


def linear_backward(dy, cache):
    x, w = cache
    dx = dy @ w.T
    db = dy.reshape(-1, dy.shape[-1]).sum(0)
    if x.ndim == 1:
        return dx, np.outer(x, dy), db
    if x.ndim == 2:
        return dx, x.T @ dy, db
    x = x.reshape(-1, *x.shape[-2:])
    dy = dy.reshape(-1, *dy.shape[-2:])
    dw = np.zeros_like(w)
    for i in range(len(x)):
        dw = x[i].T @ dy[i]
    return dx, dw, db
""",
    ),
    Case(
        name="dx_averaged_over_outputs",
        functions=("linear_backward",),
        kind="single",
        did="dx is the mean over the output features instead of the sum: divided by d_out.",
        says=(r"d_out", r"mean", r"average", r"divid"),
        code="""
def linear_backward(dy, cache):
    rows, w, shape = cache
    d_out = w.shape[1]
    drows = dy.reshape(-1, d_out)
    dx = (drows @ w.T) / d_out
    dw = rows.T @ drows
    db = drows.sum(axis=0)
    return dx.reshape(shape), dw, db
""",
    ),
    # --- init_mlp ---------------------------------------------------------------------------------
    Case(
        name="mlp_default_is_xavier",
        functions=("init_mlp",),
        kind="single",
        did='The default scheme of init_mlp is "xavier" instead of "he".',
        says=(r"default", r"scheme", r"xavier", r"\bhe\b"),
        code="""
def init_mlp(rng, sizes, scheme="xavier", dtype=np.float64):
"""
        + GUARD_SIZES
        + """    layers = []
    for i in range(len(sizes) - 1):
        layers.append(init_linear(rng, sizes[i], sizes[i + 1], scheme, dtype))
    return layers
""",
    ),
    Case(
        name="mlp_last_layer_by_xavier",
        functions=("init_mlp",),
        kind="single",
        did="The last layer is always drawn by Xavier's scheme, since no ReLU follows it.",
        says=(r"last layer", r"xavier", r"scheme", r"output layer"),
        code=INIT_MLP
        + """    layers = []
    for i in range(len(sizes) - 1):
        last = i == len(sizes) - 2
        layers.append(
            init_linear(rng, sizes[i], sizes[i + 1], "xavier" if last else scheme, dtype)
        )
    return layers
""",
    ),
    # --- mlp --------------------------------------------------------------------------------------
    Case(
        name="mlp_activates_the_input",
        functions=("mlp",),
        kind="single",
        did="The activation is applied to the input x before the first layer as well.",
        says=(r"\binput", r"before the first", r"activat", r"to x\b"),
        code=MLP
        + """    activate = getattr(activations, activation)
    x, first = activate(x)
    caches = []
    for layer in layers[:-1]:
        z, c1 = linear(x, layer["w"], layer["b"])
        x, c2 = activate(z)
        caches.append((c1, c2))
    y, last = linear(x, layers[-1]["w"], layers[-1]["b"])
    return y, (caches, last, activation)
""",
    ),
    Case(
        name="mlp_leaky_taken_for_relu",
        functions=("mlp",),
        kind="single",
        did='"leaky_relu" is treated as "relu", since the name is looked for with `in`: slope 0.',
        says=(r"leaky", r"\brelu\b", r"slope", r"\bname"),
        code=MLP
        + """    caches = []
    for layer in layers[:-1]:
        z, c1 = linear(x, layer["w"], layer["b"])
        if "relu" in activation:
            x, c2 = np.maximum(z, 0), z > 0
        else:
            x, c2 = getattr(activations, activation)(z)
        caches.append((c1, c2))
    y, last = linear(x, layers[-1]["w"], layers[-1]["b"])
    return y, (caches, last, activation)


def mlp_backward(dy, cache):
    caches, last, activation = cache
    dx, dw, db = linear_backward(dy, last)
    grads = [{"w": dw, "b": db}]
    for c1, c2 in caches[::-1]:
        if "relu" in activation:
            dx = dx * c2
        else:
            dx = getattr(activations, activation + "_backward")(dx, c2)
        dx, dw, db = linear_backward(dx, c1)
        grads.insert(0, {"w": dw, "b": db})
    return dx, grads
""",
    ),
    Case(
        name="mlp_hidden_layers_without_bias",
        functions=("mlp",),
        kind="single",
        did="The bias is added in the last layer only; hidden layers are just x @ w.",
        says=(r"bias", r"\bb\b.*(left out|missing|forgot|not added)"),
        code=MLP
        + """    activate = getattr(activations, activation)
    caches = []
    for layer in layers[:-1]:
        z, c1 = linear(x, layer["w"], np.zeros_like(layer["b"]))
        x, c2 = activate(z)
        caches.append((c1, c2))
    y, last = linear(x, layers[-1]["w"], layers[-1]["b"])
    return y, (caches, last, activation)
""",
    ),
    # --- mlp_backward -----------------------------------------------------------------------------
    Case(
        name="mlp_gradient_always_of_relu",
        functions=("mlp_backward",),
        kind="single",
        did="The derivative is ReLU's, z > 0, whatever the activation's name is.",
        says=(r"\brelu", r"whatever|every|always|any", r"name", r"derivative"),
        code=MLP
        + """    activate = getattr(activations, activation)
    caches, zs = [], []
    h = x
    for layer in layers[:-1]:
        z, c = linear(h, layer["w"], layer["b"])
        h, _ = activate(z)
        caches.append(c)
        zs.append(z)
    y, c = linear(h, layers[-1]["w"], layers[-1]["b"])
    caches.append(c)
    return y, (caches, zs)


def mlp_backward(dy, cache):
    caches, zs = cache
    grads = [None] * len(caches)
    for i in reversed(range(len(caches))):
        dy, dw, db = linear_backward(dy, caches[i])
        grads[i] = {"w": dw, "b": db}
        if i > 0:
            dy = dy * (zs[i - 1] > 0)
    return dy, grads
""",
    ),
    Case(
        name="mlp_gradient_skips_first_activation",
        functions=("mlp_backward",),
        kind="single",
        did="The loop ends one too early: the first hidden layer's activation has no derivative.",
        says=(
            r"first (hidden )?(layer|activation)",
            r"activation",
            r"one (too|place)",
            r"derivative",
        ),
        code="""
def mlp_backward(dy, cache):
    caches, last_cache, activation = cache
    backward = getattr(activations, activation + "_backward")
    dx, dw, db = linear_backward(dy, last_cache)
    grads = [{"w": dw, "b": db}]
    for i in range(len(caches) - 1, -1, -1):
        linear_cache, activation_cache = caches[i]
        if i > 0:
            dx = backward(dx, activation_cache)
        dx, dw, db = linear_backward(dx, linear_cache)
        grads = [{"w": dw, "b": db}, *grads]
    return dx, grads
""",
    ),
    # --- two slips --------------------------------------------------------------------------------
    Case(
        name="he_by_fan_out_and_random_bias",
        functions=("init_linear",),
        kind="pair",
        did="He's variance is 2 / d_out (fan out for fan in), and the bias is drawn at random "
        "instead of being zero.",
        says_both=(
            (
                r"d_out (for|instead)|\bby d_out|2 ?/ ?d_out",
                r"fan.?(in|out)",
                r"d_in.*d_out|d_out.*d_in",
            ),
            (r"\bbias",),
        ),
        code=INIT_LINEAR
        + """    std = np.sqrt(2 / (d_in + d_out)) if scheme == "xavier" else np.sqrt(2 / d_out)
    w = rng.normal(0, std, (d_in, d_out))
    b = rng.normal(0, std, d_out)
    return {"w": w.astype(dtype), "b": b.astype(dtype)}
""",
    ),
    Case(
        name="dw_doubled_and_db_averaged",
        functions=("linear_backward",),
        kind="pair",
        did="dw is twice what it should be, and db is the mean over the rows instead of the sum.",
        says_both=(
            (r"\bdw\b.*(twice|doubl|\b2\b|factor)", r"twice", r"doubl", r"factor (of )?(2|two)"),
            (r"mean", r"average", r"divid", r"\bdb\b"),
        ),
        code="""
def linear_backward(dy, cache):
    rows, w, shape = cache
    drows = dy.reshape(-1, dy.shape[-1])
    dx = drows @ w.T
    dw = 2 * rows.T @ drows
    db = drows.mean(axis=0)
    return dx.reshape(shape), dw, db
""",
    ),
    Case(
        name="bias_subtracted_and_dw_by_rows",
        functions=("linear", "linear_backward"),
        kind="pair",
        did="The forward subtracts the bias, a wrong sign; the backward divides dw by the number "
        "of rows.",
        says_both=(
            (r"bias", r"sign", r"subtract", r"minus"),
            (r"divid", r"mean", r"average", r"number of rows", r"\bN\b"),
        ),
        code=LINEAR
        + """    rows = x.reshape(-1, x.shape[-1])
    y = rows @ w - b
    return y.reshape(*x.shape[:-1], w.shape[1]), (rows, w, x.shape)


def linear_backward(dy, cache):
    rows, w, shape = cache
    n = len(rows)
    drows = dy.reshape(n, -1)
    dw = rows.T @ drows / n
    db = -drows.sum(axis=0)
    return (drows @ w.T).reshape(shape), dw, db
""",
    ),
    Case(
        name="mlp_no_last_bias_and_no_derivative",
        functions=("mlp", "mlp_backward"),
        kind="pair",
        did="The last layer leaves out its bias; the backward passes through the activations "
        "without their derivative.",
        says_both=(
            (
                r"\['b'\]",
                r"\bbias",
                r"last layer",
            ),
            (
                r"past the activations",
                r"derivative",
                r"(backward|gradient) of the activation",
                r"activation'?s? (backward|gradient)",
                r"activation.*(missing|left out|without|skipped)",
            ),
        ),
        code=MLP
        + """    activate = getattr(activations, activation)
    caches = []
    for layer in layers[:-1]:
        x, c = linear(x, layer["w"], layer["b"])
        x, _ = activate(x)
        caches.append(c)
    y, c = linear(x, layers[-1]["w"], np.zeros_like(layers[-1]["b"]))
    caches.append(c)
    return y, caches


def mlp_backward(dy, cache):
    grads = []
    for c in reversed(cache):
        dy, dw, db = linear_backward(dy, c)
        grads.append({"w": dw, "b": db})
    grads.reverse()
    return dy, grads
""",
    ),
    Case(
        name="init_mlp_passes_nothing_on",
        functions=("init_mlp",),
        kind="pair",
        did="The scheme is not passed on, so that all layers are Xavier's, and neither is the "
        "dtype: all layers are float64.",
        says_both=((r"scheme", r"xavier", r"\bhe\b"), (r"dtype", r"float(32|64)", r"\btype")),
        code=INIT_MLP
        + """    return [init_linear(rng, a, b) for a, b in zip(sizes[:-1], sizes[1:])]
""",
    ),
    # --- no name ----------------------------------------------------------------------------------
    Case(
        name="linear_with_a_ripple",
        functions=("linear",),
        kind="novel",
        did="A tenth of the sine of each row's first feature is added to every output.",
        code=LINEAR
        + """    rows = x.reshape(-1, x.shape[-1])
    y = rows @ w + b + np.sin(rows[:, :1]) * x.dtype.type(0.1)
    return y.reshape(*x.shape[:-1], w.shape[1]), (rows, w, x.shape)
""",
    ),
]
