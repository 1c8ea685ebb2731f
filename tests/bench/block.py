"""`make bench`: a training step of the reference block against its floor and its peers.

All contestants take turns in one process with one BLAS thread; medians and ratios are of those
turns. Time is the process's CPU time, so that other work on the machine disturbs less. Peak memory
is that of a process of its own for each contestant, above what it held before.

The products alone are run in both libraries: where PyTorch's BLAS is faster, its time is a second
floor.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import random  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "solutions")]

import numpy as np  # noqa: E402

from tests.bench import contestants  # noqa: E402
from tests.bench.ledger import laid_over  # noqa: E402
from tests.bench.tricks import TRICKS  # noqa: E402

SIZES = ((16, 64, 64, 4), (32, 128, 256, 8))
SECONDS = 6.0  # of CPU for each size and dtype, all contestants together
TRICK_SECONDS = 2.0  # of CPU for each trick, size and dtype
LOOP_TURNS = 3  # one turn of the loops is as long as dozens of the others
TARGETS = {"matrix products": 2.0, "PyTorch, fused": 1.3, "loops": 0.1}  # reference / it


def entrants(with_loops):
    """Name -> contestant; PyTorch's where it is installed."""
    found = {"reference": contestants.reference, "matrix products": contestants.products}
    found["plain NumPy"] = contestants.plain
    if with_loops:
        found["loops"] = contestants.loops
    try:
        from tests.bench import torch_contestants
    except ImportError:
        return found
    found["products, PyTorch"] = torch_contestants.products
    found["PyTorch, fused"] = torch_contestants.fused
    found["PyTorch, plain"] = torch_contestants.plain_attention
    return found


def race(sizes, dtype):
    """Seconds of every turn, by contestant."""
    steps = {name: make(sizes, dtype) for name, make in entrants(sizes == SIZES[0]).items()}
    for step in steps.values():
        step()
    turns = {name: [] for name in steps}
    end = time.process_time() + SECONDS
    while time.process_time() < end or len(turns["reference"]) < 5:
        for name, step in random.sample(list(steps.items()), len(steps)):  # no one's heir for good
            if name == "loops" and len(turns[name]) >= LOOP_TURNS:
                continue
            started = time.process_time()
            step()
            turns[name].append(time.process_time() - started)
    return turns


def masked(sizes, dtype):
    """One step of the reference with a causal mask, and what it gave. All is looked up anew."""
    from transformer import adam, attention, transformer_block

    x, dy, params = contestants.drawn(sizes, dtype)
    state = adam.adam_init(params)

    def step():
        nonlocal params, state
        mask = attention.causal_mask(sizes[1])
        y, cache = transformer_block.transformer_block(x, params, sizes[3], mask)
        dx, grads = transformer_block.transformer_block_backward(dy, cache)
        params, state = adam.adam_step(params, grads, state, lr=contestants.LR)
        return y, dx, grads, params

    return step


def gain(without, sizes, dtype, seconds=TRICK_SECONDS):
    """How many times as long a step takes without a trick: the median over pairs of turns."""
    step, plain = masked(sizes, dtype), masked(sizes, dtype)
    step()
    with laid_over(as_changes(without)):
        plain()
    ratios = []
    end = time.process_time() + seconds
    while time.process_time() < end or len(ratios) < 6:
        took = {}
        for turn in sorted((step, plain), key=id, reverse=len(ratios) % 2 == 1):
            with laid_over(as_changes(without if turn is plain else {})):
                started = time.process_time()
                turn()
                took[turn] = time.process_time() - started
        ratios.append(took[plain] / took[step])
    return statistics.median(ratios)


def as_changes(without):
    """Functions as `laid_over` takes them."""
    return {place: lambda _, function=function: function for place, function in without.items()}


def gains(sizes_and_dtypes, seconds=TRICK_SECONDS):
    """A line a trick: the step's time without it over the time with it."""
    heads = "".join(f"{f'D={sizes[2]} {dtype}':>16}" for sizes, dtype in sizes_and_dtypes)
    yield "\nThe step without a trick, over the step with all of them (causal mask)"
    yield f"  {'':42}{heads}"
    for title, without in TRICKS.items():
        found = (gain(without, sizes, dtype, seconds) for sizes, dtype in sizes_and_dtypes)
        yield f"  {title:42}{''.join(f'{ratio:>16.2f}' for ratio in found)}"


def peak(name, sizes, dtype):
    """Megabytes that two steps need above what the process held before."""
    command = [sys.executable, __file__, "--peak", name, ",".join(map(str, sizes)), dtype]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measure_peak(name, sizes, dtype):
    """In a process of its own: how far two steps raise the resident size (Linux)."""
    step = entrants(with_loops=True)[name](sizes, dtype)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of building it all
    before = kilobytes("VmRSS")
    step()
    step()
    return (kilobytes("VmHWM") - before) / 1024


def kilobytes(field):
    """A field of this process's status."""
    text = Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith(field)).split()[1])


def table(sizes, dtype, turns):
    """A line a contestant; ratios are the reference's time over the contestant's, turn by turn."""
    batch, length, d_model, heads = sizes
    yield f"\nB={batch} T={length} D={d_model} H={heads} {dtype}"
    yield f"  {'':18}{'median':>10}{'reference / it':>16}{'target':>8}{'tokens/s':>12}{'peak':>9}"
    for name, seconds in turns.items():
        median = statistics.median(seconds)
        pairs = zip(turns["reference"], seconds, strict=False)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        target = f"{TARGETS[name]:g}" if name in TARGETS else ""
        memory = f"{peak(name, sizes, dtype):.0f} MB" if name != "loops" else ""
        yield (
            f"  {name:18}{median * 1000:>7.2f} ms{ratio:>16.2f}{target:>8}"
            f"{batch * length / median:>12,.0f}{memory:>9}"
        )


def main():
    """Race at both sizes and in both dtypes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peak", nargs=3, metavar=("NAME", "SIZES", "DTYPE"))
    parser.add_argument("--tricks", action="store_true", help="the gain of each trick, no race")
    options = parser.parse_args()
    if options.peak:
        name, sizes, dtype = options.peak
        print(measure_peak(name, tuple(map(int, sizes.split(","))), dtype))
        return
    print(
        f"NumPy {np.__version__}, one BLAS thread, one training step of a pre-norm block, GELU\n"
        "CPU time; ratios are medians over rounds, in each of which all take a turn in random order"
    )
    if "PyTorch, fused" not in entrants(with_loops=False):
        print("PyTorch is not installed: without it there is nothing to say about it.")
    races = [(sizes, dtype) for sizes in SIZES for dtype in ("float32", "float64")]
    if not options.tricks:
        for sizes, dtype in races:
            for line in table(sizes, dtype, race(sizes, dtype)):
                print(line, flush=True)
    for line in gains(races):
        print(line, flush=True)


if __name__ == "__main__":
    main()
