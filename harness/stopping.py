"""Carry out a comparison that looks at its results on the way and stops when they are clear, or hopeless."""

from collections.abc import Callable, Sequence

from harness.assembling import arm, complete
from harness.comparison.looking import looked, order, repeated_interval
from harness.errors import InputError
from harness.planning.plan import Plan
from harness.planning.regrading import whole
from harness.records.results import Arm
from harness.records.runs import Look, Manifest, Run, Stopping
from harness.runner import Done, Event
from harness.session import Session, Watch
from harness.statistics.sequential import FEWEST_PLANNED, sizes

Say = Callable[[Look], None]


def refuse_unfit(manifests: Sequence[Manifest], *, batch: bool = False) -> None:
    """Refuse, with the reason, what cannot be compared sequentially."""
    if batch:
        msg = "--sequential looks at results on the way, and a batch brings them all at its end"
        raise InputError(msg, hint="leave one of --sequential and --batch out")
    if len(manifests) != 2:
        msg = f"--sequential compares one candidate with the base, got {len(manifests) - 1} candidates"
        raise InputError(msg, hint="name one with --candidate, or leave --sequential out")
    if any(case.cluster for case in manifests[0].cases):
        msg = "--sequential takes each case for itself, and cases of this eval share a cluster"
        raise InputError(msg, hint="leave --sequential out")
    planned = len(manifests[0].cases)
    if planned < FEWEST_PLANNED:
        msg = (
            f"--sequential needs at least {FEWEST_PLANNED} cases, and this eval has {planned}: half of them "
            "are too few to reach the level of the first look"
        )
        raise InputError(msg, hint="leave --sequential out; so few cases cost little to run in full")


async def perform(
    at_work: Session, plans: Sequence[tuple[Manifest, Plan]], watch: Watch, say: Say
) -> tuple[Run, ...]:
    """Make half of the cases, look, and only where that does not decide go on to three quarters and to all.

    Each look is given to `say`. What was left out, and why, is kept with both runs. Trials that failed are
    tried again at the next look; a look at which more is missing than the eval allows decides nothing and
    ends the comparison, incomplete. Where everything is stored and was not made by looks, there is nothing to
    save and all is compared.
    """
    manifests, purse = [manifest for manifest, _ in plans], at_work.purse()
    ids = order((case.id for case in manifests[0].cases), manifests[0].eval.seed)
    if _all_stored(at_work, manifests):
        return await at_work.perform(plans, purse, watch)
    looks: list[Look] = []
    done = 0
    for size in sizes(len(ids)):
        seen = _only_new(watch, ids[:done])
        runs = await at_work.perform(plans, purse, seen, only=frozenset(ids[:size]))
        arms = _arms(at_work, runs, ids[:size])
        look = looked(*arms, grader=manifests[0].graders[0].kind, asked=size, planned=len(ids))
        if look is None or not complete(arms):
            return runs
        say(look)
        looks.append(look)
        done = size
        if look.word != "go on":
            break
    stopping = _stopping(at_work, arms, ids, looks)
    for run in runs:
        at_work.store.stop(run.id, stopping)
    return tuple(at_work.store.load(run.id) for run in runs)


def _stopping(at_work: Session, arms: tuple[Arm, Arm], ids: Sequence[str], looks: Sequence[Look]) -> Stopping:
    ran, left = ids[: looks[-1].cases], ids[looks[-1].cases :]
    base, candidate = arms
    manifests = [each.made.manifest for each in arms]
    unmade = [at_work.plan(manifest, only=frozenset(left)).calls for manifest in manifests]
    return Stopping(
        base=base.made.id,
        candidate=candidate.made.id,
        ran=tuple(ran),
        left=tuple(left),
        looks=tuple(looks),
        saved=sum(unmade),
        interval=repeated_interval(
            base, candidate, grader=manifests[0].graders[0].kind, level=looks[-1].level
        ),
    )


def _arms(at_work: Session, runs: Sequence[Run], ids: Sequence[str]) -> tuple[Arm, Arm]:
    only = frozenset(ids)
    base, candidate = (
        arm(run, whole(run.manifest, at_work.store, only), at_work.store.failures(run.id)) for run in runs
    )
    return base, candidate


def _all_stored(at_work: Session, manifests: Sequence[Manifest]) -> bool:
    """Say whether nothing is left to make, and the looks of an earlier time are not to be repeated."""
    if any(part.to_make for manifest in manifests for part in at_work.plan(manifest).parts):
        return False
    base, candidate = (at_work.stored(manifest) for manifest in manifests)
    stopping = candidate.stopping if candidate else None
    return not (base and stopping and stopping.base == base.id)


def _only_new(watch: Watch, seen: Sequence[str]) -> Watch:
    """Count a trial once, although every look goes through the cases of the looks before it."""
    known = frozenset(seen)

    def watching(event: Event) -> None:
        if not (isinstance(event, Done) and event.trial.case in known):
            watch(event)

    return watching
