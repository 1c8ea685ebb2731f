"""The reference's linear layer, initialisation and MLP."""

import numpy as np
import pytest

from transformer.gradient_check import check_gradients, numerical_gradient
from transformer.layer import (
    ACTIVATIONS,
    init_linear,
    init_mlp,
    linear,
    linear_backward,
    mlp,
    mlp_backward,
)

CLOSE = 1e-7  # of max|gradient| + 1: what central differences in float64 can tell


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def random_layers(rng, sizes, dtype=np.float64):
    layers = init_mlp(rng, sizes, dtype=dtype)
    for layer in layers:
        layer["b"] = rng.normal(size=layer["b"].shape).astype(dtype)
    return layers


def error(ours, numerical):
    assert ours.shape == numerical.shape
    return np.abs(ours - numerical).max() / (np.abs(numerical).max() + 1)


@pytest.mark.parametrize("shape", [(6, 3), (2, 5, 3), (2, 1, 4, 3), (3,), (1, 3)])
def test_linear_backward_is_the_gradient(rng, shape):
    x, w, b = rng.normal(size=shape), rng.normal(size=(3, 4)), rng.normal(size=4)
    dy = rng.normal(size=(*shape[:-1], 4))
    dx, dw, db = linear_backward(dy, linear(x, w, b)[1])
    assert error(dx, numerical_gradient(lambda x: linear(x, w, b)[0], x, dy)) < CLOSE
    assert error(dw, numerical_gradient(lambda w: linear(x, w, b)[0], w, dy)) < CLOSE
    assert error(db, numerical_gradient(lambda b: linear(x, w, b)[0], b, dy)) < CLOSE


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(7,), (2, 3)])
@pytest.mark.parametrize("sizes", [(4, 3), (3, 6, 2), (3, 5, 6, 4), (1, 1, 1)])
def test_mlp_backward_is_the_gradient(rng, activation, shape, sizes):
    x, layers = rng.normal(size=(*shape, sizes[0])), random_layers(rng, sizes)
    report = check_gradients(
        lambda x, layers: mlp(x, layers, activation), mlp_backward, (x, layers), rng
    )
    assert len(report) == 1 + 2 * (len(sizes) - 1)
    assert report.worst < CLOSE, str(report)


def test_linear_is_the_formula(rng):
    x, w, b = rng.normal(size=(2, 3, 5)), rng.normal(size=(5, 4)), rng.normal(size=4)
    np.testing.assert_allclose(linear(x, w, b)[0], x @ w + b, rtol=1e-13)


def test_a_permuted_view_is_the_same_as_its_copy(rng):
    x, w, b = rng.normal(size=(5, 3, 2)).T, rng.normal(size=(5, 4)), rng.normal(size=4)
    dy = rng.normal(size=(4, 3, 2)).T
    for view, copy in zip(
        linear_backward(dy, linear(x, w, b)[1]),
        linear_backward(dy.copy(), linear(x.copy(), w, b)[1]),
        strict=True,
    ):
        np.testing.assert_allclose(view, copy, rtol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_float32_stays_float32(rng, activation):
    x = rng.normal(size=(2, 3, 4)).astype(np.float32)
    y, cache = mlp(x, random_layers(rng, (4, 5, 3), np.float32), activation)
    dx, grads = mlp_backward(np.ones_like(y), cache)
    arrays = [y, dx, *(array for grad in grads for array in grad.values())]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_mixed_dtypes_give_the_wider_one():
    x, w, b = np.array([[1, 2]]), np.array([[1, 0, 2], [-1, 1, 1]]), np.array([0.5, 1, -1])
    y, _ = linear(x, w, b)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, [[-0.5, 3, 3]])
    single = [array.astype(np.float32) for array in (x, w)]
    assert linear(*single, b)[0].dtype == np.float64


def test_no_argument_is_changed(rng):
    x, layers, dy = rng.normal(size=(3, 4)), random_layers(rng, (4, 5, 2)), rng.normal(size=(3, 2))
    arrays = [x, dy, *(array for layer in layers for array in layer.values())]
    for array in arrays:
        array.flags.writeable = False
    _, cache = mlp(x, layers, "identity")
    first, again = mlp_backward(dy, cache)[0], mlp_backward(dy, cache)[0]
    np.testing.assert_array_equal(first, again)


def test_no_rows_give_zero_gradients():
    x, w, b = np.zeros((0, 3)), np.ones((3, 2)), np.ones(2)
    y, cache = linear(x, w, b)
    dx, dw, db = linear_backward(y, cache)
    assert dx.shape == (0, 3)
    assert not dw.any()
    assert not db.any()


@pytest.mark.parametrize(("scheme", "variance"), [("xavier", 2 / (300 + 200)), ("he", 2 / 300)])
def test_weights_have_the_schemes_spread(rng, scheme, variance):
    layer = init_linear(rng, 300, 200, scheme)
    assert layer["w"].shape == (300, 200)
    assert abs(layer["w"].std() / np.sqrt(variance) - 1) < 0.02
    assert abs(layer["w"].mean()) < 0.02 * np.sqrt(variance)
    np.testing.assert_array_equal(layer["b"], np.zeros(200))


def test_a_network_is_drawn_layer_by_layer(rng):
    layers = init_mlp(rng, [30, 40, 40, 20], dtype=np.float32)
    assert [layer["w"].shape for layer in layers] == [(30, 40), (40, 40), (40, 20)]
    assert {array.dtype for layer in layers for array in layer.values()} == {np.dtype(np.float32)}
    again = init_mlp(np.random.default_rng(7), [30, 40, 40, 20], dtype=np.float32)
    for one, other in zip(layers, again, strict=True):
        np.testing.assert_array_equal(one["w"], other["w"])
    assert not np.array_equal(*(layer["w"] for layer in init_mlp(rng, (5, 5, 5))))


def test_he_keeps_the_spread_of_twenty_relu_layers_and_xavier_halves_its_square(rng):
    x = rng.normal(size=(400, 256))
    for scheme, factor in (("he", 1), ("xavier", 2**-10)):
        y, _ = mlp(x, init_mlp(rng, [256] * 21, scheme))
        assert 0.4 * factor < y.std() < 2.5 * factor


def test_an_activation_replaced_in_its_module_is_seen(rng, monkeypatch):
    x, layers = rng.normal(size=(3, 4)), random_layers(rng, (4, 5, 2))
    monkeypatch.setattr("transformer.activations.gelu", lambda x: (x, None))
    monkeypatch.setattr("transformer.activations.gelu_backward", lambda dy, _: dy)
    (y, cache), (plain, plain_cache) = mlp(x, layers, "gelu"), mlp(x, layers, "identity")
    np.testing.assert_array_equal(y, plain)
    np.testing.assert_array_equal(mlp_backward(y, cache)[0], mlp_backward(y, plain_cache)[0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, w, b: linear(x[:, :2], w, b), r"x has shape \(5, 2\).*\(3, 4\).*\(\.\.\., 3\)"),
        (lambda x, w, b: linear(x, w, b[:1]), r"b has shape \(1,\).*\(3, 4\).*\(4,\)"),
        (lambda x, w, b: mlp(x, [{"w": w, "b": b}], "swish"), "activation is 'swish'.*relu"),
        (lambda x, w, b: mlp(x, [{"w": w, "b": b}] * 2), r"x has shape \(5, 4\)"),
        (lambda x, w, b: mlp(x, [{"w": w, "b": b}], "softmax"), "activation is 'softmax'"),
        (lambda x, w, b: mlp(x, []), "layers is empty"),
        (lambda x, w, b: init_linear(None, 3, 4, "normal"), "scheme is 'normal'.*xavier, he"),
        (lambda x, w, b: init_mlp(None, (3, 4), "normal"), "scheme is 'normal'"),
        (lambda x, w, b: init_mlp(None, (3,)), r"sizes is \(3,\)"),
    ],
)
def test_what_does_not_go_together_is_named(rng, call, words):
    with pytest.raises(ValueError, match=words):
        call(rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4))


# The handout's section "By hand".


def test_the_handouts_linear_layer():
    x, w = np.array([[1.0, 2], [0, -1]]), np.array([[1.0, 0, 2], [-1, 1, 1]])
    y, cache = linear(x, w, np.array([0.0, 1, -1]))
    np.testing.assert_array_equal(y, [[-1, 3, 3], [1, 0, -2]])
    dx, dw, db = linear_backward(np.array([[1.0, 0, -1], [2, 1, 0]]), cache)
    np.testing.assert_array_equal(dx, [[-1, -2], [2, -1]])
    np.testing.assert_array_equal(dw, [[1, 0, -1], [0, -1, -2]])
    np.testing.assert_array_equal(db, [3, 1, -1])


def test_the_handouts_network():
    x = np.array([[1.0, 2]])
    layers = [
        {"w": np.array([[1.0, -1], [1, 1]]), "b": np.array([0.0, -2])},
        {"w": np.array([[2.0], [5]]), "b": np.array([1.0])},
    ]
    y, cache = mlp(x, layers)
    np.testing.assert_array_equal(y, [[7]])
    dx, grads = mlp_backward(np.array([[1.0]]), cache)
    np.testing.assert_array_equal(dx, [[2, 2]])
    np.testing.assert_array_equal(grads[0]["w"], [[2, 0], [4, 0]])
    np.testing.assert_array_equal(grads[0]["b"], [2, 0])
    np.testing.assert_array_equal(grads[1]["w"], [[3], [0]])
    np.testing.assert_array_equal(grads[1]["b"], [1])
