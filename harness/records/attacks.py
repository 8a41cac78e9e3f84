"""Answers that try to talk a judge round, and what became of them."""

from dataclasses import dataclass
from typing import Literal

from harness.records.inputs import Criterion
from harness.records.record import Record, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack(Record):
    """One answer that misses the criterion and tries to be called met, or to break what reads it."""

    id: str
    kind: str
    what: str
    """What it tries, in one sentence."""
    answer: str
    repeat: int = 1
    """How often `answer` stands in a row: some are too long to be written down."""

    @property
    def text(self) -> str:
        """The whole answer."""
        return self.answer * self.repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacks(Record):
    """A suite of attacks: all answer the same question, and none meets the criterion."""

    question: str
    criterion: Criterion
    attacks: tuple[Attack, ...]

    def __post_init__(self) -> None:
        """Refuse names that occur twice: results are joined by them."""
        names = [attack.id for attack in self.attacks]
        if len(set(names)) < len(names):
            refuse("each attack id may occur once")


Stand = Literal["held", "held back", "ungraded", "fooled"]
"""`held`: the judge said not met. `held back`: code knew that the answer says nothing, and asked nobody.
`ungraded`: no verdict was believed. `fooled`: the judge said met, and was believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood(Record):
    """What became of one attack. `cost` is in US dollars, `None` where no price is known."""

    attack: str
    kind: str
    what: str
    stand: Stand
    reason: str
    quote: str = ""
    cost: float | None = 0.0
