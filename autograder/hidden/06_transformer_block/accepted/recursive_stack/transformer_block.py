"""The stack by recursion: a block, then the stack of the others; the cache is nested pairs."""


def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    if not blocks:
        return x.copy(), None
    first, *others = blocks
    middle, cache = transformer_block(x, first, num_heads, mask, norm, activation)
    y, rest = transformer_stack(middle, others, num_heads, mask, norm, activation)
    return y, (cache, rest)


def transformer_stack_backward(dy, cache):
    if cache is None:
        return dy.copy(), []
    first, rest = cache
    dmiddle, others = transformer_stack_backward(dy, rest)
    dx, grads = transformer_block_backward(dmiddle, first)
    return dx, [grads, *others]
