"""Wrong language models, trainings and generations."""

from tests.explained.cases.case import Case

CHECK_LOSS = """
    if tokens.ndim != 2 or tokens.shape[1] < 2:
        raise ValueError(f"tokens has shape {tokens.shape}; expected (batch, time), time 2 or more")
"""
CHECK_SAMPLING = """
    if temperature < 0:
        raise ValueError(f"temperature is {temperature}; expected 0 (greedy) or more")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is {top_k}; expected 1 or more, or None")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}; expected 0 < top_p <= 1, or None")
"""
CHECK_DATA = """
    if data.ndim != 2 or data.shape[1] < 2:
        raise ValueError(f"data has shape {data.shape}; expected (rows, time), time 2 or more")
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
):"""
GENERATE = """
def generate(tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None):
    if tokens.ndim != 2 or tokens.shape[1] + steps > len(params["positions"]):
        raise ValueError(f"tokens has shape {tokens.shape} and steps is {steps}: too long")
"""
CACHED = """
def cached_language_model(tokens, params, num_heads, cache=None):
    past, layers = (0, [None] * len(params["blocks"])) if cache is None else cache
    if tokens.ndim != 2 or past + tokens.shape[1] > len(params["positions"]):
        raise ValueError(f"tokens has shape {tokens.shape}, after {past} in the cache: too long")
"""

CASES = [
    Case(
        name="positions_of_zeros",
        functions=("init_language_model",),
        kind="single",
        did="The table of positions starts at zeros instead of being drawn.",
        says=(r"positions?.*zeros?", r"zeros?.*positions?", r"position.*(drawn|random)"),
        code="""
def init_language_model(rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64):
    return {
        "embed": init_embedding(rng, vocab_size, d_model, dtype=dtype),
        "positions": np.zeros((max_len, d_model), dtype),
        "blocks": [init_block(rng, d_model, d_ff, dtype=dtype) for _ in range(num_layers)],
        "ln": {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)},
    }
""",
    ),
    Case(
        name="all_blocks_one",
        functions=("init_language_model",),
        kind="single",
        did="One block is drawn and put into the list num_layers times, so all blocks are the "
        "same.",
        says=(
            r"same",
            r"one block",
            r"shar",
            r"(drawn?|call).*(once|own|each)",
            r"equal",
            r"alike",
            r"identical",
            r"cop(y|ies)",
        ),
        code="""
def init_language_model(rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64):
    params = {"embed": init_embedding(rng, vocab_size, d_model, dtype=dtype)}
    params["positions"] = init_embedding(rng, max_len, d_model, dtype=dtype)
    params["blocks"] = [init_block(rng, d_model, d_ff, dtype=dtype)] * num_layers
    params["ln"] = {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)}
    return params
""",
    ),
    Case(
        name="positions_counted_from_the_end",
        functions=("language_model",),
        kind="single",
        did="The last T rows of the table of positions are added, not the first T.",
        says=(
            r"last T",
            r"position.*(last|end|first|wrong|rows)",
            r"(last|end|first|wrong|rows).*position",
            r"from the end",
            r"first T",
        ),
        code="""
def language_model(tokens, params, num_heads):
    _check_tokens(tokens, params)
    t = tokens.shape[1]
    x, embed_cache = embed(tokens, params["embed"])
    x = x + params["positions"][-t:]
    x, blocks = transformer_stack(x, params["blocks"], num_heads, causal_mask(t))
    x, ln = layernorm(x, **params["ln"])
    logits, unembed_cache = unembed(x, params["embed"])
    return logits, (embed_cache, params["positions"].shape, blocks, ln, unembed_cache)
""",
    ),
    Case(
        name="sees_the_future_only",
        functions=("language_model",),
        kind="single",
        did="The causal mask is transposed: each position attends to itself and to later ones.",
        says=(r"mask", r"later (positions|ones|tokens)", r"future", r"transpos", r"causal"),
        code="""
def language_model(tokens, params, num_heads):
    _check_tokens(tokens, params)
    t = tokens.shape[1]
    vectors, embed_cache = embed(tokens, params["embed"])
    mask = np.triu(np.ones((t, t), dtype=bool))
    x = vectors + params["positions"][:t]
    x, blocks = transformer_stack(x, params["blocks"], num_heads, mask)
    x, ln = layernorm(x, **params["ln"])
    logits, unembed_cache = unembed(x, params["embed"])
    return logits, (embed_cache, params["positions"].shape, blocks, ln, unembed_cache)
""",
    ),
    Case(
        name="positions_averaged_over_the_batch",
        functions=("language_model_backward",),
        kind="single",
        did="The gradient of the positions is the mean over the batch, where it should be the sum.",
        says=(
            r"position.*(mean|averag|divid)",
            r"(mean|averag|divid).*(position|batch)",
            r"batch.*(mean|averag|divid)",
            r"1 ?/ ?B",
        ),
        code="""
def language_model_backward(dy, cache):
    embed_cache, shape, blocks, ln, unembed_cache = cache
    dx, dtable = unembed_backward(dy, unembed_cache)
    dx, dgamma, dbeta = layernorm_backward(dx, ln)
    dx, dblocks = transformer_stack_backward(dx, blocks)
    dpositions = np.zeros(shape, dx.dtype)
    dpositions[: dx.shape[1]] = dx.mean(axis=0)
    return {
        "embed": dtable + embed_backward(dx, embed_cache),
        "positions": dpositions,
        "blocks": dblocks,
        "ln": {"gamma": dgamma, "beta": dbeta},
    }
""",
    ),
    Case(
        name="table_averaged_over_its_uses",
        functions=("language_model_backward",),
        kind="single",
        did="The table's two gradients, from the embedding and from the output, are averaged, not "
        "added.",
        says=(
            r"averag",
            r"\bmean\b",
            r"hal(f|ved)",
            r"0\.5",
            r"two (uses|gradients|paths|terms)",
            r"tied",
        ),
        code="""
def language_model_backward(dy, cache):
    embed_cache, shape, blocks, ln, unembed_cache = cache
    dx, dout = unembed_backward(dy, unembed_cache)
    dx, dgamma, dbeta = layernorm_backward(dx, ln)
    dx, dblocks = transformer_stack_backward(dx, blocks)
    din = embed_backward(dx, embed_cache)
    dpositions = np.zeros(shape, dx.dtype)
    dpositions[: dx.shape[1]] += dx.sum(axis=0)
    grads = {"embed": (din + dout) / 2, "positions": dpositions, "blocks": dblocks}
    grads["ln"] = {"gamma": dgamma, "beta": dbeta}
    return grads
""",
    ),
    Case(
        name="predicts_the_past",
        functions=("next_token_loss",),
        kind="single",
        did="Inputs and targets are exchanged: the model reads all but the first token and is "
        "asked for the one before.",
        says=(
            r"exchang",
            r"swap",
            r"(one|token) before",
            r"previous",
            r"wrong way",
            r"direction",
            r"shift",
            r"inputs?.*targets?",
        ),
        code=f"""
def next_token_loss(tokens, params, num_heads, ignore_index=-1):{CHECK_LOSS}
    inputs, targets = tokens[:, 1:], tokens[:, :-1]
    inputs = np.where(inputs == ignore_index, 0, inputs)
    logits, cache = language_model(inputs, params, num_heads)
    loss, dlogits = cross_entropy(logits, targets, ignore_index)
    return loss, language_model_backward(dlogits, cache)
""",
    ),
    Case(
        name="loss_summed_over_the_batch",
        functions=("next_token_loss",),
        kind="single",
        did="Loss and gradient are multiplied by the size of the batch: a sum over sequences, "
        "where the mean is asked for.",
        says=(r"\bsum", r"batch", r"\bmean\b", r"times B\b", r"averag", r"number of sequences"),
        code=f"""
def next_token_loss(tokens, params, num_heads, ignore_index=-1):{CHECK_LOSS}
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    inputs = np.where(inputs == ignore_index, 0, inputs)
    logits, cache = language_model(inputs, params, num_heads)
    loss, dlogits = cross_entropy(logits, targets, ignore_index)
    b = len(tokens)
    return loss * b, language_model_backward(dlogits * b, cache)
""",
    ),
    Case(
        name="padding_divides_too",
        functions=("evaluate",),
        kind="single",
        did="The sum over counted tokens is divided by the number of all targets, padding "
        "included.",
        says=(r"padd", r"ignored?", r"not counted", r"all (targets|tokens|positions)", r"divid"),
        code=f"""
def evaluate(data, params, num_heads, batch_size=64, ignore_index=-1):{CHECK_DATA}
    total = 0.0
    for start in range(0, len(data), batch_size):
        batch = data[start : start + batch_size]
        inputs, targets = batch[:, :-1], batch[:, 1:]
        inputs = np.where(inputs == ignore_index, 0, inputs)
        logits, _ = language_model(inputs, params, num_heads)
        loss, _ = cross_entropy(logits, targets, ignore_index)
        total += loss * int((targets != ignore_index).sum())
    return total / data[:, 1:].size
""",
    ),
    Case(
        name="rate_without_its_top",
        functions=("train_step",),
        kind="single",
        did="lr is multiplied by warmup_lr as it is: it isn't scaled so that the top of the "
        "schedule is lr.",
        says=(
            r"\btop\b",
            r"peak",
            r"scaled",
            r"warm-?up",
            r"schedule",
            r"learning rate",
            r"maximum",
            r"sqrt\(warmup\)",
        ),
        code=f"""{TRAIN_STEP}
    if state is None:
        state = {{"step": 0, "adam": adam_init(params)}}
    step = state["step"] + 1
    loss, grads = next_token_loss(tokens, params, num_heads, ignore_index)
    grads, _ = clip_by_global_norm(grads, max_norm)
    rate = lr * warmup_lr(step, 1, warmup)
    params, adam = adam_step(params, grads, state["adam"], rate, weight_decay=weight_decay)
    return params, {{"step": step, "adam": adam}}, loss
""",
    ),
    Case(
        name="state_begins_anew",
        functions=("train",),
        kind="single",
        did="The state is not handed from step to step: Adam and the schedule begin anew each "
        "time.",
        says=(
            r"\bstate\b",
            r"anew",
            r"fresh",
            r"Adam.*(reset|again)",
            r"reset",
            r"step 1\b",
            r"moving averages",
        ),
        code="""
def train(
    params,
    data,
    rng,
    steps,
    num_heads,
    batch_size=32,
    lr=1e-3,
    warmup=100,
    max_norm=1.0,
    weight_decay=0.0,
    ignore_index=-1,
    state=None,
):
    if data.ndim != 2 or len(data) == 0:
        raise ValueError(f"data has shape {data.shape}; expected (rows, time), a row at least")
    losses, last = [], state
    for _ in range(steps):
        batch = data[rng.integers(0, len(data), batch_size)]
        params, last, loss = train_step(
            params, batch, state, num_heads, lr, warmup, max_norm, weight_decay, ignore_index
        )
        losses.append(loss)
    return params, last, np.array(losses)
""",
    ),
    Case(
        name="nucleus_without_the_last_token",
        functions=("next_token_probabilities",),
        kind="single",
        did="top_p keeps only tokens that together stay within p: the one that reaches p is left "
        "out.",
        says=(
            r"reach",
            r"cross",
            r"at least p",
            r"top_?-?p",
            r"nucleus",
            r"(one|a) token too few",
            r"fewest",
        ),
        code=f"""
def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):{CHECK_SAMPLING}
    if temperature == 0:
        temperature, top_k = 1.0, 1
    order = np.argsort(-logits, axis=-1, kind="stable")
    kept, _ = softmax(np.take_along_axis(logits, order, -1) / temperature)
    if top_k is not None:
        kept[..., top_k:] = 0
        kept = kept / kept.sum(-1, keepdims=True)
    if top_p is not None:
        beyond = np.cumsum(kept, -1) > top_p + 1e-12
        beyond[..., 0] = False
        kept = np.where(beyond, 0, kept)
        kept = kept / kept.sum(-1, keepdims=True)
    result = np.empty_like(kept)
    np.put_along_axis(result, order, kept, -1)
    return result
""",
    ),
    Case(
        name="top_k_one_too_many",
        functions=("next_token_probabilities",),
        kind="single",
        did="top_k keeps k + 1 tokens: one too many.",
        says=(r"k \+ 1", r"one (token )?too many", r"off by one", r"top_?-?k", r"one more"),
        code=f"""
def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):{CHECK_SAMPLING}
    order = np.argsort(-logits, axis=-1, kind="stable")
    if temperature == 0:
        probabilities = np.zeros_like(logits)
        np.put_along_axis(probabilities, order[..., :1], 1, -1)
        return probabilities
    kept, _ = softmax(np.take_along_axis(logits, order, -1) / temperature)
    if top_k is not None:
        kept[..., top_k + 1 :] = 0
        kept = kept / kept.sum(-1, keepdims=True)
    if top_p is not None:
        before = np.cumsum(kept, -1) - kept
        kept = np.where(before >= top_p, 0, kept)
        kept = kept / kept.sum(-1, keepdims=True)
    result = np.empty_like(kept)
    np.put_along_axis(result, order, kept, -1)
    return result
""",
    ),
    Case(
        name="never_the_first_token",
        functions=("sample_tokens",),
        kind="single",
        did="The drawn token is one too high: token k comes out where k - 1 was drawn.",
        says=(
            r"one too (high|far|large)",
            r"off by one",
            r"next token",
            r"shift",
            r"k - 1",
            r"\+ 1",
            r"one place",
            r"too high",
        ),
        code="""
def sample_tokens(probabilities, rng):
    cumulative = np.cumsum(probabilities, -1)
    threshold = rng.random((*probabilities.shape[:-1], 1)) * cumulative[..., -1:]
    place = (cumulative <= threshold).sum(-1) + 1
    return np.minimum(place, probabilities.shape[-1] - 1)
""",
    ),
    Case(
        name="new_tokens_at_position_zero",
        functions=("cached_language_model",),
        kind="single",
        did="New tokens get the positions 0 ... t - 1, whatever the cache holds.",
        says=(r"position", r"offset", r"(past|cache).*(length|ignored|forgot)"),
        code=f"""{CACHED}
    t = tokens.shape[1]
    total = past + t
    x = embed(tokens, params["embed"])[0] + params["positions"][:t]
    mask = causal_mask(t, total)
    seen = []
    for block, old in zip(params["blocks"], layers, strict=True):
        normed, _ = layernorm(x, **block["ln1"])
        attended, new = _attend(normed, block["attn"], num_heads, mask, old)
        seen.append(new)
        x = x + attended
        normed, _ = layernorm(x, **block["ln2"])
        x = x + mlp(normed, block["ffn"], "gelu")[0]
    x, _ = layernorm(x, **params["ln"])
    return unembed(x, params["embed"])[0], (total, seen)
""",
    ),
    Case(
        name="temperature_forgotten",
        functions=("generate",),
        kind="single",
        did="The temperature isn't handed on, so that every token is drawn at temperature 1.",
        says=(r"temperature",),
        code=f"""{GENERATE}
    for _ in range(steps):
        logits, _ = cached_language_model(tokens, params, num_heads)
        p = next_token_probabilities(logits[:, -1], top_k=top_k, top_p=top_p)
        new = sample_tokens(p, rng).astype(tokens.dtype)
        tokens = np.concatenate([tokens, new[:, None]], axis=1)
    return tokens
""",
    ),
    Case(
        name="no_last_norm_and_table_from_the_output",
        functions=("language_model", "language_model_backward"),
        kind="pair",
        did="The forward leaves out the layer normalisation after the blocks, and the backward "
        "leaves the embedding's part out of the table's gradient.",
        says=(),
        says_both=(
            (
                r"last (layer )?norm",
                r"layer ?norm",
                r"final norm",
                r'"?\bln\b"?',
                r"after the (blocks|stack)",
            ),
            (
                r"from_input",
                r"table.*(only|half|part|one (path|use|end|side))",
                r"tied",
                r"embedding'?s? (part|path|share|term)",
                r"(two|both) (uses|ends|paths)",
                r"output (path|layer)? ?(only|alone)",
            ),
        ),
        code="""
def language_model(tokens, params, num_heads):
    _check_tokens(tokens, params)
    t = tokens.shape[1]
    vectors, embed_cache = embed(tokens, params["embed"])
    x = vectors + params["positions"][:t]
    x, blocks = transformer_stack(x, params["blocks"], num_heads, causal_mask(t))
    _, ln = layernorm(x, **params["ln"])
    logits, unembed_cache = unembed(x, params["embed"])
    return logits, (embed_cache, params["positions"].shape, blocks, ln, unembed_cache)


def language_model_backward(dy, cache):
    embed_cache, shape, blocks, ln, unembed_cache = cache
    dx, dtable = unembed_backward(dy, unembed_cache)
    dx, dgamma, dbeta = layernorm_backward(dx, ln)
    dx, dblocks = transformer_stack_backward(dx, blocks)
    dpositions = np.zeros(shape, dx.dtype)
    dpositions[: dx.shape[1]] = dx.sum(axis=0)
    return {
        "embed": dtable,
        "positions": dpositions,
        "blocks": dblocks,
        "ln": {"gamma": dgamma, "beta": dbeta},
    }
""",
    ),
    Case(
        name="mean_of_means_of_whole_batches",
        functions=("evaluate",),
        kind="pair",
        did="The result is the mean of the batches' means, and an incomplete batch at the end is "
        "left out.",
        says=(),
        says_both=(
            (
                r"mean of (the )?(batch|mean)",
                r"weight",
                r"per batch",
                r"each batch",
                r"over batches",
                r"batches' means",
                r"batch means",
            ),
            (
                r"incomplete",
                r"last batch",
                r"rest of",
                r"left over",
                r"at the end",
                r"remain",
                r"(left|leaves) out",
            ),
        ),
        code=f"""
def evaluate(data, params, num_heads, batch_size=64, ignore_index=-1):{CHECK_DATA}
    losses = []
    whole = len(data) // batch_size
    for k in range(max(whole, 1)):
        batch = data[k * batch_size : (k + 1) * batch_size]
        inputs, targets = batch[:, :-1], batch[:, 1:]
        inputs = np.where(inputs == ignore_index, 0, inputs)
        logits, _ = language_model(inputs, params, num_heads)
        losses.append(cross_entropy(logits, targets, ignore_index)[0])
    return float(np.mean(losses))
""",
    ),
    Case(
        name="hotter_and_narrower",
        functions=("next_token_probabilities",),
        kind="pair",
        did="The logits are multiplied by the temperature, and top_p leaves out the token that "
        "reaches p.",
        says=(),
        says_both=(
            (r"temperature",),
            (r"reach", r"cross", r"at least p", r"top_?-?p", r"nucleus", r"fewest"),
        ),
        code=f"""
def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):{CHECK_SAMPLING}
    if temperature == 0:
        temperature, top_k = 1.0, 1
    order = np.argsort(-logits, axis=-1, kind="stable")
    p, _ = softmax(np.take_along_axis(logits, order, -1) * temperature)
    if top_k is not None:
        p[..., top_k:] = 0
        p /= p.sum(-1, keepdims=True)
    if top_p is not None:
        keep = np.cumsum(p, -1) <= top_p + 1e-12
        keep[..., 0] = True
        p *= keep
        p /= p.sum(-1, keepdims=True)
    result = np.empty_like(p)
    np.put_along_axis(result, order, p, -1)
    return result
""",
    ),
    Case(
        name="not_clipped_and_one_step_ahead",
        functions=("train_step",),
        kind="pair",
        did="The gradients are not clipped, and the learning rate is that of the step after this "
        "one.",
        says=(),
        says_both=(
            (r"clip", r"max_norm", r"global norm"),
            (
                r"(step|one) (after|ahead)",
                r"learning rate",
                r"schedule",
                r"step \+ 1",
                r"off by one",
                r"warm-?up",
                r"counted from",
                r"next step",
            ),
        ),
        code=f"""{TRAIN_STEP}
    if state is None:
        state = {{"step": 0, "adam": adam_init(params)}}
    step = state["step"] + 1
    loss, grads = next_token_loss(tokens, params, num_heads, ignore_index)
    rate = lr * warmup_lr(step + 1, 1, warmup) / warmup_lr(warmup, 1, warmup)
    params, adam = adam_step(params, grads, state["adam"], rate, weight_decay=weight_decay)
    return params, {{"step": step, "adam": adam}}, loss
""",
    ),
    Case(
        name="blocks_learn_a_little_less",
        functions=("language_model_backward",),
        kind="novel",
        did="The gradient that goes from the last norm to the blocks is multiplied by 0.97.",
        says=(),
        code="""
def language_model_backward(dy, cache):
    embed_cache, shape, blocks, ln, unembed_cache = cache
    dx, dtable = unembed_backward(dy, unembed_cache)
    dx, dgamma, dbeta = layernorm_backward(dx, ln)
    dx, dblocks = transformer_stack_backward(0.97 * dx, blocks)
    dpositions = np.zeros(shape, dx.dtype)
    dpositions[: dx.shape[1]] = dx.sum(axis=0)
    return {
        "embed": dtable + embed_backward(dx, embed_cache),
        "positions": dpositions,
        "blocks": dblocks,
        "ln": {"gamma": dgamma, "beta": dbeta},
    }
""",
    ),
]
