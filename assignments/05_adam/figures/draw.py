"""Draw the figures of handout 05 from the reference: python assignments/05_adam/figures/draw.py"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("svg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))

from transformer.adam import adam_init, adam_step, warmup_lr  # noqa: E402

BLUE, ORANGE, GREEN, VERMILION, BLACK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#000000"
CURVATURE = np.array([1.0, 100.0])
START = np.array([-1.6, 0.9])

plt.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "05_adam",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
    }
)


def valley_gradient(p):
    """Gradient of (p0^2 + 100 p1^2) / 2: one direction is a hundred times as steep."""
    return CURVATURE * p


def descend(steps, lr, beta=0.0):
    """Gradient descent, with momentum if beta > 0; every point of the path."""
    path, velocity = [START], np.zeros(2)
    for _ in range(steps):
        velocity = beta * velocity + valley_gradient(path[-1])
        path.append(path[-1] - lr * velocity)
    return np.array(path)


def descend_with_adam(steps, lr):
    """The path of the reference's Adam."""
    path, state = [START], adam_init(START)
    for _ in range(steps):
        p, state = adam_step(path[-1], valley_gradient(path[-1]), state, lr=lr)
        path.append(p)
    return np.array(path)


def save(figure, name):
    """One file, the same bytes on every run."""
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


def draw_valley():
    """Three optimisers in a long valley: their paths, and their distances to the bottom."""
    runs = (
        ("gradient descent", descend(60, 0.019), BLUE, "o", "-"),
        ("momentum", descend(60, 0.01, beta=0.9), ORANGE, "s", "--"),
        ("Adam", descend_with_adam(60, 0.12), VERMILION, "^", "-."),
    )
    figure, (plane, curve) = plt.subplots(1, 2, figsize=(7.4, 2.9), width_ratios=(3, 2))
    x, y = np.meshgrid(np.linspace(-1.8, 0.8, 90), np.linspace(-1.05, 1.05, 90))
    loss = (CURVATURE[0] * x * x + CURVATURE[1] * y * y) / 2
    plane.contour(x, y, loss, levels=[0.1, 1, 4, 12, 30], colors="0.8", linewidths=0.7)
    for name, path, colour, marker, style in runs:
        plane.plot(*path[:26].T, style, color=colour, marker=marker, markersize=3, lw=1, label=name)
        distance = np.linalg.norm(path, axis=1)
        curve.semilogy(distance, style, color=colour, lw=1.5, label=name)
    plane.plot(0, 0, "+", color=BLACK, markersize=9)
    plane.set(xlabel="flat direction", ylabel="steep direction", title="the first 25 steps")
    plane.legend(loc="upper right", fontsize=8, frameon=False)
    curve.set(xlabel="step", title="distance to the bottom", ylim=(5e-3, 3))
    save(figure, "valley")


def draw_first_steps():
    """What each correction does to the first step lengths, for a steady gradient."""
    steps = np.arange(1, 61)
    c1, c2 = 1 - 0.9**steps, 1 - 0.999**steps
    figure, axes = plt.subplots(figsize=(6, 2.8))
    axes.semilogy(steps, np.ones(60), color=VERMILION, lw=2, label="both corrected: 1 × lr")
    axes.semilogy(steps, c1 / np.sqrt(c2), "--", color=BLUE, label="neither corrected")
    axes.semilogy(steps, 1 / np.sqrt(c2), ":", color=BLACK, lw=1.8, label="only m corrected")
    axes.semilogy(steps, c1, "-.", color=GREEN, label="only v corrected")
    axes.annotate("3.16", (1, c1[0] / np.sqrt(c2[0])), (3, 1.7), fontsize=8, color=BLUE)
    axes.annotate("31.6", (1, 1 / np.sqrt(c2[0])), (2.2, 32), fontsize=8)
    axes.annotate("0.1", (1, c1[0]), (2.6, 0.095), fontsize=8, color=GREEN)
    axes.set(xlabel="step", ylabel="step length / lr", ylim=(0.07, 45))
    axes.legend(frameon=False, fontsize=8, loc="upper right")
    save(figure, "first_steps")


def draw_schedule():
    """The warm-up schedule of the paper, and of a wider model and a longer warm-up."""
    steps = np.arange(20, 20001, 20)
    figure, axes = plt.subplots(figsize=(6, 2.8))
    for d_model, warmup, colour, style in (
        (512, 4000, VERMILION, "-"),
        (512, 8000, BLUE, "--"),
        (2048, 4000, GREEN, "-."),
    ):
        rate = [1e4 * warmup_lr(int(step), d_model, warmup) for step in steps]
        label = f"d_model = {d_model}, warmup = {warmup}"
        axes.plot(steps, rate, style, color=colour, label=label)
        top = 1e4 * warmup_lr(warmup, d_model, warmup)
        axes.plot(warmup, top, "o", color=colour, markersize=4)
    axes.set(xlabel="step", ylabel="learning rate, in 1e-4", ylim=(0, 8))
    axes.legend(frameon=False, fontsize=8)
    save(figure, "schedule")


if __name__ == "__main__":
    draw_valley()
    draw_first_steps()
    draw_schedule()
