"""Hidden checks of 02_layer. Drawn weights are judged by statistics of a large draw.

Of 120 · 200 weights the sample's standard deviation is off by 0.5 % (one standard error), so that
the 6 % allowed here leaves room for any generator call and none for another formula. Uniform,
normal and truncated normal weights all pass.
"""

from itertools import pairwise

import numpy as np

from autograder.checker import check, error_of, within

ACTIVATIONS = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu")


def spread(w, unit):
    """Shape, mean (in standard deviations asked for) and standard deviation of drawn weights."""
    return {
        "the shape of w": list(w.shape),
        "the mean of w": float(w.mean()) / unit,
        "the standard deviation of w": within(float(w.std()), 0.06),
    }


def dtypes(layer):
    """The names of the dtypes of a layer's parameters."""
    return {f"the dtype of {name}": str(array.dtype) for name, array in layer.items()}


def layers_of(draw, *sizes, dtype=np.float64):
    """Layers with random weights and random biases."""
    return [
        {"w": draw.normal(d_in, d_out, dtype=dtype), "b": draw.normal(d_out, dtype=dtype)}
        for d_in, d_out in pairwise(sizes)
    ]


@check(of="init_linear", weight=2, rtol=0.05)
def test_xavier_weights_have_their_spread(impl, draw):
    """The shape, mean and spread of 24,000 weights by the Xavier scheme"""
    layer = impl.init_linear(draw.generator(), 120, 200)
    return spread(layer["w"], np.sqrt(2 / 320))


@check(of="init_linear", weight=2, rtol=0.05)
def test_he_weights_have_their_spread(impl, draw):
    """The shape, mean and spread of 24,000 weights by the He scheme"""
    layer = impl.init_linear(draw.generator(), 200, 120, scheme="he")
    return spread(layer["w"], np.sqrt(2 / 200))


@check(of="init_linear")
def test_the_schemes_differ_in_spread(impl, draw):
    """The ratio of He's spread to Xavier's for 240 inputs, 100 outputs"""
    he = impl.init_linear(draw.generator(), 240, 100, "he")["w"].std()
    xavier = impl.init_linear(draw.generator(), 240, 100, "xavier")["w"].std()
    return {"the ratio of the deviations": within(float(he / xavier) if xavier else 0.0, 0.06)}


@check(of="init_linear", kind="edge")
def test_the_bias_starts_at_zero(impl, draw):
    """A bias of zeros, one for each output feature"""
    layer = impl.init_linear(draw.generator(), 7, 5)
    return {"the list of keys": sorted(layer), "b": layer["b"]}


@check(of="init_linear", kind="property")
def test_weights_come_from_the_generator(impl, draw):
    """The same seed gives the same weights, another seed others"""
    one, other = draw.generator(), draw.generator()
    first = impl.init_linear(one, 6, 5)["w"]
    again = impl.init_linear(one, 6, 5)["w"]
    another = impl.init_linear(other, 6, 5)["w"]
    return {
        "the same seed gives the same weights": bool(np.array_equal(first, again)),
        "another seed gives the same weights": bool(np.array_equal(first, another)),
        "the number of different weights": len(np.unique(first)),
    }


@check(of="init_linear", kind="edge")
def test_parameters_have_the_dtype_asked_for(impl, draw):
    """float32 weights and bias when float32 is asked for, by either scheme"""
    xavier = impl.init_linear(draw.generator(), 5, 3, "xavier", np.float32)
    he = impl.init_linear(draw.generator(), 5, 3, scheme="he", dtype=np.float32)
    return {"xavier": dtypes(xavier), "he": dtypes(he)}


@check(of="init_linear", kind="error", weight=0.5)
def test_an_unknown_scheme(impl, draw):
    """A ValueError for a scheme that there is not"""
    return {
        "the error for the scheme": error_of(
            impl.init_linear, draw.generator(), 3, 4, scheme="normal"
        )
    }


@check(of="linear", weight=2)
def test_y_for_rows(impl, draw):
    """y for a matrix of rows"""
    y, _ = impl.linear(draw.normal(4, 3), draw.normal(3, 5), draw.normal(5))
    return {"y": y}


@check(of="linear", weight=2)
def test_y_for_a_batch_of_sequences(impl, draw):
    """y for a (batch, time, features) input"""
    y, _ = impl.linear(draw.normal(2, 3, 5), draw.normal(5, 4), draw.normal(4))
    return {"y": y}


@check(of="linear")
def test_y_for_square_weights(impl, draw):
    """y where w is square: no shape gives a transpose away"""
    y, _ = impl.linear(draw.normal(3, 4), draw.normal(4, 4), draw.normal(4))
    return {"y": y}


@check(of="linear", kind="edge")
def test_y_for_sizes_of_one(impl, draw):
    """y for one row, one feature in and out, one vector, four axes"""
    b = draw.normal(4)
    return {
        "one row": impl.linear(draw.normal(1, 3), draw.normal(3, 4), b)[0],
        "one input": impl.linear(draw.normal(5, 1), draw.normal(1, 4), b)[0],
        "one output": impl.linear(draw.normal(5, 3), draw.normal(3, 1), draw.normal(1))[0],
        "one vector": impl.linear(draw.normal(3), draw.normal(3, 4), b)[0],
        "four axes": impl.linear(draw.normal(2, 1, 3, 5), draw.normal(5, 4), b)[0],
    }


@check(of="linear", kind="dtype")
def test_float32_y(impl, draw):
    """float32 in, float32 out"""
    x, w = draw.normal(2, 3, 5, dtype=np.float32), draw.normal(5, 4, dtype=np.float32)
    return {"y": impl.linear(x, w, draw.normal(4, dtype=np.float32))[0]}


@check(of="linear", kind="error", weight=0.5)
def test_shapes_that_do_not_go_together(impl, draw):
    """A ValueError for an x or a b that does not fit w"""
    x, w, b = draw.normal(4, 3), draw.normal(3, 5), draw.normal(5)
    return {
        "the error for a wrong x": error_of(impl.linear, draw.normal(4, 5), w, b),
        "the error for a wrong b": error_of(impl.linear, x, w, draw.normal(1)),
    }


def linear_gradients(impl, draw, x_shape, d_out, dtype=np.float64):
    """The three gradients for random arguments and a random upstream gradient."""
    x, w, b = draw.normal(*x_shape), draw.normal(x_shape[-1], d_out), draw.normal(d_out)
    dy = draw.normal(*x_shape[:-1], d_out)
    x, w, b, dy = (array.astype(dtype) for array in (x, w, b, dy))
    _, cache = impl.linear(x, w, b)
    return impl.linear_backward(dy, cache)


@check(of="linear_backward", weight=2)
def test_gradients_for_rows(impl, draw):
    """Gradients of x, w and b for a matrix of rows"""
    dx, dw, db = linear_gradients(impl, draw, (6, 3), 4)
    return {"dx": dx, "dw": dw, "db": db}


@check(of="linear_backward", weight=2)
def test_dx_for_a_batch_of_sequences(impl, draw):
    """Gradient of x for a (batch, time, features) input"""
    dx, _, _ = linear_gradients(impl, draw, (2, 3, 5), 4)
    return {"dx": dx}


@check(of="linear_backward", weight=2)
def test_dw_for_a_batch_of_sequences(impl, draw):
    """Gradient of w for a (batch, time, features) input"""
    _, dw, _ = linear_gradients(impl, draw, (3, 2, 5), 4)
    return {"dw": dw}


@check(of="linear_backward", weight=2)
def test_db_for_a_batch_of_sequences(impl, draw):
    """Gradient of b for a (batch, time, features) input"""
    _, _, db = linear_gradients(impl, draw, (2, 4, 3), 5)
    return {"db": db}


@check(of="linear_backward")
def test_gradients_for_square_weights(impl, draw):
    """Gradients where w is square: no shape gives a transpose away"""
    dx, dw, db = linear_gradients(impl, draw, (3, 4), 4)
    return {"dx": dx, "dw": dw, "db": db}


@check(of="linear_backward", kind="edge")
def test_gradients_for_sizes_of_one(impl, draw):
    """Gradients for one row, one feature in and out, one vector, four axes"""
    cases = {
        "one row": ((1, 3), 4),
        "one input": ((5, 1), 4),
        "one output": ((5, 3), 1),
        "one vector": ((3,), 4),
        "four axes": ((2, 1, 3, 5), 4),
    }
    return {name: linear_gradients(impl, draw, *sizes) for name, sizes in cases.items()}


@check(of="linear_backward", kind="dtype")
def test_float32_gradients(impl, draw):
    """float32 in, float32 gradients out"""
    dx, dw, db = linear_gradients(impl, draw, (2, 3, 5), 4, np.float32)
    return {"dx": dx, "dw": dw, "db": db}


@check(of="linear_backward", kind="property")
def test_a_batch_given_twice(impl, draw):
    """Every row given twice: dw and db double, dx stays"""
    x, w, b, dy = draw.normal(3, 4), draw.normal(4, 5), draw.normal(5), draw.normal(3, 5)
    dx, dw, db = impl.linear_backward(dy, impl.linear(x, w, b)[1])
    _, cache = impl.linear(np.concatenate([x, x]), w, b)
    dx_twice, dw_twice, db_twice = impl.linear_backward(np.concatenate([dy, dy]), cache)
    return {"dx": dx_twice[:3] - dx, "dw": dw_twice - 2 * dw, "db": db_twice - 2 * db}


@check(of="init_mlp", weight=2, rtol=0.05)
def test_layers_have_their_shapes_and_spread(impl, draw):
    """Number, shapes and spread of the layers, by the He scheme unless told"""
    sizes = (150, 200, 120)
    layers = impl.init_mlp(draw.generator(), sizes)
    return {
        "layers": [
            spread(layer["w"], np.sqrt(2 / d_in)) | {"the shape of b": list(layer["b"].shape)}
            for layer, d_in in zip(layers, sizes, strict=False)
        ]
    }


@check(of="init_mlp", rtol=0.05)
def test_the_scheme_reaches_every_layer(impl, draw):
    """Spread of the layers by the Xavier scheme"""
    layers = impl.init_mlp(draw.generator(), [300, 80, 300], scheme="xavier")
    return {
        "layers": [
            spread(layer["w"], np.sqrt(2 / total))
            for layer, total in zip(layers, (380, 380), strict=False)
        ]
    }


@check(of="init_mlp", kind="property")
def test_every_layer_has_weights_of_its_own(impl, draw):
    """Layers of one size differ; the same seed gives the same network"""
    seed, other = draw.generator(), draw.generator()
    first, again = impl.init_mlp(seed, (4, 4, 4)), impl.init_mlp(seed, (4, 4, 4))
    another = impl.init_mlp(other, (4, 4, 4))
    return {
        "layers of one size are equal": bool(np.array_equal(first[0]["w"], first[1]["w"])),
        "the same seed gives the same network": bool(np.array_equal(first[1]["w"], again[1]["w"])),
        "another seed gives the same network": bool(np.array_equal(first[1]["w"], another[1]["w"])),
    }


@check(of="init_mlp", kind="edge")
def test_every_layer_has_the_dtype_asked_for(impl, draw):
    """float32 layers when float32 is asked for"""
    layers = impl.init_mlp(draw.generator(), (3, 5, 2), dtype=np.float32)
    return {"layers": [dtypes(layer) for layer in layers]}


@check(of="init_mlp", kind="edge", weight=0.5)
def test_two_sizes_make_one_layer(impl, draw):
    """Shapes of the smallest network, a single layer"""
    layers = impl.init_mlp(draw.generator(), (4, 3))
    return {"shapes": [[list(layer["w"].shape), list(layer["b"].shape)] for layer in layers]}


@check(of="init_mlp", kind="error", weight=0.5)
def test_a_single_size(impl, draw):
    """A ValueError for one size, which makes no layer"""
    return {"the error for one size": error_of(impl.init_mlp, draw.generator(), (5,))}


@check(of="mlp", weight=2)
def test_two_layers_of_rows(impl, draw):
    """y of two layers with ReLU between them"""
    return {"y": impl.mlp(draw.normal(6, 3), layers_of(draw, 3, 7, 4))[0]}


@check(of="mlp", weight=2)
def test_four_layers_of_a_batch_of_sequences(impl, draw):
    """y of four layers for a (batch, time, features) input"""
    layers = layers_of(draw, 5, 7, 6, 8, 4)
    return {"y": impl.mlp(draw.normal(2, 3, 5), layers, activation="relu")[0]}


@check(of="mlp", weight=2)
def test_every_activation_by_its_name(impl, draw):
    """y of three layers for each name of an activation"""
    x, layers = draw.normal(5, 3), layers_of(draw, 3, 6, 5, 4)
    return {name: impl.mlp(x, layers, activation=name)[0] for name in ACTIVATIONS}


@check(of="mlp")
def test_one_layer_is_linear(impl, draw):
    """y of a single layer, which has no activation after it"""
    return {"y": impl.mlp(draw.normal(6, 4), layers_of(draw, 4, 5), activation="gelu")[0]}


@check(of="mlp")
def test_layers_of_one_size(impl, draw):
    """y where all layers are square: no shape gives their order away"""
    return {"y": impl.mlp(draw.normal(5, 4), layers_of(draw, 4, 4, 4, 4))[0]}


@check(of="mlp", kind="property")
def test_rows_do_not_meet(impl, draw):
    """Rows in another order give the same outputs in that order"""
    x, layers, order = draw.normal(7, 4), layers_of(draw, 4, 6, 3), draw.permutation(7)
    straight, _ = impl.mlp(x, layers, "tanh")
    shuffled, _ = impl.mlp(x[order], layers, "tanh")
    return {"the difference": shuffled - straight[order]}


@check(of="mlp", kind="dtype")
def test_float32_network(impl, draw):
    """float32 in, float32 out"""
    x, layers = draw.normal(2, 3, 4, dtype=np.float32), layers_of(draw, 4, 6, 3, dtype=np.float32)
    return {"y": impl.mlp(x, layers, "tanh")[0]}


@check(of="mlp", kind="error", weight=0.5)
def test_layers_that_can_not_be_run(impl, draw):
    """A ValueError for an unknown activation, no layers, unfit layers"""
    x, layers = draw.normal(5, 3), layers_of(draw, 3, 4, 2)
    return {
        "the error for the activation": error_of(impl.mlp, x, layers, activation="swish"),
        "the error for no layers": error_of(impl.mlp, x, []),
        "the error for unfit layers": error_of(impl.mlp, x, [layers[1], layers[0]]),
    }


def mlp_gradients(impl, draw, x_shape, sizes, activation="relu", dtype=np.float64):
    """dx and the layers' gradients, for random arguments and a random upstream gradient."""
    x = draw.normal(*x_shape, sizes[0], dtype=dtype)
    layers = layers_of(draw, *sizes, dtype=dtype)
    dy = draw.normal(*x_shape, sizes[-1], dtype=dtype)
    _, cache = impl.mlp(x, layers, activation)
    dx, grads = impl.mlp_backward(dy, cache)
    return {"dx": dx, "grads": grads}


@check(of="mlp_backward", weight=2)
def test_network_gradients_for_rows(impl, draw):
    """Gradients through two layers with ReLU between them"""
    return mlp_gradients(impl, draw, (7,), (3, 6, 4))


@check(of="mlp_backward", weight=2)
def test_network_gradients_for_a_batch_of_sequences(impl, draw):
    """Gradients through four layers for a (batch, time, features) input"""
    return mlp_gradients(impl, draw, (3, 4), (5, 7, 6, 8, 4))


@check(of="mlp_backward")
def test_gradient_of_the_networks_input(impl, draw):
    """Gradient of x alone, through three layers with tanh between them"""
    return {"dx": mlp_gradients(impl, draw, (2, 3), (5, 6, 7, 4), "tanh")["dx"]}


@check(of="mlp_backward", weight=2)
def test_gradients_through_every_activation(impl, draw):
    """Gradients through three layers for each name of an activation"""
    return {name: mlp_gradients(impl, draw, (6,), (3, 7, 5, 2), name) for name in ACTIVATIONS}


@check(of="mlp_backward")
def test_gradients_of_one_layer(impl, draw):
    """Gradients of a single layer, which has no activation after it"""
    return mlp_gradients(impl, draw, (6,), (4, 5), "sigmoid")


@check(of="mlp_backward")
def test_gradients_of_layers_of_one_size(impl, draw):
    """Gradients where all layers are square: no shape gives them away"""
    return mlp_gradients(impl, draw, (6,), (4, 4, 4, 4))


@check(of="mlp_backward", kind="property")
def test_gradients_are_linear_in_dy(impl, draw):
    """The gradient of a sum of losses is the sum of their gradients"""
    x, layers = draw.normal(5, 3), layers_of(draw, 3, 6, 4)
    one, other = draw.normal(5, 4), draw.normal(5, 4)
    dx, grads = zip(
        *(impl.mlp_backward(dy, impl.mlp(x, layers)[1]) for dy in (one, other, one + other)),
        strict=True,
    )
    dw = [network[0]["w"] for network in grads]
    return {"dx": dx[2] - dx[0] - dx[1], "dw": dw[2] - dw[0] - dw[1]}


@check(of="mlp_backward", kind="dtype")
def test_float32_network_gradients(impl, draw):
    """float32 in, float32 gradients out"""
    return mlp_gradients(impl, draw, (2, 3), (4, 6, 3), "tanh", np.float32)


# Cost: inputs so large that a gradient computed by differences takes far too long


@check(of="linear_backward", kind="cost")
def test_gradients_of_a_large_layer(impl, draw):
    """The work that the gradients of a layer of 64 by 96 weights take"""
    dx, dw, db = linear_gradients(impl, draw, (32, 64), 96)
    return {"dx": dx, "dw": dw, "db": db}


@check(of="mlp_backward", kind="cost")
def test_gradients_of_a_large_network(impl, draw):
    """The work that the gradients of three layers with 5,000 weights take"""
    return mlp_gradients(impl, draw, (8,), (32, 64, 40, 12))
