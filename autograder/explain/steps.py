"""Steps: a function spelled out as the handout does, from which its wrong variants follow.

A step function takes what a slip takes: a forward's arguments, and for a backward `dy` in front of
them. It is plain textbook code; every assignment is a step, its variable the step's name, and a
comment behind it says in words what it is, one above it (`# why:`) why it is there. Functions of
the reference can be called by name.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any

from autograder.checker.bank import Misconception
from autograder.checker.declare import load_file
from autograder.checker.implementation import LocalImplementation
from autograder.checker.runs import AND, TOGETHER
from autograder.explain.arithmetic import of_whole
from autograder.explain.branches import branches_before
from autograder.explain.calls import loop_changes
from autograder.explain.change import RARE, Change, Variant
from autograder.explain.changes import changes, other_defaults
from autograder.explain.comments import Comments, sentence
from autograder.explain.order import of_order
from autograder.explain.parameters import of_entry, of_parameter
from autograder.explain.precision import SINGLE, narrowed, precision
from autograder.explain.program import Program, compiled
from autograder.explain.trees import Tree, assigned, replaced, scopes

DEFAULT = -1  # in the place of an operation, where a default is changed
BETWEEN = " + "  # in the name of a cause that is two changes


@dataclass(frozen=True)
class StepFunction:
    """A declared step function, and the handout's section that it follows."""

    of: str
    see: str
    function: Callable[..., Any]


def steps(see: str, of: str = "") -> Callable[[Callable[..., Any]], StepFunction]:
    """Declare the steps of a function: by default of the one that has the same name.

    see: the handout's section ("handout.md#anchor"); a comment `# see: anchor` on a line of its own
    says it for the steps below. `# why: The variance depends on x too.` follows the sentence of
    each change of the next step, and of no other: it says what that step must do. `# as hard: the
    root is missing; it is multiplied` names changes of a forward's step, by how their sentences
    begin, that leave the backward worth its points, so that a right one on top of them earns them.
    """

    def declare(function: Callable[..., Any]) -> StepFunction:
        return StepFunction(of or function.__name__, see, function)

    return declare


class Steps:
    """The steps of one function with all their variants."""

    def __init__(
        self, declared: StepFunction, names: Mapping[str, Any], returns: tuple[str, ...] = ()
    ) -> None:
        """`names` holds what the code may use beside its own module: the reference's functions.

        `returns` says of each part of the result whether it is opaque, as the contract does.
        """
        self.of = declared.of
        self.returns = returns
        self.signature = inspect.signature(declared.function)
        source = textwrap.dedent(inspect.getsource(declared.function))
        module = ast.parse(source)
        tree = next(node for node in module.body if isinstance(node, ast.FunctionDef))
        own = {
            name: value
            for name, value in declared.function.__globals__.items()
            if not isinstance(value, StepFunction) and not name.startswith("__")
        }
        self._comments = Comments(source, declared.see)
        self.program = Program(tree, {**own, **names}, self._comments.words)
        self._trees: dict[int, Tree] = {}
        self._code: dict[tuple[Variant, ...], Mapping[int, CodeType]] = {}

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """All single changes, the likely ones first."""
        known = list(self.signature.parameters)
        found: list[Variant] = []
        names: Counter[str] = Counter()
        for at, operation in enumerate(self.program.operations):
            if operation.node is None:
                continue
            seen: set[tuple[int, str]] = set()
            for variant, look in self._of_statement(at, known, operation.where):
                if look not in seen:
                    seen.add(look)
                    names[variant.name] += 1
                    if names[variant.name] > 1:
                        name = f"{variant.name}__{names[variant.name]}"
                        variant = replace(variant, name=name)
                    found.append(variant)
            known += [name for name in assigned(operation.node) if name not in known]
        found += self._of_defaults()
        return tuple(sorted(found, key=lambda variant: variant.rank))

    def _of_defaults(self) -> Iterator[Variant]:
        """Another default of an argument."""
        for name, parameter in self.signature.parameters.items():
            default = parameter.default
            for other in other_defaults(default):
                text = f"The default of `{name}` is {other!r} where it should be {default!r}."
                change = Change(ast.Constant(other), text, 2)
                slug = f"{self.of}.default_of_{name}_{other}"
                yield Variant(
                    DEFAULT, 0, change, slug, text, self._comments.see, default=(name, other)
                )

    def _tree(self, at: int) -> Tree:
        """An operation's nodes: looked at once, for thousands of changes."""
        if at not in self._trees:
            node = self.program.operations[at].node
            assert node is not None
            self._trees[at] = Tree(node)
        return self._trees[at]

    def _of_statement(
        self, at: int, known: Sequence[str], where: str
    ) -> Iterator[tuple[Variant, tuple[int, str]]]:
        """All changes of one operation that make another one of it, and how it looks with them:
        the place and the text of the assignment, or of the whole, that has changed."""
        tree = self._tree(at)
        statement = tree.root
        step, see = self._comments.of(statement)
        known = [*known, *assigned(statement)] if isinstance(statement, ast.For) else known
        bound, loops = scopes(statement)
        whole = {
            id(item.value)
            for item in tree.nodes
            if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name)
        }
        parameters, operations = self.signature.parameters, self.program.operations
        together: dict[int, list[Change]] = {}
        for changed, change in of_order(operations, at, list(parameters)):
            together.setdefault(id(changed), []).append(change)
        branches = list(branches_before(operations, at))
        parts: dict[int, tuple[str, str, tuple[str, ...], str]] = {}  # what is said of it; its code
        for index, node in enumerate(tree.nodes):
            if not isinstance(node, ast.expr):
                continue
            part = tree.innermost(node)
            if id(part) not in parts:
                comments = self._comments
                said = comments.of(part, step)[0], comments.why(part), comments.as_hard(part)
                parts[id(part)] = *said, ast.unparse(part)
            inner, why, as_hard, unchanged = parts[id(part)]
            siblings = known
            if isinstance(node, ast.Name):
                siblings = next((names for names in bound if node.id in names), known)
                siblings = siblings if node.id in siblings else ()
            extra: list[Iterable[Change]] = [loop_changes(node)] if id(node) in loops else []
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                extra.append(of_parameter(node, parameters))
            if id(node) in whole:
                extra.append(of_whole(node, known))
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                extra.append(of_entry(node, parameters, self.program.names))
            if id(node) in together:
                extra.append(together[id(node)])
            everywhere = ((where, change) for change in changes(node, siblings))
            more = ((where, change) for change in itertools.chain(*extra))
            apart = (
                branch.alone(node, change)
                for branch in (branches if isinstance(node, ast.Call) else ())
                for change in changes(node, siblings)
                if change.likely < RARE
            )
            for there, change in itertools.chain(everywhere, more, apart):
                text = ast.unparse(tree.with_one(index, change.new, part))
                for placed in change.elsewhere:
                    text += ast.unparse(ast.fix_missing_locations(placed.node))
                if text == unchanged:
                    continue
                words = sentence(there, inner, change.text)
                names = None
                if isinstance(node, ast.Name) and isinstance(change.new, ast.Name):
                    names = (node.id, change.new.id)
                slug = re.sub(r"\W+", "_", f"{inner} {change.text}").strip("_").lower()[:80]
                name = f"{self.of}.{slug}"
                hard = change.text.startswith(as_hard)
                made = Variant(at, index, change, name, words, see, names, None, why, hard)
                yield made, (id(part), text)

    def code(self, variants: Sequence[Variant]) -> Mapping[int, CodeType] | None:
        """The changed operations; None where two changes are of the same expression."""
        key = tuple(variants)
        if key not in self._code:
            by_operation: dict[int, list[Variant]] = {}
            for variant in variants:
                if variant.default is not None:
                    continue
                by_operation.setdefault(variant.operation, []).append(variant)
            found = {}
            for placed in itertools.chain(*(variant.change.elsewhere for variant in variants)):
                if placed.operation in found or placed.operation in by_operation:
                    return None
                found[placed.operation] = compiled(placed.node)
            for at, changed in by_operation.items():
                if len({variant.node for variant in changed}) < len(changed):
                    return None
                tree = self._tree(at)
                if len(changed) == 1:
                    piece = ast.fix_missing_locations(changed[0].change.new)
                    new = tree.with_one(changed[0].node, piece)
                    found[at] = compiled(new, placed=True)
                else:
                    pieces = [(variant.node, variant.change.new) for variant in changed]
                    found[at] = compiled(replaced(tree.root, pieces))
            if len(variants) > 1:
                return found  # pairs are many, and each is met once
            self._code[key] = found
        return self._code[key]

    def step_of(self, node: ast.AST) -> tuple[str, str, str]:
        """How a sentence names a step, the handout's section, and the step's reason."""
        return *self._comments.of(node), self._comments.why(node)

    def function(self, variants: Sequence[Variant] = ()) -> Callable[..., Any]:
        """The whole function with some changes: what a student would have written."""
        changed = self.code(variants) if variants else {}
        program, signature = self.program, self.signature
        defaults = dict(v.default for v in variants if v.default is not None)

        def run(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            for name in defaults.keys() - bound.arguments.keys():
                bound.arguments[name] = defaults[name]
            bound.apply_defaults()
            env = {**program.names, **bound.arguments}
            return self.typed(program.run(env, 0, changed or {}), env)

        return run

    def typed(self, result: Any, env: Mapping[str, Any]) -> Any:
        """A result in the precision of the arguments: textbook code takes no care of it."""
        if "dtype" in self.signature.parameters:
            return result
        given = [precision(env[name]) for name in self.signature.parameters if name in env]
        widest = max(given, default=0)
        return narrowed(result) if widest == SINGLE else result

    def slip(self, variants: Sequence[Variant]) -> Misconception:
        """Changes as a known slip."""
        text = variants[0].sentence
        if len(variants) > 1:
            text = TOGETHER + AND.join(variant.sentence for variant in variants)
        name = BETWEEN.join(variant.name for variant in variants)
        return Misconception(
            name,
            self.of,
            variants[0].see,
            name,
            text,
            self.function(variants),
            easier_backward=not all(variant.as_hard for variant in variants),
            of_many=len(variants) > 1,
        )


def load_steps(path: Path, reference: LocalImplementation) -> dict[str, Steps]:
    """The steps that a file declares, by function.

    Step functions may call the reference's functions by name, helpers of the file as
    `REFERENCE[name]`.
    """
    module = load_file(path)
    names = reference.namespace
    module.REFERENCE = names  # type: ignore[attr-defined]
    contract = reference.contract.functions
    declared = [value for value in vars(module).values() if isinstance(value, StepFunction)]
    return {item.of: Steps(item, names, contract[item.of].returns) for item in declared}
