"""A comparison that may stop early: which cases come first, what a look sees, what its report must say."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.comparison.pairing import pairs
from harness.planning.keys import digest
from harness.records.comparisons import Comparison, GateResult
from harness.records.estimates import OVERALL, Estimate
from harness.records.results import Arm
from harness.records.runs import Look, Stopping
from harness.reporting.words import interval, listed, many, percent, signed
from harness.statistics import sequential
from harness.statistics.estimates import NO_VARIATION
from harness.statistics.paired import SUBSETS, paired, pseudo_case_interval
from harness.statistics.subsets import subset_means


def order(ids: Iterable[str], seed: int) -> tuple[str, ...]:
    """Put case ids in the random order that belongs to this seed, whatever order they come in.

    A new case falls somewhere between the others and does not shuffle them.
    """
    return tuple(sorted(ids, key=lambda name: digest([seed, name])))


def looked(base: Arm, candidate: Arm, *, grader: str, asked: int, planned: int) -> Look | None:
    """Look at overall over the cases that both arms have graded so far; `None` where there is none.

    With a gate there is no stop for futility: a gate needs the whole suite.
    """
    found = pairs(base.outcomes[grader], candidate.outcomes[grader], dimension=OVERALL)
    if not found.cases:
        return None
    wanted = base.made.manifest.eval
    tested = paired(found.differences, seed=wanted.seed)
    return sequential.look(tested, asked=asked, planned=planned, futility=wanted.gate is None)


def repeated_interval(base: Arm, candidate: Arm, *, grader: str, level: float) -> Estimate | None:
    """Give overall's interval at the look's level, which covers whenever one stops.

    Jennison and Turnbull (1989, JRSS B 51, 305-361).
    """
    differences = pairs(base.outcomes[grader], candidate.outcomes[grader], dimension=OVERALL).differences
    seed = base.made.manifest.eval.seed
    found = paired(differences, seed=seed).estimate
    if found.method == NO_VARIATION:
        return None
    if found.method == SUBSETS:
        low, high = subset_means(differences, seed=seed).interval(1 - level)
    else:
        low, high = pseudo_case_interval(differences, confidence=1 - level)
    return replace(found, low=low, high=high, method=f"{found.method}, over all looks")


def under(found: Comparison, stopping: Stopping) -> Comparison:
    """Add to a comparison what its looks mean for it.

    Stopped early, no gate passes, because a gate is about the whole suite; and one fails only where overall
    was found worse, because a look that stopped for something else says nothing of losses.
    """
    headline = f"{found.headline} {stopping.words.capitalize()}." if stopping.early else found.headline
    gates = tuple(_withheld(gate, stopping) for gate in found.gates) if stopping.early else found.gates
    return replace(found, headline=headline, gates=gates, caveats=(*_caveats(stopping), *found.caveats))


def told(look: Look, planned: int) -> str:
    """Say in a line what a look saw and what comes of it."""
    seen = (
        f"{look.cases} of {planned} cases: overall {signed(look.difference)} points, p = {look.p:.4f}, "
        f"which decides at {look.level:.4f} or less"
    )
    match look.word:
        case "better" | "worse":
            return f"{seen}: {look.word}"
        case "futile":
            chance = percent(look.conditional_power)
            return f"{seen}: stopping, the last look would decide with a chance of {chance}"
        case "go on":
            return f"{seen}: going on"
        case "no decision":
            return f"{seen}: no decision"


def saving(stopping: Stopping) -> str:
    """Say how a sequential comparison ended and what that saved."""
    if not stopping.early:
        return f"{stopping.words.capitalize()}: nothing saved."
    saved = many(stopping.saved, "paid call") if stopping.saved else many(len(stopping.left), "case")
    return f"{stopping.words.capitalize()}, saved {saved}."


def _caveats(stopping: Stopping) -> Sequence[str]:
    sizes = listed([str(size) for size in sequential.sizes(len(stopping.ran) + len(stopping.left))])
    last = stopping.looks[-1]
    told_interval = ""
    if stopping.interval is not None:
        told_interval = (
            f" The 95 % intervals hold for a single look; the one that holds over all looks is, for overall, "
            f"{interval(stopping.interval, sign=True)}."
        )
    rule = (
        f"{saving(stopping)} It was to be looked at after {sizes} cases in random order, so a p decides at "
        f"{last.level:.4f} here, not at 0.05.{told_interval}"
    )
    if not stopping.early:
        return (rule,)
    if last.word == "futile":
        why = (
            f"It stopped because the last look would have decided with a chance of only "
            f"{percent(last.conditional_power)}: that is no evidence that nothing changed."
        )
        return (rule, why)
    return (rule, "Differences seen at an early stop are biased outward: the true one is likely smaller.")


def _withheld(gate: GateResult, stopping: Stopping) -> GateResult:
    if gate.result == "INCONCLUSIVE" or (gate.result == "FAIL" and stopping.looks[-1].word == "worse"):
        return gate
    words = (
        f"the gate on {gate.dimension} is about the whole suite, and this comparison {stopping.words}: "
        "`harness compare` without --sequential decides it"
    )
    return replace(gate, result="INCONCLUSIVE", attempts_needed=None, words=words)
