"""Training: one step, many steps, and the loss on text that was not trained on.

Nothing here is changed in place: a step takes parameters and a state and returns new ones. So a run
that is cut in two is the same run, as long as the state goes along (see checkpoint.py).
"""

import numpy as np

from transformer.adam import adam_init, adam_step, clip_by_global_norm, warmup_lr
from transformer.language_model import language_model, next_token_loss
from transformer.losses import cross_entropy


def train_step(
    params,
    tokens,
    state,
    num_heads,
    lr=1e-3,
    warmup=100,
    max_norm=1.0,
    weight_decay=0.0,
    ignore_index=-1,
):
    """One step of training: loss, gradients, clipping by the global norm, Adam.

    The learning rate has the course of warmup_lr, scaled so that its top, at step `warmup`, is lr.
    Steps are counted from 1. Adam's betas and eps are its defaults.

    tokens: (B, T), the batch   state: what the last step returned, None before the first
    ->   params, state, loss: new parameters and state, and the loss before this step
    """
    raise NotImplementedError("train_step is not written yet: see handout section 8.7")


def train(
    params,
    data,
    rng,
    steps,
    num_heads,
    batch_size=32,
    lr=1e-3,
    warmup=100,
    max_norm=1.0,
    weight_decay=0.0,
    ignore_index=-1,
    state=None,
):
    """Many steps, each on a batch of sequences that rng picks from all of data, evenly.

    data: (N, T) tokens, a sequence a row   rng: a numpy.random.Generator   state: as in train_step
    ->   params, state, losses: (steps,), the loss of every batch before its step

    Raises ValueError for data that is not (N, T) with at least one row.
    """
    if data.ndim != 2 or len(data) == 0:
        raise ValueError(f"data has shape {data.shape}; expected (rows, time), a row at least")
    raise NotImplementedError("train is not written yet: see handout section 8.8")


def evaluate(data, params, num_heads, batch_size=64, ignore_index=-1):
    """The mean loss of all counted tokens of data, in batches, without a gradient.

    data: (N, T) tokens   ->   a float: the mean over tokens, whatever the batches' sizes; 0.0 if no
    token is counted

    Raises ValueError for data that is not (N, T) with T >= 2.
    """
    if data.ndim != 2 or data.shape[1] < 2:
        raise ValueError(f"data has shape {data.shape}; expected (rows, time), time 2 or more")
    raise NotImplementedError("evaluate is not written yet: see handout section 8.6")
