"""Known slips in embedding, tied logits, dropout and positions.

Longer than most files: ten functions, and each slip is written out.
"""

import numpy as np

from autograder.checker import misconception

LOOK_UP = "handout.md#a-row-for-each-token"
REPEATS = "handout.md#repeated-tokens-add-up"
TIED = "handout.md#the-same-table-at-the-end"
DROPOUT = "handout.md#dropout-noise-with-the-right-mean"
SINUSOIDS = "handout.md#a-clock-with-many-hands"
ROTARY = "handout.md#turning-queries-and-keys"
TURN_BACK = "handout.md#backward-is-turning-back"
FLOATS = "handout.md#floating-point"
SHAPES = "handout.md#shapes-at-a-glance"


def wider(result):
    """The same in float64."""
    if isinstance(result, tuple):
        return tuple(map(wider, result))
    return result.astype(np.float64)


# init_embedding


@misconception(of="init_embedding", see=LOOK_UP)
def draws_by_the_number_of_features(rng, vocab_size, d_model, dtype=np.float64):
    """The standard deviation is 1 / sqrt(d_model), as with Vaswani et al., who then multiply by
    sqrt(d_model). Right there; here it is 0.02, whatever the size."""
    return rng.normal(0, d_model**-0.5, (vocab_size, d_model)).astype(dtype)


@misconception(of="init_embedding", see=LOOK_UP)
def draws_as_for_a_linear_layer(rng, vocab_size, d_model, dtype=np.float64):
    """The spread is Xavier's, sqrt(2 / (V + D)). A look-up adds up no inputs: here it is 0.02."""
    std = np.sqrt(2 / (vocab_size + d_model))
    return rng.normal(0, std, (vocab_size, d_model)).astype(dtype)


@misconception(of="init_embedding", see=LOOK_UP)
def draws_positive_numbers_only(rng, vocab_size, d_model, dtype=np.float64):
    """The numbers are uniform between 0 and 0.04: their mean is not 0."""
    return rng.uniform(0, 0.04, (vocab_size, d_model)).astype(dtype)


@misconception(of="init_embedding", see=LOOK_UP)
def draws_from_a_generator_of_its_own(rng, vocab_size, d_model, dtype=np.float64):
    """The table does not come from the argument rng: every seed gives the same one."""
    return np.random.default_rng(0).normal(0, 0.02, (vocab_size, d_model)).astype(dtype)


@misconception(of="init_embedding", see=SHAPES)
def forgets_the_dtype(right, rng, vocab_size, d_model, dtype=np.float64):
    """The argument dtype is not used: the table is float64 in any case."""
    return wider(right)


# embed


@misconception(of="embed", see=LOOK_UP)
def multiplies_by_the_root_of_d_model(right, tokens, table):
    """The vectors are multiplied by sqrt(d_model). Vaswani et al. do that in the model; here embed
    only looks up."""
    return right * right.dtype.type(np.sqrt(table.shape[1]))


@misconception(of="embed", see=LOOK_UP)
def counts_tokens_from_one(right, tokens, table):
    """Each token got the row before its own: tokens count from 0."""
    return table[tokens - 1]


@misconception(of="embed", see=LOOK_UP)
def looks_up_columns(right, tokens, table):
    """The tokens index the columns, table[:, tokens]. A token's vector is a row, table[tokens]."""
    return table[:, tokens]


@misconception(of="embed", see=SHAPES)
def flattens_the_places(right, tokens, table):
    """The vectors come as one list, (N, D). They keep the axes of tokens: (..., D)."""
    return right.reshape(-1, table.shape[1])


@misconception(of="embed", see=SHAPES)
def puts_the_features_first(right, tokens, table):
    """The features come first, as in UDL. Ours come last: (..., D)."""
    return np.moveaxis(right, -1, 0)


@misconception(of="embed", see=SINUSOIDS)
def adds_positions_at_once(reference, right, tokens, table):
    """Sinusoidal positions were added. embed only looks up: the model adds positions."""
    t, d_model = right.shape[-2:]
    return right + reference.sinusoidal_positions(t, d_model, 0, right.dtype)


@misconception(of="embed", see=LOOK_UP)
def adds_up_the_vectors_of_a_row(right, tokens, table):
    """The vectors of a sequence are added up. Every token keeps its own place: (..., T, D)."""
    return right.sum(-2)


@misconception(of="embed", see=SHAPES)
def embeds_in_double(right, tokens, table):
    """The vectors are float64 for a float32 table. A one-hot matrix without a dtype does that."""
    return wider(right)


# embed_backward


@misconception(of="embed_backward", see=REPEATS)
def loses_repeated_tokens(dy, tokens, table):
    """`dtable[tokens] += dy` keeps one dy of each token and loses the repeats: NumPy reads all
    rows, adds, and writes each row once. np.add.at adds every one."""
    dtable = np.zeros(table.shape, dy.dtype)
    dtable[tokens] += dy
    return dtable


@misconception(of="embed_backward", see=REPEATS)
def keeps_the_first_of_repeated_tokens(dy, tokens, table):
    """Only the first place of each token counts. Every place where a token stands adds its dy."""
    dtable, rows = np.zeros(table.shape, dy.dtype), dy.reshape(-1, table.shape[1])
    dtable[tokens.ravel()[::-1]] = rows[::-1]
    return dtable


@misconception(of="embed_backward", see=REPEATS)
def averages_repeated_tokens(right, dy, tokens, table):
    """The rows are averages over the places of a token. Uses of the same row add up: a sum."""
    counts = np.bincount(tokens.ravel(), minlength=len(table))[:, None]
    return (right / np.maximum(counts, 1)).astype(right.dtype)


@misconception(of="embed_backward", see=REPEATS)
def averages_over_all_tokens(right, dy, tokens, table):
    """dtable is divided by the number of tokens. The loss has divided already, and dy knows it."""
    return right / tokens.size


@misconception(of="embed_backward", see=REPEATS)
def averages_over_the_batch(right, dy, tokens, table):
    """dtable is divided by the size of the batch. The loss has divided already."""
    return right / len(tokens)


@misconception(of="embed_backward", see=REPEATS)
def counts_instead_of_adding(dy, tokens, table):
    """dtable holds how often each token occurs. What is added up is dy, not ones."""
    counts = np.bincount(tokens.ravel(), minlength=len(table)).astype(dy.dtype)
    return np.repeat(counts[:, None], table.shape[1], axis=1)


@misconception(of="embed_backward", see=REPEATS)
def returns_dy_as_it_came(dy, tokens, table):
    """dy is returned as it came. It belongs to the places of tokens: dtable is (V, D) like table,
    with each dy in its token's row."""
    return dy.copy()


@misconception(of="embed_backward", see=SHAPES)
def makes_rows_up_to_the_largest_token(right, dy, tokens, table):
    """dtable ends at the largest token that occurs. It has the table's shape, with zeros for the
    tokens that do not."""
    return right[: tokens.max() + 1]


@misconception(of="embed_backward", see=SHAPES)
def makes_rows_for_the_tokens_that_occur(right, dy, tokens, table):
    """dtable has rows only for the tokens that occur. It has the table's shape, (V, D)."""
    return right[np.unique(tokens)]


@misconception(of="embed_backward", see=SHAPES)
def transposes_the_tables_gradient(right, dy, tokens, table):
    """dtable is transposed, (D, V). It has the table's shape, (V, D)."""
    return np.ascontiguousarray(right.T)


@misconception(of="embed_backward", see=SHAPES)
def keeps_the_batch_axis(dy, tokens, table):
    """dtable has an axis for the batch. All sequences use one table: their shares add up."""
    if tokens.ndim < 2:
        return np.eye(len(table), dtype=dy.dtype)[:, tokens] @ dy
    batch = zip(tokens.reshape(len(tokens), -1), dy.reshape(len(dy), -1, dy.shape[-1]), strict=True)
    return np.stack([np.eye(len(table), dtype=dy.dtype)[:, t] @ d for t, d in batch])


@misconception(of="embed_backward", see=REPEATS)
def multiplies_by_the_table(right, dy, tokens, table):
    """dy is multiplied by the looked-up vector. y is that vector itself, so dy arrives as it is."""
    return right * table


@misconception(of="embed_backward", see=REPEATS)
def multiplies_the_gradient_by_the_root(right, dy, tokens, table):
    """dtable holds a factor sqrt(d_model), which embed does not have."""
    return right * right.dtype.type(np.sqrt(table.shape[1]))


@misconception(of="embed_backward", see=REPEATS)
def shifts_the_gradient_by_a_row(right, dy, tokens, table):
    """Each token's gradient is in the row before its own: tokens count from 0."""
    return np.roll(right, -1, axis=0)


@misconception(of="embed_backward", see=REPEATS)
def overflows_narrow_tokens(dy, tokens, table):
    """Tokens of a narrow dtype overflowed: uint8 ends at 255, so token * D wraps around. Widen them
    first, astype(np.intp)."""
    size = table.shape[1]
    start = tokens.reshape(-1, 1) * tokens.dtype.type(size)
    dtable = np.zeros(table.size, dy.dtype)
    np.add.at(dtable, (start.astype(np.intp) + np.arange(size)).ravel(), dy.ravel())
    return dtable.reshape(table.shape)


@misconception(of="embed_backward", see=SHAPES)
def gives_tokens_a_gradient(right, dy, tokens, table):
    """Two gradients are returned. Tokens are whole numbers and have none: return dtable alone."""
    return np.zeros(tokens.shape, dy.dtype), right


@misconception(of="embed_backward", see=SHAPES)
def gives_the_table_gradient_in_double(right, dy, tokens, table):
    """dtable is float64 for a float32 dy: np.zeros without a dtype does that."""
    return wider(right)


# unembed


@misconception(of="unembed", see=TIED)
def returns_probabilities(right, x, table):
    """A softmax was applied. unembed returns the scores; the loss applies the softmax."""
    e = np.exp(right - right.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@misconception(of="unembed", see=TIED)
def returns_log_probabilities(right, x, table):
    """A log-softmax was applied. unembed returns the scores; the loss does the rest."""
    shifted = right - right.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


@misconception(of="unembed", see=TIED)
def divides_by_the_root_of_d_model(right, x, table):
    """The logits are divided by sqrt(d_model), as attention's scores are. Logits are not scaled."""
    return right / right.dtype.type(np.sqrt(table.shape[1]))


@misconception(of="unembed", see=TIED)
def multiplies_logits_by_the_root(right, x, table):
    """The logits hold a factor sqrt(d_model): the table is used as it is."""
    return right * right.dtype.type(np.sqrt(table.shape[1]))


@misconception(of="unembed", see=TIED)
def compares_directions_only(right, x, table):
    """The vectors were divided by their lengths first: that is the cosine, not the product."""
    lengths = np.linalg.norm(x, axis=-1, keepdims=True) * np.linalg.norm(table, axis=-1)
    return right / lengths


@misconception(of="unembed", see=TIED)
def forgets_to_transpose_the_table(x, table):
    """x was multiplied by the table itself. Logits need its transpose: (..., D) times (D, V)."""
    return x @ table


@misconception(of="unembed", see=TIED)
def scores_the_last_position_only(right, x, table):
    """Only the last position is scored. In training every position predicts its next token."""
    return right[..., -1, :] if x.ndim > 1 else right


@misconception(of="unembed", see=TIED)
def returns_the_best_token(right, x, table):
    """The best token is returned. unembed returns the scores of all tokens, (..., V)."""
    return right.argmax(-1)


@misconception(of="unembed", see=SHAPES)
def flattens_the_logits(right, x, table):
    """The logits come as one list, (N, V). They keep the axes of x: (..., V)."""
    return right.reshape(-1, len(table))


@misconception(of="unembed", see=SHAPES)
def scores_in_double(right, x, table):
    """The logits are float64 for float32 inputs: some constant or conversion widened them."""
    return wider(right)


# unembed_backward


@misconception(of="unembed_backward", see=TIED)
def forgets_the_tables_path(right, dy, x, table):
    """dtable is zero. The tied table is used here too: this path's gradient is added to that of
    the embedding."""
    return right[0], np.zeros_like(table)


@misconception(of="unembed_backward", see=TIED)
def averages_the_table_over_rows(right, dy, x, table):
    """dtable is averaged over the positions. Every position used the table: a sum."""
    return right[0], right[1] / (x.size // x.shape[-1])


@misconception(of="unembed_backward", see=TIED)
def sums_the_table_over_the_first_axis(dy, x, table):
    """dtable is summed over the first axis only. All axes but the last are flattened first."""
    outer = dy[..., :, None] * x[..., None, :]
    return dy @ table, outer.sum(0) if x.ndim > 1 else outer


@misconception(of="unembed_backward", see=TIED)
def does_not_sum_the_table(dy, x, table):
    """dtable has a (V, D) for each position: their sum is asked for."""
    return dy @ table, dy[..., :, None] * x[..., None, :]


@misconception(of="unembed_backward", see=TIED)
def takes_the_table_of_the_last_position(right, dy, x, table):
    """dtable comes from the last position alone. Every position used the table: a sum."""
    rows, drows = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    return right[0], drows[-1:].T @ rows[-1:]


@misconception(of="unembed_backward", see=SHAPES)
def transposes_dtable(right, dy, x, table):
    """dtable is transposed, (D, V), as for a linear layer's weight. The table is (V, D)."""
    return right[0], np.ascontiguousarray(right[1].T)


@misconception(of="unembed_backward", see=TIED)
def averages_dx_over_the_vocabulary(right, dy, x, table):
    """dx is divided by the size of the vocabulary. Each logit's share adds up: a sum."""
    return right[0] / len(table), right[1]


@misconception(of="unembed_backward", see=TIED)
def applies_the_softmax_again(reference, dy, x, table):
    """dy went through a softmax's backward first. The loss did that; dy belongs to the logits."""
    logits, cache = reference.unembed(x, table)
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return reference.unembed_backward(p * (dy - (dy * p).sum(-1, keepdims=True)), cache)


@misconception(of="unembed_backward", see=SHAPES)
def flattens_dx(right, dy, x, table):
    """dx comes as one list of rows, (N, D). It has the shape of x."""
    return right[0].reshape(-1, x.shape[-1]), right[1]


@misconception(of="unembed_backward", see=SHAPES)
def gives_logit_gradients_in_double(right, dy, x, table):
    """The gradients are float64 for float32 inputs: some constant or conversion widened them."""
    return wider(right)


# dropout


def from_its_start(rng):
    """The generator as the forward received it, before it drew its mask."""
    return np.random.default_rng(rng.bit_generator.seed_seq)


def kept_numbers(x, p, rng):
    """The numbers that the reference keeps."""
    return from_its_start(rng).random(x.shape, np.float32) >= p


def training(p, rng):
    return rng is not None and p > 0


@misconception(of="dropout", see=DROPOUT)
def divides_by_p(x, p, rng):
    """The kept numbers are divided by p. The share that is kept is 1 - p."""
    return x * kept_numbers(x, p, rng) / p if training(p, rng) else x


@misconception(of="dropout", see=DROPOUT)
def takes_p_for_the_share_that_is_kept(x, p, rng):
    """p was taken for the probability of keeping a number, as Srivastava et al. have it. Here it is
    the probability of dropping one."""
    return x * ~kept_numbers(x, p, rng) / p if training(p, rng) else x


@misconception(of="dropout", see=DROPOUT)
def drops_what_it_should_keep(x, p, rng):
    """The mask is the wrong way round: the share p is kept, and scaled by 1 / (1 - p)."""
    return x * ~kept_numbers(x, p, rng) / (1 - p) if training(p, rng) else x


@misconception(of="dropout", see=DROPOUT)
def drops_whole_features(x, p, rng):
    """One mask serves all rows: whole features are dropped. Each number is dropped by itself."""
    if not training(p, rng) or x.ndim == 1:
        return x * kept_numbers(x, p, rng) / (1 - p) if training(p, rng) else x
    return x * (rng.random(x.shape[-1]) >= p) / (1 - p)


@misconception(of="dropout", see=DROPOUT)
def drops_whole_rows(x, p, rng):
    """Each row is kept or dropped as a whole. Each number is dropped by itself."""
    if not training(p, rng) or x.ndim == 1:
        return x * kept_numbers(x, p, rng) / (1 - p) if training(p, rng) else x
    return x * (rng.random((*x.shape[:-1], 1)) >= p) / (1 - p)


@misconception(of="dropout", see=DROPOUT)
def takes_one_mask_for_the_batch(x, p, rng):
    """All items of the batch share one mask. Each number is dropped by itself."""
    if not training(p, rng) or x.ndim == 1:
        return x * kept_numbers(x, p, rng) / (1 - p) if training(p, rng) else x
    return x * (rng.random(x.shape[1:]) >= p) / (1 - p)


@misconception(of="dropout", see=DROPOUT)
def decides_once_for_the_whole_array(x, p, rng):
    """One random number decides for the whole array. Each number is dropped by itself."""
    return x * 1.0 / (1 - p) if training(p, rng) else x


@misconception(of="dropout", see=DROPOUT)
def drops_in_evaluation_too(right, x, p, rng):
    """Numbers are dropped although rng is None: evaluation changes nothing."""
    if rng is not None:
        return right
    return (x * (np.random.RandomState(0).random_sample(x.shape) >= p) / (1 - p)).astype(x.dtype)


@misconception(of="dropout", see=DROPOUT)
def rescales_in_evaluation(right, x, p, rng):
    """x is multiplied by 1 - p in evaluation. Here training has divided already (the original
    paper does it this way round; then training doesn't)."""
    return right if rng is not None else x * (1 - p)


@misconception(of="dropout", see=DROPOUT)
def divides_in_evaluation(right, x, p, rng):
    """x is divided by 1 - p in evaluation. Nothing is dropped there, so nothing is made up for."""
    return right if rng is not None else x / (1 - p)


@misconception(of="dropout", see=DROPOUT)
def has_a_generator_of_its_own(right, x, p, rng):
    """The mask does not come from the argument rng: every seed drops the same numbers."""
    if not training(p, rng):
        return right
    return (x * (np.random.default_rng(0).random(x.shape) >= p) / (1 - p)).astype(x.dtype)


@misconception(of="dropout", see=DROPOUT, easier_backward=True)
def returns_the_mask(x, p, rng):
    """The mask is returned. y is x times the mask."""
    return kept_numbers(x, p, rng) / (1 - p) if training(p, rng) else x


@misconception(of="dropout", see=DROPOUT)
def never_drops(x, p, rng):
    """Nothing is dropped in training, although rng is given."""
    return x


@misconception(of="dropout", see=DROPOUT)
def drops_in_place(right, x, p, rng):
    """The caller's x was changed: `x *= mask` writes into it. Make a new array, x * mask."""
    if training(p, rng):
        x *= kept_numbers(x, p, rng)
    return right


@misconception(of="dropout", see=SHAPES)
def drops_in_double(x, p, rng):
    """The output is float64 for a float32 x: a mask of float64 does that."""
    return x * (kept_numbers(x, p, rng) / (1 - p)) if training(p, rng) else x.astype(np.float64)


# dropout_backward


@misconception(of="dropout_backward", see=DROPOUT)
def draws_a_fresh_mask(dy, x, p, rng):
    """A new mask was drawn. The gradient goes through the numbers that the forward kept: the mask
    belongs in the cache."""
    return (dy * (rng.random(x.shape) >= p) / (1 - p)).astype(dy.dtype) if training(p, rng) else dy


@misconception(of="dropout_backward", see=DROPOUT)
def lets_the_whole_gradient_pass(dy, x, p, rng):
    """dy came back as it was. What the forward dropped has no gradient, the rest is scaled."""
    return dy


@misconception(of="dropout_backward", see=DROPOUT)
def takes_the_dropped_for_the_kept(dy, x, p, rng):
    """The gradient goes through the numbers that were dropped, and not through those kept."""
    return dy * ~kept_numbers(x, p, rng) / (1 - p) if training(p, rng) else dy


@misconception(of="dropout_backward", see=DROPOUT)
def takes_zeros_of_y_for_dropped(dy, x, p, rng):
    """The mask was guessed from y != 0. An x of 0 that was kept has a y of 0 too, and a gradient:
    keep the mask itself."""
    return dy * (kept_numbers(x, p, rng) & (x != 0)) / (1 - p) if training(p, rng) else dy


@misconception(of="dropout_backward", see=DROPOUT)
def multiplies_the_gradient_by_y(dy, x, p, rng):
    """dy was multiplied by y. The derivative of mask * x by x is the mask alone."""
    return dy * x * kept_numbers(x, p, rng) / (1 - p) if training(p, rng) else dy


@misconception(of="dropout_backward", see=DROPOUT)
def rescales_the_gradient_in_evaluation(right, dy, x, p, rng):
    """The gradient is scaled in evaluation. There the forward changes nothing: dx is dy."""
    if rng is None:
        return dy / (1 - p)
    return dy * kept_numbers(x, p, rng) * dy.dtype.type(1 / (1 - p))


@misconception(of="dropout_backward", see=DROPOUT)
def stops_the_gradient_in_evaluation(dy, x, p, rng):
    """There is no gradient in evaluation. There the forward changes nothing: dx is dy."""
    if rng is None:
        return np.zeros_like(dy)
    return dy * kept_numbers(x, p, rng) * dy.dtype.type(1 / (1 - p))


@misconception(of="dropout_backward", see=SHAPES)
def drops_gradients_in_double(dy, x, p, rng):
    """The gradient is float64 for a float32 dy: a mask of float64 does that."""
    return dy * (kept_numbers(x, p, rng) / (1 - p)) if training(p, rng) else dy.astype(np.float64)


# sinusoidal_positions


def position_table(t, d_model, offset, exponents, dtype, base=10000.0):
    """Sines in even, cosines in odd columns; `exponents` has one for each column."""
    positions = np.arange(offset, offset + t, dtype=np.float64)[:, None]
    angles = positions * base ** -exponents.astype(np.float64)
    even = np.arange(d_model) % 2 == 0
    return np.where(even, np.sin(angles), np.cos(angles)).astype(dtype)


def pair_exponents(d_model):
    """2i / D for the columns 2i and 2i + 1."""
    return np.arange(d_model) // 2 * 2 / d_model


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def puts_sines_and_cosines_in_halves(right, t, d_model, offset=0, dtype=np.float64):
    """All sines come first, then all cosines. Here they alternate, as Vaswani et al. have it: the
    sine in column 2i, its cosine in 2i + 1. (Some libraries use halves.)"""
    return np.concatenate([right[:, 0::2], right[:, 1::2]], axis=1)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def gives_each_column_its_own_frequency(t, d_model, offset=0, dtype=np.float64):
    """Column j has the exponent j / D, so a sine and its cosine have different frequencies. Both
    have that of their pair, 2i / D."""
    return position_table(t, d_model, offset, np.arange(d_model) / d_model, dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def stretches_the_frequencies_to_the_base(t, d_model, offset=0, dtype=np.float64):
    """The slowest pair has the exponent 1, because i is divided by D / 2 - 1. Here 2i / D never
    reaches 1. (One well-known implementation does it that way.)"""
    pairs = max((d_model + 1) // 2 - 1, 1)
    return position_table(t, d_model, offset, np.arange(d_model) // 2 / pairs, dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def takes_t_for_the_last_position(t, d_model, offset=0, dtype=np.float64):
    """The rows end at position t. There are t rows, from offset to offset + t - 1."""
    return position_table(max(t - offset, 0), d_model, offset, pair_exponents(d_model), dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def starts_at_zero_and_runs_on(t, d_model, offset=0, dtype=np.float64):
    """The rows start at 0 and run on to offset + t - 1. There are t rows, the first is offset."""
    return position_table(t + offset, d_model, 0, pair_exponents(d_model), dtype)


@misconception(of="sinusoidal_positions", see=SHAPES)
def puts_positions_into_columns(right, t, d_model, offset=0, dtype=np.float64):
    """The table is transposed, (D, t). Its rows are the positions."""
    return np.ascontiguousarray(right.T)


@misconception(of="sinusoidal_positions", see=SHAPES)
def adds_a_batch_axis(right, t, d_model, offset=0, dtype=np.float64):
    """The table has a batch axis, (1, t, D). It is (t, D), which broadcasts by itself."""
    return right[None]


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def drops_the_odd_column(right, t, d_model, offset=0, dtype=np.float64):
    """For an odd d_model a column is missing. The last sine goes without its cosine, so that there
    are d_model columns."""
    return right[:, : d_model // 2 * 2]


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def adds_a_column_to_make_pairs(right, t, d_model, offset=0, dtype=np.float64):
    """For an odd d_model there is a column too many. The last sine goes without its cosine."""
    size = d_model + d_model % 2
    exponents = np.arange(size) // 2 * 2 / d_model
    return position_table(t, size, offset, exponents, dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def fails_for_an_odd_number_of_features(right, t, d_model, offset=0, dtype=np.float64):
    """An odd d_model fails: there are as many cosine columns as sine columns less one. The last
    sine goes without its cosine."""
    table, pairs = np.empty((t, d_model), dtype), np.arange(0, d_model, 2)
    angles = np.arange(offset, offset + t)[:, None] * 10000.0 ** (-pairs / d_model)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table


@misconception(of="sinusoidal_positions", see=FLOATS)
def computes_angles_in_the_result_dtype(t, d_model, offset=0, dtype=np.float64):
    """The angles are computed in float32, which has 7 digits: at position 100,000 they are off by
    more than a thousandth. Compute in float64 and convert the result."""
    positions = np.arange(offset, offset + t).astype(dtype)[:, None]
    angles = positions * (10000.0 ** -pair_exponents(d_model)).astype(dtype)
    even = np.arange(d_model) % 2 == 0
    return np.where(even, np.sin(angles), np.cos(angles))


# rotary and rotary_backward


def angles_of(shape, offset=0, base=10000.0, exponents=None):
    """(T, d / 2) angles, in float64."""
    t, d = shape[-2:]
    exponents = np.arange(0, d, 2) / d if exponents is None else exponents
    return np.arange(offset, offset + t, dtype=np.float64)[:, None] * base**-exponents


def turned(x, angles):
    """The features 2i and 2i + 1 of x turned by angle i; angles broadcast to (..., d / 2)."""
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)


def turned_in_halves(x, angles):
    """The features i and i + d / 2 of x turned by angle i."""
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], -1)


@misconception(of="rotary", see=ROTARY)
def pairs_the_halves(x, offset=0, base=10000.0):
    """Feature i is paired with feature i + d / 2. Here neighbours make a pair, 2i and 2i + 1, as
    with Su et al. (Many libraries pair the halves; both work, but not mixed.)"""
    return turned_in_halves(x, angles_of(x.shape, offset, base))


@misconception(of="rotary", see=ROTARY)
def turns_the_other_way(x, offset=0, base=10000.0):
    """The rotation has the other sense: the sign of the sine is wrong. (Scores would be the same;
    here we ask for the paper's, counter-clockwise.)"""
    return turned(x, -angles_of(x.shape, offset, base))


@misconception(of="rotary", see=ROTARY)
def reflects_instead_of_turning(x, offset=0, base=10000.0):
    """The second feature of a pair has a minus where it needs a plus. That is a reflection, not a
    rotation: the scores then depend on the sum of the positions."""
    y = turned(x, angles_of(x.shape, offset, base))
    y[..., 1::2] *= -1
    return y


@misconception(of="rotary", see=ROTARY, easier_backward=True)
def takes_cosines_only(x, offset=0, base=10000.0):
    """The sines are missing: each feature is multiplied by a cosine, and pairs are not mixed."""
    return x * np.repeat(np.cos(angles_of(x.shape, offset, base)), 2, -1).astype(x.dtype)


@misconception(of="rotary", see=ROTARY)
def exchanges_cosine_and_sine(x, offset=0, base=10000.0):
    """Cosine and sine are exchanged: at position 0 nothing must be turned."""
    return turned(x, np.pi / 2 - angles_of(x.shape, offset, base))


@misconception(of="rotary", see=ROTARY, easier_backward=True)
def adds_sinusoids(reference, x, offset=0, base=10000.0):
    """Sinusoids were added. Rotary positions multiply: each pair is turned."""
    return x + reference.sinusoidal_positions(*x.shape[-2:], offset, x.dtype)


@misconception(of="rotary", see=ROTARY)
def takes_heads_for_positions(x, offset=0, base=10000.0):
    """The angle grows from head to head. The positions are the second last axis of (B, H, T, d)."""
    by_head = angles_of((*x.shape[:-3], x.shape[-3], x.shape[-1]), offset, base)
    return turned(x, by_head[:, None, :])


@misconception(of="rotary", see=ROTARY)
def counts_on_through_the_batch(x, offset=0, base=10000.0):
    """The positions run on from sequence to sequence and from head to head. Each starts again at
    the offset."""
    rows = x.reshape(-1, x.shape[-1])
    return turned(rows, angles_of(rows.shape, offset, base)).reshape(x.shape)


@misconception(of="rotary", see=FLOATS)
def turns_by_angles_of_few_digits(x, offset=0, base=10000.0):
    """The angles are computed in float32, which has 7 digits: at position 100,000 they are off by
    more than a thousandth. Compute them in float64 and convert sine and cosine."""
    t, d = x.shape[-2:]
    speeds = (base ** (-np.arange(0, d, 2) / d)).astype(x.dtype)
    return turned(x, np.arange(offset, offset + t).astype(x.dtype)[:, None] * speeds)


@misconception(of="rotary", see=SHAPES)
def turns_in_double(right, x, offset=0, base=10000.0):
    """The output is float64 for a float32 x: sines and cosines of float64 do that."""
    return wider(right)


@misconception(of="rotary_backward", see=TURN_BACK)
def turns_forwards_again(dy, x, offset=0, base=10000.0):
    """dy was turned forwards. The gradient goes back through the transposed rotation, which is the
    rotation by minus the angle."""
    return turned(dy, angles_of(x.shape, offset, base))


@misconception(of="rotary_backward", see=TURN_BACK)
def does_not_turn_the_gradient(dy, x, offset=0, base=10000.0):
    """dy came back as it was. It has to be turned back by the forward's angles."""
    return dy


@misconception(of="rotary_backward", see=TURN_BACK)
def turns_back_in_halves(dy, x, offset=0, base=10000.0):
    """The backward pairs feature i with i + d / 2, but the forward pairs neighbours."""
    return turned_in_halves(dy, -angles_of(x.shape, offset, base))


@misconception(of="rotary_backward", see=TURN_BACK)
def turns_back_with_cosines_only(dy, x, offset=0, base=10000.0):
    """The sines are missing from the gradient: each feature reaches both outputs of its pair."""
    return dy * np.repeat(np.cos(angles_of(x.shape, offset, base)), 2, -1).astype(dy.dtype)


@misconception(of="rotary_backward", see=TURN_BACK)
def turns_back_by_heads(dy, x, offset=0, base=10000.0):
    """The angle grows from head to head in the backward. The positions are the second last axis."""
    by_head = angles_of((*x.shape[:-3], x.shape[-3], x.shape[-1]), offset, base)
    return turned(dy, -by_head[:, None, :])


@misconception(of="rotary_backward", see=TURN_BACK)
def takes_the_inverse_for_an_equation(dy, x, offset=0, base=10000.0):
    """x was turned where dy should be: a rotation is linear, and its gradient doesn't hold x."""
    return turned(x, -angles_of(x.shape, offset, base))


@misconception(of="rotary_backward", see=FLOATS)
def turns_back_by_angles_of_few_digits(dy, x, offset=0, base=10000.0):
    """The angles are computed in float32, which has 7 digits: at position 100,000 they are off by
    more than a thousandth. Compute them in float64 and convert sine and cosine."""
    t, d = x.shape[-2:]
    speeds = (base ** (-np.arange(0, d, 2) / d)).astype(x.dtype)
    return turned(dy, -(np.arange(offset, offset + t).astype(x.dtype)[:, None] * speeds))


@misconception(of="rotary_backward", see=SHAPES)
def turns_gradients_in_double(right, dy, x, offset=0, base=10000.0):
    """The gradient is float64 for a float32 dy: sines and cosines of float64 do that."""
    return wider(right)
