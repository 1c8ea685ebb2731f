"""Hidden checks of assignment 9: decoder blocks, and the encoder-decoder model as a whole.

Longer than most files: fourteen functions.
"""

import numpy as np

from autograder.checker import at_most, check, error_of, within

B, T, S, D, F, H, V = 4, 5, 7, 6, 8, 2, 9
# Few enough numbers for central differences of a student's own forward.
SMALL = {"d_model": 4, "d_ff": 3}
NORMS = ("post", "pre")


def norm_params(draw, d_model, dtype):
    return {"gamma": draw.normal(d_model, dtype=dtype), "beta": draw.normal(d_model, dtype=dtype)}


def attention_params(draw, d_model, dtype):
    found = {}
    for name in "qkvo":
        found[f"w_{name}"] = draw.normal(d_model, d_model, scale=0.5, dtype=dtype)
        found[f"b_{name}"] = draw.normal(d_model, scale=0.5, dtype=dtype)
    return found


def ffn_params(draw, d_model, d_ff, dtype):
    return [
        {"w": draw.normal(*shape, scale=0.5, dtype=dtype), "b": draw.normal(shape[1], dtype=dtype)}
        for shape in ((d_model, d_ff), (d_ff, d_model))
    ]


def decoder_params(draw, d_model=D, d_ff=F, dtype=np.float64):
    """One decoder block's parameters, every entry random."""
    return {
        "ln1": norm_params(draw, d_model, dtype),
        "attn": attention_params(draw, d_model, dtype),
        "ln2": norm_params(draw, d_model, dtype),
        "cross": attention_params(draw, d_model, dtype),
        "ln3": norm_params(draw, d_model, dtype),
        "ffn": ffn_params(draw, d_model, d_ff, dtype),
    }


def encoder_params(draw, d_model=D, d_ff=F, dtype=np.float64):
    params = decoder_params(draw, d_model, d_ff, dtype)
    return {name: params[name] for name in ("ln1", "attn", "ln2", "ffn")}


def model(draw, layers=1, norm="post", d_model=4, d_ff=3, vocab_size=7, dtype=np.float64):
    """Parameters of a whole model, every entry random."""
    params = {
        "embed": draw.normal(vocab_size, d_model, scale=0.5, dtype=dtype),
        "encoder": [encoder_params(draw, d_model, d_ff, dtype) for _ in range(layers)],
        "decoder": [decoder_params(draw, d_model, d_ff, dtype) for _ in range(layers)],
    }
    if norm == "pre":
        params["encoder_ln"] = norm_params(draw, d_model, dtype)
        params["decoder_ln"] = norm_params(draw, d_model, dtype)
    return params


def part(params, side):
    """What encode ("encoder") or decode ("decoder") uses of a model."""
    return {k: v for k, v in params.items() if k == "embed" or k.startswith(side)}


def causal(t):
    return np.tril(np.ones((t, t), dtype=bool))


def padding(lengths, t):
    return (np.arange(t) < np.array(lengths)[:, None])[:, None, None, :]


def padded(draw, lengths, t, low=3, high=7, pad=0):
    """Tokens of [low, high), and pad behind the lengths."""
    tokens = draw.integers(low, high, len(lengths), t)
    return np.where(np.arange(t) < np.array(lengths)[:, None], tokens, pad)


def targets(draw, lengths, t, high=7, pad=0):
    """A start (1), tokens, an end (2) as the last of each length, padding."""
    tokens = padded(draw, lengths, t, high=high, pad=pad)
    tokens[:, 0] = 1
    tokens[np.arange(len(lengths)), np.array(lengths) - 1] = 2
    return tokens


# init_decoder_block


def weights_of(block):
    """Every weight matrix of a block by its place."""
    attentions = [name for name in ("attn", "cross") if name in block]
    named = {f"{a}.w_{n}": block[a][f"w_{n}"] for a in attentions for n in "qkvo"}
    return named | {f"ffn.{k}": layer["w"] for k, layer in enumerate(block["ffn"])}


@check(of="init_decoder_block", weight=2)
def test_every_shape_and_every_constant(impl, draw):
    """Every entry is there with its shape; norms and biases at their start"""
    params = impl.init_decoder_block(draw.generator(), 6, 10)
    return {
        "keys": sorted(params),
        "shapes": {name: list(np.shape(w)) for name, w in weights_of(params).items()},
        "norms": [params[name] for name in ("ln1", "ln2", "ln3")],
        "biases": [params[a][f"b_{n}"] for a in ("attn", "cross") for n in "qkvo"],
        "ffn_biases": [layer["b"] for layer in params["ffn"]],
    }


@check(of="init_decoder_block", weight=2)
def test_how_the_weights_are_drawn(impl, draw):
    """Spread of each weight matrix, each drawn afresh from rng"""
    weights = weights_of(impl.init_decoder_block(draw.generator(), 24, 90))
    other = weights_of(impl.init_decoder_block(draw.generator(), 24, 90))
    names = sorted(weights)
    pairs = [[a, b] for a in names for b in names if a < b]
    return {
        "deviation": {name: within(weights[name].std(), 0.2) for name in names},
        "equal": [[a, b] for a, b in pairs if np.array_equal(weights[a], weights[b])],
        "the_same_again": [name for name in names if np.array_equal(weights[name], other[name])],
    }


@check(of="init_decoder_block", kind="dtype")
def test_the_dtype_that_was_asked_for(impl, draw):
    """All parameters are float32 when dtype is float32"""
    params = impl.init_decoder_block(draw.generator(), 4, 6, dtype=np.float32)
    zeroed = {name: w * np.float32(0) for name, w in weights_of(params).items()}
    norms = [params[name] for name in ("ln1", "ln2", "ln3")]
    biases = [params["attn"]["b_q"], params["cross"]["b_o"], params["ffn"][0]["b"]]
    return {"weights": zeroed, "norms": norms, "biases": biases}


# decoder_block


@check(of="decoder_block", weight=2)
def test_post_norm(impl, draw):
    """y of a post-norm block, as in the paper"""
    x, context, params = draw.normal(B, T, D), draw.normal(B, S, D), decoder_params(draw)
    return {"y": impl.decoder_block(x, context, params, H)[0]}


@check(of="decoder_block", weight=2)
def test_pre_norm(impl, draw):
    """y of a pre-norm block with GELU"""
    x, context, params = draw.normal(B, T, D), draw.normal(B, S, D), decoder_params(draw)
    return {"y": impl.decoder_block(x, context, params, H, norm="pre", activation="gelu")[0]}


@check(of="decoder_block", weight=2)
def test_two_masks(impl, draw):
    """Causal to itself, padding on the context, both of one length"""
    x, context, params = draw.normal(3, T, D), draw.normal(3, T, D), decoder_params(draw)
    masks = {"mask": causal(T), "context_mask": padding([T, 2, 3], T)}
    return {norm: impl.decoder_block(x, context, params, H, norm=norm, **masks)[0]
            for norm in NORMS}  # fmt: skip


@check(of="decoder_block")
def test_one_mask_at_a_time(impl, draw):
    """A causal mask alone; a padding mask on the context alone"""
    x, context, params = draw.normal(3, T, D), draw.normal(3, S, D), decoder_params(draw)
    alone = impl.decoder_block(x, context, params, H, causal(T))[0]
    hidden = padding([2, 0, S], S)
    return {
        "causal": alone,
        "padding": impl.decoder_block(x, context, params, H, context_mask=hidden)[0],
    }


@check(of="decoder_block")
def test_one_position_and_one_head(impl, draw):
    """T=1, S=1, B=1, one head, both norms"""
    x, context, params = draw.normal(1, 1, 3), draw.normal(1, 1, 3), decoder_params(draw, 3, 1)
    return {norm: impl.decoder_block(x, context, params, 1, norm=norm)[0] for norm in NORMS}


@check(of="decoder_block", kind="property")
def test_what_a_position_sees(impl, draw):
    """No look ahead; the whole context is seen, but for its padding"""
    x, context, params = draw.normal(3, T, D), draw.normal(3, S, D), decoder_params(draw)
    masks = (causal(T), padding([S, 4, S], S))
    y, _ = impl.decoder_block(x, context, params, H, *masks)
    later, behind, last = x.copy(), context.copy(), context.copy()
    later[:, 3:] += draw.normal(3, T - 3, D)
    behind[1, 4:] += draw.normal(S - 4, D)
    last[:, S - 1] += draw.normal(3, D)
    moved = impl.decoder_block(x, last, params, H, *masks)[0] - y
    return {
        "past": (impl.decoder_block(later, context, params, H, *masks)[0] - y)[:, :3],
        "padding": impl.decoder_block(x, behind, params, H, *masks)[0] - y,
        "who_sees_the_last": (np.abs(moved) > 1e-9).any((1, 2)),
    }


@check(of="decoder_block", kind="dtype")
def test_float32_stays_float32(impl, draw):
    """float32 in, float32 out, both norms"""
    x, context = draw.normal(B, T, D, dtype=np.float32), draw.normal(B, S, D, dtype=np.float32)
    params = decoder_params(draw, dtype=np.float32)
    return {norm: impl.decoder_block(x, context, params, H, norm=norm)[0] for norm in NORMS}


@check(of="decoder_block", kind="error")
def test_arguments_that_do_not_fit(impl, draw):
    """ValueError for a wrong norm, activation, x, context or num_heads"""
    x, context, params = draw.normal(B, T, D), draw.normal(B, S, D), decoder_params(draw)
    block = impl.decoder_block
    return {
        "norm": error_of(block, x, context, params, H, norm="none"),
        "activation": error_of(block, x, context, params, H, activation="swish"),
        "width": error_of(block, draw.normal(B, T, D + 1), context, params, H),
        "two_axes": error_of(block, x[0], context, params, H),
        "batch": error_of(block, x, context[:1], params, H),
        "context_axes": error_of(block, x, draw.normal(B, D), params, H),
        "num_heads": error_of(block, x, context, params, 4),
    }


# decoder_block_backward


def block_gradients(impl, draw, *args, t=3, s=5, batch=2, d_model=4, d_ff=3, **kwargs):
    """Forward and backward of a small block with random inputs and upstream gradient."""
    x, context = draw.normal(batch, t, d_model), draw.normal(batch, s, d_model)
    params = decoder_params(draw, d_model, d_ff)
    _, cache = impl.decoder_block(x, context, params, *args, **kwargs)
    return impl.decoder_block_backward(draw.normal(batch, t, d_model), cache)


@check(of="decoder_block_backward", weight=2)
def test_input_gradients_of_a_post_norm_block(impl, draw):
    """dx and dcontext of a post-norm block"""
    dx, dcontext, _ = block_gradients(impl, draw, H)
    return {"dx": dx, "dcontext": dcontext}


@check(of="decoder_block_backward", weight=2)
def test_parameter_gradients_of_a_post_norm_block(impl, draw):
    """Every parameter's gradient in a post-norm block"""
    _, _, grads = block_gradients(impl, draw, H)
    return {"grads": grads}


@check(of="decoder_block_backward", weight=2)
def test_input_gradients_of_a_pre_norm_block(impl, draw):
    """dx and dcontext of a pre-norm block with GELU"""
    dx, dcontext, _ = block_gradients(impl, draw, H, norm="pre", activation="gelu")
    return {"dx": dx, "dcontext": dcontext}


@check(of="decoder_block_backward", weight=2)
def test_parameter_gradients_of_a_pre_norm_block(impl, draw):
    """Every parameter's gradient in a pre-norm block"""
    _, _, grads = block_gradients(impl, draw, H, norm="pre")
    return {"grads": grads}


@check(of="decoder_block_backward", weight=2)
def test_gradients_under_two_masks(impl, draw):
    """A causal mask and a padding mask on the context, of one length"""
    outputs = {}
    for norm in NORMS:
        masks = (causal(5), padding([3, 5], 5))
        dx, dcontext, grads = block_gradients(impl, draw, H, *masks, t=5, norm=norm)
        outputs[norm] = {"dx": dx, "dcontext": dcontext, "grads": grads}
    return outputs


@check(of="decoder_block_backward")
def test_gradients_for_sizes_of_one(impl, draw):
    """T=1, S=1, B=1, one head, both norms"""
    outputs = {}
    for norm in NORMS:
        sizes = {"t": 1, "s": 1, "batch": 1, "d_model": 3, "d_ff": 1}
        dx, dcontext, grads = block_gradients(impl, draw, 1, norm=norm, **sizes)
        outputs[norm] = {"dx": dx, "dcontext": dcontext, "grads": grads}
    return outputs


@check(of="decoder_block_backward", kind="property")
def test_a_cache_serves_twice(impl, draw):
    """Calling backward again with the same cache gives the same gradients"""
    x, context, dy = draw.normal(2, 3, 4), draw.normal(2, 5, 4), draw.normal(2, 3, 4)
    params, outputs = decoder_params(draw, **SMALL), {}
    for norm in NORMS:
        _, cache = impl.decoder_block(x, context, params, H, norm=norm)
        impl.decoder_block_backward(dy, cache)
        dx, dcontext, grads = impl.decoder_block_backward(dy, cache)
        outputs[norm] = {"dx": dx, "dcontext": dcontext, "cross": grads["cross"]}
    return outputs


@check(of="decoder_block_backward", kind="dtype")
def test_gradients_stay_float32(impl, draw):
    """float32 in, float32 gradients, both norms"""
    shapes, outputs = [(2, 3, 4), (2, 5, 4), (2, 3, 4)], {}
    for norm in NORMS:
        x, context, dy = (draw.normal(*shape, dtype=np.float32) for shape in shapes)
        params = decoder_params(draw, **SMALL, dtype=np.float32)
        _, cache = impl.decoder_block(x, context, params, H, norm=norm)
        dx, dcontext, grads = impl.decoder_block_backward(dy, cache)
        outputs[norm] = {"dx": dx, "dcontext": dcontext, "grads": grads}
    return outputs


# decoder_stack


@check(of="decoder_stack", weight=2)
def test_three_blocks(impl, draw):
    """Three different blocks, one context"""
    x, context = draw.normal(B, T, D), draw.normal(B, S, D)
    return {"y": impl.decoder_stack(x, context, [decoder_params(draw) for _ in range(3)], H)[0]}


@check(of="decoder_stack", weight=2)
def test_everything_reaches_every_block(impl, draw):
    """Both masks, norm and activation in two blocks"""
    x, context = draw.normal(3, T, D), draw.normal(3, S, D)
    blocks, hidden = [decoder_params(draw) for _ in range(2)], padding([S, 2, 4], S)
    stack = impl.decoder_stack
    return {
        "post": stack(x, context, blocks, H, causal(T), hidden, "post", "tanh")[0],
        "pre": stack(x, context, blocks, H, causal(T), hidden, norm="pre", activation="gelu")[0],
        "causal": stack(x, context, blocks, H, causal(T))[0],
        "padding": stack(x, context, blocks, H, context_mask=hidden)[0],
    }


@check(of="decoder_stack", kind="edge")
def test_a_stack_of_none(impl, draw):
    """Without blocks y is x"""
    x, context = draw.normal(B, T, D), draw.normal(B, S, D)
    return {"y": impl.decoder_stack(x, context, [], H)[0]}


@check(of="decoder_stack", kind="error", weight=0.5)
def test_a_stack_passes_errors_on(impl, draw):
    """ValueError for a wrong norm, activation or num_heads"""
    x, context, blocks = draw.normal(B, T, D), draw.normal(B, S, D), [decoder_params(draw)]
    stack = impl.decoder_stack
    return {
        "norm": error_of(stack, x, context, blocks, H, norm="both"),
        "activation": error_of(stack, x, context, blocks, H, activation="softplus"),
        "num_heads": error_of(stack, x, context, blocks, 5),
    }


# decoder_stack_backward


def stack_gradients(impl, draw, depth, *args, dtype=np.float64, **kwargs):
    x, context = draw.normal(2, 3, 2, dtype=dtype), draw.normal(2, 5, 2, dtype=dtype)
    blocks = [decoder_params(draw, 2, 3, dtype=dtype) for _ in range(depth)]
    _, cache = impl.decoder_stack(x, context, blocks, *args, **kwargs)
    return impl.decoder_stack_backward(draw.normal(2, 3, 2, dtype=dtype), cache)


@check(of="decoder_stack_backward", weight=2)
def test_context_gradient_of_three_blocks(impl, draw):
    """dx and dcontext of three pre-norm blocks"""
    dx, dcontext, _ = stack_gradients(impl, draw, 3, 1, norm="pre")
    return {"dx": dx, "dcontext": dcontext}


@check(of="decoder_stack_backward", weight=2)
def test_gradients_in_the_order_of_the_blocks(impl, draw):
    """Every parameter's gradient, a list in the order of blocks"""
    _, _, grads = stack_gradients(impl, draw, 3, 1, norm="pre", activation="tanh")
    return {"grads": grads}


@check(of="decoder_stack_backward")
def test_gradients_of_a_masked_post_norm_stack(impl, draw):
    """Two post-norm blocks under both masks"""
    dx, dcontext, grads = stack_gradients(impl, draw, 2, 2, causal(3), padding([5, 2], 5))
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="decoder_stack_backward", kind="edge")
def test_gradients_of_no_block(impl, draw):
    """Without blocks dx is dy, and nobody has read the context"""
    dx, dcontext, grads = stack_gradients(impl, draw, 0, 1)
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="decoder_stack_backward", kind="dtype")
def test_gradients_of_a_float32_stack(impl, draw):
    """float32 in, float32 gradients"""
    dx, dcontext, grads = stack_gradients(impl, draw, 2, 1, dtype=np.float32, norm="pre")
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


# init_seq2seq


@check(of="init_seq2seq", weight=2)
def test_the_parts_of_a_model(impl, draw):
    """Keys, shapes and numbers of blocks, for both norms"""
    outputs = {}
    for norm in NORMS:
        params = impl.init_seq2seq(draw.generator(), 9, 6, 10, 3, norm=norm)
        blocks = [weights_of(b) for side in ("encoder", "decoder") for b in params[side]]
        outputs[norm] = {
            "keys": sorted(params),
            "embed": list(np.shape(params["embed"])),
            "blocks": [{name: list(np.shape(w)) for name, w in b.items()} for b in blocks],
            "norms": [params[name] for name in sorted(params) if name.endswith("_ln")],
        }
    return outputs


@check(of="init_seq2seq", weight=2)
def test_how_a_model_is_drawn(impl, draw):
    """Spread of embedding and blocks; no two alike"""
    params = impl.init_seq2seq(draw.generator(), 90, 24, 30, 2)
    other = impl.init_seq2seq(draw.generator(), 90, 24, 30, 2)
    blocks = [b for side in ("encoder", "decoder") for b in params[side]]
    queries = [b["attn"]["w_q"] for b in blocks]
    pairs = [[i, j] for i in range(4) for j in range(i)]
    return {
        "deviation": within(params["embed"].std(), 0.1),
        "one_plus_mean": within(1 + 10 * params["embed"].mean(), 0.25),
        "spread_of_blocks": [within(w.std(), 0.2) for w in queries],
        "equal": [[i, j] for i, j in pairs if np.array_equal(queries[i], queries[j])],
        "the_same_again": bool(np.array_equal(params["embed"], other["embed"])),
    }


@check(of="init_seq2seq", kind="dtype")
def test_a_model_in_float32(impl, draw):
    """All parameters are float32 when dtype is float32"""
    params = impl.init_seq2seq(draw.generator(), 9, 4, 6, 1, norm="pre", dtype=np.float32)
    zero = np.float32(0)
    return {
        "embed": params["embed"] * zero,
        "encoder": params["encoder"][0]["attn"]["w_q"] * zero,
        "decoder": params["decoder"][0]["cross"]["w_q"] * zero,
        "norms": [params["encoder_ln"], params["decoder_ln"], params["decoder"][0]["ln3"]],
    }


@check(of="init_seq2seq", kind="error", weight=0.5)
def test_an_unknown_norm(impl, draw):
    """ValueError for a norm that is neither pre nor post"""
    return {"norm": error_of(impl.init_seq2seq, draw.generator(), 9, 4, 6, 1, norm="Post")}


# encode


@check(of="encode", weight=2)
def test_a_source_with_padding(impl, draw):
    """The context of sources of several lengths, post-norm"""
    params = part(model(draw, 2, d_model=6, d_ff=5), "encoder")
    return {"context": impl.encode(padded(draw, [5, 3, 1], 5), params, H)[0]}


@check(of="encode", weight=2)
def test_a_pre_norm_encoder(impl, draw):
    """The context of a pre-norm encoder, with its last norm"""
    params = part(model(draw, 2, "pre", d_model=6, d_ff=5), "encoder")
    return {"context": impl.encode(draw.integers(3, 7, 2, 5), params, H, norm="pre")[0]}


@check(of="encode", weight=2)
def test_embeddings_alone(impl, draw):
    """Without blocks: embeddings, their scale, positions"""
    params = {"embed": draw.normal(7, 6), "encoder": []}
    return {"context": impl.encode(draw.integers(0, 7, 3, 5), params, H)[0]}


@check(of="encode")
def test_padding_of_another_number(impl, draw):
    """Padding is what the argument pad says; 0 is a word like others then"""
    params = part(model(draw), "encoder")
    source = padded(draw, [4, 5, 2], 5, low=0, high=6, pad=6)
    return {"context": impl.encode(source, params, H, pad=6)[0]}


@check(of="encode")
def test_dropout_on_the_embeddings(impl, draw):
    """A share p is zero and the rest is larger; none of it without rng"""
    params = {"embed": draw.normal(7, 24), "encoder": []}
    source = draw.integers(0, 7, 9, 11)
    whole, _ = impl.encode(source, params, H, dropout_p=0.25)
    dropped, _ = impl.encode(source, params, H, dropout_p=0.25, rng=draw.generator())
    kept = dropped != 0
    return {
        "without_rng": whole,
        "share_of_zeros": within(1 - kept.mean(), 0.2),
        "of_those_kept": within((dropped[kept] / whole[kept]).sum() / max(kept.sum(), 1), 1e-6),
    }


@check(of="encode", kind="property")
def test_padding_changes_nothing(impl, draw):
    """A source gives the same context with padding behind it; no word is unseen"""
    params = part(model(draw), "encoder")
    source = draw.integers(3, 7, 2, 4)
    wider = np.concatenate([source, np.zeros((2, 3), np.int64)], 1)
    context, _ = impl.encode(source, params, H)
    changed = source.copy()
    changed[:, -1] = 3 + (source[:, -1] - 2) % 4
    moved = impl.encode(changed, params, H)[0] - context
    return {
        "difference": impl.encode(wider, params, H)[0][:, :4] - context,
        "the_first_sees_the_last": (np.abs(moved[:, 0]) > 1e-9).any(-1),
    }


@check(of="encode", kind="dtype")
def test_a_float32_encoder(impl, draw):
    """float32 parameters give a float32 context"""
    params = part(model(draw, dtype=np.float32), "encoder")
    return {"context": impl.encode(draw.integers(3, 7, 2, 5), params, H)[0]}


@check(of="encode", kind="error")
def test_sources_and_norms_that_do_not_fit(impl, draw):
    """ValueError for a source of one axis, an unknown norm, params of the other"""
    post, pre = (part(model(draw, norm=norm), "encoder") for norm in NORMS)
    source = draw.integers(3, 7, 2, 5)
    return {
        "source": error_of(impl.encode, source[0], post, H),
        "norm": error_of(impl.encode, source, {**post, "encoder": []}, H, norm="none"),
        "post_params": error_of(impl.encode, source, post, H, norm="pre"),
        "pre_params": error_of(impl.encode, source, pre, H, norm="post"),
    }


# encode_backward


def encode_gradients(impl, draw, norm="post", layers=1, dtype=np.float64, **named):
    params = part(model(draw, layers, norm, dtype=dtype, **named), "encoder")
    source = padded(draw, [5, 3], 5)
    context, cache = impl.encode(source, params, H, norm=norm)
    return impl.encode_backward(draw.normal(*context.shape, dtype=dtype), cache)


@check(of="encode_backward", weight=2)
def test_gradients_of_the_encoder(impl, draw):
    """Every parameter's gradient in a post-norm encoder"""
    return {"grads": encode_gradients(impl, draw, layers=2)}


@check(of="encode_backward", weight=2)
def test_gradients_of_a_pre_norm_encoder(impl, draw):
    """Every parameter's gradient in a pre-norm encoder"""
    return {"grads": encode_gradients(impl, draw, "pre")}


@check(of="encode_backward")
def test_gradient_of_the_embedding_alone(impl, draw):
    """The table's gradient without blocks, words repeated"""
    params = {"embed": draw.normal(7, 6), "encoder": []}
    _, cache = impl.encode(draw.integers(1, 5, 3, 5), params, H)
    return {"grads": impl.encode_backward(draw.normal(3, 5, 6), cache)}


@check(of="encode_backward")
def test_gradient_through_dropout(impl, draw):
    """What the forward dropped gets no gradient back"""
    params = {"embed": draw.normal(13, 6), "encoder": []}
    source = np.arange(12).reshape(3, 4)
    context, cache = impl.encode(source, params, H, dropout_p=0.5, rng=draw.generator())
    grads = impl.encode_backward(draw.normal(3, 4, 6), cache)
    dropped = np.concatenate([(context == 0).reshape(12, 6), np.ones((1, 6), bool)])
    return {
        "zero_where_dropped": bool(((grads["embed"] == 0) == dropped).all()),
        "finite": bool(np.isfinite(grads["embed"]).all()),
        "shape": list(np.shape(grads["embed"])),
    }


@check(of="encode_backward", kind="dtype")
def test_gradients_of_a_float32_encoder(impl, draw):
    """float32 parameters give float32 gradients"""
    return {"grads": encode_gradients(impl, draw, "pre", dtype=np.float32)}


# decode


@check(of="decode", weight=2)
def test_logits_of_a_decoder(impl, draw):
    """Logits of a post-norm decoder, a part of the context hidden"""
    params = part(model(draw, 2, d_model=6, d_ff=5), "decoder")
    target, context = draw.integers(0, 7, 3, 5), draw.normal(3, 4, 6)
    return {"logits": impl.decode(target, context, params, H, padding([4, 1, 3], 4))[0]}


@check(of="decode", weight=2)
def test_logits_of_a_pre_norm_decoder(impl, draw):
    """Logits of a pre-norm decoder, with its last norm"""
    params = part(model(draw, 2, "pre", d_model=6, d_ff=5), "decoder")
    target, context = draw.integers(0, 7, 3, 5), draw.normal(3, 4, 6)
    return {"logits": impl.decode(target, context, params, H, norm="pre")[0]}


@check(of="decode", weight=2)
def test_embedding_and_output_alone(impl, draw):
    """Without blocks: the embedding with its scale and positions, and the output"""
    params = {"embed": draw.normal(7, 6), "decoder": []}
    return {"logits": impl.decode(draw.integers(0, 7, 3, 5), draw.normal(3, 4, 6), params, H)[0]}


@check(of="decode", kind="property")
def test_no_look_ahead(impl, draw):
    """A later word changes no earlier logit"""
    params = part(model(draw, 2), "decoder")
    target, context = draw.integers(1, 7, 2, 5), draw.normal(2, 3, 4)
    changed = target.copy()
    changed[:, 3] = 1 + target[:, 3] % 6
    logits, _ = impl.decode(target, context, params, H)
    moved = impl.decode(changed, context, params, H)[0] - logits
    return {"past": moved[:, :3], "sees_itself": (np.abs(moved[:, 3]) > 1e-9).any(-1)}


@check(of="decode")
def test_dropout_on_the_target(impl, draw):
    """Dropout acts with rng only, on the embedded target"""
    params = {"embed": np.eye(24), "decoder": []}  # the logits are the embedded target then
    target, context = draw.integers(0, 24, 9, 11), draw.normal(9, 4, 24)
    whole, _ = impl.decode(target, context, params, H, dropout_p=0.25)
    dropped, _ = impl.decode(target, context, params, H, dropout_p=0.25, rng=draw.generator())
    return {
        "without_rng": whole,
        "share_of_zeros": within(((dropped == 0) & (whole != 0)).mean(), 0.2),
    }


@check(of="decode", kind="dtype")
def test_a_float32_decoder(impl, draw):
    """float32 parameters and context give float32 logits"""
    params = part(model(draw, dtype=np.float32), "decoder")
    target, context = draw.integers(0, 7, 2, 3), draw.normal(2, 5, 4, dtype=np.float32)
    return {"logits": impl.decode(target, context, params, H)[0]}


@check(of="decode", kind="error")
def test_targets_and_norms_that_do_not_fit(impl, draw):
    """ValueError for a target of one axis, an unknown norm, params of the other"""
    post, pre = (part(model(draw, norm=norm), "decoder") for norm in NORMS)
    target, context = draw.integers(0, 7, 2, 3), draw.normal(2, 5, 4)
    return {
        "target": error_of(impl.decode, target[0], context, post, H),
        "norm": error_of(impl.decode, target, context, {**post, "decoder": []}, H, norm="none"),
        "post_params": error_of(impl.decode, target, context, post, H, norm="pre"),
        "pre_params": error_of(impl.decode, target, context, pre, H, norm="post"),
    }


# decode_backward


def decode_gradients(impl, draw, norm="post", layers=1, dtype=np.float64):
    params = part(model(draw, layers, norm, dtype=dtype), "decoder")
    target, context = draw.integers(1, 6, 2, 3), draw.normal(2, 5, 4, dtype=dtype)
    _, cache = impl.decode(target, context, params, H, padding([5, 2], 5), norm)
    dcontext, grads = impl.decode_backward(draw.normal(2, 3, 7, dtype=dtype), cache)
    return {"dcontext": dcontext, "grads": grads}


@check(of="decode_backward", weight=2)
def test_gradients_of_the_decoder(impl, draw):
    """dcontext and every gradient of a post-norm decoder of two blocks"""
    return decode_gradients(impl, draw, layers=2)


@check(of="decode_backward", weight=2)
def test_gradients_of_a_pre_norm_decoder(impl, draw):
    """dcontext and every gradient of a pre-norm decoder"""
    return decode_gradients(impl, draw, "pre")


@check(of="decode_backward")
def test_both_uses_of_the_table(impl, draw):
    """The table's gradient without blocks: as input and as output"""
    params = {"embed": draw.normal(7, 6), "decoder": []}
    _, cache = impl.decode(draw.integers(1, 5, 3, 5), draw.normal(3, 4, 6), params, H)
    _, grads = impl.decode_backward(draw.normal(3, 5, 7), cache)
    return {"grads": grads}


@check(of="decode_backward", kind="dtype")
def test_gradients_of_a_float32_decoder(impl, draw):
    """float32 in, float32 gradients"""
    return decode_gradients(impl, draw, "pre", dtype=np.float32)


# seq2seq and seq2seq_backward


@check(of="seq2seq", weight=2)
def test_logits_of_the_whole_model(impl, draw):
    """Logits for sources with padding, post-norm"""
    params = model(draw, 2, d_model=6, d_ff=5)
    source, target = padded(draw, [5, 2, 4], 5), draw.integers(0, 7, 3, 6)
    return {"logits": impl.seq2seq(source, target, params, H)[0]}


@check(of="seq2seq")
def test_logits_of_a_whole_pre_norm_model(impl, draw):
    """Logits of a pre-norm model, another number for padding"""
    params = model(draw, 2, "pre", d_model=6, d_ff=5)
    source, target = padded(draw, [5, 2, 4], 5, 0, 6, pad=6), draw.integers(0, 7, 3, 6)
    return {"logits": impl.seq2seq(source, target, params, H, pad=6, norm="pre")[0]}


@check(of="seq2seq")
def test_dropout_on_both_sides(impl, draw):
    """Dropout needs an rng, and then acts on source and target"""
    params = model(draw)
    source, target = padded(draw, [5, 3], 5), draw.integers(3, 7, 2, 3)
    logits, _ = impl.seq2seq(source, target, params, H, dropout_p=0.9)
    with_rng = {"dropout_p": 0.9, "rng": draw.generator()}
    alone = {**params, "decoder": []}  # no block reads the context: only the target is dropped
    changed = [
        impl.seq2seq(source, target, each, H, **with_rng)[0]
        - impl.seq2seq(source, target, each, H)[0]
        for each in (params, alone)
    ]
    return {"logits": logits, "changed": [bool(np.abs(c).max() > 1e-9) for c in changed]}


@check(of="seq2seq", kind="dtype")
def test_a_float32_model(impl, draw):
    """float32 parameters give float32 logits"""
    params = model(draw, dtype=np.float32)
    source, target = draw.integers(3, 7, 2, 5), draw.integers(3, 7, 2, 3)
    return {"logits": impl.seq2seq(source, target, params, H)[0]}


def model_gradients(impl, draw, norm="post", dtype=np.float64, **named):
    params = model(draw, 1, norm, dtype=dtype)
    source, target = padded(draw, [5, 3], 5), draw.integers(1, 7, 2, 3)
    _, cache = impl.seq2seq(source, target, params, H, norm=norm, **named)
    return impl.seq2seq_backward(draw.normal(2, 3, 7, dtype=dtype), cache)


@check(of="seq2seq_backward", weight=2)
def test_gradients_of_the_whole_model(impl, draw):
    """Every parameter's gradient, post-norm"""
    return {"grads": model_gradients(impl, draw)}


@check(of="seq2seq_backward", weight=2)
def test_gradients_of_a_whole_pre_norm_model(impl, draw):
    """Every parameter's gradient, pre-norm"""
    return {"grads": model_gradients(impl, draw, "pre")}


@check(of="seq2seq_backward")
def test_gradient_of_the_one_table(impl, draw):
    """The table's gradient alone: source, target and output"""
    return {"embed": model_gradients(impl, draw)["embed"]}


@check(of="seq2seq_backward", kind="dtype")
def test_gradients_of_a_float32_model(impl, draw):
    """float32 in, float32 gradients"""
    return {"grads": model_gradients(impl, draw, dtype=np.float32)}


# seq2seq_loss


@check(of="seq2seq_loss", weight=2)
def test_loss_of_a_padded_batch(impl, draw):
    """The loss of targets of several lengths"""
    source, target = padded(draw, [5, 2, 4], 5), targets(draw, [3, 6, 2], 6)
    loss, _ = impl.seq2seq_loss(source, target, model(draw), H)
    return {"loss": loss}


@check(of="seq2seq_loss", weight=2)
def test_gradients_of_the_loss(impl, draw):
    """Every parameter's gradient for targets of several lengths"""
    source, target = padded(draw, [5, 2, 4], 5), targets(draw, [3, 6, 2], 6)
    _, grads = impl.seq2seq_loss(source, target, model(draw), H)
    return {"grads": grads}


@check(of="seq2seq_loss", weight=2)
def test_options_of_the_loss(impl, draw):
    """Other smoothing, padding and norm"""
    source = padded(draw, [5, 2, 4], 5, low=0, high=6, pad=6)
    target = padded(draw, [3, 5, 2], 5, low=0, high=6, pad=6)
    params, pre = model(draw), model(draw, norm="pre")
    sharp, sharp_grads = impl.seq2seq_loss(source, target, params, H, 6, 0.0)
    soft, soft_grads = impl.seq2seq_loss(
        source, target, pre, H, pad=6, label_smoothing=0.4, norm="pre"
    )
    return {
        "sharp": sharp,
        "sharp_grads": sharp_grads["embed"],
        "soft": soft,
        "soft_grads": soft_grads["decoder_ln"],
    }


@check(of="seq2seq_loss")
def test_one_token_to_predict(impl, draw):
    """Targets of a start and one token"""
    source, target = padded(draw, [5, 2], 5), draw.integers(1, 7, 2, 2)
    loss, grads = impl.seq2seq_loss(source, target, model(draw), H)
    return {"loss": loss, "embed": grads["embed"]}


@check(of="seq2seq_loss", weight=0.5)
def test_loss_under_dropout(impl, draw):
    """Dropout needs an rng, and changes the loss then"""
    source, target = padded(draw, [5, 2, 4], 5), targets(draw, [3, 6, 2], 6)
    params = model(draw)
    loss, _ = impl.seq2seq_loss(source, target, params, H, dropout_p=0.5)
    other, _ = impl.seq2seq_loss(source, target, params, H, dropout_p=0.5, rng=draw.generator())
    return {"loss": loss, "changed": abs(other - loss) > 1e-9}


@check(of="seq2seq_loss", kind="edge", weight=0.5)
def test_nothing_to_count(impl, draw):
    """Targets of padding alone: no loss, no gradient"""
    source, target = padded(draw, [5, 2], 5), np.zeros((2, 4), np.int64)
    loss, grads = impl.seq2seq_loss(source, target, model(draw), H)
    return {"loss": loss, "embed": grads["embed"]}


@check(of="seq2seq_loss", kind="dtype")
def test_a_float32_loss(impl, draw):
    """float32 parameters give float32 gradients"""
    source, target = padded(draw, [5, 2], 5), targets(draw, [3, 4], 4)
    return {"grads": impl.seq2seq_loss(source, target, model(draw, dtype=np.float32), H)[1]}


@check(of="seq2seq_loss", kind="error", weight=0.5)
def test_targets_that_are_too_short(impl, draw):
    """ValueError for a target without a token to predict, or of one axis"""
    source, params = padded(draw, [5, 2], 5), model(draw)
    loss = impl.seq2seq_loss
    return {
        "one_token": error_of(loss, source, np.ones((2, 1), np.int64), params, H),
        "one_axis": error_of(loss, source, np.ones(4, np.int64), params, H),
    }


def reversals(draw, count, longest=5, high=9):
    """Sequences of two to five symbols, and the same backwards."""
    source, target = np.zeros((count, longest), np.int64), np.zeros((count, longest + 2), np.int64)
    for row in range(count):
        words = draw.integers(3, high, draw.integer(2, longest + 1))
        source[row, : len(words)] = words
        target[row, : len(words) + 2] = [1, *words[::-1], 2]
    return source, target


def xavier(draw, *shape):
    return draw.normal(*shape, scale=(2 / sum(shape)) ** 0.5)


def starting_model(draw, vocab_size, d_model, d_ff):
    """One layer on each side, as it is before training."""

    def norm():
        return {"gamma": np.ones(d_model), "beta": np.zeros(d_model)}

    def attention():
        weights = {f"w_{name}": xavier(draw, d_model, d_model) for name in "qkvo"}
        return weights | {f"b_{name}": np.zeros(d_model) for name in "qkvo"}

    def ffn():
        shapes = ((d_model, d_ff), (d_ff, d_model))
        return [{"w": xavier(draw, *shape), "b": np.zeros(shape[1])} for shape in shapes]

    block = {"ln1": norm(), "attn": attention(), "ln2": norm(), "ffn": ffn()}
    crossed = {"ln1": norm(), "attn": attention(), "ln2": norm(), "cross": attention()}
    return {
        "embed": draw.normal(vocab_size, d_model, scale=d_model**-0.5),
        "encoder": [block],
        "decoder": [crossed | {"ln3": norm(), "ffn": ffn()}],
    }


def leaves(tree):
    """The arrays of a model, in a fixed order."""
    if isinstance(tree, np.ndarray):
        return [tree]
    items = [tree[key] for key in sorted(tree)] if isinstance(tree, dict) else tree
    return [leaf for item in items for leaf in leaves(item)]


@check(of="seq2seq_loss", kind="learning", weight=2)
def test_it_learns_to_reverse(impl, draw):
    """Within 150 steps of Adam the model reverses sequences it has not seen"""
    params, moments = starting_model(draw, 9, 24, 48), {}
    for step in range(1, 151):
        source, target = reversals(draw, 32)
        _, grads = impl.seq2seq_loss(source, target, params, 2, label_smoothing=0.0)
        rate = 6e-3 * min(1, step / 20)
        for k, (p, g) in enumerate(zip(leaves(params), leaves(grads), strict=True)):
            m, v = moments.get(k, (0.0, 0.0))
            m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
            moments[k] = m, v
            p -= rate * m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
    source, target = reversals(draw, 200)
    loss, _ = impl.seq2seq_loss(source, target, params, 2, label_smoothing=0.0)
    return {"loss_on_new_sequences": at_most(loss, 0.7)}


# greedy_decode


def chain_model(draw, norm="post", vocab_size=7):
    """A model that wanders through the source: its answers are varied, which random ones aren't.

    The features 16, 18, ... say which word it is (their sines hardly move), 0 ... 7 where it is.
    A query looks for its own place, and for the word that follows its own in a drawn order.
    """
    d_model, words = 32, 16 + 2 * np.arange(vocab_size)
    zero = {f"w_{n}": np.zeros((d_model, d_model)) for n in "qkvo"}
    zero |= {f"b_{n}": np.zeros(d_model) for n in "qkvo"}
    unit = {"gamma": np.ones(d_model), "beta": np.zeros(d_model)}
    ffn = [{"w": np.zeros((d_model, d_model)), "b": np.zeros(d_model)} for _ in range(2)]
    embed = np.zeros((vocab_size, d_model))
    embed[np.arange(vocab_size), words] = 0.5
    query, key, value = np.zeros((3, d_model, d_model))
    query[words, words[draw.permutation(vocab_size)]] = 4.0
    query[np.arange(8), np.arange(8)] = key[np.arange(8), np.arange(8)] = 3.0
    key[words, words] = value[words, words] = 4.0
    cross = zero | {"w_q": query, "w_k": key, "w_v": value, "w_o": 8.0 * np.eye(d_model)}
    block = {"ln1": unit, "attn": zero, "ln2": unit, "cross": cross, "ln3": unit, "ffn": ffn}
    params = {"embed": embed, "encoder": [], "decoder": [block]}
    return params | ({"encoder_ln": unit, "decoder_ln": unit} if norm == "pre" else {})


LENGTHS = [5, 3, 4, 2, 5, 1, 4]


@check(of="greedy_decode", weight=3)
def test_greedy_answers(impl, draw):
    """Answers to sources of several lengths, ended by several numbers"""
    params, source = chain_model(draw), padded(draw, LENGTHS, 5, low=1)
    found = {"as_it_is": impl.greedy_decode(source, params, 1, 6)}
    for end in range(3, 7):
        found[f"end_{end}"] = impl.greedy_decode(source, params, 1, 6, end=end)
    return found


@check(of="greedy_decode", weight=2)
def test_other_options(impl, draw):
    """Another start, padding and norm"""
    params, source = chain_model(draw, "pre"), padded(draw, LENGTHS, 5, low=0, high=6, pad=6)
    return {
        f"start_{start}": impl.greedy_decode(source, params, 1, 5, start, 0, 6, norm="pre")
        for start in (2, 3, 4, 5)
    }


@check(of="greedy_decode", kind="property")
def test_each_answer_alone(impl, draw):
    """A source is answered alone as it is among others"""
    params, source = chain_model(draw), padded(draw, LENGTHS, 5, low=1)
    together = impl.greedy_decode(source, params, 1, 6, end=4)
    alone = [
        impl.greedy_decode(source[k : k + 1, :length], params, 1, 6, end=4)
        for k, length in enumerate(LENGTHS)
    ]
    return {"difference": [one - together[k : k + 1] for k, one in enumerate(alone)]}


@check(of="greedy_decode", weight=0.5)
def test_an_answer_of_one_token(impl, draw):
    """max_len = 1"""
    source = padded(draw, LENGTHS, 5, low=1)
    return {"tokens": impl.greedy_decode(source, chain_model(draw), 1, 1)}


# Cost: models so large that gradients computed by differences take far too long


@check(of="decoder_block_backward", kind="cost")
def test_gradients_of_a_wide_block(impl, draw):
    """The work that the gradients of a block of 16 features take"""
    dx, dcontext, grads = block_gradients(impl, draw, 4, batch=1, s=4, d_model=16, d_ff=24)
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="decoder_stack_backward", kind="cost")
def test_gradients_of_two_wide_blocks(impl, draw):
    """The work that the gradients of two blocks of 12 features take"""
    x, context, dy = draw.normal(1, 3, 12), draw.normal(1, 4, 12), draw.normal(1, 3, 12)
    blocks = [decoder_params(draw, 12, 16) for _ in range(2)]
    _, cache = impl.decoder_stack(x, context, blocks, 3)
    dx, dcontext, grads = impl.decoder_stack_backward(dy, cache)
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="encode_backward", kind="cost")
def test_gradients_of_a_wide_encoder(impl, draw):
    """The work that the gradients of an encoder of 16 features take"""
    params = part(model(draw, d_model=16, d_ff=24, vocab_size=12), "encoder")
    context, cache = impl.encode(padded(draw, [4], 4, high=12), params, 4)
    return {"grads": impl.encode_backward(draw.normal(*context.shape), cache)}


@check(of="decode_backward", kind="cost")
def test_gradients_of_a_wide_decoder(impl, draw):
    """The work that the gradients of a decoder of 16 features take"""
    params = part(model(draw, d_model=16, d_ff=24, vocab_size=12), "decoder")
    tokens, context = targets(draw, [4], 4, high=12), draw.normal(1, 4, 16)
    logits, cache = impl.decode(tokens, context, params, 4)
    dcontext, grads = impl.decode_backward(draw.normal(*logits.shape), cache)
    return {"dcontext": dcontext, "grads": grads}


@check(of="seq2seq_backward", kind="cost")
def test_gradients_of_a_wide_model(impl, draw):
    """The work that the gradients of a whole model of 12 features take"""
    params = model(draw, d_model=12, d_ff=16, vocab_size=12)
    source, target = padded(draw, [3], 3, high=12), targets(draw, [3], 3, high=12)
    logits, cache = impl.seq2seq(source, target, params, 3)
    return {"grads": impl.seq2seq_backward(draw.normal(*logits.shape), cache)}


@check(of="seq2seq_loss", kind="cost")
def test_loss_gradients_of_a_wide_model(impl, draw):
    """The work that the loss of a model of 12 features and its gradients take"""
    params = model(draw, d_model=12, d_ff=16, vocab_size=12)
    source, target = padded(draw, [3], 3, high=12), targets(draw, [4], 4, high=12)
    loss, grads = impl.seq2seq_loss(source, target, params, 3)
    return {"loss": loss, "grads": grads}
