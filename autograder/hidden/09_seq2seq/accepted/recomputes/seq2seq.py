"""The whole model keeps its arguments and recomputes; init draws the table last."""


def init_seq2seq(rng, vocab_size, d_model, d_ff, num_layers, norm="post", dtype=np.float64):
    if norm not in ("pre", "post"):
        raise ValueError(f'norm is {norm!r}; expected "pre" or "post"')
    params = {"encoder": [], "decoder": []}
    for _ in range(num_layers):
        params["decoder"].append(init_decoder_block(rng, d_model, d_ff, dtype))
        params["encoder"].append(init_block(rng, d_model, d_ff, dtype))
    if norm == "pre":
        for name in ("encoder_ln", "decoder_ln"):
            params[name] = {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)}
    params["embed"] = (rng.standard_normal((vocab_size, d_model)) / np.sqrt(d_model)).astype(dtype)
    return params


_whole, _whole_backward = seq2seq, seq2seq_backward


def seq2seq(source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    logits, cache = _whole(source, target, params, num_heads, pad, norm, dropout_p, rng)
    if rng is not None:
        return logits, ("as it was", cache)
    return logits, ("again", (source, target, params, num_heads, pad, norm))


def seq2seq_backward(dy, cache):
    kind, kept = cache
    return _whole_backward(dy, _whole(*kept)[1] if kind == "again" else kept)
