"""Assignment 9: gradients by central differences, the handout's numbers, and that it learns."""

import re
from pathlib import Path

import numpy as np
import pytest

from transformer.adam import adam_init, adam_step
from transformer.attention import attention_head, attention_head_backward
from transformer.decoder import (
    decoder_block,
    decoder_block_backward,
    decoder_stack,
    decoder_stack_backward,
    init_decoder_block,
)
from transformer.gradient_check import check_gradients
from transformer.losses import cross_entropy
from transformer.pairs import (
    END,
    PAD,
    START,
    VOCABULARY,
    date_in_words,
    draw_dates,
    draw_numbers,
    number_in_words,
    pack_pairs,
    unpack,
)
from transformer.seq2seq import (
    decode,
    decode_backward,
    encode,
    encode_backward,
    greedy_decode,
    init_seq2seq,
    seq2seq,
    seq2seq_backward,
    seq2seq_loss,
)
from transformer.transformer_block import transformer_block
from transformer.tree import tree_leaves, tree_map

HANDOUT = Path(__file__).parents[2] / "assignments" / "09_seq2seq" / "handout.md"
SOURCE = np.array([[3, 4, 5, 0], [4, 3, 4, 5]])
TARGET = np.array([[1, 3, 5, 2], [1, 4, 2, 0]])
NORMS = ("post", "pre")


def noisy(params, seed=0):
    rng = np.random.default_rng(seed)
    return tree_map(lambda a: a + 0.3 * rng.standard_normal(a.shape), params)


def model(norm="post", layers=2, dtype=np.float64):
    params = noisy(init_seq2seq(np.random.default_rng(1), 6, 4, 3, layers, norm))
    return tree_map(lambda a: a.astype(dtype), params)


def side(params, name):
    return {k: v for k, v in params.items() if k == "embed" or k.startswith(name)}


# Gradients


@pytest.mark.parametrize("norm", NORMS)
def test_block_and_stack_match_central_differences(norm):
    rng = np.random.default_rng(2)
    x, context = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 5, 4))
    blocks = [noisy(init_decoder_block(rng, 4, 3), k) for k in range(2)]
    masks = (np.tri(3, dtype=bool), (np.arange(5) < [[5], [2]])[:, None, None, :])
    for forward, backward, params in (
        (decoder_block, decoder_block_backward, blocks[0]),
        (decoder_stack, decoder_stack_backward, blocks),
    ):

        def run(x, context, params, forward=forward):
            return forward(x, context, params, 2, *masks, norm, "tanh")

        assert check_gradients(run, backward, [x, context, params]).worst < 1e-7


@pytest.mark.parametrize("norm", NORMS)
def test_model_and_its_sides_match_central_differences(norm):
    params, context = model(norm), np.random.default_rng(3).standard_normal((2, 4, 4))
    hidden = (SOURCE != 0)[:, None, None, :]
    for forward, backward, arguments in (
        (
            lambda source, params: encode(source, params, 2, norm=norm),
            encode_backward,
            [SOURCE, side(params, "encoder")],
        ),
        (
            lambda target, context, params: decode(target, context, params, 2, hidden, norm),
            decode_backward,
            [TARGET, context, side(params, "decoder")],
        ),
        (
            lambda source, target, params: seq2seq(source, target, params, 2, norm=norm),
            seq2seq_backward,
            [SOURCE, TARGET, params],
        ),
        (
            lambda source, target, params: seq2seq(
                source, target, params, 2, 0, norm, 0.3, np.random.default_rng(4)
            ),
            seq2seq_backward,
            [SOURCE, TARGET, params],
        ),
    ):
        assert check_gradients(forward, backward, arguments, h=2e-6).worst < 1e-7


def test_gradients_of_the_loss_match_central_differences():
    params = model()
    _, grads = seq2seq_loss(SOURCE, TARGET, params, 2)
    rng = np.random.default_rng(5)
    for _ in range(3):
        step = tree_map(lambda a: 1e-5 * rng.standard_normal(a.shape), params)
        ahead, behind = tree_map(np.add, params, step), tree_map(np.subtract, params, step)
        up, _ = seq2seq_loss(SOURCE, TARGET, ahead, 2)
        down, _ = seq2seq_loss(SOURCE, TARGET, behind, 2)
        slope = sum(map(np.vdot, tree_leaves(grads), tree_leaves(step)))
        assert (up - down) / 2 == pytest.approx(slope, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("norm", NORMS)
def test_float32_nesting_and_arguments(norm):
    params = model(norm, dtype=np.float32)
    before = tree_map(np.copy, params)
    loss, grads = seq2seq_loss(SOURCE, TARGET, params, 2, norm=norm)
    assert isinstance(loss, float)
    assert {leaf.dtype for leaf in tree_leaves(grads)} == {np.dtype(np.float32)}
    tree_map(lambda p, g: np.testing.assert_equal(p.shape, g.shape), params, grads)
    tree_map(np.testing.assert_array_equal, params, before)


# What the model is


def test_without_a_context_to_add_a_decoder_block_is_an_encoder_block():
    params = init_decoder_block(np.random.default_rng(6), 4, 3)
    silent = params | {"cross": tree_map(np.zeros_like, params["cross"])}
    x, context = np.random.default_rng(7).standard_normal((2, 2, 3, 4))
    plain = {"ln1": params["ln1"], "attn": params["attn"], "ln2": params["ln3"],
             "ffn": params["ffn"]}  # fmt: skip
    y, _ = decoder_block(x, context, silent, 2, norm="pre")
    np.testing.assert_allclose(y, transformer_block(x, plain, 2, activation="relu")[0])


def test_padding_is_never_seen_and_an_empty_source_is_no_nan():
    params = model()
    wider = np.concatenate([SOURCE, np.zeros((2, 3), int)], 1)
    logits, _ = seq2seq(SOURCE, TARGET, params, 2)
    np.testing.assert_allclose(seq2seq(wider, TARGET, params, 2)[0], logits)
    loss, grads = seq2seq_loss(np.zeros_like(SOURCE), TARGET, params, 2)
    assert np.isfinite(loss)
    assert all(np.isfinite(leaf).all() for leaf in tree_leaves(grads))


def test_greedy_answers_are_the_largest_logits():
    params = model()
    answers = greedy_decode(SOURCE, params, 2, 4, end=99)
    read = np.concatenate([np.full((2, 1), START), answers[:, :-1]], 1)
    logits, _ = seq2seq(SOURCE, read, params, 2)
    np.testing.assert_array_equal(answers, logits.argmax(-1))
    ended = greedy_decode(SOURCE, params, 2, 4, end=int(answers[0, 0]))
    np.testing.assert_array_equal(ended[0], [answers[0, 0], 0, 0, 0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: encode(SOURCE[0], p, 2), "source has shape"),
        (lambda p: decode(TARGET[0], np.zeros((2, 4, 4)), p, 2), "target has shape"),
        (lambda p: encode(SOURCE, p, 2, norm="pre"), "encoder_ln"),
        (lambda p: encode(SOURCE, p, 2, norm="both"), "norm is 'both'"),
        (lambda p: seq2seq_loss(SOURCE, TARGET[:, :1], p, 2), "target has shape"),
        (lambda p: decode(TARGET, np.zeros((1, 4, 4)), p, 2), "context has shape"),
        (lambda p: encode(SOURCE + 9, p, 2), "tokens"),
    ],
)
def test_guards_name_the_argument(call, words):
    with pytest.raises(ValueError, match=words):
        call(model())


# Pairs


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (100, "one hundred"),
        (342, "three hundred and forty two"),
        (1007, "one thousand and seven"),
        (427316, "four hundred and twenty seven thousand three hundred and sixteen"),
        (999999, "nine hundred and ninety nine thousand nine hundred and ninety nine"),
    ],
)
def test_numbers_in_words(number, words):
    assert " ".join(number_in_words(number)) == words


def test_dates_in_words():
    assert " ".join(date_in_words(1969, 7, 20)) == "twentieth july nineteen sixty nine"
    assert " ".join(date_in_words(1908, 7, 29)) == "twenty ninth july nineteen oh eight"
    assert " ".join(date_in_words(1900, 1, 30)) == "thirtieth january nineteen hundred"
    with pytest.raises(ValueError, match="1000000"):
        number_in_words(1_000_000)


def test_different_numbers_and_dates_have_different_words():
    numbers = {" ".join(number_in_words(n)) for n in range(20_000)}
    assert len(numbers) == 20_000
    pairs = draw_dates(np.random.default_rng(8), 3000)
    assert len({" ".join(w) for w, _ in pairs}) == len({"".join(c) for _, c in pairs})


def test_packing_and_unpacking():
    pairs = draw_numbers(np.random.default_rng(9), 50) + draw_dates(np.random.default_rng(9), 9)
    source, target = pack_pairs(pairs)
    assert (target[:, 0] == START).all()
    assert ((target == END).sum(1) == 1).all()
    for (words, characters), row, answer in zip(pairs, source, target, strict=True):
        assert unpack(row) == words
        assert unpack(answer) == characters
        assert (row[len(words) :] == PAD).all()


def test_it_learns_numbers_in_words():
    rng = np.random.default_rng(0)
    params = init_seq2seq(rng, len(VOCABULARY), 32, 64, 1, dtype=np.float32)
    state, steps = adam_init(params), 300
    for step in range(steps):
        source, target = pack_pairs(draw_numbers(rng, 32, 999))
        _, grads = seq2seq_loss(source, target, params, 4)
        rate = 5e-3 * min((step + 1) / 50, 1 - step / steps)
        params, state = adam_step(params, grads, state, rate)
    source, target = pack_pairs(draw_numbers(rng, 200, 999))
    answers = greedy_decode(source, params, 4, target.shape[1] - 1)
    assert (answers == target[:, 1:]).all(1).mean() > 0.8


# The handout's numbers


def test_cross_attention_by_hand():
    params = {"w_q": np.eye(1), "b_q": np.zeros(1), "w_k": np.array([[np.log(3)]]),
              "b_k": np.zeros(1), "w_v": np.array([[4.0]]), "b_v": np.array([4.0])}  # fmt: skip
    read, cache = attention_head(np.array([[1.0]]), np.array([[0.0], [1.0]]), params)
    np.testing.assert_allclose(read, [[7]])
    _, dcontext, _ = attention_head_backward(np.array([[1.0]]), cache)
    np.testing.assert_allclose(dcontext, [[0.176], [3.824]], atol=5e-4)


def test_smoothing_by_hand():
    logits = np.log([[1 / 2, 1 / 4, 1 / 8, 1 / 8]])
    loss, dlogits = cross_entropy(logits, np.array([0]), label_smoothing=0.2)
    assert loss == pytest.approx(0.8664, abs=5e-5)
    np.testing.assert_allclose(dlogits, [[-0.35, 0.2, 0.075, 0.075]])


def test_floor_of_the_smoothed_loss():
    right = 0.9 + 0.1 / len(VOCABULARY)
    other = 0.1 / len(VOCABULARY)
    floor = -right * np.log(right) - (len(VOCABULARY) - 1) * other * np.log(other)
    assert floor == pytest.approx(0.752, abs=5e-4)
    assert "V = 79" in HANDOUT.read_text(encoding="utf-8")
    assert len(VOCABULARY) == 79


def test_without_positions_a_source_is_a_set():
    params, target = model(layers=0), TARGET
    context = np.random.default_rng(10).standard_normal((2, 4, 4))
    params["decoder"] = model()["decoder"]
    shuffled = context[:, [2, 0, 3, 1]]
    logits, _ = decode(target, context, params, 2)
    np.testing.assert_allclose(decode(target, shuffled, params, 2)[0], logits)


def test_gradient_check_of_the_handout_runs():
    blocks = re.findall(r"```python\n(.*?)```", HANDOUT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    exec(compile(blocks[1], str(HANDOUT), "exec"), {})
    compile(blocks[0], str(HANDOUT), "exec")
