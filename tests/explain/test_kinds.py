"""Each kind of change does what its sentence says, and none comes where it makes no sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.explain.change import Variant
from autograder.explain.steps import StepFunction, Steps, steps

KINDS = {"one": lambda x: x**2, "two": lambda x: x**3}


@steps(see="handout.md#order")
def scaled(x, gamma, scheme="one", width=3):
    centred = x - x.mean()
    variance = (centred**2).mean()
    sigma = np.sqrt(variance)  # the spread
    x_hat = centred / sigma
    if scheme == "one":  # in the first scheme
        factor = 2 / x.size
    else:  # in the other scheme
        spread = np.sqrt(9)
        factor = spread
    chosen = np.exp(x_hat)
    kind = KINDS[scheme]
    size = len(x)
    both = size + width
    total = chosen + both
    grown = kind(total)
    return factor * (gamma * grown)


@steps(see="handout.md#order")
def scores(q, k, mask=None):
    products = q @ k.T
    seen = attend(products, mask)
    best = seen.argmax(-1)
    return 1 * best


def attend(products, mask):
    return products if mask is None else np.where(mask, products, -1e9)


X, GAMMA = np.array([1.0, 2.0, 6.0]), np.array([0.5, 2.0, -1.0])


def known(function: Any) -> tuple[Steps, dict[str, Variant]]:
    assert isinstance(function, StepFunction)
    made = Steps(function, {})
    return made, {variant.text: variant for variant in made.variants}


def by_hand(
    x: Any = X,
    gamma: Any = GAMMA,
    scheme: str = "one",
    *,
    spread: Callable[[Any], Any] = lambda c: np.sqrt((c**2).mean()),
    chosen: Callable[[Any], Any] = np.exp,
    both: int = 6,
    kind: Callable[[Any], Any] | None = None,
    late: Any = None,
    turned: bool = False,
) -> Any:
    centred = x - x.mean()
    kind = kind or KINDS[scheme]
    rows = chosen(centred / spread(centred))
    grown = rows + kind(both) if turned else kind(rows + both)
    factor = 2 / 3 if scheme == "one" else 3.0
    return factor * ((gamma if late is None else late) * grown)


CASES: dict[str, Callable[[], Any]] = {
    "In `sigma` (the spread): absolute values of `centred` stand for squares and their root.": (
        lambda: by_hand(spread=lambda c: np.abs(c).mean())
    ),
    "In what is returned: `gamma` multiplies `x` before all else, not `grown` here.": (
        lambda: by_hand(X * GAMMA, late=1.0)
    ),
    "In the first scheme, in `chosen`: the exponential is missing.": (
        lambda: by_hand(chosen=lambda x: x)
    ),
    "In `kind`: what belongs to 'two' is taken for 'one'.": lambda: by_hand(kind=lambda x: x**3),
    "In `both`: the larger of `size` and `width` is taken, not their sum.": lambda: by_hand(both=3),
    "In `size`: it is one too high.": lambda: by_hand(both=7),
    "In `grown`: `kind(both)` comes before the sum `chosen + both`, not after it.": lambda: by_hand(
        turned=True
    ),
}


@pytest.mark.parametrize("text", CASES)
def test_a_kind_of_change_does_what_it_says(text: str) -> None:
    made, by_text = known(scaled)
    given = made.function([by_text[text]])(X, GAMMA)
    np.testing.assert_allclose(given, CASES[text](), rtol=1e-12)


def test_a_change_in_one_branch_leaves_the_other_alone() -> None:
    made, by_text = known(scaled)
    variant = by_text["In the first scheme, in `chosen`: the exponential is missing."]
    np.testing.assert_allclose(
        made.function([variant])(X, GAMMA, "two"), by_hand(scheme="two"), rtol=1e-12
    )
    other = by_text["In the other scheme, in `chosen`: the exponential is missing."]
    assert not np.allclose(made.function([other])(X, GAMMA, "two"), by_hand(scheme="two"))


def test_steps_change_places_only_where_nothing_else_reads_between_them() -> None:
    _, by_text = known(scaled)
    turned = [text for text in by_text if "comes before the" in text]
    assert any("`grown`" in text for text in turned)
    assert not any("`x_hat`" in text or "`variance`" in text for text in turned)


def test_what_changes_two_steps_is_no_pair_with_a_change_of_either() -> None:
    made, by_text = known(scaled)
    both = by_text[
        "In `sigma` (the spread): absolute values of `centred` stand for squares and their root."
    ]
    other = next(v for v in made.variants if v.operation == both.start)
    assert made.code([both]) is not None
    assert made.code([both, other]) is None


def test_cosines_masks_and_counts() -> None:
    made, by_text = known(scores)
    rng = np.random.default_rng(3)
    q, k = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)) * np.arange(1, 6)[:, None]
    unit = k / np.linalg.norm(k, axis=-1, keepdims=True)
    cosines = by_text["In `products`: the rows of `k` are brought to length 1 before the product."]
    np.testing.assert_array_equal(made.function([cosines])(q, k), (q @ unit.T).argmax(-1))
    high = by_text["In `best`: it is one too high."]
    np.testing.assert_array_equal(made.function([high])(q, k), (q @ k.T).argmax(-1) + 1)
    causal = by_text["In `seen`: `mask` is causal as well: it hides all later positions."]
    square, open_mask = k, np.ones((5, 5), bool)
    hidden = np.where(np.tri(5, dtype=bool), k @ k.T, -1e9).argmax(-1)
    np.testing.assert_array_equal(made.function([causal])(square, square, open_mask), hidden)
