"""From stored runs to designs: what may be measured together, what a design costs, which one to take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from harness.planning.keys import digest, judging
from harness.records.estimates import OVERALL
from harness.records.inputs import Gate
from harness.records.outcomes import Graded
from harness.records.record import Record
from harness.records.results import Arm
from harness.records.runs import Manifest
from harness.records.trust import Trust
from harness.reporting.words import dollars, listed, many, percent, points
from harness.statistics.power import Design, GateRule, Scatter, Seen

ENOUGH = 0.8
"""The chance to PASS when nothing changed that a design should have."""

MOST_ATTEMPTS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced(Record):
    """A design with what a comparison of it takes from nothing: paid calls and US dollars.

    `cost` is `None` where no price is known for a model.
    """

    design: Design
    calls: int
    cost: float | None

    @property
    def passes(self) -> float:
        """The chance that the gate passes when nothing changed; 0 where there is no gate to speak of."""
        return self.design.gate["PASS"] if self.design.gate else 0.0


def names_of(manifest: Manifest) -> tuple[str, ...]:
    """Give overall and the dimensions, in their order."""
    return (OVERALL, *(rubric.dimension for rubric in manifest.rubrics))


def ground(manifest: Manifest) -> Mapping[str, str]:
    """Hash, one by one, what must be equal for the scores of two runs to be comparable.

    The prompt is what is under test, and attempts only make a score more or less sharp: neither is in it.
    """
    asked = manifest.eval
    model = asked.model
    decides = manifest.graders[0]
    return {
        "cases": digest(
            sorted(([asdict(case) for case in manifest.cases]), key=lambda case: str(case["id"]))
        ),
        "rubrics": digest([asdict(rubric) for rubric in manifest.rubrics]),
        "grader": digest([asdict(decides), judging(asked.graders[0])]),
        "model": digest([model.provider, model.name, model.max_tokens, model.effort, manifest.model_version]),
    }


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Name what differs between two grounds."""
    return tuple(name for name in after if before.get(name) != after[name])


def seen(arm: Arm, names: Sequence[str]) -> Seen:
    """Take what the deciding grader made of a run apart by case; only attempts graded in full count."""
    manifest = arm.made.manifest
    found: dict[str, list[tuple[float, ...]]] = {}
    for outcome in arm.outcomes[manifest.graders[0].kind]:
        if isinstance(outcome, Graded):
            scores = {OVERALL: outcome.overall, **{name: s.value for name, s in outcome.scores.items()}}
            found.setdefault(outcome.trial.case, []).append(tuple(100 * scores[name] for name in names))
    return Seen(
        prompt=manifest.revision.agent.prompt_hash,
        cases={case: tuple(attempts) for case, attempts in found.items()},
        clusters={case.id: case.cluster for case in manifest.cases if case.cluster},
    )


def rule(gate: Gate, newest: Arm, names: Sequence[str]) -> GateRule:
    """Say what a gate asks of a run; a floor is held against what the newest run scored."""
    scores = dict(newest.scores[newest.made.manifest.graders[0].kind])
    means = {name: scores[name].mean for name in gate.floors}
    return GateRule(
        margins={name: gate.margin_of(name) for name in gate.gated(names[1:])},
        floors={name: (gate.floors[name], mean) for name, mean in means.items() if mean is not None},
        looks=gate.looks,
    )


def still(found: Scatter, asked: GateRule) -> tuple[str, ...]:
    """Name the gated scores on which no two attempts at a case differ: their gates stay open at any size."""
    gated = (*asked.margins, *(name for name in asked.floors if name not in asked.margins))
    return tuple(name for name in gated if found.attempts is not None and not found.attempts[name])


def asks(gate: Gate | None, made: GateRule, newest: str) -> str:
    """Put a gate into words: its margins, its floors with the score they are held against, its looks."""
    by_margin: dict[float, list[str]] = {}
    for name, margin in made.margins.items():
        by_margin.setdefault(margin, []).append(name)
    parts = [f"a margin of {margin:g} on {listed(names)}" for margin, names in by_margin.items()]
    parts += [
        f"a floor of {floor:g} on {name} (which {newest} scored {points(score)} on)"
        for name, (floor, score) in made.floors.items()
    ]
    looks = f", at one of {made.looks} looks" if made.looks > 1 else ""
    opening = "the gate, with" if gate else "this eval has no gate; one with"
    return f"{opening} {listed(parts)}{looks}"


def fewest_attempts(cases: int, chance: Callable[[int, int], float]) -> int | None:
    """Find the fewest attempts at which so many cases pass often enough; `None` up to `MOST_ATTEMPTS`.

    `chance` maps cases and attempts to the chance of a PASS, which more attempts do not lower.
    """
    if chance(cases, MOST_ATTEMPTS) < ENOUGH:
        return None
    low, high = 1, MOST_ATTEMPTS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if chance(cases, middle) >= ENOUGH else (middle, high)
    return high


def advice(now: Priced, others: Sequence[Priced], *, gated: bool = True, unmoved: Sequence[str] = ()) -> str:
    """Say in a line what the eval finds as it is, and the cheapest design that passes often enough.

    `gated` says whether the eval has a gate of its own, `unmoved` which gated scores are `still`.
    """
    opening = f"Your eval as it is ({_size(now.design)}) {_finds(now.design)}"
    if now.design.gate is None:
        return f"{opening}."
    passes = "its gate passes" if gated else "a gate at the usual margin would pass"
    if unmoved:
        return (
            f"{opening}; no two attempts at a case differ on {listed(unmoved)}, so its gate has no error to "
            "reckon with and stays open whatever the size."
        )
    opening += f", and if nothing changed {passes} {percent(now.passes)} of the time"
    if now.passes >= ENOUGH:
        return f"{opening}: that is enough."
    enough = [other for other in others if other.passes >= ENOUGH]
    if not enough:
        return f"{opening}; no design here passes {percent(ENOUGH)} of the time: widen the margin."
    best = min(enough, key=lambda other: (other.design.trials, other.design.attempts))
    told = f"the cheapest that passes {percent(ENOUGH)} of the time is {_size(best.design)} ({_takes(best)})"
    kept = [other for other in enough if other.design.cases == now.design.cases]
    if kept and kept[0].design.cases != best.design.cases:
        same = min(kept, key=lambda other: other.design.attempts)
        told += f", with the cases you have {_size(same.design)} ({_takes(same)})"
    return f"{opening}; {told}."


def measured(found: Scatter) -> str:
    """Say how much scatters, as standard deviations of overall."""
    parts = []
    if found.attempts is not None:
        parts.append(f"attempts at one case scatter by {points(found.attempts[OVERALL] ** 0.5)} points")
    if found.cases is not None:
        what = "cases differ in how they take a change by"
        if found.attempts is None:
            what = "cases and attempts together scatter by"
        parts.append(f"{what} {points(found.cases[OVERALL] ** 0.5)} points")
    return f"{' and '.join(parts)} (overall, standard deviations)" if parts else "nothing scatters yet"


def wanting(found: Scatter, gate: Gate | None, trusted: Trust) -> Sequence[str]:
    """Say what the runs cannot tell and what would, and what the numbers take for granted."""
    said = []
    if gate and not (gate.allow_uncalibrated or trusted.may_gate):
        said.append(
            f"The gate stays inconclusive whatever the size until its grader may decide it. {trusted.words}"
        )
    if found.crowd > 1:
        said.append(
            f"The cases come in clusters of {points(found.crowd)} on average, and those are counted; "
            "other numbers of cases are taken to come in clusters as large."
        )
    if found.cases is None:
        said.append(
            "Only one prompt has been run, so how differently cases take a change is not known: "
            "`harness compare` with a second revision tells what difference can be found."
        )
    if found.attempts is None:
        said.append(
            "No case was answered twice, so nothing is known of attempts: the gate cannot be foretold, "
            "nor what more attempts would help. Run once with two attempts or more."
        )
    return said


def _size(design: Design) -> str:
    return f"{many(design.cases, 'case')} × {many(design.attempts, 'attempt')}"


def _finds(design: Design) -> str:
    found = design.detectable[OVERALL]
    if found is None:
        return "cannot say which difference it finds"
    return f"finds a true difference of {points(found)} points four times in five"


def _takes(priced: Priced) -> str:
    calls = many(priced.calls, "call") if priced.calls else many(priced.design.trials, "trial")
    return f"{calls}, {dollars(priced.cost)}" if priced.calls else calls
