"""Checkpoints: parameters, training state and random generator in one .npz file, and back.

An interrupted training goes on as if nothing had happened: the same batches, the same steps, the
same numbers. The file holds arrays only and nothing that runs when it is read (no pickle).
"""

import json

import numpy as np


def save_checkpoint(path, params, state, rng):
    """Write params, state and rng's place in its stream to an .npz file.

    params, state: dicts, lists and tuples of arrays, numbers and None, nested as you like
    rng: a numpy.random.Generator

    Raises ValueError for anything else in them, naming where.
    """
    arrays = {}

    def describe(value, place):
        """What holds what, as JSON; the arrays go into a list beside it."""
        if isinstance(value, dict):
            return {"dict": {key: describe(value[key], f"{place}.{key}") for key in value}}
        if isinstance(value, (list, tuple)):
            items = [describe(item, f"{place}.{k}") for k, item in enumerate(value)]
            return {type(value).__name__: items}
        if isinstance(value, (np.ndarray, np.generic)):
            arrays[place] = np.asarray(value)
            return {"array": place}
        if value is None or isinstance(value, (bool, int, float)):
            return {"plain": value}  # JSON keeps every digit of a float
        raise ValueError(f"{place} is a {type(value).__name__}; expected arrays, numbers or None")

    layout = {
        "params": describe(params, "params"),
        "state": describe(state, "state"),
        "rng": rng.bit_generator.state,
    }
    np.savez(path, layout=np.array(json.dumps(layout)), **arrays)


def load_checkpoint(path):
    """What save_checkpoint wrote   ->   params, state, rng: a new generator, at the same place"""
    with np.load(path, allow_pickle=False) as stored:
        layout = json.loads(str(stored["layout"]))

        def build(node):
            [(kind, value)] = node.items()
            if kind == "dict":
                return {key: build(item) for key, item in value.items()}
            if kind in ("list", "tuple"):
                items = [build(item) for item in value]
                return items if kind == "list" else tuple(items)
            return stored[value] if kind == "array" else value

        rng = np.random.Generator(getattr(np.random, layout["rng"]["bit_generator"])())
        rng.bit_generator.state = layout["rng"]
        return build(layout["params"]), build(layout["state"]), rng
