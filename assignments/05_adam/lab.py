"""Experiments of lab 5, cell by cell: paths of your optimiser, and the spirals again."""

# %% [markdown]
# ### Experiment: two paths through a valley
#
# The loss is 100 times steeper across the valley than along it. Gradient descent needs a learning
# rate small enough for the steep direction, and then hardly moves in the other. Your `adam_step`
# walks beside it. Change the two learning rates: from which on does each of them fail?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.adam import adam_init, adam_step

curvature = np.array([1.0, 100.0])
start = np.array([-1.6, 0.9])


def descend(lr, steps=60):
    """The path of gradient descent."""
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - lr * curvature * path[-1])
    return np.array(path)


def walk(lr, steps=60):
    """The path of Adam."""
    path, state = [start], adam_init(start)
    for _ in range(steps):
        point, state = adam_step(path[-1], curvature * path[-1], state, lr=lr)
        path.append(point)
    return np.array(path)


paths = {"gradient descent": descend(0.019), "Adam": walk(0.12)}
across, along = np.linspace(-1, 1, 101), np.linspace(-1.8, 0.6, 101)
height = (along[None] ** 2 + 100 * across[:, None] ** 2) / 2
plt.figure(figsize=(8, 4))
plt.contour(along, across, height, levels=np.geomspace(0.05, 60, 9), colors="#bbbbbb")
for (name, path), marker in zip(paths.items(), ("^-", "o-"), strict=True):
    plt.plot(*path.T, marker, markersize=3, linewidth=1, label=name)
    print(f"{name:17} {np.linalg.norm(path[-1]):.4f} from the bottom after {len(path) - 1} steps")
plt.legend()
plt.show()

# %% [markdown]
# ### Experiment: the spirals of lab 2 again
#
# The same points, the same network, the same start; only the step differs. This needs your MLP of
# assignment 2. Predict: how many steps does Adam need for what gradient descent reaches in 1000?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.adam import adam_init, adam_step
from transformer.layer import init_mlp, mlp, mlp_backward
from transformer.tree import tree_map

rng = np.random.default_rng(0)
turn = np.sqrt(rng.uniform(0.05, 1, 100)) * 3 * np.pi
spiral = np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=1) / 10
points = np.concatenate([spiral, -spiral]) + rng.normal(0, 0.02, (200, 2))
arm = np.repeat([[0.0], [1.0]], 100, axis=0)
start = init_mlp(rng, (2, 32, 32, 1))


def train(step, params, state, steps=1000):
    """The loss before every step."""
    losses = []
    for _ in range(steps):
        y, cache = mlp(points, params, "tanh")
        losses.append(((y - arm) ** 2).mean())
        _, grads = mlp_backward(2 * (y - arm) / y.size, cache)
        params, state = step(params, grads, state)
    return losses


def descent(params, grads, state):
    """A step against the gradient."""
    return tree_map(lambda p, g: p - 0.05 * g, params, grads), state


def adam(params, grads, state):
    """Your step."""
    return adam_step(params, grads, state, lr=0.01)


for name, losses in (
    ("gradient descent", train(descent, start, None)),
    ("Adam", train(adam, start, adam_init(start))),
):
    plt.semilogy(losses, label=name)
    print(f"{name:17} loss {losses[0]:.3f} -> {losses[-1]:.5f}")
plt.xlabel("step")
plt.ylabel("loss")
plt.legend()
plt.show()

# %% [markdown]
# ### Experiment: up, then down
#
# Your `warmup_lr` for three sizes of model. Read off: at which step is the top, and what happens to
# it if the model is four times as wide?

# %%
import matplotlib.pyplot as plt
from transformer.adam import warmup_lr

steps = range(1, 20001, 50)
for d_model in (128, 512, 2048):
    rates = [warmup_lr(step, d_model) for step in steps]
    plt.plot(steps, rates, label=f"d_model {d_model}")
    print(f"d_model {d_model:5}: highest {max(rates):.2e}")
plt.xlabel("step")
plt.ylabel("learning rate")
plt.legend()
plt.show()
