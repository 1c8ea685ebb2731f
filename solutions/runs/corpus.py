"""The text that the language model learns: the course's handouts, alike in every checkout."""

from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
RARE = "\N{REPLACEMENT CHARACTER}"  # stands for every character that is too rare to be learnt
LEAST = 20
HELD_OUT = 0.1


def read_text(root=ROOT):
    """All handouts, one after the other. FileNotFoundError where there are none."""
    paths = sorted((root / "assignments").glob("*/handout.md"))
    if not paths:
        raise FileNotFoundError(f"{root / 'assignments'} holds no handout.md")
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def make_alphabet(text):
    """The characters that occur LEAST times or more, and one for the rest."""
    characters, counts = np.unique(np.array(list(text)), return_counts=True)
    return [RARE, *characters[counts >= LEAST].tolist()]


def encode(text, alphabet):
    """Text to whole numbers: a character's place in the alphabet, 0 for the rare ones."""
    number_of = {character: number for number, character in enumerate(alphabet)}
    return np.array([number_of.get(character, 0) for character in text])


def decode(tokens, alphabet):
    """Whole numbers to text."""
    return "".join(alphabet[token] for token in tokens)


def split(tokens, length):
    """Overlapping rows of `length` tokens to learn from, and rows that don't overlap to test on.

    The tested tenth lies in twenty pieces all over the text, so that every handout is in both.

    tokens: (n,)   ->   training: (N, length), held_out: (M, length)
    """
    pieces = np.array_split(tokens, 20)
    cuts = [len(piece) - int(HELD_OUT * len(piece)) for piece in pieces]
    training = [
        np.lib.stride_tricks.sliding_window_view(piece[:cut], length)
        for piece, cut in zip(pieces, cuts, strict=True)
    ]
    held_out = [
        piece[cut : cut + (len(piece) - cut) // length * length].reshape(-1, length)
        for piece, cut in zip(pieces, cuts, strict=True)
    ]
    return np.concatenate(training), np.concatenate(held_out)


def bigram_loss(tokens, held_out, size):
    """The mean cross entropy of held-out text under bigram counts, one added to each.

    tokens: (n,) training text   held_out: (M, T)   size: of the alphabet   ->   a float, in nats
    """
    counts = np.ones((size, size))
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    log_p = np.log(counts / counts.sum(1, keepdims=True))
    return float(-log_p[held_out[:, :-1], held_out[:, 1:]].mean())
