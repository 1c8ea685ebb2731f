"""Nested dicts, lists and tuples of arrays: parameters and their gradients are such trees."""


def tree_map(function, *trees):
    """The tree of function(leaf, …) over leaves that stand in the same place of every tree.

    Dicts are walked in the order of their sorted keys. Raises ValueError if the trees are not
    nested alike.
    """
    first, *others = trees
    if isinstance(first, dict):
        for other in others:
            if not isinstance(other, dict) or other.keys() != first.keys():
                keys = sorted(first)
                raise ValueError(f"trees differ: one has the keys {keys}, another does not")
        return {key: tree_map(function, *[tree[key] for tree in trees]) for key in sorted(first)}
    if isinstance(first, (list, tuple)):
        for other in others:
            if type(other) is not type(first) or len(other) != len(first):
                kind = f"{type(first).__name__} of {len(first)}"
                raise ValueError(f"trees differ: one has a {kind}, another does not")
        return type(first)([tree_map(function, *leaves) for leaves in zip(*trees, strict=True)])
    for other in others:
        if isinstance(other, (dict, list, tuple)):
            raise ValueError("trees differ: one ends in a leaf where another goes on")
    return function(*trees)


def tree_leaves(tree):
    """All leaves in one list, in the order in which tree_map visits them."""
    leaves = []
    tree_map(leaves.append, tree)
    return leaves
