"""Your local checks: one for each function, and two for those that are given."""

import numpy as np

from autograder.checker import check


@check(of="tanh_backward")
def test_tanh_is_given(impl, draw):
    """tanh and its gradient, which are given: green from the start"""
    y, cache = impl.tanh(draw.normal(2, 5))
    return {"y": y, "dx": impl.tanh_backward(draw.normal(2, 5), cache)}


@check(of="mae")
def test_mae_is_given(impl, draw):
    """Mean absolute error, which is given: green from the start"""
    loss, dpred = impl.mae(draw.normal(2, 3), draw.normal(2, 3))
    return {"loss": loss, "dpred": dpred}


@check(of="relu")
def test_relu(impl, draw):
    """ReLU of a (2, 7) input"""
    return {"y": impl.relu(draw.normal(2, 7))[0]}


@check(of="relu_backward")
def test_relu_backward(impl, draw):
    """Gradient of ReLU, one input exactly 0"""
    x = draw.normal(3, 4)
    x[1, 2], x[0, 0] = 0.0, -0.5
    _, cache = impl.relu(x)
    return {"dx": impl.relu_backward(draw.normal(3, 4), cache)}


@check(of="leaky_relu")
def test_leaky_relu(impl, draw):
    """Leaky ReLU with a slope of 0.5"""
    return {"y": impl.leaky_relu(draw.normal(3, 5), slope=0.5)[0]}


@check(of="leaky_relu_backward")
def test_leaky_relu_backward(impl, draw):
    """Gradient of leaky ReLU with a slope of 0.125, one input exactly 0"""
    x = draw.normal(4, 5)
    x[0, 3], x[1, 1] = 0.0, -0.5
    _, cache = impl.leaky_relu(x, slope=0.125)
    return {"dx": impl.leaky_relu_backward(draw.normal(4, 5), cache)}


@check(of="sigmoid")
def test_sigmoid(impl, draw):
    """Sigmoid of ordinary inputs, and of +1000 and -1000"""
    x = draw.normal(2, 5)
    x[0, 0], x[1, 1] = 1000.0, -1000.0
    return {"y": impl.sigmoid(x)[0]}


@check(of="sigmoid_backward")
def test_sigmoid_backward(impl, draw):
    """Gradient of the sigmoid"""
    _, cache = impl.sigmoid(draw.normal(2, 3, 4))
    return {"dx": impl.sigmoid_backward(draw.normal(2, 3, 4), cache)}


@check(of="gelu")
def test_gelu(impl, draw):
    """GELU (tanh form) of a (3, 4) input"""
    return {"y": impl.gelu(draw.normal(3, 4, scale=1.5))[0]}


@check(of="gelu_backward")
def test_gelu_backward(impl, draw):
    """Gradient of GELU"""
    _, cache = impl.gelu(draw.normal(3, 7, scale=1.5))
    return {"dx": impl.gelu_backward(draw.normal(3, 7), cache)}


@check(of="softmax")
def test_softmax(impl, draw):
    """Softmax over the last axis and over axis 0, one row near +1000"""
    x = draw.normal(3, 5)
    far = x + np.array([[0.0], [1000.0], [-1000.0]])
    return {"y": impl.softmax(far)[0], "y_axis_0": impl.softmax(x, axis=0)[0]}


@check(of="softmax_backward")
def test_softmax_backward(impl, draw):
    """Gradient of softmax over axis 1, then over the last"""
    x, dy = draw.normal(2, 4, 3), draw.normal(2, 4, 3)
    _, middle = impl.softmax(x, axis=1)
    _, last = impl.softmax(x)
    dx = impl.softmax_backward(dy, last)
    return {"dx": dx, "dx_axis_1": impl.softmax_backward(dy, middle)}


@check(of="log_softmax")
def test_log_softmax(impl, draw):
    """Log-softmax over the last axis and axis 0, with a gap of 1000"""
    x = draw.normal(4, 3)
    gap = x.copy()
    gap[1, 2] += 1000.0
    return {"y": impl.log_softmax(gap)[0], "y_axis_0": impl.log_softmax(x, axis=0)[0]}


@check(of="log_softmax_backward")
def test_log_softmax_backward(impl, draw):
    """Gradient of log-softmax over the last axis and axis 0"""
    x, dy = draw.normal(3, 6), draw.normal(3, 6)
    _, last = impl.log_softmax(x)
    _, first = impl.log_softmax(x, axis=0)
    dx = impl.log_softmax_backward(dy, last)
    return {"dx": dx, "dx_axis_0": impl.log_softmax_backward(dy, first)}


@check(of="mse")
def test_mse(impl, draw):
    """Mean squared error of (4, 2) predictions, and its gradient"""
    loss, dpred = impl.mse(draw.normal(4, 2), draw.normal(4, 2))
    return {"loss": loss, "dpred": dpred}


@check(of="cross_entropy")
def test_cross_entropy(impl, draw):
    """Loss and gradient for (2, 3) positions of 4 classes, two ignored"""
    targets = np.array([[2, -1, 0], [-1, 3, 1]])
    loss, dlogits = impl.cross_entropy(draw.normal(2, 3, 4), targets)
    return {"loss": loss, "dlogits": dlogits}


@check(of="cross_entropy")
def test_cross_entropy_with_smoothing(impl, draw):
    """Label smoothing of 0.125 for (2, 3) positions of 5 classes"""
    logits, targets = draw.normal(2, 3, 5), draw.integers(0, 5, 2, 3)
    loss, dlogits = impl.cross_entropy(logits, targets, label_smoothing=0.125)
    return {"loss": loss, "dlogits": dlogits}
