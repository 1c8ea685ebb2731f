"""Slips of 05_adam that its steps explain, as slips.py had them; long for that."""

from types import SimpleNamespace

import numpy as np

from autograder.checker import misconception

AVERAGES = "handout.md#two-moving-averages"
CORRECTION = "handout.md#what-the-first-steps-know"
EPS = "handout.md#where-eps-stands"
DECAY = "handout.md#decay-that-adam-does-not-see"
CLIPPING = "handout.md#one-length-for-all-gradients"
SCHEDULE = "handout.md#up-then-down"


def _on_each_array(change):
    """Make a step over trees of a rule for one array: change(p, g, m, v, a) -> new p, m, v.

    `a` holds t (of this step), lr, beta1, beta2, eps and decay.
    """

    def step(
        reference,
        params,
        grads,
        state,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0.0,
    ):
        reference.adam_step(params, grads, state)  # its ValueError for shapes that differ
        t = state["t"] + 1
        a = SimpleNamespace(t=t, lr=lr, beta1=betas[0], beta2=betas[1], eps=eps, decay=weight_decay)
        news = reference.tree_map(
            lambda *arrays: SimpleNamespace(new=change(*arrays, a)),
            *(params, grads, state["m"], state["v"]),
        )
        params, m, v = (reference.tree_map(lambda leaf, k=k: leaf.new[k], news) for k in range(3))
        return params, {"t": t, "m": m, "v": v}

    step.__name__, step.__doc__ = change.__name__, change.__doc__
    return step


def _averages(m, v, g, a):
    return a.beta1 * m + (1 - a.beta1) * g, a.beta2 * v + (1 - a.beta2) * g * g


def _corrected(m, v, a):
    return m / (1 - a.beta1**a.t), v / (1 - a.beta2**a.t)


def _direction(m, v, a):
    m_hat, v_hat = _corrected(m, v, a)
    return m_hat / (np.sqrt(v_hat) + a.eps)


def _decayed(p, a):
    return p - a.lr * a.decay * p


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def does_not_square_the_gradient(p, g, m, v, a):
    """The second average is of the gradients, not of their squares: its root is NaN wherever it is
    negative."""
    m, v = a.beta1 * m + (1 - a.beta1) * g, a.beta2 * v + (1 - a.beta2) * g
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def squares_the_average(p, g, m, v, a):
    """The second average is of the squares of m, not of the squares of the gradient."""
    m = a.beta1 * m + (1 - a.beta1) * g
    v = a.beta2 * v + (1 - a.beta2) * m * m
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def forgets_the_root(p, g, m, v, a):
    """The step is divided by the average square itself, not by its root."""
    m, v = _averages(m, v, g, a)
    m_hat, v_hat = _corrected(m, v, a)
    return _decayed(p, a) - a.lr * m_hat / (v_hat + a.eps), m, v


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def walks_uphill(p, g, m, v, a):
    """The step is added; the loss falls against the gradient."""
    m, v = _averages(m, v, g, a)
    return _decayed(p, a) + a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=CORRECTION)
@_on_each_array
def corrects_only_m(p, g, m, v, a):
    """Only m is corrected for its start at zero; v starts there too."""
    m, v = _averages(m, v, g, a)
    return _decayed(p, a) - a.lr * _corrected(m, v, a)[0] / (np.sqrt(v) + a.eps), m, v


@misconception(of="adam_step", see=CORRECTION)
@_on_each_array
def corrects_only_v(p, g, m, v, a):
    """Only v is corrected for its start at zero; m starts there too."""
    m, v = _averages(m, v, g, a)
    return _decayed(p, a) - a.lr * m / (np.sqrt(_corrected(m, v, a)[1]) + a.eps), m, v


@misconception(of="adam_step", see=CORRECTION)
@_on_each_array
def never_counts_on(p, g, m, v, a):
    """The count of steps stands still at 1, so that every step is corrected as the first one."""
    m, v = _averages(m, v, g, a)
    a.t = 1
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=EPS)
@_on_each_array
def puts_eps_inside_the_root(p, g, m, v, a):
    """eps is added before the root is taken: there the usual 1e-8 acts like 1e-4, and stops
    parameters whose gradients are small."""
    m, v = _averages(m, v, g, a)
    m_hat, v_hat = _corrected(m, v, a)
    return _decayed(p, a) - a.lr * m_hat / np.sqrt(v_hat + a.eps), m, v


@misconception(of="adam_step", see=EPS)
@_on_each_array
def leaves_eps_out(p, g, m, v, a):
    """eps is missing: a parameter that never had a gradient becomes 0 / 0."""
    m, v = _averages(m, v, g, a)
    m_hat, v_hat = _corrected(m, v, a)
    return _decayed(p, a) - a.lr * m_hat / np.sqrt(v_hat), m, v


@misconception(of="adam_step", see=DECAY)
@_on_each_array
def forgets_lr_in_the_decay(p, g, m, v, a):
    """The decay is not multiplied by the learning rate."""
    m, v = _averages(m, v, g, a)
    return p - a.decay * p - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=DECAY)
@_on_each_array
def decays_upwards(p, g, m, v, a):
    """The decay has the wrong sign: it makes the parameters grow."""
    m, v = _averages(m, v, g, a)
    return p + a.lr * a.decay * p - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=DECAY)
@_on_each_array
def ignores_the_decay(p, g, m, v, a):
    """weight_decay is not used."""
    m, v = _averages(m, v, g, a)
    return p - a.lr * _direction(m, v, a), m, v


def _scaled(reference, grads, factor):
    return reference.tree_map(lambda g: g * factor, grads)


@misconception(of="clip_by_global_norm", see=CLIPPING)
def scales_by_the_inverse(reference, right, grads, max_norm):
    """The factor is norm / max_norm, upside down: long gradients get longer."""
    norm = right[1]
    return (_scaled(reference, grads, norm / max_norm) if norm > max_norm else grads), norm


@misconception(of="clip_by_global_norm", see=CLIPPING)
def forgets_the_root_of_the_norm(reference, right, grads, max_norm):
    """The norm is the sum of squares without its root."""
    norm = right[1] ** 2
    return (_scaled(reference, grads, max_norm / norm) if norm > max_norm else grads), norm


@misconception(of="warmup_lr", see=SCHEDULE)
def stays_at_the_top(reference, right, step, d_model, warmup=4000):
    """After the warm-up the rate stays where it is; it falls with the inverse root of the step."""
    return reference.warmup_lr(min(step, warmup), d_model, warmup)


@misconception(of="warmup_lr", see=SCHEDULE)
def leaves_the_width_out(right, step, d_model, warmup=4000):
    """The factor d_model ** -0.5 is missing."""
    return right * d_model**0.5


@misconception(of="warmup_lr", see=SCHEDULE)
def multiplies_by_the_root_of_the_width(right, step, d_model, warmup=4000):
    """The rate is multiplied by the root of d_model; wider models get smaller steps."""
    return right * d_model


@misconception(of="warmup_lr", see=SCHEDULE)
def divides_by_the_width(right, step, d_model, warmup=4000):
    """The rate is divided by d_model, not by its root."""
    return right * d_model**-0.5


@misconception(of="warmup_lr", see=SCHEDULE)
def takes_the_root_of_warmup(right, step, d_model, warmup=4000):
    """The line is step * warmup ** -0.5; its exponent is -1.5, so that line and curve meet at
    step == warmup."""
    return d_model**-0.5 * min(step**-0.5, step * warmup**-0.5)
