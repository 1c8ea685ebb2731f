"""Draws the figures of assignment 07: python assignments/07_embedding/figures/draw.py"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))

mpl.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from transformer.positions import rotary, sinusoidal_positions  # noqa: E402

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"


def draw_heat_map():
    """The table of 48 positions and 32 features, rows as the handout has them."""
    figure, ax = plt.subplots(figsize=(6.4, 4.0))
    image = ax.imshow(
        sinusoidal_positions(48, 32),
        cmap="cividis",
        vmin=-1,
        vmax=1,
        interpolation="none",
        aspect="auto",
    )
    ax.set(xlabel="feature", ylabel="position m", xticks=range(0, 32, 4))
    bar = figure.colorbar(image, ax=ax, ticks=[-1, 0, 1])
    bar.solids.set(edgecolor="face", rasterized=True)
    save(figure, "heat_map")


def draw_similarity():
    """Products of positions over their distance, for three positions, and for two widths."""
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.9), sharey=True)
    table = sinusoidal_positions(128, 64)
    for position, colour, style in [(20, BLUE, "-"), (60, ORANGE, "--"), (100, RED, ":")]:
        others = np.arange(0, 128, 2)
        similarity = table[others] @ table[position] / 32
        axes[0].plot(others, similarity, style, color=colour, label=f"m = {position}")
    axes[0].set(xlabel="position n", ylabel="product / (D / 2)", xticks=range(0, 121, 20))
    axes[0].legend(frameon=False, fontsize=9, loc="lower left")
    for size, colour, style in [(16, GREEN, "--"), (64, BLUE, "-"), (512, RED, ":")]:
        table = sinusoidal_positions(97, size)
        axes[1].plot(table @ table[0] / (size / 2), style, color=colour, label=f"D = {size}")
    axes[1].set(xlabel="distance n − m", xticks=range(0, 97, 16))
    axes[1].legend(frameon=False, fontsize=9, loc="upper right")
    tidy(axes)
    save(figure, "similarity")


def draw_rotation():
    """Two pairs of features, turned by their angles at the positions 0 to 5."""
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.6))
    x = np.array([0.9, 0.3, 0.9, 0.3])
    turned, _ = rotary(np.tile(x, (1, 1, 6, 1)), base=30.0)
    titles = ["pair 0: one radian a position", "pair 1: 0.18 radians"]
    colours = [BLUE, GREEN, ORANGE, RED, GREY, "#56B4E9"]
    for ax, pair, title in zip(axes, (0, 1), titles, strict=True):
        ax.add_patch(plt.Circle((0, 0), np.hypot(0.9, 0.3), fill=False, edgecolor=GREY))
        for position in range(6):
            tip = turned[0, 0, position, 2 * pair : 2 * pair + 2]
            ax.annotate(
                "",
                tip,
                (0, 0),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": colours[position],
                    "linewidth": 2,
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
            ax.text(*(1.15 * tip), str(position), ha="center", va="center", fontsize=9)
        ax.set(xlim=(-1.5, 1.5), ylim=(-1.35, 1.35), aspect="equal", title=title)
        ax.title.set_fontsize(10)
        ax.set(xticks=[], yticks=[], xlabel=f"feature {2 * pair}", ylabel=f"feature {2 * pair + 1}")
    tidy(axes)
    save(figure, "rotation")


def tidy(axes):
    for ax in axes:
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)


def save(figure, name):
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    mpl.rcParams.update({"svg.hashsalt": "07_embedding", "svg.fonttype": "none", "font.size": 10})
    draw_heat_map()
    draw_similarity()
    draw_rotation()
