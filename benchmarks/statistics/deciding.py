"""Three studies: the verdict where nothing or something changed, where a few cases break, and the gate."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

import batch
from model import World, draw, draw_fixed
from study import Cell, Result, Study, chosen, mean, percent, table, worst

SIZES = (10, 20, 40)
ATTEMPTS = (1, 3, 5)
LIKENESS = (0.3, 0.55, 0.8)
MARGIN = 5.0
TYPE_I_LIMIT = 0.06
FALSE_PASS_LIMIT = 0.07
_CHECKED = 3
"""Experiments of every block that are held against the harness's own functions."""

_METHODS = {
    "verdict": "**this harness**",
    "cases": "paired t, a case counts once (textbook)",
    "pairs": "paired t, attempts counted as cases",
    "trials": "t over all trials, unpaired",
    "verdicts": "z over all verdicts pooled, unpaired",
}
_NAIVE = {
    "cases": batch.t_over_cases,
    "pairs": batch.t_over_pairs_of_trials,
    "trials": batch.t_over_trials,
    "verdicts": batch.z_over_verdicts,
}


def _world(cell: Cell) -> World:
    return World(
        cases=int(cell["cases"]),
        attempts=int(cell["attempts"]),
        likeness=cell["likeness"],
        level=cell["level"],
        change=cell["change"],
        broken=cell["broken"],
    )


def _cell(cases: int, attempts: int, **others: float) -> Cell:
    usual = {"likeness": 0.55, "level": 0.70, "change": 0.0, "broken": 0.0}
    return {"cases": cases, "attempts": attempts, **usual, **others}


# ------------------------------------------------------------------ the verdict


def _verdicts(cell: Cell, replicates: int, seed: int) -> Mapping[str, int]:
    rng = np.random.default_rng(seed)
    drawn = draw(_world(cell), replicates, rng)
    said = batch.verdict(drawn, seed)
    for row in rng.integers(replicates, size=_CHECKED):
        batch.check_verdict(drawn, said, seed, int(row))
    counts = dict(_counted("verdict", said, cell["change"]))
    for name, method in _NAIVE.items():
        counts |= dict(_counted(name, method(drawn), cell["change"]))
    return counts | {"glance": int(batch.mean_went_up(drawn).sum())}


def _counted(name: str, said: batch.Said, change: float) -> Iterator[tuple[str, int]]:
    covered = (said.low - 1e-9 <= change) & (change <= said.high + 1e-9)
    yield f"{name} claims", int(said.claims.sum())
    yield f"{name} covers", int(covered.sum())


def _verdict_table(results: Sequence[Result]) -> str:
    none, some = chosen(results, change=0.0), [each for each in results if each.cell["change"]]
    sizes = [f"n = {n}" for n in SIZES]
    header = (
        "claims a change where there is none",
        *sizes,
        "worst cell",
        "at most",
        "interval covers",
        "least",
    )
    rows = [(words, *_errors(none, name)) for name, words in _METHODS.items()]
    glances = [percent(mean(chosen(none, cases=n), "glance")) for n in SIZES]
    top = worst(none, "glance")
    highest = [percent(top.rate("glance")), percent(top.upper("glance"))]
    rows.append(("“the mean went up”: says better", *glances, *highest, "–", "–"))
    power = [(f"n = {n}", *(_found(some, n, change) for change in (5.0, 10.0))) for n in SIZES]
    heads = [f"+{change} points, {_listed(ATTEMPTS)} attempts" for change in (5, 10)]
    return f"{table(header, rows)}\n\n{table(('this harness finds a change of', *heads), power)}"


def _errors(none: Sequence[Result], name: str) -> tuple[str, ...]:
    top, covers = worst(none, f"{name} claims"), f"{name} covers"
    least = min(result.rate(covers) for result in none)
    return (
        *(percent(mean(chosen(none, cases=n), f"{name} claims")) for n in SIZES),
        percent(top.rate(f"{name} claims")),
        percent(top.upper(f"{name} claims")),
        percent(mean(none, covers)),
        percent(least),
    )


def _found(some: Sequence[Result], cases: int, change: float) -> str:
    cells = [chosen(some, cases=cases, attempts=attempts, change=change) for attempts in ATTEMPTS]
    return " · ".join(f"{100 * mean(cell, 'verdict claims'):.0f} %" for cell in cells)


def _listed(numbers: Sequence[int]) -> str:
    return " · ".join(map(str, numbers))


def _verdict_faults(results: Sequence[Result]) -> Iterator[str]:
    rate = mean(chosen(results, change=0.0), "verdict claims")
    if rate > TYPE_I_LIMIT:
        yield f"the verdict claims {percent(rate)} where nothing changed, above {percent(TYPE_I_LIMIT)}"


VERDICT = Study(
    name="verdict",
    cells=(
        *(_cell(n, e, likeness=r) for n, e, r in itertools.product(SIZES, ATTEMPTS, LIKENESS)),
        *(_cell(n, e, change=c) for n, e, c in itertools.product(SIZES, ATTEMPTS, (5.0, 10.0))),
    ),
    measure=_verdicts,
    table=_verdict_table,
    faults=_verdict_faults,
)

# ------------------------------------------------------------------ a few cases break


def _skewed_table(results: Sequence[Result]) -> str:
    header = ("one case in ten breaks, no change on average", *(f"n = {n}" for n in SIZES))
    blocks = []
    for level in sorted({result.cell["level"] for result in results}):
        found = chosen(results, level=level)
        title = (f"{header[0]}; base meets {100 * level:.0f} %", *header[1:])
        rows = [
            (words, *(percent(mean(chosen(found, cases=n), f"{name} claims")) for n in SIZES))
            for name, words in _METHODS.items()
        ]
        blocks.append(table(title, rows))
    return "\n\n".join(blocks)


SKEWED = Study(
    name="skewed",
    cells=tuple(
        _cell(n, e, level=level, broken=0.1)
        for level, n, e in itertools.product((0.70, 0.85), SIZES, ATTEMPTS)
    ),
    measure=_verdicts,
    table=_skewed_table,
    faults=lambda _: (),
)

# ------------------------------------------------------------------ the gate


def _gates(cell: Cell, replicates: int, seed: int) -> Mapping[str, int]:
    rng = np.random.default_rng(seed)
    drawn = draw_fixed(_world(cell), replicates, rng)
    said = batch.gate(drawn, MARGIN)
    for row in rng.integers(replicates, size=_CHECKED):
        batch.check_gate(drawn, said, MARGIN, int(row))
    return {
        "passes": int(said.passes.sum()),
        "fails": int(said.fails.sum()),
        "point passes": int((batch.moved(drawn) > -MARGIN).sum()),
        "lenient passes": int((~(batch.t_over_cases(drawn).high < 0)).sum()),
    }


def _gate_table(results: Sequence[Result]) -> str:
    header = (
        "cases × attempts",
        "PASS, true −5 (at the margin)",
        "worst cell",
        "at most",
        "PASS, nothing changed",
        "FAIL, nothing changed",
        "PASS, true −10",
        "FAIL, true −10",
        "“point above −5” passes true −5",
        "“not significantly worse” passes true −5",
    )
    return table(header, [_gate_row(results, n, e) for n, e in itertools.product(SIZES, ATTEMPTS[1:])])


def _gate_row(results: Sequence[Result], cases: int, attempts: int) -> tuple[str, ...]:
    at, none, worse = (
        chosen(results, cases=cases, attempts=attempts, change=change) for change in (-MARGIN, 0.0, -10.0)
    )
    top = worst(at, "passes")
    return (
        f"{cases} × {attempts}",
        percent(mean(at, "passes")),
        percent(top.rate("passes")),
        percent(top.upper("passes")),
        *(percent(mean(none, name)) for name in ("passes", "fails")),
        *(percent(mean(worse, name)) for name in ("passes", "fails")),
        *(percent(mean(at, name)) for name in ("point passes", "lenient passes")),
    )


def _gate_faults(results: Sequence[Result]) -> Iterator[str]:
    rate = mean(chosen(results, change=-MARGIN), "passes")
    if rate > FALSE_PASS_LIMIT:
        yield f"the gate passes {percent(rate)} at the margin, above {percent(FALSE_PASS_LIMIT)}"


GATE = Study(
    name="gate",
    cells=tuple(
        _cell(n, e, likeness=r, change=c)
        for n, e, r, c in itertools.product(SIZES, ATTEMPTS[1:], LIKENESS, (0.0, -MARGIN, -10.0))
    ),
    measure=_gates,
    table=_gate_table,
    faults=_gate_faults,
)
