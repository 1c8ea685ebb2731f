"""An assignment's manifest, `assignment.toml`, and what is wrong with it."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.documents.schema import decode, nearest
from autograder.errors import UsageProblem

LIMITS = ("cpu_per_check", "cpu_total", "memory_mb")


@dataclass(frozen=True)
class AssignedFunction:
    """A function that students write, and what it is worth."""

    name: str
    points: float
    section: str = ""
    below: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    returns: str = ""


@dataclass(frozen=True)
class Manifest:
    """`assignment.toml` as it is written."""

    title: str
    files: tuple[str, ...]
    function: tuple[AssignedFunction, ...]
    summary: str = ""
    builds_on: tuple[str, ...] = ()
    hours: float = 0.0
    given: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)


def read_manifest(path: Path) -> Manifest:
    """A manifest that makes sense by itself."""
    manifest = decode(Manifest, read_toml(path), path)
    _check_manifest(manifest, path)
    return manifest


def read_toml(path: Path) -> dict[str, object]:
    """A TOML file as a table."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path} can't be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(f"{path} is not valid TOML: {error}.") from error


def _check_manifest(manifest: Manifest, path: Path) -> None:
    names = [function.name for function in manifest.function]
    for name in manifest.files:
        if not re.fullmatch(r"\w+\.py", name):
            raise UsageProblem(f'{path}: "files" should name Python files, found {name!r}.')
    for key in manifest.limits:
        if key not in LIMITS:
            raise UsageProblem(
                f'{path}: unknown key "limits.{key}"{nearest(key, LIMITS)}. '
                f"Known here: {', '.join(LIMITS)}."
            )
    for function in manifest.function:
        place = f'{path}: function "{function.name}"'
        if names.count(function.name) > 1:
            raise UsageProblem(f"{place} is there twice.")
        if not function.points > 0:
            raise UsageProblem(f"{place}: points should be above 0, found {function.points:g}.")
        if len(function.hints) not in (0, 3):
            raise UsageProblem(
                f"{place}: there should be three hints or none, found {len(function.hints)}."
            )
        forbidden = {function.name, partner(function.name)}
        for name in function.below:
            if name in forbidden:
                raise UsageProblem(
                    f'{place}: "below" names "{name}", which would hand out what is asked.'
                )
            if name not in names and name not in manifest.given:
                known = [*names, *manifest.given]
                raise UsageProblem(
                    f'{place}: "below" names "{name}", which is no function of this '
                    f"assignment{nearest(name, known)}."
                )


def partner(name: str) -> str:
    """The other half of a forward-backward pair."""
    if name.endswith("_backward"):
        return name.removesuffix("_backward")
    return f"{name}_backward"
