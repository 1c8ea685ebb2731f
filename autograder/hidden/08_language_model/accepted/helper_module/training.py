"""The schedule and the sums of losses live in a module of the student's own."""

from transformer.bookkeeping import Sums, learning_rate


def train_step(params, tokens, state, num_heads, lr=1e-3, warmup=100, max_norm=1.0,
               weight_decay=0.0, ignore_index=-1):  # fmt: skip
    step, adam = state if state is not None else (1, adam_init(params))
    loss, grads = next_token_loss(tokens, params, num_heads, ignore_index)
    clipped, _ = clip_by_global_norm(grads, max_norm)
    rate = learning_rate(step, lr, warmup)
    params, adam = adam_step(params, clipped, adam, rate, weight_decay=weight_decay)
    return params, (step + 1, adam), loss


def evaluate(data, params, num_heads, batch_size=64, ignore_index=-1):
    if data.ndim != 2 or data.shape[1] < 2:
        raise ValueError(f"data {data.shape}")
    sums = Sums()
    for start in range(0, len(data), batch_size):
        rows = data[start : start + batch_size]
        loss, _ = next_token_loss(rows, params, num_heads, ignore_index)
        sums.add(loss, np.count_nonzero(rows[:, 1:] != ignore_index))
    return sums.mean()
