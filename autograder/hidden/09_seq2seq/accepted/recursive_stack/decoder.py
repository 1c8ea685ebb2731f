"""A stack of decoder blocks is the first block and the stack of the others."""


def decoder_stack(
    x, context, blocks, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    if not blocks:
        return x, (None, np.zeros_like(context))
    rest = (num_heads, mask, context_mask, norm, activation)
    middle, first = decoder_block(x, context, blocks[0], *rest)
    y, others = decoder_stack(middle, context, blocks[1:], *rest)
    return y, (first, others)


def decoder_stack_backward(dy, cache):
    first, others = cache
    if first is None:
        return dy, others.copy(), []
    dmiddle, later, grads = decoder_stack_backward(dy, others)
    dx, dcontext, own = decoder_block_backward(dmiddle, first)
    return dx, dcontext + later, [own, *grads]
