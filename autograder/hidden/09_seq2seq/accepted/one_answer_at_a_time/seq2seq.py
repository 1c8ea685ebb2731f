"""The loss written out by hand, and every source answered alone, in a list that grows."""


def seq2seq_loss(
    source,
    target,
    params,
    num_heads,
    pad=0,
    label_smoothing=0.1,
    norm="post",
    dropout_p=0.0,
    rng=None,
):
    if target.ndim != 2 or target.shape[1] < 2:
        raise ValueError(f"target has shape {target.shape}; expected (batch, time), time 2 or more")
    logits, cache = seq2seq(source, target[:, :-1], params, num_heads, pad, norm, dropout_p, rng)
    wanted = target[:, 1:]
    counted = wanted != pad
    count = max(int(counted.sum()), 1)
    shifted = logits - logits.max(-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    loss, dlogits = 0.0, np.zeros_like(logits)
    for b, t in zip(*np.nonzero(counted), strict=True):
        likely = log_p[b, t, wanted[b, t]]
        loss -= (1 - label_smoothing) * likely + label_smoothing * log_p[b, t].mean()
        dlogits[b, t] = np.exp(log_p[b, t]) - label_smoothing / logits.shape[-1]
        dlogits[b, t, wanted[b, t]] -= 1 - label_smoothing
    return float(loss / count), seq2seq_backward(dlogits / count, cache)


def greedy_decode(source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"):
    rows = []
    for row in source:
        words = row[row != pad][None]
        words = words if words.size else row[None]
        written = [start]
        while len(written) <= max_len and end not in written[1:]:
            logits, _ = seq2seq(words, np.array([written]), params, num_heads, pad, norm)
            written.append(int(np.argmax(logits[0, -1])))
        rows.append(written[1:] + [pad] * (max_len + 1 - len(written)))
    return np.array(rows)
