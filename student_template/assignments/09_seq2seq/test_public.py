"""Public checks of assignment 9: run them with `python check.py 09`."""

import numpy as np

from autograder.checker import check, within

NORMS = ("post", "pre")


def norms_of(draw, d_model, names):
    return {name: {"gamma": draw.normal(d_model), "beta": draw.normal(d_model)} for name in names}


def attention_of(draw, d_model):
    weights = {f"w_{n}": draw.normal(d_model, d_model, scale=0.5) for n in "qkvo"}
    return weights | {f"b_{n}": draw.normal(d_model, scale=0.5) for n in "qkvo"}


def block_of(draw, d_model, d_ff, decoder=True):
    """One block's parameters, every entry random."""
    shapes = ((d_model, d_ff), (d_ff, d_model))
    block = norms_of(draw, d_model, ("ln1", "ln2", "ln3") if decoder else ("ln1", "ln2"))
    block["attn"] = attention_of(draw, d_model)
    block["ffn"] = [{"w": draw.normal(*s, scale=0.5), "b": draw.normal(s[1])} for s in shapes]
    return block | ({"cross": attention_of(draw, d_model)} if decoder else {})


def model_of(draw, vocab_size=6, d_model=4, d_ff=5, norm="post"):
    """A model of one layer, every entry random."""
    params = norms_of(draw, d_model, ("encoder_ln", "decoder_ln")) if norm == "pre" else {}
    return params | {
        "embed": draw.normal(vocab_size, d_model, scale=0.5),
        "encoder": [block_of(draw, d_model, d_ff, decoder=False)],
        "decoder": [block_of(draw, d_model, d_ff)],
    }


def only(params, side):
    return {k: v for k, v in params.items() if k == "embed" or k.startswith(side)}


def sources(draw):
    """Two sources; the second has two places of padding."""
    source = draw.integers(3, 6, 2, 5)
    source[1, 3:] = 0
    return source


@check(of="init_decoder_block")
def test_a_block_of_six_parts(impl, draw):
    """Keys, shapes and spreads of a block"""
    block = impl.init_decoder_block(draw.generator(), 12, 30)
    return {
        "keys": sorted(block),
        "cross": {n: list(np.shape(block["cross"][n])) for n in sorted(block["cross"])},
        "ffn": [list(layer["w"].shape) for layer in block["ffn"]],
        "deviation": within(block["cross"]["w_q"].std(), 0.4),
        "ln3": block["ln3"],
    }


@check(of="decoder_block")
def test_a_block_in_both_norms(impl, draw):
    """y of a decoder block, a part of the context hidden"""
    x, context, params = draw.normal(2, 3, 6), draw.normal(2, 5, 6), block_of(draw, 6, 4)
    causal, hidden = np.tri(3, dtype=bool), (np.arange(5) < [[5], [2]])[:, None, None, :]
    return {n: impl.decoder_block(x, context, params, 3, causal, hidden, n)[0] for n in NORMS}


@check(of="decoder_block_backward")
def test_gradients_of_a_block(impl, draw):
    """dx, dcontext and all gradients, both norms"""
    outputs = {}
    for norm in NORMS:
        x, context, params = draw.normal(2, 3, 4), draw.normal(2, 5, 4), block_of(draw, 4, 3)
        _, cache = impl.decoder_block(x, context, params, 2, norm=norm)
        dx, dcontext, grads = impl.decoder_block_backward(draw.normal(2, 3, 4), cache)
        outputs[norm] = {"dx": dx, "dcontext": dcontext, "grads": grads}
    return outputs


@check(of="decoder_stack")
def test_a_stack_of_two(impl, draw):
    """Two blocks, one context"""
    x, context = draw.normal(2, 3, 4), draw.normal(2, 5, 4)
    return {"y": impl.decoder_stack(x, context, [block_of(draw, 4, 3) for _ in range(2)], 2)[0]}


@check(of="decoder_stack_backward")
def test_gradients_of_a_stack_of_two(impl, draw):
    """dx, dcontext and the list of gradients"""
    x, context = draw.normal(2, 3, 4), draw.normal(2, 5, 4)
    blocks = [block_of(draw, 4, 3) for _ in range(2)]
    _, cache = impl.decoder_stack(x, context, blocks, 2)
    dx, dcontext, grads = impl.decoder_stack_backward(draw.normal(2, 3, 4), cache)
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="init_seq2seq")
def test_a_model_of_two_layers(impl, draw):
    """Keys, number of blocks, spread of the embedding"""
    params = impl.init_seq2seq(draw.generator(), 50, 16, 20, 2, norm="pre")
    return {
        "keys": sorted(params),
        "blocks": [len(params["encoder"]), len(params["decoder"])],
        "deviation": within(params["embed"].std(), 0.15),
    }


@check(of="encode")
def test_two_sources(impl, draw):
    """The context of two sources, one of them padded, both norms"""
    source = sources(draw)
    return {n: impl.encode(source, only(model_of(draw, norm=n), "encoder"), 2, norm=n)[0]
            for n in NORMS}  # fmt: skip


@check(of="encode_backward")
def test_gradients_of_an_encoder(impl, draw):
    """Every gradient of an encoder, both norms"""
    outputs = {}
    for norm in NORMS:
        params = only(model_of(draw, norm=norm), "encoder")
        _, cache = impl.encode(sources(draw), params, 2, norm=norm)
        outputs[norm] = impl.encode_backward(draw.normal(2, 5, 4), cache)
    return outputs


@check(of="decode")
def test_logits_for_a_context(impl, draw):
    """Logits of a decoder, both norms"""
    target, context = draw.integers(1, 6, 2, 3), draw.normal(2, 5, 4)
    return {n: impl.decode(target, context, only(model_of(draw, norm=n), "decoder"), 2, norm=n)[0]
            for n in NORMS}  # fmt: skip


@check(of="decode_backward")
def test_gradients_of_a_decoder(impl, draw):
    """dcontext and every gradient of a decoder, both norms"""
    outputs = {}
    for norm in NORMS:
        params = only(model_of(draw, norm=norm), "decoder")
        target, context = draw.integers(1, 6, 2, 3), draw.normal(2, 5, 4)
        _, cache = impl.decode(target, context, params, 2, norm=norm)
        dcontext, grads = impl.decode_backward(draw.normal(2, 3, 6), cache)
        outputs[norm] = {"dcontext": dcontext, "grads": grads}
    return outputs


@check(of="seq2seq")
def test_logits_of_two_pairs(impl, draw):
    """Logits of the whole model, padding in the source"""
    target = draw.integers(1, 6, 2, 3)
    return {"logits": impl.seq2seq(sources(draw), target, model_of(draw), 2)[0]}


@check(of="seq2seq_backward")
def test_gradients_of_a_model(impl, draw):
    """Every gradient of the whole model"""
    target = draw.integers(1, 6, 2, 3)
    _, cache = impl.seq2seq(sources(draw), target, model_of(draw), 2)
    return {"grads": impl.seq2seq_backward(draw.normal(2, 3, 6), cache)}


@check(of="seq2seq_loss")
def test_loss_and_gradients(impl, draw):
    """The loss of two pairs, the second target padded, and its gradients"""
    target = np.array([[1, 3, 5, 4, 2], [1, 4, 2, 0, 0]])
    loss, grads = impl.seq2seq_loss(sources(draw), target, model_of(draw), 2)
    return {"loss": loss, "grads": grads}


@check(of="greedy_decode")
def test_answers_end(impl, draw):
    """Answers of random models, whatever the end is"""
    params, source = model_of(draw), sources(draw)
    return {f"end_{end}": impl.greedy_decode(source, params, 2, 4, end=end) for end in range(1, 6)}
