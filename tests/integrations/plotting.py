"""Matplotlib as a notebook's kernel imports it: its figures go into the notebook."""

import os

os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # as ipykernel sets it

import matplotlib.pyplot  # noqa: F401
