"""Activations, losses, the gradient checker and trees: gradients, edges, types, worked numbers."""

import re
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest

from transformer import activations, losses
from transformer.activations import CHUNK, gelu, gelu_backward, log_softmax, relu, sigmoid, softmax
from transformer.gradient_check import check_gradients, numerical_gradient
from transformer.losses import cross_entropy, mae, mse
from transformer.tree import tree_leaves, tree_map

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "assignments" / "01_activations"
ELEMENTWISE = ["identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu"]
LINEWISE = ["softmax", "log_softmax"]
LN3 = np.log([1.0, 2.0, 5.0])  # softmax: 1/8, 2/8, 5/8


def pair(name):
    return getattr(activations, name), getattr(activations, f"{name}_backward")


def run(name, x, dy, **options):
    forward, backward = pair(name)
    y, cache = forward(x, **options)
    return y, backward(dy, cache)


def as_layer(loss, *rest, **options):
    """A loss as a layer: its gradient is the cache, and the backward multiplies it by dy."""
    return lambda pred: loss(pred, *rest, **options), lambda dy, dpred: dy * dpred


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(1)


# --- gradients ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7,), (3, 5), (2, 3, 5), (1, 1)])
@pytest.mark.parametrize("name", ELEMENTWISE + LINEWISE)
def test_activation_gradients_equal_central_differences(name, shape, rng):
    x = rng.standard_normal(shape) * 2
    x[np.abs(x) < 1e-3] = 0.5  # central differences mean nothing at a kink
    assert check_gradients(*pair(name), [x], rng).worst < 1e-7


@pytest.mark.parametrize("axis", [0, 1, 2, -2])
@pytest.mark.parametrize("name", LINEWISE)
def test_gradients_over_any_axis(name, axis, rng):
    forward, backward = pair(name)
    x = rng.standard_normal((2, 3, 5))
    assert check_gradients(lambda x: forward(x, axis=axis), backward, [x], rng).worst < 1e-7


def test_leaky_relu_gradient_with_a_slope(rng):
    forward, backward = pair("leaky_relu")
    report = check_gradients(lambda x: forward(x, slope=0.3), backward, [rng.standard_normal(9)])
    assert report.worst < 1e-7


@pytest.mark.parametrize("loss", [mse, mae])
def test_loss_gradients_equal_central_differences(loss, rng):
    pred, target = rng.standard_normal((2, 3, 5)), rng.standard_normal((2, 3, 5))
    assert check_gradients(*as_layer(loss, target), [pred], rng).worst < 1e-7


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("ignore_index", [-1, -100, 2])
def test_cross_entropy_gradient_equals_central_differences(smoothing, ignore_index, rng):
    logits, targets = rng.standard_normal((2, 3, 5)), rng.integers(0, 5, (2, 3))
    targets[0, 1] = targets[1, 2] = ignore_index
    layer = as_layer(cross_entropy, targets, ignore_index=ignore_index, label_smoothing=smoothing)
    assert check_gradients(*layer, [logits], rng).worst < 1e-7


# --- types and arguments ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE + LINEWISE)
def test_activations_keep_the_type_and_their_arguments(name, dtype, rng):
    x, dy = rng.standard_normal((2, 3, 4, 5)).astype(dtype)[:, 0]
    x0, dy0 = x.copy(), dy.copy()
    y, dx = run(name, x, dy)
    assert y.dtype == dx.dtype == dtype
    assert y.shape == dx.shape == x.shape
    np.testing.assert_array_equal(x, x0)
    np.testing.assert_array_equal(dy, dy0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_keep_the_type_and_their_arguments(dtype, rng):
    pred, target = rng.standard_normal((2, 4, 5)).astype(dtype)
    targets = np.array([1, -1, 4, 0])
    kept = pred.copy(), target.copy(), targets.copy()
    for loss, dpred in (
        mse(pred, target),
        mae(pred, target),
        cross_entropy(pred, targets, label_smoothing=0.1),
        cross_entropy(pred, np.full(4, -1)),
    ):
        assert type(loss) is float
        assert dpred.dtype == dtype
        assert dpred.shape == pred.shape
    for before, now in zip(kept, (pred, target, targets), strict=True):
        np.testing.assert_array_equal(before, now)


def test_float32_agrees_with_float64(rng):
    x, dy = rng.standard_normal((2, 3, 5)).astype(np.float32)
    for name in ELEMENTWISE + LINEWISE:
        single, double = run(name, x, dy), run(name, x.astype(float), dy.astype(float))
        for a, b in zip(single, double, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


# --- edges --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE + LINEWISE)
def test_a_thousand_either_way_is_finite_and_silent(name, dtype):
    x = np.array([[1000, -1000, 0], [-1000, -1000, 1000]], dtype=dtype)
    y, dx = run(name, x, np.full_like(x, 0.5))
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


def test_values_far_out():
    far = np.array([-1000.0, 1000.0])
    np.testing.assert_array_equal(sigmoid(far)[0], [0, 1])
    np.testing.assert_array_equal(gelu(far)[0], [0, 1000])
    np.testing.assert_array_equal(softmax(far)[0], [0, 1])
    np.testing.assert_array_equal(log_softmax(far)[0], [-2000, 0])
    assert sigmoid(np.array([-700.0]))[0][0] == pytest.approx(np.exp(-700.0), rel=1e-12)


def test_derivatives_at_the_kinks():
    x, dy = np.array([-1.0, 0.0, -0.0, 2.0]), np.array([3.0, 5.0, 7.0, 11.0])
    np.testing.assert_array_equal(run("relu", x, dy)[1], [0, 0, 0, 11])
    np.testing.assert_array_equal(run("leaky_relu", x, dy, slope=0.5)[1], [1.5, 2.5, 3.5, 11])
    pred = np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(mae(pred, np.array([0.0, 2.0, 4.0, 4.0]))[1], [0.25, 0, -0.25, 0])


def test_softmax_of_ties_and_of_one_class(rng):
    np.testing.assert_array_equal(softmax(np.full((2, 4), 3.0))[0], np.full((2, 4), 0.25))
    x, dy = rng.standard_normal((2, 5, 1))
    for name, value in (("softmax", 1), ("log_softmax", 0)):
        y, dx = run(name, x, dy)
        np.testing.assert_array_equal(y, np.full((5, 1), value))
        np.testing.assert_array_equal(dx, np.zeros((5, 1)))


@pytest.mark.parametrize("name", ELEMENTWISE + LINEWISE)
def test_an_empty_batch(name):
    y, dx = run(name, np.zeros((0, 3)), np.zeros((0, 3)))
    assert y.shape == dx.shape == (0, 3)


def test_softmax_lines_sum_to_one_and_its_gradients_to_zero(rng):
    x, dy = rng.standard_normal((2, 3, 4, 5)) * 5
    for axis in range(3):
        y, dx = run("softmax", x, dy, axis=axis)
        np.testing.assert_allclose(y.sum(axis), 1, atol=1e-14)
        np.testing.assert_allclose(dx.sum(axis), 0, atol=1e-14)
        np.testing.assert_allclose(softmax(x + 7, axis)[0], y, atol=1e-14)
        np.testing.assert_allclose(log_softmax(x, axis)[0], np.log(y), atol=1e-12)


def test_cross_entropy_with_nothing_counted():
    for logits, targets in (
        (np.ones((2, 3)), np.array([-1, -1])),
        (np.ones((0, 3)), np.zeros(0, dtype=int)),
    ):
        loss, dlogits = cross_entropy(logits, targets)
        assert loss == 0.0
        np.testing.assert_array_equal(dlogits, np.zeros_like(logits))


def test_cross_entropy_of_one_class_and_of_one_position():
    loss, dlogits = cross_entropy(np.full((3, 1), 5.0), np.zeros(3, dtype=int))
    assert loss == 0.0
    np.testing.assert_array_equal(dlogits, np.zeros((3, 1)))
    loss, dlogits = cross_entropy(LN3, np.array(2))  # no batch axis at all
    assert loss == pytest.approx(np.log(8 / 5))
    np.testing.assert_allclose(dlogits, [1 / 8, 2 / 8, 5 / 8 - 1])


def test_cross_entropy_far_out():
    logits = np.array([[0.0, 1000.0], [-1000.0, -1000.0]])
    loss, dlogits = cross_entropy(logits, np.array([0, 1]))
    assert loss == pytest.approx((1000 + np.log(2)) / 2)
    np.testing.assert_allclose(dlogits, [[-0.5, 0.5], [0.25, -0.25]])


def test_ignored_positions_may_hold_anything(rng):
    logits, targets = rng.standard_normal((4, 3)), np.array([2, -1, 0, -1])
    spoilt = logits.copy()
    spoilt[1] = np.nan
    loss, dlogits = cross_entropy(logits, targets)
    spoilt_loss, spoilt_dlogits = cross_entropy(spoilt, targets)
    assert loss == spoilt_loss == cross_entropy(logits[::2], targets[::2])[0]
    np.testing.assert_array_equal(dlogits, spoilt_dlogits)
    np.testing.assert_array_equal(dlogits[1::2], 0)
    np.testing.assert_allclose(dlogits.sum(-1), 0, atol=1e-15)


# --- guards -------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [mse, mae])
def test_losses_refuse_shapes_that_would_broadcast(loss):
    with pytest.raises(ValueError, match=r"pred has shape \(4, 3\) and target \(4, 1\)"):
        loss(np.ones((4, 3)), np.ones((4, 1)))


@pytest.mark.parametrize(
    ("targets", "options", "message"),
    [
        (np.array([0, 3]), {}, "holds 3; a class number must be from 0 to 2, or -1"),
        (np.array([0, -2]), {}, "holds -2"),
        (np.array([0, -1]), {"ignore_index": -100}, "holds -1"),
        (np.array([0, 1, 2]), {}, r"targets has shape \(3,\)"),
        (np.eye(3)[:2], {}, r"targets has shape \(2, 3\)"),
        (np.array([0.0, 1.0]), {}, "integers"),
        (np.array([0, 1]), {"label_smoothing": 1.5}, "label_smoothing is 1.5"),
    ],
)
def test_cross_entropy_refuses(targets, options, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy(np.ones((2, 3)), targets, **options)


# --- trees and the gradient checker -------------------------------------------------------------


def test_trees_are_walked_in_the_order_of_sorted_keys():
    tree = {"b": [1, (2, 3)], "a": 4, "c": {}}
    other = {"c": {}, "a": 40, "b": [10, (20, 30)]}
    assert tree_leaves(tree) == [4, 1, 2, 3]
    summed = tree_map(lambda x, y: x + y, tree, other)
    assert summed == {"a": 44, "b": [11, (22, 33)], "c": {}}
    assert list(summed) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, [1]),
        ([1, 2], [1]),
        ([1], (1,)),
        (1, [1]),
    ],
)
def test_trees_that_differ_are_refused(one, other):
    with pytest.raises(ValueError, match="trees differ"):
        tree_map(lambda x, y: x, one, other)


def test_numerical_gradient_of_a_known_function(rng):
    x, dy = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    kept = x.copy()
    np.testing.assert_allclose(numerical_gradient(lambda x: x * x, x, dy), 2 * x * dy, atol=1e-9)
    np.testing.assert_allclose(numerical_gradient(lambda x: x, x, dy), dy, atol=1e-9)  # a view
    np.testing.assert_array_equal(x, kept)


def affine(x, params, scale):
    return scale * (x @ params["w"] + params["b"][0]), (x, params, scale)


def affine_backward(dy, cache):
    x, params, scale = cache
    return scale * dy @ params["w"].T, {"b": [scale * dy.sum(0)], "w": scale * x.T @ dy}


@pytest.fixture
def affine_arguments(rng):
    params = {"w": rng.standard_normal((3, 2)), "b": [rng.standard_normal(2)]}
    return [rng.standard_normal((4, 3)), params, 3]


def test_gradients_of_nested_arguments_are_checked_and_named(affine_arguments):
    report = check_gradients(affine, affine_backward, affine_arguments)
    assert list(report) == ["x", "params['b'][0]", "params['w']"]
    assert report.worst < 1e-9
    assert [line.split()[0] for line in str(report).splitlines()] == list(report)


def test_float32_arguments_are_checked_in_float64(affine_arguments):
    single = tree_map(lambda a: a.astype(np.float32), affine_arguments[:2])
    assert check_gradients(affine, affine_backward, [*single, 3]).worst < 1e-9


def test_a_wrong_gradient_is_found_in_the_right_place(affine_arguments):
    def wrong(dy, cache):
        dx, grads = affine_backward(dy, cache)
        return dx, {**grads, "w": 1.01 * grads["w"]}

    report = check_gradients(affine, wrong, affine_arguments)
    assert report["params['w']"] > 1e-4
    assert max(report["x"], report["params['b'][0]"]) < 1e-9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda dx, grads: dx, "one gradient for each of: x, params"),
        (lambda dx, grads: (dx.T, grads), r"the gradient of x has shape \(3, 4\)"),
        (lambda dx, grads: (dx, {"w": grads["w"]}), "trees differ"),
    ],
)
def test_gradients_of_another_form_are_refused(wrong, message, affine_arguments):
    def backward(dy, cache):
        return wrong(*affine_backward(dy, cache))

    with pytest.raises(ValueError, match=message):
        check_gradients(affine, backward, affine_arguments)


def test_a_changed_argument_is_refused():
    def in_place(x):
        x *= 2
        return x.copy(), None

    with pytest.raises(ValueError, match="changed its argument x"):
        check_gradients(in_place, lambda dy, cache: 2 * dy, [np.ones(3)])


def test_zeros_pass_for_softmax_under_ones_but_not_under_a_random_upstream(rng):
    x = rng.standard_normal((2, 3))
    ones = numerical_gradient(lambda x: softmax(x)[0], x, np.ones((2, 3)))
    assert np.abs(ones).max() < 1e-10
    assert check_gradients(softmax, lambda dy, cache: 0 * dy, [x]).worst > 1e-2


# --- the handout --------------------------------------------------------------------------------


def test_worked_numbers_of_the_handout():
    def same(actual, *expected):
        for a, e in zip(actual, expected, strict=True):
            np.testing.assert_allclose(a, e, atol=5e-7)

    x, dy = np.array([-2.0, 0.0, 3.0]), np.array([5.0, 6.0, 7.0])
    same(run("relu", x, dy), [0, 0, 3], [0, 0, 7])
    same(run("leaky_relu", x, dy, slope=0.1), [-0.2, 0, 3], [0.5, 0.6, 7])
    same(run("sigmoid", np.log([3.0]), np.array([4.0])), [0.75], [0.75])
    both = run("gelu", np.array([1.0, -1.0]), np.ones(2))
    same(both, [0.841192, -0.158808], [1.082964, -0.082964])
    same(run("softmax", LN3, np.array([0.0, 4, 8])), [0.125, 0.25, 0.625], [-0.75, -0.5, 1.25])
    y, dx = run("log_softmax", LN3, np.array([1.0, 0, 3]))
    same([dx], [0.5, -1, 0.5])
    np.testing.assert_allclose(y, [-2.0794, -1.3863, -0.4700], atol=5e-5)
    pred, target = np.array([1.0, 3.0]), np.array([2.0, 1.0])
    same(mse(pred, target), 2.5, [-1, 2])
    same(mae(pred, target), 1.5, [-0.5, 0.5])
    loss, dlogits = cross_entropy(np.array([LN3, LN3]), np.array([1, -1]))
    same([loss, dlogits], np.log(4), [[1 / 8, -3 / 4, 5 / 8], [0, 0, 0]])
    loss, dlogits = cross_entropy(LN3[None], np.array([1]), label_smoothing=0.3)
    same([dlogits], [[0.025, -0.55, 0.525]])
    assert loss == pytest.approx(1.3640, abs=5e-5)


def test_other_numbers_that_the_handout_names():
    from math import erf, sqrt

    x = np.linspace(-6, 6, 12001)
    by_erf = x / 2 * (1 + np.vectorize(erf)(x / sqrt(2)))
    difference = np.abs(gelu(x)[0] - by_erf)
    assert difference.max() == pytest.approx(4.7e-4, abs=5e-6)
    assert abs(x[difference.argmax()]) == pytest.approx(2.7, abs=0.01)
    _, slope = run("gelu", x, np.ones_like(x))
    assert slope.max() == pytest.approx(1.129, abs=5e-4)
    assert slope.min() == pytest.approx(-0.129, abs=5e-4)
    assert x[slope.argmax()] == pytest.approx(1.42, abs=0.005)
    kinks = numerical_gradient(lambda x: relu(x)[0], np.array([0.0, 3e-6, 1.0]), 1.0)
    np.testing.assert_allclose(kinks, [0.5, 0.65, 1], atol=1e-9)
    assert -np.log(1e-9) == pytest.approx(20.72, abs=0.005)
    errors = [
        np.abs(numerical_gradient(lambda x: gelu(x)[0], x[4000:8001:100], 1.0, h) - s).max()
        for s in [slope[4000:8001:100]]
        for h in (1e-1, 1e-5, 1e-9, 1e-13)
    ]
    assert errors[1] < 1e-10 < errors[2] < errors[3]
    assert errors[0] > 1e-5


def test_code_of_the_handout_runs(capsys):
    text = (FOLDER / "handout.md").read_text(encoding="utf-8")
    namespace = {"np": np}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, namespace)
    printed = capsys.readouterr().out
    assert printed.count("random") == printed.count("ones") == 3


def test_every_anchor_and_figure_exists():
    text = (FOLDER / "handout.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## 1\.\d+ (.+)$", text, re.MULTILINE)
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }
    manifest = tomllib.loads((FOLDER / "assignment.toml").read_text(encoding="utf-8"))
    used = {function["section"] for function in manifest["function"]}
    slips = ROOT / "autograder" / "hidden" / "01_activations" / "slips.py"
    used |= set(re.findall(r"handout\.md#([\w-]+)", slips.read_text(encoding="utf-8")))
    assert used <= anchors
    assert sum(function["points"] for function in manifest["function"]) == 20
    graded = {function["name"] for function in manifest["function"]} | set(manifest["given"])
    public = {
        name
        for module in (activations, losses)
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    }
    assert graded == public
    for figure in re.findall(r"\]\((figures/[^)]+)\)", text):
        assert (FOLDER / figure).is_file()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_is_the_same_for_arrays_of_several_chunks(dtype):
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal((3, CHUNK - 5)).astype(dtype).T for _ in "xd")
    y, cache = gelu(x)
    dx = gelu_backward(dy, cache)
    assert (y.dtype, dx.dtype) == (dtype, dtype)
    for column in range(3):
        one, one_cache = gelu(x[:, column])
        np.testing.assert_allclose(y[:, column], one, rtol=1e-6)
        np.testing.assert_allclose(
            dx[:, column], gelu_backward(dy[:, column], one_cache), rtol=1e-5, atol=1e-6
        )
