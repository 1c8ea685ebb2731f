"""Pairs to translate, made by rule: numbers in words to digits, dates in words to ISO 8601.

A pair is two lists of symbols, such as ["forty", "two"] and ["4", "2"]. Sources are words, targets
characters, and one vocabulary holds both. Given to students as it is.
"""

import datetime

import numpy as np

PAD, START, END = 0, 1, 2
UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
MONTH_WORDS = (
    "january february march april may june july august september october november december"
)
DAY_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
)
UNITS, TENS = UNIT_WORDS.split(), TENS_WORDS.split()
MONTHS, ORDINALS = MONTH_WORDS.split(), DAY_WORDS.split()
LARGE = ["hundred", "thousand", "and", "oh"]
MARKS = ["<pad>", "<start>", "<end>"]
VOCABULARY = [*MARKS, *"0123456789-", *UNITS, *TENS, *LARGE, *MONTHS, *ORDINALS]
_NUMBER_OF = {symbol: number for number, symbol in enumerate(VOCABULARY)}


def number_in_words(number):
    """A whole number from 0 to 999999 as a list of words: 342 -> three hundred and forty two

    Raises ValueError for other numbers.
    """
    if not 0 <= number <= 999_999:
        raise ValueError(f"number is {number}; expected 0 ... 999999")
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest)
    words = [*_below_thousand(thousands), "thousand"]
    if rest == 0:
        return words
    return [*words, "and", *_below_thousand(rest)] if rest < 100 else words + _below_thousand(rest)


def date_in_words(year, month, day):
    """A date of the years 1900 to 1999: 1969-07-20 -> twentieth july nineteen sixty nine"""
    if day <= 20:
        ordinal = [ORDINALS[day - 1]]
    elif day == 30:
        ordinal = ["thirtieth"]
    else:
        ordinal = [TENS[day // 10 - 2], ORDINALS[day % 10 - 1]]
    rest = year - 1900
    if rest == 0:
        spoken = ["hundred"]
    else:
        spoken = ["oh", UNITS[rest]] if rest < 10 else _below_thousand(rest)
    return [*ordinal, MONTHS[month - 1], "nineteen", *spoken]


def draw_numbers(rng, count, largest=999_999):
    """Draw pairs of number words and digits. Short numbers are as frequent as long ones.

    rng: a numpy.random.Generator   ->   a list of (words, digits)
    """
    digits = rng.integers(1, len(str(largest)) + 1, size=count)
    numbers = (rng.random(count) * np.minimum(10.0**digits, largest + 1)).astype(int)
    return [(number_in_words(int(number)), list(str(number))) for number in numbers]


def draw_dates(rng, count):
    """Draw pairs of a date in words and its ten characters, such as 1969-07-20.

    rng: a numpy.random.Generator   ->   a list of (words, characters)
    """
    first = datetime.date(1900, 1, 1).toordinal()
    last = datetime.date(1999, 12, 31).toordinal()
    dates = [datetime.date.fromordinal(int(k)) for k in rng.integers(first, last + 1, size=count)]
    return [(date_in_words(date.year, date.month, date.day), list(str(date))) for date in dates]


def pack_pairs(pairs):
    """Make two arrays of pairs: a start before each target, an end after it, padding after both.

    ->   source: (N, S), target: (N, T) whole numbers
    """
    sources = [[_NUMBER_OF[symbol] for symbol in source] for source, _ in pairs]
    targets = [[START, *(_NUMBER_OF[symbol] for symbol in target), END] for _, target in pairs]
    return _padded(sources), _padded(targets)


def unpack(tokens):
    """The symbols of one row of tokens, up to the first end, without marks: (T,) -> a list"""
    symbols = [VOCABULARY[token] for token in tokens]
    if "<end>" in symbols:
        symbols = symbols[: symbols.index("<end>")]
    return [symbol for symbol in symbols if symbol not in MARKS]


def _below_thousand(number):
    hundreds, rest = divmod(number, 100)
    if hundreds and not rest:
        return [UNITS[hundreds], "hundred"]
    words = [UNITS[hundreds], "hundred", "and"] if hundreds else []
    if rest < 20:
        return [*words, UNITS[rest]]
    tens, unit = divmod(rest, 10)
    return [*words, TENS[tens - 2], *([UNITS[unit]] if unit else [])]


def _padded(rows):
    tokens = np.full((len(rows), max(map(len, rows))), PAD)
    for row, symbols in zip(tokens, rows, strict=True):
        row[: len(symbols)] = symbols
    return tokens
