"""What a run makes: requests, answers, verdicts, and one of three outcomes per trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.records.inputs import Effort, Provider
from harness.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Record):
    """One message on the wire; a cache breakpoint follows every part but the last."""

    role: Literal["user", "assistant"]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Record):
    """All that can change what a model answers; `harness.planning.keys` hashes it.

    Not in it: keys, timeouts, retries, concurrency, cache breakpoints.
    `sample` tells repeated draws apart: the attempt number, or a judge's vote.
    """

    provider: Provider
    base_url: str
    api_version: str
    model: str
    max_tokens: int
    effort: Effort | None = None
    system: str
    messages: tuple[Message, ...]
    schema: Mapping[str, object] | None = None
    sample: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Record):
    """Tokens of one call as the API counted them. The whole prompt is input + cache write + cache read."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """The whole prompt, cached or not."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens

    def __add__(self, other: "Usage") -> "Usage":
        """Sum field by field."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Record):
    """What a model returned to one request.

    `stop_reason` is the API's: `end_turn`, `max_tokens` (cut), `refusal`, … `cost` is in US dollars,
    `None` where no price is known (never 0 then). `seconds` is the wall time of the call that
    succeeded. `retries` counts the calls before it.
    """

    text: str
    stop_reason: str = "end_turn"
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    seconds: float = 0.0
    retries: int = 0
    request_id: str = ""

    @property
    def words(self) -> int:
        """Length in words separated by white space."""
        return len(self.text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(Record):
    """One revision, one case, once. `key` is the answer key that the store knows it by."""

    case: str
    attempt: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(Record):
    """One of several judgements behind a verdict: who gave it, and what it was."""

    model: str
    met: bool | None
    quote: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """A yes or no to one criterion with its evidence; `met is None` means ungraded, `reason` says why.

    `quote` is verbatim text of the answer. `cost` is what the judge's calls cost in US dollars,
    `None` where no price is known; tokens and `seconds` are what they took, all calls together, counted as
    in `Usage`. Where a call gave several verdicts, each has its share. `votes` holds the judgements that it
    was decided from where there were several, and `regraded_by` the dearer judge that decided instead of
    them.
    """

    dimension: str
    criterion: str
    met: bool | None
    quote: str = ""
    reason: str = ""
    cost: float | None = 0.0
    output_tokens: int = 0
    seconds: float = 0.0
    input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    votes: tuple[Vote, ...] = ()
    regraded_by: str = ""

    @property
    def agreed(self) -> int:
        """How many of the votes say what the verdict says."""
        return sum(vote.met is self.met for vote in self.votes)

    @property
    def usage(self) -> Usage:
        """All tokens that the verdict took."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_write_tokens=self.cache_write_tokens,
            cache_read_tokens=self.cache_read_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Record):
    """A number in 0..1 on one graded trial, with the unclipped value and the points behind it."""

    value: float
    raw: float
    met_points: float
    positive_points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded(Record):
    """The agent answered and every criterion has a verdict: there is a score per dimension and overall."""

    trial: Trial
    answer: Answer
    verdicts: tuple[Verdict, ...]
    scores: Mapping[str, Score]
    overall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ungraded(Record):
    """The agent answered, but some verdict could not be read: says nothing of the agent.

    `scores` holds the dimensions that are complete all the same; there is no overall.
    """

    trial: Trial
    answer: Answer
    verdicts: tuple[Verdict, ...]
    scores: Mapping[str, Score]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Record):
    """There is no answer: the call broke, or `NOT_RUN`. `kind` is a short stable word such as `timeout`."""

    trial: Trial
    kind: str
    message: str
    hint: str = ""


Outcome = Graded | Ungraded | Failed

NOT_RUN = "not-run"
"""The kind of a trial that nobody has asked for yet, such as one that the budget left to the next command."""
