"""Known slips in Adam, in clipping by the global norm, and in the warm-up schedule."""

import math
from types import SimpleNamespace

import numpy as np

from autograder.checker import misconception

AVERAGES = "handout.md#two-moving-averages"
CORRECTION = "handout.md#what-the-first-steps-know"
EPS = "handout.md#where-eps-stands"
DECAY = "handout.md#decay-that-adam-does-not-see"
IN_PLACE = "handout.md#a-step-that-changes-nothing"
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


# --- adam_init ----------------------------------------------------------------------------------


@misconception(of="adam_init", see=CORRECTION)
def counts_a_step_before_the_first(right, params):
    """The count of steps starts at 1, so that the first step is corrected as if it were the
    second."""
    return right | {"t": 1}


@misconception(of="adam_init", see=AVERAGES)
def starts_m_from_the_parameters(right, params):
    """The average of the gradients starts from the parameters instead of zeros."""
    return right | {"m": params}


@misconception(of="adam_init", see=AVERAGES)
def starts_v_from_ones(reference, params):
    """The average of the squares starts from ones instead of zeros: it takes a thousand steps to
    forget them."""
    zeros, ones = (reference.tree_map(f, params) for f in (np.zeros_like, np.ones_like))
    return {"t": 0, "m": zeros, "v": ones}


@misconception(of="adam_init", see="handout.md#floating-point")
def makes_a_float64_state(reference, params):
    """The state is made in float64 whatever the parameters are, and turns a float32 model into a
    float64 one in the first step."""
    zeros = reference.tree_map(lambda p: np.zeros(p.shape), params)
    return {"t": 0, "m": zeros, "v": zeros}


# --- adam_step: the averages --------------------------------------------------------------------


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def exchanges_the_betas(p, g, m, v, a):
    """The two betas are exchanged: the first is for the gradients, the second for their squares."""
    a = SimpleNamespace(**vars(a) | {"beta1": a.beta2, "beta2": a.beta1})
    m, v = _averages(m, v, g, a)
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def uses_one_beta_for_both(p, g, m, v, a):
    """The squares are averaged with beta1 too; they have a beta of their own."""
    a = SimpleNamespace(**vars(a) | {"beta2": a.beta1})
    m, v = _averages(m, v, g, a)
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def exchanges_beta_and_one_minus_beta(p, g, m, v, a):
    """The old average is weighted with 1 - beta and the new gradient with beta; it is the other way
    round."""
    m = (1 - a.beta1) * m + a.beta1 * g
    v = (1 - a.beta2) * v + a.beta2 * g * g
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def adds_the_whole_gradient(p, g, m, v, a):
    """The new gradient and its square come in whole, without the factors 1 - beta: that makes sums,
    not averages."""
    m, v = a.beta1 * m + g, a.beta2 * v + g * g
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def has_one_v_for_an_array(p, g, m, v, a):
    """The squares are averaged over the whole array; every single parameter has its own v."""
    m = a.beta1 * m + (1 - a.beta1) * g
    v = a.beta2 * v + (1 - a.beta2) * np.mean(g * g)
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=AVERAGES)
def has_one_state_for_all_arrays(
    reference, params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0
):
    """All arrays share one m and one v; every array needs its own."""
    reference.adam_step(params, grads, state)
    a = SimpleNamespace(
        t=state["t"] + 1, lr=lr, beta1=betas[0], beta2=betas[1], eps=eps, decay=weight_decay
    )
    shared = {key: state.get(key) for key in ("shared_m", "shared_v")}

    def update(p, g):
        m, v = (0.0 if shared[key] is None else shared[key] for key in shared)
        shared["shared_m"], shared["shared_v"] = _averages(m, v, g, a)
        return _decayed(p, a) - a.lr * _direction(*shared.values(), a)

    return reference.tree_map(update, params, grads), state | {"t": a.t} | shared


@misconception(of="adam_step", see=AVERAGES)
@_on_each_array
def steps_with_the_old_averages(p, g, m, v, a):
    """The step is made with the averages of before this gradient came in: it lags by one step, and
    the first one goes nowhere."""
    return _decayed(p, a) - a.lr * _direction(m, v, a), *_averages(m, v, g, a)


# --- adam_step: bias correction and the count of steps ------------------------------------------


@misconception(of="adam_step", see=CORRECTION)
@_on_each_array
def forgets_the_bias_correction(p, g, m, v, a):
    """The averages are used without their bias correction: with the usual betas the first step is
    3.16 times too long."""
    m, v = _averages(m, v, g, a)
    return _decayed(p, a) - a.lr * m / (np.sqrt(v) + a.eps), m, v


@misconception(of="adam_step", see=CORRECTION)
@_on_each_array
def multiplies_by_the_correction(p, g, m, v, a):
    """The averages are multiplied by 1 - beta**t; they must be divided by it to grow."""
    m, v = _averages(m, v, g, a)
    m_hat, v_hat = m * (1 - a.beta1**a.t), v * (1 - a.beta2**a.t)
    return _decayed(p, a) - a.lr * m_hat / (np.sqrt(v_hat) + a.eps), m, v


@misconception(of="adam_step", see=CORRECTION)
@_on_each_array
def corrects_with_beta_times_t(p, g, m, v, a):
    """The correction is 1 - beta * t; it is 1 - beta to the power of t."""
    m, v = _averages(m, v, g, a)
    m_hat, v_hat = m / (1 - a.beta1 * a.t), v / (1 - a.beta2 * a.t)
    return _decayed(p, a) - a.lr * m_hat / (np.sqrt(v_hat) + a.eps), m, v


@misconception(of="adam_step", see=CORRECTION)
@_on_each_array
def keeps_the_corrected_averages(p, g, m, v, a):
    """The corrected averages are kept in the state, so that the next step corrects them again."""
    m, v = _corrected(*_averages(m, v, g, a), a)
    return _decayed(p, a) - a.lr * m / (np.sqrt(v) + a.eps), m, v


@misconception(of="adam_step", see=CORRECTION)
@_on_each_array
def counts_from_zero(p, g, m, v, a):
    """The count is raised after the correction: the first step has t = 0 and divides by
    1 - beta**0, which is 0."""
    m, v = _averages(m, v, g, a)
    a = SimpleNamespace(**vars(a) | {"t": a.t - 1})
    return _decayed(p, a) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=CORRECTION)
def counts_every_array(
    reference, params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0
):
    """The count goes up once for each array; it goes up once for each step."""
    a = SimpleNamespace(t=state["t"], lr=lr, beta1=betas[0], beta2=betas[1], eps=eps)
    a.decay = weight_decay

    def update(p, m, v):
        a.t += 1
        return _decayed(p, a) - a.lr * _direction(m, v, a)

    _, new_state = reference.adam_step(params, grads, state, betas=betas)
    params = reference.tree_map(update, params, new_state["m"], new_state["v"])
    return params, new_state | {"t": a.t}


@misconception(of="adam_step", see=IN_PLACE)
def returns_the_old_state(right, params, grads, state, **_options):
    """The new averages and the new count are not returned: each step starts from the old state, as
    if it were the first."""
    return right[0], state


# --- adam_step: eps -----------------------------------------------------------------------------


@misconception(of="adam_step", see=EPS)
@_on_each_array
def adds_eps_before_the_correction(p, g, m, v, a):
    """eps is added to the root of v before v is corrected: in the first steps it acts up to 32
    times too strongly."""
    m, v = _averages(m, v, g, a)
    m_hat, _ = _corrected(m, v, a)
    root = (np.sqrt(v) + a.eps) / np.sqrt(1 - a.beta2**a.t)
    return _decayed(p, a) - a.lr * m_hat / root, m, v


# --- adam_step: weight decay --------------------------------------------------------------------


@misconception(of="adam_step", see=DECAY)
@_on_each_array
def folds_the_decay_into_the_gradient(p, g, m, v, a):
    """The decay is added to the gradient and goes through both averages (L2 regularisation, the
    older habit); here it is taken off the parameters directly."""
    m, v = _averages(m, v, g + a.decay * p, a)
    return p - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=DECAY)
@_on_each_array
def decays_the_updated_parameters(p, g, m, v, a):
    """The decay is taken of the parameters of after the step; it is of those of before it."""
    m, v = _averages(m, v, g, a)
    return _decayed(p - a.lr * _direction(m, v, a), a), m, v


@misconception(of="adam_step", see=DECAY)
@_on_each_array
def decays_only_matrices(p, g, m, v, a):
    """Vectors (biases, gamma, beta) are not decayed. Many training recipes do so; here every array
    is decayed."""
    m, v = _averages(m, v, g, a)
    return (_decayed(p, a) if p.ndim > 1 else p) - a.lr * _direction(m, v, a), m, v


@misconception(of="adam_step", see=DECAY)
@_on_each_array
def divides_the_decay_too(p, g, m, v, a):
    """The decay stands inside the fraction and is divided by the root of v_hat; decoupled decay
    knows nothing of the gradients."""
    m, v = _averages(m, v, g, a)
    m_hat, v_hat = _corrected(m, v, a)
    return p - a.lr * (m_hat + a.decay * p) / (np.sqrt(v_hat) + a.eps), m, v


# --- adam_step: changes in place ----------------------------------------------------------------


@misconception(of="adam_step", see=IN_PLACE)
def changes_its_arguments_in_place(reference, right, params, grads, state, **_options):
    """The parameters or the gradients are overwritten (`p -= ...`, `g *= ...`), and the caller's
    arrays change with them."""
    new, state = right

    def overwrite(p, q):
        p[...] = q
        return p

    return reference.tree_map(overwrite, params, new), state


@misconception(of="adam_step", see=IN_PLACE)
def changes_the_state_in_place(right, params, grads, state, **_options):
    """The new averages are written into the old state, so that nobody can go back to it."""
    new, new_state = right
    state.update(new_state)
    return new, state


# --- clip_by_global_norm ------------------------------------------------------------------------


def _scaled(reference, grads, factor):
    return reference.tree_map(lambda g: g * factor, grads)


@misconception(of="clip_by_global_norm", see=CLIPPING)
def clips_each_array_by_itself(reference, right, grads, max_norm):
    """Every array is clipped by its own norm; one factor for all keeps the direction."""

    def clip(g):
        norm = math.sqrt(float(np.vdot(g, g)))
        return g * (max_norm / norm) if norm > max_norm else g

    return reference.tree_map(clip, grads), right[1]


@misconception(of="clip_by_global_norm", see=CLIPPING)
def clips_each_number(reference, right, grads, max_norm):
    """Every number is cut off at max_norm; clipping by the norm scales all by one factor."""
    return reference.tree_map(lambda g: np.clip(g, -max_norm, max_norm), grads), right[1]


@misconception(of="clip_by_global_norm", see=CLIPPING)
def stretches_short_gradients(reference, right, grads, max_norm):
    """The gradients are scaled to max_norm even if they are shorter."""
    norm = right[1]
    return _scaled(reference, grads, max_norm / norm if norm else 1.0), norm


@misconception(of="clip_by_global_norm", see=CLIPPING)
def clips_below_the_norm(reference, right, grads, max_norm):
    """The comparison is the wrong way round: short gradients are stretched, long ones are left."""
    norm = right[1]
    return (_scaled(reference, grads, max_norm / norm) if 0 < norm < max_norm else grads), norm


@misconception(of="clip_by_global_norm", see=CLIPPING)
def divides_by_a_norm_of_zero(reference, right, grads, max_norm):
    """max_norm / norm is computed before the two are compared: at norm 0 it fails or gives NaN."""
    factor = min(1.0, max_norm / right[1])
    return _scaled(reference, grads, factor), right[1]


@misconception(of="clip_by_global_norm", see=CLIPPING)
def adds_the_norms_of_the_arrays(reference, right, grads, max_norm):
    """The norms of the arrays are added; their squares must be, with one root at the end."""
    norm = sum(math.sqrt(float(np.vdot(g, g))) for g in reference.tree_leaves(grads))
    return (_scaled(reference, grads, max_norm / norm) if norm > max_norm else grads), norm


@misconception(of="clip_by_global_norm", see=CLIPPING)
def takes_the_mean_square(reference, right, grads, max_norm):
    """The squares are averaged over all numbers; the norm has their sum."""
    norm = right[1] / math.sqrt(sum(g.size for g in reference.tree_leaves(grads)))
    return (_scaled(reference, grads, max_norm / norm) if norm > max_norm else grads), norm


@misconception(of="clip_by_global_norm", see=CLIPPING)
def takes_the_sum_of_absolute_values(reference, right, grads, max_norm):
    """The norm is the sum of absolute values; asked is the Euclidean length."""
    norm = float(sum(np.abs(g).sum() for g in reference.tree_leaves(grads)))
    return (_scaled(reference, grads, max_norm / norm) if norm > max_norm else grads), norm


@misconception(of="clip_by_global_norm", see=CLIPPING)
def takes_the_largest_value(reference, right, grads, max_norm):
    """The norm is the largest absolute value; asked is the Euclidean length."""
    norm = float(max(np.abs(g).max() for g in reference.tree_leaves(grads)))
    return (_scaled(reference, grads, max_norm / norm) if norm > max_norm else grads), norm


@misconception(of="clip_by_global_norm", see=CLIPPING)
def returns_the_norm_of_after_clipping(right, grads, max_norm):
    """The norm that is returned is that of the clipped gradients; asked is that of before."""
    return right[0], min(right[1], max_norm)


@misconception(of="clip_by_global_norm", see=CLIPPING)
def returns_the_factor(right, grads, max_norm):
    """What is returned beside the gradients is the factor; asked is the norm."""
    return right[0], max_norm / right[1] if right[1] > max_norm else 1.0


@misconception(of="clip_by_global_norm", see=CLIPPING)
def adds_a_small_number_to_the_norm(reference, right, grads, max_norm):
    """1e-6 is added to the norm in the division, as PyTorch does; here the result is exactly
    max_norm long."""
    factor = max_norm / (right[1] + 1e-6)
    return (_scaled(reference, grads, factor) if factor < 1 else grads), right[1]


@misconception(of="clip_by_global_norm", see=IN_PLACE)
def clips_in_place(reference, right, grads, max_norm):
    """The gradients are scaled in place; the caller's arrays change under their feet."""

    def scale(g):
        g *= max_norm / right[1]
        return g

    return (reference.tree_map(scale, grads) if right[1] > max_norm else grads), right[1]


# --- warmup_lr ----------------------------------------------------------------------------------


@misconception(of="warmup_lr", see=SCHEDULE)
def counts_the_steps_from_zero(reference, step, d_model, warmup=4000):
    """The schedule is one step late: step 1 must be the first of the line, not its zero."""
    reference.warmup_lr(step, d_model, warmup)
    return 0.0 if step == 1 else reference.warmup_lr(step - 1, d_model, warmup)


@misconception(of="warmup_lr", see=SCHEDULE)
def is_one_step_early(reference, step, d_model, warmup=4000):
    """1 is added to a step that is counted from 1 already: the schedule is one step early."""
    reference.warmup_lr(step, d_model, warmup)
    return reference.warmup_lr(step + 1, d_model, warmup)


@misconception(of="warmup_lr", see=SCHEDULE)
def takes_the_larger_of_the_two(right, step, d_model, warmup=4000):
    """The larger of line and inverse root is taken; the schedule is the smaller one."""
    return d_model**-0.5 * max(step**-0.5, step * warmup**-1.5)


@misconception(of="warmup_lr", see=SCHEDULE)
def never_comes_down(right, step, d_model, warmup=4000):
    """The line goes up for ever: the inverse root of the step is missing."""
    return d_model**-0.5 * step * warmup**-1.5


@misconception(of="warmup_lr", see=SCHEDULE)
def never_warms_up(right, step, d_model, warmup=4000):
    """Only the inverse root of the step is there, and the first step is the largest: the warm-up
    is missing."""
    return d_model**-0.5 * step**-0.5


@misconception(of="warmup_lr", see=SCHEDULE)
def takes_any_step(reference, step, d_model, warmup=4000):
    """Steps below 1 get a rate; there is no step 0, and asking for it is a mistake to be told."""
    return reference.warmup_lr(max(step, 1), d_model, warmup)
