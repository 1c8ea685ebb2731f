"""Source that students of the sample class wrote: appended to a file, it replaces what is there."""

RELU_DERIVATIVE_OF_THE_OUTPUT = """

def relu_backward(dy, cache):
    return dy * (dy > 0)
"""
SOFTMAX_WITHOUT_SHIFT = """

def softmax(x, axis=-1):
    e = np.exp(x)
    p = e / e.sum(axis=axis, keepdims=True)
    return p, (p, axis)


def softmax_backward(dy, cache):
    p, axis = cache
    return p * (dy - (dy * p).sum(axis=axis, keepdims=True))
"""
ENDLESS_SIGMOID = """

def sigmoid(x):
    total = 0
    while total >= 0:
        total += 1
    return x, None
"""
CHATTY = """

import warnings

print("hello from my module")
_plain_softmax = softmax


def softmax(x, axis=-1):
    print("softmax got", x.shape)
    warnings.warn("just trying this out")
    return _plain_softmax(x, axis)
"""
BIAS_GRADIENT_AVERAGED = """

def linear_backward(dy, cache):
    rows, w, shape = cache
    drows = dy.reshape(-1, dy.shape[-1])
    return (drows @ w.T).reshape(shape), rows.T @ drows, drows.mean(0)
"""
SLOW_LINEAR = '''

def linear(x, w, b):
    """Three loops: slow and right."""
    if x.shape[-1] != w.shape[0]:
        raise ValueError(f"x {x.shape} does not go with w {w.shape}")
    if b.shape != w.shape[1:]:
        raise ValueError(f"b {b.shape} does not go with w {w.shape}")
    rows = x.reshape(-1, x.shape[-1])
    y = np.zeros((len(rows), w.shape[1]), np.result_type(x, w, b))
    for n in range(len(rows)):
        for j in range(w.shape[1]):
            total = b[j]
            for i in range(w.shape[0]):
                total = total + rows[n, i] * w[i, j]
            y[n, j] = total
    return y.reshape(*x.shape[:-1], w.shape[1]), (rows, w, x.shape)
'''
NO_VARIANCE_PATH = """

def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    d = dy * gamma
    axes = tuple(range(dy.ndim - 1))
    return (
        inv_std * (d - d.mean(-1, keepdims=True)),
        (dy * x_hat).sum(axes),
        dy.sum(axes),
    )
"""
NO_MEAN_PATH = """

def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    d = dy * gamma
    axes = tuple(range(dy.ndim - 1))
    return (
        inv_std * (d - x_hat * (d * x_hat).mean(-1, keepdims=True)),
        (dy * x_hat).sum(axes),
        dy.sum(axes),
    )
"""
NO_SHIFT = """

def layernorm(x, gamma, beta, eps=1e-5):
    d = x - x.mean(-1, keepdims=True)
    inv_std = 1 / np.sqrt((d * d).mean(-1, keepdims=True) + eps)
    x_hat = d * inv_std
    return x_hat * gamma, (x_hat, inv_std, gamma)
"""
SAMPLE_VARIANCE = """

def layernorm(x, gamma, beta, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    inv_std = 1 / np.sqrt(x.var(-1, keepdims=True, ddof=1) + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)
"""
WRONG_AXIS = """

def layernorm(x, gamma, beta, eps=1e-5):
    centred = x - x.mean(0, keepdims=True)
    inv_std = 1 / np.sqrt(x.var(0, keepdims=True) + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)
"""
CRASHES = """

def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    batch, time, features = dy.shape[0], dy.shape[1], dy.shape[7]
    return dy, gamma, gamma
"""
INVERTED_MASK = """

_right_attention = scaled_dot_product_attention


def scaled_dot_product_attention(q, k, v, mask=None):
    return _right_attention(q, k, v, None if mask is None else ~mask)
"""
TRANSPOSED_WEIGHTS = """

_right_backward = scaled_dot_product_attention_backward


def scaled_dot_product_attention_backward(dy, cache):
    dq, dk, dv = _right_backward(dy, cache)
    return dk, dq, dv
"""
NO_BIAS_CORRECTION = """

def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    beta1, beta2 = betas
    m = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, state["m"], grads)
    v = tree_map(lambda v, g: beta2 * v + (1 - beta2) * g * g, state["v"], grads)
    new = tree_map(
        lambda p, m, v: p - lr * m / (np.sqrt(v) + eps) - lr * weight_decay * p, params, m, v
    )
    return new, {"t": state["t"] + 1, "m": m, "v": v}
"""
IN_PLACE = """

_right_step = adam_step


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    new, state = _right_step(params, grads, state, lr, betas, eps, weight_decay)
    if isinstance(params, dict):
        params.update(new)
        return params, state
    return new, state
"""
NO_RESIDUAL_GRADIENT = """

def transformer_block_backward(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dnormed, dffn = mlp_backward(dy, ffn)
        dmiddle, dln2 = _norm_backward(dnormed, ln2)
        dmiddle = dmiddle + dy
        dnormed, dattn = _self_attention_backward(dmiddle, attn)
        dx, dln1 = _norm_backward(dnormed, ln1)
    else:
        dsum, dln2 = _norm_backward(dy, ln2)
        dmiddle, dffn = mlp_backward(dsum, ffn)
        dmiddle = dmiddle + dsum
        dsum, dln1 = _norm_backward(dmiddle, ln1)
        dx, dattn = _self_attention_backward(dsum, attn)
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}
"""
SYNTAX_ERROR = "\n\ndef layernorm(x, gamma, beta\n    return x\n"
