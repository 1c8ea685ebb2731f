"""The reference's layer normalisation, and the numbers that its handout promises."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

from transformer.gradient_check import check_gradients, numerical_gradient
from transformer.layernorm import layernorm, layernorm_backward

HANDOUT = Path(__file__).parents[2] / "assignments" / "03_layernorm" / "handout.md"
CLOSE = 1e-7  # of max|gradient| + 1: what central differences in float64 can tell
SHAPES = [(7,), (1, 5), (4, 3), (2, 3, 5), (2, 1, 3, 4), (3, 1), (5, 2)]


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def arguments(rng, shape, dtype=np.float64):
    features = shape[-1:]
    return [rng.normal(size=size).astype(dtype) for size in (shape, features, features)]


def gradients(x, gamma, beta, dy, eps=1e-5):
    _, cache = layernorm(x, gamma, beta, eps)
    return layernorm_backward(dy, cache)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_central_differences(rng, shape):
    report = check_gradients(layernorm, layernorm_backward, arguments(rng, shape), rng)
    assert set(report) == {"x", "gamma", "beta"}
    assert report.worst <= CLOSE, report


@pytest.mark.parametrize("eps", [1e-5, 1e-2, 0.25, 3.0])
def test_gradients_hold_for_every_eps(rng, eps):
    report = check_gradients(
        lambda x, gamma, beta: layernorm(x, gamma, beta, eps),
        layernorm_backward,
        arguments(rng, (4, 5)),
        rng,
    )
    assert report.worst <= CLOSE, report


@pytest.mark.parametrize(
    ("scale", "offset", "h"),
    [(1e-3, 0, 1e-6), (1000, 0, 1e-2), (1, 1e4, 1e-5), (0, 2, 1e-7)],
    ids=["as small as eps", "thousands", "offset", "constant rows"],
)
def test_gradient_of_x_where_rows_are_unusual(rng, scale, offset, h):
    x, gamma, beta = arguments(rng, (3, 5))
    x, dy = x * scale + offset, rng.normal(size=(3, 5))
    dx, _, _ = gradients(x, gamma, beta, dy)
    expected = numerical_gradient(lambda z: layernorm(z, gamma, beta)[0], x, dy, h)
    assert np.abs(dx - expected).max() <= 1e-6 * (np.abs(expected).max() + 1)


def test_rows_come_out_normalised(rng):
    x = rng.normal(size=(2, 3, 64)) * 5 + 3
    y, _ = layernorm(x, np.ones(64), np.zeros(64))
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-14)
    np.testing.assert_allclose(y.var(-1), 1, rtol=1e-5)


def test_gamma_and_beta_belong_to_features(rng):
    x, gamma, beta = arguments(rng, (4, 3))
    x_hat, _ = layernorm(x, np.ones(3), np.zeros(3))
    np.testing.assert_allclose(layernorm(x, gamma, beta)[0], x_hat * gamma + beta, rtol=1e-14)


def test_a_row_alone_gives_what_it_gives_among_others(rng):
    x, gamma, beta = arguments(rng, (2, 3, 5))
    y, _ = layernorm(x, gamma, beta)
    alone, _ = layernorm(x[1, 2], gamma, beta)
    np.testing.assert_allclose(alone, y[1, 2], rtol=1e-13)


def test_dx_is_orthogonal_to_what_the_forward_ignores(rng):
    x, gamma, beta = arguments(rng, (2, 3, 7))
    dx, _, _ = gradients(x, gamma, beta, rng.normal(size=x.shape), eps=1e-12)
    np.testing.assert_allclose(dx.sum(-1), 0, atol=1e-13)
    np.testing.assert_allclose((dx * x).sum(-1), 0, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_results_keep_dtype_and_shape(rng, shape, dtype):
    x, gamma, beta = arguments(rng, shape, dtype)
    y, cache = layernorm(x, gamma, beta)
    dx, dgamma, dbeta = layernorm_backward(rng.normal(size=shape).astype(dtype), cache)
    assert {a.dtype for a in (y, dx, dgamma, dbeta)} == {np.dtype(dtype)}
    assert y.shape == dx.shape == shape
    assert dgamma.shape == dbeta.shape == shape[-1:]


def test_float32_agrees_with_float64(rng):
    x, gamma, beta = arguments(rng, (4, 5, 64), np.float32)
    dy = rng.normal(size=x.shape).astype(np.float32)
    narrow = [layernorm(x, gamma, beta)[0], *gradients(x, gamma, beta, dy)]
    wide_arguments = [a.astype(np.float64) for a in (x, gamma, beta)]
    wide = [layernorm(*wide_arguments)[0], *gradients(*wide_arguments, dy.astype(np.float64))]
    for one, other in zip(narrow, wide, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_no_argument_and_no_cache_is_changed(rng):
    x, gamma, beta = arguments(rng, (2, 3, 5))
    dy = rng.normal(size=x.shape)
    for array in (x, gamma, beta, dy):
        array.setflags(write=False)
    _, cache = layernorm(x, gamma, beta)
    once, twice = layernorm_backward(dy, cache), layernorm_backward(dy, cache)
    for first, second in zip(once, twice, strict=True):
        np.testing.assert_array_equal(first, second)


def test_views_in_any_layout_are_fine(rng):
    x, gamma, beta = arguments(rng, (4, 3))
    dy = rng.normal(size=(4, 3))
    plain = [layernorm(x, gamma, beta)[0], *gradients(x, gamma, beta, dy)]
    fortran, backwards = np.asfortranarray(x), np.ascontiguousarray(dy[::-1])[::-1]
    other = [layernorm(fortran, gamma, beta)[0], *gradients(fortran, gamma, beta, backwards)]
    for one, two in zip(plain, other, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-13, atol=1e-14)


def test_constant_rows_give_beta_and_finite_gradients(rng):
    _, gamma, beta = arguments(rng, (5,))
    dy = rng.normal(size=(3, 5))
    x = np.repeat([[2.0], [0.0], [-1000.0]], 5, axis=1)
    y, _ = layernorm(x, gamma, beta)
    np.testing.assert_array_equal(y, np.broadcast_to(beta, y.shape))
    dx, dgamma, dbeta = gradients(x, gamma, beta, dy)
    dx_hat = dy * gamma
    expected = (dx_hat - dx_hat.mean(-1, keepdims=True)) / np.sqrt(1e-5)
    np.testing.assert_allclose(dx, expected, rtol=1e-12)
    np.testing.assert_array_equal(dgamma, 0)
    np.testing.assert_allclose(dbeta, dy.sum(0), rtol=1e-14)


def test_one_feature_gives_beta_and_no_gradient_to_x(rng):
    x, gamma, beta = arguments(rng, (3, 1))
    dy = rng.normal(size=(3, 1))
    y, _ = layernorm(x, gamma, beta)
    np.testing.assert_array_equal(y, np.broadcast_to(beta, (3, 1)))
    dx, dgamma, dbeta = gradients(x, gamma, beta, dy)
    np.testing.assert_array_equal(dx, 0)
    np.testing.assert_array_equal(dgamma, 0)
    np.testing.assert_allclose(dbeta, dy.sum(0))


def test_an_empty_batch_is_no_error():
    y, cache = layernorm(np.empty((0, 3)), np.ones(3), np.zeros(3))
    dx, dgamma, dbeta = layernorm_backward(np.empty((0, 3)), cache)
    assert y.shape == dx.shape == (0, 3)
    np.testing.assert_array_equal([dgamma, dbeta], 0)


@pytest.mark.parametrize("size", [1000.0, 1e100])
def test_large_values_stay_finite(rng, size):
    x = np.array([[size, -size, size], [-size, size, size / 2]])
    y, _ = layernorm(x, np.ones(3), np.zeros(3))
    expected, _ = layernorm(x / size, np.ones(3), np.zeros(3), eps=0.0)
    np.testing.assert_allclose(y, expected, rtol=1e-5)
    dx, _, _ = gradients(x, np.ones(3), np.zeros(3), rng.normal(size=(2, 3)))
    assert np.isfinite(dx).all()


def test_a_large_offset_costs_no_more_than_its_own_rounding(rng):
    x = np.rint(rng.normal(size=(3, 5)) * 1024) / 1024  # x + 1e8 is exact
    dy, (_, gamma, beta) = rng.normal(size=(3, 5)), arguments(rng, (3, 5))
    near = [layernorm(x, gamma, beta)[0], *gradients(x, gamma, beta, dy)]
    far = [layernorm(x + 1e8, gamma, beta)[0], *gradients(x + 1e8, gamma, beta, dy)]
    for one, other in zip(near, far, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-7)


@pytest.mark.parametrize("name", ["gamma", "beta"])
@pytest.mark.parametrize("shape", [(4,), (1,), (3, 1), (1, 5), (2, 3, 5), ()])
def test_wrong_parameter_shapes_are_named(name, shape):
    given = {"gamma": np.ones(5), "beta": np.zeros(5)} | {name: np.ones(shape)}
    with pytest.raises(ValueError, match=f"{name} has shape {re.escape(str(shape))}") as error:
        layernorm(np.zeros((2, 3, 5)), **given)
    assert "expected (5,)" in str(error.value)
    assert "(2, 3, 5)" in str(error.value)


# The handout


@pytest.fixture(scope="module")
def handout():
    return HANDOUT.read_text(encoding="utf-8")


def numbers_by_hand(handout):
    """The rows of the two tables in "By hand": name -> numbers."""
    section = handout.split(".8 By hand")[1].split("\n## ")[0]
    found = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and re.fullmatch(r"-?[\d.]+", cells[1]):
            found[cells[0].strip("`")] = np.array([float(cell) for cell in cells[1:]])
    return found


def test_the_numbers_by_hand_are_the_references(handout):
    said = numbers_by_hand(handout)
    x, gamma, beta, dy = (said[name] for name in ("x", "gamma", "beta", "dy"))
    y, cache = layernorm(x, gamma, beta, 0.5)
    dx, dgamma, dbeta = layernorm_backward(dy, cache)
    x_hat, _ = layernorm(x, np.ones(4), np.zeros(4), 0.5)
    dx_hat = dy * gamma
    computed = {
        "x_hat": x_hat,
        "y": y,
        "dx_hat": dx_hat,
        "minus its mean": dx_hat - dx_hat.mean(),
        "minus `x_hat` times 0.75": dx_hat - dx_hat.mean() - 0.75 * x_hat,
        "dx": dx,
        "dgamma": dgamma,
        "dbeta": dbeta,
    }
    assert computed.keys() | {"x", "gamma", "beta", "dy", "forward", "backward"} >= said.keys()
    for name, expected in computed.items():
        np.testing.assert_allclose(said[name], expected, rtol=1e-14, err_msg=name)
    assert (dx_hat * x_hat).mean() == pytest.approx(0.75)
    assert (dx * x_hat).sum() == pytest.approx(0.1875)
    assert "gives 0.1875" in " ".join(handout.split())


def run_block(handout, heading, which=0):
    """What a python block below a heading prints."""
    section = handout.split(heading)[1].split("\n## ")[0]
    code = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)[which]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), np.errstate(invalid="ignore"):
        exec(compile(code, str(HANDOUT), "exec"), {})
    return printed.getvalue().splitlines()


def test_breaking_the_variance_shows_what_the_handout_says(handout):
    lines = dict(line.split(" ", 1) for line in run_block(handout, "Break it on purpose"))
    assert "1.6033" in lines["1e0"]
    assert "1.6026" in lines["1e6"]
    assert "1.1999" in lines["1e7"]
    assert lines["1e8"].count("nan") == 4


def test_the_two_sums_are_as_small_as_the_handout_says(handout):
    lines = run_block(handout, "Break it on purpose", 1)
    assert len(lines) == 2
    assert all(float(line.split()[-1]) < 1e-9 for line in lines)


def test_the_gradient_check_reads_as_the_handout_says(handout):
    lines = run_block(handout, "What to write, in order")
    assert [line.split()[0] for line in lines] == ["x", "gamma", "beta"]
    assert all(float(line.split()[-1]) < 1e-7 for line in lines)


def test_scaled_and_shifted_input_gives_the_same_output_and_a_smaller_gradient(rng):
    x, gamma, beta = arguments(rng, (2, 8))
    dy = rng.normal(size=x.shape)
    near, far = layernorm(x, gamma, beta), layernorm(1000 * x + 7, gamma, beta)
    np.testing.assert_allclose(near[0], far[0], atol=1e-4)
    shrunk = layernorm_backward(dy, far[1])[0] * 1000
    np.testing.assert_allclose(layernorm_backward(dy, near[1])[0], shrunk, atol=1e-4)


def test_two_features_say_only_which_is_larger():
    x = np.array([[3.0, 5.0], [-7.0, 1.0], [40.0, 2.0]])
    y, cache = layernorm(x, np.ones(2), np.zeros(2))
    np.testing.assert_allclose(y, [[-1, 1], [-1, 1], [1, -1]], atol=1e-5)
    np.testing.assert_allclose(
        layernorm_backward(np.array([[1.0, 0.0]] * 3), cache)[0], 0, atol=1e-5
    )


def test_eps_outside_the_root_differs_by_41_percent_at_a_variance_of_eps(handout):
    row = np.array([-1.0, 1.0]) * np.sqrt(1e-5)
    y, _ = layernorm(row, np.ones(2), np.zeros(2))
    outside = row / (row.std() + 1e-5)
    assert outside[1] / y[1] == pytest.approx(1.41, abs=0.005)
    assert "41 %" in handout
