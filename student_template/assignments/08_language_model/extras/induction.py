"""Lab, not graded: a sequence and the same again, with two layers and with one.

A row is fifteen different tokens in random order, and then the same fifteen once more:
    7 3 19 0 11 … | 7 3 19 0 11 …
The first half can't be predicted, the second half can. Olsson et al. (2022) describe how two layers
do it: a head of the first writes each token's predecessor into its place, and a head of the second
looks for the place whose predecessor is its own token. They call the pair an induction head. A
single layer has no such way.

Before you run it: what does the accuracy of each depth look like over 150 steps? A straight rise, a
curve that flattens, a jump? And what will the trained model do with sequences that are repeated
after 13 tokens? An induction head would not mind. A model that counts places would.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "solutions" if (ROOT / "solutions").is_dir() else ROOT))

from transformer.language_model import init_language_model, language_model  # noqa: E402
from transformer.training import train  # noqa: E402

VOCAB, PERIOD, LENGTH, HEADS = 24, 15, 30, 4


def sequences(rng, count, period=PERIOD):
    """(count, 30) tokens: different ones in random order, repeated after `period`."""
    tokens = np.tile(np.arange(VOCAB), (count, 1))
    order = rng.permuted(tokens, axis=1)[:, :period]
    return order[:, np.arange(LENGTH) % period]


def accuracy(params, tokens, period=PERIOD):
    """The share of right tokens in the repetition, from its second token on."""
    logits, _ = language_model(tokens[:, :-1], params, HEADS)
    return (logits.argmax(-1) == tokens[:, 1:])[:, period : 2 * period - 1].mean()


def learn(num_layers, seed=0, steps=150, every=10):
    """Train, and measure every few steps: parameters, steps, accuracies."""
    rng = np.random.default_rng(seed)
    data, unseen = sequences(rng, 20000), sequences(rng, 256)
    params = init_language_model(rng, VOCAB, 64, 128, num_layers, LENGTH, np.float32)
    state, measured = None, [accuracy(params, unseen)]
    for _ in range(steps // every):
        params, state, _ = train(
            params, data, rng, every, HEADS, batch_size=64, lr=0.02, warmup=30, state=state
        )
        measured.append(accuracy(params, unseen))
    return params, np.arange(0, steps + 1, every), np.array(measured)


if __name__ == "__main__":
    models = {layers: learn(layers) for layers in (1, 2)}
    curves = {layers: model[1:] for layers, model in models.items()}
    print("step   one layer   two layers")
    for step, one, two in zip(curves[1][0], curves[1][1], curves[2][1], strict=True):
        print(f"{step:4}   {one:9.2f}   {two:10.2f}  {'#' * round(40 * two)}")
    shorter = sequences(np.random.default_rng(1), 256, 13)
    share = accuracy(models[2][0], shorter, 13)
    print(f"two layers, sequences repeated after 13 tokens: {share:.2f}")
