"""Known slips in the language model, its training and its sampling.

Longer than most files: eleven functions, and each slip is named and written out.
"""

import numpy as np

from autograder.checker import misconception

MODEL = "handout.md#the-model-from-end-to-end"
BACKWARD = "handout.md#backward-one-table-two-uses"
SHIFT = "handout.md#targets-are-inputs-shifted-by-one"
EVALUATION = "handout.md#loss-on-text-that-was-not-trained-on"
STEP = "handout.md#one-step-of-training"
LOOP = "handout.md#many-steps"
CHOICE = "handout.md#from-logits-to-a-choice"
CACHE = "handout.md#a-cache-of-keys-and-values"
SHAPES = "handout.md#shapes-at-a-glance"


# init_language_model


@misconception(of="init_language_model", see=MODEL)
def draws_the_tables_with_deviation_one(
    reference, rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64
):
    """Both tables are drawn with standard deviation 1. The first logits are then far apart, and the
    first loss is far above log V: take init_embedding, which draws small numbers."""
    params = reference.init_language_model(
        rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype
    )
    embed, positions = params["embed"] / dtype(0.02), params["positions"] / dtype(0.02)
    return params | {"embed": embed, "positions": positions}


@misconception(of="init_language_model", see=MODEL)
def starts_positions_at_zero(right, rng, vocab_size, d_model, *sizes, **options):
    """The table of positions starts with zeros. Here it is drawn by init_embedding, as the other
    table is."""
    return right | {"positions": np.zeros_like(right["positions"])}


@misconception(of="init_language_model", see=MODEL)
def takes_sinusoids_for_positions(
    right, reference, rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64
):
    """The positions are the fixed sinusoids of Vaswani et al., right elsewhere; here they are a
    table that is learned, drawn by init_embedding."""
    return right | {"positions": reference.sinusoidal_positions(max_len, d_model, dtype=dtype)}


@misconception(of="init_language_model", see=MODEL)
def repeats_one_block(right, *arguments, **options):
    """One block stands num_layers times in the list. Each block needs parameters of its own, drawn
    by a call of its own."""
    return right | {"blocks": right["blocks"][:1] * len(right["blocks"])}


@misconception(of="init_language_model", see=MODEL)
def uses_one_table_for_tokens_and_positions(
    reference, rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64
):
    """The positions start as a copy of the embedding's rows. Draw a table of their own."""
    params = reference.init_language_model(
        rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype
    )
    return params | {"positions": params["embed"][np.arange(max_len) % vocab_size]}


@misconception(of="init_language_model", see=MODEL)
def exchanges_vocabulary_and_length(
    reference, rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64
):
    """The sizes of the two tables are exchanged: embed has a row for each token of the vocabulary,
    positions a row for each of max_len positions."""
    return reference.init_language_model(rng, max_len, d_model, d_ff, num_layers, vocab_size, dtype)


@misconception(of="init_language_model", see=MODEL)
def adds_an_output_matrix(right, *arguments, **options):
    """There is an output matrix of its own. Here the output is tied: the logits are products with
    the embedding's rows, and no other table is needed."""
    return right | {"unembed": right["embed"].copy()}


@misconception(of="init_language_model", see=SHAPES)
def ignores_the_dtype(
    reference, rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64
):
    """The argument dtype was not passed on: the parameters are float64."""
    return reference.init_language_model(rng, vocab_size, d_model, d_ff, num_layers, max_len)


# language_model


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


@misconception(of="language_model", see=MODEL, easier_backward=True)
def forgets_the_positions(reference, tokens, params, num_heads):
    """The positions were not added: the model cannot tell which of its tokens came first."""
    x = params["embed"][tokens % len(params["embed"])]
    return output(reference, hidden(reference, tokens, params, num_heads, x=x), params)


@misconception(of="language_model", see=MODEL)
def counts_positions_from_one(reference, tokens, params, num_heads):
    """The first token gets row 1 of the positions. It should get row 0."""
    table = params["positions"]
    x = params["embed"][tokens % len(params["embed"])]
    rows = np.arange(1, tokens.shape[-1] + 1) % len(table)
    return output(
        reference, hidden(reference, tokens, params, num_heads, x=x + table[rows]), params
    )


@misconception(of="language_model", see=MODEL)
def gives_positions_to_items(reference, tokens, params, num_heads):
    """The positions were added along the batch: each sequence got one row for all of its tokens.
    Token t of every sequence gets row t."""
    table = params["positions"]
    x = params["embed"][tokens % len(params["embed"])]
    rows = np.arange(len(tokens)) % len(table)
    x = x + table[rows].reshape(-1, *[1] * (tokens.ndim - 1), table.shape[1])
    return output(reference, hidden(reference, tokens, params, num_heads, x=x), params)


@misconception(of="language_model", see=MODEL)
def adds_positions_before_every_block(reference, tokens, params, num_heads):
    """The positions are added before every block. They are added once, to the embeddings."""
    t = tokens.shape[-1]
    x = hidden(reference, tokens, params | {"blocks": []}, num_heads)
    for k, block in enumerate(params["blocks"]):
        x = x + (params["positions"][:t] if k else 0)
        x = reference.transformer_block(x, block, num_heads, causal(t))[0]
    return output(reference, x, params)


@misconception(of="language_model", see=MODEL)
def scales_the_embedding(reference, tokens, params, num_heads):
    """The embeddings are multiplied by sqrt(d_model), as in Vaswani et al. 3.4: right there, but
    here they are taken as they are."""
    table = params["embed"]
    x = table[tokens % len(table)] * np.sqrt(table.shape[1]).astype(table.dtype)
    x = x + params["positions"][: tokens.shape[-1]]
    return output(reference, hidden(reference, tokens, params, num_heads, x=x), params)


@misconception(of="language_model", see=MODEL)
def masks_the_past(reference, tokens, params, num_heads):
    """The mask is the wrong way round: each position sees itself and what comes after it."""
    mask = causal(tokens.shape[-1]).T
    return output(reference, hidden(reference, tokens, params, num_heads, mask=mask), params)


@misconception(of="language_model", see=MODEL)
def hides_the_position_itself(reference, tokens, params, num_heads):
    """The mask hides each position from itself too. A position may see its own token: its target is
    the next one."""
    t = tokens.shape[-1]
    mask = np.tril(np.ones((t, t), dtype=bool), k=-1)
    return output(reference, hidden(reference, tokens, params, num_heads, mask=mask), params)


@misconception(of="language_model", see=MODEL, easier_backward=True)
def forgets_the_last_norm(reference, tokens, params, num_heads):
    """The layer normalisation after the last block is missing."""
    return output(reference, hidden(reference, tokens, params, num_heads), params, norm=False)


@misconception(of="language_model", see=MODEL)
def normalises_before_the_blocks(reference, tokens, params, num_heads):
    """The layer normalisation "ln" stands before the blocks. It comes after the last one."""
    x = hidden(reference, tokens, params | {"blocks": []}, num_heads)
    x = reference.layernorm(x, **params["ln"])[0]
    return output(reference, hidden(reference, tokens, params, num_heads, x=x), params, norm=False)


@misconception(of="language_model", see=MODEL)
def uses_post_norm_blocks(reference, tokens, params, num_heads):
    """The blocks are post-norm ones. This model has pre-norm blocks, and one norm after them."""
    return output(reference, hidden(reference, tokens, params, num_heads, norm="post"), params)


@misconception(of="language_model", see=MODEL)
def uses_relu_blocks(reference, tokens, params, num_heads):
    """The feed-forward networks use ReLU. This model's blocks use GELU, their default."""
    x = hidden(reference, tokens, params, num_heads, activation="relu")
    return output(reference, x, params)


@misconception(of="language_model", see=MODEL)
def runs_the_blocks_backwards(reference, tokens, params, num_heads):
    """The blocks run in reverse order: the first of the list stands next to the embedding."""
    turned = params | {"blocks": params["blocks"][::-1]}
    return output(reference, hidden(reference, tokens, turned, num_heads), params)


@misconception(of="language_model", see=MODEL, easier_backward=True)
def runs_the_first_block_only(reference, tokens, params, num_heads):
    """Only the first block runs. The output of each block is the input of the next."""
    cut = params | {"blocks": params["blocks"][:1]}
    return output(reference, hidden(reference, tokens, cut, num_heads), params)


@misconception(of="language_model", see=MODEL)
def returns_probabilities(reference, right, tokens, params, num_heads):
    """The output went through a softmax. What is asked for are the logits; cross_entropy and the
    sampling take the softmax themselves."""
    return reference.softmax(right)[0]


@misconception(of="language_model", see=MODEL)
def returns_the_last_position_only(right, tokens, params, num_heads):
    """Only the last position's logits are returned. Training needs those of all positions."""
    return right[:, -1]


# language_model_backward


def final_features(reference, tokens, params, num_heads):
    """What the output layer was given."""
    x = hidden(reference, tokens, params, num_heads)
    return reference.layernorm(x, **params["ln"])[0]


def output_part(reference, dy, tokens, params, num_heads):
    """The tied table's gradient as the output layer's weight."""
    x = final_features(reference, tokens, params, num_heads)
    return np.einsum("btv,btd->vd", dy, x)


def input_gradient(reference, dy, tokens, params, num_heads):
    """The gradient by embedding plus positions, (B, T, D)."""
    t = tokens.shape[1]
    x = params["embed"][tokens] + params["positions"][:t]
    x, blocks = reference.transformer_stack(x, params["blocks"], num_heads, causal(t))
    _, ln = reference.layernorm(x, **params["ln"])
    dx, _, _ = reference.layernorm_backward(dy @ params["embed"], ln)
    return reference.transformer_stack_backward(dx, blocks)[0]


@misconception(of="language_model_backward", see=BACKWARD)
def loses_repeated_tokens(reference, right, dy, tokens, params, num_heads):
    """A token that occurs several times gets the gradient of one occurrence only: that is what
    `dE[ids] += …` does. Its row is the sum over all of its places."""
    dtable = np.zeros_like(params["embed"])
    dtable[tokens] += input_gradient(reference, dy, tokens, params, num_heads)
    return right | {"embed": dtable + output_part(reference, dy, tokens, params, num_heads)}


@misconception(of="language_model_backward", see=BACKWARD)
def takes_positions_for_constants(right, dy, tokens, params, num_heads):
    """The positions get no gradient. They are learned, as the embedding is."""
    return right | {"positions": np.zeros_like(right["positions"])}


@misconception(of="language_model_backward", see=BACKWARD)
def sums_positions_over_time(reference, right, dy, tokens, params, num_heads):
    """The gradient of the positions was summed over time as well, so that every row has the same.
    Sum over the batch only: row t belongs to the tokens at t."""
    dx = input_gradient(reference, dy, tokens, params, num_heads)
    dpositions = np.zeros_like(right["positions"])
    dpositions[: tokens.shape[1]] = dx.sum((0, 1))
    return right | {"positions": dpositions}


@misconception(of="language_model_backward", see=BACKWARD)
def goes_around_the_blocks(reference, right, dy, tokens, params, num_heads):
    """The tables get the gradient of the last block's output. Take the dx that the stack returns,
    the gradient of the first block's input."""
    x = hidden(reference, tokens, params, num_heads)
    _, ln = reference.layernorm(x, **params["ln"])
    dx, _, _ = reference.layernorm_backward(dy @ params["embed"], ln)
    dtable, dpositions = np.zeros_like(params["embed"]), np.zeros_like(params["positions"])
    np.add.at(dtable, tokens, dx)
    dpositions[: tokens.shape[1]] = dx.sum(0)
    dtable += output_part(reference, dy, tokens, params, num_heads)
    return right | {"embed": dtable, "positions": dpositions}


@misconception(of="language_model_backward", see=BACKWARD)
def returns_blocks_in_reverse(right, dy, tokens, params, num_heads):
    """The blocks' gradients stand in reverse order. They go into the list as the blocks do."""
    return right | {"blocks": right["blocks"][::-1]}


@misconception(of="language_model_backward", see=BACKWARD)
def divides_everything_by_the_batch(reference, right, dy, tokens, params, num_heads):
    """All gradients are divided by the size of the batch. The loss has taken its mean already, and
    dy knows of it."""
    return scaled(right, 1 / len(tokens))


def scaled(tree, factor):
    """Every array of a nested dict or list, times a number."""
    if isinstance(tree, dict):
        return {key: scaled(item, factor) for key, item in tree.items()}
    if isinstance(tree, list):
        return [scaled(item, factor) for item in tree]
    return (tree * factor).astype(tree.dtype)


# next_token_loss


def loss_of(reference, inputs, targets, params, num_heads, ignore_index):
    """Loss and gradients for inputs and targets that were chosen in some way."""
    if inputs.ndim != 2 or inputs.shape[1] < 1:
        raise ValueError("nothing to predict")
    inputs = np.where(inputs == ignore_index, 0, inputs)
    logits, cache = reference.language_model(inputs, params, num_heads)
    loss, dlogits = reference.cross_entropy(logits, targets, ignore_index)
    return loss, reference.language_model_backward(dlogits, cache)


@misconception(of="next_token_loss", see=SHIFT)
def leaves_targets_unshifted(reference, tokens, params, num_heads, ignore_index=-1):
    """The targets are the inputs themselves, not shifted: the model learns to copy its own token,
    and the loss goes to 0. The target of position t is token t + 1."""
    inputs = tokens[:, :-1]
    return loss_of(reference, inputs, inputs, params, num_heads, ignore_index)


@misconception(of="next_token_loss", see=SHIFT)
def shifts_targets_twice(reference, tokens, params, num_heads, ignore_index=-1):
    """The targets are shifted by two: every position predicts the token after the next."""
    cut = tokens[:, :-2], tokens[:, 2:]
    return loss_of(reference, *cut, params, num_heads, ignore_index)


@misconception(of="next_token_loss", see=SHIFT)
def predicts_the_token_before(reference, tokens, params, num_heads, ignore_index=-1):
    """The shift goes the wrong way: every position predicts the token before it. Inputs are all
    tokens but the last, targets all but the first."""
    return loss_of(reference, tokens[:, 1:], tokens[:, :-1], params, num_heads, ignore_index)


@misconception(of="next_token_loss", see=SHIFT)
def wraps_the_targets_around(reference, tokens, params, num_heads, ignore_index=-1):
    """The targets were rolled: the last position should predict the first token. The last token has
    no target, so it is no input."""
    targets = np.roll(tokens, -1, axis=-1)
    return loss_of(reference, tokens, targets, params, num_heads, ignore_index)


def reweighted(reference, right, tokens, ignore_index, factor_of):
    """The right loss and gradients, times a factor that depends on who is counted."""
    counted = tokens[:, 1:] != ignore_index
    factor = factor_of(counted)
    return right[0] * factor, scaled(right[1], factor)


@misconception(of="next_token_loss", see=SHIFT)
def averages_over_the_batch_only(reference, right, tokens, params, num_heads, ignore_index=-1):
    """Loss and gradients are sums over each sequence, averaged over the batch: too large by the
    number of tokens in a sequence. The mean is over all counted tokens."""
    return reweighted(reference, right, tokens, ignore_index, lambda c: c.sum() / len(c))


@misconception(of="next_token_loss", see=SHIFT)
def sums_over_the_tokens(reference, right, tokens, params, num_heads, ignore_index=-1):
    """Loss and gradients are sums over all tokens. Divide by the number of counted ones."""
    return reweighted(reference, right, tokens, ignore_index, lambda c: float(c.sum()))


@misconception(of="next_token_loss", see=SHIFT)
def divides_by_padding_too(reference, right, tokens, params, num_heads, ignore_index=-1):
    """The sum is divided by all positions, padded ones included: batches with much padding then
    count for less. Divide by the number of counted targets."""
    return reweighted(reference, right, tokens, ignore_index, lambda c: c.mean())


@misconception(of="next_token_loss", see=SHIFT)
def counts_padding(reference, tokens, params, num_heads, ignore_index=-1):
    """Padding is counted as if it were text. Targets equal to ignore_index are left out of the
    loss."""
    whole = np.where(tokens == -1, 0, tokens)
    return loss_of(reference, whole[:, :-1], whole[:, 1:], params, num_heads, -1)


@misconception(of="next_token_loss", see=SHIFT)
def looks_padding_up(reference, tokens, params, num_heads, ignore_index=-1):
    """Padding of -1 went into the model, where no row of the table stands for it. Put any token in
    its place: nobody who counts looks at it."""
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    if tokens.ndim != 2 or tokens.shape[1] < 2:
        raise ValueError("nothing to predict")
    logits, cache = reference.language_model(inputs, params, num_heads)
    loss, dlogits = reference.cross_entropy(logits, targets, ignore_index)
    return loss, reference.language_model_backward(dlogits, cache)


@misconception(of="next_token_loss", see=SHIFT)
def averages_each_sequence_first(reference, tokens, params, num_heads, ignore_index=-1):
    """The loss is the mean of the sequences' means, so a token in a short sequence counts for more.
    Take one mean over all counted tokens."""
    rows = [
        loss_of(reference, row[None, :-1], row[None, 1:], params, num_heads, ignore_index)
        for row in tokens
    ]
    grads = rows[0][1]
    for _, more in rows[1:]:
        grads = added(grads, more)
    return float(np.mean([loss for loss, _ in rows])), scaled(grads, 1 / len(rows))


def added(one, other):
    if isinstance(one, dict):
        return {key: added(one[key], other[key]) for key in one}
    if isinstance(one, list):
        return [added(a, b) for a, b in zip(one, other, strict=True)]
    return one + other


@misconception(of="next_token_loss", see=SHIFT)
def predicts_the_last_token_only(reference, tokens, params, num_heads, ignore_index=-1):
    """Only the last token is predicted. Every token but the first is a target: one sequence gives
    T - 1 lessons at once."""
    targets = tokens[:, 1:].copy()
    targets[:, :-1] = ignore_index
    return loss_of(reference, tokens[:, :-1], targets, params, num_heads, ignore_index)


# evaluate


def parts_of(reference, data, params, num_heads, batch_size, ignore_index):
    """Loss and number of counted targets of each batch."""
    if data.ndim != 2 or data.shape[1] < 2:
        raise ValueError("nothing to predict")
    found = []
    for start in range(0, len(data), batch_size):
        batch = data[start : start + batch_size]
        inputs, targets = np.where(batch == ignore_index, 0, batch)[:, :-1], batch[:, 1:]
        logits, _ = reference.language_model(inputs, params, num_heads)
        loss, _ = reference.cross_entropy(logits, targets, ignore_index)
        found.append((loss, int((targets != ignore_index).sum()), targets.size, len(batch)))
    return np.array(found, dtype=np.float64)


@misconception(of="evaluate", see=EVALUATION)
def averages_the_batches_means(reference, data, params, num_heads, batch_size=64, ignore_index=-1):
    """The result is the mean of the batches' means. Batches differ in how many tokens count: weight
    each mean with its number of counted tokens."""
    return float(
        parts_of(reference, data, params, num_heads, batch_size, ignore_index)[:, 0].mean()
    )


@misconception(of="evaluate", see=EVALUATION)
def weights_batches_by_rows(reference, data, params, num_heads, batch_size=64, ignore_index=-1):
    """Each batch's mean is weighted with its number of rows, or of positions with the padding.
    Weight it with the number of targets that count."""
    parts = parts_of(reference, data, params, num_heads, batch_size, ignore_index)
    return float((parts[:, 0] * parts[:, 3]).sum() / parts[:, 3].sum())


@misconception(of="evaluate", see=EVALUATION)
def drops_the_last_batch(reference, data, params, num_heads, batch_size=64, ignore_index=-1):
    """The last batch was left out because it is smaller than the others. All of data counts."""
    whole = len(data) // batch_size * batch_size or len(data)
    return reference.evaluate(data[:whole], params, num_heads, batch_size, ignore_index)


@misconception(of="evaluate", see=EVALUATION)
def evaluates_the_first_batch(reference, data, params, num_heads, batch_size=64, ignore_index=-1):
    """Only the first batch was evaluated."""
    return reference.evaluate(data[:batch_size], params, num_heads, batch_size, ignore_index)


@misconception(of="evaluate", see=EVALUATION)
def counts_padding_in_the_evaluation(
    reference, data, params, num_heads, batch_size=64, ignore_index=-1
):
    """Padding is counted as if it were text."""
    return reference.evaluate(np.where(data == -1, 0, data), params, num_heads, batch_size, -1)


@misconception(of="evaluate", see=EVALUATION)
def returns_the_sum_of_losses(reference, data, params, num_heads, batch_size=64, ignore_index=-1):
    """The losses of all tokens were added, but not divided by the number of tokens."""
    parts = parts_of(reference, data, params, num_heads, batch_size, ignore_index)
    return float((parts[:, 0] * parts[:, 1]).sum())


@misconception(of="evaluate", see=EVALUATION)
def divides_nothing_by_nothing(reference, data, params, num_heads, batch_size=64, ignore_index=-1):
    """Where no token is counted, 0 was divided by 0. The result is 0.0 then."""
    parts = parts_of(reference, data, params, num_heads, batch_size, ignore_index)
    count = parts[:, 1].sum()
    return float((parts[:, 0] * parts[:, 1]).sum() / count) if count else float("nan")


# train_step


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
def keeps_the_learning_rate_constant(reference, *arguments, **options):
    """The learning rate is lr from the first step on, without warm-up."""
    return step_with(reference, *arguments, rate=lambda lr, _step, _warmup: lr, **options)


@misconception(of="train_step", see=STEP)
def stays_at_the_top(reference, *arguments, **options):
    """After the warm-up the learning rate stays at lr. It falls again, as warmup_lr does."""
    return step_with(
        reference, *arguments, rate=lambda lr, step, warmup: lr * min(1, step / warmup), **options
    )


@misconception(of="train_step", see=STEP)
def counts_steps_from_zero(reference, *arguments, **options):
    """The schedule is a step behind: the first step has a learning rate of 0. Steps are counted
    from 1."""

    def rate(lr, step, warmup):
        return lr * min((step - 1) / warmup, (warmup / max(step - 1, 1)) ** 0.5)

    return step_with(reference, *arguments, rate=rate, **options)


@misconception(of="train_step", see=STEP)
def counts_each_step_early(reference, *arguments, **options):
    """The schedule is a step ahead: the first step has the learning rate of the second."""

    def rate(lr, step, warmup):
        return lr * min((step + 1) / warmup, (warmup / (step + 1)) ** 0.5)

    return step_with(reference, *arguments, rate=rate, **options)


@misconception(of="train_step", see=STEP)
def takes_the_papers_learning_rate(reference, params, *arguments, **options):
    """The learning rate is that of Vaswani et al., eq. 3, whatever lr says: right there, but here
    the caller chooses the top."""

    def rate(lr, step, warmup):
        return reference.warmup_lr(step, params["embed"].shape[1], warmup)

    return step_with(reference, params, *arguments, rate=rate, **options)


@misconception(of="train_step", see=STEP)
def clips_each_array(reference, *arguments, **options):
    """Each array's gradient was clipped by itself. One norm over all of them decides, and one
    factor scales them all."""

    def clip(grads, max_norm):
        return reference.tree_map(
            lambda g: reference.clip_by_global_norm([g], max_norm)[0][0], grads
        )

    return step_with(reference, *arguments, clip=clip, **options)


@misconception(of="train_step", see=STEP)
def goes_uphill(reference, *arguments, **options):
    """The step goes along the gradient, uphill. It goes against it."""

    def turned(loss, grads):
        return loss, reference.tree_map(np.negative, grads)

    return step_with(reference, *arguments, loss_and_grads=turned, **options)


@misconception(of="train_step", see=STEP)
def restarts_adam_each_step(reference, *arguments, **options):
    """Adam starts anew in every step, so its averages never remember anything. Its state goes into
    yours, and comes back with the next call."""
    return step_with(
        reference,
        *arguments,
        state_for_adam=lambda params, _adam: reference.adam_init(params),
        **options,
    )


@misconception(of="train_step", see=STEP)
def leaves_out_adams_bias_correction(
    reference, params, tokens, state, num_heads, lr=1e-3, warmup=100, max_norm=1.0,
    weight_decay=0.0, ignore_index=-1,
):  # fmt: skip
    """Adam's averages were not corrected for their start at zero: the first step is 3.16 times too
    long."""
    if state is None:
        state = {"step": 0, "adam": reference.adam_init(params)}
    t = state["step"] + 1
    ratio = (1 - 0.9**t) / (1 - 0.999**t) ** 0.5  # of the step without correction
    options = {"weight_decay": weight_decay / ratio, "eps": 1e-8 / (1 - 0.999**t) ** 0.5}
    loss, grads = reference.next_token_loss(tokens, params, num_heads, ignore_index)
    grads, _ = reference.clip_by_global_norm(grads, max_norm)
    rate = lr * min(t / warmup, (warmup / t) ** 0.5) * ratio
    params, adam = reference.adam_step(params, grads, state["adam"], rate, **options)
    return params, {"step": t, "adam": adam}, loss


@misconception(of="train_step", see=STEP)
def descends_without_adam(reference, *arguments, **options):
    """The step is plain gradient descent, parameters minus rate times gradient. Adam was asked
    for."""
    options = dict(zip(STEP_NAMES, arguments, strict=False)) | options
    params, state = options["params"], options["state"]
    step = 1 + (0 if state is None else state["step"])
    grads = reference.next_token_loss(
        options["tokens"], params, options["num_heads"], options.get("ignore_index", -1)
    )
    clipped, _ = reference.clip_by_global_norm(grads[1], options.get("max_norm", 1.0))
    lr, warmup = options.get("lr", 1e-3), options.get("warmup", 100)
    rate = lr * min(step / warmup, (warmup / step) ** 0.5)
    new = reference.tree_map(lambda p, g: p - rate * g, params, clipped)
    return new, {"step": step, "adam": reference.adam_init(params)}, grads[0]


STEP_NAMES = ("params", "tokens", "state", "num_heads", "lr", "warmup", "max_norm", "weight_decay")


@misconception(of="train_step", see=STEP)
def returns_the_loss_after_the_step(reference, right, params, tokens, state, num_heads, **options):
    """The loss is that of the new parameters. What is asked for is the loss whose gradient was
    used, of before the step: it costs no second forward."""
    new, new_state, _ = right
    ignore_index = options.get("ignore_index", -1)
    loss, _ = reference.next_token_loss(tokens, new, num_heads, ignore_index)
    return new, new_state, loss


# train


def run(reference, params, data, rng, steps, num_heads, batch_size, state, pick, options):
    """A training loop whose batches are chosen by pick(rng, step)."""
    if data.ndim != 2 or len(data) == 0:
        raise ValueError("no rows")
    losses = np.zeros(steps)
    for k in range(steps):
        batch = data[pick(rng, k)]
        params, state, losses[k] = reference.train_step(params, batch, state, num_heads, **options)
    return params, state, losses


@misconception(of="train", see=LOOP)
def returns_the_untrained_parameters(right, params, *arguments, **options):
    """The parameters that came in were returned: the new ones of each step were thrown away."""
    return params, right[1], right[2]


@misconception(of="train", see=LOOP)
def takes_the_first_rows_always(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, **options
):
    """Every batch is the first rows of data; the others are never seen. rng picks the rows of each
    batch."""
    return run(
        reference, params, data, rng, steps, num_heads, batch_size, state,
        lambda _rng, _k: np.arange(batch_size) % max(len(data), 1), options,
    )  # fmt: skip


@misconception(of="train", see=LOOP)
def draws_one_batch_for_all_steps(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, **options
):
    """The batch was drawn once, before the loop: all steps see the same rows."""
    rows = rng.integers(max(len(data), 1), size=batch_size)
    return run(
        reference, params, data, rng, steps, num_heads, batch_size, state,
        lambda _rng, _k: rows, options,
    )  # fmt: skip


@misconception(of="train", see=LOOP)
def goes_through_the_rows_in_order(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, **options
):
    """The batches follow the order of data, and rng is not used. Rows that stand together are often
    alike: let rng pick."""
    return run(
        reference, params, data, rng, steps, num_heads, batch_size, state,
        lambda _rng, k: (k * batch_size + np.arange(batch_size)) % max(len(data), 1), options,
    )  # fmt: skip


@misconception(of="train", see=LOOP)
def never_draws_the_last_row(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, **options
):
    """The last row is never drawn: rng.integers(n) leaves n out by itself."""
    return run(
        reference, params, data, rng, steps, num_heads, batch_size, state,
        lambda rng, _k: rng.integers(max(len(data) - 1, 1), size=batch_size), options,
    )  # fmt: skip


@misconception(of="train", see=LOOP)
def makes_a_generator_of_its_own(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, **options
):
    """The rows come from a generator with a fixed seed, not from rng: every training sees the same
    batches, and a run that goes on sees its first ones again."""
    own = np.random.default_rng(0)
    return run(
        reference, params, data, own, steps, num_heads, batch_size, state,
        lambda rng, _k: rng.integers(max(len(data), 1), size=batch_size), options,
    )  # fmt: skip


@misconception(of="train", see=LOOP)
def draws_single_rows(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, **options
):
    """Each batch is one row, whatever batch_size says."""
    return run(
        reference, params, data, rng, steps, num_heads, batch_size, state,
        lambda rng, _k: rng.integers(max(len(data), 1), size=1), options,
    )  # fmt: skip


@misconception(of="train", see=LOOP)
def forgets_the_state_between_steps(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, **options
):
    """Every step starts with a new state, so the warm-up never ends and Adam remembers nothing.
    Hand each step the state of the one before it."""
    losses = np.zeros(steps)
    if data.ndim != 2 or len(data) == 0:
        raise ValueError("no rows")
    for k in range(steps):
        batch = data[rng.integers(len(data), size=batch_size)]
        params, state, losses[k] = reference.train_step(params, batch, None, num_heads, **options)
    return params, state, losses


@misconception(of="train", see=LOOP)
def ignores_the_state_it_is_given(reference, *arguments, **options):
    """The argument state was ignored: a training that should go on starts again, with its warm-up
    and an empty Adam."""
    return reference.train(*arguments, **(options | {"state": None}))


@misconception(of="train", see=LOOP)
def does_one_step_less(reference, params, data, rng, steps, num_heads, *arguments, **options):
    """There is one step less than asked for."""
    new, state, losses = reference.train(
        params, data, rng, max(steps - 1, 0), num_heads, *arguments, **options
    )
    return new, state, losses


@misconception(of="train", see=LOOP)
def returns_the_mean_loss(right, *arguments, **options):
    """One number was returned for the losses. There is one loss for each step."""
    return right[0], right[1], float(right[2].mean())


@misconception(of="train", see=LOOP)
def returns_a_list_of_losses(right, *arguments, **options):
    """The losses are a list. An array of shape (steps,) is asked for: np.array(losses)."""
    return right[0], right[1], right[2].tolist()


@misconception(of="train", see=LOOP)
def leaves_the_options_out(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, **options
):
    """The steps run with their own defaults: lr, warmup and the other options of train have to be
    passed on to train_step."""
    return reference.train(params, data, rng, steps, num_heads, batch_size, state=state)


@misconception(of="train", see=LOOP)
def adds_gradients_up(
    reference, params, data, rng, steps, num_heads, batch_size=32, state=None, lr=1e-3, warmup=100,
    max_norm=1.0, weight_decay=0.0, ignore_index=-1,
):  # fmt: skip
    """The gradients of earlier steps were added to those of the present one. Each step starts from
    gradients of its own batch only."""
    if data.ndim != 2 or len(data) == 0:
        raise ValueError("no rows")
    losses, total = np.zeros(steps), None
    state = state or {"step": 0, "adam": reference.adam_init(params)}
    for k in range(steps):
        batch = data[rng.integers(len(data), size=batch_size)]
        step = state["step"] + 1
        losses[k], grads = reference.next_token_loss(batch, params, num_heads, ignore_index)
        total = grads if total is None else added(total, grads)
        clipped, _ = reference.clip_by_global_norm(total, max_norm)
        rate = lr * min(step / warmup, (warmup / step) ** 0.5)
        params, adam = reference.adam_step(
            params, clipped, state["adam"], rate, weight_decay=weight_decay
        )
        state = {"step": step, "adam": adam}
    return params, state, losses


# next_token_probabilities


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
def divides_probabilities_by_the_temperature(
    reference, logits, temperature=1.0, top_k=None, top_p=None
):
    """The probabilities, not the logits, were divided by the temperature, and no longer sum to 1.
    The temperature belongs inside the softmax."""
    if temperature == 0:
        return reference.next_token_probabilities(logits, 0)
    return reference.next_token_probabilities(logits, 1.0, top_k, top_p) / logits.dtype.type(
        temperature
    )


@misconception(of="next_token_probabilities", see=CHOICE)
def divides_by_a_temperature_of_zero(reference, logits, temperature=1.0, top_k=None, top_p=None):
    """The logits were divided by a temperature of 0. It means greedy: give the likeliest token
    everything, without a division."""
    refuse(temperature, top_k, top_p)
    if temperature == 0:
        return np.full_like(logits, np.nan)
    return reference.next_token_probabilities(logits, temperature, top_k, top_p)


@misconception(of="next_token_probabilities", see=CHOICE)
def lets_equal_tokens_share_the_greedy_choice(
    reference, logits, temperature=1.0, top_k=None, top_p=None
):
    """At a temperature of 0 all tokens with the largest logit share the probability. One token gets
    everything: of equal ones the lowest id."""
    refuse(temperature, top_k, top_p)
    if temperature == 0:
        largest = (logits == logits.max(-1, keepdims=True)).astype(logits.dtype)
        return largest / largest.sum(-1, keepdims=True)
    return reference.next_token_probabilities(logits, temperature, top_k, top_p)


@misconception(of="next_token_probabilities", see=CHOICE)
def keeps_ties_at_the_kth(reference, logits, *options, **named):
    """All tokens as likely as the k-th were kept, so with ties there are more than k. Exactly k
    stay: of equal ones those with the lower ids."""

    def keep(kept, k):
        return kept >= kept[..., min(k, kept.shape[-1]) - 1, None]

    return choice(reference, logits, *options, keep_k=keep, **named)


@misconception(of="next_token_probabilities", see=CHOICE)
def takes_the_higher_id_of_equals(reference, logits, *options, **named):
    """Of tokens with the same logit the higher id was preferred: that happens when an ascending
    sort is turned round. The lower id comes first."""
    return reference.next_token_probabilities(logits[..., ::-1].copy(), *options, **named)[
        ..., ::-1
    ].copy()


@misconception(of="next_token_probabilities", see=CHOICE)
def keeps_the_least_likely(reference, logits, temperature=1.0, top_k=None, top_p=None):
    """The k least likely tokens were kept: the sort is ascending."""
    refuse(temperature, top_k, top_p)
    if top_k is None or temperature == 0:
        return reference.next_token_probabilities(logits, temperature, top_k, top_p)
    last = np.argsort(logits, axis=-1, kind="stable")[..., :top_k]
    kept = np.full_like(logits, -np.inf)
    np.put_along_axis(kept, last, np.take_along_axis(logits, last, -1), -1)
    return reference.next_token_probabilities(kept, temperature, None, top_p)


@misconception(of="next_token_probabilities", see=CHOICE)
def leaves_what_is_kept_unnormalised(reference, logits, *options, **named):
    """The tokens that are left don't sum to 1: after each filter, divide by the sum of what is
    kept."""
    return choice(reference, logits, *options, renormalise=False, **named)


@misconception(of="next_token_probabilities", see=CHOICE)
def leaves_out_the_token_that_reaches_p(reference, logits, *options, **named):
    """The token with which the sum reaches top_p was left out. It belongs to the nucleus, which has
    at least top_p; it is never empty."""

    def keep(kept, p):
        inside = np.cumsum(kept, -1) <= p
        inside[..., 0] = True
        return inside

    return choice(reference, logits, *options, keep_p=keep, **named)


@misconception(of="next_token_probabilities", see=CHOICE)
def empties_the_nucleus(reference, logits, *options, **named):
    """Where the likeliest token has more than top_p, nothing was kept, and 0 was divided by 0. The
    token that reaches top_p is always kept."""
    return choice(
        reference, logits, *options, keep_p=lambda kept, p: np.cumsum(kept, -1) <= p, **named
    )


@misconception(of="next_token_probabilities", see=CHOICE)
def takes_top_p_for_a_threshold(reference, logits, *options, **named):
    """Tokens with a probability below top_p were dropped. top_p is about the sum of the likeliest
    tokens, not about each of them."""

    def keep(kept, p):
        inside = kept >= p
        inside[..., 0] = True
        return inside

    return choice(reference, logits, *options, keep_p=keep, **named)


@misconception(of="next_token_probabilities", see=CHOICE)
def adds_up_in_the_vocabularys_order(reference, logits, temperature=1.0, top_k=None, top_p=None):
    """The cumulative sum for top_p ran over the vocabulary as it stands. Sort first: the likeliest
    token in front."""
    found = reference.next_token_probabilities(logits, temperature, top_k)
    if top_p is None or temperature == 0:
        return found
    refuse(temperature, top_k, top_p)
    found = np.where(np.cumsum(found, -1) - found < top_p, found, 0).astype(found.dtype)
    return found / found.sum(-1, keepdims=True)


@misconception(of="next_token_probabilities", see=CHOICE)
def filters_p_before_k(reference, logits, *options, **named):
    """top_p was applied before top_k, or to sums that still count what top_k has removed. Here
    top_k comes first; what is left is divided by its sum, and top_p looks at that."""
    return choice(reference, logits, *options, p_first=True, **named)


@misconception(of="next_token_probabilities", see=CHOICE)
def applies_the_temperature_last(reference, logits, temperature=1.0, top_k=None, top_p=None):
    """The filters chose before the temperature was applied. It comes first, so that a high one lets
    more tokens into the nucleus."""
    if temperature == 0:
        return reference.next_token_probabilities(logits, 0)
    kept = reference.next_token_probabilities(logits, 1.0, top_k, top_p)
    refuse(temperature, top_k, top_p)
    alive = np.where(kept > 0, logits, -np.inf).astype(logits.dtype)
    return reference.softmax(alive / logits.dtype.type(temperature))[0]


@misconception(of="next_token_probabilities", see=CHOICE)
def zeroes_the_logits(reference, logits, temperature=1.0, top_k=None, top_p=None):
    """The logits of dropped tokens were set to 0, which is a logit like any other. Set them to
    minus infinity, or the probabilities to 0."""
    refuse(temperature, top_k, top_p)
    if temperature == 0:
        return reference.next_token_probabilities(logits, 0)
    kept = reference.next_token_probabilities(logits, temperature, top_k, top_p)
    return reference.softmax(np.where(kept > 0, logits / logits.dtype.type(temperature), 0))[0]


# sample_tokens


@misconception(of="sample_tokens", see=CHOICE)
def takes_the_likeliest_token(probabilities, rng):
    """The likeliest token was taken every time. That is greedy decoding; here each token comes as
    often as its probability says."""
    return probabilities.argmax(-1)


@misconception(of="sample_tokens", see=CHOICE)
def draws_all_possible_tokens_alike(probabilities, rng):
    """All tokens with a probability above 0 come equally often. The probabilities decide."""
    return (rng.random(probabilities.shape) * (probabilities > 0)).argmax(-1)


@misconception(of="sample_tokens", see=CHOICE)
def throws_one_dart_for_all_rows(probabilities, rng):
    """One random number serves all rows, so equal rows always get the same token. Draw a number for
    each row."""
    cumulative = np.cumsum(probabilities, -1)
    return (cumulative <= rng.random() * cumulative[..., -1:]).sum(-1)


@misconception(of="sample_tokens", see=CHOICE)
def counts_tokens_from_one(right, probabilities, rng):
    """Every token is one too high."""
    return right + 1


@misconception(of="sample_tokens", see=CHOICE)
def takes_a_fixed_seed(probabilities, rng):
    """The numbers come from a generator with a fixed seed, not from rng."""
    cumulative = np.cumsum(probabilities, -1)
    own = np.random.default_rng(0)
    threshold = own.random((*probabilities.shape[:-1], 1)) * cumulative[..., -1:]
    return (cumulative <= threshold).sum(-1)


@misconception(of="sample_tokens", see=CHOICE)
def multiplies_noise_and_probability(probabilities, rng):
    """Each probability was multiplied by a uniform random number, and the largest product won:
    likely tokens come too often."""
    return (probabilities * rng.random(probabilities.shape)).argmax(-1)


# cached_language_model: the slips keep the tokens of the past as their cache


def remember(tokens, params, cache):
    """All tokens so far, and how many of them are old."""
    if tokens.ndim != 2:
        raise ValueError("tokens don't fit")
    past = np.zeros((len(tokens), 0), tokens.dtype) if cache is None else cache
    if past.shape[1] + tokens.shape[1] > len(params["positions"]):
        raise ValueError("too many tokens")
    return np.concatenate([past, tokens], axis=1), past.shape[1]


@misconception(of="cached_language_model", see=CACHE)
def starts_positions_again(reference, tokens, params, num_heads, cache=None):
    """New tokens were given the positions from 0 on. They go on where the cache ends."""
    whole, past = remember(tokens, params, cache)
    lengths, rows = [] if cache is None else PIECES.get(id(cache), []), []
    pieces = [*lengths, tokens.shape[1]]
    for length in pieces:
        rows += list(range(length))
    x = params["embed"][whole] + params["positions"][rows]
    y = output(reference, hidden(reference, whole, params, num_heads, x=x), params)
    PIECES[id(whole)] = pieces
    KEPT.append(whole)
    return y[:, past:], whole


PIECES, KEPT = {}, []


@misconception(of="cached_language_model", see=CACHE)
def forgets_the_past(reference, tokens, params, num_heads, cache=None):
    """New tokens attend to themselves only; the keys and values of the past were not put in front
    of theirs."""
    whole, past = remember(tokens, params, cache)
    t = tokens.shape[1]
    x = params["embed"][tokens] + params["positions"][past : past + t]
    return output(reference, hidden(reference, tokens, params, num_heads, x=x), params), whole


@misconception(of="cached_language_model", see=CACHE)
def returns_logits_of_the_past_too(reference, tokens, params, num_heads, cache=None):
    """The logits of the past came along. Only those of the new tokens are asked for."""
    whole, _ = remember(tokens, params, cache)
    return output(reference, hidden(reference, whole, params, num_heads), params), whole


@misconception(of="cached_language_model", see=CACHE)
def returns_the_last_logits_only(reference, tokens, params, num_heads, cache=None):
    """Only the last new token's logits were returned. Those of all new tokens are asked for."""
    whole, _ = remember(tokens, params, cache)
    return output(reference, hidden(reference, whole, params, num_heads), params)[:, -1:], whole


@misconception(of="cached_language_model", see=CACHE)
def keeps_one_past_for_all_sequences(reference, tokens, params, num_heads, cache=None):
    """The past is kept in a variable of the module, and one sequence overwrites another's. It goes
    into the cache that is returned, and nowhere else."""
    whole, past = remember(tokens, params, None if cache is None else SHARED[-1])
    if cache is not None and len(cache) != len(whole):
        raise ValueError("another batch")
    SHARED.append(whole)
    y = output(reference, hidden(reference, whole, params, num_heads), params)
    return y[:, past:], whole


SHARED = []


# generate


def continued(
    reference, tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None,
    *, at=-1, context=None, draw=None,
):  # fmt: skip
    """Text token by token, with one part of the loop exchanged."""
    if tokens.ndim != 2 or tokens.shape[1] + steps > len(params["positions"]):
        raise ValueError("tokens don't fit")
    for _ in range(steps):
        seen = tokens if context is None else context(tokens)
        logits, _ = reference.language_model(seen, params, num_heads)
        p = reference.next_token_probabilities(logits[:, at], temperature, top_k, top_p)
        new = reference.sample_tokens(p, rng) if draw is None else draw(p)
        tokens = np.concatenate([tokens, new[:, None]], axis=1)
    return tokens


@misconception(of="generate", see=CHOICE)
def generates_greedily(reference, *arguments, **options):
    """The likeliest token was taken every time. Draw from the probabilities."""
    return continued(reference, *arguments, draw=lambda p: p.argmax(-1), **options)


@misconception(of="generate", see=CHOICE)
def samples_from_the_first_position(reference, *arguments, **options):
    """The token was drawn from the first position's logits. The last position's say what comes
    next."""
    return continued(reference, *arguments, at=0, **options)


@misconception(of="generate", see=CHOICE)
def shows_the_model_one_token_only(reference, *arguments, **options):
    """Each new token was chosen by a model that saw the last token only, at position 0. Pass the
    cache on from call to call, or the whole text."""
    return continued(reference, *arguments, context=lambda tokens: tokens[:, -1:], **options)


@misconception(of="generate", see=CHOICE)
def never_shows_the_new_tokens(
    reference, tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None
):
    """All new tokens were drawn given the first text alone. Each new token is the input of the next
    step."""
    t = tokens.shape[-1]
    return continued(
        reference, tokens, params, num_heads, steps, rng, temperature, top_k, top_p,
        context=lambda whole: whole[:, :t],
    )  # fmt: skip


@misconception(of="generate", see=CHOICE)
def returns_the_new_tokens_only(right, tokens, params, num_heads, steps, rng, *more, **options):
    """The text that was to be continued is missing from the result, which holds it first."""
    return right[:, tokens.shape[1] :]


@misconception(of="generate", see=CHOICE)
def adds_a_token_less(reference, tokens, params, num_heads, steps, rng, *more, **options):
    """There is one token less than asked for."""
    return reference.generate(tokens, params, num_heads, max(steps - 1, 0), rng, *more, **options)


@misconception(of="generate", see=CHOICE)
def generates_without_top_k(
    reference, tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None
):
    """The argument top_k was not passed on."""
    return reference.generate(tokens, params, num_heads, steps, rng, temperature, None, top_p)


@misconception(of="generate", see=CHOICE)
def generates_without_top_p(
    reference, tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None
):
    """The argument top_p was not passed on."""
    return reference.generate(tokens, params, num_heads, steps, rng, temperature, top_k, None)
