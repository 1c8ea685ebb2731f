"""Sublayers as pairs of functions, wired by norm; a file of the student's own."""

from transformer import attention, layer, layernorm


class Norm:
    def __init__(self, params):
        self.params = params

    def forward(self, x):
        y, self.cache = layernorm.layernorm(x, self.params["gamma"], self.params["beta"])
        return y

    def backward(self, dy):
        dx, gamma, beta = layernorm.layernorm_backward(dy, self.cache)
        self.grads = {"gamma": gamma, "beta": beta}
        return dx


class SelfAttention:
    def __init__(self, params, num_heads, mask):
        self.params, self.num_heads, self.mask = params, num_heads, mask

    def forward(self, x):
        y, self.cache = attention.multi_head_attention(x, x, self.params, self.num_heads, self.mask)
        return y

    def backward(self, dy):
        dx, dcontext, self.grads = attention.multi_head_attention_backward(dy, self.cache)
        return dx + dcontext


class FeedForward:
    def __init__(self, params, activation):
        self.params, self.activation = params, activation

    def forward(self, x):
        y, self.cache = layer.mlp(x, self.params, self.activation)
        return y

    def backward(self, dy):
        dx, self.grads = layer.mlp_backward(dy, self.cache)
        return dx


class Residual:
    """A sublayer and its norm around a sum, in either order."""

    def __init__(self, norm, sublayer, order):
        self.norm, self.sublayer, self.order = norm, sublayer, order

    def forward(self, x):
        if self.order == "pre":
            return x + self.sublayer.forward(self.norm.forward(x))
        return self.norm.forward(x + self.sublayer.forward(x))

    def backward(self, dy):
        if self.order == "pre":
            return dy + self.norm.backward(self.sublayer.backward(dy))
        ds = self.norm.backward(dy)
        return ds + self.sublayer.backward(ds)
