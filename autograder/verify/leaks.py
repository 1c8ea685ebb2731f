"""The proof that students read nothing that code says about a hidden check's inputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.checker.implementation import LocalImplementation
from autograder.grading.judges import ONE_STREAM
from autograder.verify.proofs import Proof
from autograder.verify.subject import Subject

MARK = "TOLD_IN_WORDS_OF_ITS_OWN"


def _quoted(args: Any, kwargs: Any) -> str:
    """The mark, and what was handed over: of a large array its corners, which is long enough."""
    with np.printoptions(threshold=8, edgeitems=1):
        return f"{MARK} {args} {kwargs}"


def _raises(*args: Any, **kwargs: Any) -> Any:
    raise ValueError(_quoted(args, kwargs))


def _raises_a_named_class(*args: Any, **kwargs: Any) -> Any:
    raise type(f"{MARK}{len(args)}", (Exception,), {})(kwargs)


def _warns(*args: Any, **kwargs: Any) -> Any:
    warnings.warn(_quoted(args, kwargs), stacklevel=1)
    return (np.full(np.shape(args[0]) if args else (), 0.5), None)


def _returns_a_named_type(*args: Any, **kwargs: Any) -> Any:
    return type(f"{MARK}{len(args)}", (), kwargs and {})()


def _returns_named_keys(*args: Any, **kwargs: Any) -> Any:
    return {f"{MARK}{len(args)}": 1.0, **{MARK + name: 0.0 for name in kwargs}}, None


TALKERS: dict[str, Callable[..., Any]] = {
    "an exception's words": _raises,
    "an exception's class": _raises_a_named_class,
    "a warning": _warns,
    "a type's name": _returns_a_named_type,
    "a dict's keys": _returns_named_keys,
}


def leak_proof(subject: Subject) -> Proof:
    """The proof, with how many checks were talked to in how many ways."""
    checks = [check for check in subject.judge.checks if check.kind not in ONE_STREAM]
    with np.errstate(all="ignore"):
        problems = tuple(nothing_comes_back(subject))
    return Proof("nothing comes back", len(checks) * len(TALKERS), problems)


def nothing_comes_back(subject: Subject) -> Iterator[str]:
    """Code that quotes its arguments in every way it has is not heard by students."""
    contract = subject.course.contract
    for way, talker in TALKERS.items():
        talkative = LocalImplementation(contract, dict.fromkeys(contract.functions, talker))
        for check in subject.judge.checks:
            if check.kind in ONE_STREAM:
                continue
            finding = subject.judge.run_one(check, talkative)
            for disclosure in ("cause", "none"):
                if MARK in "".join(finding.text(disclosure).split()):
                    yield f'{check.name} tells {way} under the disclosure "{disclosure}"'
