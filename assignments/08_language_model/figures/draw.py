"""Draw the figures of handout 08: python assignments/08_language_model/figures/draw.py"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "solutions"))
sys.path.insert(0, str(HERE.parent / "labs"))

import induction  # noqa: E402

from transformer.activations import softmax  # noqa: E402
from transformer.attention import split_heads  # noqa: E402
from transformer.generation import next_token_probabilities  # noqa: E402
from transformer.language_model import init_language_model  # noqa: E402
from transformer.layer import linear  # noqa: E402
from transformer.layernorm import layernorm  # noqa: E402
from transformer.training import train  # noqa: E402
from transformer.transformer_block import transformer_block  # noqa: E402

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#666666"


def draw_learning():
    """The loss of two tasks over 250 steps, and the floor."""
    figure, ax = plt.subplots(figsize=(6.2, 3.2))
    tasks = [("reverse", lambda a: a[:, ::-1], BLUE, "-"), ("sort", np.sort, ORANGE, "--")]
    for name, answer, colour, style in tasks:
        rng = np.random.default_rng(0)
        letters = rng.integers(0, 6, (1000, 5))
        data = np.concatenate([letters, np.full((1000, 1), 6), answer(letters)], axis=1)
        params = init_language_model(rng, 7, 24, 48, 2, 10, np.float32)
        _, _, losses = train(params, data, rng, 250, 2, 24, lr=0.01, warmup=30)
        ax.plot(np.arange(1, 251), losses, style, color=colour, linewidth=1.3, label=name)
    floor = 0.4 * np.log(6)
    ax.axhline(floor, color=GREY, linestyle=":")
    ax.text(2, floor - 0.04, "floor: four random letters in ten targets", color=GREY, va="top")
    ax.set(xlabel="step", ylabel="loss of the batch", ylim=(0.5, 2.05))
    ax.legend(frameon=False)
    finish(figure, [ax], "learning")


def draw_temperature():
    """The same logits at three temperatures."""
    logits = np.array([2.0, 1.2, 0.6, 0.0, -0.6, -1.5])
    figure, ax = plt.subplots(figsize=(6.2, 2.8))
    for temperature, colour, style, marker in (
        (0.5, BLUE, "-", "o"),
        (1.0, ORANGE, "--", "s"),
        (2.0, GREEN, ":", "^"),
    ):
        p = next_token_probabilities(logits, temperature)
        ax.plot(range(6), p, style, color=colour, marker=marker, label=f"{temperature:g}")
    ax.set(xlabel="token", ylabel="probability", xticks=range(6), ylim=(0, None))
    ax.legend(frameon=False, title="temperature")
    finish(figure, [ax], "temperature")


def draw_induction():
    """Accuracy over steps for one layer and two; returns the trained two layers."""
    figure, ax = plt.subplots(figsize=(6.2, 3.0))
    for layers, colour, style, marker in ((2, BLUE, "-", "o"), (1, ORANGE, "--", "s")):
        params, steps, shares = induction.learn(layers)
        name = "two layers" if layers == 2 else "one layer"
        ax.plot(steps, shares, style, color=colour, marker=marker, markersize=4, label=name)
        if layers == 2:
            trained = params
    ax.set(xlabel="step", ylabel="right tokens in the repeated half", ylim=(-0.03, 1.03))
    ax.legend(frameon=False)
    finish(figure, [ax], "induction")
    return trained


def attention_weights(tokens, params):
    """The weights of every head of every layer: a list of (H, T, T)."""
    t = tokens.shape[1]
    mask = np.tril(np.ones((t, t), dtype=bool))
    x, found = params["embed"][tokens] + params["positions"][:t], []
    for block in params["blocks"]:
        normed, _ = layernorm(x, **block["ln1"])
        q, k = (
            split_heads(linear(normed, block["attn"][f"w_{n}"], block["attn"][f"b_{n}"])[0], 4)
            for n in "qk"
        )
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        found.append(softmax(np.where(mask, scores, -np.inf))[0][0])
        x, _ = transformer_block(x, block, induction.HEADS, mask)
    return found


def draw_heads(params):
    """Of each layer the head that is most of one mind, on the mean of twenty sequences."""
    rng, t = np.random.default_rng(3), induction.LENGTH - 1
    maps = [attention_weights(induction.sequences(rng, 1)[:, :-1], params) for _ in range(20)]
    queries = np.arange(induction.PERIOD, t)
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.7))
    for layer, ax in enumerate(axes):
        heads = np.mean([weights[layer] for weights in maps], axis=0)  # (H, T, T)
        by_distance = np.array(
            [heads[:, queries, queries - k].mean(1) for k in range(induction.PERIOD)]
        )
        distance, head = np.unravel_index(by_distance.argmax(), by_distance.shape)
        ax.imshow(heads[head], cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        ax.axhline(induction.PERIOD - 0.5, color=GREY, linewidth=0.7, linestyle=":")
        places = "place" if distance == 1 else "places"
        title = f"layer {layer + 1}: {distance} {places} back"
        ax.set(title=title, xlabel="key: place", ylabel="query: place")
    finish(figure, axes, "heads")


def finish(figure, axes, name):
    for ax in axes:
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    mpl.rcParams.update(
        {"svg.hashsalt": "08_language_model", "svg.fonttype": "none", "font.size": 10}
    )
    draw_learning()
    draw_temperature()
    draw_heads(draw_induction())
