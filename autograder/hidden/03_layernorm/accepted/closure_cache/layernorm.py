"""The cache is a function that knows how to go back."""


def layernorm(x, gamma, beta, eps=1e-5):
    for name, value in (("gamma", gamma), ("beta", beta)):
        if value.shape != x.shape[-1:]:
            raise ValueError(f"{name} has shape {value.shape}, expected {x.shape[-1:]}")
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    inv_std = (variance + eps) ** -0.5
    x_hat = (x - mean) * inv_std

    def back(dy):
        rows = dy.reshape(-1, dy.shape[-1])
        dx_hat = dy * gamma
        along = (dx_hat * x_hat).mean(-1, keepdims=True)
        dx = inv_std * (dx_hat - dx_hat.mean(-1, keepdims=True) - along * x_hat)
        return dx, (rows * x_hat.reshape(rows.shape)).sum(0), rows.sum(0)

    return x_hat * gamma + beta, back


def layernorm_backward(dy, cache):
    return cache(dy)
