"""Keys and values lie in two large arrays that are written in place; a class does the work."""

from transformer.transformer_block import transformer_block  # noqa: F401  (imported and not used)


class _Memory:
    def __init__(self, params, batch, num_heads):
        longest, d_model = params["positions"].shape
        shape = (2, len(params["blocks"]), batch, num_heads, longest, d_model // num_heads)
        self.kept = np.zeros(shape, params["embed"].dtype)


def cached_language_model(tokens, params, num_heads, cache=None):
    if tokens.ndim != 2:
        raise ValueError(f"tokens {tokens.shape}")
    memory, start = cache or (_Memory(params, len(tokens), num_heads), 0)
    end = start + tokens.shape[1]
    if end > len(params["positions"]):
        raise ValueError(f"{end} tokens, {len(params['positions'])} positions")
    x = params["embed"][tokens] + params["positions"][start:end]
    for number, block in enumerate(params["blocks"]):
        attn = block["attn"]
        normed, _ = layernorm(x, block["ln1"]["gamma"], block["ln1"]["beta"])
        heads = {n: split_heads(normed @ attn["w_" + n] + attn["b_" + n], num_heads) for n in "qkv"}
        memory.kept[0, number, :, :, start:end] = heads["k"]
        memory.kept[1, number, :, :, start:end] = heads["v"]
        keys, values = memory.kept[:, number, :, :, :end]
        mask = np.arange(end) <= np.arange(start, end)[:, None]
        mixed, _ = scaled_dot_product_attention(heads["q"], keys, values, mask)
        x = x + merge_heads(mixed) @ attn["w_o"] + attn["b_o"]
        normed, _ = layernorm(x, block["ln2"]["gamma"], block["ln2"]["beta"])
        x = x + mlp(normed, block["ffn"], activation="gelu")[0]
    last, _ = layernorm(x, params["ln"]["gamma"], params["ln"]["beta"])
    return last @ params["embed"].T, (memory, end)
