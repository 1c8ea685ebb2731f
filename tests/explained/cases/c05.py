"""Wrong answers to 05_adam."""

from tests.explained.cases.case import Case

STEP = """
def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    _check_same_shapes(params, grads)
    b1, b2 = (float(beta) for beta in betas)
    t = state["t"] + 1
"""
AVERAGES = """    m = tree_map(lambda m, g: b1 * m + (1 - b1) * g, state["m"], grads)
    v = tree_map(lambda v, g: b2 * v + (1 - b2) * g**2, state["v"], grads)
"""
DONE = """
    return tree_map(update, params, m, v), {"t": t, "m": m, "v": v}
"""
GUARD_STEP = """    if step < 1:
        raise ValueError(f"step is {step}; expected 1 or more (the first step is 1)")
"""

CASES = [
    # --- adam_init --------------------------------------------------------------------------------
    Case(
        name="second_moment_starts_at_one",
        functions=("adam_init",),
        kind="single",
        did="The second moment v starts at ones instead of zeros.",
        says=(r"\bones?\b", r"zeros?\b", r"second moment", r"\bv\b.*start"),
        code="""
def adam_init(params):
    m = tree_map(lambda p: np.zeros_like(p), params)
    v = tree_map(lambda p: np.ones_like(p), params)
    return {"t": 0, "m": m, "v": v}
""",
    ),
    Case(
        name="counts_from_one_and_again",
        functions=("adam_init",),
        kind="single",
        did="The count of steps starts at 1 and is raised before the first step: t is one ahead.",
        says=(r"count", r"\bt\b", r"one (ahead|too)", r"off.by.one", r"bias correction"),
        code="""
def adam_init(params):
    return {
        "t": 1,
        "m": tree_map(np.zeros_like, params),
        "v": tree_map(np.zeros_like, params),
    }
""",
    ),
    # --- adam_step --------------------------------------------------------------------------------
    Case(
        name="first_moment_not_corrected",
        functions=("adam_step",),
        kind="single",
        did="The bias correction of m is missing; only v is corrected.",
        says=(r"correct", r"first moment", r"\bm_hat\b", r"1 ?[-−] ?(beta|β)_?1"),
        code=STEP
        + AVERAGES
        + """
    def update(p, m, v):
        v_hat = v / (1 - b2**t)
        return p - lr * m / (np.sqrt(v_hat) + eps) - lr * weight_decay * p
"""
        + DONE,
    ),
    Case(
        name="no_root_of_v",
        functions=("adam_step",),
        kind="single",
        did="The step is divided by v_hat + eps; its square root is not taken.",
        says=(r"root|sqrt|√",),
        code=STEP
        + AVERAGES
        + """
    def update(p, m, v):
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        return p - lr * m_hat / (v_hat + eps) - lr * weight_decay * p
"""
        + DONE,
    ),
    Case(
        name="decay_makes_grow",
        functions=("adam_step",),
        kind="single",
        did="The weight decay has the wrong sign: it is added and makes the parameters grow.",
        says=(r"decay", r"sign", r"grow"),
        code=STEP
        + AVERAGES
        + """
    def update(p, m, v):
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        return (1 + lr * weight_decay) * p - lr * m_hat / (np.sqrt(v_hat) + eps)
"""
        + DONE,
    ),
    Case(
        name="decay_of_matrices_only",
        functions=("adam_step",),
        kind="single",
        did="Only matrices decay; vectors such as biases are left out of the weight decay.",
        says=(r"decay", r"matri", r"bias(es)?\b.*(left out|spared|not)", r"vectors", r"ndim"),
        code=STEP
        + AVERAGES
        + """
    def update(p, m, v):
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        new = p - lr * m_hat / (np.sqrt(v_hat) + eps)
        if p.ndim >= 2:
            new = new - lr * weight_decay * p
        return new
"""
        + DONE,
    ),
    Case(
        name="momentum_is_a_sum",
        functions=("adam_step",),
        kind="single",
        did="m is beta1 * m + g: the gradient's factor 1 - beta1 is missing.",
        says=(r"1 ?[-−] ?(beta|β)", r"factor", r"momentum", r"first moment", r"\bm\b.*missing"),
        code=STEP
        + """    m = tree_map(lambda m, g: b1 * m + g, state["m"], grads)
    v = tree_map(lambda v, g: b2 * v + (1 - b2) * g**2, state["v"], grads)

    def update(p, m, v):
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        return p - lr * (m_hat / (np.sqrt(v_hat) + eps) + weight_decay * p)
"""
        + DONE,
    ),
    # --- clip_by_global_norm ----------------------------------------------------------------------
    Case(
        name="norms_added_up",
        functions=("clip_by_global_norm",),
        kind="single",
        did="The norm is the sum of the arrays' norms, not the root of the sum of all squares.",
        says=(r"sum of", r"squares", r"root|sqrt|√", r"each array|every array|per array|arrays'"),
        code="""
def clip_by_global_norm(grads, max_norm):
    norm = float(sum(np.linalg.norm(g.ravel()) for g in tree_leaves(grads)))
    if norm > max_norm:
        factor = float(max_norm / norm)
        grads = tree_map(lambda g: g * factor, grads)
    return grads, norm
""",
    ),
    Case(
        name="norm_after_clipping",
        functions=("clip_by_global_norm",),
        kind="single",
        did="The norm that is returned is the one after clipping, not the one before.",
        says=(r"after clip", r"before clip|of before|the one before", r"return", r"clipped"),
        code="""
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(float(np.sum(g * g)) for g in tree_leaves(grads))))
    if norm > max_norm:
        factor = max_norm / norm
        grads = tree_map(lambda g: g * factor, grads)
        norm = float(max_norm)
    return grads, norm
""",
    ),
    Case(
        name="clip_by_the_inverse",
        functions=("clip_by_global_norm",),
        kind="single",
        did="The factor is upside down, norm / max_norm: long gradients become longer.",
        says=(
            r"upside",
            r"invert|inverse",
            r"reciproc",
            r"norm ?/ ?max_norm",
            r"longer",
            r"exchang",
        ),
        code="""
def clip_by_global_norm(grads, max_norm):
    squares = [float((g * g).sum()) for g in tree_leaves(grads)]
    norm = sum(squares) ** 0.5
    if norm > max_norm:
        ratio = float(norm / max_norm)
        return tree_map(lambda g: g * ratio, grads), norm
    return grads, norm
""",
    ),
    # --- warmup_lr --------------------------------------------------------------------------------
    Case(
        name="rate_grows_with_d_model",
        functions=("warmup_lr",),
        kind="single",
        did="The exponent of d_model is 0.5 instead of -0.5.",
        says=(r"d_model", r"exponent", r"[-−]0\.5"),
        code="""
def warmup_lr(step, d_model, warmup=4000):
"""
        + GUARD_STEP
        + """    return float(np.sqrt(d_model) * min(step**-0.5, step * warmup**-1.5))
""",
    ),
    Case(
        name="larger_of_the_two",
        functions=("warmup_lr",),
        kind="single",
        did="The larger of the two curves is taken: max instead of min.",
        says=(r"\bmax", r"\bmin", r"larger|smaller"),
        code="""
def warmup_lr(step, d_model, warmup=4000):
"""
        + GUARD_STEP
        + """    return float(d_model**-0.5 * max(step**-0.5, step * warmup**-1.5))
""",
    ),
    # --- two slips --------------------------------------------------------------------------------
    Case(
        name="eps_in_the_root_and_v_uncorrected",
        functions=("adam_step",),
        kind="pair",
        did="eps is added inside the root, and v has no bias correction.",
        says_both=(
            (r"\beps", r"inside"),
            (r"correct", r"v_hat", r"second moment"),
        ),
        code=STEP
        + AVERAGES
        + """
    def update(p, m, v):
        m_hat = m / (1 - b1**t)
        return p - lr * m_hat / np.sqrt(v + eps) - lr * weight_decay * p
"""
        + DONE,
    ),
    Case(
        name="m_corrected_by_beta2_and_decay_without_lr",
        functions=("adam_step",),
        kind="pair",
        did="m is corrected by 1 - beta2**t, the other beta, and the weight decay is not "
        "multiplied by lr.",
        says_both=(
            (r"correct", r"(beta|β)_?2", r"other beta", r"m_hat"),
            (r"decay", r"\blr\b", r"learning rate"),
        ),
        code=STEP
        + AVERAGES
        + """
    def update(p, m, v):
        m_hat = m / (1 - b2**t)
        v_hat = v / (1 - b2**t)
        return p - lr * m_hat / (np.sqrt(v_hat) + eps) - weight_decay * p
"""
        + DONE,
    ),
    Case(
        name="norm_without_root_and_steep_warmup",
        functions=("clip_by_global_norm", "warmup_lr"),
        kind="pair",
        did="The norm is the sum of the squares without its root; the warm-up's exponent is -0.5 "
        "instead of -1.5.",
        says_both=(
            (r"root|sqrt|√", r"squares?\b"),
            (r"[-−]1\.5", r"exponent", r"[-−]0\.5", r"warm-?up", r"power"),
        ),
        code="""
def clip_by_global_norm(grads, max_norm):
    norm = sum(float(np.sum(g * g)) for g in tree_leaves(grads))
    if norm > max_norm:
        factor = max_norm / norm
        grads = tree_map(lambda g: g * factor, grads)
    return grads, norm


def warmup_lr(step, d_model, warmup=4000):
"""
        + GUARD_STEP
        + """    return float(d_model**-0.5 * min(step**-0.5, step * warmup**-0.5))
""",
    ),
    # --- no name ----------------------------------------------------------------------------------
    Case(
        name="steps_that_swing",
        functions=("adam_step",),
        kind="novel",
        did="The size of the step swings with the number of the step, by a tenth.",
        code=STEP
        + AVERAGES
        + """
    def update(p, m, v):
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        swing = float(1 + 0.1 * np.cos(t))
        return p - lr * swing * m_hat / (np.sqrt(v_hat) + eps) - lr * weight_decay * p
"""
        + DONE,
    ),
]
