"""The ways in which calls go wrong: what is called, with what, along which axis, how often."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.explain.change import Change, constant, method, quoted

SWAPPED = {
    "mean": "sum",
    "sum": "mean",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "var": "std",
    "std": "var",
    "sin": "cos",
    "cos": "sin",
    "argmax": "argmin",
    "ones": "zeros",
    "zeros": "ones",
}
ONE_ARGUMENT = {
    "sqrt": "the root",
    "exp": "the exponential",
    "log": "the logarithm",
    "tanh": "the tanh",
    "abs": "the absolute value",
    "sign": "the sign",
    "square": "the square",
    "floor": "the rounding",
    "maximum": "the maximum",
    "minimum": "the minimum",
}


OPTIONAL: dict[str, tuple[object, ...]] = {  # arguments that may be left out, and their defaults
    "mask": (None,),
    "context_mask": (None,),
    "rng": (None,),
    "norm": ("pre", "post"),
    "activation": ("relu", "gelu"),
    "scheme": ("xavier", "he"),
    "dropout_p": (0.0,),
    "pad": (0,),
    "dtype": (),
}


MASKS = ("mask", "context_mask")


def of_call(node: ast.Call) -> Iterator[Change]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in SWAPPED:
        other = SWAPPED[name]
        new = (
            ast.Attribute(function.value, other, ast.Load())
            if isinstance(function, ast.Attribute)
            else ast.Name(other, ast.Load())
        )
        words = f"the {other} is taken where the {name} belongs."
        if name in ("ones", "zeros"):
            words = f"{other} stand where {name} belong."
        yield Change(ast.Call(new, node.args, node.keywords), words, 0)
    if name in ("range", "list"):
        for which, part in _ends():
            rest = ast.Subscript(
                ast.Call(ast.Name("list", ast.Load()), [node], []), part, ast.Load()
            )
            yield Change(rest, f"the {which} is left out.", 1)
    if name == "random" and node.args and isinstance(node.args[0], ast.Attribute):
        last = ast.Slice(ast.UnaryOp(ast.USub(), constant(1)), None, None)
        row: ast.expr = ast.Subscript(node.args[0], last, ast.Load())
        for args in ([row, *node.args[1:]], [row]):  # with their precision, and without it
            shared = ast.Call(function, args, node.keywords)
            yield Change(shared, "the numbers are drawn once for a row, and shared by all rows.", 1)
    if name == "arange" and _is_numpy(function):
        late = ast.BinOp(node, ast.Add(), constant(1))
        yield Change(late, "it counts from 1, not from 0.", 1)
    if name == "normal" and len(node.args) == 3:
        yield from _of_drawing(node)
    if name == "where" and len(node.args) == 3:
        yes, no = node.args[1], node.args[2]
        test = quoted(node.args[0])
        yield Change(yes, f"{quoted(yes)} is taken everywhere, not only where {test}.", 0)
        yield Change(no, f"{quoted(no)} is taken everywhere, also where {test}.", 0)
        more = ast.BinOp(yes, ast.Add(), no)
        text = f"{quoted(no)} is added also where {test}."
        yield Change(ast.Call(function, [node.args[0], more, no], []), text, 2)
        turned = ast.Call(function, [node.args[0], no, yes], [])
        yield Change(turned, f"what happens where {test} and where not is exchanged.", 0)
    elif _is_numpy(function) and node.args and name in ONE_ARGUMENT:
        inner = node.args[0]
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add | ast.Sub):
            alone = ast.Call(function, [inner.left], [])
            text = f"{quoted(inner.right)} stands outside {ONE_ARGUMENT[name]}, not inside."
            yield Change(ast.BinOp(alone, inner.op, inner.right), text, 0)
        yield Change(node.args[0], f"{ONE_ARGUMENT[name]} is missing.", 0)
    elif isinstance(function, ast.Name) and node.args and not isinstance(node.args[0], ast.Starred):
        yield Change(node.args[0], f"`{name}` is not applied.", 0)
    if isinstance(function, ast.Attribute) and not _is_numpy(function):
        if name in ("sum", "mean", "max", "min"):
            yield Change(function.value, f"the {name} is not taken.", 1)
            yield from _of_axes(node, function, name)
        if name == "swapaxes":
            shape = ast.Attribute(node, "shape", ast.Load())
            flat = method("reshape", function.value, shape)
            yield Change(flat, "the axes are exchanged by reshape: numbers end in wrong places.", 1)
        if name in ("swapaxes", "transpose", "reshape", "astype", "copy"):
            yield _left_out(node, function, name)
    yield from _of_arguments(node)


def _left_out(node: ast.Call, function: ast.Attribute, name: str) -> Change:
    """A value that is handed on as it is."""
    value = function.value
    if name in ("astype", "copy"):
        return Change(value, f"{quoted(value)} is taken as it is: `{name}` is missing.", 1)
    last_two = name == "swapaxes" and ast.unparse(node).endswith("(-1, -2)")
    text = "is not transposed." if last_two else f"keeps its axes: `{name}` is missing."
    return Change(value, f"{quoted(value)} {text}", 0 if name == "swapaxes" else 1)


def _of_drawing(node: ast.Call) -> Iterator[Change]:
    """Numbers that are drawn with another spread."""
    assert isinstance(node.func, ast.Attribute)
    mean, spread, shape = node.args

    def drawn(other: ast.expr) -> ast.Call:
        return ast.Call(node.func, [mean, other, shape], [])

    uniform = ast.Attribute(node.func.value, "uniform", ast.Load())
    ends: list[ast.expr] = [ast.UnaryOp(ast.USub(), spread), spread]
    text = (
        f"the numbers lie evenly between -{quoted(spread)} and {quoted(spread)}: their spread is "
    )
    text += "that by the root of 3, so these limits must be sqrt(3) times as large."
    yield Change(ast.Call(uniform, [*ends, shape], []), text)
    root = ast.BinOp(spread, ast.Pow(), constant(0.5))
    yield Change(drawn(root), f"the root of {quoted(spread)} is given as the standard deviation.")
    square = ast.BinOp(spread, ast.Pow(), constant(2))
    text = f"the variance, {quoted(spread)} squared, is given as the standard deviation."
    yield Change(drawn(square), text, 0)
    yield Change(drawn(constant(1)), "the standard deviation is 1.", 0)
    for factor in (10, 0.1, 2, 0.5):
        other = ast.BinOp(constant(factor), ast.Mult(), spread)
        yield Change(drawn(other), f"the standard deviation is {factor:g} times what it should be.")


def _ends() -> tuple[tuple[str, ast.Slice], ...]:
    return (
        ("first", ast.Slice(constant(1), None, None)),
        ("last", ast.Slice(None, ast.UnaryOp(ast.USub(), constant(1)), None)),
    )


def loop_changes(node: ast.expr) -> Iterator[Change]:
    """What a loop runs over, without its first or last."""
    listed = ast.Call(ast.Name("list", ast.Load()), [node], [])
    for which, part in _ends():
        rest = ast.Subscript(listed, part, ast.Load())
        yield Change(rest, f"the loop leaves out the {which} of {quoted(node)}.")
    turned = ast.Subscript(
        listed, ast.Slice(None, None, ast.UnaryOp(ast.USub(), constant(1))), ast.Load()
    )
    yield Change(turned, f"the loop runs over {quoted(node)} in the other order.", 0)


def _of_axes(node: ast.Call, function: ast.Attribute, name: str) -> Iterator[Change]:
    """A sum or mean over another axis, or over all of them."""
    whole = ast.Call(function, [], [])
    yield Change(whole, f"the {name} is taken over all axes: one number comes out.", 1)
    if not node.args:
        return
    for axis, words in ((0, "first"), (1, "second"), (-1, "last")):
        new = ast.UnaryOp(ast.USub(), constant(1)) if axis < 0 else constant(axis)
        if ast.unparse(ast.fix_missing_locations(new)) != ast.unparse(node.args[0]):
            moved = ast.Call(function, [new, *node.args[1:]], node.keywords)
            yield Change(moved, f"the {name} is taken over the {words} axis only.", 1)
    over = node.args[0]
    if name == "mean":
        number = ast.Subscript(ast.Attribute(function.value, "shape", ast.Load()), over, ast.Load())
        less = ast.BinOp(number, ast.Sub(), constant(1))
        estimated = ast.BinOp(node, ast.Mult(), ast.BinOp(number, ast.Div(), less))
        yield Change(estimated, "the mean divides by one less than the number (ddof=1).", 1)
        everywhere = ast.BinOp(ast.BinOp(constant(0), ast.Mult(), node), ast.Add(), whole)
        yield Change(everywhere, "one mean is taken for the whole array, over all axes.", 1)
    if name == "sum":
        size = ast.Call(ast.Name("len", ast.Load()), [function.value], [])
        text = f"the sum is divided by the length of {quoted(function.value)}, the first axis."
        yield Change(ast.BinOp(node, ast.Div(), size), text, 1)
        everywhere = ast.BinOp(ast.BinOp(constant(0), ast.Mult(), node), ast.Add(), whole)
        yield Change(everywhere, "one sum over all axes stands everywhere.", 2)
        if isinstance(over, ast.Constant) and over.value == 0:
            for which, words in ((0, "first"), (-1, "last")):
                one = ast.Subscript(function.value, constant(which), ast.Load())
                text = (
                    f"only the {words} item's share is taken: the others are overwritten or lost."
                )
                yield Change(one, text, 1)


def _is_numpy(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "np"
    )


def _of_arguments(node: ast.Call) -> Iterator[Change]:
    """Two arguments exchanged, or a keyword argument that is not passed on."""
    for one in range(len(node.args) - 1):
        for other in range(one + 1, len(node.args)):
            first, second = node.args[one], node.args[other]
            if isinstance(first, ast.Starred | ast.Constant) or isinstance(second, ast.Starred):
                continue
            args = list(node.args)
            args[one], args[other] = second, first
            text = f"{quoted(first)} and {quoted(second)} are exchanged."
            yield Change(ast.Call(node.func, args, node.keywords), text, 2)
    for argument in node.args[1:]:
        if isinstance(argument, ast.Name) and argument.id in OPTIONAL:
            text = f"{quoted(argument)} is not passed on."
            for default in OPTIONAL[argument.id]:
                args = [constant(default) if item is argument else item for item in node.args]
                yield Change(ast.Call(node.func, args, node.keywords), text, 0)
            if argument.id in MASKS:
                yield _causal_too(node, argument)
            if argument is node.args[-1]:
                yield Change(ast.Call(node.func, node.args[:-1], node.keywords), text, 0)
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in ("keepdims", "axis"):
            kept = [item for item in node.keywords if item is not keyword]
            text = f"`{keyword.arg}` is not passed on."
            yield Change(ast.Call(node.func, node.args, kept), text, 1)


def _causal_too(node: ast.Call, mask: ast.Name) -> Change:
    """A mask that hides what comes later as well."""
    last = ast.UnaryOp(ast.USub(), constant(1))
    size = ast.Subscript(ast.Attribute(mask, "shape", ast.Load()), last, ast.Load())
    triangle = ast.Call(
        ast.Attribute(ast.Name("np", ast.Load()), "tri", ast.Load()),
        [size],
        [ast.keyword("dtype", ast.Name("bool", ast.Load()))],
    )
    both = ast.BinOp(mask, ast.BitAnd(), triangle)
    args = [both if item is mask else item for item in node.args]
    text = f"{quoted(mask)} is causal as well: it hides all later positions."
    return Change(ast.Call(node.func, args, node.keywords), text, 1)
