"""Experiments of lab 6, cell by cell: gradients through a stack, and a block that learns."""

# %% [markdown]
# ### Experiment: the gradient in a stack of yours
#
# 24 blocks with fresh weights, once with the norm before each sublayer and once after. The lines
# are the lengths of the gradient at every block's input. Then the same with all residual weights
# three times as large. Which of the two stacks notices?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.transformer_block import (
    init_block,
    transformer_block,
    transformer_block_backward,
)
from transformer.tree import tree_map


def gradient_lengths(norm, factor, depth=24, d_model=32):
    """The length of dx at every block's input, from the first block to the last."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 8, d_model))
    caches = []
    for _ in range(depth):
        params = init_block(rng, d_model, 4 * d_model)
        params["attn"] = tree_map(lambda w: factor * w, params["attn"])
        params["ffn"] = tree_map(lambda w: factor * w, params["ffn"])
        x, cache = transformer_block(x, params, 4, norm=norm)
        caches.append(cache)
    dx, lengths = rng.normal(size=x.shape), []
    for cache in reversed(caches):
        dx, _ = transformer_block_backward(dx, cache)
        lengths.append(np.linalg.norm(dx))
    return lengths[::-1]


figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for axis, factor in zip(axes, (1, 3), strict=True):
    for norm, style in (("pre", "o-"), ("post", "^--")):
        lengths = gradient_lengths(norm, factor)
        axis.semilogy(range(1, 25), lengths, style, markersize=3, label=f"{norm}-norm")
        print(f"weights times {factor}, {norm:4}: {lengths[-1]:9.3g} -> {lengths[0]:9.3g}")
    axis.set_title(f"weights times {factor}")
    axis.set_xlabel("block")
axes[0].legend()
plt.show()

# %% [markdown]
# ### Experiment: a block learns to turn a sequence round
#
# Six digits in, the same digits in reverse order out. No feed-forward network alone can do that:
# each position must fetch the digit of another one, and only your attention moves anything between
# positions. The embedding is random and fixed; your block and one linear layer are trained with
# your Adam. This uses assignments 1, 2, 4 and 5 as well.

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.adam import adam_init, adam_step
from transformer.layer import init_linear, linear, linear_backward
from transformer.losses import cross_entropy
from transformer.transformer_block import (
    init_block,
    transformer_block,
    transformer_block_backward,
)

rng = np.random.default_rng(0)
T, D, H, digits = 6, 32, 2, 10
embedding, places = rng.normal(size=(digits, D)), rng.normal(size=(T, D))
params = {"block": init_block(rng, D, 64), "out": init_linear(rng, D, digits)}
state, losses = adam_init(params), []
for _ in range(300):
    batch = rng.integers(0, digits, (32, T))
    x = embedding[batch] + places
    y, block_cache = transformer_block(x, params["block"], H)
    logits, out_cache = linear(y, **params["out"])
    loss, dlogits = cross_entropy(logits, batch[:, ::-1])
    dy, dw, db = linear_backward(dlogits, out_cache)
    _, block_grads = transformer_block_backward(dy, block_cache)
    grads = {"block": block_grads, "out": {"w": dw, "b": db}}
    params, state = adam_step(params, grads, state, lr=0.01)
    losses.append(loss)
print(f"loss {losses[0]:.3f} -> {losses[-1]:.4f}   (guessing: {np.log(digits):.3f})")

batch = rng.integers(0, digits, (3, T))
y, _ = transformer_block(embedding[batch] + places, params["block"], H)
answers = linear(y, **params["out"])[0].argmax(-1)
for question, answer in zip(batch, answers, strict=True):
    print(question, "->", answer)
plt.semilogy(losses)
plt.xlabel("step")
plt.ylabel("loss")
plt.show()

# %% [markdown]
# Take the positions out (`x = embedding[batch]`) and train again. Where does the loss stop now, and
# what does the block do instead? Then give it a causal mask: which digits can it still get right?
