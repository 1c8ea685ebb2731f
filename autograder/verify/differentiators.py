"""Submissions whose gradients are computed from the own forward instead of derived.

They are programs of the kind that a student could write in an evening, put below the reference's
files: every forward keeps its arguments as its cache, and every backward runs it again and again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from autograder.course.course import Assignment, Course

TOOLS = '''

import numpy as _np


def _copied(value, kind=None):
    if isinstance(value, dict):
        return {key: _copied(item, kind) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(item, kind) for item in value)
    if isinstance(value, _np.ndarray) and value.dtype.kind == "f":
        return value.astype(kind or value.dtype)
    return value


def _floats(value):
    """Every array of floats inside, in order."""
    if isinstance(value, dict):
        return [array for item in value.values() for array in _floats(item)]
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in _floats(item)]
    return [value] if isinstance(value, _np.ndarray) and value.dtype.kind in "fc" else []


def _filled(value, arrays):
    """The same structure, with these arrays where its arrays of floats are."""
    if isinstance(value, dict):
        return {key: _filled(item, arrays) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, arrays) for item in value]
    return next(arrays) if isinstance(value, _np.ndarray) and value.dtype.kind in "fc" else value


def _moved(run, array, where, method):
    """d(output) / d(step), the numbers `where` of an array all moved by one step."""
    before = array[where].copy() if isinstance(array[where], _np.ndarray) else array[where]

    def at(step):
        array[where] = before + step
        output = run()
        array[where] = before
        return output

    if method == "complex":
        return _np.imag(at(1e-30j)) / 1e-30

    def central(h):
        return (at(h) - at(-h)) / (2 * h)

    if method == "richardson":
        return (4 * central(5e-4) - central(1e-3)) / 3
    return central(1e-6)


def _gradients(run, dy, arrays, way, method):
    for number, array in enumerate(arrays):
        gradient = _np.zeros(array.shape, dy.dtype)
        if way == "column" and number == 0:  # rows don't touch each other
            for j in range(array.shape[-1]):
                change = dy * _moved(run, array, (..., j), method)
                gradient[..., j] = change.sum(-1)
        elif way == "column" and array.ndim == 1:  # one number for each feature
            change = dy * _moved(run, array, ..., method)
            gradient[...] = change.reshape(-1, array.size).sum(0)
        elif way == "column":  # a row of weights: every one moves another output
            for i in range(array.shape[0]):
                change = dy * _moved(run, array, i, method)
                gradient[i] = change.reshape(-1, array.shape[-1]).sum(0)
        else:
            for where in _np.ndindex(array.shape):
                gradient[where] = (dy * _moved(run, array, where, method)).sum()
        yield gradient


def _computed(forward, way, method):
    """A forward that keeps its arguments, and a backward that differs them."""

    def kept(*args, **kwargs):
        return forward(*args, **kwargs)[0], (_copied(args), kwargs)

    def backward(dy, cache):
        args, kwargs = cache
        args = _copied(args, complex if method == "complex" else None)
        arrays = _floats(args)
        run = lambda: forward(*args, **kwargs)[0]
        found = iter([*_gradients(run, dy, arrays, way, method)])
        grads = [_filled(argument, found) for argument in args if _floats(argument)]
        return tuple(grads) if len(grads) > 1 else grads[0]

    return kept, backward


def _computed_loss(loss_of, place, method):
    """A loss whose gradient by its argument at `place` is computed number by number."""

    def loss(*args, **kwargs):
        moved = [*args]
        moved[place] = _copied(args[place], complex if method == "complex" else None)
        arrays = _floats(moved[place])
        run = lambda: loss_of(*moved, **kwargs)[0]
        one = _np.ones((), _floats(args[place])[0].dtype)
        found = iter([*_gradients(run, one, arrays, "number", method)])
        return loss_of(*args, **kwargs)[0], _filled(moved[place], found)

    return loss
'''
GIVEN_CHECKER = """

from {package}.gradient_check import numerical_gradient as _numerical_gradient


def _gradients(run, dy, arrays, way, method):  # noqa: F811
    for array in arrays:
        before = array.copy()

        def at(value):
            array[...] = value
            return run()

        yield _numerical_gradient(at, before.copy(), dy)
        array[...] = before
"""
PLAIN_LAYERNORM = '''

def layernorm(x, gamma, beta, eps=1e-5):
    """As most write it: complex numbers go through."""
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    return gamma * centred / _np.sqrt(variance + eps) + beta, None
'''
SLOW = """

def _slow(forward):
    def slowed(*args, **kwargs):
        for _ in range(3):
            result = forward(*args, **kwargs)
        return result

    return slowed
"""
LOSSES = {  # functions that return a loss and its gradient by the argument at this place
    "mse": 0,
    "cross_entropy": 0,
    "next_token_loss": 1,
    "seq2seq_loss": 2,
}
ROWWISE = ("softmax", "log_softmax", "layernorm", "linear")  # rows don't touch each other

# title: (way, method, what is done besides)
WAYS = {
    "central differences, number by number": ("number", "central", ""),
    "Richardson's differences, number by number": ("number", "richardson", ""),
    "complex steps, number by number": ("number", "complex", ""),
    "the given gradient checker": ("number", "central", "given"),
    "central differences of a forward made slow": ("number", "central", "slow"),
    "central differences, column by column": ("column", "central", ""),
    "complex steps, column by column": ("column", "complex", ""),
}


def differentiable(course: Course, assignment: Assignment, way: str) -> list[str]:
    """The functions with points whose gradients a way computes: of pairs, the forward's name."""
    names = [function.name for function in assignment.functions]
    pairs = [name.removesuffix("_backward") for name in names if name.endswith("_backward")]
    losses = [name for name in names if name in LOSSES]
    if WAYS[way][0] == "column":
        return [name for name in pairs if name in ROWWISE]
    return [name for name in pairs if name in course.contract.functions] + losses


def write_differentiator(course: Course, way: str, functions: Iterable[str], folder: Path) -> None:
    """Make a submission of the reference whose gradients of these functions are computed."""
    package = folder / course.package
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(course.solutions / course.package, package, ignore=ignored)
    shape, method, besides = WAYS[way]
    by_module: dict[str, list[str]] = {}
    for name in functions:
        by_module.setdefault(course.contract.functions[name].module, []).append(name)
    for module, names in by_module.items():
        path = package / f"{module}.py"
        text = path.read_text(encoding="utf-8") + TOOLS + SLOW
        if besides == "given":
            text += GIVEN_CHECKER.format(package=course.package)
        if "layernorm" in names:
            text += PLAIN_LAYERNORM
        for name in names:
            forward = f"_slow({name})" if besides == "slow" else name
            if name in LOSSES:
                text += f"\n{name} = _computed_loss({forward}, {LOSSES[name]}, {method!r})\n"
            else:
                made = f"_computed({forward}, {shape!r}, {method!r})"
                text += f"\n{name}, {name}_backward = {made}\n"
        path.write_text(text, encoding="utf-8")
