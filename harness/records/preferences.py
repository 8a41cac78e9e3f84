"""Two answers to one case beside each other: which one a judge prefers, and what that comes to."""

from dataclasses import dataclass
from typing import Literal

from harness.records.estimates import Estimate
from harness.records.record import Record

Winner = Literal["first", "second", "tie"]
DuelWord = Literal["win", "loss", "tie", "ungraded", "not asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference(Record):
    """What a judge said of two answers shown one after the other; `winner is None` means ungraded.

    The quotes are verbatim text of the answer shown first and second; `reason` says why, also why it is
    ungraded. `cost`, tokens and `seconds` are what the judge's calls took, as in `Verdict`.
    """

    winner: Winner | None
    first_quote: str = ""
    second_quote: str = ""
    reason: str = ""
    cost: float | None = 0.0
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelResult(Record):
    """How one attempt at one case went for the candidate, and what was said in either order.

    A win or a loss takes the same winner in both orders. `base_first` and `candidate_first` are `None` where
    nobody was asked: equal answers are a tie by themselves.
    """

    case: str
    attempt: int
    result: DuelWord
    base_first: Preference | None = None
    candidate_first: Preference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences(Record):
    """All duels of a candidate with the base under one judge.

    `wins` and `losses` are the candidate's. `split` counts those ties in which the orders contradicted each
    other, `not_asked` pairs of answers of which a call is missing. `rate` is the candidate's win rate in
    points over cases, a tie counting half, attempts averaged within a case first; `p` is two-sided for 50.
    `first_won` is how often the answer shown first won among replies that named a winner: 50 for a judge
    that does not mind the order. `cost` is in US dollars, `None` where a price is unknown.
    """

    base: str
    candidate: str
    model: str
    version: str
    question: str
    wins: int
    losses: int
    ties: int
    split: int
    ungraded: int
    not_asked: int
    rate: Estimate
    p: float | None
    p_method: str
    first_won: Estimate
    cost: float | None
    words: str
    duels: tuple[DuelResult, ...] = ()
