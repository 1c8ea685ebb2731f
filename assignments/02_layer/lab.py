"""Experiments of lab 2, cell by cell: your MLP learns something, and dies of its own depth."""

# %% [markdown]
# ### Experiment: two spirals
#
# 200 points on two arms that wind around each other: no line separates them, and your MLP should.
# The step is given: every parameter moves a little against its gradient. (Assignment 5 puts a
# better one in its place.) Before you run it: what is the loss of a network that always answers
# "one half"?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.layer import init_mlp, mlp, mlp_backward


def two_spirals(rng, count=100):
    """Points (2 count, 2) and their arm, 0 or 1, as (2 count, 1)."""
    turn = np.sqrt(rng.uniform(0.05, 1, count)) * 3 * np.pi
    arm = np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=1) / 10
    points = np.concatenate([arm, -arm]) + rng.normal(0, 0.02, (2 * count, 2))
    return points, np.repeat([[0.0], [1.0]], count, axis=0)


def gradient_descent_step(layers, grads, lr):
    """New layers, a step against the gradient. The old ones stay as they are."""
    return [
        {name: layer[name] - lr * grad[name] for name in layer}
        for layer, grad in zip(layers, grads, strict=True)
    ]


def loss_and_gradient(y, target):
    """The mean squared error and its gradient (given here, so that nothing else is needed)."""
    difference = y - target
    return (difference * difference).mean(), 2 * difference / difference.size


rng = np.random.default_rng(0)
points, arm = two_spirals(rng)
layers = init_mlp(rng, (2, 32, 32, 1))
losses = []
for _ in range(2000):
    y, cache = mlp(points, layers, "tanh")
    loss, dy = loss_and_gradient(y, arm)
    _, grads = mlp_backward(dy, cache)
    layers = gradient_descent_step(layers, grads, lr=0.05)
    losses.append(loss)
print(f"loss {losses[0]:.3f} at the start, {losses[-1]:.4f} after {len(losses)} steps")
print(f"{((y > 0.5) == arm).mean():.0%} of the points are on the right side")

grid = np.linspace(-1.1, 1.1, 120)
plane = np.stack(np.meshgrid(grid, grid), axis=-1)  # (120, 120, 2): a batch of two axes
answer, _ = mlp(plane, layers, "tanh")
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
left.semilogy(losses)
left.set_xlabel("step")
left.set_ylabel("loss")
right.contourf(grid, grid, answer[..., 0], levels=[-9, 0.5, 9], colors=["#cce5f2", "#fbe3c0"])
for value, marker in ((0, "o"), (1, "^")):
    here = arm[:, 0] == value
    right.plot(*points[here].T, marker, markersize=3)
right.set_aspect("equal")
plt.show()

# %% [markdown]
# Change one thing at a time and run the cell again: `"relu"` for `"tanh"`; a learning rate of 0.5;
# layers of 8; a single hidden layer. Which change stops it from learning at all?

# %% [markdown]
# ### Experiment: twenty layers deep
#
# The size of the activations through 20 layers of your own `init_linear` and ReLU, by scheme. The
# last row multiplies every weight by 1.5. What do you expect: 1.5 times as large, or more?

# %%
import numpy as np
from transformer.activations import relu
from transformer.layer import init_linear, linear


def sizes_through_layers(scheme, factor, depth=20, width=100):
    """Root mean square of the activations after each layer."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, width))
    sizes = []
    for _ in range(depth):
        layer = init_linear(rng, width, width, scheme)
        x, _ = linear(x, factor * layer["w"], layer["b"])
        x, _ = relu(x)
        sizes.append(np.sqrt((x * x).mean()))
    return sizes


for scheme, factor in (("he", 1.0), ("xavier", 1.0), ("he", 1.5)):
    sizes = sizes_through_layers(scheme, factor)
    shown = "  ".join(f"{sizes[k]:8.2g}" for k in (0, 4, 9, 19))
    print(f"{scheme:7} times {factor}: after layers 1, 5, 10 and 20: {shown}")
