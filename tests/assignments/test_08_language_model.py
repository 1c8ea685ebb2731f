"""The reference's language model: gradients, training, sampling, the cache, and its handout."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

from transformer.checkpoint import load_checkpoint, save_checkpoint
from transformer.generation import (
    cached_language_model,
    generate,
    next_token_probabilities,
    sample_tokens,
)
from transformer.language_model import (
    init_language_model,
    language_model,
    language_model_backward,
    next_token_loss,
)
from transformer.training import evaluate, train, train_step
from transformer.tree import tree_leaves, tree_map

HANDOUT = Path(__file__).parents[2] / "assignments" / "08_language_model" / "handout.md"
V, D, F, MAX_LEN = 7, 4, 5, 8


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def random_model(rng, layers=2, dtype=np.float64):
    params = init_language_model(rng, V, D, F, layers, MAX_LEN, dtype)
    return tree_map(lambda a: (a + rng.normal(size=a.shape) * 0.5).astype(dtype), params)


def central_differences(function, tree, h=1e-5):
    """d function() / d every number of a tree, which is changed and restored."""
    gradients = []
    for array in tree_leaves(tree):
        gradient = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + h
            above = function()
            array[place] = kept - h
            gradient[place] = (above - function()) / (2 * h)
            array[place] = kept
        gradients.append(gradient)
    return gradients


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_backward_is_central_differences(rng, layers):
    params, tokens = random_model(rng, layers), rng.integers(0, V, size=(3, 5))
    logits, cache = language_model(tokens, params, 2)
    dy = rng.normal(size=logits.shape)
    grads = language_model_backward(dy, cache)
    expected = central_differences(
        lambda: (language_model(tokens, params, 2)[0] * dy).sum(), params
    )
    for one, other in zip(tree_leaves(grads), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7 * (1 + np.abs(other).max()))


@pytest.mark.parametrize("lengths", [[5, 5, 5], [5, 2, 4], [1, 3, 1]])
def test_gradients_of_the_loss_are_central_differences(rng, lengths):
    params, tokens = random_model(rng, 1), rng.integers(0, V, size=(3, 5))
    tokens = np.where(np.arange(5) < np.array(lengths)[:, None], tokens, -1)
    _, grads = next_token_loss(tokens, params, 2)
    expected = central_differences(lambda: next_token_loss(tokens, params, 2)[0], params)
    for one, other in zip(tree_leaves(grads), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)


def test_the_first_loss_is_log_v(rng):
    params = init_language_model(rng, 50, 32, 64, 2, 20)
    loss, _ = next_token_loss(rng.integers(0, 50, size=(8, 20)), params, 4)
    assert loss == pytest.approx(np.log(50), rel=0.02)


def test_padding_is_as_if_it_were_not_there(rng):
    params, row = random_model(rng), rng.integers(0, V, size=(1, 4))
    padded = np.concatenate([row, np.full((1, 3), -1)], axis=1)
    (loss, grads), (same, same_grads) = (next_token_loss(t, params, 2) for t in (row, padded))
    assert loss == pytest.approx(same, rel=1e-14)
    for one, other in zip(tree_leaves(grads), tree_leaves(same_grads), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_keeps_its_dtype(rng, dtype):
    params, tokens = random_model(rng, dtype=dtype), rng.integers(0, V, size=(2, 5))
    loss, grads = next_token_loss(tokens, params, 2)
    new, _, _ = train_step(params, tokens, None, 2)
    logits, _ = cached_language_model(tokens, params, 2)
    arrays = [*tree_leaves(grads), *tree_leaves(new), logits, next_token_probabilities(logits, 2.0)]
    assert type(loss) is float
    assert {a.dtype for a in arrays} == {np.dtype(dtype)}


def test_nothing_is_changed_in_place(rng):
    params, data = random_model(rng), rng.integers(0, V, size=(6, 5))
    for array in (*tree_leaves(params), data):
        array.setflags(write=False)
    new, state, _ = train(params, data, rng, 2, 2, 3)
    for array in tree_leaves(new):
        array.setflags(write=False)
    train(new, data, rng, 2, 2, 3, state=state)
    generate(data[:, :3], new, 2, 3, rng)


# The cache of keys and values


@pytest.mark.parametrize("sizes", [[8], [1] * 8, [3, 1, 4], [1, 6, 1], [2, 2, 2, 2]])
@pytest.mark.parametrize(("layers", "heads"), [(0, 1), (1, 4), (3, 2)])
def test_the_cache_equals_the_full_forward(rng, sizes, layers, heads):
    params, tokens = random_model(rng, layers), rng.integers(0, V, size=(3, 8))
    full, _ = language_model(tokens, params, heads)
    cache, found = None, []
    for piece in np.split(tokens, np.cumsum(sizes)[:-1], axis=1):
        logits, cache = cached_language_model(piece, params, heads, cache)
        found.append(logits)
    np.testing.assert_allclose(np.concatenate(found, axis=1), full, rtol=0, atol=1e-12)


def test_a_cache_can_be_used_again(rng):
    params, tokens = random_model(rng), rng.integers(0, V, size=(2, 5))
    _, cache = cached_language_model(tokens[:, :4], params, 2)
    once, _ = cached_language_model(tokens[:, 4:], params, 2, cache)
    twice, _ = cached_language_model(tokens[:, 4:], params, 2, cache)
    np.testing.assert_array_equal(once, twice)


def test_greedy_text_is_that_of_the_full_model(rng):
    params, tokens = random_model(rng), rng.integers(0, V, size=(3, 2))
    text = generate(tokens, params, 2, 6, rng, temperature=0)
    for t in range(2, 8):
        logits, _ = language_model(text[:, :t], params, 2)
        np.testing.assert_array_equal(logits[:, -1].argmax(-1), text[:, t])


# Training


def equal_trees(one, other):
    pairs = zip(tree_leaves(one), tree_leaves(other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_a_run_that_is_cut_goes_on_exactly(rng, tmp_path):
    start, data = random_model(rng), rng.integers(0, V, size=(30, 6))
    whole, _, losses = train(start, data, np.random.default_rng(1), 9, 2, 4, lr=0.01, warmup=5)
    generator = np.random.default_rng(1)
    params, state, first = train(start, data, generator, 4, 2, 4, lr=0.01, warmup=5)
    save_checkpoint(tmp_path / "run.npz", params, state, generator)
    params, state, generator = load_checkpoint(tmp_path / "run.npz")
    resumed, _, more = train(params, data, generator, 5, 2, 4, lr=0.01, warmup=5, state=state)
    assert equal_trees(whole, resumed)
    np.testing.assert_array_equal(losses, np.concatenate([first, more]))


def test_a_checkpoint_gives_back_what_it_was_given(rng, tmp_path):
    params = random_model(rng, dtype=np.float32)
    state = {"step": 3, "rest": [None, True, 0.1, (np.float32(2.5), np.arange(3))], "empty": {}}
    save_checkpoint(tmp_path / "all.npz", params, state, rng)
    expected = rng.random(3)
    same, rest, again = load_checkpoint(tmp_path / "all.npz")
    assert equal_trees(params, same)
    assert tree_leaves(same)[0].dtype == np.float32
    assert rest["step"] == 3
    assert rest["rest"][:3] == [None, True, 0.1]
    assert type(rest["rest"][3]) is tuple
    np.testing.assert_array_equal(again.random(3), expected)


def test_a_checkpoint_says_what_it_cannot_keep(rng, tmp_path):
    with pytest.raises(ValueError, match=r"state\.adam is a function"):
        save_checkpoint(tmp_path / "no.npz", {}, {"adam": lambda: 0}, rng)


def test_evaluate_does_not_depend_on_the_batches(rng):
    params, data = random_model(rng), rng.integers(0, V, size=(11, 6))
    data = np.where(np.arange(6) < rng.integers(1, 7, size=(11, 1)), data, -1)
    losses = [evaluate(data, params, 2, size) for size in (1, 2, 3, 11, 64)]
    np.testing.assert_allclose(losses, next_token_loss(data, params, 2)[0], rtol=1e-13)


def test_steps_follow_the_schedule(rng):
    """Adam's first step has the length of its rate, wherever the gradient is not tiny."""
    params, tokens = random_model(rng), rng.integers(0, V, size=(8, 6))
    for warmup, rate in ((1, 0.25), (4, 0.0625)):
        new, _, _ = train_step(params, tokens, None, 2, lr=0.25, warmup=warmup)
        moved = np.abs(new["embed"] - params["embed"])
        assert np.median(moved) == pytest.approx(rate, rel=1e-4)


# Sampling


def test_filters_keep_what_they_say(rng):
    logits = rng.normal(size=(200, 9)) * 2
    p = next_token_probabilities(logits)
    for k in (1, 3, 9, 20):
        kept = next_token_probabilities(logits, top_k=k)
        assert ((kept > 0).sum(-1) == min(k, 9)).all()
    for share in (0.1, 0.5, 0.9):
        inside = next_token_probabilities(logits, top_p=share) > 0
        mass = np.where(inside, p, 0)
        assert (mass.sum(-1) >= share).all()
        smallest = np.where(inside, p, np.inf).min(-1)
        assert (mass.sum(-1) - smallest < share).all()
        assert (smallest >= np.where(inside, 0, p).max(-1)).all()


def test_sampling_follows_the_probabilities(rng):
    p = np.array([0.1, 0.0, 0.6, 0.3])
    tokens = sample_tokens(np.tile(p, (20000, 1)), rng)
    np.testing.assert_allclose(np.bincount(tokens, minlength=4) / 20000, p, atol=0.015)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_sampling_never_leaves_the_vocabulary(dtype):
    class Highest:
        def random(self, shape):
            return np.full(shape, np.nextafter(1.0, 0.0))

    p = np.tile(np.full(7, 1 / 7, dtype), (3, 1))
    assert (sample_tokens(p, Highest()) <= 6).all()


@pytest.mark.parametrize(
    ("options", "text"),
    [({"temperature": -1.0}, "temperature"), ({"top_k": 0}, "top_k"), ({"top_p": 0.0}, "top_p")],
)
def test_options_out_of_range_are_named(rng, options, text):
    with pytest.raises(ValueError, match=f"{text} is"):
        next_token_probabilities(rng.normal(size=(2, V)), **options)


def test_what_does_not_fit_is_named(rng):
    params, long = random_model(rng), np.zeros((2, MAX_LEN + 1), np.int64)
    for call in (
        lambda: language_model(long, params, 2),
        lambda: cached_language_model(long, params, 2),
        lambda: generate(long[:, :5], params, 2, 4, rng),
        lambda: next_token_loss(long[:, :1], params, 2),
        lambda: evaluate(long[0], params, 2),
        lambda: train(params, long[:0], rng, 1, 2),
    ):
        with pytest.raises(ValueError, match="has shape"):
            call()


# The handout


@pytest.fixture(scope="module")
def handout():
    return HANDOUT.read_text(encoding="utf-8")


def run_block(handout, heading):
    """What the python block below a heading prints."""
    section = handout.split(heading)[1].split("\n## ")[0]
    [code] = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(HANDOUT), "exec"), {})
    return printed.getvalue().splitlines()


def test_the_numbers_by_hand_are_the_references(handout):
    params = {
        "embed": np.array([[1.0, 0], [0, 1], [1, 1]]),
        "positions": np.zeros((3, 2)),
        "blocks": [],
        "ln": {"gamma": np.ones(2), "beta": np.zeros(2)},
    }
    section = handout.split(".12 By hand")[1].split("\n## ")[0]
    said = [
        [float(number) for number in line.split("|")[4].split(",")]
        for line in section.splitlines()
        if re.match(r"\| \d ", line)
    ]
    logits, _ = language_model(np.array([[0, 1, 2]]), params, 1)
    np.testing.assert_allclose(next_token_probabilities(logits)[0], said, atol=6e-4)
    loss, _ = next_token_loss(np.array([[0, 1, 2]]), params, 1)
    assert f"{loss:.3f}" in section
    assert f"{-np.log(said[0][0]):.3f}" in section


def test_training_goes_as_the_handout_says(handout, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = run_block(handout, "8.8 Many steps")
    last = float(lines[-1].split()[-4])
    assert len(lines) == 5
    assert 0.70 < last < 0.80
    assert "0.72" in handout


def test_unshifted_targets_look_as_the_handout_says(handout):
    losses = {line.split()[0]: float(line.split()[1]) for line in run_block(handout, "Break it on")}
    assert losses["1"] == pytest.approx(3.0, abs=0.05)
    assert losses["60"] < 0.1


def test_two_layers_jump_and_one_does_not(monkeypatch):
    monkeypatch.syspath_prepend(str(HANDOUT.parent / "extras"))
    import induction

    params, steps, two = induction.learn(2, steps=100)
    _, _, one = induction.learn(1, steps=100)
    assert two[steps == 40] < 0.2
    assert two[-1] > 0.75
    assert one.max() < 0.2
    shorter = induction.sequences(np.random.default_rng(1), 256, 13)
    assert induction.accuracy(params, shorter, 13) < 0.1


def test_the_gradient_check_reads_as_the_handout_says(handout):
    [line] = run_block(handout, "What to write, in order")
    assert float(line.split()[-1]) < 1e-7
