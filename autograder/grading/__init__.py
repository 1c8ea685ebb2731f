"""From a submission to its result: one, or many at once."""
