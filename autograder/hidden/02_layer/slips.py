"""Known slips in linear layers, their initialisation and the MLP."""

from itertools import pairwise

import numpy as np

from autograder.checker import misconception

PRODUCT = "handout.md#one-product-for-every-row"
BY_SHAPES = "handout.md#the-gradient-by-shapes"
BY_INDICES = "handout.md#the-gradient-by-indices"
ROWS_ADD = "handout.md#every-row-adds-its-share"
HOW_LARGE = "handout.md#how-large-a-weight-should-be"
SCHEMES = "handout.md#fan-in-fan-out-and-two-schemes"
NETWORK = "handout.md#from-layers-to-a-network"
BACKWARDS = "handout.md#backwards-through-the-network"
FLOATING_POINT = "handout.md#floating-point"


def rows_of(x):
    """All leading axes as one."""
    return x.reshape(-1, x.shape[-1])


def normal_layer(rng, std, d_in, d_out, dtype=np.float64):
    """A layer with normal weights of this standard deviation and a zero bias."""
    return {"w": rng.normal(0, std, (d_in, d_out)).astype(dtype), "b": np.zeros(d_out, dtype)}


# init_linear


@misconception(of="init_linear", see=HOW_LARGE)
def starts_from_zero_weights(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The weights start at zero: all units of a layer then get the same gradient for ever."""
    return normal_layer(rng, 0, d_in, d_out, dtype)


@misconception(of="init_linear", see=SCHEMES)
def exchanges_xavier_and_he(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """Each scheme has the other's standard deviation: Xavier averages both sizes, He takes d_in."""
    variance = 2 / d_in if scheme == "xavier" else 2 / (d_in + d_out)
    return normal_layer(rng, np.sqrt(variance), d_in, d_out, dtype)


@misconception(of="init_linear", see=SCHEMES)
def uses_the_variance_as_standard_deviation(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The formula gives a variance; the generator wants its square root."""
    variance = 2 / (d_in + d_out) if scheme == "xavier" else 2 / d_in
    return normal_layer(rng, variance, d_in, d_out, dtype)


@misconception(of="init_linear", see=SCHEMES)
def forgets_the_two(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The variance is half of what it should be: both formulas have a 2 above the line."""
    variance = 1 / (d_in + d_out) if scheme == "xavier" else 1 / d_in
    return normal_layer(rng, np.sqrt(variance), d_in, d_out, dtype)


@misconception(of="init_linear", see=SCHEMES)
def takes_the_fan_in_alone_for_xavier(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """Xavier with 1 / d_in keeps the forward pass only. That is right elsewhere; here the two
    sizes are averaged.
    """
    variance = 1 / d_in if scheme == "xavier" else 2 / d_in
    return normal_layer(rng, np.sqrt(variance), d_in, d_out, dtype)


@misconception(of="init_linear", see=HOW_LARGE)
def draws_positive_weights(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """All weights are positive: `rng.random` draws from 0 to 1, and the mean should be 0."""
    std = np.sqrt(2 / (d_in + d_out) if scheme == "xavier" else 2 / d_in)
    layer = normal_layer(rng, 0, d_in, d_out, dtype)
    return layer | {"w": (std * rng.random((d_in, d_out))).astype(dtype)}


@misconception(of="init_linear", see=SCHEMES)
def stores_the_weights_transposed(reference, rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """w has shape (d_out, d_in), as in UDL. Our rows need (d_in, d_out)."""
    layer = reference.init_linear(rng, d_in, d_out, scheme, dtype)
    return layer | {"w": layer["w"].T.copy()}


@misconception(of="init_linear", see=HOW_LARGE)
def draws_the_bias(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The bias is drawn at random too. Random weights suffice to make the units differ; the
    bias starts at zero.
    """
    std = np.sqrt(2 / (d_in + d_out) if scheme == "xavier" else 2 / d_in)
    layer = normal_layer(rng, std, d_in, d_out, dtype)
    return layer | {"b": rng.normal(0, std, d_out).astype(dtype)}


@misconception(of="init_linear", see=SCHEMES)
def makes_the_bias_a_row(right, rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """b has shape (1, d_out); it is a vector, (d_out,)."""
    return right | {"b": np.zeros((1, d_out), dtype)}


@misconception(of="init_linear", see=HOW_LARGE)
def seeds_a_generator_of_its_own(reference, rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The generator `rng` is not used: every call draws the same weights."""
    return reference.init_linear(np.random.default_rng(0), d_in, d_out, scheme, dtype)


@misconception(of="init_linear", see=HOW_LARGE)
def draws_from_numpys_global_state(reference, rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The weights come from `np.random`, not from `rng`: the same seed gives other weights."""
    return reference.init_linear(np.random.default_rng(), d_in, d_out, scheme, dtype)


@misconception(of="init_linear", see=FLOATING_POINT)
def draws_float64_whatever_is_asked(reference, rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The argument `dtype` is not used: the parameters are always float64."""
    return reference.init_linear(rng, d_in, d_out, scheme)


@misconception(of="init_linear", see=FLOATING_POINT)
def lets_the_deviation_raise_the_dtype(right, rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The weights came out as float64: a factor from `np.sqrt` is a float64 number, and
    raises a float32 array.
    """
    return right | {"w": right["w"].astype(np.float64)}


# linear


@misconception(of="linear", see=PRODUCT)
def multiplies_by_w_transposed(x, w, b):
    """The product was taken with w transposed: UDL's matrices are (d_out, d_in), ours (d_in,
    d_out).
    """
    return x @ w.T + b


@misconception(of="linear", see=PRODUCT, easier_backward=True)
def leaves_out_the_bias(x, w, b):
    """The bias is not added."""
    return x @ w


@misconception(of="linear", see=PRODUCT)
def leaves_the_rows_flat(x, w, b):
    """The leading axes were flattened for the product and not put back."""
    return rows_of(x) @ w + b


@misconception(of="linear", see=PRODUCT)
def applies_an_activation_in_the_layer(x, w, b):
    """A ReLU was applied to y: `linear` has no activation, `mlp` puts it between layers."""
    return np.maximum(x @ w + b, 0)


@misconception(of="linear", see=FLOATING_POINT)
def computes_in_float64(right, x, w, b):
    """y is float64 although all arguments are float32."""
    return right.astype(np.float64)


# linear_backward


@misconception(of="linear_backward", see=BY_SHAPES)
def transposes_dw(right, dy, x, w, b):
    """dw is transposed: it must have w's shape, (d_in, d_out), so x.T stands on the left."""
    dx, dw, db = right
    return dx, dw.T, db


@misconception(of="linear_backward", see=BY_INDICES)
def takes_dx_by_w(right, dy, x, w, b):
    """dx was taken with w, not with w transposed: dx sums over the output features."""
    _, dw, db = right
    return dy @ w, dw, db


@misconception(of="linear_backward", see=ROWS_ADD)
def averages_dw_and_db(right, dy, x, w, b):
    """dw and db were divided by the number of rows; the mean, if there is one, belongs to the
    loss.
    """
    dx, dw, db = right
    return dx, dw / len(rows_of(dy)), db / len(rows_of(dy))


@misconception(of="linear_backward", see=ROWS_ADD)
def divides_by_the_batch_axis(right, dy, x, w, b):
    """dw and db were divided by the size of the first axis; gradients of rows add."""
    dx, dw, db = right
    return dx, dw / len(dy), db / len(dy)


@misconception(of="linear_backward", see=BY_SHAPES)
def keeps_an_axis_of_db(right, dy, x, w, b):
    """db kept its summed axis: it must have b's shape, (d_out,)."""
    dx, dw, db = right
    return dx, dw, db[None, :]


@misconception(of="linear_backward", see=ROWS_ADD)
def leaves_dw_unsummed_over_the_batch(right, dy, x, w, b):
    """There is one dw for each sequence: their sum over the batch is missing."""
    dx, _, db = right
    return dx, np.swapaxes(np.atleast_2d(x), -1, -2) @ np.atleast_2d(dy), db


@misconception(of="linear_backward", see=ROWS_ADD)
def sums_db_over_the_features(right, dy, x, w, b):
    """db was summed over the features; it must sum over the rows."""
    dx, dw, _ = right
    return dx, dw, dy.sum(-1)


@misconception(of="linear_backward", see=ROWS_ADD)
def sets_db_to_one(right, dy, x, w, b):
    """db is one everywhere: that is the derivative of y by b, not yet multiplied by dy."""
    dx, dw, db = right
    return dx, dw, np.ones_like(db)


@misconception(of="linear_backward", see=BY_INDICES)
def leaves_dy_out_of_dw(right, dy, x, w, b):
    """dw holds sums of x alone: the upstream gradient dy is missing from it."""
    dx, dw, db = right
    return dx, dw * 0 + rows_of(x).sum(0)[:, None], db


@misconception(of="linear_backward", see=BY_INDICES)
def leaves_dy_out_of_dx(right, dy, x, w, b):
    """dx holds sums of w alone: the upstream gradient dy is missing from it."""
    dx, dw, db = right
    return dx * 0 + w.sum(1), dw, db


@misconception(of="linear_backward", see=BY_SHAPES)
def returns_the_gradients_of_the_parameters_first(right, dy, x, w, b):
    """The gradients come in the order dw, db, dx; they must come in the order of the
    arguments: x, w, b.
    """
    dx, dw, db = right
    return dw, db, dx


@misconception(of="linear_backward", see=BY_SHAPES)
def leaves_dx_flat(right, dy, x, w, b):
    """dx has flattened rows; it must have x's shape."""
    dx, dw, db = right
    return rows_of(dx), dw, db


@misconception(of="linear_backward", see=FLOATING_POINT)
def sums_in_float64(right, dy, x, w, b):
    """The gradients are float64 although all arguments are float32."""
    return tuple(gradient.astype(np.float64) for gradient in right)


# init_mlp


@misconception(of="init_mlp", see=NETWORK)
def makes_one_layer_too_few(right, rng, sizes, scheme="he", dtype=np.float64):
    """The last layer is missing: n sizes make n - 1 layers."""
    return right[:-1]


@misconception(of="init_mlp", see=NETWORK)
def makes_one_layer_too_many(reference, rng, sizes, scheme="he", dtype=np.float64):
    """There is a layer too many: n sizes make n - 1 layers."""
    return reference.init_mlp(rng, (sizes[0], *sizes), scheme, dtype)


@misconception(of="init_mlp", see=HOW_LARGE)
def starts_the_network_from_zeros(right, rng, sizes, scheme="he", dtype=np.float64):
    """The weights start at zero: all units of a layer then get the same gradient for ever."""
    return [{name: 0 * array for name, array in layer.items()} for layer in right]


@misconception(of="init_mlp", see=HOW_LARGE)
def draws_every_layer_alike(reference, rng, sizes, scheme="he", dtype=np.float64):
    """Each layer starts a generator of the same seed, so that layers of one size are equal."""
    seed = int(rng.integers(2**31))
    return [
        reference.init_linear(np.random.default_rng(seed), m, n, scheme, dtype)
        for m, n in pairwise(sizes)
    ]


@misconception(of="init_mlp", see=HOW_LARGE)
def seeds_the_network_itself(reference, rng, sizes, scheme="he", dtype=np.float64):
    """The generator `rng` is not used: every network is the same."""
    return reference.init_mlp(np.random.default_rng(0), sizes, scheme, dtype)


@misconception(of="init_mlp", see=SCHEMES)
def scales_every_layer_by_the_first_size(right, rng, sizes, scheme="he", dtype=np.float64):
    """Every layer has the spread of the first one: a layer's spread follows from its own sizes."""
    first = right[0]["w"].std()
    return [layer | {"w": (layer["w"] / layer["w"].std() * first).astype(dtype)} for layer in right]


# mlp


def run_layers(reference, x, layers, between):
    """The layers in order; `between(k, z)` gives what layer k's result becomes."""
    for k, layer in enumerate(layers):
        x = between(k, reference.linear(x, layer["w"], layer["b"])[0])
    return x


@misconception(of="mlp", see=NETWORK)
def activates_the_last_layer(right, reference, x, layers, activation="relu"):
    """The activation was applied after the last layer too; it stands only between layers."""
    return getattr(reference, activation)(right)[0]


@misconception(of="mlp", see=NETWORK, easier_backward=True)
def activates_no_layer(reference, x, layers, activation="relu"):
    """No activation was applied: layers without one collapse into a single linear map."""
    return run_layers(reference, x, layers, lambda _k, z: z)


@misconception(of="mlp", see=NETWORK)
def activates_the_first_layer_only(reference, x, layers, activation="relu"):
    """Only the first layer's result is activated; every one but the last should be."""
    act = getattr(reference, activation)
    return run_layers(reference, x, layers, lambda k, z: z if k or len(layers) == 1 else act(z)[0])


@misconception(of="mlp", see=NETWORK)
def activates_the_input(reference, x, layers, activation="relu"):
    """The activation stands before each layer, the first included: the network's input is
    activated too.
    """
    act = getattr(reference, activation)
    return reference.mlp(act(x)[0], layers, activation)[0]


@misconception(of="mlp", see=NETWORK)
def overwrites_the_input(reference, x, layers, activation="relu"):
    """The activation worked in place on the network's input, which belongs to the caller."""
    x[...] = getattr(reference, activation)(x)[0]
    return reference.mlp(x, layers, activation)[0]


@misconception(of="mlp", see=PRODUCT, easier_backward=True)
def leaves_out_every_bias(reference, x, layers, activation="relu"):
    """The layers' biases are not added."""
    without = [layer | {"b": 0 * layer["b"]} for layer in layers]
    return reference.mlp(x, without, activation)[0]


@misconception(of="mlp", see=NETWORK)
def adds_the_bias_after_the_activation(reference, x, layers, activation="relu"):
    """The bias was added after the activation; it belongs to the linear layer, before it."""
    *hidden, last = layers
    for layer in hidden:
        x = getattr(reference, activation)(x @ layer["w"])[0] + layer["b"]
    return x @ last["w"] + last["b"]


@misconception(of="mlp", see=NETWORK)
def runs_the_layers_backwards(reference, x, layers, activation="relu"):
    """The layers ran from the last to the first."""
    return reference.mlp(x, layers[::-1], activation)[0]


@misconception(of="mlp", see=PRODUCT)
def multiplies_by_every_w_transposed(reference, x, layers, activation="relu"):
    """The products were taken with w transposed: ours are (d_in, d_out)."""
    turned = [layer | {"w": layer["w"].T} for layer in layers]
    return reference.mlp(x, turned, activation)[0]


@misconception(of="mlp", see=NETWORK, easier_backward=True)
def skips_the_last_layer(reference, x, layers, activation="relu"):
    """The last layer did not run: the loop ends before it, and it needs a line of its own."""
    for layer in layers[:-1]:
        x = getattr(reference, activation)(reference.linear(x, layer["w"], layer["b"])[0])[0]
    return x


@misconception(of="mlp", see=FLOATING_POINT)
def runs_the_network_in_float64(right, x, layers, activation="relu"):
    """y is float64 although all arguments are float32."""
    return right.astype(np.float64)


# mlp_backward


def backward_with(reference, dy, x, layers, activation, slope, dw_with_z=False):
    """The right backward but for `slope(dx, z)`; dw with z, before the activation, if asked."""
    inputs = [(x, x)]
    for layer in layers:
        z, _ = reference.linear(inputs[-1][1], layer["w"], layer["b"])
        inputs.append((z, getattr(reference, activation)(z)[0]))
    dx, grads = dy, []
    for k in reversed(range(len(layers))):
        before, after = inputs[k]
        dw = rows_of(before if dw_with_z else after).T @ rows_of(dx)
        grads.insert(0, {"w": dw, "b": rows_of(dx).sum(0)})
        dx = dx @ layers[k]["w"].T
        if k:
            dx = slope(dx, before)
    return dx, grads


def slope_of(reference, name, dy, z):
    """dy through the activation of this name at z."""
    _, cache = getattr(reference, name)(z)
    return getattr(reference, f"{name}_backward")(dy, cache)


@misconception(of="mlp_backward", see=BACKWARDS)
def differentiates_at_the_activated_value(reference, dy, x, layers, activation="relu"):
    """The activation's derivative was taken at its output; it must be taken at its input."""
    act = getattr(reference, activation)
    return backward_with(
        reference,
        dy,
        x,
        layers,
        activation,
        lambda dx, z: slope_of(reference, activation, dx, act(z)[0]),
    )


@misconception(of="mlp_backward", see=BACKWARDS)
def activates_the_gradient(reference, dy, x, layers, activation="relu"):
    """The activation itself was applied to the gradient; what belongs there is its derivative
    at the forward's input, times the gradient.
    """
    act = getattr(reference, activation)
    return backward_with(reference, dy, x, layers, activation, lambda dx, _z: act(dx)[0])


@misconception(of="mlp_backward", see=BACKWARDS)
def replaces_the_gradient_by_the_derivative(reference, dy, x, layers, activation="relu"):
    """The activation's derivative took the gradient's place; the two must be multiplied."""
    return backward_with(
        reference,
        dy,
        x,
        layers,
        activation,
        lambda dx, z: slope_of(reference, activation, np.ones_like(dx), z),
    )


@misconception(of="mlp_backward", see=BACKWARDS)
def takes_dw_with_the_value_before_the_activation(reference, dy, x, layers, activation="relu"):
    """dw was taken with what stood before the activation; the layer saw what came after it."""
    return backward_with(
        reference,
        dy,
        x,
        layers,
        activation,
        lambda dx, z: slope_of(reference, activation, dx, z),
        dw_with_z=True,
    )


@misconception(of="mlp_backward", see=BACKWARDS)
def differentiates_an_activation_after_the_last_layer(reference, dy, x, layers, activation="relu"):
    """dy went through an activation's derivative first; there is no activation after the last
    layer.
    """
    y, _ = reference.mlp(x, layers, activation)
    _, cache = reference.mlp(x, layers, activation)
    return reference.mlp_backward(slope_of(reference, activation, dy, y), cache)


@misconception(of="mlp_backward", see=BACKWARDS)
def returns_the_layers_in_reverse(right, dy, x, layers, activation="relu"):
    """The gradients come from the last layer to the first; they must have the order of `layers`."""
    dx, grads = right
    return dx, grads[::-1]


@misconception(of="mlp_backward", see=BACKWARDS)
def forgets_the_last_layers_gradients(right, dy, x, layers, activation="relu"):
    """The last layer's gradients are not in the list."""
    dx, grads = right
    return dx, grads[:-1]


@misconception(of="mlp_backward", see=BACKWARDS)
def stops_before_the_input(reference, dy, x, layers, activation="relu"):
    """dx is the gradient of the first layer's result: the last step, through its w, is missing."""
    first = reference.linear(x, **layers[0])[0]
    _, grads = reference.mlp_backward(dy, reference.mlp(x, layers, activation)[1])
    if len(layers) == 1:
        return dy, grads
    after, cache = getattr(reference, activation)(first)
    dh, _ = reference.mlp_backward(dy, reference.mlp(after, layers[1:], activation)[1])
    return getattr(reference, f"{activation}_backward")(dh, cache), grads


@misconception(of="mlp_backward", see=BACKWARDS)
def names_the_gradients_dw_and_db(right, dy, x, layers, activation="relu"):
    """The gradients have the keys "dw" and "db"; they must have the keys of the parameters,
    "w" and "b".
    """
    dx, grads = right
    return dx, [{"dw": grad["w"], "db": grad["b"]} for grad in grads]


@misconception(of="mlp_backward", see=ROWS_ADD)
def averages_over_the_rows(right, dy, x, layers, activation="relu"):
    """The parameters' gradients were divided by the number of rows; the mean, if there is
    one, belongs to the loss.
    """
    dx, grads = right
    count = len(rows_of(x))
    return dx, [{name: value / count for name, value in grad.items()} for grad in grads]


@misconception(of="mlp_backward", see=BACKWARDS)
def passes_w_untransposed(right, dy, x, layers, activation="relu"):
    """dx went backwards through w itself; it must go through w transposed."""
    _, grads = right
    dx = dy
    for layer in reversed(layers):
        dx = dx @ layer["w"]
    return dx, grads


@misconception(of="mlp_backward", see=FLOATING_POINT)
def runs_backwards_in_float64(right, dy, x, layers, activation="relu"):
    """The gradients are float64 although all arguments are float32."""
    dx, grads = right
    wide = [{name: value.astype(np.float64) for name, value in grad.items()} for grad in grads]
    return dx.astype(np.float64), wide
