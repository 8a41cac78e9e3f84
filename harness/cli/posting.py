"""What people see of batches: sent, waited for, settled; and that nobody needs to stay for it."""

import time
from collections.abc import Sequence

from rich.console import Console

from harness.batching.desk import News, Sent, Settled, Waited
from harness.cli.screen import plain
from harness.planning.batches import Standing
from harness.planning.plan import Plan
from harness.reporting.words import many

_QUIET_SECONDS = 60.0  # between two lines that say the same but for the count


class Postroom:
    """Tells of batches in plain lines, few enough for a log and the same in a terminal."""

    def __init__(self, console: Console) -> None:
        self.open: set[str] = set()
        self._console = console
        self._told = False
        self._done = -1
        self._spoken = 0.0

    def tell(self, news: News) -> None:
        """Take in what became of a batch."""
        match news:
            case Sent(posting, again):
                self.open.add(posting.id)
                verb = "taken up" if again else "sent"
                self._say(f"batch {posting.id} {verb}: {many(posting.requests, 'request')}")
                if not self._told:
                    self._told = True
                    self._say(
                        "It goes on without this process: the same command takes it up again after Ctrl-C."
                    )
            case Waited(standings, seconds):
                self._wait(standings, seconds)
            case Settled(posting, kept, again, failed):
                self.open.discard(posting.id)
                counts = ((kept, "kept"), (again, "asked again"), (failed, "failed"))
                ends = ", ".join(f"{count:,} {what}" for count, what in counts if count)
                self._say(f"batch {posting.id} has ended: {ends or 'nothing in it was ours'}")

    def farewell(self) -> str:
        """Say what goes on when the process ends now."""
        what = "One batch goes" if len(self.open) == 1 else f"{len(self.open):,} batches go"
        return f"{what} on without this process; the same command takes up where it stands."

    def _wait(self, standings: Sequence[Standing], seconds: float) -> None:
        done = sum(standing.done for standing in standings)
        now = time.monotonic()
        if now - self._spoken < _QUIET_SECONDS and done == self._done:
            return
        total = sum(standing.requests for standing in standings)
        self._say(f"{done:,} of {total:,} requests are through; the next look is in {seconds:,.0f} s")
        self._done = done

    def _say(self, line: str) -> None:
        self._spoken = time.monotonic()
        self._console.print(plain(line), style="dim")


def show_sent(console: Console, plans: Sequence[Plan]) -> None:
    """Say how many requests are in batches already, beyond what the plan counts."""
    if sent := _sent(plans):
        console.print(f"In batches that were sent before, and not counted above: {many(sent, 'request')}.")


def warn_of_sent(console: Console, plans: Sequence[Plan]) -> None:
    """Say what is about to be asked, and paid, although a batch will bring it."""
    if sent := _sent(plans):
        words = (
            f"! {many(sent, 'request')} of this plan would come by a batch that was sent before: use --batch"
        )
        console.print(words, style="yellow")


def _sent(plans: Sequence[Plan]) -> int:
    return sum(plan.sent or 0 for plan in plans)
