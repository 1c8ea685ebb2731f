"""Draws the figures of assignment 03: python assignments/03_layernorm/figures/draw.py"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))

mpl.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from transformer.layernorm import layernorm, layernorm_backward  # noqa: E402

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"


def draw_which_axis():
    """Two grids of rows and features: which numbers share one mean and variance."""
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.6))
    panels = [
        (axes[0], "layer normalisation: one row", (1, None), BLUE),
        (axes[1], "batch normalisation: one feature", (None, 2), ORANGE),
    ]
    for ax, title, shared, colour in panels:
        for row in range(6):
            for column in range(5):
                inside = row == shared[0] or column == shared[1]
                look = {"facecolor": colour if inside else "white", "edgecolor": GREY}
                ax.add_patch(plt.Rectangle((column, -row), 0.92, 0.92, **look))
        ax.set(xlim=(-0.1, 5.1), ylim=(-5.2, 1.1), aspect="equal", title=title)
        ax.title.set_fontsize(10)
        ax.set_xlabel("D features")
        ax.set_ylabel("B · T rows")
        ax.set(xticks=[], yticks=[])
        for side in ax.spines.values():
            side.set_visible(False)
    save(figure, "which_axis")


def draw_paths():
    """The graph of one row: x to x_hat directly, through mu and through sigma."""
    figure, ax = plt.subplots(figsize=(7.2, 2.9))
    nodes = {
        "x": (0, 0, "$x$\n(…, D)"),
        "mu": (2, 1.0, "$\\mu$\n(…, 1)"),
        "sigma": (2, -1.0, "$\\sigma$\n(…, 1)"),
        "x_hat": (4, 0, "$\\hat{x}$\n(…, D)"),
        "y": (6, 0, "$y$\n(…, D)"),
        "gamma": (5.3, 1.0, "$\\gamma$\n(D,)"),
        "beta": (6.7, 1.0, "$\\beta$\n(D,)"),
    }
    edges = [
        ("x", "x_hat", BLUE, "-", "direct"),
        ("x", "mu", ORANGE, "--", ""),
        ("mu", "x_hat", ORANGE, "--", "through the mean"),
        ("x", "sigma", RED, ":", ""),
        ("sigma", "x_hat", RED, ":", "through the variance"),
        ("x_hat", "y", "black", "-", ""),
        ("gamma", "y", "black", "-", ""),
        ("beta", "y", "black", "-", ""),
    ]
    for start, end, colour, style, label in edges:
        a, b = np.array(nodes[start][:2]), np.array(nodes[end][:2])
        ax.annotate(
            "",
            b,
            a,
            arrowprops={
                "arrowstyle": "-|>",
                "color": colour,
                "linestyle": style,
                "linewidth": 2,
                "shrinkA": 21,
                "shrinkB": 21,
            },
        )
        if label == "direct":
            ax.text(2, 0.1, label, color=colour, ha="center")
        elif label:
            ax.text(2, 1.42 * a[1], label, color=colour, ha="center", va="center")
    for x, y, text in nodes.values():
        ax.text(x, y, text, ha="center", va="center", fontsize=10)
    ax.set(xlim=(-0.6, 7.4), ylim=(-1.6, 1.6))
    ax.axis("off")
    save(figure, "paths")


def draw_projection():
    """D = 3, seen along (1, 1, 1): x_hat on its circle, the gradient before and after."""
    across, up = np.array([1, -1, 0]) / np.sqrt(2), np.array([1, 1, -2]) / np.sqrt(6)
    x = 0.9 * across + 1.0 * up + 2.0
    dy = 1.5 * across + 0.35 * up + 0.6
    ones, zeros = np.ones(3), np.zeros(3)
    x_hat, cache = layernorm(x, ones, zeros)
    dx, _, _ = layernorm_backward(dy, cache)
    flat = [np.array([v @ across, v @ up]) for v in (x, x_hat, dy, dx * np.sqrt(x.var()))]
    figure, ax = plt.subplots(figsize=(4.6, 4.3))
    ax.add_patch(plt.Circle((0, 0), np.sqrt(3), fill=False, edgecolor=GREY, linewidth=1.2))
    ax.plot(*zip((0, 0), 1.35 * flat[1], strict=True), color=GREY, linestyle=":", linewidth=1)
    ax.plot(0, 0, "+", color=GREY)
    ax.plot(*flat[0], "s", color=ORANGE)
    ax.plot(*flat[1], "o", color=BLUE)
    ax.annotate("$x - \\mu$", flat[0], (-8, 8), textcoords="offset points", ha="right")
    ax.annotate("$\\hat{x}$", flat[1], (3, 9), textcoords="offset points", ha="center")
    arrows = [
        (flat[2], RED, "--", "$d\\hat{x}$", (4, 4)),
        (flat[3], GREEN, "-", "$\\sigma\\,dx$", (-2, -14)),
    ]
    for vector, colour, style, label, place in arrows:
        tip = flat[1] + vector
        ax.annotate(
            "",
            tip,
            flat[1],
            arrowprops={
                "arrowstyle": "-|>",
                "color": colour,
                "linestyle": style,
                "linewidth": 2,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
        ax.annotate(label, tip, place, textcoords="offset points", color=colour)
    tips = [flat[1] + vector for vector in flat[2:]]
    ax.plot(*zip(*tips, strict=True), color=GREY, linestyle=":", linewidth=1)
    ax.text(0, -1.62, "radius $\\sqrt{D}$", color=GREY, ha="center")
    ax.set(xlim=(-2.1, 3.1), ylim=(-2.1, 2.5), aspect="equal")
    ax.axis("off")
    save(figure, "projection")


def draw_offset():
    """Largest error of y over a growing offset, for two ways to compute the variance."""
    rng = np.random.RandomState(3)
    x, offsets = rng.normal(size=(200, 64)), 10.0 ** np.arange(9)
    figure, ax = plt.subplots(figsize=(6.2, 3.2))
    for two_passes, colour, marker, style, name in [
        (False, RED, "s", "--", "mean(x²) − mean(x)²"),
        (True, BLUE, "o", "-", "mean((x − mean(x))²)"),
    ]:
        errors = [largest_error(x + c, c, two_passes) for c in offsets]
        ax.loglog(offsets, errors, style, color=colour, marker=marker, label=name)
    ax.axhline(1, color=GREY, linewidth=0.8)
    ax.text(offsets[0], 1.6, "as large as the values themselves", color=GREY, fontsize=9)
    ax.set(xlabel="offset added to every x", ylabel="largest error of x_hat", ylim=(1e-17, 1e4))
    ax.minorticks_off()
    ax.legend(
        frameon=False, loc="upper left", bbox_to_anchor=(0, 0.83), title="variance computed as"
    )
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    save(figure, "offset")


def largest_error(x, offset, two_passes):
    exact, _ = layernorm(x - offset, np.ones(64), np.zeros(64))  # x - offset has no rounding error
    return np.abs(normalise(x, two_passes) - exact).max()


def normalise(x, two_passes):
    mean = x.mean(-1, keepdims=True)
    if two_passes:
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    else:
        variance = (x * x).mean(-1, keepdims=True) - mean**2
    return (x - mean) / np.sqrt(np.maximum(variance, 0) + 1e-5)


def save(figure, name):
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    mpl.rcParams.update({"svg.hashsalt": "03_layernorm", "svg.fonttype": "none", "font.size": 10})
    draw_which_axis()
    draw_paths()
    draw_projection()
    draw_offset()
