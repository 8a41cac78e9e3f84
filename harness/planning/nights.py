"""What one night asks: two arms drawn afresh, and sentinels judged afresh.

A draw is named `night/<id>/<arm>`, so that every night and both arms get answers of their own, even to the
same prompt, and a night that was killed finds what it had made.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.grading.labels import text_hash
from harness.grading.seats import Seat, seats
from harness.grading.voting import decided
from harness.planning.keys import Asked, answer_key, briefing_hash, digest, question_hash
from harness.planning.work import Job, Shelf, filled, request_of, seated
from harness.records.inputs import Case
from harness.records.nights import Regraded, Sentinel
from harness.records.outcomes import Answer, Trial
from harness.records.runs import Manifest, Run

LIVE, CONTROL = "live", "control"

_AGAIN = "-again"
_LOOKS = 2  # a gate that stays open is looked at once more, so each look takes half of the error
_MOST_ATTEMPTS = 1000  # as an eval allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A night's two arms: the same cases, model and graders, two prompts."""

    control: Manifest
    live: Manifest

    @property
    def both(self) -> tuple[Manifest, Manifest]:
        """The control first: it is the base."""
        return self.control, self.live

    @property
    def can_double(self) -> bool:
        """Whether twice as many attempts are allowed, and would be other answers."""
        asked = self.live.eval
        return 2 * asked.attempts <= _MOST_ATTEMPTS and asked.model.provider != "recorded"

    def doubled(self) -> "Pair":
        """Ask for twice as many attempts; the first half are those there are."""
        control, live = (
            replace(each, eval=replace(each.eval, attempts=2 * each.eval.attempts)) for each in self.both
        )
        return Pair(control=control, live=live)

    def again(self) -> "Pair":
        """Ask for as many attempts anew, in draws of their own."""
        control, live = (
            replace(
                each,
                draw=f"{each.draw}{_AGAIN}",
                revision=replace(each.revision, label=f"{each.revision.label}{_AGAIN}"),
            )
            for each in self.both
        )
        return Pair(control=control, live=live)


def newest_of_each_draw(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Leave one run of each draw of a night, the one with most attempts, and none that only confirmed it.

    Runs that belong to no night stay as they are, in their order.
    """
    most: dict[tuple[str, str], int] = {}
    for run in runs:
        place = _place(run)
        most[place] = max(run.manifest.eval.attempts, most.get(place, 0))
    return tuple(
        run
        for run in runs
        if not run.manifest.draw
        or (not run.manifest.draw.endswith(_AGAIN) and run.manifest.eval.attempts == most[_place(run)])
    )


def _place(run: Run) -> tuple[str, str]:
    return run.manifest.draw, run.manifest.revision.agent.prompt_hash


def pair(live: Manifest, control: Manifest, *, night: str) -> Pair:
    """Put two runs into the draws of a night; their gate is one that may be decided at two looks."""
    drawn = [
        replace(
            each,
            draw=f"night/{night}/{arm}",
            eval=replace(each.eval, gate=each.eval.gate and replace(each.eval.gate, looks=_LOOKS)),
            revision=replace(each.revision, label=arm),
        )
        for each, arm in ((control, CONTROL), (live, LIVE))
    ]
    return Pair(control=drawn[0], live=drawn[1])


def sentinel_jobs(
    sentinels: Sequence[Sentinel], manifest: Manifest, shelf: Shelf, *, night: str
) -> tuple[Job, ...]:
    """Ask the grader that decides for one verdict on each sentinel, this night's own."""
    info, spec = manifest.graders[0], manifest.eval.graders[0]
    drawn: list[Seat | None] = [replace(seat, draw=f"night/{night}/sentinel") for seat in seats(spec)]
    found = []
    for each in sentinels:
        case = Case(id=each.id, prompt=each.question, guidance=each.guidance, reference=each.reference)
        hashes = (question_hash(case), text_hash(each.answer), briefing_hash(case))
        asked = Asked(each.dimension, each.criterion, *hashes)
        request = request_of(manifest, case, "sentinel")
        trial = Trial(case=each.id, attempt=1, key=answer_key(request))
        marks = (mark for seat in drawn or [None] for mark in seated(info, seat, [asked], each.answer))
        found.append(Job(trial, case, request, Answer(text=each.answer), tuple(marks)))
    stored = shelf.verdicts([mark.key for job in found for mark in job.marks])
    return tuple(replace(job, marks=filled(job.marks, stored)) for job in found)


def frozen(known: Sequence[Sentinel], count: int) -> tuple[Sentinel, ...]:
    """Choose as many met as not met, spread over dimensions, criteria and answers; the same each time.

    Fewer than `count` where there are not enough of either kind.
    """
    found: list[Sentinel] = []
    used = Counter[str]()
    for met in (True, False):
        left = {each.id: each for each in sorted(known, key=lambda each: digest(each.id)) if each.met is met}
        for _ in range(count // 2):
            if not left:
                break
            each = min(left.values(), key=lambda each: tuple(used[place] for place in _places(each)))
            used.update(_places(each))
            found.append(left.pop(each.id))
    return tuple(found)


def _places(each: Sentinel) -> tuple[str, str, str]:
    """What sentinels should not crowd, the most important first."""
    return f"dimension {each.dimension} {each.met}", f"criterion {each.criterion.id}", f"answer {each.answer}"


def regraded(sentinels: Sequence[Sentinel], work: Sequence[Job]) -> Regraded:
    """Count what a night's judge said of the sentinels beside what is known."""
    said = [
        (each.met, next((verdict.met for verdict in decided(job.marks)), None))
        for each, job in zip(sentinels, work, strict=True)
    ]
    return Regraded(
        items=len(said),
        met=sum(now is True for _, now in said),
        up=sum(now is True and not known for known, now in said),
        down=sum(now is False and known for known, now in said),
        ungraded=sum(now is None for _, now in said),
    )
