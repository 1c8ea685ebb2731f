"""The steps of the language model, its training and its text, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps

MODEL = "handout.md#the-model-from-end-to-end"
TABLE = "handout.md#backward-one-table-two-uses"
SHIFTED = "handout.md#targets-are-inputs-shifted-by-one"
UNSEEN = "handout.md#loss-on-text-that-was-not-trained-on"
STEP = "handout.md#one-step-of-training"
CHOICE = "handout.md#from-logits-to-a-choice"
CACHE = "handout.md#a-cache-of-keys-and-values"


def norm(x, params):
    return REFERENCE["layernorm"](x, params["gamma"], params["beta"])


def model(tokens, params, num_heads):
    return REFERENCE["language_model"](tokens, params, num_heads)


def model_backward(dy, cache):
    return REFERENCE["language_model_backward"](dy, cache)


def clip(grads, max_norm):
    return REFERENCE["clip_by_global_norm"](grads, max_norm)[0]


def stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    return REFERENCE["transformer_stack"](x, blocks, num_heads, mask, norm, activation)


@steps(see=MODEL)
def init_language_model(rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64):
    table = init_embedding(rng, vocab_size, d_model, dtype=dtype)
    positions = init_embedding(rng, max_len, d_model, dtype=dtype)
    blocks = [init_block(rng, d_model, d_ff, dtype=dtype) for _ in range(num_layers)]
    gamma = np.ones(d_model, dtype=dtype)
    beta = np.zeros(d_model, dtype=dtype)
    ln = {"gamma": gamma, "beta": beta}
    return {"embed": table, "positions": positions, "blocks": blocks, "ln": ln}


@steps(see=MODEL)
def language_model(tokens, params, num_heads):
    t = tokens.shape[1]
    embedded = params["embed"][tokens]
    positions = params["positions"][:t]
    # why: Without positions the model can't tell which of its tokens came first.
    x = embedded + positions
    mask = causal_mask(t)
    # as hard: `mask` is not passed on
    # why: The mask is causal: a position must not see the tokens that it has to predict.
    seen, cache = stack(x, params["blocks"], num_heads, mask)
    # why: A layer normalisation follows the last block.
    normed, cache = norm(seen, params["ln"])
    return normed @ params["embed"].T


@steps(see=TABLE)
def language_model_backward(dy, tokens, params, num_heads):
    t = tokens.shape[1]
    embedded, read = embed(tokens, params["embed"])
    positions = params["positions"][:t]
    x = embedded + positions
    mask = causal_mask(t)
    seen, blocks = stack(x, params["blocks"], num_heads, mask)
    normed, ln = norm(seen, params["ln"])
    dnormed, from_output = unembed_backward(dy, unembed(normed, params["embed"])[1])
    dseen, dgamma, dbeta = layernorm_backward(dnormed, ln)
    # why: The gradient comes back through the last norm first: the blocks take layernorm_backward's
    # dx.
    dx, dblocks = transformer_stack_backward(dseen, blocks)
    from_input = embed_backward(dx, read)
    # why: The table is used twice, by the lookup and by the output: the gradients of both uses add
    # up.
    table = from_output + from_input  # the gradient of the table
    # why: Every item of the batch used these rows: their gradients add up.
    used = dx.sum(0)
    unused = np.zeros_like(params["positions"][t:])
    rows = np.concatenate([used, unused])  # the gradient of the positions
    # why: Each gradient stands under its own name.
    dln = {"gamma": dgamma, "beta": dbeta}
    # why: The positions' gradient has all max_len rows of the table: those that were not used get
    # zeros.
    return {"embed": table, "positions": rows, "blocks": dblocks, "ln": dln}


@steps(see=SHIFTED)
def next_token_loss(tokens, params, num_heads, ignore_index=-1):
    inputs = tokens[:, :-1]
    targets = tokens[:, 1:]
    readable = np.where(inputs == ignore_index, 0, inputs)
    logits, cache = model(readable, params, num_heads)
    batch = len(tokens)  # the number of sequences
    mean, dlogits = cross_entropy(logits, targets, ignore_index)
    loss = mean
    upstream = dlogits
    grads = model_backward(upstream, cache)
    return loss, grads


@steps(see=UNSEEN)
def evaluate(data, params, num_heads, batch_size=64, ignore_index=-1):
    total = 0.0
    count = 0
    for start in range(0, len(data), batch_size):
        batch = data[start : start + batch_size]
        inputs = batch[:, :-1]
        targets = batch[:, 1:]
        readable = np.where(inputs == ignore_index, 0, inputs)
        logits, cache = model(readable, params, num_heads)
        loss, dlogits = cross_entropy(logits, targets, ignore_index)
        with_padding = targets.size
        # why: A batch's mean is weighted with the number of its targets that count.
        counted = int((targets != ignore_index).sum())  # how many targets count
        total = total + loss * counted
        count = count + counted
    return total / max(count, 1)


@steps(see=STEP)
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
):
    before = state or {"step": 0, "adam": adam_init(params)}
    # why: The first step is step 1.
    step = before["step"] + 1
    # why: Padding must not be learned as if it were text.
    loss, grads = REFERENCE["next_token_loss"](tokens, params, num_heads, ignore_index)
    # why: The step takes the clipped gradients, whose length is at most the max_norm that was
    # given.
    clipped = clip(grads, max_norm)
    top = warmup_lr(warmup, 1, warmup)
    # why: warmup_lr's top, at step `warmup`, is not 1: divided by it, the learning rate's top is
    # lr.
    rate = lr * warmup_lr(step, 1, warmup) / top  # the learning rate
    # why: adam_step takes the learning rate of this step, and weight_decay.
    new, adam = adam_step(params, clipped, before["adam"], rate, weight_decay=weight_decay)
    # why: adam_step changes nothing in place: what it returns is what has to be returned.
    return new, {"step": step, "adam": adam}, loss


@steps(see=CHOICE)
def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        temperature = 1.0
        top_k = 1
    order = np.argsort(-logits, axis=-1, kind="stable")  # the likeliest first
    # why: Logits are divided by the temperature: a higher one makes the tokens more alike.
    scaled = np.take_along_axis(logits, order, -1) / temperature
    exponentials = np.exp(scaled - scaled.max(-1, keepdims=True))
    kept = exponentials / exponentials.sum(-1, keepdims=True)
    rank = np.arange(logits.shape[-1])
    if top_k is not None:
        # why: Ranks count from 0: the top_k likeliest tokens are kept.
        best = np.where(rank < top_k, kept, 0.0)
        kept = best / best.sum(-1, keepdims=True)
    if top_p is not None:
        until = np.cumsum(kept, -1)
        before = until - kept  # how much the likelier tokens have
        # why: The likeliest tokens are kept until they reach top_p together.
        nucleus = np.where(before < top_p, kept, 0.0)
        kept = nucleus / nucleus.sum(-1, keepdims=True)
    back = np.argsort(order, axis=-1)
    return np.take_along_axis(kept, back, -1)


@steps(see=CHOICE)
def sample_tokens(probabilities, rng):
    cumulative = np.cumsum(probabilities, -1)
    drawn = rng.random((*probabilities.shape[:-1], 1))
    threshold = drawn * cumulative[..., -1:]
    # why: It is the first token whose cumulative probability lies above what was drawn.
    place = (cumulative <= threshold).sum(-1)
    return np.minimum(place, probabilities.shape[-1] - 1)


@steps(see=CACHE)
def cached_language_model(tokens, params, num_heads, cache=None):
    past, layers = cache or (0, [None] * len(params["blocks"]))
    t = tokens.shape[1]
    total = past + t
    embedded = params["embed"][tokens]
    positions = params["positions"][past:total]
    # why: New tokens have positions too, from `past` on.
    x = embedded + positions
    # why: Among the new tokens the mask is causal: causal_mask(t, past + t).
    mask = causal_mask(t, total)
    seen = []
    for block, kept in zip(params["blocks"], layers, strict=True):
        normed, unused = norm(x, block["ln1"])
        attn = block["attn"]
        q = split_heads(normed @ attn["w_q"] + attn["b_q"], num_heads)
        k = split_heads(normed @ attn["w_k"] + attn["b_k"], num_heads)
        v = split_heads(normed @ attn["w_v"] + attn["b_v"], num_heads)
        keys = k if kept is None else np.concatenate([kept[0], k], -2)
        values = v if kept is None else np.concatenate([kept[1], v], -2)
        # why: Among the new tokens the mask is causal: causal_mask(t, past + t).
        heads, unused = scaled_dot_product_attention(q, keys, values, mask)
        attended = merge_heads(heads) @ attn["w_o"] + attn["b_o"]
        seen = [*seen, (keys, values)]
        middle = x + attended
        normed2, unused = norm(middle, block["ln2"])
        fed, unused = mlp(normed2, block["ffn"], "gelu")
        x = middle + fed
    # why: The layer normalisation after the last block comes before the output.
    last, unused = norm(x, params["ln"])
    # why: The layer normalisation after the last block comes before the output.
    logits = last @ params["embed"].T
    return logits, (total, seen)


@steps(see=CACHE)
def generate(tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None):
    for _ in range(steps):
        logits, cache = model(tokens, params, num_heads)
        # why: The last position's logits say what comes next.
        last = logits[:, -1]
        # why: The choice has the temperature, the top_k and the top_p that were given.
        p = REFERENCE["next_token_probabilities"](last, temperature, top_k, top_p)
        new = REFERENCE["sample_tokens"](p, rng)[:, None]
        tokens = np.concatenate([tokens, new], axis=1)
    return tokens
