"""The table that the instructor sees after grading."""

from collections import Counter
from collections.abc import Sequence

from autograder.checker.finding import cut, has_name
from autograder.documents.results import Result
from autograder.report.words import first_finding, points, visible

SENTENCE = 60  # characters of a cause in a line


def table(
    assignment: str,
    results: Sequence[Result],
    *,
    isolation: str,
    seconds: float,
    kept: int = 0,
    width: int = 100,
) -> str:
    """All submissions, one line each."""
    count = f"{len(results)} submission{'s' if len(results) != 1 else ''}"
    if kept:
        count += f" ({kept} unchanged)"
    lines = [f"{assignment}   {count}   isolation: {isolation}   {seconds:.1f} s"]
    names = max([10, *(len(result.student) for result in results)])
    names = min(names, 32)
    lines.append(f"  {'submission':{names}}  {'score':>12}  {'checks':>7}   first finding")
    for result in sorted(results, key=lambda result: result.student):
        line = f"  {cut(visible(result.student), names):{names}}  {_score(result)}"
        lines.append(cut(line.rstrip(), width))
    return "\n".join(lines)


def same_slips(results: Sequence[Result], most: int = 3) -> list[str]:
    """Slips that several students made, the most frequent first: what to say in class."""
    counts: Counter[tuple[str, str]] = Counter()
    sentences = {}
    for result in results:
        found = set()
        for check in result.checks:
            cause = check.diagnosis
            if cause and cause.id and not check.passed:
                found.add((cause.id, cause.section))
                sentences[cause.id] = visible(cause.text)
        counts.update(found)
    lines = []
    for (name, section), count in counts.most_common(most):
        if count > 1:
            where = f" (handout §{section})" if section else ""
            what = name if has_name(name) else cut(sentences[name], SENTENCE)
            lines.append(f"Same slip in {count} of {len(results)}: {what}{where}")
    return lines


def review_lines(results: Sequence[Result], most: int = 8) -> list[str]:
    """Review notes in short, students with the most kinds first: who to talk with."""
    noted = [result for result in results if result.review]
    if not noted:
        return []
    noted.sort(key=lambda result: (-len({note.kind for note in result.review}), result.student))
    lines = [f"To look at, in {len(noted)} of {len(results)} (no points are taken for it):"]
    for result in noted[:most]:
        first, more = result.review[0], len(result.review) - 1
        rest = f" and {more} more" if more else ""
        place = f"{visible(first.file)}:{first.line}"
        lines.append(f"  {visible(result.student)}  {place}  {visible(first.message)}{rest}")
    if len(noted) > most:
        lines.append(f"  and {len(noted) - most} more: the result documents have them all")
    return lines


def _score(result: Result) -> str:
    if result.status == "refused":
        return f"{'refused':>12}  {'':>7}   {visible(result.reason)}"
    passed = f"{result.checks_passed}/{len(result.checks)}" if result.checks else ""
    score = "not graded"
    if result.score is not None:
        score = f"{points(result.score)} / {result.max_score:g}"
    return f"{score:>12}  {passed:>7}   {first_finding(result)}"
