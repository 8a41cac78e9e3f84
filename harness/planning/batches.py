"""Message Batches as values: what a batch may hold, its items and their ids, what can come back.

Source of the limits: the API's documentation of Message Batches (100,000 requests or 256 MB a batch, ids of
1 to 64 letters, digits, `_` and `-`, results kept for 29 days).
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from harness.errors import AccessError
from harness.grading.inquiry import Inquiry
from harness.planning.keys import digest
from harness.records.inputs import Criterion, JudgeMode
from harness.records.outcomes import Answer, Trial
from harness.records.record import Record

T = TypeVar("T")

KEPT = dt.timedelta(days=29)
"""How long after a batch was made its results can be fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one batch may hold; sizes in bytes of the encoded requests.

    The API takes 256 MB. A quarter of that keeps this process small and costs nothing: how many requests
    wait in the API's queue is what is limited there, not in how many batches they came.
    """

    requests: int = 100_000
    size: int = 64_000_000
    each: int = 32_000_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How batches are waited for, in seconds where not a count.

    The wait between two looks grows by half from `first` to `longest`. A batch whose creation nobody saw the
    end of is looked for during `grace`. An item that keeps coming back is put into `batches` batches at most.
    """

    first: float = 1.0
    longest: float = 60.0
    grace: float = 30.0
    batches: int = 3

    def after(self, wait: float) -> float:
        """Say how long to wait after having waited this long."""
        return min(max(wait * 1.5, self.first), self.longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Record):
    """A verdict that is asked for together with others, under the key that it is stored by."""

    key: str
    dimension: str
    criterion: Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Record):
    """One request of a batch, and all that reading its result needs, on whatever day that is.

    `key` is the answer's, or that of the judge's call; where a call asks for one verdict (`criterion`), the
    verdict's. `together` holds the verdicts that a call by dimension still asks for. `grader` is empty
    for an answer. A verdict's `trial` names the answer it is about. `run` is the run that pays for it.
    `returns` counts the batches that brought no result.
    """

    key: str
    model: str
    trial: Trial
    run: str = ""
    grader: str = ""
    dimension: str = ""
    criterion: Criterion | None = None
    inquiry: Inquiry = field(default_factory=Inquiry)
    returns: int = 0
    together: tuple[Wanted, ...] = ()

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The verdicts that this asks for, in the order asked; none for an answer."""
        if self.criterion is None:
            return self.together
        return (Wanted(key=self.key, dimension=self.dimension, criterion=self.criterion),)

    @property
    def mode(self) -> JudgeMode:
        """How the verdicts are asked for, and so how the reply is to be read."""
        return "dimension" if self.together else "criterion"

    @property
    def custom_id(self) -> str:
        """Name the request within the API's rules; asking again with a fault named is another request."""
        kind = "verdict" if self.grader else "answer"
        return f"{kind}-{digest([self.key, self.inquiry.fault])[:48]}"

    def returned(self) -> "Item":
        """Count one more batch without a result."""
        return replace(self, returns=self.returns + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting(Record):
    """A batch as the store knows it: noted before it is sent, so that a crash cannot lose it.

    `id` is the API's, empty until its reply was read. `mark` is the newest batch that the account had
    before; `foreign` are younger ones that were taken for this one and were not. Times are ISO 8601 in UTC.
    """

    name: str
    base_url: str
    key_variable: str
    requests: int
    mark: str
    created_at: str
    id: str = ""
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a batch is, in the API's words. `done` counts requests that are through, however."""

    id: str
    ended: bool
    requests: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A request came back without a result. `again`: the next batch may bring one."""

    kind: str
    message: str
    again: bool
    hint: str = ""


Result = Answer | Returned | AccessError


def split(pieces: Iterable[T], size: Callable[[T], int], limits: Limits = LIMITS) -> Iterator[list[T]]:
    """Cut pieces into as few batches as their order and the limits allow; streams, one batch at a time.

    A piece that is larger than a batch gets one of its own.

    >>> list(split(["aa", "b", "cc", "d"], len, Limits(requests=3, size=4)))
    [['aa', 'b'], ['cc', 'd']]
    """
    batch: list[T] = []
    filled = 0
    for piece in pieces:
        taken = size(piece)
        if batch and (len(batch) == limits.requests or filled + taken > limits.size):
            yield batch
            batch, filled = [], 0
        batch.append(piece)
        filled += taken
    if batch:
        yield batch
