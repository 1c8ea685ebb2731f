"""Draws the figures of assignment 09: python assignments/09_seq2seq/figures/draw.py"""

import sys
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))

mpl.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from transformer.adam import adam_init, adam_step  # noqa: E402
from transformer.attention import (  # noqa: E402
    causal_mask,
    multi_head_attention,
    scaled_dot_product_attention,
    split_heads,
)
from transformer.layer import linear  # noqa: E402
from transformer.layernorm import layernorm  # noqa: E402
from transformer.pairs import VOCABULARY, draw_numbers, number_in_words, pack_pairs  # noqa: E402
from transformer.positions import sinusoidal_positions  # noqa: E402
from transformer.seq2seq import encode, init_seq2seq, seq2seq_loss  # noqa: E402

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"


def draw_architecture():
    """Both stacks, their sublayers, and where the context goes."""
    figure, ax = plt.subplots(figsize=(7.2, 5.6))
    encoder = [(1.1, "embedding · √D\n+ positions", GREY), (2.7, "self-attention", BLUE),
               (4.1, "feed-forward", GREEN)]  # fmt: skip
    decoder = [(1.1, "embedding · √D\n+ positions", GREY), (2.7, "self-attention\n(causal)", BLUE),
               (4.1, "cross-attention", ORANGE), (5.5, "feed-forward", GREEN),
               (6.9, "the table again:\nlogits", GREY)]  # fmt: skip
    for x, boxes in ((1.6, encoder), (6.2, decoder)):
        for y, text, colour in boxes:
            look = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour}
            ax.text(x, y, text, ha="center", va="center", bbox={**look, "linewidth": 2})
        heights = [0.2, *(y for y, _, _ in boxes)]
        for low, high in pairwise(heights):
            arrow(ax, (x, low + (0.45 if low > 1 else 0.15)), (x, high - 0.45))
    for x, low, high, text in ((1.6, 2.1, 4.75, "N ×"), (6.2, 2.1, 6.15, "N ×")):
        corner = (x - 1.35, low)
        ax.add_patch(
            plt.Rectangle(corner, 2.7, high - low, fill=False, edgecolor=GREY, linestyle="--")
        )
        ax.text(x + 1.45, (low + high) / 2, text, ha="left", va="center")
    ax.plot([1.6, 1.6, 3.9, 3.9], [4.5, 5.3, 5.3, 4.1], color=ORANGE, linewidth=2)
    arrow(ax, (3.9, 4.1), (5.35, 4.1), ORANGE)
    ax.text(2.7, 5.42, "context (B, S, D)", ha="center", color="black")
    ax.text(4.25, 3.72, "keys,\nvalues", ha="center", va="top", fontsize=9)
    ax.text(6.35, 3.4, "queries", va="center", fontsize=9)
    ax.text(1.6, 0.05, "source (B, S)", ha="center", va="center")
    ax.text(6.2, 0.05, "target (B, T), shifted", ha="center", va="center")
    ax.text(1.6, 6.0, "encoder", ha="center", weight="bold")
    ax.text(6.2, 7.6, "decoder", ha="center", weight="bold")
    ax.set(xlim=(-0.1, 8.2), ylim=(-0.2, 7.8))
    ax.axis("off")
    save(figure, "architecture")


def arrow(ax, start, end, colour="black"):
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=look)


def draw_cross_attention():
    """Which words each digit was written from, in a model trained for a few seconds."""
    params = trained()
    source, target = pack_pairs([(number_in_words(number), list(str(number)))
                                 for number in (427_316,)])  # fmt: skip
    weights = cross_weights(source, target[:, :-1], params)
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.9), sharey=True)
    words = [VOCABULARY[token] for token in source[0]]
    written = [VOCABULARY[token] for token in target[0, 1:]]
    for head, ax in enumerate(axes):
        ax.imshow(weights[head].T, cmap="Blues", vmin=0, vmax=1, aspect="auto", rasterized=False)
        ax.set_xticks(range(len(written)), written)
        ax.set_yticks(range(len(words)), words)
        ax.set(xlabel="what is written", title=f"head {head + 1}")
        for place, row in enumerate(weights[head]):
            best = int(row.argmax())
            colour = "white" if row[best] > 0.5 else "black"
            ax.text(place, best, f"{row[best]:.2f}", ha="center", va="center", color=colour,
                    fontsize=8)  # fmt: skip
    figure.tight_layout()
    save(figure, "cross_attention")


def trained():
    """One layer on each side, 700 steps on numbers in words."""
    rng = np.random.default_rng(0)
    params = init_seq2seq(rng, len(VOCABULARY), 32, 128, 1)
    state, steps = adam_init(params), 700
    for step in range(steps):
        source, target = pack_pairs(draw_numbers(rng, 64))
        _, grads = seq2seq_loss(source, target, params, 2)
        rate = 5e-3 * min((step + 1) / 100, 1 - step / steps)
        params, state = adam_step(params, grads, state, rate)
    return params


def cross_weights(source, target, params):
    """Attention weights of the only decoder block: attention with the identity for values."""
    context, _ = encode(source, params, 2)
    block, table = params["decoder"][0], params["embed"]
    x = table[target] * table.shape[1] ** 0.5
    x = x + sinusoidal_positions(*x.shape[1:])
    attended, _ = multi_head_attention(x, x, block["attn"], 2, causal_mask(x.shape[1]))
    a, _ = layernorm(x + attended, **block["ln1"])
    cross = block["cross"]
    q = split_heads(linear(a, cross["w_q"], cross["b_q"])[0], 2)
    k = split_heads(linear(context, cross["w_k"], cross["b_k"])[0], 2)
    identity = np.broadcast_to(np.eye(k.shape[2]), (*k.shape[:3], k.shape[2]))
    return scaled_dot_product_attention(q, k, identity)[0][0]


def save(figure, name):
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    mpl.rcParams.update({"svg.hashsalt": "09_seq2seq", "svg.fonttype": "none", "font.size": 10})
    draw_architecture()
    draw_cross_attention()
