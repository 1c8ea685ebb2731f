"""Public checks of 02_layer: run them with `python check.py 02`, as often as you like."""

from itertools import pairwise

import numpy as np

from autograder.checker import check, within


def network(draw, *sizes):
    """Layers with random weights and random biases."""
    return [
        {"w": draw.normal(d_in, d_out), "b": draw.normal(d_out)} for d_in, d_out in pairwise(sizes)
    ]


@check(of="init_linear", rtol=0.05)
def test_spread_of_the_weights(impl, draw):
    """Mean and standard deviation of 24,000 weights, by both schemes"""
    xavier = impl.init_linear(draw.generator(), 100, 240, scheme="xavier")["w"]
    he = impl.init_linear(draw.generator(), 100, 240, scheme="he")["w"]
    return {
        "the shapes": [list(xavier.shape), list(he.shape)],
        "the means": [float(10 * xavier.mean()), float(10 * he.mean())],
        "the deviation by xavier": within(float(xavier.std()), 0.06),
        "the deviation by he": within(float(he.std()), 0.06),
    }


@check(of="init_linear", kind="edge")
def test_bias_and_generator(impl, draw):
    """A bias of zeros; the same seed gives the same weights"""
    rng = draw.generator()
    one, other = impl.init_linear(rng, 5, 3), impl.init_linear(rng, 5, 3)
    same = bool(np.array_equal(one["w"], other["w"]))
    return {"b": one["b"], "the same seed gives the same weights": same}


@check(of="linear")
def test_y_of_a_small_batch(impl, draw):
    """y for rows, and for a (batch, time, features) input"""
    w, b = draw.normal(4, 3), draw.normal(3)
    rows, _ = impl.linear(draw.normal(5, 4), w, b)
    sequences, _ = impl.linear(draw.normal(2, 5, 4), w, b)
    return {"rows": rows, "sequences": sequences}


@check(of="linear_backward")
def test_gradients_of_rows(impl, draw):
    """Gradients of x, w and b for a matrix of rows"""
    x, w, b, dy = draw.normal(5, 4), draw.normal(4, 3), draw.normal(3), draw.normal(5, 3)
    dx, dw, db = impl.linear_backward(dy, impl.linear(x, w, b)[1])
    return {"dx": dx, "dw": dw, "db": db}


@check(of="linear_backward")
def test_gradients_of_sequences(impl, draw):
    """Gradients of x, w and b for a (batch, time, features) input"""
    x, w, b, dy = draw.normal(3, 2, 4), draw.normal(4, 5), draw.normal(5), draw.normal(3, 2, 5)
    dx, dw, db = impl.linear_backward(dy, impl.linear(x, w, b)[1])
    return {"dx": dx, "dw": dw, "db": db}


@check(of="init_mlp", rtol=0.05)
def test_a_network_of_two_layers(impl, draw):
    """Shapes and standard deviations of the layers"""
    layers = impl.init_mlp(draw.generator(), (120, 200, 150))
    return {
        "shapes": [[list(layer["w"].shape), list(layer["b"].shape)] for layer in layers],
        "the deviations": [within(float(layer["w"].std()), 0.06) for layer in layers],
    }


@check(of="mlp")
def test_y_of_three_layers(impl, draw):
    """y of three layers, with ReLU and with GELU between them"""
    x, layers = draw.normal(5, 4), network(draw, 4, 6, 7, 3)
    return {"relu": impl.mlp(x, layers)[0], "gelu": impl.mlp(x, layers, activation="gelu")[0]}


@check(of="mlp")
def test_y_of_one_layer(impl, draw):
    """y of one layer: no activation comes after the last"""
    return {"y": impl.mlp(draw.normal(5, 3), network(draw, 3, 4))[0]}


@check(of="mlp_backward")
def test_gradients_of_three_layers(impl, draw):
    """dx and every layer's gradients, with ReLU and with tanh between the layers"""
    x, layers, dy = draw.normal(8, 4), network(draw, 4, 7, 6, 3), draw.normal(8, 3)
    outputs = {}
    for name in ("relu", "tanh"):
        dx, grads = impl.mlp_backward(dy, impl.mlp(x, layers, name)[1])
        outputs[name] = {"dx": dx, "grads": grads}
    return outputs


@check(of="mlp_backward", kind="dtype")
def test_float32_stays_float32(impl, draw):
    """float32 in, float32 gradients out"""
    x, dy = draw.normal(2, 3, 4, dtype=np.float32), draw.normal(2, 3, 2, dtype=np.float32)
    layers = [
        {name: array.astype(np.float32) for name, array in layer.items()}
        for layer in network(draw, 4, 5, 2)
    ]
    dx, grads = impl.mlp_backward(dy, impl.mlp(x, layers)[1])
    return {"dx": dx, "grads": grads}
