"""Send a batch so that it is neither lost nor sent twice, whenever the process ends."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from harness.batching.desk import Account, Desk, Office, Sent
from harness.errors import AccessError, CallError, IncompleteError
from harness.planning.batches import KEPT, Item, Posting, Standing

T = TypeVar("T")

_TRIES = 4  # creations of which nobody can say whether they arrived, before we stop asking

_REFUSED = "the batch was refused"


async def send(parcel: Sequence[tuple[Item, bytes]], account: Account, desk: Desk) -> set[str]:
    """Write the batch down, send it, write its id down; name the batches that now hold these items.

    Written down with it is the newest batch that the account had: whoever finds a batch without an id later
    looks among those that came after. What another run has sent meanwhile is not sent again. Raises
    IncompleteError when the API does not take the batch.
    """
    office = await desk.office(account)
    noted = Posting(
        name=desk.name(),
        base_url=account[0],
        key_variable=account[1],
        requests=len(parcel),
        mark=await reached(office.newest(), "a batch cannot be sent"),
        created_at=desk.at(),
    )
    ours = desk.register.note(noted, [item for item, _ in parcel])
    pieces = [piece for item, piece in parcel if item.key in ours]
    found = desk.register.find([item.key for item, _ in parcel if item.key not in ours])
    theirs = {place for place in found.values() if isinstance(place, str)}
    if not pieces:
        desk.register.settle(noted.name, at=desk.at())
        return theirs
    posting = desk.register.posting(noted.name)
    standing = await _created(office, posting, pieces, desk)
    desk.register.sent(posting.name, standing.id)
    desk.tell(Sent(desk.register.posting(posting.name)))
    return {posting.name, *theirs}


async def take_up(posting: Posting, desk: Desk) -> Posting | None:
    """Find a batch that was written down; `None` if it never arrived, or if its results are gone.

    One without an id may have been sent by a process that ended; if it is still on its way, it arrives
    within the grace that is left of it.
    """
    age = desk.age(posting)
    if posting.id and age <= KEPT:
        return posting
    standing = None
    if age <= KEPT:
        office = await desk.office((posting.base_url, posting.key_variable))
        standing = await _look(office, posting, desk, desk.patience.grace - age.total_seconds())
    if standing is None:
        desk.register.settle(posting.name, at=desk.at())
        return None
    desk.register.sent(posting.name, standing.id)
    return desk.register.posting(posting.name)


async def _created(office: Office, posting: Posting, pieces: Sequence[bytes], desk: Desk) -> Standing:
    """Send until the batch is seen there; what was refused is free again, what may have arrived is not."""
    for _ in range(_TRIES):
        try:
            standing = await office.create(pieces)
        except (AccessError, CallError) as error:
            desk.register.settle(posting.name, at=desk.at())
            if isinstance(error, AccessError):
                raise
            raise _stopped(_REFUSED, error) from None
        standing = standing or await _look(office, posting, desk, desk.patience.grace)
        if standing is not None:
            return standing
    msg = (
        f"a batch of {posting.requests:,} requests was sent {_TRIES} times and {posting.base_url} lists none"
    )
    raise IncompleteError(
        msg, hint="run the same command again later: it looks for the batch before it sends one"
    )


async def _look(office: Office, posting: Posting, desk: Desk, grace: float) -> Standing | None:
    """Look among the batches that came after the mark for one of our size that nobody here knows."""
    waited = wait = 0.0
    while True:
        others = desk.register.known() | set(posting.foreign)
        found = [
            each
            for each in await reached(office.since(posting.mark), "batches cannot be listed")
            if each.requests == posting.requests and each.id not in others
        ]
        if found:
            return found[-1]  # the oldest: the first that came after the mark
        if waited >= grace:
            return None
        wait = min(desk.patience.after(wait), grace - waited)
        await asyncio.sleep(wait)
        waited += wait


async def reached(asking: Awaitable[T], what: str) -> T:
    """Await the office; when it cannot be reached for good, the run ends here, to be taken up again.

    Raises IncompleteError, with `what` could not be done.
    """
    try:
        return await asking
    except CallError as error:
        raise _stopped(what, error) from None


def _stopped(what: str, error: CallError) -> IncompleteError:
    hints = {"not-found": "a server without Message Batches, or a key of another workspace, says this"}
    kept = "what was sent is written down: the same command takes it up again"
    return IncompleteError(
        f"{what}: {error.message}",
        hint="; ".join((hints.get(error.kind, error.hint), kept)).removeprefix("; "),
    )
