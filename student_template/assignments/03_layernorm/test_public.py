"""Public checks of assignment 03, the ones that `python check.py 03` runs on your machine.

A check computes outputs with your functions; what they are compared with was recorded from the
reference solution. The hidden checks ask for the same things with other inputs, and for a few more.
"""

import numpy as np

from autograder.checker import check, error_of


@check(of="layernorm")
def test_two_rows(impl, draw):
    """The output for two rows of four features"""
    y, _ = impl.layernorm(draw.normal(2, 4), draw.normal(4), draw.normal(4))
    return {"y": y}


@check(of="layernorm")
def test_sequences(impl, draw):
    """The output for a (batch, time, features) input"""
    y, _ = impl.layernorm(draw.normal(3, 2, 7), draw.normal(7), draw.normal(7))
    return {"y": y}


@check(of="layernorm")
def test_where_eps_goes(impl, draw):
    """An eps of 0.5, among rows of smaller and larger variance"""
    x = draw.normal(3, 5) * np.array([[0.25], [0.5], [2.0]])
    y, _ = impl.layernorm(x, draw.normal(5), draw.normal(5), eps=0.5)
    return {"y": y}


@check(of="layernorm", rtol=1e-6)
def test_far_from_zero(impl, draw):
    """Rows of ordinary spread around fifty million"""
    y, _ = impl.layernorm(5e7 + draw.normal(2, 3, scale=2.0), draw.normal(3), draw.normal(3))
    return {"y": y}


@check(of="layernorm", kind="dtype")
def test_float32_output(impl, draw):
    """A float32 output for float32 inputs"""
    x, gamma, beta = (draw.normal(*shape, dtype=np.float32) for shape in [(2, 3), (3,), (3,)])
    y, _ = impl.layernorm(x, gamma, beta)
    return {"y": y}


@check(of="layernorm", kind="error")
def test_wrong_gamma(impl, draw):
    """A ValueError where gamma has one number too many"""
    x, gamma, beta = draw.normal(2, 4), draw.normal(5), draw.normal(4)
    return {"the error for a wrong gamma": error_of(impl.layernorm, x, gamma, beta)}


@check(of="layernorm_backward")
def test_gradients_of_gamma_and_beta(impl, draw):
    """dgamma and dbeta for a (batch, time, features) input"""
    gamma, beta = draw.normal(4), draw.normal(4)
    _, cache = impl.layernorm(draw.normal(3, 2, 4), gamma, beta)
    _, dgamma, dbeta = impl.layernorm_backward(draw.normal(3, 2, 4), cache)
    return {"dgamma": dgamma, "dbeta": dbeta}


@check(of="layernorm_backward")
def test_gradient_of_x(impl, draw):
    """dx for a (batch, time, features) input"""
    gamma, beta = draw.normal(7), draw.normal(7)
    _, cache = impl.layernorm(draw.normal(3, 2, 7), gamma, beta)
    dx, _, _ = impl.layernorm_backward(draw.normal(3, 2, 7), cache)
    return {"dx": dx}


@check(of="layernorm_backward")
def test_gradients_with_a_large_eps(impl, draw):
    """All three gradients for an eps of 0.5"""
    gamma, beta = draw.normal(5), draw.normal(5)
    _, cache = impl.layernorm(draw.normal(3, 5), gamma, beta, eps=0.5)
    dx, dgamma, dbeta = impl.layernorm_backward(draw.normal(3, 5), cache)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


@check(of="layernorm_backward", kind="dtype")
def test_float32_gradients(impl, draw):
    """float32 gradients for float32 inputs"""
    shapes = [(2, 3), (2, 3), (3,), (3,)]
    x, dy, gamma, beta = (draw.normal(*shape, dtype=np.float32) for shape in shapes)
    _, cache = impl.layernorm(x, gamma, beta)
    dx, dgamma, dbeta = impl.layernorm_backward(dy, cache)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}
