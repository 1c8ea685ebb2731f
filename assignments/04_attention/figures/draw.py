"""Draw the figures of handout 04: python assignments/04_attention/figures/draw.py"""

import io
import re
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))

from transformer.activations import softmax, softmax_backward  # noqa: E402
from transformer.attention import (  # noqa: E402
    causal_mask,
    padding_mask,
    scaled_dot_product_attention,
    split_heads,
)

BLUE, ORANGE, GREEN, INK = "#0072B2", "#E69F00", "#009E73", "#333333"  # Okabe and Ito
HEAD_COLOURS = ("#9ecae8", "#f5d68a", "#8fd3bd")  # the first three, lighter, under black letters
HATCHES = ("", "//", "--")

mpl.rcParams.update(
    {
        "svg.hashsalt": "04_attention",
        "svg.fonttype": "none",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10,
        "axes.titlesize": 10,
        "axes.edgecolor": INK,
        "figure.facecolor": "white",
    }
)


def save(figure, name):
    """Write the SVG with shorter numbers and without comments, names and clipping of its cells."""
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    svg = re.sub(r"<!--.*?-->\s*", "", written.getvalue())
    svg = re.sub(r' id="(text|patch|line2d)_\d+"', "", svg)
    svg = re.sub(r' (clip-path="[^"]*"|transform="rotate\(-0 [^"]*")', "", svg)
    svg = re.sub(r"(\d+\.\d\d)\d+", r"\1", svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    svg = re.sub(r"\n(?=[MLQCz]\s|\")", " ", svg)
    svg = re.sub(r"<g>\n([^\n]*)\n</g>", r"\1", svg)
    (HERE / name).write_text(svg, encoding="utf-8")


def attention_weights():
    """With the identity for values, attention gives its weights."""
    t, d = 6, 64
    rng = np.random.RandomState(4)
    q, k, v = rng.normal(size=(t, d)), rng.normal(size=(t, d)), np.eye(t)
    shown = (
        ("without the scale", q * d**0.5, None),
        ("scaled", q, None),
        ("scaled, causal", q, causal_mask(t)),
        ("scaled, padding", q, padding_mask([4], t)[0, 0]),
    )
    figure, axes = plt.subplots(1, 4, figsize=(9.5, 2.7), sharey=True)
    for axis, (title, queries, mask) in zip(axes, shown, strict=True):
        weights, _ = scaled_dot_product_attention(queries, k, v, mask)
        axis.pcolormesh(weights, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1)
        allowed = np.broadcast_to(True if mask is None else mask, (t, t))
        for i, j in np.ndindex(t, t):
            text = f".{round(weights[i, j] * 100):02d}" if weights[i, j] < 0.995 else "1"
            colour = "white" if weights[i, j] > 0.55 else INK
            text = text if allowed[i, j] else "×"
            place = {"ha": "center", "va": "center", "fontsize": 7.5}
            axis.text(j + 0.5, i + 0.5, text, color=colour, **place)
        axis.set_title(title)
        axis.set_xlabel("key")
        axis.set_aspect("equal")
        axis.set_xticks(np.arange(t) + 0.5, range(t))
        axis.set_yticks(np.arange(t) + 0.5, range(t))
        axis.tick_params(length=0)
    axes[0].set_ylabel("query")
    axes[0].invert_yaxis()
    save(figure, "weights.svg")


def what_the_scale_does():
    """The largest weight, and how much gradient comes through the softmax, by d."""
    keys, queries = 16, 2000
    rng = np.random.RandomState(0)
    sizes = 2 ** np.arange(11)
    largest, passed = {}, {}
    for name, power in (("scores / sqrt(d)", -0.5), ("scores as they are", 0.0)):
        largest[name], passed[name] = [], []
        for d in sizes:
            q, k = rng.normal(size=(queries, 1, d)), rng.normal(size=(queries, keys, d))
            weights, cache = softmax((q * k).sum(-1) * float(d) ** power)
            dweights = rng.normal(size=weights.shape)
            largest[name].append(weights.max(-1).mean())
            passed[name].append(np.abs(softmax_backward(dweights, cache)).mean())
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 2.9))
    looks = ((BLUE, "o", "-"), (ORANGE, "s", "--"))
    for (colour, marker, line), name in zip(looks, largest, strict=True):
        look = {"color": colour, "marker": marker, "linestyle": line, "markersize": 4}
        axes[0].plot(sizes, largest[name], label=name, **look)
        axes[1].plot(sizes, passed[name], label=name, **look)
    axes[0].axhline(1 / keys, color=INK, linewidth=0.8, linestyle=":")
    axes[0].text(1, 1 / keys + 0.02, "1 / 16: all alike", fontsize=8, color=INK)
    axes[0].set_ylim(0, 1)
    axes[0].set_title("mean of each query's largest weight")
    axes[1].set_ylim(0, None)
    axes[1].set_title("mean |gradient| that reaches a score")
    for axis in axes:
        axis.set_xscale("log", base=2)
        axis.set_xlabel("d, features of a query (16 keys)")
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(0.42, 0.68))
    save(figure, "scale.svg")


def grid(axis, left, top, cells, owners):
    """A small matrix: each cell's text, and the colour and hatch of the head that owns it."""
    for (i, j), text in np.ndenumerate(cells):
        owner = owners[i, j]
        look = {"facecolor": HEAD_COLOURS[owner], "hatch": HATCHES[owner], "edgecolor": "white"}
        axis.add_patch(plt.Rectangle((left + j, top - i - 1), 1, 1, linewidth=1.5, **look))
        axis.text(left + j + 0.5, top - i - 0.5, text, ha="center", va="center", fontsize=8)


def splitting_heads():
    """Three heads of two features: right, and by a reshape alone."""
    t, d_model, num_heads = 4, 6, 3
    cells = np.array([[f"{i}{'abcdef'[j]}" for j in range(d_model)] for i in range(t)])
    owners = np.tile(np.arange(d_model) // 2, (t, 1))
    figure, axis = plt.subplots(figsize=(8.6, 3.9))
    grid(axis, 0, 7.5, cells, owners)
    axis.text(3, 8.2, "x: (T, D) = (4, 6)", ha="center")
    for y, title, split in (
        (10, "split_heads: head 0, 1, 2, each (T, d) = (4, 2)", split_heads),
        (4, "a reshape to (H, T, d) alone", lambda a, h: a.reshape(1, h, t, d_model // h)),
    ):
        parts, colours = split(cells[None], num_heads)[0], split(owners[None], num_heads)[0]
        for head in range(num_heads):
            grid(axis, 10 + 3 * head, y, parts[head], colours[head])
        axis.text(14, y + 0.6, title, ha="center")
    arrow = {"arrowstyle": "->", "color": INK, "linewidth": 1.2}
    for y in (8.0, 2.0):
        axis.annotate("", xy=(9.6, y), xytext=(6.4, 5.5), arrowprops=arrow)
    axis.text(18.4, 8, "each head sees\nall positions", va="center", fontsize=9)
    axis.text(18.4, 2, "head 0 sees position 0\nand a third of 1", va="center", fontsize=9)
    axis.set_xlim(-0.5, 24)
    axis.set_ylim(-0.4, 11.4)
    axis.set_aspect("equal")
    axis.axis("off")
    save(figure, "heads.svg")


if __name__ == "__main__":
    attention_weights()
    what_the_scale_does()
    splitting_heads()
