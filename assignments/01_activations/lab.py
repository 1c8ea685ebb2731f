"""Experiments of lab 1, cell by cell: your activations and losses, seen as curves."""

# %% [markdown]
# ### Experiment: your curves and your slopes
#
# The left picture shows what your forwards give, the right one what your backwards give for an
# upstream of ones. Before you run it: which of the four has a slope above 1 somewhere, and which
# has a slope of exactly 0 over half of the line?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.activations import (
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
)

x = np.linspace(-4, 4, 401)
pairs = {
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
    "gelu": (gelu, gelu_backward),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
for name, (forward, backward) in pairs.items():
    y, cache = forward(x)
    slope = backward(np.ones_like(x), cache)
    left.plot(x, y, label=name)
    right.plot(x, slope, label=name)
    print(f"{name:10}  slope from {slope.min():.3f} to {slope.max():.3f}")
left.set_title("forward")
right.set_title("slope by your backward")
left.legend()
plt.show()

# %% [markdown]
# ### Experiment: hot and cold
#
# Dividing all logits by a number before the softmax is called a temperature. It changes no order,
# only how much the largest one gets. What do you expect at 0.1, and at 10?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.activations import softmax

logits = np.array([2.0, 1.0, 0.5, -1.0])
figure, axes = plt.subplots(1, 4, figsize=(9, 2.4), sharey=True)
for axis, temperature in zip(axes, (0.1, 0.5, 1, 10), strict=True):
    weights, _ = softmax(logits / temperature)
    axis.bar(range(len(logits)), weights)
    axis.set_title(f"temperature {temperature:g}")
    print(f"{temperature:4g}", weights.round(3))
plt.show()

# %% [markdown]
# ### Experiment: how sure should a model be?
#
# Two classes, and a gap between the logit of the right one and the other's. Without smoothing the
# loss falls for ever: a model that is right is still pulled to be surer. With smoothing there is a
# best gap. Where the gradient crosses 0, the model is left in peace. For a smoothing of ε
# the best gap is log((2 − ε) / ε); compare.

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.losses import cross_entropy

gaps = np.linspace(-2, 10, 241)
for smoothing in (0.0, 0.05, 0.2):
    losses, slopes = [], []
    for gap in gaps:
        loss, dlogits = cross_entropy(
            np.array([[gap, 0.0]]), np.array([0]), label_smoothing=smoothing
        )
        losses.append(loss)
        slopes.append(dlogits[0, 0])
    plt.plot(gaps, losses, label=f"smoothing {smoothing:g}")
    best = gaps[np.argmin(np.abs(slopes))]
    wanted = np.log((2 - smoothing) / smoothing) if smoothing else np.inf
    print(
        f"smoothing {smoothing:4g}: the gradient is smallest at a gap of {best:.2f} ({wanted:.2f})"
    )
plt.xlabel("gap between the logits")
plt.ylabel("loss")
plt.legend()
plt.show()
