"""One night of one eval: live run, pinned control and sentinels, drawn afresh; a top-up, a confirmation.

How runs are made, and a report is put together from them, is handed over by the door.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.assembling import decided_gates, exit_code
from harness.comparison.designing import changes, ground
from harness.metering import Purse
from harness.planning.keys import run_id
from harness.planning.nights import Pair, regraded, sentinel_jobs
from harness.planning.plan import Plan
from harness.planning.work import Job
from harness.records.nights import (
    BUDGET,
    HOLDS,
    INCOMPLETE,
    INCONCLUSIVE,
    REGRESSION,
    Confirmation,
    Regraded,
)
from harness.records.results import Report
from harness.records.runs import Manifest, Run
from harness.reporting.words import dollars
from harness.session import Session
from harness.store.nights import Nights

Planned = Sequence[tuple[Manifest, Plan]]
Make = Callable[[str, Planned], tuple[Run, ...]]
"""Makes runs; the text tells people what for."""
Grade = Callable[[Manifest, Sequence[Job]], int]
"""Makes the verdicts that these jobs lack; gives how many calls the budget left to another command."""
ReportOf = Callable[[Sequence[Run]], Report]
"""Puts a report together; the first run is the base."""

_OF_CONFIRMATION = {
    "confirmed": REGRESSION,
    "known": REGRESSION,
    "not confirmed": INCONCLUSIVE,
    "not affordable": BUDGET,
    "incomplete": INCOMPLETE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """What a night works with: its id, its two arms, the session, what may be spent, what the door lends."""

    night: str
    pair: Pair
    session: Session
    purse: Purse
    make: Make
    grade: Grade
    report: ReportOf
    sent: frozenset[str] | None = None
    """By batches: the keys that are in one already; `None`: one call at a time."""

    def plans(self, pair: Pair) -> tuple[tuple[Manifest, Plan], ...]:
        """Say what running these arms would take."""
        return tuple((manifest, self.session.plan(manifest, sent=self.sent)) for manifest in pair.both)

    def sentinels(self) -> tuple[Job, ...]:
        """Give tonight's sentinels with the verdicts that are stored of them."""
        material = self.session.material
        return sentinel_jobs(material.sentinels, self.pair.live, self.session.shelf, night=self.night)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of the night so far."""

    report: Report
    watched: Regraded | None
    code: int = HOLDS
    topped_up: bool = False
    failed: tuple[str, ...] = ()
    confirmation: Confirmation = ""
    notes: tuple[str, ...] = ()


def make(tonight: Tonight, planned: Planned) -> Found:
    """Make what the night asks for: two arms, the sentinels, and a top-up or a confirmation where need be.

    `planned` is what was shown to people. A budget that is reached, and a night of which too much is missing,
    are findings like any other. Raises AccessError and InputError as any run does.
    """
    runs = tonight.make("", planned)
    watched, left = _watch(tonight)
    found = Found(report=tonight.report(runs), watched=watched)
    if left or not all(run.finished_at for run in runs):
        return replace(found, code=BUDGET)
    found = replace(found, code=_code(tonight, found))
    if found.code == INCONCLUSIVE:
        found = _topped_up(tonight, found)
    return _confirmed(tonight, found) if found.code == REGRESSION else found


def begun_at(tonight: Tonight) -> str:
    """Say when the night was begun; topped up or taken up again, it keeps its place among the others."""
    return tonight.session.store.load(run_id(tonight.pair.live)).created_at


def unaffordable(tonight: Tonight, planned: Planned) -> str:
    """Say what is too dear for what is left of the budget; empty where it fits."""
    left, costs = tonight.purse.ledger.left, [plan.cost for _, plan in planned]
    if left is None or None in costs:
        return ""
    cost = sum(cost or 0.0 for cost in costs)
    return (
        "" if cost <= left else f"would cost about {dollars(cost)}, with {dollars(left)} of the budget left"
    )


def _code(tonight: Tonight, found: Found) -> int:
    """Decide as any comparison does; a judge that cannot read the sentinels is incomplete, too."""
    watched = found.watched
    if watched and watched.ungraded > watched.items * tonight.pair.live.eval.max_missing:
        return INCOMPLETE
    return exit_code(found.report)


def _watch(tonight: Tonight) -> tuple[Regraded | None, int]:
    """Have the sentinels judged afresh, `None` where the eval has none; and say what the budget left."""
    known = tonight.session.material.sentinels
    if not known:
        return None, 0
    missing = [job for job in tonight.sentinels() if not job.done]
    left = tonight.grade(tonight.pair.live, missing) if missing else 0
    return regraded(known, tonight.sentinels()), left


def _topped_up(tonight: Tonight, found: Found) -> Found:
    """Look once more at twice the attempts, if that could decide and can be paid."""
    pair, gate = tonight.pair, tonight.pair.live.eval.gate
    may = found.report.trusts[0].may_gate or (gate is not None and gate.allow_uncalibrated)
    if not (may and pair.can_double):
        return found
    planned = tonight.plans(pair.doubled())
    if refused := unaffordable(tonight, planned):
        return _noted(found, f"The gate is open, and topping it up {refused}.")
    runs = tonight.make("the gate is open: twice the attempts", planned)
    if not all(run.finished_at for run in runs):
        return _noted(found, "The gate is open, and the budget ended while it was topped up.")
    report = tonight.report(runs)
    return replace(found, report=report, code=exit_code(report), topped_up=True)


def _confirmed(tonight: Tonight, found: Found) -> Found:
    """Try a FAIL again on fresh attempts of both arms: only what fails twice wakes anyone."""
    failed = failed_gates(found.report)
    found = replace(found, failed=failed)
    said = _confirmation(tonight, found)
    return replace(found, confirmation=said, code=_OF_CONFIRMATION[said])


def _confirmation(tonight: Tonight, found: Found) -> Confirmation:
    if _known(tonight, found.failed):
        return "known"
    if tonight.pair.live.eval.model.provider == "recorded":
        return "confirmed"  # there are no fresh attempts: the same answers would come again
    pair = (tonight.pair.doubled() if found.topped_up else tonight.pair).again()
    planned = tonight.plans(pair)
    if unaffordable(tonight, planned):
        return "not affordable"
    runs = tonight.make("a gate failed: the same again on fresh attempts", planned)
    if not all(run.finished_at for run in runs):
        return "not affordable"
    report = tonight.report(runs)
    if exit_code(report) == INCOMPLETE:
        return "incomplete"
    return "confirmed" if set(failed_gates(report)) & set(found.failed) else "not confirmed"


def _known(tonight: Tonight, failed: Sequence[str]) -> bool:
    """Say whether the night before confirmed it already for these two prompts on this ground."""
    pair, at = tonight.pair, begun_at(tonight)
    nights = Nights(tonight.session.store).of(pair.live.eval_name)
    last = next((each for each in reversed(nights) if each.counts and each.at < at), None)
    if last is None or last.live is None or last.control is None:
        return False
    prompts = (last.live.prompt_hash, last.control.prompt_hash)
    same = prompts == tuple(each.revision.agent.prompt_hash for each in (pair.live, pair.control))
    return (
        same
        and last.confirmation in {"confirmed", "known"}
        and bool(set(last.failed) & set(failed))
        and not changes(last.ground, ground(pair.live))
    )


def _noted(found: Found, note: str) -> Found:
    return replace(found, notes=(*found.notes, note))


def failed_gates(report: Report) -> tuple[str, ...]:
    """Name the dimensions whose gate failed."""
    return tuple(dict.fromkeys(gate.dimension for gate in decided_gates(report) if gate.result == "FAIL"))
