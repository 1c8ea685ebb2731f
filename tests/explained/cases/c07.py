"""Wrong embeddings, dropouts and positions."""

from tests.explained.cases.case import Case

GONE = (
    r"(missing|lost|lack|without|forg|left out|leaves? out|drop|skip|no grad|n't\b|\bnot\b|never)"
)

CHECK_TABLE = """
    if table.ndim != 2:
        raise ValueError(f"table has shape {table.shape}, expected (V, D)")
    if not np.issubdtype(tokens.dtype, np.integer):
        raise ValueError(f"tokens has dtype {tokens.dtype}, expected whole numbers")
    if tokens.size and (tokens.min() < 0 or tokens.max() >= len(table)):
        raise ValueError(f"tokens lie outside 0 ... {len(table) - 1}")
"""
CHECK_ROTARY = """
    if x.ndim != 4 or x.shape[-1] % 2:
        raise ValueError(f"x has shape {x.shape}, expected (B, H, T, d) with an even d")
"""

CASES = [
    Case(
        name="spread_taken_for_a_variance",
        functions=("init_embedding",),
        kind="single",
        did="0.02 was taken for the variance: the standard deviation is sqrt(0.02) = 0.14.",
        says=(r"variance", r"sqrt", r"root", r"0\.14", r"7(\.\d+)? times", r"too (large|wide)"),
        code="""
def init_embedding(rng, vocab_size, d_model, dtype=np.float64):
    variance = 0.02
    return (np.sqrt(variance) * rng.standard_normal((vocab_size, d_model))).astype(dtype)
""",
    ),
    Case(
        name="uniform_within_two_hundredths",
        functions=("init_embedding",),
        kind="single",
        did="The table is uniform between -0.02 and 0.02, so its standard deviation is 0.02 / "
        "sqrt(3).",
        says=(
            r"evenly",
            r"uniform",
            r"sqrt\(3\)",
            r"0\.0115",
            r"0\.58",
            r"0\.577",
            r"too (small|narrow)",
        ),
        code="""
def init_embedding(rng, vocab_size, d_model, dtype=np.float64):
    return rng.uniform(-0.02, 0.02, size=(vocab_size, d_model)).astype(dtype)
""",
    ),
    Case(
        name="looked_up_vectors_scaled",
        functions=("embed",),
        kind="single",
        did="The looked-up vectors are multiplied by sqrt(d_model), as the paper has it and we "
        "don't.",
        says=(r"sqrt", r"root of", r"d_model", r"scaled?", r"\bD\b.*(times|multipl)"),
        code=f"""
def embed(tokens, table):{CHECK_TABLE}
    y = table[tokens] * table.shape[1] ** 0.5
    return y, (tokens, table.shape)
""",
    ),
    Case(
        name="tokens_counted_from_one",
        functions=("embed",),
        kind="single",
        did="Tokens are counted from 1: token k gets row k - 1, and token 0 the last row.",
        says=(
            r"from 1\b",
            r"from one",
            r"row k - 1",
            r"(previous|preceding|neighbour)",
            r"off by one",
            r"\b- ?1\b",
            r"row (before|above)",
            r"(one|wrong) row",
        ),
        code=f"""
def embed(tokens, table):{CHECK_TABLE}
    return np.take(table, tokens - 1, axis=0), (tokens, table.shape)
""",
    ),
    Case(
        name="repeats_averaged",
        functions=("embed_backward",),
        kind="single",
        did="Each row is the mean over the places of its token, where it should be the sum.",
        says=(r"mean", r"averag", r"divid", r"how often", r"number of (places|times|occurrences)"),
        code="""
def embed_backward(dy, cache):
    tokens, shape = cache
    dtable = np.zeros(shape, dy.dtype)
    np.add.at(dtable, tokens, dy)
    counts = np.bincount(tokens.ravel(), minlength=shape[0])
    return dtable / np.maximum(counts, 1)[:, None].astype(dy.dtype)
""",
    ),
    Case(
        name="only_the_first_sequence",
        functions=("embed_backward",),
        kind="single",
        did="Only the first item of the batch is gone through: the gradients of the others are "
        "lost.",
        says=(
            r"first (item|sequence|row|entry)",
            r"batch",
            r"(others?|rest) (is|are) (lost|missing)",
            r"leading axis",
        ),
        code="""
def embed_backward(dy, cache):
    tokens, shape = cache
    dtable = np.zeros(shape, dy.dtype)
    if tokens.ndim > 1:
        tokens, dy = tokens[0], dy[0]
    for token, row in zip(tokens.reshape(-1), dy.reshape(-1, shape[1])):
        dtable[token] += row
    return dtable
""",
    ),
    Case(
        name="logits_scaled_like_attention",
        functions=("unembed",),
        kind="single",
        did="The logits are divided by sqrt(d_model), as scores of attention are.",
        says=(r"sqrt", r"root of", r"scaled?\b", r"divid", r"attention"),
        code="""
def unembed(x, table):
    if x.shape[-1:] != table.shape[1:]:
        raise ValueError(f"x has shape {x.shape}, table {table.shape}")
    rows = x.reshape(-1, x.shape[-1])
    logits = rows @ table.T / table.shape[1] ** 0.5
    return logits.reshape(*x.shape[:-1], len(table)), (rows, table, x.shape)
""",
    ),
    Case(
        name="cosines_for_logits",
        functions=("unembed",),
        kind="single",
        did="The rows of the table are brought to length 1 before the product with x.",
        says=(r"length 1", r"unit", r"normali[sz]", r"norm of", r"cosine", r"length of"),
        code="""
def unembed(x, table):
    if x.shape[-1:] != table.shape[1:]:
        raise ValueError(f"x has shape {x.shape}, table {table.shape}")
    rows = x.reshape(-1, x.shape[-1])
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    return (rows @ unit.T).reshape(*x.shape[:-1], len(table)), (rows, table, x.shape)
""",
    ),
    Case(
        name="dtable_averaged_over_positions",
        functions=("unembed_backward",),
        kind="single",
        did="dtable is divided by the number of positions: a mean where a sum is asked for; dx is "
        "right.",
        says=(
            r"divid",
            r"mean",
            r"averag",
            r"1 ?/ ?N",
            r"number of (positions|rows|vectors|places)",
        ),
        code="""
def unembed_backward(dy, cache):
    rows, table, shape = cache
    drows = dy.reshape(-1, len(table))
    dx = (drows @ table).reshape(shape)
    dtable = drows.T @ rows / len(rows)
    return dx, dtable
""",
    ),
    Case(
        name="dtable_of_the_last_batch_item",
        functions=("unembed_backward",),
        kind="single",
        did="dtable misses the sum over the batch: where x has a batch axis, only its last item "
        "counts.",
        says=(r"batch", r"last (item|sequence|position)", r"sum over", r"leading ax", r"only"),
        code="""
def unembed_backward(dy, cache):
    rows, table, shape = cache
    dx = (dy.reshape(-1, len(table)) @ table).reshape(shape)
    x = rows.reshape(shape)
    while x.ndim > 2:
        x, dy = x[-1], dy[-1]
    return dx, dy.reshape(-1, len(table)).T @ x.reshape(-1, shape[-1])
""",
    ),
    Case(
        name="multiplied_instead_of_divided",
        functions=("dropout",),
        kind="single",
        did="What is kept is multiplied by 1 - p instead of divided by it.",
        says=(
            r"multipl.*1 ?[-−] ?p",
            r"1 ?[-−] ?p.*multipl",
            r"instead of divid",
            r"factor",
            r"1 ?[-−] ?p\)?.*wrong way",
            r"expected value",
        ),
        code="""
def dropout(x, p, rng):
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, expected 0 <= p < 1")
    if rng is None:
        return x, None
    mask = ((rng.random(x.shape) >= p) * (1 - p)).astype(x.dtype)
    return x * mask, mask
""",
    ),
    Case(
        name="one_mask_for_all_rows",
        functions=("dropout",),
        kind="single",
        did="One mask is drawn for the last axis and shared by all rows: whole columns are dropped "
        "together.",
        says=(
            r"shared",
            r"same mask",
            r"columns?",
            r"one (mask|draw)",
            r"whole",
            r"together",
            r"independen",
            r"broadcast",
            r"last axis",
            r"each number",
        ),
        code="""
def dropout(x, p, rng):
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, expected 0 <= p < 1")
    if rng is None:
        return x, None
    keep = rng.random(x.shape[-1:]) >= p
    mask = np.broadcast_to(keep / (1 - p), x.shape).astype(x.dtype)
    return x * mask, mask
""",
    ),
    Case(
        name="factor_forgotten_on_the_way_back",
        functions=("dropout_backward",),
        kind="single",
        did="The backward lets through what was kept, but without the factor 1 / (1 - p).",
        says=(
            rf"{GONE}.*(1 ?[-−] ?p|factor|scal)",
            rf"(1 ?[-−] ?p|factor|scal).*{GONE}",
        ),
        code="""
def dropout_backward(dy, cache):
    if cache is None:
        return dy
    return dy * (cache > 0)
""",
    ),
    Case(
        name="mask_applied_twice",
        functions=("dropout_backward",),
        kind="single",
        did="The mask is multiplied in twice, so the factor 1 / (1 - p) is squared.",
        says=(r"twice", r"squared?", r"once too"),
        code="""
def dropout_backward(dy, cache):
    mask = cache
    if mask is None:
        return dy
    dropped = dy * mask
    return dropped * mask
""",
    ),
    Case(
        name="sines_and_cosines_exchanged",
        functions=("sinusoidal_positions",),
        kind="single",
        did="Cosines stand in the even columns and sines in the odd ones: the two are exchanged.",
        says=(r"exchang", r"swap", r"cos.*even", r"sin.*odd", r"(even|odd).*(sin|cos)"),
        code="""
def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    positions = np.arange(offset, offset + t)[:, None]
    angles = positions / 10000 ** (np.arange(0, d_model, 2) / d_model)
    table = np.zeros((t, d_model), dtype=dtype)
    table[:, 0::2] = np.cos(angles)
    table[:, 1::2] = np.sin(angles[:, : d_model // 2])
    return table
""",
    ),
    Case(
        name="each_column_its_own_speed",
        functions=("sinusoidal_positions",),
        kind="single",
        did="Each column has a speed of its own, 10000^(-j / D) for column j: a sine and the "
        "cosine beside it do not share one.",
        says=(
            r"shar",
            r"(own|different) (speed|frequency|angle|wavelength)",
            r"column j",
            r"pair",
            r"same (speed|frequency|angle|wavelength)",
            r"exponent",
            r"odd columns?",
        ),
        code="""
def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    positions = np.arange(offset, offset + t)[:, None]
    angles = positions * 10000.0 ** (-np.arange(d_model) / d_model)
    even = np.arange(d_model) % 2 == 0
    return np.where(even, np.sin(angles), np.cos(angles)).astype(dtype)
""",
    ),
    Case(
        name="base_fixed",
        functions=("rotary",),
        kind="single",
        did="The argument base is not used: 10000 is written into the formula.",
        says=(r"\bbase\b", r"10,?000"),
        code=f"""
def rotary(x, offset=0, base=10000.0):{CHECK_ROTARY}
    t, d = x.shape[-2:]
    angles = np.arange(offset, offset + t)[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    turn = (np.cos(angles) + 1j * np.sin(angles)).astype(np.result_type(x, np.complex64))
    y = np.empty_like(x)
    y[..., 0::2] = x[..., 0::2] * turn.real - x[..., 1::2] * turn.imag
    y[..., 1::2] = x[..., 0::2] * turn.imag + x[..., 1::2] * turn.real
    return y, turn
""",
    ),
    Case(
        name="both_signs_plus",
        functions=("rotary",),
        kind="single",
        did="Both results are sums: the first has + odd sin where it needs a minus sign, so it is "
        "no rotation.",
        says=(
            r"plus",
            r"sign",
            r"minus",
            r"\+ odd",
            r"no rotation",
            r"not a rotation",
            r"subtract",
        ),
        code=f"""
def rotary(x, offset=0, base=10000.0):{CHECK_ROTARY}
    angles = _angles(*x.shape[-2:], offset, base)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    y = np.empty_like(x)
    y[..., 0::2] = even * cos + odd * sin
    y[..., 1::2] = even * sin + odd * cos
    return y, np.exp(1j * angles).astype(np.result_type(x, np.complex64))
""",
    ),
    Case(
        name="only_one_sign_turned_back",
        functions=("rotary_backward",),
        kind="single",
        did="Only one of the two signs was changed for turning back: the even features get the "
        "right gradient, the odd ones still add even * sin.",
        says=(
            r"sign",
            r"minus",
            r"odd (features|ones|columns)",
            r"turn(s|ed|ing)? (back|forward)",
            r"transpos",
        ),
        code="""
def rotary_backward(dy, cache):
    cos, sin = cache.real, cache.imag
    even, odd = dy[..., 0::2], dy[..., 1::2]
    dx = np.empty_like(dy)
    dx[..., 0::2] = even * cos + odd * sin
    dx[..., 1::2] = odd * cos + even * sin
    return dx
""",
    ),
    Case(
        name="offset_lost_on_the_way_back",
        functions=("rotary_backward",),
        kind="single",
        did="The backward turns as if the positions began at 0: the forward's offset is not used.",
        says=(r"offset", r"(begin|began|start).* 0\b", r"positions? (from|0)"),
        code=f"""
def rotary(x, offset=0, base=10000.0):{CHECK_ROTARY}
    turn = np.exp(1j * _angles(*x.shape[-2:], offset, base))
    turn = turn.astype(np.result_type(x, np.complex64))
    return _turned(x, turn), (offset, base)


def rotary_backward(dy, cache):
    _, base = cache
    turn = np.exp(-1j * _angles(*dy.shape[-2:], 0, base))
    return _turned(dy, turn.astype(np.result_type(dy, np.complex64)))
""",
    ),
    Case(
        name="classic_dropout_by_halves",
        functions=("dropout",),
        kind="pair",
        did="In training what is kept isn't divided by 1 - p, and in evaluation x is multiplied by "
        "1 - p, as dropout was first done.",
        says=(),
        says_both=(
            (
                r"(n't|not|never|without|missing).*1 ?[-−] ?p",
                r"1 ?[-−] ?p.*(missing|forgot)",
                r"factor",
                r"train",
            ),
            (r"evaluation", r"rng is None", r"as it is", r"unchanged"),
        ),
        code="""
def dropout(x, p, rng):
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, expected 0 <= p < 1")
    if rng is None:
        return x * (1 - p), None
    mask = (rng.random(x.shape) >= p).astype(x.dtype)
    return x * mask, mask
""",
    ),
    Case(
        name="positions_from_one_and_base_1000",
        functions=("sinusoidal_positions",),
        kind="pair",
        did="The positions begin at offset + 1, and the base of the wavelengths is 1000 for 10000.",
        says=(),
        says_both=(
            (
                r"offset \+ 1",
                r"from (1|one)\b",
                r"off by one",
                r"one (place|position) (too )?",
                r"positions? (begin|start)s? at",
            ),
            (r"\bbase\b", r"\b1,?000\b"),
        ),
        code="""
def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    table = np.zeros((t, d_model), dtype)
    for row in range(t):
        for column in range(d_model):
            angle = (offset + row + 1) / 1000 ** (2 * (column // 2) / d_model)
            table[row, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return table
""",
    ),
    Case(
        name="scaled_and_repeats_lost",
        functions=("embed", "embed_backward"),
        kind="pair",
        did="The forward multiplies the vectors by sqrt(d_model), and the backward adds with "
        "dtable[tokens] += dy, which keeps one of several equal tokens only.",
        says=(),
        says_both=(
            (r"sqrt", r"root of", r"scaled?\b"),
            (
                r"repeat",
                r"equal tokens",
                r"\+=",
                r"one of (several|the|two|them)",
                r"add\.at",
                r"overwr",
                r"last (place|occurrence)",
            ),
        ),
        code=f"""
def embed(tokens, table):{CHECK_TABLE}
    return np.sqrt(table.shape[1]).astype(table.dtype) * table[tokens], (tokens, table.shape)


def embed_backward(dy, cache):
    tokens, shape = cache
    dtable = np.zeros(shape, dy.dtype)
    dtable[tokens] += dy
    return dtable
""",
    ),
    Case(
        name="head_for_position_and_turned_on",
        functions=("rotary", "rotary_backward"),
        kind="pair",
        did="The forward turns by the number of the head instead of the position, and the backward "
        "turns forwards once more: its sign isn't changed.",
        says=(),
        says_both=(
            (r"\bheads?\b", r"(wrong|other|heads?) axis", r"instead of the position"),
            (
                r"sign",
                r"forwards?\b",
                r"same direction",
                r"turn(s|ing)? (back|on)",
                r"minus the angle",
                r"transpos",
            ),
        ),
        code=f"""
def rotary(x, offset=0, base=10000.0):{CHECK_ROTARY}
    h, d = x.shape[1], x.shape[-1]
    turn = np.exp(1j * _angles(h, d, offset, base))[:, None, :]
    turn = turn.astype(np.result_type(x, np.complex64))
    return _turned(x, turn), turn


def rotary_backward(dy, cache):
    return _turned(dy, cache)
""",
    ),
    Case(
        name="logits_scaled_and_dx_averaged",
        functions=("unembed", "unembed_backward"),
        kind="pair",
        did="The logits are divided by sqrt(d_model), and in the backward dx is divided by the "
        "size of the vocabulary: a mean over the tokens instead of a sum.",
        says=(),
        says_both=(
            (r"sqrt", r"root of", r"attention", r"scaled?\b"),
            (r"mean", r"averag", r"vocabulary", r"divided by V", r"1 ?/ ?V"),
        ),
        code="""
def unembed(x, table):
    if x.shape[-1:] != table.shape[1:]:
        raise ValueError(f"x has shape {x.shape}, table {table.shape}")
    logits = x @ table.T / table.shape[1] ** 0.5
    return logits, (x, table)


def unembed_backward(dy, cache):
    x, table = cache
    drows = dy.reshape(-1, len(table))
    dx = dy @ table / len(table)
    return dx, drows.T @ x.reshape(-1, x.shape[-1])
""",
    ),
    Case(
        name="gradient_a_little_too_long",
        functions=("embed_backward",),
        kind="novel",
        did="The gradient of the table is multiplied by 1.03.",
        says=(),
        code="""
def embed_backward(dy, cache):
    tokens, shape = cache
    dtable = np.zeros(shape, dy.dtype)
    np.add.at(dtable, tokens, dy)
    return 1.03 * dtable
""",
    ),
]
