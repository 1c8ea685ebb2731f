"""Lab, not graded: three-digit addition, forwards and backwards. Run it: python addition.py

A row is twelve characters, such as 123+456=0579. The model is trained on rows that are drawn at
random from the million there are, and asked for sums that it has not seen. Twice: once with the sum
as we write it, and once with its digits in reverse, 123+456=9750.

Before you run it: which digit of the sum is the hardest in each case? Which way is learned first?
(Forwards, the first digit needs every carry at once, but a carry that comes from far is rare.
Backwards, each digit needs two digits and one carry.)
"""

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "solutions" if (ROOT / "solutions").is_dir() else ROOT))

from transformer.language_model import init_language_model, language_model  # noqa: E402
from transformer.training import train  # noqa: E402

CHARACTERS = "0123456789+="
HEADS, STEPS, EVERY = 4, 1500, 250


def rows(rng, count, backwards):
    """(count, 12) tokens: three digits, +, three digits, =, four digits."""
    a, b = rng.integers(0, 1000, (2, count))

    def digits(number, length):
        return number[:, None] // 10 ** np.arange(length)[::-1] % 10

    total = digits(a + b, 4)
    plus, equals = (np.full((count, 1), CHARACTERS.index(sign)) for sign in "+=")
    answer = total[:, ::-1] if backwards else total
    return np.concatenate([digits(a, 3), plus, digits(b, 3), equals, answer], axis=1)


def right_digits(params, tokens):
    """For each digit of the sum, in the order of the row: the share of right ones."""
    logits, _ = language_model(tokens[:, :-1], params, HEADS)
    return (logits.argmax(-1) == tokens[:, 1:])[:, -4:].mean(0)


def learn(backwards, seed=0):
    rng = np.random.default_rng(seed)
    data, unseen = rows(rng, 50000, backwards), rows(rng, 500, backwards)
    params = init_language_model(rng, len(CHARACTERS), 64, 128, 2, 12, np.float32)
    state, started = None, time.process_time()
    for step in range(EVERY, STEPS + 1, EVERY):
        params, state, losses = train(
            params, data, rng, EVERY, HEADS, batch_size=64, lr=0.006, warmup=100, state=state
        )
        shares = "  ".join(f"{share:.2f}" for share in right_digits(params, unseen))
        seconds = time.process_time() - started
        print(f"{step:5} steps  loss {losses[-20:].mean():.3f}  digits {shares}  {seconds:.0f} s")


if __name__ == "__main__":
    for backwards in (False, True):
        print("the sum backwards" if backwards else "the sum as we write it")
        learn(backwards)
