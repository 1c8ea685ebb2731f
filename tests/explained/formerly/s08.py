"""Slips of 08_language_model that its steps explain, as slips.py had them; long for that."""

import numpy as np

from autograder.checker import misconception

MODEL = "handout.md#the-model-from-end-to-end"


BACKWARD = "handout.md#backward-one-table-two-uses"


STEP = "handout.md#one-step-of-training"


CHOICE = "handout.md#from-logits-to-a-choice"


CACHE = "handout.md#a-cache-of-keys-and-values"


def causal(t):
    return np.tril(np.ones((t, t), dtype=bool))


def hidden(reference, tokens, params, num_heads, *, x=None, **options):
    """The features after the blocks, with something changed."""
    if tokens.ndim != 2 or tokens.shape[1] > len(params["positions"]):
        raise ValueError("tokens don't fit")
    if tokens.min() < 0 or tokens.max() >= len(params["embed"]):
        raise ValueError("unknown tokens")
    t = tokens.shape[1]
    if x is None:
        x = params["embed"][tokens] + params["positions"][:t]
    options.setdefault("mask", causal(t))
    return reference.transformer_stack(x, params["blocks"], num_heads, **options)[0]


def output(reference, x, params, norm=True):
    if norm:
        x = reference.layernorm(x, **params["ln"])[0]
    return x @ params["embed"].T


@misconception(of="language_model", see=MODEL)
def forgets_the_causal_mask(reference, tokens, params, num_heads):
    """No mask reaches the blocks, so every position sees the tokens that it has to predict."""
    return output(reference, hidden(reference, tokens, params, num_heads, mask=None), params)


def final_features(reference, tokens, params, num_heads):
    """What the output layer was given."""
    x = hidden(reference, tokens, params, num_heads)
    return reference.layernorm(x, **params["ln"])[0]


def output_part(reference, dy, tokens, params, num_heads):
    """The tied table's gradient as the output layer's weight."""
    x = final_features(reference, tokens, params, num_heads)
    return np.einsum("btv,btd->vd", dy, x)


@misconception(of="language_model_backward", see=BACKWARD)
def forgets_the_tables_use_at_the_input(reference, right, dy, tokens, params, num_heads):
    """The embedding's gradient is that of its use in the output only. The lookup used it as well:
    add embed_backward's."""
    return right | {"embed": output_part(reference, dy, tokens, params, num_heads)}


@misconception(of="language_model_backward", see=BACKWARD)
def forgets_the_tables_use_at_the_output(reference, right, dy, tokens, params, num_heads):
    """The embedding's gradient is that of the lookup only. The output used the same table: add
    unembed_backward's."""
    return right | {"embed": right["embed"] - output_part(reference, dy, tokens, params, num_heads)}


@misconception(of="language_model_backward", see=BACKWARD)
def averages_the_tables_two_gradients(right, dy, tokens, params, num_heads):
    """The two gradients of the tied table are averaged. Two uses, two gradients: they add up."""
    return right | {"embed": right["embed"] / 2}


@misconception(of="language_model_backward", see=BACKWARD)
def averages_positions_over_the_batch(right, dy, tokens, params, num_heads):
    """The gradient of the positions is a mean over the batch. Every item used the row, so it is the
    sum."""
    return right | {"positions": right["positions"] / len(tokens)}


@misconception(of="language_model_backward", see=BACKWARD)
def returns_used_positions_only(right, dy, tokens, params, num_heads):
    """The gradient of the positions has T rows. It needs all max_len rows of the table; those that
    were not used get zeros."""
    return right | {"positions": right["positions"][: tokens.shape[1]]}


@misconception(of="language_model_backward", see=BACKWARD)
def goes_around_the_last_norm(reference, right, dy, tokens, params, num_heads):
    """The gradient skips the last layer normalisation and enters the blocks as it came from the
    output. Take the dx of layernorm_backward."""
    t = tokens.shape[1]
    x = params["embed"][tokens] + params["positions"][:t]
    _, blocks = reference.transformer_stack(x, params["blocks"], num_heads, causal(t))
    dx, dblocks = reference.transformer_stack_backward(dy @ params["embed"], blocks)
    dtable, dpositions = np.zeros_like(params["embed"]), np.zeros_like(params["positions"])
    np.add.at(dtable, tokens, dx)
    dpositions[:t] = dx.sum(0)
    dtable += output_part(reference, dy, tokens, params, num_heads)
    return right | {"embed": dtable, "positions": dpositions, "blocks": dblocks}


@misconception(of="language_model_backward", see=BACKWARD)
def exchanges_gamma_and_beta(right, dy, tokens, params, num_heads):
    """The gradients of the last norm's gamma and beta are exchanged."""
    ln = right["ln"]
    return right | {"ln": {"gamma": ln["beta"], "beta": ln["gamma"]}}


def step_with(
    reference,
    params,
    tokens,
    state,
    num_heads,
    lr=1e-3,
    warmup=100,
    max_norm=1.0,
    weight_decay=0.0,
    ignore_index=-1,
    *,
    rate=None,
    loss_and_grads=None,
    clip=None,
    state_for_adam=None,
):
    """The reference's step with one part exchanged."""
    if state is None:
        state = {"step": 0, "adam": reference.adam_init(params)}
    step = state["step"] + 1
    loss, grads = reference.next_token_loss(tokens, params, num_heads, ignore_index)
    if loss_and_grads is not None:
        loss, grads = loss_and_grads(loss, grads)
    if clip is None:
        grads, _ = reference.clip_by_global_norm(grads, max_norm)
    else:
        grads = clip(grads, max_norm)
    if rate is None:
        used = lr * min(step / warmup, (warmup / step) ** 0.5)
    else:
        used = rate(lr, step, warmup)
    adam = state["adam"] if state_for_adam is None else state_for_adam(params, state["adam"])
    params, adam = reference.adam_step(params, grads, adam, used, weight_decay=weight_decay)
    return params, {"step": step, "adam": adam}, loss


@misconception(of="train_step", see=STEP)
def forgets_to_scale_the_schedule(reference, *arguments, **options):
    """The learning rate is lr times warmup_lr, whose top is not 1. Divide by the schedule's value
    at step `warmup`, so that the top is lr."""

    def rate(lr, step, warmup):
        return lr * reference.warmup_lr(step, 1, warmup)

    return step_with(reference, *arguments, rate=rate, **options)


@misconception(of="train_step", see=STEP)
def forgets_to_clip(reference, *arguments, **options):
    """The gradients were not clipped, or the clipped ones were not used."""
    return step_with(reference, *arguments, clip=lambda grads, _max_norm: grads, **options)


@misconception(of="train_step", see=STEP)
def clips_at_one_always(reference, *arguments, **options):
    """The gradients are clipped at 1.0, whatever max_norm says."""

    def clip(grads, max_norm):
        return reference.clip_by_global_norm(grads, 1.0)[0]

    return step_with(reference, *arguments, clip=clip, **options)


@misconception(of="train_step", see=STEP)
def leaves_weight_decay_out(
    reference, params, tokens, state, num_heads, lr=1e-3, warmup=100, max_norm=1.0,
    weight_decay=0.0, ignore_index=-1,
):  # fmt: skip
    """The argument weight_decay was not passed to adam_step."""
    return reference.train_step(
        params, tokens, state, num_heads, lr, warmup, max_norm, 0.0, ignore_index
    )


@misconception(of="train_step", see=STEP)
def trains_on_padding(
    reference, params, tokens, state, num_heads, lr=1e-3, warmup=100, max_norm=1.0,
    weight_decay=0.0, ignore_index=-1,
):  # fmt: skip
    """The argument ignore_index was not passed on, so padding is learned as if it were text."""
    return reference.train_step(
        params, tokens, state, num_heads, lr, warmup, max_norm, weight_decay
    )


@misconception(of="train_step", see=STEP)
def returns_the_old_parameters(right, params, tokens, state, num_heads, **options):
    """The parameters that came in were returned. adam_step changes nothing in place: its result is
    what has to be returned."""
    return params, right[1], right[2]


def refuse(temperature, top_k, top_p):
    """The guards that students are given."""
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError("temperature or top_k")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError("top_p")


def choice(
    reference,
    logits,
    temperature=1.0,
    top_k=None,
    top_p=None,
    *,
    scaled_logits=np.divide,
    keep_k=None,
    keep_p=None,
    renormalise=True,
    p_first=False,
):
    """The reference's recipe, with one part exchanged. Filters get sorted probabilities."""
    refuse(temperature, top_k, top_p)
    if temperature == 0:
        temperature, top_k = 1.0, 1
    order = np.argsort(-logits, axis=-1, kind="stable")
    sorted_logits = np.take_along_axis(logits, order, -1)
    kept = reference.softmax(scaled_logits(sorted_logits, logits.dtype.type(temperature)))[0]

    def filter_k(kept):
        if top_k is None:
            return kept
        rank = np.arange(kept.shape[-1])
        return kept * (keep_k(kept, top_k) if keep_k else rank < top_k)

    def filter_p(kept):
        if top_p is None:
            return kept
        before = np.cumsum(kept, -1) - kept
        return kept * (keep_p(kept, top_p) if keep_p else before < top_p)

    for function in (filter_p, filter_k) if p_first else (filter_k, filter_p):
        kept = function(kept).astype(logits.dtype)
        if renormalise:
            kept = kept / kept.sum(-1, keepdims=True)
    found = np.empty_like(kept)
    np.put_along_axis(found, order, kept, -1)
    return found


@misconception(of="next_token_probabilities", see=CHOICE)
def multiplies_by_the_temperature(reference, logits, *options, **named):
    """The logits were multiplied by the temperature. Divide: a higher temperature makes the tokens
    more alike."""
    return choice(reference, logits, *options, scaled_logits=np.multiply, **named)


@misconception(of="next_token_probabilities", see=CHOICE)
def forgets_the_temperature(reference, logits, *options, **named):
    """The temperature was not used."""
    return choice(reference, logits, *options, scaled_logits=lambda x, _t: x, **named)


@misconception(of="next_token_probabilities", see=CHOICE)
def keeps_one_token_more(reference, logits, *options, **named):
    """One token more than top_k was kept."""
    return choice(
        reference, logits, *options, keep_k=lambda p, k: np.arange(p.shape[-1]) <= k, **named
    )


def remember(tokens, params, cache):
    """All tokens so far, and how many of them are old."""
    if tokens.ndim != 2:
        raise ValueError("tokens don't fit")
    past = np.zeros((len(tokens), 0), tokens.dtype) if cache is None else cache
    if past.shape[1] + tokens.shape[1] > len(params["positions"]):
        raise ValueError("too many tokens")
    return np.concatenate([past, tokens], axis=1), past.shape[1]


PIECES, KEPT = {}, []


@misconception(of="cached_language_model", see=CACHE)
def lets_new_tokens_see_each_other(reference, tokens, params, num_heads, cache=None):
    """Where several tokens are new, they all see each other, later ones too. Among the new tokens
    the mask is causal: causal_mask(t, past + t)."""
    whole, past = remember(tokens, params, cache)
    total = whole.shape[1]
    starts = [0] if cache is None else [*STARTS.get(id(cache), [0]), past]
    mask = np.zeros((total, total), dtype=bool)
    for start, end in zip(starts, [*starts[1:], total], strict=True):
        mask[start:end, :end] = True
    STARTS[id(whole)] = starts
    KEPT.append(whole)
    x = hidden(reference, whole, params, num_heads, mask=mask)
    return output(reference, x, params)[:, past:], whole


STARTS = {}


@misconception(of="cached_language_model", see=CACHE)
def forgets_the_last_norm_with_a_cache(reference, tokens, params, num_heads, cache=None):
    """The layer normalisation after the last block is missing."""
    whole, past = remember(tokens, params, cache)
    x = hidden(reference, whole, params, num_heads)
    return output(reference, x, params, norm=False)[:, past:], whole


@misconception(of="cached_language_model", see=CACHE)
def forgets_the_positions_with_a_cache(reference, tokens, params, num_heads, cache=None):
    """The positions were not added to the new tokens."""
    whole, past = remember(tokens, params, cache)
    x = hidden(reference, whole, params, num_heads, x=params["embed"][whole])
    return output(reference, x, params)[:, past:], whole


@misconception(of="generate", see=CHOICE)
def generates_at_temperature_one(
    reference, tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None
):
    """The argument temperature was not passed on."""
    return reference.generate(tokens, params, num_heads, steps, rng, 1.0, top_k, top_p)
