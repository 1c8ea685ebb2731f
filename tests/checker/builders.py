"""A small contract of its own for the checker's tests: scale and its backward, and a shift."""

import inspect

import numpy as np

from autograder.checker import check, error_of, misconception
from autograder.checker.contract import Contract, Function
from autograder.checker.implementation import LocalImplementation
from autograder.checker.judge import Judge

CONTRACT = Contract(
    "tiny",
    {
        "scale": Function("scale", "maths", ("value", "opaque"), ("x", "factor")),
        "scale_backward": Function("scale_backward", "maths", ("value",), ("dy", "cache")),
        "shift": Function("shift", "maths", ("value",), ("x", "by")),
    },
)


def scale(x, factor):
    if factor.shape != x.shape[-1:]:
        raise ValueError(f"factor has shape {factor.shape}; expected {x.shape[-1:]}")
    return x * factor, (x, factor)


def scale_backward(dy, cache):
    x, factor = cache
    return dy * factor, (dy * x).reshape(-1, x.shape[-1]).sum(0)


def shift(x, by=1.0):
    return x + by


@check(of="scale")
def test_scale(impl, draw):
    """The scaled rows."""
    return {"y": impl.scale(draw.normal(2, 3, 5), draw.normal(5))[0]}


@check(of="scale", kind="edge")
def test_scale_zeros(impl, draw):
    """Rows of zeros stay zeros."""
    return {"y": impl.scale(np.zeros((2, 3)), draw.normal(3))[0]}


@check(of="scale", kind="dtype")
def test_scale_float32(impl, draw):
    """float32 in, float32 out."""
    return {"y": impl.scale(draw.normal(4, 3, dtype=np.float32), draw.normal(3).astype("f4"))[0]}


@check(of="scale", kind="error")
def test_scale_error(impl, draw):
    """A ValueError for a factor of another size."""
    return {"error": error_of(impl.scale, draw.normal(2, 3), draw.normal(4))}


@check(of="scale_backward")
def test_scale_gradients(impl, draw):
    """Gradients of x and factor."""
    x, factor, dy = draw.normal(2, 3, 5), draw.normal(5), draw.normal(2, 3, 5)
    dx, dfactor = impl.scale_backward(dy, impl.scale(x, factor)[1])
    return {"dx": dx, "dfactor": dfactor}


@check(of="shift")
def test_shift(impl, draw):
    """The shifted rows."""
    return {"y": impl.shift(draw.normal(3, 4), 2.0)}


CHECKS = (
    test_scale,
    test_scale_zeros,
    test_scale_float32,
    test_scale_error,
    test_scale_gradients,
    test_shift,
)


@misconception(of="scale", see="handout.md#scale")
def divides(x, factor):
    """You divided by the factor."""
    return x / factor


@misconception(of="scale_backward", see="handout.md#backward")
def averages_the_factor(right, dy, x, factor):
    """You averaged over the rows; the gradient sums."""
    dx, dfactor = right
    return dx, dfactor / (x.size // x.shape[-1])


@misconception(of="scale_backward", see="handout.md#backward")
def forgets_the_factor(right, dy, x, factor):
    """dx is dy times the factor."""
    return dy.copy(), right[1]


SLIPS = (divides, averages_the_factor, forgets_the_factor)
RIGHT = {"scale": scale, "scale_backward": scale_backward, "shift": shift}


def seed(name):
    return int.from_bytes(name.encode()[:16], "big")


def judge():
    return Judge(CHECKS, LocalImplementation(CONTRACT, RIGHT), SLIPS, seed=seed)


def run(**changed):
    """The findings on the right functions with some replaced (None: taken away)."""
    namespace = {name: f for name, f in (RIGHT | changed).items() if f is not None}
    for function in changed.values():
        assert function is None or inspect.isfunction(function)
    return judge().run(LocalImplementation(CONTRACT, namespace))
