"""Grades on the machines of a dask cluster: the same jail, the same marks, more cores."""
