"""Tell whoever is to be woken, once for each change of state."""

from collections.abc import Sequence
from dataclasses import replace

from harness.cli.night import Evening
from harness.cli.options import store_path
from harness.cli.screen import err, plain
from harness.errors import StoreError
from harness.nightly.notifying import NotifyError, due, post
from harness.records.nights import HOLDS, INCONCLUSIVE, NightResult
from harness.reporting.nights import message
from harness.store.address import Place
from harness.store.nights import Nights
from harness.store.opening import open_store


def wake(
    evenings: Sequence[Evening], store: Place | None, *, night: str, url: str, allowed: bool
) -> NotifyError | None:
    """Post what changed to the webhook, and put down that it was heard; gives what went wrong.

    Without an address nobody is told, and nothing is wrong. `allowed`: an inconclusive night counts as one
    that holds. Nights that broke are put down here, so that the night after knows of them.
    """
    try:
        changed = [each for each in evenings if _changed(each, store, allowed=allowed)]
        if not (changed and url):
            return None
        post(url, message([each.result for each in changed], night=night))
        for each in changed:
            with open_store(store_path(store, each.root)) as opened:
                _heard(Nights(opened), each, str(_code(each, allowed=allowed)))
    except NotifyError as error:
        err().print(plain(f"! {error}"), style="bold red")
        return error
    except StoreError as error:
        err().print(plain(f"! what was told before is not known: {error}"), style="bold red")
        return NotifyError(f"what was told before is not known: {error.message}") if url else None
    err().print(plain(f"told the webhook of {', '.join(each.result.eval for each in changed)}"), style="dim")
    return None


def _changed(evening: Evening, store: Place | None, *, allowed: bool) -> bool:
    """Keep a night that broke, unless it had been spent before, and say whether its state is news."""
    result = evening.result
    with open_store(store_path(store, evening.root)) as opened:
        kept = Nights(opened)
        nights = kept.of(result.eval)
        if _to_keep(evening, nights) is result and evening.report is None:
            kept.keep(result)
        return due(result, nights, _code(evening, allowed=allowed))


def _heard(kept: Nights, evening: Evening, told: str) -> None:
    """Put down what was told."""
    kept.keep(replace(_to_keep(evening, kept.of(evening.result.eval)), told=told))


def _to_keep(evening: Evening, nights: Sequence[NightResult]) -> NightResult:
    """Choose what stands for this night: a later try of it that broke takes no night away that was spent."""
    result = evening.result
    spent = next((each for each in nights if each.night == result.night and each.counts), None)
    return spent if spent and evening.report is None else result


def _code(evening: Evening, *, allowed: bool) -> int:
    code = evening.result.code
    return HOLDS if allowed and code == INCONCLUSIVE else code
