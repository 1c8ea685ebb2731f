"""Embeddings as products with one-hot rows, masks by padding_mask, caches as dicts."""

from transformer.attention import padding_mask


def _one_hot(tokens, params):
    _, _ = embed(tokens, params["embed"])  # its guards
    return np.eye(len(params["embed"]), dtype=params["embed"].dtype)[tokens]


def _with_positions(one_hot, table, dropout_p, rng):
    d_model = table.shape[1]
    positions = sinusoidal_positions(one_hot.shape[1], d_model).astype(table.dtype)
    return dropout(one_hot @ (table * float(np.sqrt(d_model))) + positions, dropout_p, rng)


def _table_gradient(dx, kept):
    dx = dropout_backward(dx, kept["dropped"])
    rows = kept["one_hot"].reshape(-1, kept["one_hot"].shape[-1])
    return rows.T @ dx.reshape(len(rows), -1) * float(np.sqrt(dx.shape[-1]))


def encode(source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    _check_tokens("source", source)
    _check_norm(norm, params, "encoder_ln")
    kept = {"one_hot": _one_hot(source, params)}
    x, kept["dropped"] = _with_positions(kept["one_hot"], params["embed"], dropout_p, rng)
    mask = padding_mask((source != pad).sum(1), source.shape[1])
    x, kept["stack"] = transformer_stack(
        x, params["encoder"], num_heads, mask=mask, norm=norm, activation="relu"
    )
    if norm == "pre":
        x, kept["ln"] = layernorm(x, **params["encoder_ln"])
    return x, kept


def encode_backward(dy, cache):
    grads = {}
    if "ln" in cache:
        dy, dgamma, dbeta = layernorm_backward(dy, cache["ln"])
        grads["encoder_ln"] = {"gamma": dgamma, "beta": dbeta}
    dx, grads["encoder"] = transformer_stack_backward(dy, cache["stack"])
    grads["embed"] = _table_gradient(dx, cache)
    return grads


def decode(
    target, context, params, num_heads, context_mask=None, norm="post", dropout_p=0.0, rng=None
):
    _check_tokens("target", target)
    _check_norm(norm, params, "decoder_ln")
    kept = {"one_hot": _one_hot(target, params), "table": params["embed"]}
    x, kept["dropped"] = _with_positions(kept["one_hot"], params["embed"], dropout_p, rng)
    causal = np.tril(np.ones((target.shape[1],) * 2, dtype=bool))
    x, kept["stack"] = decoder_stack(
        x, context, params["decoder"], num_heads, causal, context_mask, norm=norm
    )
    if norm == "pre":
        x, kept["ln"] = layernorm(x, **params["decoder_ln"])
    kept["x"] = x
    return np.einsum("btd,vd->btv", x, params["embed"]), kept


def decode_backward(dy, cache):
    grads = {}
    dtable = np.einsum("btv,btd->vd", dy, cache["x"])
    dx = dy @ cache["table"]
    if "ln" in cache:
        dx, dgamma, dbeta = layernorm_backward(dx, cache["ln"])
        grads["decoder_ln"] = {"gamma": dgamma, "beta": dbeta}
    dx, dcontext, grads["decoder"] = decoder_stack_backward(dx, cache["stack"])
    grads["embed"] = dtable + _table_gradient(dx, cache)
    return dcontext, grads
