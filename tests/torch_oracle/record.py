"""Record what PyTorch answers: python -m tests.torch_oracle.record [ASSIGNMENT …]

Needs torch; the files it writes are what the tests compare with where torch is not installed.
"""

import sys

import numpy as np

from tests.torch_oracle import oracles


def main() -> None:
    """Write recorded/NAME.npz for each oracle."""
    import torch

    oracles.RECORDED.mkdir(exist_ok=True)
    for name in sys.argv[1:] or oracles.NAMES:
        oracle = oracles.load(name)
        arrays = oracle.theirs(torch, oracle.inputs())
        np.savez_compressed(oracles.RECORDED / f"{name}.npz", **arrays)
        print(f"{name}: {len(arrays)} arrays")


if __name__ == "__main__":
    main()
