"""Draw this handout's figures: python assignments/02_layer/figures/draw.py"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))

from transformer.activations import relu, relu_backward  # noqa: E402
from transformer.layer import (  # noqa: E402
    init_linear,
    init_mlp,
    linear,
    linear_backward,
    mlp,
    mlp_backward,
)

BLACK, ORANGE, SKY, GREEN, BLUE, RED, GREY = [
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#666666",
]
DEPTH, WIDTH, ROWS = 20, 256, 256

mpl.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "02_layer",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)


def save(figure, name):
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def spreads(draw_weights):
    """Root mean square of each layer's result going forward, and of its gradient coming back."""
    rng = np.random.default_rng(3)
    h, caches, forward = rng.normal(size=(ROWS, WIDTH)), [], []
    for _ in range(DEPTH):
        z, linear_cache = linear(h, draw_weights(rng), np.zeros(WIDTH))
        h, relu_cache = relu(z)
        caches.append((linear_cache, relu_cache))
        forward.append(np.sqrt((z * z).mean()))
    dh, backward = rng.normal(size=h.shape), []
    for linear_cache, relu_cache in reversed(caches):
        dz = relu_backward(dh, relu_cache)
        backward.insert(0, np.sqrt((dz * dz).mean()))
        dh, _, _ = linear_backward(dz, linear_cache)
    return forward, backward


def variance_through_layers():
    starts = {
        "normal(0, 1)": (lambda rng: rng.normal(size=(WIDTH, WIDTH)), RED, "^", "-"),
        "He": (lambda rng: init_linear(rng, WIDTH, WIDTH, "he")["w"], BLUE, "o", "-"),
        "Xavier": (lambda rng: init_linear(rng, WIDTH, WIDTH, "xavier")["w"], GREEN, "s", "--"),
        "normal(0, 0.01)": (
            lambda rng: rng.normal(0, 0.01, (WIDTH, WIDTH)),
            ORANGE,
            "v",
            "-.",
        ),
    }
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.5), sharey=True, layout="constrained")
    layer = np.arange(1, DEPTH + 1)
    for name, (draw_weights, colour, marker, line) in starts.items():
        for axis, values in zip(axes, spreads(draw_weights), strict=True):
            axis.semilogy(
                layer, values, line, color=colour, marker=marker, markersize=3.5, label=name
            )
    for axis in axes:
        axis.set_xticks([1, 5, 10, 15, 20])
        axis.axhline(1, color=GREY, linewidth=0.6)
    axes[0].set(xlabel="layer →", ylabel="root mean square", title="forward: z = x w + b")
    axes[1].set(xlabel="← layer", title="backward: the gradient of z")
    for text, height, colour in (
        ("normal(0, 1)", 1e14, RED),
        ("He", 20, BLUE),
        ("Xavier", 1e-5, GREEN),
        ("normal(0, 0.01)", 1e-15, ORANGE),
    ):
        axes[0].text(10.5, height, text, color=colour, ha="right" if "normal" in text else "left")
    axes[0].set_ylim(1e-26, 1e24)
    axes[0].text(1, 1e-24, "zero weights give 0 from layer 1 on: off every log axis", size=8)
    save(figure, "variance_through_layers")


def box(axis, x, y, width, height, name, shape, colour):
    axis.add_patch(plt.Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=2))
    axis.text(x + width / 2, y + height / 2, name, ha="center", va="center", color=colour, size=12)
    axis.text(x + width / 2, y - 0.22, shape, ha="center", va="top", size=8)


def shapes():
    """Three products, each box as high and wide as its axes: N = 3.2, d_in = 1.4, d_out = 2.2."""
    n, d_in, d_out = 3.2, 1.4, 2.2
    products = (
        ("forward", ("y", n, d_out, "(N, d_out)", BLACK), ("x", n, d_in, "(N, d_in)", BLUE),
         ("w", d_in, d_out, "(d_in, d_out)", GREEN), "+ b"),
        ("gradient of x", ("dx", n, d_in, "(N, d_in)", BLUE), ("dy", n, d_out, "(N, d_out)", BLACK),
         ("w.T", d_out, d_in, "(d_out, d_in)", GREEN), ""),
        ("gradient of w", ("dw", d_in, d_out, "(d_in, d_out)", GREEN),
         ("x.T", d_in, n, "(d_in, N)", BLUE), ("dy", n, d_out, "(N, d_out)", BLACK), ""),
    )  # fmt: skip
    figure, axis = plt.subplots(figsize=(8.4, 2.3), layout="constrained")
    left = 0.0
    for title, *boxes, after in products:
        start, signs = left, ("=", "@", after)
        for (name, height, width, shape, colour), sign in zip(boxes, signs, strict=True):
            box(axis, left, -height / 2, width, height, name, shape, colour)
            left += width + 0.9
            if sign:
                axis.text(
                    left - 0.45 + 0.25 * (sign == "+ b"), 0, sign, ha="center", va="center", size=12
                )
        axis.text((start + left - 0.9) / 2, 2.1, title, ha="center", size=10)
        left += 1.1
    axis.set(xlim=(-0.3, left - 1.6), ylim=(-2.4, 2.6), aspect="equal")
    axis.axis("off")
    save(figure, "shapes")


def same_sign_task(rng):
    """Points of a square; the target is 1 where both coordinates have the same sign."""
    x = rng.uniform(-1, 1, (200, 2))
    return x, (x[:, :1] * x[:, 1:] > 0).astype(float)


def losses(layers, steps=400, lr=0.1):
    x, target = same_sign_task(np.random.default_rng(0))
    history = []
    for _ in range(steps):
        y, cache = mlp(x, layers, "tanh")
        history.append(((y - target) ** 2).mean())
        _, grads = mlp_backward(2 * (y - target) / y.size, cache)
        layers = [
            {name: layer[name] - lr * grad[name] for name in layer}
            for layer, grad in zip(layers, grads, strict=True)
        ]
    return history


def equal_units():
    he = init_mlp(np.random.default_rng(1), (2, 16, 16, 1))
    starts = (
        ("all weights 0", 0, RED, "-"),
        ("all weights 0.1", 0.1, ORANGE, "--"),
        ("He", None, BLUE, "-."),
    )
    figure, axis = plt.subplots(figsize=(5.6, 2.9), layout="constrained")
    for name, value, colour, line in starts:
        layers = he
        if value is not None:
            layers = [{"w": 0 * layer["w"] + value, "b": layer["b"]} for layer in he]
        history = losses(layers)
        axis.plot(history, line, color=colour, linewidth=2, label=name)
        print(f"{name}: loss {history[0]:.3f} -> {history[-1]:.3f}")
    axis.set(xlabel="step of gradient descent", ylabel="mean squared error", ylim=(0, 0.9))
    axis.legend(frameon=False)
    save(figure, "equal_units")


if __name__ == "__main__":
    variance_through_layers()
    shapes()
    equal_units()
