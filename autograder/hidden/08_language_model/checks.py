"""Hidden checks of assignment 8: the language model, its training, and text from it.

Longer than most files: ten functions, and two checks in which the model has to learn something.
"""

import numpy as np

from autograder.checker import at_least, check, error_of, within

B, T, V, D, F, H = 3, 5, 7, 4, 3, 2  # two blocks have 254 numbers, few enough for differences
MAX_LEN = 6


def model(
    draw, layers=2, vocab_size=V, d_model=D, d_ff=F, max_len=MAX_LEN, dtype=np.float64, scale=0.5
):
    """Parameters of a model, every entry random."""

    def normal(*shape):
        return draw.normal(*shape, scale=scale, dtype=dtype)

    def norm():
        return {"gamma": draw.normal(d_model, dtype=dtype), "beta": normal(d_model)}

    def block():
        attn = {}
        for name in "qkvo":
            attn[f"w_{name}"], attn[f"b_{name}"] = normal(d_model, d_model), normal(d_model)
        ffn = [(d_model, d_ff), (d_ff, d_model)]
        return {
            "ln1": norm(),
            "attn": attn,
            "ln2": norm(),
            "ffn": [{"w": normal(*sizes), "b": normal(sizes[1])} for sizes in ffn],
        }

    return {
        "embed": draw.normal(vocab_size, d_model, dtype=dtype),
        "positions": normal(max_len, d_model),
        "blocks": [block() for _ in range(layers)],
        "ln": norm(),
    }


def padded(draw, lengths, t, padding=-1):
    """Rows of tokens from 1 … V - 1, each filled up behind its end with padding."""
    tokens = draw.integers(1, V, len(lengths), t)
    return np.where(np.arange(t) < np.array(lengths)[:, None], tokens, padding)


def gradients(impl, draw, tokens, params, num_heads=H):
    logits, cache = impl.language_model(tokens, params, num_heads)
    return impl.language_model_backward(draw.normal(*logits.shape), cache)


# init_language_model


@check(of="init_language_model", weight=2)
def test_every_part_and_its_shape(impl, draw):
    """All parts with their shapes; the last norm at its start"""
    params = impl.init_language_model(draw.generator(), 11, 6, 10, 3, 7)
    return {
        "keys": sorted(params),
        "embed": list(params["embed"].shape),
        "positions": list(params["positions"].shape),
        "ln": params["ln"],
        "blocks": len(params["blocks"]),
        "block_keys": [sorted(block) for block in params["blocks"]],
        "w_q": [list(block["attn"]["w_q"].shape) for block in params["blocks"]],
        "w_1": [list(block["ffn"][0]["w"].shape) for block in params["blocks"]],
    }


@check(of="init_language_model", weight=2)
def test_how_the_tables_are_drawn(impl, draw):
    """Spread of both tables; no two parts are copies of each other"""
    rng = draw.generator()
    params = impl.init_language_model(rng, 40, 30, 5, 2, 40)
    first, second = (block["attn"]["w_q"] for block in params["blocks"])
    return {
        "embed_deviation": within(params["embed"].std(), 0.2),
        "positions_deviation": within(params["positions"].std(), 0.2),
        "tables_are_one": np.array_equal(params["embed"], params["positions"]),
        "blocks_are_one": np.array_equal(first, second),
    }


@check(of="init_language_model", kind="dtype")
def test_the_dtype_of_all_parameters(impl, draw):
    """All parameters are float32 when dtype is float32"""
    params = impl.init_language_model(draw.generator(), 5, 4, 6, 1, 3, dtype=np.float32)
    nothing = np.float32(0)
    return {
        "embed": params["embed"] * nothing,
        "positions": params["positions"] * nothing,
        "ln": params["ln"],
        "w_q": params["blocks"][0]["attn"]["w_q"] * nothing,
    }


# language_model


@check(of="language_model", weight=3)
def test_logits_of_a_batch(impl, draw):
    """Logits of two blocks, for sequences shorter than the table of positions"""
    logits, _ = impl.language_model(draw.integers(0, V, B, T), model(draw), H)
    return {"logits": logits}


@check(of="language_model", weight=2)
def test_logits_without_blocks(impl, draw):
    """No block at all: embedding, positions, last norm and output"""
    logits, _ = impl.language_model(draw.integers(0, V, 2, MAX_LEN), model(draw, layers=0), 1)
    return {"logits": logits}


@check(of="language_model")
def test_logits_of_the_longest_sequence(impl, draw):
    """One block, one head, as many tokens as there are positions"""
    logits, _ = impl.language_model(draw.integers(0, V, 2, MAX_LEN), model(draw, layers=1), 1)
    return {"logits": logits}


@check(of="language_model")
def test_logits_of_one_token(impl, draw):
    """One sequence of one token"""
    logits, _ = impl.language_model(draw.integers(0, V, 1, 1), model(draw), H)
    return {"logits": logits}


@check(of="language_model", kind="property")
def test_nobody_looks_ahead(impl, draw):
    """A later token changes no earlier logits; items of a batch never meet"""
    params, tokens = model(draw), draw.integers(0, V, B, T)
    changed = tokens.copy()
    changed[1, 3] = (changed[1, 3] + 1) % V
    before, _ = impl.language_model(tokens, params, H)
    after, _ = impl.language_model(changed, params, H)
    return {"past": (after - before)[:, :3], "others": (after - before)[[0, 2]]}


@check(of="language_model", kind="dtype")
def test_float32_logits(impl, draw):
    """float32 parameters give float32 logits"""
    params = model(draw, dtype=np.float32)
    logits, _ = impl.language_model(draw.integers(0, V, B, T), params, H)
    return {"logits": logits}


@check(of="language_model", kind="error")
def test_tokens_that_do_not_fit(impl, draw):
    """A ValueError for one axis, for too many tokens, for unknown tokens"""
    params = model(draw)
    return {
        "one_axis": error_of(impl.language_model, draw.integers(0, V, T), params, H),
        "too_long": error_of(impl.language_model, draw.integers(0, V, 2, MAX_LEN + 1), params, H),
        "unknown": error_of(impl.language_model, draw.integers(V, V + 3, 2, T), params, H),
    }


# language_model_backward


@check(of="language_model_backward", weight=3)
def test_all_gradients(impl, draw):
    """Every gradient of a model with two blocks"""
    return {"grads": gradients(impl, draw, draw.integers(0, V, B, T), model(draw))}


@check(of="language_model_backward", weight=3)
def test_gradient_of_the_tied_table(impl, draw):
    """The embedding's gradient, where tokens occur several times"""
    tokens = draw.integers(0, 3, B, T)
    return {"embed": gradients(impl, draw, tokens, model(draw, layers=1))["embed"]}


@check(of="language_model_backward", weight=2)
def test_gradient_of_the_positions(impl, draw):
    """The gradient of the positions, of which some are not used"""
    tokens = draw.integers(0, V, B, 4)
    return {"positions": gradients(impl, draw, tokens, model(draw, layers=1))["positions"]}


@check(of="language_model_backward", weight=2)
def test_gradients_of_blocks_and_norm(impl, draw):
    """The gradients of the blocks, in their order, and of the last norm"""
    grads = gradients(impl, draw, draw.integers(0, V, 2, T), model(draw))
    return {"blocks": grads["blocks"], "ln": grads["ln"]}


@check(of="language_model_backward")
def test_gradients_without_blocks(impl, draw):
    """No block at all: the two tables and the last norm"""
    tokens = draw.integers(0, V, B, MAX_LEN)
    return {"grads": gradients(impl, draw, tokens, model(draw, layers=0), 1)}


@check(of="language_model_backward")
def test_gradients_of_one_token(impl, draw):
    """One sequence of one token"""
    return {"grads": gradients(impl, draw, draw.integers(0, V, 1, 1), model(draw, layers=1))}


@check(of="language_model_backward", kind="property")
def test_a_cache_serves_twice(impl, draw):
    """Calling backward again with the same cache gives the same gradients"""
    logits, cache = impl.language_model(draw.integers(0, V, 2, T), model(draw, layers=1), H)
    dy = draw.normal(*logits.shape)
    impl.language_model_backward(dy, cache)
    return {"grads": impl.language_model_backward(dy, cache)}


@check(of="language_model_backward", kind="dtype")
def test_float32_gradients(impl, draw):
    """float32 parameters give float32 gradients"""
    params = model(draw, layers=1, dtype=np.float32)
    logits, cache = impl.language_model(draw.integers(0, V, B, T), params, H)
    grads = impl.language_model_backward(draw.normal(*logits.shape, dtype=np.float32), cache)
    return {"grads": grads}


# next_token_loss


def loss_and_gradients(impl, tokens, params, **options):
    loss, grads = impl.next_token_loss(tokens, params, H, **options)
    return {"loss": loss, "grads": grads}


@check(of="next_token_loss", weight=3)
def test_loss_and_gradients(impl, draw):
    """Loss and all gradients, nothing padded"""
    return loss_and_gradients(impl, draw.integers(0, V, B, T), model(draw))


@check(of="next_token_loss", weight=2)
def test_loss_of_padded_sequences(impl, draw):
    """Sequences of 5, 2 and 4 tokens, padded with -1"""
    return loss_and_gradients(impl, padded(draw, [5, 2, 4], T), model(draw))


@check(of="next_token_loss", weight=2)
def test_loss_with_another_padding(impl, draw):
    """Padding is token 0 of the vocabulary"""
    return loss_and_gradients(impl, padded(draw, [3, 6], 6, 0), model(draw), ignore_index=0)


@check(of="next_token_loss")
def test_loss_of_two_tokens(impl, draw):
    """One sequence: one input, one target"""
    return loss_and_gradients(impl, draw.integers(0, V, 1, 2), model(draw, layers=1))


@check(of="next_token_loss")
def test_loss_of_the_longest_sequence(impl, draw):
    """One token more than there are positions: the last one is never an input"""
    return loss_and_gradients(impl, draw.integers(0, V, 2, MAX_LEN + 1), model(draw, layers=1))


@check(of="next_token_loss", kind="edge")
def test_nothing_but_padding(impl, draw):
    """One token and padding in each row: nothing is to be predicted"""
    return loss_and_gradients(impl, padded(draw, [1, 1], 4), model(draw, layers=1))


@check(of="next_token_loss", kind="dtype")
def test_float32_gradients_of_the_loss(impl, draw):
    """float32 parameters give float32 gradients, and the loss is a float"""
    params = model(draw, layers=1, dtype=np.float32)
    found = loss_and_gradients(impl, draw.integers(0, V, B, T), params)
    return found | {"loss": within(found["loss"], 1e-4)}


@check(of="next_token_loss", kind="error")
def test_nothing_to_predict(impl, draw):
    """A ValueError for a single token and for a single axis"""
    params = model(draw, layers=1)
    return {
        "one_token": error_of(impl.next_token_loss, draw.integers(0, V, 3, 1), params, H),
        "one_axis": error_of(impl.next_token_loss, draw.integers(0, V, T), params, H),
    }


# evaluate


@check(of="evaluate", weight=3)
def test_mean_over_tokens(impl, draw):
    """Five rows of unequal lengths, two in a batch"""
    data = padded(draw, [6, 5, 2, 3, 4], 6)
    return {"loss": impl.evaluate(data, model(draw), H, 2)}


@check(of="evaluate")
def test_mean_over_many_rows(impl, draw):
    """Seventy rows in batches of the usual 64, padded with token 0"""
    data = padded(draw, [4] * 60 + [2] * 10, 4, 0)
    return {"loss": impl.evaluate(data, model(draw, layers=1), H, ignore_index=0)}


@check(of="evaluate")
def test_mean_of_one_batch(impl, draw):
    """Three rows in one batch, nothing padded; and one row with one target"""
    params = model(draw)
    return {
        "loss": impl.evaluate(draw.integers(0, V, 3, 5), params, H),
        "loss_of_one": impl.evaluate(draw.integers(0, V, 1, 2), params, H),
    }


@check(of="evaluate", kind="edge", weight=0.5)
def test_nothing_counted(impl, draw):
    """Data without a single target"""
    return {"loss": impl.evaluate(padded(draw, [1, 1, 1], 4), model(draw, layers=1), H, 2)}


@check(of="evaluate", kind="property")
def test_batches_change_nothing(impl, draw):
    """The same loss whatever the size of the batches"""
    data, params = padded(draw, [5, 2, 3, 4], 5), model(draw, layers=1)
    losses = [impl.evaluate(data, params, H, batch_size=size) for size in (1, 3, 4)]
    return {"differences": np.diff(losses)}


@check(of="evaluate", kind="error", weight=0.5)
def test_data_that_do_not_fit(impl, draw):
    """A ValueError for a single axis and for a single token a row"""
    params = model(draw, layers=1)
    return {
        "one_axis": error_of(impl.evaluate, draw.integers(0, V, 9), params, H),
        "one_token": error_of(impl.evaluate, draw.integers(0, V, 9, 1), params, H),
    }


# train_step

ROUNDED = 1e-7  # Adam divides by gradients of which some are 0 but for rounding


def steps(impl, draw, count, dtype=np.float64, **options):
    """Some steps, each on another batch: parameters after the last, and every loss."""
    params, state, losses = model(draw, layers=1, dtype=dtype), None, []
    for _ in range(count):
        tokens = draw.integers(0, V, B, T)
        params, state, loss = impl.train_step(params, tokens, state, H, **options)
        losses.append(loss)
    return {"params": params, "losses": losses}


@check(of="train_step", weight=2, rtol=ROUNDED)
def test_one_step(impl, draw):
    """The first step, at the full learning rate and without clipping"""
    return steps(impl, draw, 1, lr=0.25, warmup=1, max_norm=1000.0)


@check(of="train_step", weight=3, rtol=ROUNDED)
def test_five_steps(impl, draw):
    """Five steps: up to the top of the learning rate and down again, clipped"""
    return steps(impl, draw, 5, lr=0.125, warmup=3, max_norm=0.5)


@check(of="train_step", rtol=ROUNDED)
def test_defaults_of_a_step(impl, draw):
    """Two steps with lr, warmup, max_norm and the rest left out"""
    found = steps(impl, draw, 2)
    return {name: found[name] for name in ("params", "losses")}


@check(of="train_step", rtol=ROUNDED)
def test_steps_with_weight_decay(impl, draw):
    """Three steps with weight decay"""
    return steps(impl, draw, 3, lr=0.125, warmup=2, weight_decay=0.5, max_norm=1000.0)


@check(of="train_step", rtol=ROUNDED)
def test_a_step_on_padded_sequences(impl, draw):
    """Two steps on sequences that are padded with token 0"""
    params, state = model(draw, layers=1), None
    losses = []
    for lengths in ([5, 2], [3, 4]):
        tokens = padded(draw, lengths, T, 0)
        params, state, loss = impl.train_step(
            params, tokens, state, H, lr=0.125, warmup=2, ignore_index=0
        )
        losses.append(loss)
    return {"params": params, "losses": losses}


@check(of="train_step", kind="property")
def test_the_same_step_twice(impl, draw):
    """Two steps from one and the same state give the same"""
    tokens, other = draw.integers(0, V, B, T), draw.integers(0, V, B, T)
    params, state, _ = impl.train_step(model(draw, layers=1), tokens, None, H, lr=0.125, warmup=2)
    first, _, _ = impl.train_step(params, other, state, H, lr=0.125, warmup=2)
    second, _, _ = impl.train_step(params, other, state, H, lr=0.125, warmup=2)
    return {"first": first["embed"], "second": second["embed"]}


@check(of="train_step", kind="dtype")
def test_float32_steps(impl, draw):
    """Two steps of a float32 model: it stays one"""
    params = steps(impl, draw, 2, np.float32, lr=0.001, warmup=2)["params"]
    return {"params": without_key_biases(params)}


def without_key_biases(params):
    """Their gradient is 0 but for rounding, which Adam in float32 makes a step of."""
    blocks = [
        block | {"attn": {k: a for k, a in block["attn"].items() if k != "b_k"}}
        for block in params["blocks"]
    ]
    return params | {"blocks": blocks}


# train


def one_row(draw, count=6):
    """Data whose rows are all alike, so that nobody's choice of a batch matters."""
    return np.repeat(draw.integers(0, V, 1, T), count, axis=0)


@check(of="train", weight=2, rtol=ROUNDED)
def test_four_steps(impl, draw):
    """Four steps on rows that are all alike: parameters and losses"""
    params, _, losses = impl.train(
        model(draw, layers=1), one_row(draw), draw.generator(), 4, H, 2, lr=0.125, warmup=2
    )
    return {"params": params, "losses": losses}


@check(of="train", rtol=ROUNDED)
def test_options_reach_the_steps(impl, draw):
    """Clipping, decay and padding, given by the caller"""
    data = padded(draw, [3], T, 0)
    params, _, losses = impl.train(
        model(draw, layers=1),
        data,
        draw.generator(),
        3,
        H,
        batch_size=1,
        lr=0.125,
        warmup=2,
        max_norm=0.25,
        weight_decay=0.5,
        ignore_index=0,
    )
    return {"params": params, "losses": losses}


@check(of="train", rtol=ROUNDED)
def test_defaults_of_training(impl, draw):
    """Two steps with everything left out that may be left out"""
    params, _, losses = impl.train(model(draw, layers=1), one_row(draw, 40), draw.generator(), 2, H)
    return {"params": params, "losses": losses}


@check(of="train", weight=2, rtol=ROUNDED)
def test_training_goes_on(impl, draw):
    """Two steps, then three more with the state of the first two"""
    start, data = model(draw, layers=1), one_row(draw)
    options = {"batch_size": 2, "lr": 0.125, "warmup": 3}
    params, state, first = impl.train(start, data, draw.generator(), 2, H, **options)
    params, _, more = impl.train(params, data, draw.generator(), 3, H, state=state, **options)
    return {"params": params, "first": first, "more": more}


@check(of="train", weight=2)
def test_which_rows_are_drawn(impl, draw):
    """At a learning rate of 0: which rows the batches of one row had"""
    params, data = model(draw, layers=0), draw.integers(0, V, 4, T)
    rng, other = draw.generator(), draw.generator()
    _, _, losses = impl.train(params, data, rng, 80, 1, batch_size=1, lr=0.0)
    _, _, again = impl.train(params, data, rng, 80, 1, batch_size=1, lr=0.0)
    _, _, others = impl.train(params, data, other, 80, 1, batch_size=1, lr=0.0)
    return {
        "losses_of_the_rows": np.unique(losses.round(6)),
        "the_same_rng_again": np.array_equal(losses, again),
        "the_same_with_another_rng": np.array_equal(losses, others),
        "in_one_order_for_ever": np.array_equal(losses, np.tile(losses[:4], 20)),
    }


@check(of="train")
def test_how_many_rows_are_drawn(impl, draw):
    """At a learning rate of 0: how much the loss varies over batches of 16 rows"""
    params, data = model(draw, layers=0), draw.integers(0, V, 64, T)
    _, _, losses = impl.train(params, data, draw.generator(), 64, 1, batch_size=16, lr=0.0)
    return {"mean": within(losses.mean(), 0.1), "spread_plus_mean": within(losses.std() * 8, 0.7)}


@check(of="train", kind="dtype")
def test_float32_training(impl, draw):
    """Two steps of a float32 model: it stays one"""
    params, _, losses = impl.train(
        model(draw, layers=1, dtype=np.float32), one_row(draw), draw.generator(), 2, H, 2
    )
    return {"params": without_key_biases(params), "losses": losses.astype(np.float32)}


@check(of="train", kind="error", weight=0.5)
def test_data_without_rows(impl, draw):
    """A ValueError for data of one axis, and for data without rows"""
    params, rng = model(draw, layers=1), draw.generator()
    return {
        "one_axis": error_of(impl.train, params, draw.integers(0, V, 9), rng, 1, H),
        "no_rows": error_of(impl.train, params, np.zeros((0, T), np.int64), rng, 1, H),
    }


LETTERS, LENGTH, WIDTH = 6, 5, 24


def untrained(draw):
    """A float32 model as it is before training: small weights, no biases, plain norms."""
    params = model(
        draw, 2, LETTERS + 1, WIDTH, 2 * WIDTH, 2 * LENGTH, dtype=np.float32, scale=0.1875
    )
    norms = [params["ln"], *(block[name] for block in params["blocks"] for name in ("ln1", "ln2"))]
    for norm in norms:
        norm["gamma"][:], norm["beta"][:] = 1, 0
    for block in params["blocks"]:
        for layer in (block["attn"], *block["ffn"]):
            for name in layer:
                layer[name] *= not name.startswith("b")
    return params | {"embed": params["embed"] * np.float32(0.125)}


def learned(impl, draw, answer):
    """Train on `a b c d e | answer`, and give the share of right tokens in unseen answers."""
    words = draw.integers(0, LETTERS, 1200, LENGTH)
    bar = np.full((len(words), 1), LETTERS)
    data = np.concatenate([words, bar, answer(words)], axis=1)
    params, _, _ = impl.train(
        untrained(draw), data[200:], draw.generator(), 250, 2, batch_size=24, lr=0.01, warmup=30
    )
    unseen = data[:200]
    logits, _ = impl.language_model(unseen[:, :-1], params, 2)
    right = logits[:, LENGTH:].argmax(-1) == unseen[:, LENGTH + 1 :]
    return float(right.mean())


@check(of="train", kind="learning", weight=2)
def test_learns_to_reverse(impl, draw):
    """250 steps teach the model to reverse five letters"""
    return {"right": at_least(learned(impl, draw, lambda words: words[:, ::-1]), 0.97)}


@check(of="train", kind="learning", weight=2)
def test_learns_to_sort(impl, draw):
    """250 steps teach the model to sort five letters"""
    return {"right": at_least(learned(impl, draw, lambda words: np.sort(words, axis=1)), 0.93)}


# next_token_probabilities


@check(of="next_token_probabilities", weight=2)
def test_temperatures(impl, draw):
    """Temperatures above and below 1, for a batch of sequences"""
    logits = draw.normal(2, 3, V, scale=2.0)
    found = {f"at_{t:g}": impl.next_token_probabilities(logits, t) for t in (0.5, 1.0, 3.0)}
    return {"left_out": impl.next_token_probabilities(logits), **found}


@check(of="next_token_probabilities", weight=2)
def test_greedy(impl, draw):
    """A temperature of 0: everything for the likeliest token"""
    return {"p": impl.next_token_probabilities(draw.normal(4, V), temperature=0)}


@check(of="next_token_probabilities", weight=2)
def test_top_k(impl, draw):
    """The three likeliest tokens, one, and more than there are"""
    logits = draw.normal(4, V)
    return {f"top_{k}": impl.next_token_probabilities(logits, top_k=k) for k in (3, 1, V, V + 5)}


@check(of="next_token_probabilities", weight=2)
def test_top_p(impl, draw):
    """The fewest tokens that reach 0.75, 0.25, almost nothing, and all"""
    logits = draw.normal(5, V)
    shares = {"three_quarters": 0.75, "a_quarter": 0.25, "a_trace": 1e-9, "all": 1.0}
    return {
        name: impl.next_token_probabilities(logits, top_p=share) for name, share in shares.items()
    }


@check(of="next_token_probabilities", weight=2)
def test_all_at_once(impl, draw):
    """Temperature, then top-k, then top-p"""
    logits = draw.normal(6, 9, scale=1.5)
    options = ((2.0, 5, 0.625), (0.75, 4, 0.875), (1.5, 6, 0.5))
    return {
        f"setting_{k}": impl.next_token_probabilities(logits, *option)
        for k, option in enumerate(options)
    }


@check(of="next_token_probabilities")
def test_equal_tokens(impl, draw):
    """Tokens with the same logit: exactly k stay, the lower ids first"""
    levels = np.array([0.5, 2.0, 2.0, 2.0, -1.0, 2.0])
    logits = levels + draw.normal(3, 1)
    many = np.tile(levels, 9)[draw.permutation(54)]  # long lists are sorted in another way
    return {
        "top_2": impl.next_token_probabilities(logits, top_k=2),
        "of_many": [impl.next_token_probabilities(many, top_k=k) for k in (5, 20, 30)],
        "half": impl.next_token_probabilities(logits, top_p=0.375),
        "greedy": impl.next_token_probabilities(logits, 0.0),
    }


@check(of="next_token_probabilities")
def test_huge_logits(impl, draw):
    """Logits around 1000, and a temperature of 0.01"""
    logits = draw.normal(3, V, scale=500.0)
    return {
        "at_1": impl.next_token_probabilities(logits, top_k=4),
        "at_0.01": impl.next_token_probabilities(logits / 500, 0.01, top_p=0.9375),
    }


@check(of="next_token_probabilities", weight=0.5)
def test_one_vector_of_logits(impl, draw):
    """A single vector of logits, without a batch"""
    return {"p": impl.next_token_probabilities(draw.normal(V), 2.0, 4, 0.75)}


@check(of="next_token_probabilities", kind="dtype", weight=0.5)
def test_float32_probabilities(impl, draw):
    """float32 logits give float32 probabilities"""
    logits = draw.normal(3, V, dtype=np.float32)
    return {
        "plain": impl.next_token_probabilities(logits, 0.5),
        "filtered": impl.next_token_probabilities(logits, 2.0, 5, 0.75),
    }


@check(of="next_token_probabilities", kind="error", weight=0.5)
def test_options_out_of_range(impl, draw):
    """A ValueError for temperature -1, top_k 0, top_p 0 and 1.5"""
    logits = draw.normal(2, V)
    wrong = {"temperature": -1.0, "top_k": 0, "top_p": 0.0}
    found = {
        name: error_of(impl.next_token_probabilities, logits, **{name: value})
        for name, value in wrong.items()
    }
    return found | {"above_1": error_of(impl.next_token_probabilities, logits, top_p=1.5)}


# sample_tokens


@check(of="sample_tokens", weight=2)
def test_how_often_each_token_is_drawn(impl, draw):
    """The shares of tokens of probability 0.1, 0.4, 0, 0.2 and 0.3 in 8000 draws"""
    shares = np.array([0.1, 0.4, 0.0, 0.2, 0.3])[draw.permutation(5)]
    tokens = impl.sample_tokens(np.tile(shares, (8000, 1)), draw.generator())
    counts = np.bincount(tokens, minlength=5) / len(tokens)
    return {
        "shares": [within(counts[k], 0.3) for k in np.flatnonzero(shares)],
        "share_of_the_impossible": float(counts[shares == 0][0]),
    }


@check(of="sample_tokens", weight=2)
def test_certain_tokens(impl, draw):
    """Rows with one possible token only, (batch, time, vocabulary)"""
    wanted = draw.integers(0, V, 2, 3)
    return {"tokens": impl.sample_tokens(np.eye(V)[wanted], draw.generator())}


@check(of="sample_tokens")
def test_rows_are_drawn_one_by_one(impl, draw):
    """Rows fall differently, and so does another generator"""
    rows = np.full((60, 4), 0.25)
    first = impl.sample_tokens(rows, draw.generator())
    second = impl.sample_tokens(rows, draw.generator())
    return {
        "shape": list(first.shape),
        "tokens_seen": np.unique(first),
        "the_same_with_another_rng": np.array_equal(first, second),
    }


@check(of="sample_tokens", kind="property", weight=0.5)
def test_rows_that_are_rounded(impl, draw):
    """float32 rows, whose sum is not quite 1: always a token of the vocabulary"""
    rows = np.tile(np.full(3, 1 / 3, np.float32), (5000, 1))
    tokens = impl.sample_tokens(rows, draw.generator())
    return {"lowest": int(tokens.min()), "highest": int(tokens.max())}


# cached_language_model


def in_pieces(impl, tokens, params, sizes, num_heads=H):
    """The logits of every piece of the sequences, each after those before it."""
    cache, found, start = None, {}, 0
    for k, size in enumerate(sizes):
        piece = tokens[:, start : start + size]
        found[f"piece_{k}"], cache = impl.cached_language_model(piece, params, num_heads, cache)
        start += size
    return found


@check(of="cached_language_model", weight=2)
def test_all_at_the_start(impl, draw):
    """A whole sequence in one call"""
    return in_pieces(impl, draw.integers(0, V, B, T), model(draw), [T])


@check(of="cached_language_model", weight=3)
def test_token_by_token(impl, draw):
    """Six tokens, one at a time"""
    return in_pieces(impl, draw.integers(0, V, B, MAX_LEN), model(draw), [1] * 6)


@check(of="cached_language_model", weight=2)
def test_in_pieces(impl, draw):
    """Three tokens, then one, then two"""
    return in_pieces(impl, draw.integers(0, V, 2, MAX_LEN), model(draw), [3, 1, 2])


@check(of="cached_language_model")
def test_without_blocks(impl, draw):
    """No block at all: what the cache has to know even then"""
    return in_pieces(impl, draw.integers(0, V, 2, 4), model(draw, layers=0), [1, 2, 1], 1)


@check(of="cached_language_model", kind="property")
def test_a_cache_remembers_its_own_past(impl, draw):
    """Two sequences with a cache each, a step of one after a step of the other"""
    params, tokens = model(draw), draw.integers(0, V, 2, 1, 4)
    _, first = impl.cached_language_model(tokens[0, :, :3], params, H)
    _, second = impl.cached_language_model(tokens[1, :, :2], params, H)
    after_first, _ = impl.cached_language_model(tokens[0, :, 3:], params, H, first)
    after_second, _ = impl.cached_language_model(tokens[1, :, 2:], params, H, second)
    return {"first": after_first, "second": after_second}


@check(of="cached_language_model", kind="dtype", weight=0.5)
def test_float32_with_a_cache(impl, draw):
    """float32 parameters give float32 logits, with a past too"""
    params = model(draw, dtype=np.float32)
    return in_pieces(impl, draw.integers(0, V, 2, T), params, [3, 2])


@check(of="cached_language_model", kind="error", weight=0.5)
def test_more_than_there_are_positions(impl, draw):
    """A ValueError for one axis, and for a token too many, at once or later"""
    params, tokens = model(draw), draw.integers(0, V, 2, MAX_LEN + 1)
    _, cache = impl.cached_language_model(tokens[:, :-2], params, H)
    return {
        "one_axis": error_of(impl.cached_language_model, tokens[0, :3], params, H),
        "at_once": error_of(impl.cached_language_model, tokens, params, H),
        "later": error_of(impl.cached_language_model, tokens[:, -2:], params, H, cache),
    }


# generate


def lively(draw, max_len=12):
    """A model whose texts are no repetitions of one token: positions and last norm see to it."""
    params = model(draw, vocab_size=13, d_model=8, scale=0.25, max_len=max_len)
    ln = {"gamma": np.ones(8), "beta": np.zeros(8)}
    return params | {"positions": 8 * params["positions"], "ln": ln}


@check(of="generate", weight=3)
def test_greedy_continuations(impl, draw):
    """A temperature of 0: three sequences, continued up to the last position"""
    params, tokens = lively(draw), draw.integers(0, 13, B, 3)
    return {"tokens": impl.generate(tokens, params, H, 9, draw.generator(), temperature=0)}


@check(of="generate", weight=2)
def test_one_candidate_only(impl, draw):
    """top_k of 1, and a tiny top_p: no choice is left"""
    params, tokens = lively(draw), draw.integers(0, 13, 2, 4)
    rng = draw.generator()
    return {
        "top_k": impl.generate(tokens, params, H, 7, rng, temperature=4.0, top_k=1),
        "top_p": impl.generate(tokens, params, H, 7, rng, temperature=4.0, top_p=0.05),
    }


@check(of="generate", weight=2)
def test_how_often_tokens_come(impl, draw):
    """The shares of the next two tokens in 2000 continuations of one text"""
    params = model(draw, layers=1, vocab_size=3, scale=0.25)
    # Whatever the text, the logits of this one are 1.5, 0 and -1.5, in some order.
    known = model(draw, layers=0, vocab_size=3) | {
        "embed": np.eye(3, D)[draw.permutation(3)],
        "ln": {"gamma": np.zeros(D), "beta": np.array([1.5, 0.0, -1.5, 0.0])},
    }
    tokens = np.repeat(draw.integers(0, 3, 1, 3), 2000, axis=0)

    def shares(params, **options):
        longer = impl.generate(tokens, params, H, 2, draw.generator(), **options)
        counts = [np.bincount(longer[:, k], minlength=3) / 2000 for k in (3, 4)]
        return [within(0.25 + count, 0.16) for count in counts]

    return {"at_2": shares(params, temperature=2.0), "left_out": shares(known)}


@check(of="generate", kind="property")
def test_every_row_has_its_own_fate(impl, draw):
    """Equal texts are continued differently, by another generator too"""
    params = model(draw, layers=1, scale=0.125, max_len=12)
    tokens = np.repeat(draw.integers(0, V, 1, 2), 2, axis=0)
    one = impl.generate(tokens, params, H, 10, draw.generator(), temperature=4.0)
    other = impl.generate(tokens, params, H, 10, draw.generator(), temperature=4.0)
    return {
        "rows_are_equal": np.array_equal(one[0], one[1]),
        "the_same_with_another_rng": np.array_equal(one, other),
    }


@check(of="generate", kind="edge", weight=0.5)
def test_no_step(impl, draw):
    """No steps: the text as it was"""
    tokens = draw.integers(0, V, 2, 3)
    return {"tokens": impl.generate(tokens, model(draw), H, 0, draw.generator())}


@check(of="generate", kind="error", weight=0.5)
def test_too_long_a_text(impl, draw):
    """A ValueError for one axis, and for more tokens than there are positions"""
    params, rng = model(draw), draw.generator()
    return {
        "one_axis": error_of(impl.generate, draw.integers(0, V, 3), params, H, 2, rng),
        "too_long": error_of(impl.generate, draw.integers(0, V, 2, 3), params, H, 4, rng),
    }


# Cost: a model so large that gradients computed by differences take far too long


@check(of="language_model_backward", kind="cost")
def test_gradients_of_a_larger_model(impl, draw):
    """The work that the gradients of a model of 12 features take"""
    params = model(draw, vocab_size=20, d_model=12, d_ff=16, max_len=8)
    return {"grads": gradients(impl, draw, draw.integers(0, 20, 1, 3), params, 3)}


@check(of="next_token_loss", kind="cost")
def test_loss_gradients_of_a_larger_model(impl, draw):
    """The work that the loss of a model of 12 features and its gradients take"""
    params = model(draw, vocab_size=20, d_model=12, d_ff=16, max_len=8)
    loss, grads = impl.next_token_loss(draw.integers(0, 20, 1, 4), params, 3)
    return {"loss": loss, "grads": grads}
