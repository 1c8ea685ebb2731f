"""The whole language model against PyTorch: loss and every gradient, with the same weights."""

import numpy as np

from transformer.language_model import language_model, next_token_loss

SIZES = {  # name: vocabulary, d_model, d_ff, layers, heads, max_len, batch, time, padding
    "two_blocks": (11, 6, 10, 2, 3, 9, 3, 7, None),
    "padded": (7, 8, 5, 1, 2, 6, 4, 6, -1),
    "no_block": (5, 4, 3, 0, 1, 8, 2, 5, None),
    "three_blocks": (13, 12, 20, 3, 4, 10, 2, 10, -1),
}
NORMS = ("ln1", "ln2")


def inputs():
    state = np.random.RandomState(8)
    drawn = {}
    for name, (v, d, f, layers, _, max_len, b, t, padding) in SIZES.items():
        shapes = {"embed": (v, d), "positions": (max_len, d), "ln.gamma": (d,), "ln.beta": (d,)}
        for k in range(layers):
            for w in "qkvo":
                shapes |= {f"{k}.attn.w_{w}": (d, d), f"{k}.attn.b_{w}": (d,)}
            for norm in NORMS:
                shapes |= {f"{k}.{norm}.gamma": (d,), f"{k}.{norm}.beta": (d,)}
            shapes |= {f"{k}.ffn.0.w": (d, f), f"{k}.ffn.0.b": (f,)}
            shapes |= {f"{k}.ffn.1.w": (f, d), f"{k}.ffn.1.b": (d,)}
        for key, shape in shapes.items():
            drawn[f"{name}.{key}"] = state.normal(size=shape) * (1.0 if "gamma" in key else 0.5)
        tokens = state.randint(0, v, size=(b, t))
        if padding is not None:
            lengths = state.randint(2, t + 1, size=(b, 1))
            tokens = np.where(np.arange(t) < lengths, tokens, padding)
        drawn[f"{name}.tokens"] = tokens
    return drawn


def model_of(inputs, name, layers):
    """The parameters of one case, nested as the package has them."""

    def get(key):
        return inputs[f"{name}.{key}"]

    def norm(key):
        return {"gamma": get(f"{key}.gamma"), "beta": get(f"{key}.beta")}

    return {
        "embed": get("embed"),
        "positions": get("positions"),
        "blocks": [
            {
                "attn": {f"{m}_{w}": get(f"{k}.attn.{m}_{w}") for m in "wb" for w in "qkvo"},
                "ffn": [{m: get(f"{k}.ffn.{j}.{m}") for m in "wb"} for j in (0, 1)],
                **{name: norm(f"{k}.{name}") for name in NORMS},
            }
            for k in range(layers)
        ],
        "ln": norm("ln"),
    }


def ours(inputs):
    found = {}
    for name, (_, _, _, layers, heads, *_) in SIZES.items():
        tokens, params = inputs[f"{name}.tokens"], model_of(inputs, name, layers)
        known = np.where(tokens == -1, 0, tokens)
        found[f"{name}.logits"] = language_model(known[:, :-1], params, heads)[0]
        loss, grads = next_token_loss(tokens, params, heads)
        found[f"{name}.loss"] = np.asarray(loss)
        for key, gradient in flat(grads):
            found[f"{name}.d.{key}"] = gradient
    return found


def flat(tree, prefix=""):
    """The arrays of nested parameters under the names of inputs()."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from flat(item, prefix if key == "blocks" else f"{prefix}{key}.")
    elif isinstance(tree, list):
        for k, item in enumerate(tree):
            yield from flat(item, f"{prefix}{k}.")
    else:
        yield prefix.rstrip("."), tree


def theirs(torch, inputs):
    found = {}
    for name, (_, d, _, layers, heads, *_) in SIZES.items():
        weights = {
            key.removeprefix(f"{name}."): torch.tensor(value, requires_grad=True)
            for key, value in inputs.items()
            if key.startswith(f"{name}.") and not key.endswith("tokens")
        }
        tokens = torch.tensor(inputs[f"{name}.tokens"])
        logits = _forward(torch, tokens[:, :-1].clamp(min=0), weights, d, layers, heads)
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=-1
        )
        loss.backward()
        found[f"{name}.logits"] = logits.detach().numpy()
        found[f"{name}.loss"] = loss.detach().numpy()
        found |= {f"{name}.d.{key}": weight.grad.numpy() for key, weight in weights.items()}
    return found


def _forward(torch, tokens, w, d, layers, heads):
    functional = torch.nn.functional
    b, t = tokens.shape

    def norm(x, key):
        return functional.layer_norm(x, (d,), w[f"{key}.gamma"], w[f"{key}.beta"])

    x = functional.embedding(tokens, w["embed"]) + w["positions"][:t]
    for k in range(layers):
        normed = norm(x, f"{k}.ln1")
        q, key, v = (
            (normed @ w[f"{k}.attn.w_{n}"] + w[f"{k}.attn.b_{n}"])
            .view(b, t, heads, d // heads)
            .transpose(1, 2)
            for n in "qkv"
        )
        mixed = functional.scaled_dot_product_attention(q, key, v, is_causal=True)
        mixed = mixed.transpose(1, 2).reshape(b, t, d)
        x = x + mixed @ w[f"{k}.attn.w_o"] + w[f"{k}.attn.b_o"]
        inner = norm(x, f"{k}.ln2") @ w[f"{k}.ffn.0.w"] + w[f"{k}.ffn.0.b"]
        inner = functional.gelu(inner, approximate="tanh")
        x = x + inner @ w[f"{k}.ffn.1.w"] + w[f"{k}.ffn.1.b"]
    return norm(x, "ln") @ w["embed"].T
