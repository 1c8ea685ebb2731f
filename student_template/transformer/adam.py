"""Adam with decoupled weight decay, clipping by the global norm, and the warm-up schedule.

Parameters and gradients are trees: arrays in nested dicts and lists, with the same keys and shapes.
Nothing is changed in place: a step returns new parameters and a new state, and the old ones stay.
"""

import numpy as np

from transformer.tree import tree_leaves, tree_map


def adam_init(params):
    """The state before the first step: no step counted, both moving averages zero.

    params: a tree of arrays   ->   state: whatever adam_step has to remember
    """
    raise NotImplementedError("adam_init is not written yet: see handout section 5.3")


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """One step of Adam (Kingma & Ba 2015, algorithm 1; UDL 6.4) with decoupled weight decay.

    The decay takes off lr * weight_decay * params, the parameters being those of before the step
    (Loshchilov & Hutter 2019, algorithm 2, without its schedule multiplier).

    params, grads: trees with the same keys and shapes   ->   params, state: new ones

    Raises ValueError if a gradient has another shape than its parameter.
    """
    _check_same_shapes(params, grads)
    raise NotImplementedError("adam_step is not written yet: see handout section 5.3")


def _check_same_shapes(params, grads):
    """ValueError if an array of grads has another shape than its parameter."""

    def check(p, g):
        if np.shape(p) != np.shape(g):
            raise ValueError(f"grads holds shape {np.shape(g)} where params has {np.shape(p)}")

    tree_map(check, params, grads)


def clip_by_global_norm(grads, max_norm):
    """Shorten all gradients by one factor if together they are longer than max_norm.

    The norm is that of one vector with all the numbers of the tree (Pascanu et al. 2013, algorithm
    1). Above max_norm every array is multiplied by max_norm / norm; else nothing is done.

    grads: a tree of arrays   ->   grads: a tree, norm: a float, the length of before clipping
    """
    raise NotImplementedError("clip_by_global_norm is not written yet: see handout section 5.8")


def warmup_lr(step, d_model, warmup=4000):
    """The learning rate of a step: a straight line up, then an inverse root down (Vaswani, eq. 3).

    step: a whole number from 1   ->   a float, the largest of all when step == warmup

    Raises ValueError for step < 1.
    """
    if step < 1:
        raise ValueError(f"step is {step}; expected 1 or more (the first step is 1)")
    raise NotImplementedError("warmup_lr is not written yet: see handout section 5.9")
