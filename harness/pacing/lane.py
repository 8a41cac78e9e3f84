"""The pace of one model: limits are told, or learned, for each model apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.pacing.bucket import Bucket
from harness.pacing.learned import Learned, Mark
from harness.pacing.quotas import KINDS, Kind, Quota

_MINUTE = 60.0
_TOKENS_PER_BYTE = 0.25  # before anything was counted
_OUTPUT = 1000.0
_RECENT = 0.2  # weight of the newest count in the running means
# Of what a limit can hold, or what it refills in a second if that is less: left for what is on its way.
_RESERVE = 0.1
_FIRST_HOLD = 0.5
_LONGEST_HOLD = 60.0


@dataclass(slots=True)
class Spending:
    """What one attempt is thought to take, and how much the lane had spent before it."""

    started: float
    size: int
    amounts: dict[Kind, float]
    before: dict[Kind, float]
    marks: tuple[Mark, Mark]


class Lane:
    """When the next call of one model may start; time is handed in, in seconds."""

    def __init__(self, now: float) -> None:
        self._told: dict[Kind, Bucket] = {}
        self._newest: dict[Kind, float] = {}
        self._spent: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)
        self._requests, self._tokens = Learned(now), Learned(now)
        self._per_byte, self._output, self._counted = _TOKENS_PER_BYTE, _OUTPUT, False
        self._refused_at: float | None = None
        self._in_vain = 0
        self.held_until = now

    @property
    def rate(self) -> float | None:
        """Requests a second as learned from refusals; `None` without any."""
        return self._requests.rate

    def estimate(self, size: int, most_output: int) -> dict[Kind, float]:
        """Guess what a call takes of each limit, from its size in bytes and the cap on its answer."""
        output = min(self._output, most_output)
        return {"requests": 1.0, "input-tokens": size * self._per_byte, "output-tokens": output}

    def wait(self, now: float, amounts: dict[Kind, float]) -> float:
        """Seconds until a call of this kind may start, as far as its model goes."""
        waits = [bucket.wait(now, amounts[kind]) for kind, bucket in self._told.items()]
        learned = (
            self._requests.wait(now, 1.0),
            self._tokens.wait(now, amounts["input-tokens"] + amounts["output-tokens"]),
        )
        return max(self.held_until - now, *learned, *waits, 0.0)

    def start(self, now: float, size: int, amounts: dict[Kind, float]) -> Spending:
        """Take a call's share out of every limit."""
        tokens = amounts["input-tokens"] + amounts["output-tokens"]
        marks = (self._requests.spend(now, 1.0), self._tokens.spend(now, tokens))
        for kind in KINDS:
            self._spent[kind] += amounts[kind]
            if kind in self._told:
                self._told[kind].spend(now, amounts[kind])
        return Spending(now, size, amounts, dict(self._spent), marks)

    def succeeded(self, spending: Spending, input_tokens: int, output_tokens: int) -> None:
        """Correct the estimates by what was counted; `input_tokens` without what came from the cache."""
        # What headers tell needs no correction: the server has counted already.
        guessed = spending.amounts["input-tokens"] + spending.amounts["output-tokens"]
        self._tokens.correct(input_tokens + output_tokens - guessed)
        self._counted = True
        self._per_byte += _RECENT * (input_tokens / max(spending.size, 1) - self._per_byte)
        self._output += _RECENT * (output_tokens - self._output)
        if self._refused_at is None or spending.started > self._refused_at:
            self._in_vain = 0

    def told(self, spending: Spending, found: Sequence[Quota], now: float) -> None:
        """Believe what the reply to a call says of the limits, less what was started after that call.

        Whether a server counts what is left when it takes a call in or when it replies is not known. What
        it refilled since is therefore set against what was started since, and never counted as more.
        """
        for quota in found:
            if spending.started < self._newest.get(quota.kind, spending.started):
                continue
            self._newest[quota.kind] = spending.started
            rate = quota.limit / _MINUTE
            known = self._told.get(quota.kind)
            depth = max(quota.remaining + 1.0, known.depth if known else 1.0)
            later = self._spent[quota.kind] - spending.before[quota.kind]
            refilled = min(0.0, rate * (now - spending.started) - later)
            level = quota.remaining - min(_RESERVE * depth, rate) + refilled
            self._told[quota.kind] = Bucket(rate, depth, level, now)

    def refused(self, spending: Spending, now: float, after: float | None, *, measures: bool) -> None:
        """Take in a 429: hold the lane for `after` seconds, or for a moment that doubles.

        One that `measures` tells of the rate, and of nothing else; of tokens not before any were counted.
        """
        fresh = self._refused_at is None or spending.started > self._refused_at
        if fresh:
            self._refused_at = now
            self._in_vain += 1
        hold = min(_LONGEST_HOLD, _FIRST_HOLD * 2 ** (max(self._in_vain, 1) - 1)) if after is None else after
        self.held_until = max(self.held_until, now + hold)
        request, tokens = spending.marks
        measures = measures and fresh
        self._requests.refused(request, now, until=self.held_until, fresh=fresh, measures=measures)
        measures = measures and self._counted
        self._tokens.refused(tokens, now, until=self.held_until, fresh=fresh, measures=measures)
