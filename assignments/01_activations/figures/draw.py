"""Draw the figures of this handout: python assignments/01_activations/figures/draw.py"""

import sys
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))

from transformer.activations import (  # noqa: E402
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)
from transformer.gradient_check import numerical_gradient  # noqa: E402

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION = "#0072B2", "#D55E00"


def main():
    plt.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "01_activations",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    for draw in (activations, step_size, softmax_figure, cost_of_a_gradient):
        figure = draw()
        figure.savefig(
            HERE / f"{draw.__name__.removesuffix('_figure')}.svg",
            metadata={"Date": None},
            bbox_inches="tight",
        )
        plt.close(figure)


def activations():
    """The activations on the left, their derivatives on the right."""
    x = np.linspace(-4, 4, 321)
    curves = [
        ("ReLU", relu(x), relu_backward, BLACK, "-"),
        ("leaky ReLU, slope 0.1", leaky_relu(x, 0.1), leaky_relu_backward, ORANGE, "--"),
        ("sigmoid", sigmoid(x), sigmoid_backward, BLUE, "-."),
        ("tanh", tanh(x), tanh_backward, GREEN, ":"),
        ("GELU", gelu(x), gelu_backward, VERMILION, (0, (6, 1))),
    ]
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.0))
    for name, (y, cache), backward, colour, style in curves:
        left.plot(x, y, color=colour, linestyle=style, linewidth=1.8, label=name)
        right.plot(x, backward(np.ones_like(x), cache), color=colour, linestyle=style, lw=1.8)
    left.set(xlabel="x", title="y = f(x)", ylim=(-1.2, 3))
    right.set(xlabel="x", title="derivative f '(x)", ylim=(-0.2, 1.25))
    for axes in (left, right):
        axes.axhline(0, color="#999999", linewidth=0.6, zorder=0)
        axes.axvline(0, color="#999999", linewidth=0.6, zorder=0)
    left.legend(frameon=False, loc="upper left", fontsize=8)
    figure.tight_layout()
    return figure


def step_size():
    """The error of differences of GELU, the largest of 41 points, by step size."""
    steps = np.logspace(-13, 0, 53)
    x = np.linspace(-2, 2, 41)
    exact = gelu_backward(np.ones_like(x), gelu(x)[1])

    def error(difference):
        return np.abs(difference - exact).max()

    def value(point, dtype=np.float64):
        return gelu(point.astype(dtype))[0].astype(np.float64)

    def true_step(h):
        return np.float64(np.float32(x + h)) - np.float64(np.float32(x - h))

    central = [error((value(x + h) - value(x - h)) / (2 * h)) for h in steps]
    one_sided = [error((value(x + h) - value(x)) / h) for h in steps]
    coarse = [h for h in steps if h >= 1e-7]
    single = [
        error((value(x + h, np.float32) - value(x - h, np.float32)) / true_step(h)) for h in coarse
    ]

    figure, axes = plt.subplots(figsize=(6.0, 3.4))
    axes.loglog(steps, one_sided, "s--", color=ORANGE, ms=3, lw=1, label="one-sided, float64")
    axes.loglog(coarse, single, "^:", color=BLUE, ms=3, lw=1, label="central, float32")
    axes.loglog(steps, central, "o-", color=BLACK, ms=3, lw=1, label="central, float64")
    axes.axvline(1e-5, color="#999999", linewidth=0.8)
    axes.text(1.3e-5, 3e-1, "h = 1e-5", color="#555555", fontsize=8)
    axes.annotate("rounding", (1.5e-12, 2e-7), fontsize=8, color="#555555")
    axes.annotate("curvature", (6e-2, 4e-6), fontsize=8, color="#555555")
    axes.set(xlabel="step size h", ylabel="error of the derivative", ylim=(1e-13, 3))
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0.0, 0.02))
    figure.tight_layout()
    return figure


def cost_of_a_gradient():
    """Time of a derived and of a computed gradient of softmax, over that of one forward.

    Measured when it is drawn: ratios of one run, each the best of several.
    """
    rng = np.random.default_rng(0)
    counts = [64, 128, 256, 512, 1024, 2048, 4096]
    derived, computed = [], []
    for count in counts:
        x, dy = rng.standard_normal((count // 32, 32)), rng.standard_normal((count // 32, 32))
        _, cache = softmax(x)
        forward = seconds_of(lambda x=x: softmax(x), 200)
        derived.append(seconds_of(lambda dy=dy, c=cache: softmax_backward(dy, c), 200) / forward)
        nudged = seconds_of(
            lambda x=x, dy=dy: numerical_gradient(lambda p: softmax(p)[0], x, dy), 3
        )
        computed.append(nudged / forward)
    figure, axes = plt.subplots(figsize=(6.0, 3.2))
    axes.loglog(counts, computed, "s--", color=VERMILION, ms=4, lw=1.2, label="by differences")
    axes.loglog(counts, derived, "o-", color=BLACK, ms=4, lw=1.2, label="derived")
    axes.set(xlabel="numbers in x", ylabel="forwards' worth of time", ylim=(0.1, 4e4))
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    figure.tight_layout()
    return figure


def seconds_of(work, times):
    """The best time of several runs."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def softmax_figure():
    """What scaling the logits does, and the Jacobian of one line."""
    x = np.log([1.0, 2.0, 5.0])
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.8), width_ratios=(1.25, 1))
    settings = [
        ("softmax(x / 3)", x / 3, SKY),
        ("softmax(x)", x, BLUE),
        ("softmax(3x)", 3 * x, BLACK),
    ]
    for place, (name, logits, colour) in enumerate(settings):
        heights, _ = softmax(logits)
        bars = left.bar(
            np.arange(3) + 0.26 * (place - 1),
            heights,
            0.24,
            color=colour,
            label=name,
        )
        left.bar_label(bars, fmt="%.2f", fontsize=7)
    left.set(ylabel="probability", ylim=(0, 1.08))
    left.set_xticks(range(3), ["x = 0", "x = ln 2", "x = ln 5"])
    left.legend(frameon=False, fontsize=8, loc="upper left")

    p, _ = softmax(x)
    jacobian = np.diag(p) - np.outer(p, p)
    right.pcolormesh(jacobian, cmap="PuOr_r", vmin=-0.3, vmax=0.3, edgecolor="white", linewidth=2)
    for i, j in np.ndindex(3, 3):
        text = f"{64 * jacobian[i, j]:.0f}/64".replace("-", "−")
        right.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=9)
    right.set_xticks([0.5, 1.5, 2.5], ["x₀", "x₁", "x₂"])
    right.set_yticks([0.5, 1.5, 2.5], ["y₀", "y₁", "y₂"])
    right.set_title("∂y / ∂x, every row and column sums to 0", fontsize=9)
    right.tick_params(length=0)
    right.set_aspect("equal")
    right.invert_yaxis()
    right.spines[:].set_visible(False)
    figure.tight_layout()
    return figure


if __name__ == "__main__":
    main()
