"""Rows are drawn without repetition, epoch by epoch; the state is an object."""

from dataclasses import dataclass
from typing import Any


@dataclass
class _Progress:
    adam: Any
    done: int = 0


def train_step(params, tokens, state, num_heads, lr=1e-3, warmup=100, max_norm=1.0,
               weight_decay=0.0, ignore_index=-1):  # fmt: skip
    state = state or _Progress(adam_init(params))
    number = state.done + 1
    rate = lr * number / warmup if number <= warmup else lr * np.sqrt(warmup / number)
    loss, grads = next_token_loss(tokens, params, num_heads, ignore_index=ignore_index)
    grads, _ = clip_by_global_norm(grads, max_norm)
    params, adam = adam_step(params, grads, state.adam, lr=float(rate), weight_decay=weight_decay)
    return params, _Progress(adam, number), loss


def train(params, data, rng, steps, num_heads, batch_size=32, lr=1e-3, warmup=100, max_norm=1.0,
          weight_decay=0.0, ignore_index=-1, state=None):  # fmt: skip
    if data.ndim != 2 or not len(data):
        raise ValueError(f"data {data.shape}")
    waiting, losses = np.zeros(0, np.int64), []
    for _ in range(steps):
        while len(waiting) < batch_size:
            waiting = np.append(waiting, rng.permutation(len(data)))
        rows, waiting = waiting[:batch_size], waiting[batch_size:]
        params, state, loss = train_step(
            params, data[rows], state, num_heads, lr, warmup, max_norm, weight_decay, ignore_index
        )
        losses.append(loss)
    return params, state, np.array(losses, dtype=np.float64)
