"""The reference's embedding, logits, dropout and positions, and the numbers of their handout."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

from transformer.embedding import (
    dropout,
    dropout_backward,
    embed,
    embed_backward,
    init_embedding,
    unembed,
    unembed_backward,
)
from transformer.gradient_check import check_gradients
from transformer.losses import cross_entropy
from transformer.positions import rotary, rotary_backward, sinusoidal_positions

HANDOUT = Path(__file__).parents[2] / "assignments" / "07_embedding" / "handout.md"
CLOSE = 1e-7  # of max|gradient| + 1: what central differences in float64 can tell


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# Embedding and logits


@pytest.mark.parametrize("shape", [(9,), (1,), (3, 4), (2, 1, 5)])
def test_gradients_of_the_table_are_central_differences(rng, shape):
    tokens = rng.integers(0, 4, shape)  # of 6: some occur often, two never
    report = check_gradients(embed, embed_backward, [tokens, rng.normal(size=(6, 3))], rng)
    assert set(report) == {"table"}
    assert report.worst <= CLOSE, report


@pytest.mark.parametrize("shape", [(5,), (1, 5), (4, 5), (2, 3, 5), (2, 1, 3, 5)])
def test_gradients_of_logits_are_central_differences(rng, shape):
    arguments = [rng.normal(size=shape), rng.normal(size=(7, 5))]
    report = check_gradients(unembed, unembed_backward, arguments, rng)
    assert set(report) == {"x", "table"}
    assert report.worst <= CLOSE, report


def test_a_tied_table_has_the_sum_of_two_gradients(rng):
    tokens = np.array([[2, 0, 2], [4, 2, 0]])

    def both(table):
        y, first = embed(tokens, table)
        logits, second = unembed(y, table)
        return logits, (first, second)

    def both_backward(dy, caches):
        dx, at_the_exit = unembed_backward(dy, caches[1])
        return at_the_exit + embed_backward(dx, caches[0])

    report = check_gradients(both, both_backward, [rng.normal(size=(6, 4))], rng)
    assert report.worst <= CLOSE, report


def test_an_embedding_is_a_linear_layer_on_one_hot_rows(rng):
    tokens, table = rng.integers(0, 5, (3, 4)), rng.normal(size=(5, 2))
    one_hot = np.eye(5)[tokens]
    y, cache = embed(tokens, table)
    np.testing.assert_allclose(y, one_hot @ table, rtol=1e-14)
    dy = rng.normal(size=y.shape)
    expected = one_hot.reshape(-1, 5).T @ dy.reshape(-1, 2)
    np.testing.assert_allclose(embed_backward(dy, cache), expected, atol=1e-14)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint32", "int64", "uint64"])
def test_tokens_of_any_whole_dtype(rng, dtype):
    tokens = rng.integers(90, 120, (3, 5))
    table, dy = rng.normal(size=(120, 40)), rng.normal(size=(3, 5, 40))
    expected = embed_backward(dy, embed(tokens, table)[1])
    y, cache = embed(tokens.astype(dtype), table)
    np.testing.assert_array_equal(y, table[tokens])
    np.testing.assert_array_equal(embed_backward(dy, cache), expected)


def test_no_tokens_are_no_error(rng):
    y, cache = embed(np.empty((2, 0), np.int64), rng.normal(size=(4, 3)))
    assert y.shape == (2, 0, 3)
    np.testing.assert_array_equal(embed_backward(y, cache), np.zeros((4, 3)))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([[0, 5]], r"tokens of shape \(1, 2\) lie in 0 ... 5, expected 0 ... 4"),
        ([-1, 2], r"lie in -1 ... 2"),
        ([0.0, 1.0], "tokens has dtype float64, expected whole numbers"),
    ],
)
def test_wrong_tokens_are_named(tokens, message):
    with pytest.raises(ValueError, match=message):
        embed(np.array(tokens), np.ones((5, 3)))


def test_wrong_tables_are_named():
    with pytest.raises(ValueError, match=r"table has shape \(5,\), expected \(V, D\)"):
        embed(np.array([0]), np.ones(5))
    with pytest.raises(ValueError, match=r"x has shape \(2, 3\), table \(3, 4\)"):
        unembed(np.ones((2, 3)), np.ones((3, 4)))


def test_a_new_table_is_small_and_its_first_loss_is_that_of_guessing(rng):
    table = init_embedding(rng, 100, 64)
    assert table.mean() == pytest.approx(0, abs=0.002)
    assert table.std() == pytest.approx(0.02, rel=0.05)
    assert init_embedding(rng, 3, 2, np.float32).dtype == np.float32
    x, targets = rng.normal(size=(4000, 64)), rng.integers(0, 100, 4000)
    loss, _ = cross_entropy(unembed(x, table)[0], targets)
    assert loss == pytest.approx(4.62, abs=0.03)
    assert np.log(100) == pytest.approx(4.61, abs=0.005)
    large, _ = cross_entropy(unembed(x, table / 0.02)[0], targets)
    assert large == pytest.approx(20, abs=2)


# Dropout


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rng, p):
    x = rng.uniform(1, 2, (200, 500))
    y, _ = dropout(x, p, rng)
    assert np.mean(y == 0) == pytest.approx(p, abs=0.01)
    np.testing.assert_allclose((y / x)[y != 0], 1 / (1 - p), rtol=1e-14)
    assert y.mean() == pytest.approx(x.mean(), rel=0.05)


def test_dropouts_gradient_is_that_of_central_differences_for_a_fixed_mask(rng):
    def dropped(x):
        return dropout(x, 0.3, np.random.default_rng(1))

    report = check_gradients(dropped, dropout_backward, [rng.normal(size=(2, 3, 5))], rng)
    assert report.worst <= CLOSE, report


def test_every_call_draws_anew_and_every_cache_keeps_its_mask(rng):
    x, dy = rng.uniform(1, 2, (40, 50)), rng.uniform(1, 2, (40, 50))
    (y, first), (z, second) = dropout(x, 0.5, rng), dropout(x, 0.5, rng)
    assert not np.array_equal(y, z)
    np.testing.assert_array_equal(dropout_backward(dy, first) == 0, y == 0)
    np.testing.assert_array_equal(dropout_backward(dy, second) == 0, z == 0)


def test_evaluation_is_the_identity(rng):
    x, dy = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    y, cache = dropout(x, 0.7, None)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(dropout_backward(dy, cache), dy)


@pytest.mark.parametrize("p", [-0.1, 1, 1.0, 2, np.nan])
def test_a_p_outside_the_range_is_named(rng, p):
    for generator in (rng, None):
        with pytest.raises(ValueError, match=f"p is {p}, expected 0 <= p < 1"):
            dropout(np.ones(3), p, generator)


def test_the_variance_grows_as_the_handout_says(rng):
    y, _ = dropout(rng.normal(size=400_000), 0.1, rng)
    assert y.var() == pytest.approx(1.11, abs=0.01)


# Positions


@pytest.mark.parametrize("d_model", [1, 2, 5, 8])
def test_sinusoids_are_the_papers_formula(d_model):
    table = sinusoidal_positions(4, d_model, 3)
    for m in range(4):
        for column in range(d_model):
            angle = (3 + m) / 10000 ** (2 * (column // 2) / d_model)
            expected = np.cos(angle) if column % 2 else np.sin(angle)
            assert table[m, column] == pytest.approx(expected, abs=1e-14)


def test_products_of_positions_depend_on_the_distance_only():
    table = sinusoidal_positions(30, 16)
    products = table @ table.T
    for distance in range(30):
        diagonal = np.diagonal(products, distance)
        expected = np.cos(distance * 10000.0 ** (-np.arange(0, 16, 2) / 16)).sum()
        np.testing.assert_allclose(diagonal, expected, atol=1e-12)


@pytest.mark.parametrize(("offset", "base"), [(0, 10000.0), (13, 10000.0), (4, 50.0)])
def test_gradients_through_rotations_are_central_differences(rng, offset, base):
    arguments = [rng.normal(size=(2, 3, 4, 6)), offset, base]
    report = check_gradients(rotary, rotary_backward, arguments, rng)
    assert report.worst <= CLOSE, report


def test_rotations_are_products_with_two_by_two_matrices(rng):
    x = rng.normal(size=(2, 1, 5, 4))
    y, _ = rotary(x, 3)
    for m in range(5):
        for i in range(2):
            angle = (3 + m) * 10000.0 ** (-2 * i / 4)
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            pair = slice(2 * i, 2 * i + 2)
            np.testing.assert_allclose(y[:, :, m, pair], x[:, :, m, pair] @ turn.T, atol=1e-14)


def test_a_rotated_sequence_continues_where_its_first_part_ended(rng):
    x = rng.normal(size=(2, 3, 7, 4))
    parts = [rotary(x[:, :, :4], 9)[0], rotary(x[:, :, 4:], 13)[0]]
    np.testing.assert_allclose(np.concatenate(parts, 2), rotary(x, 9)[0], atol=1e-13)


def test_views_in_any_layout_are_fine(rng):
    x = rng.normal(size=(2, 5, 3, 4)).swapaxes(1, 2)  # as split_heads gives it
    reversed_view = np.ascontiguousarray(x[..., ::-1])[..., ::-1]
    expected = rotary(np.ascontiguousarray(x))[0]
    for view in (x, reversed_view, np.asfortranarray(x)):
        np.testing.assert_array_equal(rotary(view)[0], expected)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4), (4,)])
def test_arrays_without_heads_or_pairs_are_named(shape):
    with pytest.raises(ValueError, match=re.escape(f"x has shape {shape}, expected (B, H, T, d)")):
        rotary(np.ones(shape))


def as_tuple(gradients):
    return gradients if isinstance(gradients, tuple) else (gradients,)


def test_results_keep_the_dtype_and_change_no_argument(rng):
    for dtype in (np.float32, np.float64):
        x, table = (
            rng.normal(size=(2, 1, 3, 4)).astype(dtype),
            rng.normal(size=(5, 4)).astype(dtype),
        )
        x.setflags(write=False)
        table.setflags(write=False)
        tokens = rng.integers(0, 5, (2, 1, 3))
        results = [init_embedding(rng, 3, 2, dtype), sinusoidal_positions(3, 4, 1, dtype)]
        for forward, backward, arguments in [
            (embed, embed_backward, (tokens, table)),
            (unembed, unembed_backward, (x, table)),
            (dropout, dropout_backward, (x, 0.5, rng)),
            (rotary, rotary_backward, (x, 2)),
        ]:
            y, cache = forward(*arguments)
            once, twice = backward(y, cache), backward(y, cache)
            for one, two in zip(as_tuple(once), as_tuple(twice), strict=True):
                np.testing.assert_array_equal(one, two)
            results += [y, *as_tuple(once)]
        assert {result.dtype for result in results} == {np.dtype(dtype)}


def test_float32_angles_would_be_wrong_and_ours_are_not(handout):
    speeds = 10000.0 ** (-np.arange(0, 64, 2) / 64)
    for position, said in [(100_000, 0.002), (10_000, 0.0002)]:
        narrow = np.sin(np.float32(position) * speeds.astype(np.float32))
        error = np.abs(narrow - np.sin(position * speeds)).max()
        assert error == pytest.approx(said, rel=0.2)
        ours = sinusoidal_positions(1, 64, position, np.float32)[0, 0::2]
        np.testing.assert_allclose(ours, np.sin(position * speeds), atol=1e-7)
    assert np.spacing(np.float32(100_000)) == pytest.approx(0.008, abs=0.0005)
    assert "off by 0.002 there, by 0.0002 at 10,000" in " ".join(handout.split())


# The handout


@pytest.fixture(scope="module")
def handout():
    return HANDOUT.read_text(encoding="utf-8")


def rows_by_hand(handout):
    """The rows of the tables in "By hand": the first cell -> the other cells."""
    section = handout.split(".12 By hand")[1].split("\n## ")[0]
    tables = [[]]
    for line in section.splitlines():
        if line.startswith("|"):
            tables[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif tables[-1]:
            tables.append([])
    return [table[2:] for table in tables if table]


def numbers(text):
    return [float(number) for number in text.replace("−", "-").split(",")]


def test_the_numbers_by_hand_are_the_references(handout):
    places, rows, positions, turn = rows_by_hand(handout)
    tokens, dy = np.array([int(row[1]) for row in places]), [numbers(row[2]) for row in places]
    _, cache = embed(tokens, np.ones((3, 2)))
    np.testing.assert_array_equal(
        embed_backward(np.array(dy), cache), [numbers(row[1]) for row in rows]
    )
    buffered = np.zeros((3, 2))
    buffered[tokens] += np.array(dy)
    np.testing.assert_array_equal(buffered, [numbers(row[2]) for row in rows])

    for m, *said in positions:
        table = sinusoidal_positions(1, 4, int(m))[0]
        np.testing.assert_allclose([float(number) for number in said], table, atol=6e-5)

    x, y, dy, dx = (np.array([[[[float(n) for n in row[1:]]]]]) for row in turn)
    found, cache = rotary(x, 1)
    np.testing.assert_allclose(y, found, atol=6e-5)
    np.testing.assert_allclose(dx, rotary_backward(dy, cache), atol=6e-5)


def run_block(handout, heading, which=0):
    """What a python block below a heading prints."""
    section = handout.split(heading)[1].split("\n## ")[0]
    code = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)[which]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(HANDOUT), "exec"), {})
    return printed.getvalue().splitlines()


def test_repeats_are_lost_as_the_handout_says(handout):
    lost, kept = run_block(handout, "Break it on purpose")
    assert lost == "[" + " ".join(["1."] * 10) + "]"
    assert sum(float(number) for number in kept.strip("[]").split()) == 2048


def test_shifted_scores_are_as_small_as_the_handout_says(handout):
    together, one = map(float, run_block(handout, "Break it on purpose", 1))
    assert together < 1e-11
    assert one > 1


def test_the_gradient_check_reads_as_the_handout_says(handout):
    lines = run_block(handout, "What to write, in order")
    assert [line.split()[0] for line in lines] == ["table", "x", "x"]
    assert all(float(line.split()[-1]) < 1e-7 for line in lines)


def test_the_slowest_hands_are_as_slow_as_the_handout_says():
    def round_of_the_last(d, base):
        return 2 * np.pi * base ** ((d - 2) / d)

    assert round_of_the_last(512, 10000) == pytest.approx(60_000, rel=0.02)
    assert round_of_the_last(64, 10) < 63


def test_attention_without_positions_does_not_see_the_order(rng):
    from transformer.attention import scaled_dot_product_attention

    q, k, v = rng.normal(size=(3, 5, 4))
    order = rng.permutation(5)
    y, _ = scaled_dot_product_attention(q, k, v)
    shuffled, _ = scaled_dot_product_attention(q[order], k[order], v[order])
    np.testing.assert_allclose(shuffled, y[order], rtol=1e-12)
