"""What a course's package offers: its public functions, and which results are opaque."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
            for node in ast.parse(path.read_bytes(), str(path)).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    if node.name in modules:
                        raise ValueError(
                            f"{node.name} is defined in {modules[node.name]}.py and {path.name}: "
                            "names must be unique over the package"
                        )
                    modules[node.name] = path.stem
                    arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
                    parameters[node.name] = tuple(argument.arg for argument in arguments)
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
