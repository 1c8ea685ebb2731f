"""Public checks of assignment 08, the ones that `python check.py 08` runs on your machine.

A check computes outputs with your functions; what they are compared with was recorded from the
reference solution. The hidden checks ask for the same things with other inputs, and for a few more;
two of them train your model to reverse and to sort five letters.
"""

import numpy as np

from autograder.checker import at_least, check, error_of, within

V, D, MAX_LEN = 5, 6, 8


def random_model(draw, layers=1, dtype=np.float64):
    def normal(*shape):
        return draw.normal(*shape, scale=0.5, dtype=dtype)

    def block():
        attn = {f"w_{name}": normal(D, D) for name in "qkvo"}
        attn |= {f"b_{name}": normal(D) for name in "qkvo"}
        ffn = [{"w": normal(D, 3), "b": normal(3)}, {"w": normal(3, D), "b": normal(D)}]
        norms = {name: {"gamma": normal(D), "beta": normal(D)} for name in ("ln1", "ln2")}
        return {"attn": attn, "ffn": ffn, **norms}

    return {
        "embed": normal(V, D),
        "positions": normal(MAX_LEN, D),
        "blocks": [block() for _ in range(layers)],
        "ln": {"gamma": normal(D), "beta": normal(D)},
    }


@check(of="init_language_model")
def test_parts_of_a_new_model(impl, draw):
    """Parts, shapes and spread of a new model"""
    params = impl.init_language_model(draw.generator(), 50, 20, 12, 3, 30)
    return {
        "keys": sorted(params),
        "embed": list(params["embed"].shape),
        "positions": list(params["positions"].shape),
        "embed_deviation": within(params["embed"].std(), 0.2),
        "positions_deviation": within(params["positions"].std(), 0.2),
        "blocks": len(params["blocks"]),
        "ln": params["ln"],
    }


@check(of="language_model")
def test_logits(impl, draw):
    """Logits of two sequences of four tokens"""
    logits, _ = impl.language_model(draw.integers(0, V, 2, 4), random_model(draw), 2)
    return {"logits": logits}


@check(of="language_model", kind="error")
def test_a_sequence_too_long(impl, draw):
    """A ValueError for more tokens than there are positions"""
    tokens = draw.integers(0, V, 2, MAX_LEN + 1)
    return {"error": error_of(impl.language_model, tokens, random_model(draw), 2)}


@check(of="language_model_backward")
def test_gradients_of_the_tables(impl, draw):
    """The gradients of embedding and positions, with tokens that repeat"""
    tokens = np.array([[1, 1, 2, 0], [2, 1, 1, 1], [0, 2, 2, 1]])
    logits, cache = impl.language_model(tokens, random_model(draw), 2)
    grads = impl.language_model_backward(draw.normal(*logits.shape), cache)
    return {"embed": grads["embed"], "positions": grads["positions"]}


@check(of="language_model_backward")
def test_gradients_of_the_rest(impl, draw):
    """The gradients of two blocks and of the last norm"""
    logits, cache = impl.language_model(draw.integers(0, V, 2, 3), random_model(draw, 2), 3)
    grads = impl.language_model_backward(draw.normal(*logits.shape), cache)
    return {"blocks": grads["blocks"], "ln": grads["ln"]}


@check(of="next_token_loss")
def test_loss(impl, draw):
    """The loss and the embedding's gradient; two rows are padded with -1"""
    tokens = np.array([[3, 1, 4, 1, 2], [2, 0, 3, -1, -1], [1, 4, -1, -1, -1]])
    loss, grads = impl.next_token_loss(tokens, random_model(draw), 2)
    return {"loss": loss, "embed": grads["embed"]}


@check(of="evaluate")
def test_loss_of_unseen_data(impl, draw):
    """Three padded rows, two in a batch"""
    data = np.array([[3, 1, 4, 1, 2], [2, 0, 3, -1, -1], [1, 4, -1, -1, -1]])
    return {"loss": impl.evaluate(data, random_model(draw), 2, batch_size=2)}


@check(of="train_step")
def test_three_steps(impl, draw):
    """Three steps with two steps of warm-up: the losses, and one table"""
    params, state, losses = random_model(draw), None, []
    for _ in range(3):
        tokens = draw.integers(0, V, 2, 5)
        params, state, loss = impl.train_step(params, tokens, state, 2, lr=0.25, warmup=2)
        losses.append(loss)
    return {"losses": losses, "embed": params["embed"]}


@check(of="train")
def test_a_training_in_two_parts(impl, draw):
    """Two steps and two more on rows that are all alike: the losses"""
    data, params = np.repeat(draw.integers(0, V, 1, 5), 6, axis=0), random_model(draw)
    options = {"batch_size": 3, "lr": 0.125, "warmup": 2}
    params, state, first = impl.train(params, data, draw.generator(), 2, 2, **options)
    _, _, more = impl.train(params, data, draw.generator(), 2, 2, state=state, **options)
    return {"first": first, "more": more}


@check(of="train", kind="learning")
def test_learns_to_count(impl, draw):
    """150 steps teach the model to count on: 3 4 0 1 2 3 …"""
    data = (draw.integers(0, V, 100, 1) + np.arange(MAX_LEN)) % V
    params = random_model(draw, dtype=np.float32)
    params, _, _ = impl.train(params, data, draw.generator(), 150, 2, 16, lr=0.01, warmup=20)
    logits, _ = impl.language_model(data[:V], params, 2)
    return {"right": at_least(float((logits.argmax(-1) == (data[:V] + 1) % V).mean()), 0.9)}


@check(of="next_token_probabilities")
def test_probabilities(impl, draw):
    """Temperature, top-k and top-p, one by one and together"""
    logits = draw.normal(3, 7)
    return {
        "temperature": impl.next_token_probabilities(logits, 2.0),
        "greedy": impl.next_token_probabilities(logits, 0),
        "top_k": impl.next_token_probabilities(logits, top_k=3),
        "top_p": impl.next_token_probabilities(logits, top_p=0.625),
        "together": impl.next_token_probabilities(logits, 2.0, 4, 0.75),
    }


@check(of="sample_tokens")
def test_shares_of_drawn_tokens(impl, draw):
    """How often tokens of probability 0.25, 0.5 and 0.25 are drawn"""
    tokens = impl.sample_tokens(np.tile([0.25, 0.5, 0.25], (4000, 1)), draw.generator())
    return {"shares": [within(float((tokens == k).mean()), 0.25) for k in range(3)]}


@check(of="cached_language_model")
def test_two_tokens_then_one_then_two(impl, draw):
    """Five tokens in three pieces"""
    params, tokens = random_model(draw, 2), draw.integers(0, V, 2, 5)
    found, cache = {}, None
    for name, piece in (("first", slice(0, 2)), ("then", slice(2, 3)), ("last", slice(3, 5))):
        found[name], cache = impl.cached_language_model(tokens[:, piece], params, 2, cache)
    return found


@check(of="generate")
def test_greedy_text(impl, draw):
    """Four tokens more at a temperature of 0"""
    params, tokens = random_model(draw), draw.integers(0, V, 3, 4)
    return {"tokens": impl.generate(tokens, params, 2, 4, draw.generator(), temperature=0)}
