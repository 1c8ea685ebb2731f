"""Slips of 07_embedding that its steps explain, as slips.py had them; long for that."""

import numpy as np

from autograder.checker import misconception

LOOK_UP = "handout.md#a-row-for-each-token"


TIED = "handout.md#the-same-table-at-the-end"


DROPOUT = "handout.md#dropout-noise-with-the-right-mean"


SINUSOIDS = "handout.md#a-clock-with-many-hands"


ROTARY = "handout.md#turning-queries-and-keys"


TURN_BACK = "handout.md#backward-is-turning-back"


SHAPES = "handout.md#shapes-at-a-glance"


@misconception(of="init_embedding", see=LOOK_UP)
def draws_standard_normal_vectors(rng, vocab_size, d_model, dtype=np.float64):
    """The vectors have standard deviation 1. With tied logits that starts the loss far above
    log V: here it is 0.02."""
    return rng.normal(0, 1, (vocab_size, d_model)).astype(dtype)


@misconception(of="init_embedding", see=LOOK_UP)
def starts_from_zero_vectors(rng, vocab_size, d_model, dtype=np.float64):
    """The table starts at zero: all tokens look the same, and no gradient tells them apart."""
    return np.zeros((vocab_size, d_model), dtype)


@misconception(of="init_embedding", see=LOOK_UP)
def takes_the_deviation_for_a_variance(rng, vocab_size, d_model, dtype=np.float64):
    """0.02 was taken for the variance. It is the standard deviation, which rng.normal asks for."""
    return rng.normal(0, np.sqrt(0.02), (vocab_size, d_model)).astype(dtype)


@misconception(of="init_embedding", see=LOOK_UP)
def squares_the_deviation(rng, vocab_size, d_model, dtype=np.float64):
    """rng.normal was given 0.02 squared. It asks for the standard deviation, not the variance."""
    return rng.normal(0, 0.02**2, (vocab_size, d_model)).astype(dtype)


@misconception(of="init_embedding", see=SHAPES)
def makes_a_column_for_each_token(rng, vocab_size, d_model, dtype=np.float64):
    """The table is (D, V), as in UDL. Ours has a row for each token: (V, D)."""
    return rng.normal(0, 0.02, (d_model, vocab_size)).astype(dtype)


@misconception(of="unembed_backward", see=SHAPES)
def exchanges_the_two_gradients(right, dy, x, table):
    """The gradients are in the other order: dx comes first, then dtable."""
    return right[1], right[0]


@misconception(of="unembed_backward", see=TIED)
def counts_the_table_twice(right, dy, x, table):
    """dtable is twice what it should be. The embedding's share comes from embed_backward."""
    return right[0], 2 * right[1]


def from_its_start(rng):
    """The generator as the forward received it, before it drew its mask."""
    return np.random.default_rng(rng.bit_generator.seed_seq)


def kept_numbers(x, p, rng):
    """The numbers that the reference keeps."""
    return from_its_start(rng).random(x.shape, np.float32) >= p


def training(p, rng):
    return rng is not None and p > 0


@misconception(of="dropout", see=DROPOUT)
def forgets_to_rescale(x, p, rng):
    """The kept numbers are not divided by 1 - p: the mean shrinks by that factor."""
    return x * kept_numbers(x, p, rng) if training(p, rng) else x


@misconception(of="dropout", see=DROPOUT)
def multiplies_by_the_kept_share(x, p, rng):
    """The kept numbers are multiplied by 1 - p. They are divided by it: fewer must count more."""
    return x * kept_numbers(x, p, rng) * (1 - p) if training(p, rng) else x


@misconception(of="dropout", see=DROPOUT)
def divides_by_the_root_of_the_kept_share(x, p, rng):
    """The kept numbers are divided by sqrt(1 - p). That keeps the variance; the mean needs
    1 - p."""
    return x * kept_numbers(x, p, rng) / (1 - p) ** 0.5 if training(p, rng) else x


@misconception(of="dropout_backward", see=DROPOUT)
def forgets_to_rescale_the_gradient(dy, x, p, rng):
    """The gradient lacks the factor 1 / (1 - p), which the forward multiplied by."""
    return dy * kept_numbers(x, p, rng) if training(p, rng) else dy


@misconception(of="dropout_backward", see=DROPOUT)
def rescales_the_gradient_twice(dy, x, p, rng):
    """The factor 1 / (1 - p) is in the gradient twice."""
    return dy * kept_numbers(x, p, rng) / (1 - p) ** 2 if training(p, rng) else dy


@misconception(of="dropout_backward", see=DROPOUT)
def multiplies_the_gradient_by_the_kept_share(dy, x, p, rng):
    """The gradient is multiplied by 1 - p, but the forward divided by it: so does the backward."""
    return dy * kept_numbers(x, p, rng) * (1 - p) if training(p, rng) else dy


@misconception(of="dropout_backward", see=DROPOUT)
def rescales_without_the_mask(dy, x, p, rng):
    """The gradient is scaled, but not masked: what the forward dropped has no gradient."""
    return dy / (1 - p) if training(p, rng) else dy


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
def exchanges_sine_and_cosine(t, d_model, offset=0, dtype=np.float64):
    """Sine and cosine are exchanged: the even columns are the sines."""
    positions = np.arange(offset, offset + t, dtype=np.float64)[:, None]
    angles = positions * 10000.0 ** -pair_exponents(d_model)
    even = np.arange(d_model) % 2 == 0
    return np.where(even, np.cos(angles), np.sin(angles)).astype(dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def halves_the_exponent(t, d_model, offset=0, dtype=np.float64):
    """The exponent is i / D for the pair i. It is 2i / D: from 0 to nearly 1, not to one half."""
    return position_table(t, d_model, offset, pair_exponents(d_model) / 2, dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def doubles_the_exponent(t, d_model, offset=0, dtype=np.float64):
    """The exponent is twice too large. The i of 2i / D counts pairs, not columns."""
    return position_table(t, d_model, offset, 2 * pair_exponents(d_model), dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def doubles_the_column_in_the_exponent(t, d_model, offset=0, dtype=np.float64):
    """Column j has the exponent 2j / D. The i of 2i / D counts pairs, and a pair shares it."""
    return position_table(t, d_model, offset, 2 * np.arange(d_model) / d_model, dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def takes_a_base_of_a_thousand(t, d_model, offset=0, dtype=np.float64):
    """The base is 1000. It is 10000."""
    return position_table(t, d_model, offset, pair_exponents(d_model), dtype, base=1000.0)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def multiplies_by_the_wavelength(t, d_model, offset=0, dtype=np.float64):
    """The positions are multiplied by 10000^(2i / D). They are divided by it."""
    return position_table(t, d_model, offset, -pair_exponents(d_model), dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def has_no_frequencies(t, d_model, offset=0, dtype=np.float64):
    """All pairs turn at the same speed: the division by 10000^(2i / D) is missing."""
    return position_table(t, d_model, offset, np.zeros(d_model), dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def counts_positions_from_one(t, d_model, offset=0, dtype=np.float64):
    """The positions count from 1. The first position is 0."""
    return position_table(t, d_model, offset + 1, pair_exponents(d_model), dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def ignores_the_offset(t, d_model, offset=0, dtype=np.float64):
    """The offset is not used: the rows start at position 0 in any case."""
    return position_table(t, d_model, 0, pair_exponents(d_model), dtype)


@misconception(of="sinusoidal_positions", see=SINUSOIDS)
def takes_sines_only(t, d_model, offset=0, dtype=np.float64):
    """Every column is a sine. The odd columns are cosines: a sine alone doesn't tell on which side
    of its peak it is."""
    positions = np.arange(offset, offset + t, dtype=np.float64)[:, None]
    return np.sin(positions * 10000.0 ** -pair_exponents(d_model)).astype(dtype)


@misconception(of="sinusoidal_positions", see=SHAPES)
def ignores_the_dtype(right, t, d_model, offset=0, dtype=np.float64):
    """The argument dtype is not used: the table is float64 in any case."""
    return position_table(t, d_model, offset, pair_exponents(d_model), np.float64)


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


@misconception(of="rotary", see=ROTARY)
def adds_both_sines(x, offset=0, base=10000.0):
    """Both sines have a plus. The first feature of a pair is even * cos - odd * sin."""
    angles = angles_of(x.shape, offset, base)
    y = turned(x, angles)
    y[..., 0::2] += (2 * x[..., 1::2] * np.sin(angles)).astype(x.dtype)
    return y


@misconception(of="rotary", see=ROTARY)
def uses_the_turned_half_for_the_other(x, offset=0, base=10000.0):
    """The second feature of a pair was computed from the first one's new value. Both need the old
    values: keep them."""
    angles = angles_of(x.shape, offset, base)
    y = turned(x, angles)
    change = (y[..., 0::2] - x[..., 0::2]) * np.sin(angles)
    y[..., 1::2] += change.astype(x.dtype)
    return y


@misconception(of="rotary", see=ROTARY)
def halves_the_rotary_exponent(x, offset=0, base=10000.0):
    """The exponent is i / d for the pair i. It is 2i / d."""
    d = x.shape[-1]
    return turned(x, angles_of(x.shape, offset, base, np.arange(d // 2) / d))


@misconception(of="rotary", see=ROTARY)
def turns_all_pairs_alike(x, offset=0, base=10000.0):
    """All pairs turn at the same speed. Pair i turns by m / base^(2i / d)."""
    return turned(x, angles_of(x.shape, offset, base, np.zeros(x.shape[-1] // 2)))


@misconception(of="rotary", see=ROTARY)
def turns_faster_and_faster(x, offset=0, base=10000.0):
    """The positions are multiplied by base^(2i / d). They are divided by it."""
    d = x.shape[-1]
    return turned(x, angles_of(x.shape, offset, base, -np.arange(0, d, 2) / d))


@misconception(of="rotary", see=ROTARY)
def ignores_the_offset_of_the_cache(x, offset=0, base=10000.0):
    """The offset is not used: the positions start at 0 in any case."""
    return turned(x, angles_of(x.shape, 0, base))


@misconception(of="rotary", see=ROTARY)
def counts_rotations_from_one(x, offset=0, base=10000.0):
    """The positions count from 1. The first position is 0, and is not turned."""
    return turned(x, angles_of(x.shape, offset + 1, base))


@misconception(of="rotary", see=ROTARY)
def ignores_the_base(x, offset=0, base=10000.0):
    """The argument base is not used: a fixed 10000 stands in its place."""
    return turned(x, angles_of(x.shape, offset))


@misconception(of="rotary_backward", see=TURN_BACK)
def turns_back_without_the_offset(dy, x, offset=0, base=10000.0):
    """The backward starts at position 0, whatever the forward's offset: keep its angles."""
    return turned(dy, -angles_of(x.shape, 0, base))


@misconception(of="rotary_backward", see=TURN_BACK)
def turns_back_from_one(dy, x, offset=0, base=10000.0):
    """The backward counts positions from 1, unlike the forward: keep its angles."""
    return turned(dy, -angles_of(x.shape, offset + 1, base))


@misconception(of="rotary_backward", see=TURN_BACK)
def turns_back_with_another_base(dy, x, offset=0, base=10000.0):
    """The backward takes a base of 10000, whatever the forward's: keep its angles."""
    return turned(dy, -angles_of(x.shape, offset))


@misconception(of="rotary_backward", see=TURN_BACK)
def changes_one_sign_only(dy, x, offset=0, base=10000.0):
    """Only one of the two sines changed its sign. Transposing exchanges them, so both do."""
    angles = angles_of(x.shape, offset, base)
    dx = turned(dy, -angles)
    dx[..., 0::2] -= (2 * dy[..., 1::2] * np.sin(angles)).astype(dy.dtype)
    return dx


@misconception(of="rotary_backward", see=TURN_BACK)
def uses_the_new_half_for_the_other(dy, x, offset=0, base=10000.0):
    """The second feature of a pair was computed from the first one's new gradient. Both need the
    old dy."""
    angles = angles_of(x.shape, offset, base)
    dx = turned(dy, -angles)
    change = (dx[..., 0::2] - dy[..., 0::2]) * np.sin(angles)
    dx[..., 1::2] -= change.astype(dy.dtype)
    return dx
