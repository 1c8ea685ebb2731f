"""Is a backward function right? Nudge every input number, and compare what the output does."""

import inspect

import numpy as np

from transformer.tree import tree_leaves, tree_map


def numerical_gradient(f, x, dy, h=1e-5):
    """Gradient of sum(f(x) * dy) by central differences, one element of x after the other.

    f: array shaped like x -> array shaped like dy   x: (…)   dy: (…) or a number   ->   (…) like x
    Works in float64, and on a copy of x.
    """
    point = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        middle = point[index]
        point[index] = middle + h
        above = np.array(f(point), dtype=np.float64)  # a copy: f may return a view of point
        point[index] = middle - h
        below = np.array(f(point), dtype=np.float64)
        point[index] = middle
        gradient[index] = ((above - below) * dy).sum() / (2 * h)
    return gradient


class GradientReport(dict):
    """Largest error of each argument's gradient, by the argument's name; prints as a table."""

    def __str__(self):
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:<{width}}  {error:.1e}" for name, error in self.items())

    @property
    def worst(self):
        return max(self.values(), default=0.0)


def check_gradients(forward, backward, arguments, rng=None, h=1e-5):
    """Compare a layer's backward with central differences, for a random upstream gradient.

    forward(*arguments) -> (y, cache)   backward(dy, cache) -> one gradient, or a tuple of them,
    for the arguments that are float arrays, or dicts or lists of these, in order; other arguments
    (tokens, masks, numbers) are passed on. The result is a GradientReport: for each array the
    largest |backward - central difference| over max|central difference| + 1. Everything runs in
    float64, where a right backward stays below 1e-7 at the default h. Raises ValueError if the
    gradients are not nested or shaped like the arguments, or if an argument was changed.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    arguments = [tree_map(_copy_in_float64, argument) for argument in arguments]
    before = [tree_map(_copy_in_float64, argument) for argument in arguments]

    y, cache = forward(*arguments)
    dy = rng.standard_normal(np.shape(y))
    gradients = backward(dy.copy(), cache)

    names = _argument_names(forward, len(arguments))
    _check_unchanged(names, before, arguments)
    places = [place for place, argument in enumerate(arguments) if _is_differentiable(argument)]
    if len(places) == 1:
        gradients = (gradients,)
    if not isinstance(gradients, tuple) or len(gradients) != len(places):
        wanted = ", ".join(names[place] for place in places)
        raise ValueError(f"backward must return one gradient for each of: {wanted}")

    report = GradientReport()
    for place, gradient in zip(places, gradients, strict=True):
        tree_map(lambda _, __: None, arguments[place], gradient)  # raises if not nested alike
        leaves = zip(
            _leaf_names(names[place], arguments[place]),
            tree_leaves(arguments[place]),
            tree_leaves(gradient),
            strict=True,
        )
        for name, leaf, ours in leaves:
            if np.shape(ours) != leaf.shape:
                raise ValueError(
                    f"the gradient of {name} has shape {np.shape(ours)}; {name} has {leaf.shape}"
                )
            expected = _gradient_of_leaf(forward, arguments, leaf, dy, h)
            difference = np.abs(ours - expected).max(initial=0.0)
            report[name] = float(difference / (np.abs(expected).max(initial=0.0) + 1))
    return report


def _gradient_of_leaf(forward, arguments, leaf, dy, h):
    """Central differences by one array somewhere inside the arguments, which is put back after."""
    original = leaf.copy()

    def output_at(value):
        leaf[...] = value
        return forward(*arguments)[0]

    gradient = numerical_gradient(output_at, original, dy, h)
    leaf[...] = original
    return gradient


def _is_float_array(leaf):
    return isinstance(leaf, np.ndarray) and np.issubdtype(leaf.dtype, np.floating)


def _copy_in_float64(leaf):
    return leaf.astype(np.float64) if _is_float_array(leaf) else leaf


def _is_differentiable(argument):
    leaves = tree_leaves(argument)
    return bool(leaves) and all(map(_is_float_array, leaves))


def _argument_names(forward, count):
    names = [*inspect.signature(forward).parameters][:count]
    return names + [f"argument {place + 1}" for place in range(len(names), count)]


def _leaf_names(name, tree):
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in _leaf_names(f"{name}[{key!r}]", tree[key])]
    if isinstance(tree, (list, tuple)):
        return [leaf for i, part in enumerate(tree) for leaf in _leaf_names(f"{name}[{i}]", part)]
    return [name]


def _check_unchanged(names, before, after):
    for name, old, new in zip(names, before, after, strict=True):
        pairs = zip(tree_leaves(old), tree_leaves(new), strict=True)
        if any(_is_float_array(a) and not np.array_equal(a, b) for a, b in pairs):
            raise ValueError(f"forward or backward changed its argument {name}")
