"""Hidden checks of assignment 03: layer normalisation, forward and backward."""

import numpy as np

from autograder.checker import check, error_of


def gradients(impl, draw, x, eps=1e-5):
    """All three gradients for random parameters and a random upstream gradient.

    beta is large: no gradient depends on it, but the rounding of central differences does.
    """
    gamma, beta = draw.normal(x.shape[-1]), draw.normal(x.shape[-1], scale=1000.0)
    dy = draw.normal(*x.shape)
    _, cache = impl.layernorm(x, gamma, beta, eps)
    dx, dgamma, dbeta = impl.layernorm_backward(dy, cache)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


def without_dx(found):
    return {"dgamma": found["dgamma"], "dbeta": found["dbeta"]}


# Forward


@check(of="layernorm", weight=3)
def test_batch_of_sequences(impl, draw):
    """The output for a (batch, time, features) input"""
    y, _ = impl.layernorm(draw.normal(2, 3, 5), draw.normal(5), draw.normal(5))
    return {"y": y}


@check(of="layernorm")
def test_one_vector(impl, draw):
    """The output for a single vector, without batch or time"""
    y, _ = impl.layernorm(draw.normal(7), draw.normal(7), draw.normal(7))
    return {"y": y}


@check(of="layernorm")
def test_four_axes(impl, draw):
    """The output for an input of four axes, the features last"""
    y, _ = impl.layernorm(draw.normal(2, 1, 3, 4), draw.normal(4), draw.normal(4))
    return {"y": y}


@check(of="layernorm", weight=2)
def test_small_variance(impl, draw):
    """Rows whose variance is as small as eps"""
    y, _ = impl.layernorm(draw.normal(3, 7, scale=1 / 256), draw.normal(7), draw.normal(7))
    return {"y": y}


@check(of="layernorm")
def test_eps_is_an_argument(impl, draw):
    """The output for an eps of the caller's choice"""
    y, _ = impl.layernorm(draw.normal(2, 5), draw.normal(5), draw.normal(5), 0.25)
    return {"y": y}


@check(of="layernorm")
def test_large_values(impl, draw):
    """Rows with values around -1000 and 1000"""
    x = draw.normal(4, 3, scale=500.0)
    y, _ = impl.layernorm(x, draw.normal(3), draw.normal(3))
    return {"y": y}


@check(of="layernorm", weight=2, rtol=1e-6)
def test_large_offset(impl, draw):
    """Rows of ordinary spread, a hundred million away from zero"""
    y, _ = impl.layernorm(1e8 + draw.normal(3, 5, scale=4.0), draw.normal(5), draw.normal(5))
    return {"y": y}


@check(of="layernorm", kind="edge")
def test_constant_rows(impl, draw):
    """Rows whose values are all the same"""
    x = np.repeat(draw.normal(3, 1), 5, axis=1)
    y, _ = impl.layernorm(x, draw.normal(5), draw.normal(5))
    return {"y": y}


@check(of="layernorm", kind="edge", weight=0.5)
def test_one_feature(impl, draw):
    """Rows of a single feature"""
    y, _ = impl.layernorm(draw.normal(3, 1), draw.normal(1), draw.normal(1))
    return {"y": y}


@check(of="layernorm", kind="property")
def test_a_shift_changes_nothing(impl, draw):
    """The same y for x and for x plus another constant in each row"""
    x, gamma, beta = draw.normal(2, 3, 5), draw.normal(5), draw.normal(5)
    y, _ = impl.layernorm(x, gamma, beta)
    shifted, _ = impl.layernorm(x + draw.normal(2, 3, 1), gamma, beta)
    return {"difference": shifted - y}


@check(of="layernorm", kind="property")
def test_rows_are_independent(impl, draw):
    """A row alone gives what it gives among others, in any order"""
    x, gamma, beta, order = draw.normal(4, 3), draw.normal(3), draw.normal(3), draw.permutation(4)
    y, _ = impl.layernorm(x, gamma, beta)
    permuted, _ = impl.layernorm(x[order], gamma, beta)
    alone, _ = impl.layernorm(x[:1], gamma, beta)
    return {"permuted": permuted - y[order], "alone": alone - y[:1]}


@check(of="layernorm", kind="dtype")
def test_float32_stays_float32(impl, draw):
    """A float32 input gives a float32 output"""
    x, gamma, beta = (draw.normal(*shape, dtype=np.float32) for shape in [(2, 3, 5), (5,), (5,)])
    y, _ = impl.layernorm(x, gamma, beta)
    return {"y": y}


@check(of="layernorm", kind="error", weight=0.5)
def test_shapes_that_do_not_go_together(impl, draw):
    """A ValueError for a gamma or beta that is not of shape (D,)"""
    x, right, wrong = draw.normal(2, 3, 5), draw.normal(5), draw.normal(3, 1)
    return {
        "the error for a wrong gamma": error_of(impl.layernorm, x, wrong, right),
        "the error for a wrong beta": error_of(impl.layernorm, x, right, wrong),
        "the error for one number only": error_of(impl.layernorm, x, right, draw.normal(1)),
    }


# Backward


@check(of="layernorm_backward", weight=3)
def test_gradients_of_a_batch_of_sequences(impl, draw):
    """Gradients of x, gamma and beta for a (batch, time, features) input"""
    return gradients(impl, draw, draw.normal(2, 3, 5))


@check(of="layernorm_backward", weight=3)
def test_gradient_of_x(impl, draw):
    """The gradient of x alone, for a (rows, features) input"""
    return {"dx": gradients(impl, draw, draw.normal(4, 7))["dx"]}


@check(of="layernorm_backward", weight=3)
def test_gradients_of_gamma_and_beta(impl, draw):
    """The gradients of gamma and beta alone, for a (rows, features) input"""
    return without_dx(gradients(impl, draw, draw.normal(4, 3)))


@check(of="layernorm_backward", weight=2)
def test_gradients_of_gamma_and_beta_with_four_axes(impl, draw):
    """The gradients of gamma and beta where x has four axes"""
    return without_dx(gradients(impl, draw, draw.normal(2, 1, 3, 4)))


@check(of="layernorm_backward")
def test_gradients_of_one_vector(impl, draw):
    """Gradients for a single vector, without batch or time"""
    return gradients(impl, draw, draw.normal(7))


@check(of="layernorm_backward", weight=2)
def test_gradient_of_x_at_small_variance(impl, draw):
    """The gradient of x where the variance is as small as eps"""
    return {"dx": gradients(impl, draw, draw.normal(3, 7, scale=1 / 256))["dx"]}


@check(of="layernorm_backward")
def test_gradient_of_x_with_another_eps(impl, draw):
    """The gradient of x for an eps of the caller's choice"""
    return {"dx": gradients(impl, draw, draw.normal(2, 5), eps=0.25)["dx"]}


@check(of="layernorm_backward", rtol=1e-6)
def test_gradients_at_a_large_offset(impl, draw):
    """Gradients for rows a hundred million away from zero"""
    return gradients(impl, draw, 1e8 + draw.normal(3, 5, scale=4.0))


@check(of="layernorm_backward")
def test_gradient_of_x_for_constant_rows(impl, draw):
    """The gradient of x for rows whose values are all the same"""
    return {"dx": gradients(impl, draw, np.repeat(draw.normal(2, 3, 1), 5, axis=2))["dx"]}


@check(of="layernorm_backward", kind="edge", weight=0.5)
def test_gradients_of_one_feature(impl, draw):
    """Gradients for rows of a single feature"""
    return gradients(impl, draw, draw.normal(3, 1))


@check(of="layernorm_backward")
def test_each_cache_remembers_its_own_forward(impl, draw):
    """Two forwards, then their two backwards, the first one twice"""
    gamma, beta = draw.normal(5), draw.normal(5)
    _, first = impl.layernorm(draw.normal(2, 5), gamma, beta)
    _, second = impl.layernorm(draw.normal(3, 5), gamma + 1, beta)
    dy = draw.normal(2, 5)
    return {
        "first": impl.layernorm_backward(dy, first),
        "second": impl.layernorm_backward(draw.normal(3, 5), second),
        "again": impl.layernorm_backward(dy, first),
    }


@check(of="layernorm_backward", kind="property")
def test_dx_sums_to_zero(impl, draw):
    """The gradient of x sums to zero over each row's features"""
    dx = gradients(impl, draw, draw.normal(2, 3, 7))["dx"]
    return {"sums": dx.sum(-1)}


@check(of="layernorm_backward", kind="property")
def test_rows_have_their_own_gradients(impl, draw):
    """A change of one row's upstream gradient changes that row's dx only"""
    x, dy, gamma, beta = draw.normal(4, 5), draw.normal(4, 5), draw.normal(5), draw.normal(5)
    _, cache = impl.layernorm(x, gamma, beta)
    before, _, _ = impl.layernorm_backward(dy, cache)
    dy[2] += draw.normal(5)
    after, _, _ = impl.layernorm_backward(dy, cache)
    return {"change of the other rows": (after - before)[[0, 1, 3]]}


@check(of="layernorm_backward", kind="dtype")
def test_float32_gradients_stay_float32(impl, draw):
    """float32 inputs give float32 gradients"""
    shapes = [(2, 3, 5), (2, 3, 5), (5,), (5,)]
    x, dy, gamma, beta = (draw.normal(*shape, dtype=np.float32) for shape in shapes)
    _, cache = impl.layernorm(x, gamma, beta)
    dx, dgamma, dbeta = impl.layernorm_backward(dy, cache)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


# Cost: an input so large that a gradient computed by differences takes far too long


@check(of="layernorm_backward", kind="cost")
def test_gradients_of_many_rows(impl, draw):
    """The work that the gradients of a large input take"""
    return gradients(impl, draw, draw.normal(64, 96))
