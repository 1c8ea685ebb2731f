"""Draw this handout's figures: python assignments/06_transformer_block/figures/draw.py"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))

from transformer.attention import multi_head_attention, multi_head_attention_backward  # noqa: E402
from transformer.layer import mlp, mlp_backward  # noqa: E402
from transformer.layernorm import layernorm, layernorm_backward  # noqa: E402
from transformer.transformer_block import init_block  # noqa: E402

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#555555"
D_MODEL, HEADS, BATCH, TIME, DEPTH, SEEDS = 64, 4, 4, 16, 24, 5


def save(figure, name):
    figure.savefig(HERE / name, metadata={"Date": None})
    plt.close(figure)


def pre_and_post(axes, norm):
    """One block from bottom to top: the stream on the left, the branches on the right."""
    stream, branch = 0.0, 1.5
    axes.set(xlim=(-1.05, 2.5), ylim=(-0.5, 10.6), aspect="auto")
    axes.axis("off")
    axes.set_title(f"{norm}-norm", fontsize=12)

    def box(x, y, text, colour, width=1.3):
        axes.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - 0.36),
                width,
                0.72,
                boxstyle="round,pad=0.02,rounding_size=0.12",
                facecolor="white",
                edgecolor=colour,
                linewidth=1.8,
                zorder=3,
            )
        )
        axes.text(x, y, text, ha="center", va="center", fontsize=10, zorder=4)

    def line(xs, ys, arrow=True):
        axes.plot(xs[:-1] + xs[-1:], ys[:-1] + ys[-1:], color=GREY, linewidth=1.2, zorder=1)
        if arrow:
            axes.annotate(
                "",
                (xs[-1], ys[-1]),
                (xs[-2], ys[-2]),
                arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2},
                zorder=2,
            )

    axes.plot([stream, stream], [0.3, 9.6], color=BLUE, linewidth=4, zorder=1)
    axes.annotate(
        "",
        (stream, 10.0),
        (stream, 9.3),
        arrowprops={"arrowstyle": "-|>", "color": BLUE, "linewidth": 3},
        zorder=2,
    )
    for bottom, sublayer, number in ((0.3, "attention", 1), (5.0, "ffn", 2)):
        fork = bottom + 0.4
        plus = bottom + 3.0
        if norm == "pre":
            box(branch, bottom + 1.15, f"ln{number}", ORANGE)
            line([stream, branch, branch], [fork, fork, bottom + 0.79])
            line([branch, branch], [bottom + 1.51, bottom + 1.83])
            box(branch, bottom + 2.2, sublayer, GREEN)
        else:
            box(branch, bottom + 1.6, sublayer, GREEN)
            line([stream, branch, branch], [fork, fork, bottom + 1.24])
            box(stream, plus + 0.85, f"ln{number}", ORANGE)
        top = bottom + (2.56 if norm == "pre" else 1.96)
        line([branch, branch, stream + 0.22], [top, plus, plus])
        axes.plot(
            stream,
            plus,
            "o",
            markersize=15,
            markerfacecolor="white",
            markeredgecolor=BLUE,
            zorder=3,
        )
        axes.text(stream, plus - 0.02, "+", ha="center", va="center", fontsize=13, zorder=4)
    for y, name in ((-0.1, "x"), (5.05, "m"), (10.25, "y")):
        beside = name == "m"
        axes.text(
            stream - (0.3 if beside else 0),
            y,
            name,
            ha="center",
            va="center",
            fontsize=12,
            style="italic",
        )


def forward(x, p, kind):
    """A block with the wiring `kind`, and what its parts remember."""
    if kind == "post":
        a, attn = multi_head_attention(x, x, p["attn"], HEADS)
        m, ln1 = layernorm(x + a, **p["ln1"])
        f, ffn = mlp(m, p["ffn"], "gelu")
        y, ln2 = layernorm(m + f, **p["ln2"])
    else:
        n, ln1 = layernorm(x, **p["ln1"])
        a, attn = multi_head_attention(n, n, p["attn"], HEADS)
        m = x + a if kind == "pre" else a
        n, ln2 = layernorm(m, **p["ln2"])
        f, ffn = mlp(n, p["ffn"], "gelu")
        y = m + f if kind == "pre" else f
    return y, (ln1, attn, ln2, ffn)


def backward(dy, cache, kind, branches):
    """dx of a block; branches=0 keeps only the route around both sublayers."""
    ln1, attn, ln2, ffn = cache
    if kind == "post":
        ds = layernorm_backward(dy, ln2)[0]
        ds = layernorm_backward(ds + branches * mlp_backward(ds, ffn)[0], ln1)[0]
        dx, dcontext, _ = multi_head_attention_backward(ds, attn)
        return ds + branches * (dx + dcontext)
    dm = dy + branches * layernorm_backward(mlp_backward(dy, ffn)[0], ln2)[0]
    dx, dcontext, _ = multi_head_attention_backward(dm, attn)
    return dm + branches * layernorm_backward(dx + dcontext, ln1)[0]


def similarity(x):
    """Mean cosine between two positions of one sequence."""
    unit = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return ((unit @ unit.swapaxes(1, 2)).sum() - BATCH * TIME) / (BATCH * TIME * (TIME - 1))


def measure(kind, seed):
    """Per block: |dx| over |dy| of the top in full and around all sublayers; similarity; std."""
    rng = np.random.default_rng(seed)
    blocks = [init_block(rng, D_MODEL, 4 * D_MODEL) for _ in range(DEPTH)]
    x, dy = rng.standard_normal((2, BATCH, TIME, D_MODEL))
    caches, alike, deviation = [], [], []
    for params in blocks:
        x, cache = forward(x, params, kind)
        caches.append(cache)
        alike.append(similarity(x))
        deviation.append(x.std())
    lengths = []
    for branches in (1, 0) if kind != "none" else ():
        gradient, found = dy, []
        for cache in reversed(caches):
            gradient = backward(gradient, cache, kind, branches)
            found.append(np.linalg.norm(gradient) / np.linalg.norm(dy))
        lengths.append(found[::-1])
    return lengths, alike, deviation


def by_depth():
    """Means over seeds (of the logarithm for lengths), by wiring."""
    found = {}
    for kind in ("pre", "post", "none"):
        runs = [measure(kind, seed) for seed in range(SEEDS)]
        found[kind] = {
            "lengths": np.exp(np.mean([np.log(run[0]) for run in runs], axis=0)),
            "alike": np.mean([run[1] for run in runs], axis=0),
            "deviation": np.mean([run[2] for run in runs], axis=0),
        }
    return found


def main():
    plt.rcParams.update(
        {"svg.hashsalt": "06", "svg.fonttype": "none", "font.size": 10, "axes.grid": True}
        | {"grid.color": "#dddddd", "axes.axisbelow": True}
    )
    figure, axes = plt.subplots(1, 2, figsize=(6.4, 5.2), layout="constrained")
    for axis, norm in zip(axes, ("post", "pre"), strict=True):
        pre_and_post(axis, norm)
    save(figure, "pre_and_post.svg")

    found = by_depth()
    number = np.arange(1, DEPTH + 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.7), layout="constrained")
    for kind, colour, marker in (("pre", BLUE, "o"), ("post", ORANGE, "s")):
        full, around = found[kind]["lengths"]
        style = {"color": colour, "marker": marker, "markersize": 3.5, "markevery": 2}
        left.semilogy(number, full, label=f"{kind}: all routes", **style)
        style["markerfacecolor"] = "white"
        left.semilogy(number, around, linestyle="--", label=f"{kind}: around all", **style)
    left.set(xlabel="block number", ylabel="length of dx over length of dy")
    left.set_title("Gradient at the input of each block", fontsize=10)
    left.legend(fontsize=8, loc="lower right")
    for kind, label, colour, style in (
        ("none", "no additions", GREEN, "^:"),
        ("post", "post-norm", ORANGE, "s-"),
        ("pre", "pre-norm", BLUE, "o-"),
    ):
        alike = found[kind]["alike"]
        right.plot(number, alike, style, color=colour, label=label, markersize=3.5, markevery=2)
    right.set(xlabel="block number", ylabel="mean cosine of two positions", ylim=(0, 1.05))
    right.set_title("How alike the positions have become", fontsize=10)
    right.legend(fontsize=8, loc="lower right")
    save(figure, "gradient_by_depth.svg")

    for kind, values in found.items():
        print(
            kind, "std", values["deviation"][[0, -1]].round(2), "alike", values["alike"][[1, 5, -1]]
        )
        print("   lengths at block 1", values["lengths"][:, 0] if len(values["lengths"]) else "")


if __name__ == "__main__":
    main()
