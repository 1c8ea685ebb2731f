"""What a course's package offers: its public functions, and which results are opaque."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType

VALUE, OPAQUE = "value", "opaque"


@dataclass(frozen=True)
class Function:
    """One public function of the package.

    `returns` says what each part of the result is: data that is compared ("value"), or a Python
    object that only the implementation itself reads ("opaque": a cache, an optimiser's state).
    """

    name: str
    module: str
    returns: tuple[str, ...] = (VALUE,)
    parameters: tuple[str, ...] = ()

    @property
    def partner(self) -> str:
        """The other half of a forward-backward pair (it need not exist)."""
        if self.name.endswith("_backward"):
            return self.name.removesuffix("_backward")
        return f"{self.name}_backward"


@dataclass(frozen=True)
class Contract:
    """All public functions of a package, by name."""

    package: str
    functions: Mapping[str, Function]

    @classmethod
    def from_source(
        cls, package_folder: Path, returns: Mapping[str, str] | None = None
    ) -> Contract:
        """Read the contract off a package's source; nothing of it is executed.

        A function `f` with an `f_backward` beside it returns (value, cache); every other one
        returns a value. `returns` overrides that, for example {"adam_init": "opaque"}.
        """
        modules: dict[str, str] = {}
        parameters: dict[str, tuple[str, ...]] = {}
        for path in sorted(package_folder.glob("*.py")):
            for function in _functions(_code(path)):
                name = function.co_name
                if name in modules:
                    raise ValueError(
                        f"{name} is defined in {modules[name]}.py and {path.name}: "
                        "names must be unique over the package"
                    )
                count = function.co_argcount + function.co_kwonlyargcount
                modules[name], parameters[name] = path.stem, function.co_varnames[:count]
        overrides = dict(returns or {})
        if unknown := sorted(overrides.keys() - modules.keys()):
            raise ValueError(f"`returns` names functions that are not there: {', '.join(unknown)}")
        functions = {}
        for name, module in modules.items():
            default = "value, opaque" if f"{name}_backward" in modules else VALUE
            parts = tuple(part.strip() for part in overrides.get(name, default).split(","))
            if any(part not in (VALUE, OPAQUE) for part in parts):
                raise ValueError(f"returns of {name}: {parts}; expected 'value' and 'opaque' only")
            functions[name] = Function(name, module, parts, parameters[name])
        return cls(package_folder.name, functions)

    def pair(self, name: str) -> frozenset[str]:
        """A function and its forward or backward partner."""
        partner = self.functions[name].partner
        return frozenset({name, partner} if partner in self.functions else {name})


def _code(path: Path) -> CodeType:
    """A module's code, as an import takes it: ten times as quick as a syntax tree."""
    code = SourceFileLoader(path.stem, str(path)).get_code(path.stem)
    assert code is not None
    return code


def _functions(module: CodeType) -> Iterator[CodeType]:
    """The public functions that a module defines."""
    for code in module.co_consts:
        if not isinstance(code, CodeType):
            continue
        if code.co_name.startswith("<generic parameters"):
            yield from _functions(code)
        elif code.co_flags & CO_OPTIMIZED and not code.co_name.startswith(("_", "<")):
            yield code
