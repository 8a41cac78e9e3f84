"""Which gates an eval sets, and what each is decided from: a loss against the base, or a floor."""

from collections.abc import Mapping, Sequence

from harness.comparison.findings import Finding
from harness.comparison.pairing import graded_attempts
from harness.records.comparisons import GateResult
from harness.records.inputs import Gate
from harness.records.outcomes import Outcome
from harness.statistics.gate import gates
from harness.statistics.suite import Suite, Unavailable, above

_NO_PAIR = Unavailable(reason="no case was graded in both arms")
_NO_CASE = Unavailable(reason="no case was graded")


def gates_between(
    findings: Sequence[Finding], candidate: Sequence[Outcome], *, gate: Gate | None, dimensions: Sequence[str]
) -> tuple[GateResult, ...]:
    """Decide all gates of a comparison together, so that several do not fail more often by chance.

    The floors hold for the candidate, over all its cases.
    """
    if gate is None:
        return ()
    suites: Mapping[str, Suite | Unavailable] = {found.dimension: found.suite for found in findings}
    return gates(
        {name: suites.get(name, _NO_PAIR) for name in gate.gated(dimensions)},
        margin=gate.margin,
        margins=gate.margins,
        floors=_floors(candidate, gate),
        looks=gate.looks,
    )


def gates_of_one(outcomes: Sequence[Outcome], gate: Gate | None) -> tuple[GateResult, ...]:
    """Decide the floors of a single run; what is gated against a base needs one."""
    if gate is None:
        return ()
    return gates({}, margin=gate.margin, floors=_floors(outcomes, gate), looks=gate.looks)


def _floors(outcomes: Sequence[Outcome], gate: Gate) -> Mapping[str, tuple[float, Suite | Unavailable]]:
    scored = {name: graded_attempts(outcomes, name) for name in gate.floors}
    return {
        name: (floor, above(floor, [scored[name][case] for case in sorted(scored[name])]))
        if scored[name]
        else (floor, _NO_CASE)
        for name, floor in gate.floors.items()
    }
