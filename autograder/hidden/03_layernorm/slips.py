"""Known slips in layer normalisation, forward and backward.

Longer than most files: there are many ways to lose a term, and each is named and written out.
"""

import numpy as np

from autograder.checker import misconception

ROW = "handout.md#what-one-row-becomes"
PARAMETERS = "handout.md#the-gradients-of-gamma-and-beta"
PATHS = "handout.md#three-paths-from-x-to-y"
VARIANCE = "handout.md#the-variance-also-depends-on-x"
FLOATS = "handout.md#floating-point"
SHAPES = "handout.md#shapes-at-a-glance"


def mean(a):
    """The mean of each row, kept as a column."""
    return a.mean(-1, keepdims=True)


def normalised(x, eps):
    """x_hat and 1 / sigma, as the reference has them."""
    inv_std = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    return (x - mean(x)) * inv_std, inv_std


def over_rows(a):
    """All axes but the last."""
    return tuple(range(a.ndim - 1))


def normalised_over(x, axis, eps):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)


def after(spread):
    """What a forward that divides by `spread` leaves for the usual backward."""

    def cache(x, gamma, beta, eps=1e-5):
        sigma = spread(x, eps)
        return (x - mean(x)) / sigma, 1 / sigma, gamma

    return cache


def sample_deviation(x, eps):
    size = x.shape[-1]
    return np.sqrt(((x - mean(x)) ** 2).sum(-1, keepdims=True) / max(size - 1, 1) + eps)


def eps_beside_deviation(x, eps):
    return x.std(-1, keepdims=True) + eps


# Forward: statistics of the wrong numbers


@misconception(of="layernorm", see=ROW)
def normalises_over_time(x, gamma, beta, eps=1e-5):
    """The mean and variance are taken over the second last axis: over the positions, not over the
    features of each position."""
    return gamma * normalised_over(x, -2 if x.ndim > 1 else -1, eps) + beta


@misconception(of="layernorm", see=ROW)
def normalises_over_the_first_axis(x, gamma, beta, eps=1e-5):
    """The mean and variance are taken over the first axis, so the items of a batch are mixed. Layer
    normalisation looks at one feature vector at a time."""
    return gamma * normalised_over(x, 0, eps) + beta


@misconception(of="layernorm", see=ROW)
def normalises_each_feature_over_all_rows(x, gamma, beta, eps=1e-5):
    """Each feature is normalised over all rows: that is batch normalisation. Layer normalisation
    takes its mean and variance over the features of one row."""
    return gamma * normalised_over(x, over_rows(x) or (-1,), eps) + beta


@misconception(of="layernorm", see=ROW)
def normalises_over_everything(x, gamma, beta, eps=1e-5):
    """One mean and one variance are taken for the whole array. Every row has its own."""
    return gamma * normalised_over(x, None, eps) + beta


# Forward: the formula


@misconception(of="layernorm", see=ROW, cache=after(sample_deviation))
def divides_by_d_minus_one(x, gamma, beta, eps=1e-5):
    """The variance divides by D - 1 (ddof=1, the estimate from a sample). Layer normalisation uses
    the plain mean of the squares, divided by D."""
    return gamma * (x - mean(x)) / sample_deviation(x, eps) + beta


@misconception(of="layernorm", see=ROW, cache=after(eps_beside_deviation))
def eps_outside_the_root(x, gamma, beta, eps=1e-5):
    """eps is added to the standard deviation, after the root. It belongs to the variance, under
    the root; you see the difference where the variance is small."""
    return gamma * (x - mean(x)) / eps_beside_deviation(x, eps) + beta


@misconception(of="layernorm", see=ROW)
def adds_eps_twice(x, gamma, beta, eps=1e-5):
    """eps is added twice: under the root and once more after it."""
    return gamma * (x - mean(x)) / (np.sqrt(x.var(-1, keepdims=True) + eps) + eps) + beta


@misconception(of="layernorm", see=ROW)
def takes_eps_for_a_lower_bound(x, gamma, beta, eps=1e-5):
    """The variance is clipped from below at eps. eps is added to every variance, large or small."""
    return gamma * (x - mean(x)) / np.sqrt(np.maximum(x.var(-1, keepdims=True), eps)) + beta


@misconception(of="layernorm", see=ROW, easier_backward=True)
def forgets_to_centre(x, gamma, beta, eps=1e-5):
    """The row is divided by its standard deviation, but its mean was not subtracted first."""
    return gamma * x * normalised(x, eps)[1] + beta


@misconception(of="layernorm", see=ROW, easier_backward=True)
def takes_the_root_mean_square_of_x(x, gamma, beta, eps=1e-5):
    """The row is divided by the root of the mean of x squared, without subtracting the mean: that
    is RMSNorm (Zhang & Sennrich 2019), right elsewhere, but here we ask for layer normalisation."""
    return gamma * x / np.sqrt(mean(x * x) + eps) + beta


@misconception(of="layernorm", see=FLOATS)
def variance_as_a_difference_of_means(x, gamma, beta, eps=1e-5):
    """The variance is computed as mean(x²) - mean(x)². For values far from zero these are two huge
    equal numbers, and rounding eats their difference: subtract the mean first, then square."""
    variance = mean(x * x) - mean(x) ** 2
    return gamma * (x - mean(x)) / np.sqrt(variance + eps) + beta


@misconception(of="layernorm", see=ROW)
def exchanges_gamma_and_beta(x, gamma, beta, eps=1e-5):
    """gamma and beta are exchanged: gamma scales, beta shifts."""
    return beta * normalised(x, eps)[0] + gamma


@misconception(of="layernorm", see=ROW, easier_backward=True)
def forgets_gamma(x, gamma, beta, eps=1e-5):
    """gamma was not used: the normalised row is only shifted by beta."""
    return normalised(x, eps)[0].astype(gamma.dtype) + beta


@misconception(of="layernorm", see=ROW, easier_backward=True)
def forgets_beta(x, gamma, beta, eps=1e-5):
    """beta was not used: the normalised row is only scaled by gamma."""
    return gamma * normalised(x, eps)[0]


@misconception(of="layernorm", see=ROW, easier_backward=True)
def returns_x_hat(x, gamma, beta, eps=1e-5):
    """The normalised row is returned as it is: gamma and beta were not used."""
    return normalised(x, eps)[0].astype(np.result_type(x, gamma, beta))


@misconception(of="layernorm", see=SHAPES)
def computes_in_double(x, gamma, beta, eps=1e-5):
    """The output is float64 for float32 inputs. Some constant or conversion widened it, such as
    np.zeros without a dtype, np.float64 or astype(float)."""
    return (gamma * normalised(x.astype(np.float64), eps)[0] + beta).astype(np.float64)


@misconception(of="layernorm", see=SHAPES)
def centres_the_argument_in_place(right, x, gamma, beta, eps=1e-5):
    """The caller's x was changed: `x -= mean` writes into it. Write `x - mean` into a new array."""
    x -= mean(x)
    return right


# Backward: gamma and beta


@misconception(of="layernorm_backward", see=PARAMETERS)
def averages_over_the_rows(right, dy, x, gamma, beta, eps=1e-5):
    """A parameter's gradient is averaged over the rows. Every row used gamma and beta, so every
    row's share is added: a sum, not a mean."""
    dx, dgamma, dbeta = right
    rows = x.size // x.shape[-1]
    return dx, dgamma / rows, dbeta / rows


@misconception(of="layernorm_backward", see=PARAMETERS)
def takes_y_for_dgamma(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma was computed from the output y. gamma multiplies x_hat, before beta is added."""
    y = gamma * normalised(x, eps)[0] + beta
    return right[0], (dy * y).sum(over_rows(x)), right[2]


@misconception(of="layernorm_backward", see=PARAMETERS)
def multiplies_parameter_gradients_by_gamma(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma and dbeta were computed from dy * gamma. They are taken where dy arrives, before it
    goes through gamma."""
    return right[0], right[1] * gamma, right[2] * gamma


@misconception(of="layernorm_backward", see=PARAMETERS)
def sums_over_the_features(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma and dbeta are summed over the features. They keep the features, shape (D,), and are
    summed over everything else."""
    return right[0], (dy * normalised(x, eps)[0]).sum(-1), dy.sum(-1)


@misconception(of="layernorm_backward", see=PARAMETERS)
def sums_over_the_first_axis_only(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma and dbeta are summed over the first axis only, so the time axis is still there."""
    if x.ndim == 1:
        return right
    return right[0], (dy * normalised(x, eps)[0]).sum(0), dy.sum(0)


@misconception(of="layernorm_backward", see=PARAMETERS)
def does_not_sum_over_the_rows(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma and dbeta are not summed: each row's share is there, but the shares aren't added."""
    return right[0], dy * normalised(x, eps)[0], dy


@misconception(of="layernorm_backward", see=SHAPES)
def keeps_the_summed_axes(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma and dbeta keep their summed axes as axes of length one (keepdims=True). Their shape is
    gamma's, (D,)."""
    shape = (1,) * (x.ndim - 1) + gamma.shape
    return right[0], right[1].reshape(shape), right[2].reshape(shape)


# Backward: the three paths to x


def three_paths(dy, x, gamma, eps, mean_path=1.0, variance_path=1.0):
    x_hat, inv_std = normalised(x, eps)
    dx_hat = dy * gamma
    through_variance = variance_path * x_hat * mean(dx_hat * x_hat)
    return inv_std * (dx_hat - mean_path * mean(dx_hat) - through_variance)


@misconception(of="layernorm_backward", see=VARIANCE)
def forgets_the_variance_path(right, dy, x, gamma, beta, eps=1e-5):
    """The variance depends on x too, and its term of dx is missing: the standard deviation was
    treated as a constant."""
    return three_paths(dy, x, gamma, eps, variance_path=0), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def takes_the_direct_path_only(right, dy, x, gamma, beta, eps=1e-5):
    """Only the direct path is there. The mean and the variance depend on x too: two terms of dx are
    missing."""
    return three_paths(dy, x, gamma, eps, mean_path=0, variance_path=0), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def sums_where_dx_needs_means(right, dy, x, gamma, beta, eps=1e-5):
    """The terms through the mean and the variance are sums over the features; they are means. (The
    D is lost that the forward divides by.)"""
    size = x.shape[-1]
    return three_paths(dy, x, gamma, eps, mean_path=size, variance_path=size), *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def divides_the_variance_path_by_d_minus_one(right, dy, x, gamma, beta, eps=1e-5):
    """The term through the variance divides by D - 1, but the forward's variance divides by D."""
    size = x.shape[-1]
    return three_paths(dy, x, gamma, eps, variance_path=size / max(size - 1, 1)), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def multiplies_dx_by_gamma_last(right, dy, x, gamma, beta, eps=1e-5):
    """gamma multiplies at the end, outside the two means. It differs from feature to feature, so it
    must be inside: dx_hat = dy * gamma comes first."""
    return gamma * three_paths(dy, x, np.ones_like(gamma), eps), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def multiplies_dx_by_gamma_twice(right, dy, x, gamma, beta, eps=1e-5):
    """gamma is in dx twice: once in dx_hat, and once more."""
    return gamma * right[0], *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def takes_x_in_the_variance_path(right, dy, x, gamma, beta, eps=1e-5):
    """The term through the variance is built from x itself; it needs x_hat, twice."""
    inv_std = normalised(x, eps)[1]
    dx_hat = dy * gamma
    return inv_std * (dx_hat - mean(dx_hat) - x * mean(dx_hat * x)), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def takes_the_means_of_dx_over_the_rows(right, dy, x, gamma, beta, eps=1e-5):
    """The means in dx go over the rows, as in batch normalisation. Here each row has its own mean
    and variance: its gradient's means go over its features."""
    x_hat, inv_std = normalised(x, eps)
    dx_hat, rows = dy * gamma, over_rows(x) or (-1,)
    shift = dx_hat.mean(rows, keepdims=True)
    slope = (dx_hat * x_hat).mean(rows, keepdims=True)
    return inv_std * (dx_hat - shift - x_hat * slope), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def takes_the_means_of_dx_over_everything(right, dy, x, gamma, beta, eps=1e-5):
    """The means in dx go over the whole array; each row has its own."""
    x_hat, inv_std = normalised(x, eps)
    dx_hat = dy * gamma
    return inv_std * (dx_hat - dx_hat.mean() - x_hat * (dx_hat * x_hat).mean()), *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def leaves_eps_out_of_dx(right, dy, x, gamma, beta, eps=1e-5):
    """dx divides by a standard deviation without eps, unlike the forward: keep the forward's value
    in the cache."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return three_paths(dy, x, gamma, 0.0), *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def ignores_the_callers_eps_in_dx(right, dy, x, gamma, beta, eps=1e-5):
    """dx uses an eps of 1e-5, whatever eps the forward was given: keep the forward's standard
    deviation in the cache."""
    return three_paths(dy, x, gamma, 1e-5), *right[1:]


@misconception(of="layernorm_backward", see=SHAPES)
def returns_gradients_in_double(right, dy, x, gamma, beta, eps=1e-5):
    """The gradients are float64 for float32 inputs. Some constant or conversion widened them, such
    as np.zeros without a dtype."""
    return tuple(gradient.astype(np.float64) for gradient in right)


@misconception(of="layernorm_backward", see=SHAPES)
def returns_dx_last(right, dy, x, gamma, beta, eps=1e-5):
    """The gradients are in another order: dx comes first, then dgamma, then dbeta."""
    return right[1], right[2], right[0]


@misconception(of="layernorm_backward", see=SHAPES)
def multiplies_dy_in_place(right, dy, x, gamma, beta, eps=1e-5):
    """The caller's dy was changed: `dy *= gamma` writes into it. Write `dx_hat = dy * gamma`."""
    dy *= gamma
    return right
