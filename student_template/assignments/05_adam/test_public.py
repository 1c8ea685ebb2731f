"""Public checks of 05_adam. The hidden ones ask for the same, with other trees and numbers."""

import numpy as np

from autograder.checker import check, error_of


@check(of="adam_init")
def test_first_step_against_the_gradient(impl, draw):
    """In the first step each parameter moves against its gradient's sign"""
    params = {"w": draw.normal(2, 3), "layers": [{"b": draw.normal(5)}]}
    grads = {"w": draw.normal(2, 3), "layers": [{"b": draw.normal(5)}]}
    new, _ = impl.adam_step(params, grads, impl.adam_init(params), lr=0.25)
    return {
        "w": np.sign(params["w"] - new["w"]),
        "b": np.sign(params["layers"][0]["b"] - new["layers"][0]["b"]),
    }


@check(of="adam_step")
def test_step_1(impl, draw):
    """The first step of two matrices"""
    params = {"w_1": draw.normal(2, 5), "w_2": draw.normal(5, 3)}
    grads = {"w_1": draw.normal(2, 5), "w_2": draw.normal(5, 3)}
    new, _ = impl.adam_step(params, grads, impl.adam_init(params), lr=0.5, betas=(0.5, 0.875))
    return {"w_1": new["w_1"], "w_2": new["w_2"]}


@check(of="adam_step")
def test_step_by_step(impl, draw):
    """Three steps in a row over a nested tree"""
    params = {"ln": {"gamma": draw.normal(3)}, "ffn": [{"w": draw.normal(3, 4)}, draw.normal(4)]}
    state = impl.adam_init(params)
    seen = {}
    for step in (1, 2, 3):
        grads = {"ln": {"gamma": draw.normal(3)}, "ffn": [{"w": draw.normal(3, 4)}, draw.normal(4)]}
        params, state = impl.adam_step(params, grads, state, lr=0.125)
        seen[f"after_{step}"] = params
    return seen


@check(of="adam_step")
def test_place_of_eps(impl, draw):
    """Gradients of about 1e-6: where does eps stand?"""
    params = {"w": draw.normal(4, 2)}
    state = impl.adam_init(params)
    for _ in range(2):
        params, state = impl.adam_step(params, {"w": draw.normal(4, 2) * 1e-6}, state, lr=0.75)
    return {"w": params["w"]}


@check(of="adam_step")
def test_decay(impl, draw):
    """Two steps with weight decay"""
    params = {"w": draw.normal(3, 2), "b": draw.normal(2)}
    state = impl.adam_init(params)
    for _ in range(2):
        grads = {"w": draw.normal(3, 2), "b": draw.normal(2)}
        params, state = impl.adam_step(params, grads, state, lr=0.125, weight_decay=0.5)
    return {"w": params["w"], "b": params["b"]}


@check(of="adam_step", kind="property")
def test_old_state_stays(impl, draw):
    """Stepping from the same state twice gives the same"""
    params, grads, other = ({"w": draw.normal(2, 4)} for _ in range(3))
    _, state = impl.adam_step(params, grads, impl.adam_init(params), lr=0.5)
    first, _ = impl.adam_step(params, other, state, lr=0.5)
    second, _ = impl.adam_step(params, other, state, lr=0.5)
    return {"first": first, "second": second}


@check(of="adam_step", kind="dtype")
def test_float32_stays(impl, draw):
    """A float32 model stays float32"""
    params = {"w": draw.normal(3, 4, dtype=np.float32)}
    grads = {"w": draw.normal(3, 4, dtype=np.float32)}
    new, _ = impl.adam_step(params, grads, impl.adam_init(params), lr=0.5, weight_decay=0.25)
    return {"w": new["w"]}


@check(of="clip_by_global_norm")
def test_too_long(impl, draw):
    """Two arrays that are too long together"""
    grads = {"w": draw.normal(3, 2, scale=4.0), "b": draw.normal(2)}
    clipped, norm = impl.clip_by_global_norm(grads, 0.75)
    return {"grads": clipped, "norm": norm}


@check(of="clip_by_global_norm", kind="edge")
def test_short_or_zero(impl, draw):
    """Short gradients, and gradients of zero, stay as they are"""
    short, norm = impl.clip_by_global_norm([draw.normal(3), draw.normal(2, 2)], 1000.0)
    zero, norm_of_zero = impl.clip_by_global_norm([np.zeros(3), np.zeros((2, 2))], 1.0)
    return {"short": short, "norm": norm, "zero": zero, "norm_of_zero": norm_of_zero}


@check(of="warmup_lr", scale=1e-6)
def test_up_and_down(impl, draw):
    """The schedule before, at and after the top"""
    warmup = draw.integer(20, 40)
    return {f"step_{step}": impl.warmup_lr(step, 48, warmup) for step in (1, 7, warmup, 500)}


@check(of="warmup_lr", kind="error")
def test_step_0(impl, draw):
    """There is no step 0"""
    return {"step_0": error_of(impl.warmup_lr, 0, 48, draw.integer(20, 40))}
