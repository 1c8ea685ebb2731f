"""The statistics live in a module of the student's own, beside this one."""

from transformer.row_statistics import mean_and_deviation, mean_of_rows, sum_of_rows


def layernorm(x, gamma, beta, eps=1e-5):
    if gamma.shape != x.shape[-1:] or beta.shape != x.shape[-1:]:
        raise ValueError(f"gamma {gamma.shape}, beta {beta.shape}, x {x.shape}")
    mean, deviation = mean_and_deviation(x, eps)
    x_hat = (x - mean) / deviation
    return gamma * x_hat + beta, (x_hat, deviation, gamma)


def layernorm_backward(dy, cache):
    x_hat, deviation, gamma = cache
    dx_hat = dy * gamma
    projected = dx_hat - mean_of_rows(dx_hat) - x_hat * mean_of_rows(dx_hat * x_hat)
    return projected / deviation, sum_of_rows(dy * x_hat), sum_of_rows(dy)
