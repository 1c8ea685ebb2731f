"""A decoder block as three sublayers in a list; each leaves a function that sends dy back."""


def decoder_block(
    x, context, params, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    _check_decoder_block(x, context, params, norm)

    def attend(n):
        y, cache = multi_head_attention(n, n, params["attn"], num_heads, mask)

        def back(dy):
            dquery, dkey, grads = multi_head_attention_backward(dy, cache)
            return dquery + dkey, {"attn": grads}, 0

        return y, back

    def read(n):
        y, cache = multi_head_attention(n, context, params["cross"], num_heads, context_mask)

        def back(dy):
            dx, dcontext, grads = multi_head_attention_backward(dy, cache)
            return dx, {"cross": grads}, dcontext

        return y, back

    def feed(n):
        y, cache = mlp(n, params["ffn"], activation)

        def back(dy):
            dx, grads = mlp_backward(dy, cache)
            return dx, {"ffn": grads}, 0

        return y, back

    backs = []
    for name, sublayer in (("ln1", attend), ("ln2", read), ("ln3", feed)):
        if norm == "pre":
            normed, ln = layernorm(x, **params[name])
            y, back = sublayer(normed)
            x = x + y
        else:
            y, back = sublayer(x)
            x, ln = layernorm(x + y, **params[name])
        backs.append((name, ln, back))
    return x, (norm, backs)


def decoder_block_backward(dy, cache):
    norm, backs = cache
    found, dcontext = {}, 0
    for name, ln, back in backs[::-1]:
        if norm == "pre":
            dnormed, grads, dread = back(dy)
            dx, dgamma, dbeta = layernorm_backward(dnormed, ln)
            dy = dy + dx
        else:
            dsum, dgamma, dbeta = layernorm_backward(dy, ln)
            dx, grads, dread = back(dsum)
            dy = dsum + dx
        found |= {name: {"gamma": dgamma, "beta": dbeta}, **grads}
        dcontext = dcontext + dread
    return dy, dcontext, found
