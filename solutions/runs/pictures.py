"""Loss curves and attention maps of the two runs, as PNG files."""

import matplotlib as mpl
import numpy as np

from runs import corpus, language
from transformer.activations import softmax
from transformer.attention import causal_mask, split_heads
from transformer.embedding import embed
from transformer.layer import linear
from transformer.layernorm import layernorm
from transformer.transformer_block import transformer_block

mpl.use("Agg")
from matplotlib import pyplot as plt

BLUE, ORANGE = "#0072B2", "#D55E00"
SENTENCE = "the mean of the row, the mean of the row"


def draw_language_loss(run, path):
    """Training and held-out loss over the steps, and the bigram model's."""
    figure, axes = plt.subplots(figsize=(6, 3.6))
    axes.plot(np.arange(1, len(run.losses) + 1), run.losses, color=BLUE, lw=0.6, label="batch")
    steps, losses = zip(*run.tested, strict=True)
    axes.plot(steps, losses, "o-", color=ORANGE, label="held-out text")
    axes.axhline(run.bigram, color="black", ls="--", label="bigram model")
    axes.set(xlabel="step", ylabel="loss (nats a character)")
    _save(figure, axes, path)


def draw_translation_loss(run, path):
    """Training loss, and the share of right answers."""
    figure, axes = plt.subplots(figsize=(6, 3.6))
    axes.plot(np.arange(1, len(run.losses) + 1), run.losses, color=BLUE, lw=0.6, label="loss")
    steps, shares = zip(*run.tested, strict=True)
    axes.plot(steps, shares, "o-", color=ORANGE, label="share of right answers")
    axes.set(xlabel="step")
    _save(figure, axes, path)


def draw_attention(run, path):
    """Who looks at whom in each head, on a sentence that repeats itself."""
    tokens = corpus.encode(SENTENCE, run.alphabet)[None]
    maps = attention_weights(tokens, run.params, language.HEADS)
    figure, grid = plt.subplots(len(maps), language.HEADS, figsize=(11, 5.6))
    for layer, weights in enumerate(maps):
        for head, axes in enumerate(grid[layer]):
            axes.imshow(weights[0, head], cmap="cividis", vmin=0, vmax=1)
            axes.set_title(f"layer {layer + 1}, head {head + 1}", fontsize=8)
            axes.set_xticks(range(len(SENTENCE)), list(SENTENCE), fontsize=4)
            axes.set_yticks(range(len(SENTENCE)), list(SENTENCE), fontsize=4)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)


def attention_weights(tokens, params, num_heads):
    """The attention weights of every layer: a list of (B, H, T, T)."""
    time = tokens.shape[1]
    mask = causal_mask(time)
    x = embed(tokens, params["embed"])[0] + params["positions"][:time]
    maps = []
    for block in params["blocks"]:
        normed, _ = layernorm(x, **block["ln1"])
        q, k = (
            split_heads(
                linear(normed, block["attn"][f"w_{n}"], block["attn"][f"b_{n}"])[0], num_heads
            )
            for n in "qk"
        )
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        maps.append(softmax(np.where(mask, scores, -np.inf))[0])
        x, _ = transformer_block(x, block, num_heads, mask)
    return maps


def draw_all(written, translated, folder):
    """All pictures; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ("language_loss.png", "language_attention.png", "translation_loss.png")
    paths = [folder / name for name in names]
    draw_language_loss(written, paths[0])
    draw_attention(written, paths[1])
    draw_translation_loss(translated, paths[2])
    return paths


def _save(figure, axes, path):
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
