"""Tell whoever is to be woken, once for each change of state."""

from collections.abc import Sequence
from dataclasses import replace

from harness.cli.night import Evening
from harness.cli.screen import err, plain
from harness.errors import StoreError
from harness.nightly.notifying import NotifyError, due, post
from harness.records.nights import HOLDS, INCONCLUSIVE
from harness.reporting.nights import message
from harness.store.address import Place
from harness.store.nights import Nights
from harness.store.opening import open_store


def wake(
    evenings: Sequence[Evening], place: Place, *, night: str, url: str, allowed: bool
) -> NotifyError | None:
    """Post what changed to the webhook, and put down that it was heard; gives what went wrong.

    Without an address nobody is told, and nothing is wrong. Nights that broke are put down here, so that the
    night after knows of them.
    """
    try:
        with open_store(place) as store:
            kept = Nights(store)
            for each in evenings:
                if each.report is None:
                    kept.keep(each.result)
            return _post(evenings, kept, night=night, url=url, allowed=allowed) if url else None
    except StoreError as error:
        err().print(plain(f"! whether the state changed is not known: {error}"), style="yellow")
        return NotifyError("the store cannot be read") if url else None


def _post(
    evenings: Sequence[Evening], kept: Nights, *, night: str, url: str, allowed: bool
) -> NotifyError | None:
    codes = {
        each.result.eval: HOLDS if allowed and each.result.code == INCONCLUSIVE else each.result.code
        for each in evenings
    }
    news = [
        each.result
        for each in evenings
        if due(each.result, kept.of(each.result.eval), codes[each.result.eval])
    ]
    if not news:
        return None
    try:
        post(url, message(news, night=night))
    except NotifyError as error:
        err().print(plain(f"! {error}"), style="bold red")
        return error
    for each in news:
        kept.keep(replace(each, told=str(codes[each.eval])))
    err().print(f"told the webhook: {', '.join(each.eval for each in news)}", style="dim")
    return None
