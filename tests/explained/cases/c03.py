"""Wrong answers to 03_layernorm."""

from tests.explained.cases.case import Case

GUARDS = """    if gamma.shape != x.shape[-1:]:
        raise ValueError(f"gamma has shape {gamma.shape}, expected {x.shape[-1:]} for x {x.shape}")
    if beta.shape != x.shape[-1:]:
        raise ValueError(f"beta has shape {beta.shape}, expected {x.shape[-1:]} for x {x.shape}")
"""
FORWARD = (
    """
def layernorm(x, gamma, beta, eps=1e-5):
"""
    + GUARDS
)

CASES = [
    # --- layernorm --------------------------------------------------------------------------------
    Case(
        name="divides_by_the_variance",
        functions=("layernorm",),
        kind="single",
        did="The centred row is divided by the variance plus eps; no root is taken.",
        says=(
            r"\bby (the )?variance",
            r"\bno (square )?root",
            r"without .{0,12}root",
            r"not (the|its) (square )?root",
            r"root .*(missing|not taken|left out|forgotten)|(missing|forg|left out).*root",
            r"instead of .{0,12}(standard deviation|root|std)",
            r"sqrt|√",
        ),
        code=FORWARD
        + """    mean = x.mean(axis=-1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    inv = 1 / (var + eps)
    x_hat = (x - mean) * inv
    return gamma * x_hat + beta, (x_hat, inv, gamma)
""",
    ),
    Case(
        name="default_eps_is_adams",
        functions=("layernorm",),
        kind="single",
        did="The default of eps is 1e-8 instead of 1e-5.",
        says=(r"default", r"\beps", r"1e-0?[58]"),
        code="""
def layernorm(x, gamma, beta, eps=1e-8):
"""
        + GUARDS
        + """    mean = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    inv = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * inv
    return gamma * x_hat + beta, (x_hat, inv, gamma)
""",
    ),
    Case(
        name="gamma_before_normalising",
        functions=("layernorm",),
        kind="single",
        did="x is scaled by gamma before the normalisation instead of after it.",
        says=(r"gamma", r"before", r"order", r"scal"),
        code=FORWARD
        + """    z = x * gamma
    mean = z.mean(-1, keepdims=True)
    inv = 1 / np.sqrt(z.var(-1, keepdims=True) + eps)
    x_hat = (z - mean) * inv
    return x_hat + beta, (x_hat, inv, gamma)
""",
    ),
    Case(
        name="mean_absolute_deviation",
        functions=("layernorm",),
        kind="single",
        did="The rows are divided by their mean absolute deviation, not the root of the variance.",
        says=(
            r"absolute",
            r"\bL1\b",
            r"not squared|without squar|instead of .{0,12}squar",
        ),
        code=FORWARD
        + """    centred = x - x.mean(-1, keepdims=True)
    spread = np.abs(centred).mean(-1, keepdims=True)
    inv = 1 / (spread + eps)
    x_hat = centred * inv
    return gamma * x_hat + beta, (x_hat, inv, gamma)
""",
    ),
    Case(
        name="second_moment_for_variance",
        functions=("layernorm",),
        kind="single",
        did="The root is of the mean of x², not of the centred squares: it is not centred.",
        says=(
            r"centred",
            r"(not|un|without).{0,12}centr",
            r"mean of (the )?(x²|squares|x squared)",
            r"x²|x ?\*\* ?2|E\[x",
            r"second moment",
            r"\brms\b|root mean square",
            r"variance.*(without|not).*(mean|subtract)",
        ),
        code=FORWARD
        + """    mu = np.mean(x, axis=-1, keepdims=True)
    second = np.mean(x * x, axis=-1, keepdims=True)
    inv = 1 / np.sqrt(second + eps)
    x_hat = (x - mu) * inv
    return gamma * x_hat + beta, (x_hat, inv, gamma)
""",
    ),
    Case(
        name="one_plus_gamma",
        functions=("layernorm",),
        kind="single",
        did="The scale is 1 + gamma instead of gamma.",
        says=(r"1 ?\+ ?gamma", r"gamma", r"x_hat (is )?added"),
        code=FORWARD
        + """    mu = x.mean(-1, keepdims=True)
    inv = 1 / np.sqrt(((x - mu) ** 2).mean(-1, keepdims=True) + eps)
    x_hat = (x - mu) * inv
    return (1 + gamma) * x_hat + beta, (x_hat, inv, gamma)
""",
    ),
    Case(
        name="variance_of_all_rows",
        functions=("layernorm",),
        kind="single",
        did="The mean is each row's, but the variance is one for the whole array: "
        "its axis is missing.",
        says=(
            r"\baxis|\baxes",
            r"whole array|entire|all (the )?(rows|numbers|elements)",
            r"one variance",
        ),
        code=FORWARD
        + """    centred = x - x.mean(-1, keepdims=True)
    var = np.mean(centred**2)
    inv = np.full_like(centred[..., :1], 1 / np.sqrt(var + eps))
    x_hat = centred * inv
    return gamma * x_hat + beta, (x_hat, inv, gamma)
""",
    ),
    # --- layernorm_backward -----------------------------------------------------------------------
    Case(
        name="variance_path_added",
        functions=("layernorm_backward",),
        kind="single",
        did="The term of the variance's path has the wrong sign: it is added, not subtracted.",
        says=(
            r"\bsign\b",
            r"plus|minus",
            r"added.*(subtract|instead)",
            r"should be subtracted",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    m = dx_hat.mean(-1, keepdims=True)
    s = (dx_hat * x_hat).mean(-1, keepdims=True)
    dx = (dx_hat - m + x_hat * s) * inv_std
    rows = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)
""",
    ),
    Case(
        name="mean_path_twice",
        functions=("layernorm_backward",),
        kind="single",
        did="The mean of dx_hat is subtracted twice: the mean's path is counted double.",
        says=(
            r"mean.*twice",
            r"\bmean.*(twice|doubl|\b2\b)",
            r"(twice|doubl|\b2\b).*\bmean",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    D = dy.shape[-1]
    g = dy * gamma
    g = g - g.mean(axis=-1, keepdims=True)
    total = (dy * gamma).sum(axis=-1, keepdims=True)
    inner = (g * x_hat).sum(axis=-1, keepdims=True)
    dx = inv_std / D * (D * g - total - x_hat * inner)
    rows = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)
""",
    ),
    Case(
        name="dx_multiplied_by_sigma",
        functions=("layernorm_backward",),
        kind="single",
        did="dx is multiplied by the standard deviation sigma instead of divided by it.",
        says=(
            r"multipl.*(sigma|σ|standard deviation|std)",
            r"divid.*inv_std|/ ?inv_std",
            r"upside|inverse|inverted",
            r"instead of .{0,12}divi",
            r"(sigma|σ|std|standard deviation) (instead of|for|where) .*(1 ?/|inv)",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    m = dx_hat.mean(-1, keepdims=True)
    s = (dx_hat * x_hat).mean(-1, keepdims=True)
    dx = (dx_hat - m - x_hat * s) / inv_std
    rows = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)
""",
    ),
    Case(
        name="dy_in_the_variance_path",
        functions=("layernorm_backward",),
        kind="single",
        did="In the variance's term stands dy where dx_hat = dy * gamma belongs.",
        says=(
            r"variance.*(gamma|\bdy\b)|(gamma|\bdy\b).*variance",
            r"(term|path|second mean).*gamma|gamma.*(term|path|second mean)",
            r"\bdy\b.*(where|instead|for) .*dx_hat",
            r"mean of dy ?\* ?x_hat",
            r"without gamma|gamma (is )?(missing|left out|forgotten)",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    m = dx_hat.mean(-1, keepdims=True)
    s = (dy * x_hat).mean(-1, keepdims=True)
    dx = (dx_hat - m - x_hat * s) * inv_std
    rows = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)
""",
    ),
    Case(
        name="sum_in_the_variance_path",
        functions=("layernorm_backward",),
        kind="single",
        did="The variance's term holds a sum over the features, not a mean: D times too much.",
        says=(
            r"\bsum\b",
            r"\bD times",
            r"factor (of )?D\b",
            r"not divided|divi.*\bD\b",
            r"(instead of|not) (a |the )?(mean|average)",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    through_mean = dx_hat.mean(-1, keepdims=True)
    through_var = x_hat * (dx_hat * x_hat).sum(-1, keepdims=True)
    dx = (dx_hat - through_mean - through_var) * inv_std
    rows = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)
""",
    ),
    Case(
        name="dgamma_from_dx_hat",
        functions=("layernorm_backward",),
        kind="single",
        did="dgamma is made of dx_hat = dy * gamma instead of dy: it has a factor gamma too many.",
        says=(
            r"(dgamma|gradient of gamma).*(dx_hat|gamma)",
            r"(dx_hat|factor (of )?gamma|times gamma).*dgamma",
            r"dx_hat .*(instead|where|for) .*\bdy\b",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    g = dy * gamma
    axes = tuple(range(dy.ndim - 1))
    dgamma = np.sum(g * x_hat, axis=axes)
    dbeta = np.sum(dy, axis=axes)
    m = np.mean(g, axis=-1, keepdims=True)
    s = np.mean(g * x_hat, axis=-1, keepdims=True)
    return inv_std * (g - m - x_hat * s), dgamma, dbeta
""",
    ),
    Case(
        name="dbeta_from_dx_hat",
        functions=("layernorm_backward",),
        kind="single",
        did="dbeta is summed over dx_hat, dy times gamma, where dy itself belongs.",
        says=(
            r"(dbeta|gradient of beta).*(dx_hat|gamma)",
            r"(dx_hat|factor (of )?gamma|times gamma).*dbeta",
            r"dx_hat .*(instead|where|for) .*\bdy\b",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    g = dy * gamma
    axes = tuple(range(dy.ndim - 1))
    dgamma = np.sum(dy * x_hat, axis=axes)
    dbeta = np.sum(g, axis=axes)
    m = np.mean(g, axis=-1, keepdims=True)
    s = np.mean(g * x_hat, axis=-1, keepdims=True)
    return inv_std * (g - m - x_hat * s), dgamma, dbeta
""",
    ),
    Case(
        name="one_over_variance",
        functions=("layernorm_backward",),
        kind="single",
        did="dx is divided by sigma twice, by the variance: 1 / sigma² for 1 / sigma.",
        says=(
            r"(sigma|σ|std|standard deviation|inv_std).*(twice|squar|too (many|often)|once more)",
            r"(twice|squar).*(sigma|σ|std|inv_std|standard deviation)",
            r"σ²|sigma²|sigma ?\*\* ?2",
            r"\bby (the )?variance",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma * inv_std
    m = dx_hat.mean(-1, keepdims=True)
    s = (dx_hat * x_hat).mean(-1, keepdims=True)
    dx = inv_std * (dx_hat - m - x_hat * s)
    rows = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)
""",
    ),
    Case(
        name="variance_path_along_dx_hat",
        functions=("layernorm_backward",),
        kind="single",
        did="The variance's term is dx_hat times the mean of dx_hat * x_hat; "
        "x_hat should be multiplied.",
        says=(
            r"\bx_hat\b.*(should|instead|where|belong)",
            r"dx_hat\b.*(instead|where|for|not|should).*\bx_hat",
            r"normali[sz]ed",
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    m = dx_hat.mean(-1, keepdims=True)
    s = (dx_hat * x_hat).mean(-1, keepdims=True)
    dx = inv_std * (dx_hat - m - dx_hat * s)
    rows = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)
""",
    ),
    # --- two slips --------------------------------------------------------------------------------
    Case(
        name="sample_variance_and_no_mean_path",
        functions=("layernorm", "layernorm_backward"),
        kind="pair",
        did="The forward divides the squares by D - 1 (ddof=1); the backward has no mean path.",
        says_both=(
            (
                r"D ?[-−] ?1",
                r"ddof",
                r"sample variance",
                r"biased",
                r"Bessel",
            ),
            (
                r"\bmean'?s? (path|term)",
                r"(path|term).*\bmean\b",
                r"(\bno|without|lacks?|missing|forg).*\bmean\b",
                r"\bmean\b.*(missing|left out|forgotten|not subtracted)",
            ),
        ),
        code=FORWARD
        + """    mean = x.mean(-1, keepdims=True)
    var = x.var(-1, ddof=1, keepdims=True)
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)


def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    g = dy * gamma
    axes = tuple(range(dy.ndim - 1))
    D = dy.shape[-1]
    s = (g * x_hat).sum(-1, keepdims=True) / (D - 1)
    dx = inv_std * (g - x_hat * s)
    return dx, (dy * x_hat).sum(axes), dy.sum(axes)
""",
    ),
    Case(
        name="dgamma_without_x_hat_and_dx_without_sigma",
        functions=("layernorm_backward",),
        kind="pair",
        did="dgamma is the sum of dy alone, without x_hat; dx lacks the division by sigma.",
        says_both=(
            (
                r"dgamma",
                r"gradient of gamma",
                r"without x_hat|\bx_hat.*(missing|left out)",
            ),
            (r"sigma|σ|inv_std|\bstd\b|standard deviation",),
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, _, gamma = cache
    g = dy * gamma
    axes = tuple(range(dy.ndim - 1))
    dx = g - g.mean(-1, keepdims=True) - x_hat * (g * x_hat).mean(-1, keepdims=True)
    dgamma = dy.sum(axes)
    dbeta = dy.sum(axes)
    return dx, dgamma, dbeta
""",
    ),
    Case(
        name="mean_path_sign_and_dbeta_mean",
        functions=("layernorm_backward",),
        kind="pair",
        did="The mean's path is added instead of subtracted (a sign), and dbeta is averaged over "
        "the rows instead of summed.",
        says_both=(
            (
                r"\bsign\b",
                r"added",
                r"plus|minus",
                r"\bmean'?s? path",
            ),
            (
                r"dbeta",
                r"gradient of beta",
                r"averag",
                r"mean over (the |all )?rows",
                r"divi.*rows",
            ),
        ),
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    g = dy * gamma
    axes = tuple(range(dy.ndim - 1))
    m = g.mean(-1, keepdims=True)
    s = (g * x_hat).mean(-1, keepdims=True)
    dx = (g + m - x_hat * s) * inv_std
    return dx, (dy * x_hat).sum(axes), dy.mean(axes)
""",
    ),
    Case(
        name="no_eps_and_beta_inside",
        functions=("layernorm",),
        kind="pair",
        did="eps is left out, and beta is added before gamma multiplies: gamma * (x_hat + beta).",
        says_both=((r"\beps",), (r"beta", r"gamma", r"order", r"before")),
        code=FORWARD
        + """    mean = x.mean(-1, keepdims=True)
    inv_std = 1 / x.std(-1, keepdims=True)
    x_hat = (x - mean) * inv_std
    return gamma * (x_hat + beta), (x_hat, inv_std, gamma)
""",
    ),
    Case(
        name="beta_subtracted_and_half_a_variance_path",
        functions=("layernorm", "layernorm_backward"),
        kind="pair",
        did="The forward subtracts beta, a wrong sign; in the backward the variance's term is "
        "halved.",
        says_both=(
            (
                r"\bbeta\b",
                r"\bsign\b",
            ),
            (
                r"half|halv|0\.5|½",
                r"variance.*(factor|\b2\b|twice)",
            ),
        ),
        code=FORWARD
        + """    mean = x.mean(-1, keepdims=True)
    inv_std = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat - beta, (x_hat, inv_std, gamma)


def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    dvar = -0.5 * (dx_hat * x_hat).mean(-1, keepdims=True)
    dmean = -dx_hat.mean(-1, keepdims=True)
    dx = inv_std * (dx_hat + dvar * x_hat + dmean)
    axes = tuple(range(dy.ndim - 1))
    return dx, (dy * x_hat).sum(axes), -dy.sum(axes)
""",
    ),
    # --- no name ----------------------------------------------------------------------------------
    Case(
        name="dx_in_a_random_order",
        functions=("layernorm_backward",),
        kind="novel",
        did="The features of dx are put into a random order.",
        code="""
def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    g = dy * gamma
    axes = tuple(range(dy.ndim - 1))
    m = g.mean(-1, keepdims=True)
    s = (g * x_hat).mean(-1, keepdims=True)
    dx = (g - m - x_hat * s) * inv_std
    order = np.random.default_rng(7).permutation(dx.shape[-1])
    return dx[..., order], (dy * x_hat).sum(axes), dy.sum(axes)
""",
    ),
]
