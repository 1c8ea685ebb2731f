"""Mutants die by whatever check can see them, and are said to survive where none does."""

import ast

from autograder.verify.mutants import Source, mutants_of

HELPED = '''
def _factor():
    return 2.0


def double(x):
    """Twice x."""
    return x * _factor(), None


def double_backward(dy, cache):
    """The gradient by x."""
    return dy + dy


def halve(x):
    """Half of x."""
    return x / 2
'''
BLIND = '''
import numpy as np

from autograder.checker import check


@check(of="double")
def test_the_shape(impl, draw):
    """The shape of a table"""
    y, _ = impl.double(draw.normal(3, 4))
    return {"shape": list(np.shape(y))}


@check(of="double_backward")
def test_gradient(impl, draw):
    """The gradient of a table"""
    return {"dx": impl.double_backward(draw.normal(3, 4), None)}
'''
LAST = '''

@check(of="double_backward")
def test_the_last(impl, draw):
    """The table itself"""
    return {"y": impl.double(draw.normal(3, 4))[0]}
'''
FACTOR = "_factor: return 2.0  ->  return 4.0"


def mutation_of(examination):
    return examination.part("mutants", mutants=True, advance=lambda *_: None).mutation


def test_a_mutant_that_only_the_last_check_sees_is_killed(examined):
    found = mutation_of(examined(replace={"double.py": HELPED, "checks.py": BLIND + LAST}))
    assert found.killed == found.total
    assert found.total >= 5


def test_without_that_check_it_is_said_to_survive(examined):
    found = mutation_of(examined(replace={"double.py": HELPED, "checks.py": BLIND}))
    assert FACTOR in found.survivors
    assert not any("double_backward" in line for line in found.survivors)


def test_an_explanation_of_what_is_killed_is_stale(examined):
    explained = f"[[survivor]]\nmutant = '{FACTOR}'\nwhy = 'none'\n"
    content = {"double.py": HELPED, "checks.py": BLIND + LAST, "survivors.toml": explained}
    assert mutation_of(examined(replace=content)).stale == (FACTOR,)


def test_who_may_come_to_a_function_is_told_by_names(tmp_path):
    path = tmp_path / "double.py"
    path.write_text(
        HELPED + "TABLE = {'twice': double}\n\n\ndef by_name(x):\n    return TABLE[x]\n"
    )
    source = Source(path)
    assert source.reaching("_factor") == {"_factor", "double", "TABLE", "by_name"}
    assert source.reaching("double_backward") == {"double_backward"}
    path.write_text(HELPED + "\n\ndef late(x):\n    import numpy\n    return numpy.sum(x)\n")
    assert Source(path).reaching("_factor") is None
    path.write_text(HELPED + "\n\ndef hidden(x):\n    return globals()['double'](x)\n")
    assert Source(path).reaching("_factor") is None


def test_a_mutant_is_the_file_with_one_function_changed(tmp_path):
    path = tmp_path / "double.py"
    path.write_text(HELPED)
    source = Source(path)
    mutant = next(m for m in mutants_of(source.tree, frozenset({"double"})) if m.key == FACTOR)
    namespace = {}
    source.run_with(mutant, namespace)
    assert namespace["double"](3) == (12.0, None)
    assert namespace["double_backward"](3, None) == 6
    assert ast.unparse(source.tree) == ast.unparse(ast.parse(HELPED))
