"""Several questions asked of the same cases: their p values, made to hold together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.statistics.together import step_down


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a family: the differences of its cases, by id and in points, and its own p."""

    differences: Mapping[str, float]
    p: float


def adjusted(
    questions: Sequence[Question], *, clusters: Mapping[str, str], seed: int
) -> tuple[float | None, ...]:
    """Give each question's p over all of them together; `None` where there is one alone.

    All are flipped by the same draw over the cases (or clusters of them) that any of them was asked of. It is
    never below the question's own p: above fourteen cases both come from draws, which differ a little.
    """
    if len(questions) < 2:
        return (None,) * len(questions)
    cases = sorted({case for question in questions for case in question.differences})
    rows: dict[tuple[str, bool], int] = {}
    places = {case: rows.setdefault(_unit(case, clusters), len(rows)) for case in cases}
    columns = []
    for question in questions:
        column = [0.0] * len(rows)
        for case, difference in sorted(question.differences.items()):
            column[places[case]] += difference
        columns.append(column)
    together = step_down(columns, seed=seed)
    return tuple(max(question.p, p) for question, p in zip(questions, together, strict=True))


def _unit(case: str, clusters: Mapping[str, str]) -> tuple[str, bool]:
    """Name what is flipped as a whole: the case's cluster, or the case."""
    name = clusters.get(case, "")
    return (name, True) if name else (case, False)
