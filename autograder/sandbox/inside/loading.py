"""Import of a submission, inside the worker: source files only, last on the path.

Compiled files of a submission (`__pycache__`, `.pyc`, `.so`) are never read: what a person sees in
the source is what runs. A module that fails is remembered with its error, and the others go on.
"""

from __future__ import annotations

import importlib
import linecache
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

MESSAGE = 2000  # characters of an exception's message
LINE = 160  # characters of a source line

Report = tuple[tuple[str, ...], str, str]  # class names along the mro, message, where
Functions = Mapping[str, Callable[..., Any]]  # by name


class MissingError(Exception):
    """The submission doesn't have a function or its file."""


class Submission:
    """A folder that holds the course's package, imported a module at a time when it is needed."""

    def __init__(self, folder: str, package: str, served: Mapping[str, Functions]) -> None:
        if package in sys.stdlib_module_names or package in sys.modules:
            raise MissingError(f"a package named {package} would shadow Python's own")
        self.folder = folder
        self.package = package
        self.served = served  # by module: functions that are put in place of the submission's own
        self.failures: dict[str, Report] = {}
        sys.path_hooks.insert(0, self._hook)
        sys.meta_path.append(_MissingModules(self))
        sys.path.append(folder)

    def find(self, module: str, name: str) -> Callable[..., Any]:
        """The submission's function; raises MissingError, or whatever its import raises."""
        full_name = f"{self.package}.{module}"
        loaded = sys.modules.get(full_name)
        if loaded is None:
            try:
                loaded = importlib.import_module(full_name)
            except ModuleNotFoundError as error:
                if error.name in (self.package, full_name):
                    raise MissingError(f"the file {self.package}/{module}.py is missing") from None
                raise
        try:
            function: Any = vars(loaded)[name]
        except (KeyError, TypeError):
            raise MissingError(f"{module}.py has no function {name}") from None
        if not callable(function):
            raise MissingError(f"{name} in {module}.py is not a function")
        return function  # type: ignore[no-any-return]

    def failure(self, module: str) -> Report | None:
        """Why a module that was filled from the reference failed to import by itself."""
        return self.failures.get(f"{self.package}.{module}")

    def place_served(self, module: ModuleType) -> None:
        """Put the served functions of a module in place, whoever refers to the old ones."""
        for name, function in self.served.get(module.__name__, {}).items():
            old = vars(module).get(name)
            if type(old) is FunctionType:
                _redirect(old, function)
                continue
            if old is not None:
                _replace(vars(module), old, function)
            setattr(module, name, function)

    def _hook(self, path: str) -> FileFinder:
        if path != self.folder and not path.startswith(self.folder + "/"):
            raise ImportError("not of the submission")
        submission = self

        class Loader(_SourceLoader):
            owner = submission

        return FileFinder(path, (Loader, [".py"]))


class _SourceLoader(SourceFileLoader):
    owner: Submission

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        try:
            super().exec_module(module)
        except BaseException as error:
            if module.__name__ not in self.owner.served:
                raise
            self.owner.failures[module.__name__] = tell(error, self.owner.folder)
        self.owner.place_served(module)


class _MissingModules:
    """Finds modules that the submission lacks and the reference serves functions of."""

    def __init__(self, submission: Submission) -> None:
        self.submission = submission

    def find_spec(
        self, name: str, _path: Any = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in self.submission.served else None  # type: ignore[arg-type]

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        self.submission.place_served(module)


def _redirect(old: Any, new: Any) -> None:
    """Let a function object run another one's code, so that every alias of it does."""
    code = new.__code__
    if old.__closure__:
        code = code.replace(co_freevars=old.__code__.co_freevars)
    old.__code__, old.__defaults__, old.__kwdefaults__ = code, None, None


def _replace(table: Any, old: Any, new: Any) -> None:
    """Put `new` where `old` stands in a module's names, and in tables one level below."""
    for key, value in list(table.items()):
        if value is old:
            table[key] = new
        elif type(value) is dict and value is not table:
            value.update({k: new for k, v in value.items() if v is old})
        elif type(value) is list:
            value[:] = [new if v is old else v for v in value]


def tell(error: BaseException, folder: str) -> Report:
    """An exception as text: never raises, whatever the exception's own methods do."""
    try:
        kinds = tuple(str(kind.__name__)[:100] for kind in type(error).__mro__[:30])
    except BaseException:
        kinds = ("Exception",)
    try:
        if isinstance(error, SyntaxError) and type(error.msg) is str:
            message = error.msg
        else:
            message = str(error)
        message = str.__str__(message[:MESSAGE])
    except BaseException as second:
        message = f"(its message can't be shown: {type(second).__name__})"
    try:
        where = _own_line(error, folder)
    except BaseException:
        where = ""
    return kinds, message, where


def _own_line(error: BaseException, folder: str) -> str:
    if isinstance(error, SyntaxError) and _is_own(error.filename, folder):
        return _line_text(str(error.filename), error.lineno or 0)
    trace: TracebackType | None = error.__traceback__
    best: tuple[str, int] | None = None
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if _is_own(path, folder):
            best = path, trace.tb_lineno or 0
        trace = trace.tb_next
    return _line_text(*best) if best else ""


def _is_own(path: Any, folder: str) -> bool:
    return type(path) is str and path.startswith(folder + "/")


def _line_text(path: str, number: int) -> str:
    line = linecache.getline(path, number).strip()[:LINE]
    return f"{path.rpartition('/')[2]}, line {number}" + (f": {line}" if line else "")
