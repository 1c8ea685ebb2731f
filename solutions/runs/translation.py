"""Train the encoder-decoder of assignment 09: numbers and dates in words to figures."""

from dataclasses import dataclass, field

import numpy as np

from transformer.adam import adam_init, adam_step, clip_by_global_norm
from transformer.pairs import VOCABULARY, draw_dates, draw_numbers, pack_pairs, unpack
from transformer.seq2seq import greedy_decode, init_seq2seq, seq2seq_loss

D_MODEL, D_FF, HEADS, LAYERS, BATCH = 64, 128, 4, 2, 64
LR, WARMUP, CHUNK, PAIRS, TESTED = 2e-3, 100, 20, 8000, 200


@dataclass
class Run:
    """What a training run left behind."""

    params: dict
    tests: tuple
    losses: list = field(default_factory=list)
    tested: list = field(default_factory=list)  # (step, share of exact answers)


def train_on_pairs(steps, report, sample, seed=0):
    """Train for a number of steps; report and sample as in train_on_handouts."""
    rng = np.random.default_rng(seed)
    pairs = draw_numbers(rng, PAIRS // 2, 99_999) + draw_dates(rng, PAIRS // 2)
    rng.shuffle(pairs)
    source, target = pack_pairs(pairs)
    params = init_seq2seq(rng, len(VOCABULARY), D_MODEL, D_FF, LAYERS, "pre", dtype=np.float32)
    run = Run(params, (source[:TESTED], target[:TESTED]))
    state = adam_init(params)
    marks = {round(steps * k / 5) for k in range(1, 6)}
    for done in range(1, steps + 1):
        rows = rng.integers(TESTED, len(source), size=BATCH)
        loss, grads = seq2seq_loss(source[rows], target[rows], run.params, HEADS, norm="pre")
        grads, _ = clip_by_global_norm(grads, 1.0)
        rate = LR * min(done / WARMUP, 1 - 0.9 * done / steps)
        run.params, state = adam_step(run.params, grads, state, lr=rate)
        run.losses.append(loss)
        if done % CHUNK == 0 or done == steps:
            report(done, float(np.mean(run.losses[-CHUNK:])), CHUNK * target[rows].size)
        if done in marks:
            run.tested.append((done, share_right(run)))
            sample(example(run, len(run.tested)))
    return run


def share_right(run):
    """The share of tested pairs whose every character is right."""
    source, target = run.tests
    answers = greedy_decode(source, run.params, HEADS, target.shape[1] - 1, norm="pre")
    right = [unpack(a) == unpack(t) for a, t in zip(answers, target, strict=True)]
    return float(np.mean(right))


def example(run, which):
    """One tested pair with the model's answer."""
    source, target = run.tests[0][which : which + 1], run.tests[1]
    answer = greedy_decode(source, run.params, HEADS, target.shape[1] - 1, norm="pre")
    return f"{' '.join(unpack(source[0]))}  ->  {''.join(unpack(answer[0]))}"
