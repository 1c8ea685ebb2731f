"""Experiments of lab 3, cell by cell: what your normalisation does to rows, depth and gradients."""

# %% [markdown]
# ### Experiment: rows before and after
#
# Five rows of very different size and offset, one colour each. Before you run it: in what will the
# five rows of the right picture differ, and in what will they agree?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.layernorm import layernorm

rng = np.random.default_rng(0)
scales, offsets = np.array([0.1, 1, 2, 5, 10]), np.array([0, 3, -8, 20, 5])
x = scales[:, None] * rng.normal(size=(5, 200)) + offsets[:, None]
y, _ = layernorm(x, np.ones(200), np.zeros(200))
figure, axes = plt.subplots(1, 2, figsize=(9, 3))
for axis, rows, title in zip(axes, (x, y), ("x", "layernorm(x)"), strict=True):
    for row in rows:
        axis.hist(row, bins=25, alpha=0.5)
    axis.set_title(title)
plt.show()
for before, after in zip(x, y, strict=True):
    print(
        f"mean {before.mean():7.2f} -> {after.mean():5.2f}"
        f"     deviation {before.std():6.2f} -> {after.std():.3f}"
    )

# %% [markdown]
# ### Experiment: thirty layers with weights that are too large
#
# Weights 1.5 times too large multiply the activations by about 1.5 in every layer. With your
# `layernorm` before each layer they can't. The dashed lines are gradients on their way back: read
# them from right to left.

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.layernorm import layernorm, layernorm_backward


def through_depth(with_norm, depth=30, width=64):
    """Lengths of activations and gradients, a number a layer."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, width))
    gamma, beta = np.ones(width), np.zeros(width)
    forward, caches = [], []
    for _ in range(depth):
        w = 1.5 * rng.normal(0, np.sqrt(2 / width), (width, width))
        x, norm_cache = layernorm(x, gamma, beta) if with_norm else (x, None)
        before = x @ w
        x = np.maximum(before, 0)
        caches.append((norm_cache, w, before > 0))
        forward.append(np.linalg.norm(x))
    dx = rng.normal(size=x.shape)
    backward = []
    for norm_cache, w, active in reversed(caches):
        dx = (dx * active) @ w.T
        if with_norm:
            dx, _, _ = layernorm_backward(dx, norm_cache)
        backward.append(np.linalg.norm(dx))
    return forward, backward[::-1]


for with_norm, colour in ((False, "#d55e00"), (True, "#0072b2")):
    forward, backward = through_depth(with_norm)
    name = "with layernorm" if with_norm else "without"
    plt.semilogy(forward, color=colour, label=f"{name}, activations")
    plt.semilogy(backward, "--", color=colour, label=f"{name}, gradients")
    print(f"{name:15} activations: {forward[0]:.3g} -> {forward[-1]:.3g}")
    print(f"{name:15} gradients:   {backward[-1]:.3g} -> {backward[0]:.3g}")
plt.xlabel("layer")
plt.legend()
plt.show()

# %% [markdown]
# ### Experiment: large inputs, small gradients
#
# The opening question, measured: x is multiplied by a number before your layernorm. The output
# stays, and the length of `dx` should be a straight line of slope −1 on logarithmic axes, but not
# everywhere: at the left end something else takes over. What is it?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.layernorm import layernorm, layernorm_backward

rng = np.random.default_rng(0)
x, dy = rng.normal(size=(2, 10, 16))
factors = 10.0 ** np.arange(-5, 6)
lengths = []
for factor in factors:
    y, cache = layernorm(factor * x, np.ones(16), np.zeros(16))
    dx, _, _ = layernorm_backward(dy, cache)
    lengths.append(np.linalg.norm(dx))
    print(f"x times {factor:<8g} length of y {np.linalg.norm(y):8.4f}   of dx {lengths[-1]:.3g}")
plt.loglog(factors, lengths, "o-")
plt.xlabel("factor of x")
plt.ylabel("length of dx")
plt.show()
