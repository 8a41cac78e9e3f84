"""What a person writes: agents, cases, rubrics and evals.

Docstrings under a field become its description in the JSON Schemas that editors read.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.records import phrases
from harness.records.checks import Check
from harness.records.record import Record, refuse

# ------------------------------------------------------------------ agents


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Record):
    """A deviation that reading an agent file met and survived: which line, and what was assumed."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Record):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Record):
    """One `<example>` of an agent's description: when the agent should act, not what it should answer."""

    context: str = ""
    turns: tuple[Turn, ...] = ()
    commentary: str = ""
    notes: tuple[str, ...] = ()

    @property
    def user(self) -> str:
        """The user's words, all user turns joined; empty for an example that starts from an event."""
        return "\n\n".join(turn.text for turn in self.turns if turn.role == "user")

    @property
    def assistant(self) -> str:
        """The assistant's words, all assistant turns joined."""
        return "\n\n".join(turn.text for turn in self.turns if turn.role == "assistant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(Record):
    """An agent prompt file as read: identity, front matter, examples and the system prompt.

    `prompt` is the text after the closing fence, line ends as LF, otherwise untouched; it is what is
    sent as the system prompt and what `prompt_hash` is the SHA-256 of. `file_hash` is over the bytes.
    """

    name: str
    description: str
    prompt: str
    prompt_hash: str
    file_hash: str
    model: str = ""
    color: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    notes: tuple[Note, ...] = ()


# ------------------------------------------------------------------ criteria and cases

_MOST_POINTS = 1000

Scope = Literal["sentence", "block", "section", "answer"]
Place = Literal["anywhere", "prose", "code", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Record):
    """One deterministic way to see that a criterion is met: phrases that occur together.

    The phrase language is described in docs/signals.md and read by `harness.records.phrases`.
    """

    all: tuple[str, ...]
    """Every phrase must occur in one unit of text. ` | ` separates alternatives; `*` ends a stem."""
    within: Scope = "sentence"
    """The unit of text: a sentence (a bullet and a table row count as one), a block (a paragraph, a list
    with the line that introduces it, a table, a code block), a section under a heading, or the answer."""
    where: Place = "anywhere"
    """Which text counts: all of it, prose only, code blocks only, or table rows only."""
    unless: tuple[str, ...] = ()
    """Any of these phrases in the same unit cancels the match."""
    negated: Literal["refuse", "allow", "require"] = "refuse"
    """What a negation before a phrase does: cancels the match, is ignored, or must be there."""

    def __post_init__(self) -> None:
        """Refuse a signal that could never match or would match everything."""
        if not self.all or not all(phrase.strip() for phrase in self.all):
            refuse("all must hold at least one phrase, and no phrase may be empty")
        if not all(phrase.strip() for phrase in self.unless):
            refuse("a phrase under unless may not be empty")
        for phrase in (*self.all, *self.unless):
            phrases.parse(phrase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion(Record):
    """One yes-or-no question about an answer, and what a yes is worth.

    Negative points mark something a good answer avoids.
    """

    id: str
    """Stable name; results are joined by it."""
    text: str
    """The question, as a statement that an answer meets or does not meet."""
    points: float = 1.0
    """Earned when met; negative points are deducted when met."""
    evidence: Literal["quote", "absence"] = "quote"
    """`absence`: a yes needs no quote, because the criterion is about what is not there."""
    signals: tuple[Signal, ...] = ()
    """What the free, deterministic grader looks for; any one of them is enough."""
    checks: tuple[Check, ...] = ()
    """What code decides, whoever grades the rest: the criterion is met when all of them pass."""

    def __post_init__(self) -> None:
        """Refuse points that could not move a score, and a criterion without a name or a text."""
        _named(self.id)
        if not self.text.strip():
            refuse("text must say what is asked, got nothing")
        if self.points == 0 or not math.isfinite(self.points):
            refuse(f"points must be a finite number other than 0, got {self.points}")
        if abs(self.points) > _MOST_POINTS:
            refuse(f"points must lie between -{_MOST_POINTS} and {_MOST_POINTS}, got {self.points}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric(Record):
    """The questions of one dimension that apply to every answer; a dimension is just a rubric file."""

    dimension: str
    """Name of the dimension, such as `security`."""
    question: str = ""
    """What the dimension asks, in one sentence, for people."""
    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        """Refuse a rubric that no answer could score on."""
        _named(self.dimension)
        if self.dimension == "overall":
            refuse("dimension may not be called overall: that is the mean of all dimensions")
        if self.dimension == CANARY:
            refuse(f"dimension may not be called {CANARY}: that is what judges are tested by")
        _unique("criterion id", (criterion.id for criterion in self.criteria))
        if not any(criterion.points > 0 for criterion in self.criteria):
            refuse("at least one criterion must have positive points, or no answer could score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Record):
    """One input and what is expected of the answer.

    Exactly one of `prompt` and `turns` is given. Example cases have no criteria of their own.
    """

    id: str
    """Stable name; results are joined by it, never by position."""
    title: str = ""
    """A few words for people."""
    prompt: str = ""
    """The user's message."""
    turns: tuple[Turn, ...] = ()
    """A conversation instead of one message; the last turn is the user's."""
    context: str = ""
    """What is known before the message; sent in front of it."""
    tags: tuple[str, ...] = ()
    reference: str = ""
    """An answer known to be good. A judge sees it, checks may compare with it, the agent never does."""
    guidance: str = ""
    """What a judge should know to grade this case. The agent never sees it."""
    cluster: str = ""
    """Where the case comes from, if others come from there too (one incident, one document, one customer):
    such cases resemble each other, and the statistics then count sources. Empty: the case stands for
    itself."""
    criteria: Mapping[str, tuple[Criterion, ...]] = field(default_factory=dict)
    """Criteria of this case alone, by dimension; pooled with the rubric's general ones."""

    def __post_init__(self) -> None:
        """Refuse a case that asks nothing, asks twice, or holds a criterion twice."""
        _named(self.id)
        if bool(self.prompt.strip()) == bool(self.turns):
            refuse("give either a prompt or turns (exactly one of the two)")
        if not all(turn.text.strip() for turn in self.turns):
            refuse("each turn must say something")
        if self.turns and self.turns[-1].role != "user":
            refuse("the last turn must be the user's")
        _unique("criterion id", (c.id for criteria in self.criteria.values() for c in criteria))

    @property
    def question(self) -> str:
        """What the user asked, as one text: context, then the turns or the prompt."""
        turns = [f"{turn.role}: {turn.text}" for turn in self.turns]
        parts = [f"Context: {self.context}" if self.context else "", *turns, self.prompt]
        return "\n\n".join(part for part in parts if part)


Dataset = tuple[Case, ...]

CANARY = "canary"
"""Dimension and id of the criterion that judges are tested by; no rubric may have it."""

# ------------------------------------------------------------------ evals

SEED = 20260101
"""Seed of every random draw where nobody names another."""

MAX_MISSING = 0.1
"""Share of trials that may lack a score where nobody names another."""

Provider = Literal["anthropic", "recorded"]
GraderKind = Literal["judge", "signals", "labels", "checks", "custom"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]
JudgeMode = Literal["criterion", "dimension"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec(Record):
    """Which model answers, and every parameter that can change what it says.

    The API key is never here: it comes from the environment variable named by `key_variable`.
    """

    provider: Provider = "anthropic"
    """`anthropic`: any server that speaks the Messages API. `recorded`: answers from a file."""
    name: str = ""
    """Model id, such as `claude-sonnet-5-5`."""
    max_tokens: int = 8192
    """Cap on the answer, thinking included."""
    effort: Effort | None = None
    """How hard the model thinks; left out, the model's own default holds."""
    base_url: str = "https://api.anthropic.com"
    """Where the Messages API is spoken."""
    key_variable: str = "ANTHROPIC_API_KEY"
    """Environment variable that holds the key; its name ends in `_API_KEY`."""
    answers: str = ""
    """Recorded answers, a JSONL file (provider `recorded` only)."""

    def __post_init__(self) -> None:
        """Refuse a model that nobody could call."""
        if self.provider == "anthropic" and not self.name:
            refuse("name must be given for provider anthropic, such as claude-sonnet-5-5")
        if self.provider == "anthropic" and self.answers:
            refuse("answers belongs to provider recorded")
        if self.provider == "recorded" and not self.answers:
            refuse("answers must name a JSONL file for provider recorded")
        if fault := _not_an_address(self.base_url):
            refuse(fault)
        if not self.key_variable.endswith("_API_KEY"):
            refuse(f"key_variable must end in _API_KEY, got {self.key_variable!r}")
        if self.max_tokens < 1:
            refuse(f"max_tokens must be at least 1, got {self.max_tokens}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation(Record):
    """A dearer judge for the verdicts that the first one is least sure of."""

    model: ModelSpec
    """Who regrades, one criterion a call."""
    when: Literal["flips", "both"] = "flips"
    """`flips`: a criterion of a case whose verdict differs between attempts of one arm, in all attempts of
    that arm. `both`: every verdict of both arms."""

    def __post_init__(self) -> None:
        """Refuse a judge that is a file of answers."""
        if self.model.provider != "anthropic":
            refuse("model must have provider anthropic")


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderSpec(Record):
    """Who turns answers into verdicts."""

    kind: GraderKind
    """`judge` asks a model, `signals` matches declared phrases, `labels` looks verdicts up; `checks` only
    runs the criteria's checks, which every other kind runs too; `custom` asks a function of the project."""
    model: ModelSpec | None = None
    """The judge's model (kind `judge` only)."""
    mode: JudgeMode = "criterion"
    """How a judge is asked. `criterion`: about one criterion a call. `dimension`: about all criteria of a
    dimension in one call, which is cheaper and errs more."""
    votes: int = 1
    """How often each model is asked for each verdict; the majority decides. An odd number."""
    panel: tuple[ModelSpec, ...] = ()
    """Several judges in place of `model`, best of different families; the majority of all votes decides."""
    escalate: Escalation | None = None
    """A dearer judge that regrades some verdicts, or all."""
    labels: str = ""
    """Labelled verdicts, a JSONL file: the verdicts themselves for kind `labels`; for the other
    kinds, what their agreement is measured against and printed beside their verdicts."""
    function: str = ""
    """A Python function of the project, as `module:function` (kind `custom` only): `evals.graders.tone:grade`
    is `grade` in evals/graders/tone.py. It runs only with `--allow-code`."""
    in_sample: bool = False
    """Whether this grader was written while looking at these labels: its agreement flatters it then."""
    canary: bool = True
    """Whether a judge is asked one criterion more of every answer, one that no answer meets (kind `judge`
    only): if it says yes, none of its verdicts on that answer counts."""
    screening: bool = True
    """Whether answers that say nothing (empty, a stock phrase, an echo of the system prompt, the same over
    and over) meet no criterion without being graded (kinds `judge` and `signals`). Switch it off where a bare
    refusal can be the right answer."""

    def __post_init__(self) -> None:
        """Refuse a grader that lacks what its kind needs."""
        if self.kind == "judge":
            self._fit_to_judge()
        elif self.model is not None:
            refuse(f"model belongs to kind judge, not {self.kind}")
        elif self.panel or self.escalate or self.votes != 1 or self.mode != "criterion":
            refuse(f"mode, votes, panel and escalate belong to kind judge, not {self.kind}")
        if self.kind == "labels" and not self.labels:
            refuse("labels must name a JSONL file for kind labels")
        if self.kind == "custom" and not _FUNCTION.fullmatch(self.function):
            refuse(f"function must be module:function for kind custom, got {self.function!r}")
        if self.kind != "custom" and self.function:
            refuse(f"function belongs to kind custom, not {self.kind}")
        if self.kind != "judge" and not self.canary:
            refuse(f"canary belongs to kind judge, not {self.kind}")
        if self.kind not in {"judge", "signals"} and not self.screening:
            refuse(f"screening belongs to kinds judge and signals, not {self.kind}")

    @property
    def judges(self) -> tuple[ModelSpec, ...]:
        """The models whose votes make a verdict; none for a grader that asks nobody."""
        return self.panel or (() if self.model is None else (self.model,))

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        """Every model that may be asked, whoever regrades included."""
        return (*self.judges, *((self.escalate.model,) if self.escalate else ()))

    def _fit_to_judge(self) -> None:
        if bool(self.panel) == (self.model is not None):
            refuse(
                "model must be given for kind judge, or a panel of models instead (exactly one of the two)"
            )
        if any(model.provider != "anthropic" for model in self.judges):
            refuse("model must be given for kind judge, with provider anthropic")
        if self.votes < 1 or self.votes % 2 == 0:
            refuse(f"votes must be an odd number, or they could tie, got {self.votes}")
        if self.panel and len(self.panel) % 2 == 0:
            refuse(f"panel must name an odd number of models, or they could tie, got {len(self.panel)}")
        _unique("model of a panel", (model.name for model in self.panel))
        if self.escalate and self.escalate.model in self.judges:
            refuse("escalate must name another model than those that judge, or another effort")


PREFERRED = "Which answer would help the person who asked more, if they acted on it?"
"""What is asked of two answers where the eval asks nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairwise(Record):
    """A judge that compares the two answers to a case, in both orders; it stands beside the gate."""

    model: ModelSpec
    """The judge's model."""
    criterion: str = PREFERRED
    """What the judge is asked of the two answers."""

    def __post_init__(self) -> None:
        """Refuse a judge that could not be asked, or is asked nothing."""
        if self.model.provider != "anthropic":
            refuse("model must have provider anthropic: a judge is asked, not looked up")
        if not self.criterion.strip():
            refuse("criterion must say what makes an answer the better one, got nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Record):
    """When a run may pass: no dimension worse than the margin, none below its floor, on this suite."""

    margin: float = 5.0
    """Points (0 to 100) of loss against the base that are still acceptable."""
    margins: Mapping[str, float] = field(default_factory=dict)
    """Another margin for single dimensions; one that is named here is gated."""
    dimensions: tuple[str, ...] = ()
    """Which dimensions are gated; `overall` may be among them. Empty: all dimensions, not overall."""
    floors: Mapping[str, float] = field(default_factory=dict)
    """The least score (0 to 100) of a dimension or `overall`, on evidence; holds for a single run too."""
    looks: int = 1
    """How often the gate may be decided on the same comparison: 2 if a first inconclusive result may be
    topped up to twice the attempts. Each look then takes half of the error that is allowed."""
    allow_uncalibrated: bool = False
    """Whether a grader may decide that nobody has measured against labels, or that agrees with them too
    little. Every report says so then."""

    def __post_init__(self) -> None:
        """Refuse a margin or a floor that could never be certified."""
        for name, margin in (
            ("margin", self.margin),
            *((f"margins.{d}", m) for d, m in self.margins.items()),
        ):
            if not 0 < margin < 100:
                refuse(f"{name} must be between 0 and 100 points, got {margin}")
        for dimension, floor in self.floors.items():
            if not 0 < floor < 100:
                refuse(f"floors.{dimension} must be between 0 and 100 points, got {floor}")
        if self.looks not in {1, 2}:
            refuse(f"looks must be 1 or 2, got {self.looks}")

    def margin_of(self, dimension: str) -> float:
        """Give the loss in points that this dimension may take."""
        return self.margins.get(dimension, self.margin)

    def gated(self, dimensions: Iterable[str]) -> tuple[str, ...]:
        """Give what is gated against the base: what is named, or all these dimensions if nothing is named."""
        named = self.dimensions or tuple(dimensions)
        return (*named, *(name for name in self.margins if name not in named))


WAKES = ("overall", "security")
"""The scores whose fall wakes someone, unless an eval names others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nightly(Record):
    """What `harness nightly` holds the agent's current prompt against, every night."""

    control: str
    """The pinned revision of the prompt: a file, a git revision or REV:PATH. It runs on the same cases every
    night, so that what moves with it came from the model or the judge and not from the prompt."""
    sentinels: str = ""
    """Answers with verdicts that are known, a JSONL file: judged afresh every night to watch the judge."""
    wakes: tuple[str, ...] = WAKES
    """Scores whose fall over the nights wakes someone; the others are shown. Of the default, what there is no
    rubric for is left out."""

    def __post_init__(self) -> None:
        """Refuse a control that names nothing."""
        if not self.control.strip():
            refuse("control must name a revision, such as a tag, a commit or a file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Eval(Record):
    """One question asked of an agent: which cases, which model, which graders, how often, what gate.

    Paths are read from the project's root: the nearest folder above the eval file that holds
    `pyproject.toml` or `.git`.
    """

    agent: str
    """Path of the agent file under test."""
    datasets: tuple[str, ...] = ()
    """Dataset files whose cases are run."""
    examples: bool = True
    """Whether the agent's own examples are cases too."""
    rubrics: tuple[str, ...]
    """Rubric files, one per dimension."""
    model: ModelSpec
    """Who answers as the agent."""
    graders: tuple[GraderSpec, ...]
    """Who grades. The first decides; the others are shown beside it."""
    pairwise: Pairwise | None = None
    """Compare the answers of both revisions directly, too; shown beside the scores, decides no gate."""
    attempts: int = 1
    """How often each case is answered by each revision."""
    concurrency: int = 16
    """Calls in flight at most for each account; agent and judge usually share one."""
    budget: float = 5.0
    """US dollars for all calls of one command: none starts that could pass it, and an estimate above it
    needs `--yes` or a larger budget."""
    max_missing: float = MAX_MISSING
    """Share of trials that may fail or stay ungraded before the run counts as incomplete."""
    gate: Gate | None = None
    """When the comparison passes; none: every verdict exits 0."""
    candidates: tuple[str, ...] = ()
    """Revisions to compare when the command names none."""
    nightly: Nightly | None = None
    """What `harness nightly` needs to know; none: this eval does not run at night."""
    seed: int = SEED
    """Seed of every random draw in the statistics."""
    notes: tuple[str, ...] = ()
    """What a reader must know to read the report right, such as who wrote the answers."""

    def __post_init__(self) -> None:
        """Refuse an eval that would run nothing or could not be decided."""
        if not self.datasets and not self.examples:
            refuse("datasets must name at least one file, or examples must be true")
        if not self.rubrics:
            refuse("rubrics must name at least one file")
        if not self.graders:
            refuse("graders must name at least one grader")
        _unique("grader", (grader.kind for grader in self.graders))
        if not 1 <= self.attempts <= 1000:
            refuse(f"attempts must be between 1 and 1000, got {self.attempts}")
        if self.concurrency < 1:
            refuse(f"concurrency must be at least 1, got {self.concurrency}")
        if self.budget < 0 or not math.isfinite(self.budget):
            refuse(f"budget must be a number of dollars, 0 or more, got {self.budget}")
        if self.attempts == 1 and any(g.escalate and g.escalate.when == "flips" for g in self.graders):
            refuse("escalate when flips needs attempts of 2 or more: one attempt has nothing to differ from")
        if not 0 <= self.max_missing < 1:
            refuse(f"max_missing must be a share between 0 and 1, got {self.max_missing}")


_FUNCTION = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_ADDRESS = re.compile(
    r"https?://(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#:@\[\]]+)(:(?P<port>[0-9]{1,5}))?(/[^?#]*)?"
)


def _not_an_address(url: str) -> str:
    """Say what is wrong with a base URL; nothing of one that holds a password is repeated."""
    if "@" in url:
        return "base_url may hold no user and password: the key comes from the environment"
    plain = url.isascii() and url.isprintable() and " " not in url
    found = _ADDRESS.fullmatch(url) if plain else None
    if found is None:
        return f"base_url must be an http or https address, got {url!r}"
    if found["port"] and not 0 < int(found["port"]) < 65536:
        return f"base_url must have a port between 1 and 65535, got {url!r}"
    return ""


def _named(name: str) -> None:
    if not name.strip() or any(character.isspace() or not character.isprintable() for character in name):
        refuse(f"a name must be non-empty and hold no white space, got {name!r}")


def _unique(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        refuse(f"each {what} may occur once, got {', '.join(map(repr, twice))} more than once")
