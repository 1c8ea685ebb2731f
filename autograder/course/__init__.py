"""A course by its folder: manifests, policy, reference, secret."""
