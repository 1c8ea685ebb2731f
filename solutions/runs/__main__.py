"""`make train`: train both models, show how they do, draw what they learnt.

With solutions/ on the path: python -m runs [--to FOLDER] [--language-steps N] …
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: E402

from runs.language import train_on_handouts  # noqa: E402
from runs.translation import train_on_pairs  # noqa: E402


def with_bar(title, steps, run):
    """Run a training with a progress bar on stderr; samples go to stdout."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed}/{task.total}  loss {task.fields[loss]:.3f}"),
        TextColumn("{task.fields[speed]:,.0f} tokens/s"),
        TimeRemainingColumn(),
    )
    print(f"\n{title}", flush=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(title.split(":")[0], total=steps, loss=float("nan"), speed=0.0)
        last = time.perf_counter()

        def report(done, loss, tokens):
            nonlocal last
            now = time.perf_counter()
            bar.update(task, completed=done, loss=loss, speed=tokens / (now - last))
            last = now

        def sample(text):
            done = int(bar.tasks[0].completed)
            print(f"  step {done:>5}  {text!r}", flush=True)

        started = time.perf_counter()
        result = run(steps, report, sample)
    print(f"  {steps} steps in {time.perf_counter() - started:.0f} s", flush=True)
    return result


def main():
    """Train, report, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("results", "training"))
    parser.add_argument("--language-steps", type=int, default=700)
    parser.add_argument("--translation-steps", type=int, default=600)
    options = parser.parse_args()
    try:
        written = with_bar(
            "Language model: learning to write the course's handouts",
            options.language_steps,
            train_on_handouts,
        )
        loss = written.tested[-1][1]
        side = "below" if loss < written.bigram else "above"
        print(f"  held-out loss {loss:.3f}, {side} the bigram model's {written.bigram:.3f}")
        translated = with_bar(
            "Encoder-decoder: numbers and dates in words to figures",
            options.translation_steps,
            train_on_pairs,
        )
        print(f"  {translated.tested[-1][1]:.0%} of {len(translated.tests[0])} new pairs right")
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        return 130
    from runs.pictures import draw_all

    for path in draw_all(written, translated, options.to):
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
