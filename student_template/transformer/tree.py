"""Nested dicts, lists and tuples of arrays: parameters and their gradients are such trees."""


def tree_map(function, *trees):
    """The tree of function(leaf, …) over leaves that stand in the same place of every tree.

    Dicts are walked in the order of their sorted keys. Raises ValueError if the trees are not
    nested alike.
    """
    first = trees[0]
    if isinstance(first, dict):
        if any(not isinstance(tree, dict) or tree.keys() != first.keys() for tree in trees):
            raise ValueError(f"trees differ: one has the keys {sorted(first)}, another does not")
        return {key: tree_map(function, *(tree[key] for tree in trees)) for key in sorted(first)}
    if isinstance(first, (list, tuple)):
        if any(type(tree) is not type(first) or len(tree) != len(first) for tree in trees):
            kind = type(first).__name__
            raise ValueError(f"trees differ: one has a {kind} of {len(first)}, another does not")
        return type(first)([tree_map(function, *leaves) for leaves in zip(*trees, strict=True)])
    if any(isinstance(tree, (dict, list, tuple)) for tree in trees):
        raise ValueError("trees differ: one ends in a leaf where another goes on")
    return function(*trees)


def tree_leaves(tree):
    """All leaves in one list, in the order in which tree_map visits them."""
    leaves = []
    tree_map(leaves.append, tree)
    return leaves
