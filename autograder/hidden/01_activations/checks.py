"""Hidden checks of activations and losses."""

import numpy as np

from autograder.checker import check, error_of


@check(of="relu")
def test_relu_values(impl, draw):
    """ReLU of a (4, 5) input"""
    y, _ = impl.relu(draw.normal(4, 5))
    return {"y": y}


@check(of="relu_backward", weight=2)
def test_relu_gradient(impl, draw):
    """Gradient of ReLU for a (2, 3, 5) input and a random upstream"""
    _, cache = impl.relu(draw.normal(2, 3, 5))
    return {"dx": impl.relu_backward(draw.normal(2, 3, 5), cache)}


@check(of="relu_backward", kind="edge")
def test_relu_gradient_at_zero(impl, draw):
    """Gradient of ReLU where some inputs are exactly 0"""
    x = draw.normal(3, 4)
    x[:, 1::2] = 0.0
    x[1, 0] = -0.75
    _, cache = impl.relu(x)
    return {"dx": impl.relu_backward(draw.normal(3, 4), cache)}


@check(of="leaky_relu", weight=2)
def test_leaky_relu_values(impl, draw):
    """Leaky ReLU with a slope of 0.25, and with the default"""
    x = draw.normal(4, 3)
    return {"y": impl.leaky_relu(x, slope=0.25)[0], "y_default": impl.leaky_relu(x)[0]}


@check(of="leaky_relu", kind="dtype")
def test_leaky_relu_float32(impl, draw):
    """Leaky ReLU of a float32 input stays float32"""
    return {"y": impl.leaky_relu(draw.normal(3, 4, dtype=np.float32), slope=0.125)[0]}


@check(of="leaky_relu_backward", weight=2)
def test_leaky_relu_gradient(impl, draw):
    """Gradient of leaky ReLU with a slope of 0.25, and with the default"""
    x, dy = draw.normal(3, 7), draw.normal(3, 7)
    _, cache = impl.leaky_relu(x, slope=0.25)
    _, default = impl.leaky_relu(x)
    dx = impl.leaky_relu_backward(dy, cache)
    return {"dx": dx, "dx_default": impl.leaky_relu_backward(dy, default)}


@check(of="leaky_relu_backward", kind="edge")
def test_leaky_relu_gradient_at_zero(impl, draw):
    """Gradient of leaky ReLU where some inputs are exactly 0"""
    x = draw.normal(5, 2)
    x[::2] = 0.0
    x[1] = -0.75, 1.25
    _, cache = impl.leaky_relu(x, slope=0.5)
    return {"dx": impl.leaky_relu_backward(draw.normal(5, 2), cache)}


@check(of="sigmoid")
def test_sigmoid_values(impl, draw):
    """Sigmoid of a (2, 3, 4) input"""
    return {"y": impl.sigmoid(draw.normal(2, 3, 4, scale=2.0))[0]}


@check(of="sigmoid", kind="edge")
def test_sigmoid_far_out(impl, draw):
    """Sigmoid near -1000 and +1000: no NaN, no overflow"""
    x = draw.normal(2, 3) + np.array([[1000.0], [-1000.0]])
    return {"y": impl.sigmoid(x)[0]}


@check(of="sigmoid", kind="dtype")
def test_sigmoid_float32(impl, draw):
    """Sigmoid of a float32 input stays float32"""
    return {"y": impl.sigmoid(draw.normal(3, 4, dtype=np.float32))[0]}


@check(of="sigmoid_backward")
def test_sigmoid_gradient(impl, draw):
    """Gradient of the sigmoid for a (3, 5) input and a random upstream"""
    _, cache = impl.sigmoid(draw.normal(3, 5, scale=2.0))
    return {"dx": impl.sigmoid_backward(draw.normal(3, 5), cache)}


@check(of="gelu", weight=2)
def test_gelu_values(impl, draw):
    """GELU (tanh form) of a (4, 6) input that reaches past 2.7"""
    return {"y": impl.gelu(draw.normal(4, 6, scale=2.0))[0]}


@check(of="gelu", kind="edge")
def test_gelu_far_out(impl, draw):
    """GELU near -1000, -8 and +1000"""
    return {"y": impl.gelu(draw.normal(3, 4) + np.array([[1000.0], [-1000.0], [-8.0]]))[0]}


@check(of="gelu", kind="dtype")
def test_gelu_float32(impl, draw):
    """GELU of a float32 input stays float32"""
    return {"y": impl.gelu(draw.normal(3, 4, dtype=np.float32))[0]}


@check(of="gelu_backward", weight=3)
def test_gelu_gradient(impl, draw):
    """Gradient of GELU for a (2, 3, 5) input and a random upstream"""
    _, cache = impl.gelu(draw.normal(2, 3, 5, scale=2.0))
    return {"dx": impl.gelu_backward(draw.normal(2, 3, 5), cache)}


@check(of="gelu_backward", kind="dtype")
def test_gelu_gradient_float32(impl, draw):
    """Gradient of GELU in float32 stays float32"""
    _, cache = impl.gelu(draw.normal(3, 4, dtype=np.float32))
    return {"dx": impl.gelu_backward(draw.normal(3, 4, dtype=np.float32), cache)}


@check(of="softmax", weight=2)
def test_softmax_values(impl, draw):
    """Softmax of a (2, 3, 5) input over its last axis, and over axis 1"""
    x = draw.normal(2, 3, 5)
    return {"y": impl.softmax(x)[0], "y_axis_1": impl.softmax(x, axis=1)[0]}


@check(of="softmax")
def test_softmax_far_out(impl, draw):
    """Softmax of rows near -1000 and +1000, and of one with a gap of 1000"""
    x = draw.normal(4, 5) + np.array([[1000.0], [0.0], [-1000.0], [30.0]])
    x[3, 1] += 1000.0
    return {"y": impl.softmax(x)[0]}


@check(of="softmax", kind="property")
def test_softmax_ignores_an_offset(impl, draw):
    """A constant added to a row leaves its softmax as it was"""
    x = draw.normal(3, 4)
    return {"change": impl.softmax(x + draw.normal(3, 1))[0] - impl.softmax(x)[0]}


@check(of="softmax_backward", weight=3)
def test_softmax_gradient(impl, draw):
    """Gradient of softmax over the last axis, for a random upstream"""
    _, cache = impl.softmax(draw.normal(2, 3, 5))
    return {"dx": impl.softmax_backward(draw.normal(2, 3, 5), cache)}


@check(of="softmax_backward")
def test_softmax_gradient_over_axis_0(impl, draw):
    """Gradient of softmax over axis 0"""
    _, cache = impl.softmax(draw.normal(4, 3), axis=0)
    return {"dx": impl.softmax_backward(draw.normal(4, 3), cache)}


@check(of="softmax_backward", kind="dtype")
def test_softmax_gradient_float32(impl, draw):
    """Gradient of softmax in float32 stays float32"""
    _, cache = impl.softmax(draw.normal(3, 4, dtype=np.float32))
    return {"dx": impl.softmax_backward(draw.normal(3, 4, dtype=np.float32), cache)}


@check(of="log_softmax", weight=2)
def test_log_softmax_values(impl, draw):
    """Log-softmax of a (2, 3, 5) input over its last axis, and over axis 0"""
    x = draw.normal(2, 3, 5)
    return {"y": impl.log_softmax(x)[0], "y_axis_0": impl.log_softmax(x, axis=0)[0]}


@check(of="log_softmax")
def test_log_softmax_far_out(impl, draw):
    """Log-softmax of rows near -1000 and +1000, with a gap of 1000 in one"""
    x = draw.normal(3, 5) + np.array([[1000.0], [-1000.0], [0.0]])
    x[2, 3] += 1000.0
    return {"y": impl.log_softmax(x)[0]}


@check(of="log_softmax", kind="dtype")
def test_log_softmax_float32(impl, draw):
    """Log-softmax of a float32 input stays float32"""
    return {"y": impl.log_softmax(draw.normal(3, 4, dtype=np.float32))[0]}


@check(of="log_softmax_backward", weight=3)
def test_log_softmax_gradient(impl, draw):
    """Gradient of log-softmax over the last axis, for a random upstream"""
    _, cache = impl.log_softmax(draw.normal(2, 3, 5))
    return {"dx": impl.log_softmax_backward(draw.normal(2, 3, 5), cache)}


@check(of="log_softmax_backward")
def test_log_softmax_gradient_over_axis_1(impl, draw):
    """Gradient of log-softmax over axis 1, with a gap of 800 in it"""
    x = draw.normal(2, 4, 3)
    x[1, 2] += 800.0
    _, cache = impl.log_softmax(x, axis=1)
    return {"dx": impl.log_softmax_backward(draw.normal(2, 4, 3), cache)}


@check(of="mse", weight=2)
def test_mse_of_a_batch(impl, draw):
    """Loss and gradient for (2, 3, 5) predictions"""
    loss, dpred = impl.mse(draw.normal(2, 3, 5), draw.normal(2, 3, 5))
    return {"loss": loss, "dpred": dpred}


@check(of="mse", kind="dtype")
def test_mse_float32(impl, draw):
    """The gradient of float32 predictions is float32"""
    _, dpred = impl.mse(draw.normal(4, 3, dtype=np.float32), draw.normal(4, 3, dtype=np.float32))
    return {"dpred": dpred}


@check(of="mse", kind="error")
def test_mse_of_other_shapes(impl, draw):
    """Shapes that would broadcast, (4, 3) and (4, 1), are refused"""
    return {"error": error_of(impl.mse, draw.normal(4, 3), draw.normal(4, 1))}


@check(of="cross_entropy", weight=3)
def test_cross_entropy_of_a_batch(impl, draw):
    """Loss and gradient for (2, 3) positions and 5 classes"""
    targets = draw.integers(0, 5, 2, 3)
    targets[0, 0], targets[1, 2] = 0, 4
    loss, dlogits = impl.cross_entropy(draw.normal(2, 3, 5), targets)
    return {"loss": loss, "dlogits": dlogits}


@check(of="cross_entropy", weight=2)
def test_cross_entropy_with_ignored_positions(impl, draw):
    """Two of six positions ignored, by -1 and by another ignore_index"""
    logits, targets = draw.normal(2, 3, 5), draw.integers(0, 5, 2, 3)
    targets[0, 1] = targets[1, 2] = -1
    loss, dlogits = impl.cross_entropy(logits, targets)
    padded = np.where(targets == -1, -100, targets)
    other_loss, other_dlogits = impl.cross_entropy(logits, padded, ignore_index=-100)
    return {"loss": loss, "dlogits": dlogits, "loss_100": other_loss, "dlogits_100": other_dlogits}


@check(of="cross_entropy", weight=2)
def test_cross_entropy_with_label_smoothing(impl, draw):
    """Label smoothing of 0.25, with an ignored position"""
    logits, targets = draw.normal(2, 3, 7), draw.integers(0, 7, 2, 3)
    targets[1, 1] = -1
    loss, dlogits = impl.cross_entropy(logits, targets, label_smoothing=0.25)
    return {"loss": loss, "dlogits": dlogits}


@check(of="cross_entropy", weight=2)
def test_cross_entropy_far_out(impl, draw):
    """Logits near +1000, and a target 1000 below the largest"""
    logits = draw.normal(3, 4) + np.array([[0.0], [1000.0], [-1000.0]])
    targets = draw.integers(0, 4, 3)
    logits[0, (targets[0] + 1) % 4] += 1000.0
    loss, dlogits = impl.cross_entropy(logits, targets)
    return {"loss": loss, "dlogits": dlogits}


@check(of="cross_entropy", kind="edge")
def test_cross_entropy_with_nothing_counted(impl, draw):
    """Every position ignored: a loss of 0 and a gradient of zeros"""
    loss, dlogits = impl.cross_entropy(draw.normal(2, 4), np.array([-1, -1]))
    return {"loss": loss, "dlogits": dlogits}


@check(of="cross_entropy", kind="dtype")
def test_cross_entropy_float32(impl, draw):
    """The gradient of float32 logits is float32"""
    targets = draw.integers(0, 4, 3)
    targets[1] = -1
    _, dlogits = impl.cross_entropy(
        draw.normal(3, 4, dtype=np.float32), targets, label_smoothing=0.125
    )
    return {"dlogits": dlogits}


@check(of="cross_entropy", kind="error")
def test_cross_entropy_errors(impl, draw):
    """Refused: a class outside the vocabulary, targets of another shape"""
    logits = draw.normal(2, 3, 5)
    too_large = draw.integers(0, 5, 2, 3)
    negative = too_large.copy()
    too_large[1, 0], negative[0, 1] = 5, -2
    return {
        "too_large": error_of(impl.cross_entropy, logits, too_large),
        "negative": error_of(impl.cross_entropy, logits, negative),
        "shape": error_of(impl.cross_entropy, logits, draw.integers(0, 5, 3, 2)),
    }


# Cost: inputs so large that a gradient computed by differences takes far too long


@check(of="softmax_backward", kind="cost")
def test_softmax_gradient_of_many_rows(impl, draw):
    """The work that the gradient of a large input takes"""
    _, cache = impl.softmax(draw.normal(96, 64))
    return {"dx": impl.softmax_backward(draw.normal(96, 64), cache)}


@check(of="log_softmax_backward", kind="cost")
def test_log_softmax_gradient_of_many_rows(impl, draw):
    """The work that the gradient of a large input takes"""
    _, cache = impl.log_softmax(draw.normal(96, 64))
    return {"dx": impl.log_softmax_backward(draw.normal(96, 64), cache)}


@check(of="mse", kind="cost")
def test_mse_of_many_numbers(impl, draw):
    """The work that the gradient for 20,000 numbers takes"""
    loss, dpred = impl.mse(draw.normal(200, 100), draw.normal(200, 100))
    return {"loss": loss, "dpred": dpred}


@check(of="cross_entropy", kind="cost")
def test_cross_entropy_of_many_classes(impl, draw):
    """The work that the gradient for 40 positions and 200 classes takes"""
    loss, dlogits = impl.cross_entropy(draw.normal(40, 200), draw.integers(0, 200, 40))
    return {"loss": loss, "dlogits": dlogits}
