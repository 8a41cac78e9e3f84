"""Wait for batches, and keep what they bring."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from harness.batching.desk import Desk, Settled, Verdicts, Waited
from harness.batching.sending import reached
from harness.errors import AccessError
from harness.planning.batches import Item, Posting, Result, Returned, Standing
from harness.records.outcomes import Answer

_CHUNK = 200  # results kept before their items are forgotten

_MISSING = Returned(kind="missing", message="the batch ended without its result", again=True)
_UNANSWERED = Returned(kind="no-answer", message="the answer it is about is not in the store", again=False)

Over = dict[str, Returned | None]
"""Keys that this run is through with, and why there is no result where there is none."""


async def first_ended(postings: Sequence[Posting], desk: Desk) -> list[tuple[Posting, Standing]]:
    """Look at the batches, ever more rarely, until at least one has ended; give those that have."""
    wait = 0.0
    while True:
        wait = desk.patience.after(wait)
        await asyncio.sleep(wait)
        found = [(posting, await _standing(posting, desk)) for posting in postings]
        ended = [(posting, standing) for posting, standing in found if standing.ended]
        if ended:
            return ended
        standings = tuple(standing for _, standing in found)
        desk.tell(Waited(standings, desk.patience.after(wait)))


async def settle(posting: Posting, standing: Standing, desk: Desk, over: Over) -> None:
    """Keep every result of a batch that has ended, and let the other items wait for the next one.

    A result is kept before its item is forgotten, so a crash in between only reads it again. Raises
    AccessError when the API refused requests for a reason that no batch mends; what came is kept first.
    """
    office = await desk.office((posting.base_url, posting.key_variable))
    results = iter(
        await reached(office.results(standing), f"batch {posting.id} has ended, but cannot be read")
    )
    taken = _Taken(desk, over, posting.id)
    seen = 0
    while chunk := list(islice(results, _CHUNK)):
        seen += len(chunk)
        taken.take(dict(chunk), desk.register.items(posting.name, [custom_id for custom_id, _ in chunk]))
    left = desk.register.items(posting.name)
    if left and seen and not taken.matched:
        desk.register.disown(posting)  # a batch of the same size, sent by somebody else at the same time
        return
    taken.take(dict.fromkeys(left, _MISSING), left)
    desk.register.settle(posting.name, at=desk.at())
    desk.tell(Settled(posting, taken.kept, taken.again, taken.failed))
    if taken.refused:
        raise taken.refused


async def _standing(posting: Posting, desk: Desk) -> Standing:
    office = await desk.office((posting.base_url, posting.key_variable))
    return await reached(office.standing(posting.id), f"batch {posting.id} cannot be looked at")


@dataclass(slots=True)
class _Taken:
    """Takes results in and counts them; `matched` were asked for by this batch."""

    desk: Desk
    over: Over
    batch: str
    matched: int = 0
    kept: int = 0
    again: int = 0
    failed: int = 0
    refused: AccessError | None = None
    _back: list[Item] = field(default_factory=list)
    _done: list[Item] = field(default_factory=list)

    def take(self, results: Mapping[str, Result], items: Mapping[str, Item]) -> None:
        """Keep these results, then forget their items; those that came back wait for the next batch."""
        judged = [item.trial.key for item in items.values() if item.grader]
        answers = self.desk.answers(list(dict.fromkeys(judged)))
        for custom_id, item in items.items():
            self.matched += 1
            self._one(custom_id, item, results[custom_id], answers)
        self.desk.register.close(self._done, self._back)
        self.again += len(self._back)
        self._done, self._back = [], []

    def _one(self, custom_id: str, item: Item, result: Result, answers: Mapping[str, Answer]) -> None:
        match result:
            case Answer():
                cost = self.desk.cost(item.model, result.usage)
                place = f"{self.batch}/{custom_id}"  # what to ask the API's support for
                self.desk.allowance.settled(item, cost)
                self.desk.paid(item, cost)
                reply = replace(result, cost=cost, retries=item.returns, request_id=place)
                self._heard(item, reply, answers)
            case Returned():
                self.desk.allowance.settled(item, 0.0)
                self._returned(item, result)
            case AccessError():
                self.desk.allowance.settled(item, 0.0)
                self.refused = result
                self._back.append(item)

    def _heard(self, item: Item, reply: Answer, answers: Mapping[str, Answer]) -> None:
        if not item.wanted:
            self._keep(item, reply)
            return
        asked_of = answers.get(item.trial.key)
        if asked_of is None:
            self._over(item, _UNANSWERED)
            return
        heard = item.inquiry.hear(reply, answer=asked_of.text, asked=item.wanted, mode=item.mode)
        given = tuple((wanted.key, verdict) for wanted, verdict in heard.verdicts)
        if not heard.left:
            self._keep(item, given)
            return
        if given:
            self.desk.keep(item, given)
        together = heard.left if item.together else ()
        self._back.append(replace(item, inquiry=heard.inquiry, together=together))

    def _returned(self, item: Item, why: Returned) -> None:
        more = item.returned()
        if why.again and more.returns < self.desk.patience.batches:
            self._back.append(more)
        else:
            tries = f" (gave up after {more.returns} batches)" if why.again else ""
            self._over(item, replace(why, message=why.message + tries))

    def _keep(self, item: Item, result: Answer | Verdicts) -> None:
        self.desk.keep(item, result)
        self.kept += 1
        self._over(item, None)

    def _over(self, item: Item, why: Returned | None) -> None:
        self.failed += why is not None
        self.over[item.key] = why
        self._done.append(item)
