"""Hidden checks of 05_adam: several steps over nested trees, eps, decay, clipping, the schedule."""

import numpy as np

from autograder.checker import check, error_of

# Where eps is not the question it is tiny and the tolerance wide, so that a wrong place of eps
# costs its own checks only.
TINY = 1e-12
LOOSE = 1e-6


def _tree(draw, scale=1.0, dtype=np.float64):
    """Parameters or gradients of a small model: dicts in a dict and in a list, seven arrays."""

    def array(*shape):
        return draw.normal(*shape, dtype=dtype) * dtype(scale)

    return {
        "embed": array(7, 2),
        "ln": {"gamma": array(2), "beta": array(2)},
        "ffn": [{"w": array(2, 5), "b": array(5)}, {"w": array(5, 3), "b": array(1, 1)}],
    }


# --- adam_init: its state is opaque, so it is seen through the first step ------------------------


@check(of="adam_init", weight=2)
def test_first_step_goes_against_the_gradient(impl, draw):
    """Which way every parameter moves in the first step from a new state"""
    params, grads = _tree(draw), _tree(draw)
    new, _ = impl.adam_step(params, grads, impl.adam_init(params), lr=0.125)
    return {
        "embed": np.sign(new["embed"] - params["embed"]),
        "gamma": np.sign(new["ln"]["gamma"] - params["ln"]["gamma"]),
        "w": np.sign(new["ffn"][1]["w"] - params["ffn"][1]["w"]),
    }


@check(of="adam_init", weight=1, rtol=LOOSE)
def test_new_state_knows_no_past(impl, draw):
    """The first two steps from a new state"""
    params, first, second = _tree(draw), _tree(draw), _tree(draw)
    after_1, state = impl.adam_step(params, first, impl.adam_init(params), lr=0.25, eps=TINY)
    after_2, _ = impl.adam_step(after_1, second, state, lr=0.25, eps=TINY)
    return {"after_1": after_1, "after_2": after_2}


@check(of="adam_init", kind="property", weight=0.5, rtol=LOOSE)
def test_two_states_are_two(impl, draw):
    """A state made after another one was used is as new as the first"""
    params, grads = {"w": draw.normal(3, 5)}, {"w": draw.normal(3, 5)}
    used = impl.adam_init(params)
    _, used = impl.adam_step(params, grads, used, lr=0.5, eps=TINY)
    impl.adam_step(params, grads, used, lr=0.5, eps=TINY)
    new, _ = impl.adam_step(params, grads, impl.adam_init(params), lr=0.5, eps=TINY)
    return {"params": new}


@check(of="adam_init", kind="dtype", weight=0.5)
def test_state_keeps_float32(impl, draw):
    """A float32 model is still float32 after a step from a new state"""
    params, grads = _tree(draw, dtype=np.float32), _tree(draw, dtype=np.float32)
    new, _ = impl.adam_step(params, grads, impl.adam_init(params), lr=0.5)
    return {"params": new}


# --- adam_step ----------------------------------------------------------------------------------


@check(of="adam_step", weight=2, rtol=LOOSE)
def test_first_step(impl, draw):
    """One step over a nested tree, with lr and betas given"""
    params, grads = _tree(draw), _tree(draw)
    state = impl.adam_init(params)
    new, _ = impl.adam_step(params, grads, state, lr=0.25, eps=TINY, betas=(0.625, 0.9375))
    return {"params": new}


@check(of="adam_step", weight=3, rtol=LOOSE)
def test_five_steps(impl, draw):
    """Five steps in a row over a nested tree, with new gradients in each"""
    params = _tree(draw)
    state = impl.adam_init(params)
    seen = {}
    for step in range(1, 6):
        grads = _tree(draw)
        params, state = impl.adam_step(
            params, grads, state, lr=0.25, eps=TINY, betas=(0.625, 0.9375)
        )
        seen[f"after_{step}"] = params
    return seen


@check(of="adam_step", weight=1)
def test_what_is_the_default(impl, draw):
    """Three steps with lr, betas, eps and weight_decay left out"""
    params = {"w": draw.normal(3, 5), "b": draw.normal(5)}
    state = impl.adam_init(params)
    for _ in range(3):
        grads = {"w": draw.normal(3, 5), "b": draw.normal(5, scale=1e-2)}
        params, state = impl.adam_step(params, grads, state)
    return {"params": params}


@check(of="adam_step", weight=2)
def test_tiny_gradients(impl, draw):
    """Two steps with gradients near 1e-6, where the place of eps shows"""
    params = {"w": draw.normal(2, 7), "b": draw.normal(7)}
    state = impl.adam_init(params)
    seen = {}
    for step in (1, 2):
        grads = {"w": draw.normal(2, 7) * 1e-6, "b": draw.normal(7) * 1e-6}
        params, state = impl.adam_step(params, grads, state, lr=0.5)
        seen[f"after_{step}"] = params
    return seen


@check(of="adam_step", weight=1)
def test_a_large_eps(impl, draw):
    """Three steps with an eps that is as large as the gradients"""
    params = {"w": draw.normal(3, 4)}
    state = impl.adam_init(params)
    for _ in range(3):
        params, state = impl.adam_step(params, {"w": draw.normal(3, 4)}, state, lr=0.5, eps=0.75)
    return {"params": params}


@check(of="adam_step", weight=1, rtol=LOOSE)
def test_twenty_steps(impl, draw):
    """Twenty steps downhill with one vector: does the count of steps go on?"""
    params, scale = {"w": draw.normal(5)}, draw.uniform(0.25, 4, 5)
    state = impl.adam_init(params)
    seen = {}
    for step in range(1, 21):
        grads = {"w": scale * params["w"]}
        params, state = impl.adam_step(params, grads, state, lr=0.0625, eps=TINY)
        if step in (10, 20):
            seen[f"after_{step}"] = params
    return seen


@check(of="adam_step", weight=2, rtol=LOOSE)
def test_weight_decay(impl, draw):
    """Three steps with weight decay, over matrices and vectors"""
    params = _tree(draw)
    state = impl.adam_init(params)
    seen = {}
    for step in (1, 2, 3):
        grads = _tree(draw)
        params, state = impl.adam_step(params, grads, state, lr=0.25, eps=TINY, weight_decay=0.375)
        seen[f"after_{step}"] = params
    return seen


@check(of="adam_step", kind="edge", weight=1)
def test_gradients_of_zero(impl, draw):
    """A gradient of zero from the start: only the decay moves anything"""
    params = {"w": draw.normal(3, 5), "b": draw.normal(5)}
    grads = {"w": np.zeros((3, 5)), "b": np.zeros(5)}
    still, _ = impl.adam_step(params, grads, impl.adam_init(params), lr=0.5)
    decayed, _ = impl.adam_step(params, grads, impl.adam_init(params), lr=0.5, weight_decay=0.25)
    return {"without_decay": still, "with_decay": decayed}


@check(of="adam_step", weight=0.5, rtol=LOOSE)
def test_one_array(impl, draw):
    """Two steps of a tree that is a single array"""
    params = draw.normal(4, 3)
    state = impl.adam_init(params)
    for _ in range(2):
        params, state = impl.adam_step(params, draw.normal(4, 3), state, lr=0.25, eps=TINY)
    return {"params": params}


@check(of="adam_step", weight=1, rtol=LOOSE)
def test_arrays_of_one_shape(impl, draw):
    """Three steps of a list of three arrays that have the same shape"""
    params = [draw.normal(2, 3) for _ in range(3)]
    state = impl.adam_init(params)
    for _ in range(3):
        grads = [draw.normal(2, 3) for _ in range(3)]
        params, state = impl.adam_step(params, grads, state, lr=0.25, eps=TINY)
    return {"params": params}


@check(of="adam_step", weight=1, rtol=LOOSE)
def test_keys_in_another_order(impl, draw):
    """The gradients' keys stand in another order than the parameters'"""
    params = {"w_q": draw.normal(2, 3), "w_k": draw.normal(2, 3), "w_v": draw.normal(2, 3)}
    state = impl.adam_init(params)
    for order in (("w_v", "w_q", "w_k"), ("w_k", "w_v", "w_q")):
        params, state = impl.adam_step(
            params, {key: draw.normal(2, 3) for key in order}, state, lr=0.25, eps=TINY
        )
    return {"params": params}


@check(of="adam_step", kind="property", weight=1, rtol=LOOSE)
def test_same_state_twice(impl, draw):
    """Two steps from one and the same state give the same"""
    params, grads, other = _tree(draw), _tree(draw), _tree(draw)
    new = impl.adam_init(params)
    params, state = impl.adam_step(params, grads, new, lr=0.25, eps=TINY)
    first, _ = impl.adam_step(params, other, state, lr=0.25, eps=TINY)
    second, _ = impl.adam_step(params, other, state, lr=0.25, eps=TINY)
    again, _ = impl.adam_step(params, other, new, lr=0.25, eps=TINY)
    return {"first": first, "second": second, "from_the_new_state": again}


@check(of="adam_step", kind="dtype", weight=1)
def test_float32(impl, draw):
    """Three float32 steps stay float32"""
    params = _tree(draw, dtype=np.float32)
    state = impl.adam_init(params)
    for _ in range(3):
        grads = _tree(draw, dtype=np.float32)
        params, state = impl.adam_step(params, grads, state, lr=0.25)
    return {"params": params}


@check(of="adam_step", kind="error", weight=0.5)
def test_shapes_that_differ(impl, draw):
    """A gradient whose shape is not its parameter's"""
    params = {"w": draw.normal(3, 5), "b": draw.normal(5)}
    state = impl.adam_init(params)
    row = {"w": draw.normal(3, 5), "b": draw.normal(1, 5)}
    turned = {"w": draw.normal(5, 3), "b": draw.normal(5)}
    return {
        "row": error_of(impl.adam_step, params, row, state),
        "turned": error_of(impl.adam_step, params, turned, state),
    }


# --- clip_by_global_norm ------------------------------------------------------------------------


@check(of="clip_by_global_norm", weight=2)
def test_above_the_norm(impl, draw):
    """A nested tree that is too long, and a single array"""
    grads, norm = impl.clip_by_global_norm(_tree(draw, scale=3.0), 1.5)
    array, norm_of_array = impl.clip_by_global_norm(draw.normal(3, 4, scale=10.0), 0.5)
    return {"grads": grads, "norm": norm, "array": array, "norm_of_array": norm_of_array}


@check(of="clip_by_global_norm", weight=2)
def test_long_only_together(impl, draw):
    """Arrays that are short one by one, and too long together"""
    grads = [draw.uniform(0.25, 0.5, 3) for _ in range(5)]
    clipped, norm = impl.clip_by_global_norm(grads, 0.9375)
    return {"grads": clipped, "norm": norm}


@check(of="clip_by_global_norm", kind="edge", weight=1)
def test_below_the_norm(impl, draw):
    """Gradients that are not longer than allowed stay as they are"""
    shorter, norm = impl.clip_by_global_norm(_tree(draw, scale=0.0625), 3.0)
    nine = {"w": np.array([2.0, 4.0, 5.0, 6.0])[draw.permutation(4)], "b": np.zeros((2, 1))}
    just, norm_of_just = impl.clip_by_global_norm(nine, 9.0)
    return {"shorter": shorter, "norm": norm, "just": just, "norm_of_just": norm_of_just}


@check(of="clip_by_global_norm", kind="edge", weight=1)
def test_no_gradient_at_all(impl, draw):
    """Gradients of zero: zeros, a norm of 0 and no NaN"""
    shape = (draw.integer(2, 5), 3)
    grads, norm = impl.clip_by_global_norm({"w": np.zeros(shape), "b": np.zeros(3)}, 1.0)
    return {"grads": grads, "norm": norm}


@check(of="clip_by_global_norm", kind="property", weight=1)
def test_clipping_twice(impl, draw):
    """What was clipped once is left alone by a looser clip"""
    once, _ = impl.clip_by_global_norm(_tree(draw, scale=5.0), 2.0)
    twice, norm = impl.clip_by_global_norm(once, 2.5)
    return {"once": once, "twice": twice, "norm": norm}


@check(of="clip_by_global_norm", kind="dtype", weight=1)
def test_clipped_float32(impl, draw):
    """Float32 gradients stay float32, clipped or not"""
    grads = _tree(draw, dtype=np.float32)
    clipped, _ = impl.clip_by_global_norm(grads, 1.25)
    kept, _ = impl.clip_by_global_norm(grads, 1000.0)
    return {"clipped": clipped, "kept": kept}


# --- warmup_lr ----------------------------------------------------------------------------------


@check(of="warmup_lr", weight=2, scale=1e-6)
def test_on_the_way_up(impl, draw):
    """The first steps of the warm-up"""
    d_model, warmup = draw.integer(5, 60), draw.integer(50, 300)
    return {f"step_{step}": impl.warmup_lr(step, d_model, warmup) for step in (1, 2, 17)}


@check(of="warmup_lr", weight=2, scale=1e-6)
def test_on_the_way_down(impl, draw):
    """Long after the warm-up"""
    d_model, warmup = draw.integer(5, 60), draw.integer(50, 300)
    return {f"step_{step}": impl.warmup_lr(step, d_model, warmup) for step in (1000, 70001)}


@check(of="warmup_lr", weight=1, scale=1e-6)
def test_around_the_top(impl, draw):
    """The step before the top, the top, and the step after it"""
    d_model, warmup = draw.integer(5, 60), draw.integer(5, 30)
    return {
        "before": impl.warmup_lr(warmup - 1, d_model, warmup),
        "top": impl.warmup_lr(warmup, d_model, warmup),
        "after": impl.warmup_lr(warmup + 1, d_model, warmup=warmup),
    }


@check(of="warmup_lr", weight=1, scale=1e-6)
def test_warmup_left_out(impl, draw):
    """The paper's 4000 steps of warm-up where none are given"""
    d_model = draw.integer(100, 1000)
    return {f"step_{step}": impl.warmup_lr(step, d_model) for step in (40, 4000, 90000)}


@check(of="warmup_lr", kind="error", weight=0.5)
def test_steps_before_the_first(impl, draw):
    """Steps are counted from 1"""
    return {
        "step_0": error_of(impl.warmup_lr, 0, 16, 10),
        "negative": error_of(impl.warmup_lr, -draw.integer(1, 9), 16, 10),
    }
