"""nn.Transformer with the same weights: encoder, decoder, post and pre, padding, smoothed loss."""

import numpy as np

from transformer.seq2seq import seq2seq, seq2seq_backward, seq2seq_loss

S, T, D, F, H, V, LAYERS = 6, 5, 8, 7, 2, 11, 2
NORMS = ("post", "pre")
SMOOTHING = 0.1


def inputs():
    """Every parameter under a flat name such as "decoder.1.cross.w_q", tokens, an upstream dy."""
    state = np.random.RandomState(9)
    source, target = state.randint(3, V, (3, S)), state.randint(3, V, (3, T + 1))
    source[1, 4:], source[2, 2:] = 0, 0
    target[:, 0] = 1
    target[0, 4:], target[2, 2:] = 0, 0
    given = {"source": source, "target": target, "dy": state.normal(size=(3, T, V))}
    given["embed"] = state.normal(0, 0.5, (V, D))
    for side, norms, attentions in (
        ("encoder", ("ln1", "ln2"), ("attn",)),
        ("decoder", ("ln1", "ln2", "ln3"), ("attn", "cross")),
    ):
        for number in range(LAYERS):
            place = f"{side}.{number}"
            for norm in norms:
                given |= _norm(state, f"{place}.{norm}")
            for name in (f"{place}.{attention}" for attention in attentions):
                for n in "qkvo":
                    given[f"{name}.w_{n}"] = state.normal(0, 0.5, (D, D))
                    given[f"{name}.b_{n}"] = state.normal(0, 0.5, D)
            for layer, (d_in, d_out) in enumerate([(D, F), (F, D)]):
                given[f"{place}.ffn.{layer}.w"] = state.normal(0, 0.5, (d_in, d_out))
                given[f"{place}.ffn.{layer}.b"] = state.normal(0, 0.5, d_out)
        given |= _norm(state, f"{side}_ln")
    return given


def _norm(state, name):
    return {f"{name}.gamma": state.normal(1, 0.5, D), f"{name}.beta": state.normal(0, 0.5, D)}


def ours(inputs):
    source, target, found = inputs["source"], inputs["target"], {}
    for norm in NORMS:
        params = _nested(inputs, norm)
        logits, cache = seq2seq(source, target[:, :-1], params, H, norm=norm)
        found[f"{norm}.logits"] = logits
        found |= _flat(f"{norm}.grads", seq2seq_backward(inputs["dy"], cache))
        loss, grads = seq2seq_loss(source, target, params, H, 0, SMOOTHING, norm)
        found[f"{norm}.loss"] = np.array(loss)
        found |= _flat(f"{norm}.loss_grads", grads)
    return found


def _nested(inputs, norm):
    """Flat names to the nesting of init_seq2seq."""
    params = {}
    for name, value in inputs.items():
        if name in ("source", "target", "dy") or ("_ln." in name and norm == "post"):
            continue
        *path, last = name.split(".")
        place = params
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value
    return _lists(params)


def _lists(tree):
    if not isinstance(tree, dict):
        return tree
    if all(key.isdigit() for key in tree):
        return [_lists(tree[key]) for key in sorted(tree)]
    return {key: _lists(value) for key, value in tree.items()}


def _flat(prefix, tree):
    if isinstance(tree, np.ndarray):
        return {prefix: tree}
    items = enumerate(tree) if isinstance(tree, list) else tree.items()
    found = {}
    for key, value in items:
        found |= _flat(f"{prefix}.{key}", value)
    return found


def theirs(torch, inputs):
    found = {}
    for norm in NORMS:
        model, table = _model(torch, inputs, norm)
        logits = _logits(torch, model, table, inputs)
        found[f"{norm}.logits"] = logits.detach().numpy()
        logits.backward(torch.tensor(inputs["dy"]))
        found |= _gradients(f"{norm}.grads", model, table, norm)

        model, table = _model(torch, inputs, norm)
        logits = _logits(torch, model, table, inputs)
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, V),
            torch.tensor(inputs["target"][:, 1:]).reshape(-1),
            ignore_index=0,
            label_smoothing=SMOOTHING,
        )
        loss.backward()
        found[f"{norm}.loss"] = loss.detach().numpy()
        found |= _gradients(f"{norm}.loss_grads", model, table, norm)
    return found


def _model(torch, inputs, norm):
    """The paper's model: PyTorch's own puts a norm after the stacks of post-norm, too."""
    model = torch.nn.Transformer(
        D, H, LAYERS, LAYERS, F, dropout=0.0, batch_first=True, norm_first=norm == "pre"
    ).double()
    if norm == "post":
        model.encoder.norm = model.decoder.norm = None
    weights = {}
    for side in ("encoder", "decoder"):
        for number in range(LAYERS):
            ours, theirs = f"{side}.{number}", f"{side}.layers.{number}"
            for their_name, our_names, transposed in _names(side):
                values = [inputs[f"{ours}.{name}"] for name in our_names]
                values = [value.T for value in values] if transposed else values
                weights[f"{theirs}.{their_name}"] = np.concatenate(values)
        if norm == "pre":
            weights[f"{side}.norm.weight"] = inputs[f"{side}_ln.gamma"]
            weights[f"{side}.norm.bias"] = inputs[f"{side}_ln.beta"]
    model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    return model.train(), torch.tensor(inputs["embed"], requires_grad=True)


def _names(side):
    """Their name of a weight, ours of its parts, and whether it is our transpose."""
    pairs = [("self_attn", "attn")] + ([("multihead_attn", "cross")] if side == "decoder" else [])
    for theirs, ours in pairs:
        yield f"{theirs}.in_proj_weight", [f"{ours}.w_{n}" for n in "qkv"], True
        yield f"{theirs}.in_proj_bias", [f"{ours}.b_{n}" for n in "qkv"], False
        yield f"{theirs}.out_proj.weight", [f"{ours}.w_o"], True
        yield f"{theirs}.out_proj.bias", [f"{ours}.b_o"], False
    for k in range(2):
        yield f"linear{k + 1}.weight", [f"ffn.{k}.w"], True
        yield f"linear{k + 1}.bias", [f"ffn.{k}.b"], False
    for k in range(3 if side == "decoder" else 2):
        yield f"norm{k + 1}.weight", [f"ln{k + 1}.gamma"], False
        yield f"norm{k + 1}.bias", [f"ln{k + 1}.beta"], False


def _logits(torch, model, table, inputs):
    source, target = torch.tensor(inputs["source"]), torch.tensor(inputs["target"][:, :-1])

    def embedded(tokens):
        return table[tokens] * D**0.5 + _positions(torch, tokens.shape[1])

    y = model(
        embedded(source),
        embedded(target),
        tgt_mask=torch.triu(torch.ones(T, T, dtype=torch.bool), diagonal=1),
        src_key_padding_mask=source == 0,
        memory_key_padding_mask=source == 0,
    )
    return y @ table.T


def _positions(torch, t):
    angles = torch.arange(t)[:, None] / 10000 ** (torch.arange(0, D, 2).double() / D)
    return torch.stack([torch.sin(angles), torch.cos(angles)], dim=-1).reshape(t, D)


def _gradients(prefix, model, table, norm):
    """Their gradients under our names."""
    g = {name: value.grad.numpy() for name, value in model.named_parameters()}
    found = {f"{prefix}.embed": table.grad.numpy()}
    for side in ("encoder", "decoder"):
        for number in range(LAYERS):
            for their_name, our_names, transposed in _names(side):
                whole = g[f"{side}.layers.{number}.{their_name}"]
                for part, name in zip(np.split(whole, len(our_names)), our_names, strict=True):
                    place = f"{prefix}.{side}.{number}.{name}"
                    found[place] = part.T if transposed else part
        if norm == "pre":
            found[f"{prefix}.{side}_ln.gamma"] = g[f"{side}.norm.weight"]
            found[f"{prefix}.{side}_ln.beta"] = g[f"{side}.norm.bias"]
    return found
