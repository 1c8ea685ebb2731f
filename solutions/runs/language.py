"""Train the language model of assignment 08 on the handouts."""

from dataclasses import dataclass, field

import numpy as np

from runs import corpus
from transformer.generation import generate
from transformer.language_model import init_language_model
from transformer.training import evaluate, train

D_MODEL, D_FF, HEADS, LAYERS, LENGTH, BATCH = 64, 256, 4, 2, 64, 32
LR, WARMUP, CHUNK = 3e-3, 100, 20
PROMPT = "The gradient "


@dataclass
class Run:
    """What a training run left behind."""

    params: dict
    alphabet: list
    bigram: float
    losses: list = field(default_factory=list)
    tested: list = field(default_factory=list)  # (step, held-out loss)


def train_on_handouts(steps, report, sample, seed=0):
    """Train for a number of steps.

    report(done, loss, tokens) is called after every chunk of steps, sample(text) at five points.
    ->   a Run; its last held-out loss is to be compared with its bigram loss
    """
    text = corpus.read_text()
    alphabet = corpus.make_alphabet(text)
    tokens = corpus.encode(text, alphabet)
    training, held_out = corpus.split(tokens, LENGTH + 1)
    bigram = corpus.bigram_loss(tokens, held_out, len(alphabet))
    rng = np.random.default_rng(seed)
    params = init_language_model(
        rng, len(alphabet), D_MODEL, D_FF, LAYERS, LENGTH, dtype=np.float32
    )
    run, state, done = Run(params, alphabet, bigram), None, 0
    marks = {round(steps * k / 5) for k in range(1, 6)}
    while done < steps:
        count = min([CHUNK, *(mark - done for mark in marks if mark > done)])
        run.params, state, losses = train(
            run.params, training, rng, count, HEADS, BATCH, LR, WARMUP, state=state
        )
        done += count
        run.losses += losses.tolist()
        report(done, float(losses.mean()), count * BATCH * LENGTH)
        if done in marks:
            run.tested.append((done, evaluate(held_out, run.params, HEADS)))
            sample(write(run, rng))
    return run


def write(run, rng):
    """Some text by the model, after a prompt: as much as it has positions for."""
    prompt = corpus.encode(PROMPT, run.alphabet)[None]
    count = LENGTH - len(PROMPT)
    tokens = generate(prompt, run.params, HEADS, count, rng, temperature=0.7)
    return corpus.decode(np.ravel(tokens), run.alphabet)
