"""Experiments of lab 4, cell by cell: maps of your attention, and a head with a purpose."""

# %% [markdown]
# ### Experiment: the maps of your heads
#
# If the values are the identity matrix, what comes out of the attention is the weights themselves.
# Four heads with fresh random weights look at the same ten positions, under your causal mask.
# Before you run it: what is the first row of every map, and why?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.attention import (
    causal_mask,
    init_attention,
    scaled_dot_product_attention,
    split_heads,
)

rng = np.random.default_rng(0)
T, D, H = 10, 32, 4
x = 3 * rng.normal(size=(1, T, D))
params = init_attention(rng, D)
q = split_heads(x @ params["w_q"] + params["b_q"], H)
k = split_heads(x @ params["w_k"] + params["b_k"], H)
v = np.broadcast_to(np.eye(T), (1, H, T, T))
weights, _ = scaled_dot_product_attention(q, k, v, causal_mask(T))  # (1, H, T, T)
figure, axes = plt.subplots(1, H, figsize=(10, 2.8))
for head, axis in enumerate(axes):
    axis.imshow(weights[0, head], vmin=0, vmax=1, cmap="Blues")
    axis.set_title(f"head {head}")
    axis.set_xlabel("key")
axes[0].set_ylabel("query")
plt.show()
print("every row sums to 1:", np.allclose(weights.sum(-1), 1))
print("weight on the future:", np.triu(weights[0], 1).max())

# %% [markdown]
# ### Experiment: a head that looks one step back
#
# Nobody trained this head: its weights are written by hand. Each position carries two one-hot
# parts, its token and its place. The query of place i asks for place i − 1, keys offer their place,
# values carry the token. So what comes out at each position is the token before it. Heads that do
# this are found in trained transformers too. `strength` says how sharp the question is: try 1, 5
# and 50. Which token does position 0 get, and why?

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.attention import attention_head, causal_mask

strength = 50.0
text = "a rose is a rose"
letters = sorted(set(text))
tokens = np.eye(len(letters))[[letters.index(letter) for letter in text]]
places = np.eye(len(text))
x = np.concatenate([tokens, places], axis=1)[None]  # (1, T, letters + T)

only_token = np.concatenate([np.eye(len(letters)), np.zeros((len(text), len(letters)))])
only_place = np.concatenate([np.zeros((len(letters), len(text))), np.eye(len(text))])
one_back = np.eye(len(text), k=-1)  # place i asks for place i - 1
params = {
    "w_q": strength * only_place @ one_back,
    "w_k": only_place,
    "w_v": only_token,
    "b_q": np.zeros(len(text)),
    "b_k": np.zeros(len(text)),
    "b_v": np.zeros(len(letters)),
}
y, _ = attention_head(x, x, params, causal_mask(len(text)))
print("in: ", text)
print("out:", "".join(letters[one] for one in y[0].argmax(-1)))
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for axis, picture, title in zip(
    axes, (tokens, y[0]), ("tokens", "what the head gives"), strict=True
):
    axis.imshow(picture, vmin=0, vmax=1, cmap="Blues")
    axis.set_xticks(range(len(letters)), [repr(letter)[1:-1] or " " for letter in letters])
    axis.set_title(title)
axes[0].set_yticks(range(len(text)), list(text))
plt.show()

# %% [markdown]
# ### Experiment: whose gradient is it?
#
# The gradient of one output position, sent back through your multi-head attention to every input
# position. Under a causal mask, which inputs may get nothing? Change `asked` and see.

# %%
import matplotlib.pyplot as plt
import numpy as np
from transformer.attention import (
    causal_mask,
    init_attention,
    multi_head_attention,
    multi_head_attention_backward,
)

asked = 5
rng = np.random.default_rng(0)
x = 2 * rng.normal(size=(1, 10, 16))
params = init_attention(rng, 16)
for name, mask in (("causal", causal_mask(10)), ("no mask", None)):
    y, cache = multi_head_attention(x, x, params, 4, mask)
    dy = np.zeros_like(y)
    dy[0, asked] = rng.normal(size=16)
    dx, dcontext, _ = multi_head_attention_backward(dy, cache)
    lengths = np.linalg.norm((dx + dcontext)[0], axis=-1)
    plt.plot(lengths, "o-", label=name)
    print(f"{name:8}", lengths.round(3))
plt.xlabel("input position")
plt.ylabel("length of its gradient")
plt.legend()
plt.show()
