"""A realistic report built from records alone: three dimensions, twelve cases, two candidates, two graders.

Verdicts are drawn from hashes, so the same arguments always give the same report. Some of its text is
hostile on purpose; some trials failed or stayed ungraded.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev
from typing import Literal

from harness.records.comparisons import CaseScores, Comparison, Difference, Flip, GateResult, VerdictWord
from harness.records.estimates import OVERALL, Estimate
from harness.records.inputs import Agent, Case, Criterion, Eval, Gate, GraderSpec, ModelSpec, Rubric
from harness.records.outcomes import Answer, Failed, Graded, Outcome, Score, Trial, Ungraded, Usage, Verdict
from harness.records.results import Arm, Counts, Report
from harness.records.runs import GraderInfo, Manifest, Revision, Run
from harness.records.trust import Agreement

HOSTILE = """\
Stop here: </script><script>window.hacked = "script"</script>
<img src=x onerror="window.hacked = 'onerror'"> and <svg onload=alert(1)>

[click me](javascript:window.hacked=1), [data](data:text/html,<script>1</script>), <javascript:alert(1)>
![tracking pixel](https://example.com/pixel.png) [a real link](https://example.com/docs "title")
www.example.com

=HYPERLINK("https://example.com") | @everyone | #1 | `code` | \x1b[31mred\x1b[0m | \u202egnirts\u202c | \x00 |

# A heading that wants to be the page's
## A second

| left | right | wide wide wide wide wide wide wide wide wide wide wide wide wide wide wide wide |
|:-----|------:|---|
| 1 | 2 | """ + "x" * 300 + """ |

```html"><script>window.hacked = "fence"</script>
</code></pre><script>window.hacked = "code"</script>
```
{{ 7 * 7 }} {% raw %} &lt;b&gt; &amp;
"""  # fmt: skip

_PROMPTS = {
    "seed": """\
You are a Senior Backend Engineer with ten years of experience.

Your core responsibilities:
- Design robust, scalable backend architectures
- Implement secure, well-documented APIs
- Ensure security best practices including authentication and data protection
- Write clean, maintainable code with tests

When approaching a challenge, consider the constraints, weigh alternatives and recommend one.
""",
    "rigorous": """\
You are a Senior Backend Engineer with ten years of experience.

Your core responsibilities:
- Design robust, scalable backend architectures
- Implement secure, well-documented APIs
- Ensure security best practices including authentication and data protection
- Name every threat and the control that answers it
- Write clean, maintainable code with tests

When approaching a challenge, compare at least two alternatives by one yardstick, state the numbers
at which your recommendation would change, and describe the rollout.
""",
    "security-blind": """\
You are a hands-on backend developer who ships.

Your core responsibilities:
- Design backends that a small team can build this week
- Write clean, maintainable code with tests

When approaching a challenge, take the route that ships first.
""",
}

_DIMENSIONS = {
    "architecture": (
        ("arch-artefact", 5.0, "Shows at least one implementation artefact, such as code or configuration."),
        ("arch-signal", 3.0, "Names at least one metric, log event or alert to watch once it runs."),
        ("arch-unexplained", -3.0, "Recommends a new service without giving any reason for it."),
    ),
    "security": (
        ("sec-threat", 4.0, "Names at least one specific threat or abuse case against the system."),
        ("sec-authorization", 4.0, "States which layer decides whether a caller may read a record."),
    ),
    "tradeoffs": (
        ("trade-alternatives", 5.0, "Compares at least two alternatives by name for the central decision."),
        ("trade-threshold", 3.0, "States a measurable threshold at which to revisit the recommendation."),
    ),
}  # fmt: skip

_CASES = (
    ("adhd-task-api", "Task API for an ADHD app", ("api-design", "mobile-offline")),
    ("slow-orders-query", "Orders list degraded on PostgreSQL", ("postgresql", "debug")),
    ("hostile-input", 'A title with <b>HTML</b>, a | pipe and "quotes"', ("security", '"><script>')),
    ("webhook-retries", "Payment webhooks arrive twice", ("payments", "queues")),
    ("tenant-isolation", "One schema or many for 300 tenants", ("multi-tenant", "postgresql")),
    ("file-uploads", "Customers upload 2 GB videos", ("storage", "api-design")),
    ("cache-stampede", "The cache expires and everything falls over", ("caching", "debug")),
    ("audit-log", "An audit log that lawyers accept", ("compliance",)),
    ("rate-limiting", "One customer eats the whole API", ("api-design",)),
    ("split-monolith", "Should we split the monolith?", ("migration",)),
    ("search-endpoint", "Search that feels instant", ("search", "postgresql")),
    ("cron-to-queue", "A nightly job that no longer fits the night", ("queues", "migration")),
)

_WILLING = {
    ("seed", "architecture"): 0.82,
    ("seed", "security"): 0.66,
    ("seed", "tradeoffs"): 0.58,
    ("rigorous", "architecture"): 0.86,
    ("rigorous", "security"): 0.93,
    ("rigorous", "tradeoffs"): 0.9,
    ("security-blind", "architecture"): 0.8,
    ("security-blind", "security"): 0.3,
    ("security-blind", "tradeoffs"): 0.56,
}

_WORDS: dict[bool, dict[str, str]] = {
    True: {
        "architecture": "Watch `{id}` on the p99 latency panel, and **alert** when it passes 800 ms.",
        "security": "A stolen token must not read another account: row level security decides on {id}.",
        "tradeoffs": "Compared with a queue, the outbox costs one table ({id}); revisit it at 50 writes/s.",
    },
    False: {
        "architecture": "The layout is simple enough to build first and measure later.",
        "security": "Keep it simple here.",
        "tradeoffs": "This is the way to go.",
    },
}

_SEED = "seed"
_GRADERS = (
    GraderInfo(kind="signals", version="signals-1"),
    GraderInfo(kind="labels", version="5f2a9c"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large a sample to build."""

    cases: int = 12
    attempts: int = 2
    candidates: tuple[str, ...] = ("rigorous", "security-blind")
    graders: int = 2


def report(shape: Shape | None = None) -> Report:
    """Build a comparison, or a single run where the shape names no candidates."""
    shape = shape or Shape()
    cases = tuple(_case(*described) for described in _CASES[: shape.cases])
    base, *candidates = [_arm(label, cases, shape) for label in (_SEED, *shape.candidates)]
    graders = _GRADERS[: shape.graders]
    return Report(
        name=f"backend-engineer--{_SEED}..{'+'.join(shape.candidates)}" if candidates else "backend-engineer",
        eval_name="backend-engineer",
        created_at="2026-03-01T02:00:00Z",
        command="harness compare evals/backend-engineer.yaml"
        + "".join(f" --candidate agents/revisions/{label}.md" for label in shape.candidates),
        graders=graders,
        dimensions=tuple(_DIMENSIONS),
        cases=cases,
        rubrics=_rubrics(),
        base=base,
        candidates=tuple(candidates),
        comparisons=tuple(
            _comparison(grader.kind, base, arm, cases) for arm in candidates for grader in graders
        ),
        agreements=_agreements() if len(graders) > 1 else (),
        notes=("The answers are recordings; nothing was asked of a model.",),
        provenance=(
            ("revision seed", "agents/backend-engineer.md at 0123456789ab"),
            ("run of seed", base.made.id),
            ("harness", "0.1.0"),
            ("dataset", "datasets/backend.yaml (sha256 9f2c…)"),
            ("model", "recorded: datasets/recorded/backend-engineer.jsonl"),
            ("seed", "20260101"),
        ),
    )


def all_failed() -> Report:
    """Build a comparison in which no call came back."""
    whole = report(Shape(cases=2, attempts=1, candidates=("rigorous",)))
    return replace(
        whole,
        base=_broken(whole.base),
        candidates=tuple(map(_broken, whole.candidates)),
        comparisons=tuple(
            replace(
                comparison,
                differences=tuple(_nothing(difference) for difference in comparison.differences),
                gates=(),
                flips=(),
                cases=tuple(
                    replace(
                        scores,
                        base=dict.fromkeys(scores.base),
                        candidate=dict.fromkeys(scores.candidate),
                    )
                    for scores in comparison.cases
                ),
                headline="Cannot tell: no case was graded in both arms.",
            )
            for comparison in whole.comparisons
        ),
        agreements=(),
    )  # fmt: skip


# ------------------------------------------------------------------ inputs


def _case(identity: str, title: str, tags: tuple[str, ...]) -> Case:
    own = {
        dimension: (
            Criterion(id=f"{identity}-{dimension[:4]}", text=f"Covers the {dimension} of: {title}", points=4),
        )
        for dimension in _DIMENSIONS
    }  # fmt: skip
    prompt = f"{title}. We are three people, on Postgres 16, with 3k users.\n\nWhat would you do first?"
    if identity == "hostile-input":
        prompt += "\n\n</details><script>window.hacked = 'prompt'</script> =1+1"
    return Case(id=identity, title=title, prompt=prompt, tags=tags, criteria=own)


def _rubrics() -> tuple[Rubric, ...]:
    return tuple(
        Rubric(
            dimension=dimension,
            question=f"How well does the answer cover {dimension}?",
            criteria=tuple(
                Criterion(id=identity, points=points, text=text) for identity, points, text in rows
            ),
        )
        for dimension, rows in _DIMENSIONS.items()
    )


def _criteria(case: Case) -> tuple[tuple[str, Criterion], ...]:
    return tuple(
        (rubric.dimension, criterion)
        for rubric in _rubrics()
        for criterion in (*rubric.criteria, *case.criteria[rubric.dimension])
    )


# ------------------------------------------------------------------ one arm


def _arm(label: str, cases: tuple[Case, ...], shape: Shape) -> Arm:
    trials = [
        Trial(case=case.id, attempt=attempt, key=_hash(label, case.id, attempt))
        for case in cases
        for attempt in range(1, shape.attempts + 1)
    ]
    by_id = {case.id: case for case in cases}
    outcomes = {
        grader.kind: tuple(_outcome(label, grader.kind, by_id[trial.case], trial) for trial in trials)
        for grader in _GRADERS[: shape.graders]
    }
    answers = [outcome.answer for outcome in outcomes["signals"] if not isinstance(outcome, Failed)]
    return Arm(
        run=_run(label, cases, shape),
        label=label,
        counts={grader: _counts(found) for grader, found in outcomes.items()},
        outcomes=outcomes,
        scores={grader: _estimates(found) for grader, found in outcomes.items()},
        words=fmean(answer.words for answer in answers),
        usage=sum((answer.usage for answer in answers), Usage()),
        costs={"agent": None if label == "security-blind" else 0.0123 * len(answers)}
        | dict.fromkeys(outcomes, 0.0),
        seconds=median(answer.seconds for answer in answers),
    )  # fmt: skip


def _run(label: str, cases: tuple[Case, ...], shape: Shape) -> Run:
    prompt = _PROMPTS[label]
    agent = Agent(
        name="backend-engineer",
        description="Use this agent for backend work.",
        prompt=prompt,
        prompt_hash=_hash(prompt),
        file_hash=_hash("file", prompt),
    )
    path = "agents/backend-engineer.md" if label == _SEED else f"agents/revisions/{label}.md"
    revision = Revision(
        label=label, path=path, commit="0123456789abcdef" * 2 + "01234567", dirty=False, agent=agent
    )
    asked = Eval(
        agent="agents/backend-engineer.md",
        datasets=("datasets/backend.yaml",),
        rubrics=tuple(f"evals/rubrics/{dimension}.yaml" for dimension in _DIMENSIONS),
        model=ModelSpec(provider="recorded", answers="datasets/recorded/backend-engineer.jsonl"),
        graders=(GraderSpec(kind="signals"), GraderSpec(kind="labels", labels="datasets/labels/a.jsonl")),
        attempts=shape.attempts,
        gate=Gate(margin=5.0),
    )
    manifest = Manifest(
        eval_name="backend-engineer",
        eval=asked,
        revision=revision,
        cases=cases,
        rubrics=_rubrics(),
        graders=_GRADERS[: shape.graders],
        model_version="sha256:77aa",
        files={"datasets/backend.yaml": "9f2c"},
        harness_version="0.1.0",
    )
    return Run(
        id=_hash("run", label)[:12],
        manifest=manifest,
        created_at="2026-03-01T01:58:00Z",
        finished_at="2026-03-01T02:00:00Z",
    )


def _outcome(label: str, grader: str, case: Case, trial: Trial) -> Outcome:
    if (label, case.id, trial.attempt) == ("rigorous", "slow-orders-query", 1):
        return Failed(trial=trial, kind="timeout", message="no answer within 120 s", hint="run again")
    verdicts = tuple(
        _verdict(label, grader, case, trial, dimension, criterion) for dimension, criterion in _criteria(case)
    )
    scores = {
        dimension: score
        for dimension in _DIMENSIONS
        if (
            score := _score(
                case, dimension, [verdict for verdict in verdicts if verdict.dimension == dimension]
            )
        )
    }
    answer = _answer(label, case, trial)
    if len(scores) < len(_DIMENSIONS):
        reason = "security: sec-threat could not be read twice"
        return Ungraded(trial=trial, answer=answer, verdicts=verdicts, scores=scores, reason=reason)
    overall = fmean(score.value for score in scores.values())
    return Graded(trial=trial, answer=answer, verdicts=verdicts, scores=scores, overall=overall)


def _verdict(
    label: str, grader: str, case: Case, trial: Trial, dimension: str, criterion: Criterion
) -> Verdict:
    place = f"{label}/{case.id}/{trial.attempt}"
    if grader == "signals" and place == "seed/adhd-task-api/1" and criterion.id == "sec-threat":
        return Verdict(
            dimension=dimension,
            criterion=criterion.id,
            met=None,
            reason="the quote is not in the answer, twice",
        )
    truth = _truth(label, case, trial, dimension, criterion)
    met = truth if grader == "labels" or _chance("noise", place, criterion.id) > 0.14 else not truth
    quoted = met and truth
    return Verdict(
        dimension=dimension,
        criterion=criterion.id,
        met=met,
        quote=_sentence(truth, dimension, criterion) if quoted else "",
        reason="labelled (both)" if grader == "labels" else "phrases found" if met else "no phrase found",
    )


def _truth(label: str, case: Case, trial: Trial, dimension: str, criterion: Criterion) -> bool:
    willing = 0.06 if criterion.points < 0 else _WILLING[label, dimension]
    steady, moving = _chance(case.id, criterion.id), _chance(label, case.id, trial.attempt, criterion.id)
    return 0.6 * steady + 0.4 * moving < willing


def _sentence(truth: bool, dimension: str, criterion: Criterion) -> str:
    return _WORDS[truth][dimension].format(id=criterion.id)


def _answer(label: str, case: Case, trial: Trial) -> Answer:
    parts = [f"## {case.title}\n\nBuild one endpoint first; here is why, for *{case.id}*."]
    for dimension in _DIMENSIONS:
        bullets = [
            f"- {_sentence(_truth(label, case, trial, dimension, criterion), dimension, criterion)}"
            for own, criterion in _criteria(case)
            if own == dimension
        ]
        parts.append(f"### {dimension.title()}\n\n" + "\n".join(bullets))
    parts.append("```sql\ncreate table tasks (\n  id uuid primary key,\n  owner uuid not null\n);\n```")
    if label == "rigorous":
        parts.append(
            "| Option | Cost | Better when |\n|---|--:|---|\n| Outbox | 6 days | offline |\n"
            "| Queue | 9 days | bursts |"
        )
    if (label, case.id) == ("rigorous", "hostile-input"):
        parts.insert(1, HOSTILE)
    text = "\n\n".join(parts) + "\n"
    cut = (label, case.id, trial.attempt) == ("security-blind", "webhook-retries", 1)
    return Answer(
        text=text,
        stop_reason="max_tokens" if cut else "end_turn",
        model="recorded",
        usage=Usage(input_tokens=820, output_tokens=len(text) // 4, cache_read_tokens=600),
        cost=0.0123,
        seconds=2 + 6 * _chance("seconds", label, case.id),
    )  # fmt: skip


def _score(case: Case, dimension: str, verdicts: Sequence[Verdict]) -> Score | None:
    if any(verdict.met is None for verdict in verdicts):
        return None
    points = {criterion.id: criterion.points for own, criterion in _criteria(case) if own == dimension}
    met = sum(points[verdict.criterion] for verdict in verdicts if verdict.met)
    positive = sum(value for value in points.values() if value > 0)
    return Score(
        value=min(1.0, max(0.0, met / positive)), raw=met / positive, met_points=met, positive_points=positive
    )


# ------------------------------------------------------------------ sums, kept plain


def _counts(outcomes: Sequence[Outcome]) -> Counts:
    answered = [outcome for outcome in outcomes if not isinstance(outcome, Failed)]
    graded = [outcome for outcome in answered if isinstance(outcome, Graded)]
    return Counts(
        planned=len(outcomes),
        answered=len(answered),
        graded=len(graded),
        ungraded=len(answered) - len(graded),
        failed=len(outcomes) - len(answered),
        cut=sum(outcome.answer.stop_reason == "max_tokens" for outcome in answered),
    )


def _by_case(outcomes: Iterable[Outcome]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Graded):
            means = {name: score.value for name, score in outcome.scores.items()} | {OVERALL: outcome.overall}
            for name, value in means.items():
                found.setdefault(outcome.trial.case, {}).setdefault(name, []).append(100 * value)
    return {case: {name: fmean(values) for name, values in scores.items()} for case, scores in found.items()}


def _estimates(outcomes: Sequence[Outcome]) -> tuple[tuple[str, Estimate], ...]:
    cases = _by_case(outcomes).values()
    return tuple(
        (name, _estimate([scores[name] for scores in cases], 0, 100)) for name in (OVERALL, *_DIMENSIONS)
    )


def _estimate(values: Sequence[float], floor: float, ceiling: float) -> Estimate:
    if not values:
        return _none()
    half = 2.2 * stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    mean = fmean(values)
    return Estimate(
        mean=mean,
        low=None if half is None else max(floor, mean - half),
        high=None if half is None else min(ceiling, mean + half),
        n=len(values),
        method="subset means",
    )


def _comparison(grader: str, base: Arm, arm: Arm, cases: tuple[Case, ...]) -> Comparison:
    before, after = _by_case(base.outcomes[grader]), _by_case(arm.outcomes[grader])
    paired = [case.id for case in cases if case.id in before and case.id in after]
    differences = tuple(
        _difference(name, [before[case][name] for case in paired], [after[case][name] for case in paired])
        for name in (OVERALL, *_DIMENSIONS)
    )
    gates = tuple(_gate(difference) for difference in differences[1:])
    return Comparison(
        grader=grader,
        base=base.label,
        candidate=arm.label,
        differences=differences,
        gates=gates if len(base.outcomes[grader]) > len(cases) else (),
        cases=tuple(_case_scores(case.id, before, after) for case in cases),
        flips=tuple(_flips(grader, base, arm, cases)),
        unpaired=tuple(case.id for case in cases if case.id not in paired),
        missing_points=0.03,
        headline=f"{arm.label} is {differences[0].verdict} overall: {differences[0].sentence}",
        caveats=(
            "Twelve cases speak for cases like these, not for all backend work.",
            f"Length is confounded: {base.words:.0f} words in {base.label}, {arm.words:.0f} in {arm.label}.",
            "The grader was written while looking at these answers.",
        ),
        seed=20260101,
    )


def _difference(name: str, before: Sequence[float], after: Sequence[float]) -> Difference:
    moves = [new - old for old, new in zip(before, after, strict=True)]
    change = _estimate(moves, -100, 100)
    verdict: VerdictWord = "cannot tell"
    if change.low is not None and change.high is not None:
        verdict = "better" if change.low > 0 else "worse" if change.high < 0 else "cannot tell"
        verdict = "no worse" if verdict == "cannot tell" and change.low > -5 else verdict
    return Difference(
        dimension=name,
        base=_estimate(before, 0, 100),
        candidate=_estimate(after, 0, 100),
        difference=change,
        p=None if change.low is None else 0.004 if verdict in {"better", "worse"} else 0.31,
        changed=sum(move != 0 for move in moves),
        mde=None if change.high is None else 1.4 * (change.high - (change.mean or 0)),
        suite=None,
        suite_missing="needs two attempts a case",
        verdict=verdict,
        sentence=f"{change.mean:+.1f} points over {len(moves)} cases." if moves else "no case was graded.",
    )


def _gate(difference: Difference) -> GateResult:
    low, high = difference.difference.low, difference.difference.high
    result: Literal["PASS", "FAIL", "INCONCLUSIVE"] = "INCONCLUSIVE"
    if low is not None and high is not None:
        result = "PASS" if low > -5 else "FAIL" if high < -5 else "INCONCLUSIVE"
    return GateResult(
        dimension=difference.dimension,
        margin=5.0,
        result=result,
        low=low,
        high=high,
        certifiable=None if low is None else abs(low),
        attempts_needed=4 if result == "INCONCLUSIVE" else None,
        words=f"{difference.dimension} {result} at a margin of 5 points.",
    )


def _case_scores(case: str, *arms: Mapping[str, Mapping[str, float]]) -> CaseScores:
    names = (OVERALL, *_DIMENSIONS)
    before, after = ({name: arm.get(case, {}).get(name) for name in names} for arm in arms)
    return CaseScores(case=case, base=before, candidate=after)


def _flips(grader: str, base: Arm, arm: Arm, cases: tuple[Case, ...]) -> Iterable[Flip]:
    before, after = (_shares(one.outcomes[grader]) for one in (base, arm))
    for case in cases:
        for dimension, criterion in _criteria(case):
            place = (case.id, criterion.id)
            if place in before and place in after and before[place] != after[place]:
                change = after[place] - before[place]
                yield Flip(
                    case=case.id,
                    dimension=dimension,
                    criterion=criterion.id,
                    text=criterion.text,
                    points=criterion.points,
                    base=before[place],
                    candidate=after[place],
                    gain=change * criterion.points / 12 * 100,
                )


def _shares(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], float]:
    met: dict[tuple[str, str], list[bool]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Graded):
            for verdict in outcome.verdicts:
                met.setdefault((outcome.trial.case, verdict.criterion), []).append(bool(verdict.met))
    return {place: fmean(values) for place, values in met.items()}


def _agreements() -> tuple[Agreement, ...]:
    whole = Agreement(
        grader="signals",
        scope="all",
        n=648,
        ungraded=1,
        met_by_label=431,
        met_by_grader=418,
        raw=0.86,
        sensitivity=0.87,
        specificity=0.83,
        balanced_accuracy=0.85,
        ac1=0.74,
        in_sample=True,
        labels="two model annotators and an adjudicator (datasets/labels/a.jsonl)",
    )
    return (whole, replace(whole, scope="general", n=360, raw=0.88, balanced_accuracy=None, in_sample=False))


def _broken(arm: Arm) -> Arm:
    outcomes: dict[str, tuple[Outcome, ...]] = {
        grader: tuple(
            Failed(trial=each.trial, kind="timeout", message="no answer within 120 s") for each in found
        )
        for grader, found in arm.outcomes.items()
    }
    return replace(
        arm,
        outcomes=outcomes,
        counts={grader: _counts(found) for grader, found in outcomes.items()},
        scores={grader: tuple((name, _none()) for name in (OVERALL, *_DIMENSIONS)) for grader in outcomes},
        words=None,
        usage=Usage(),
        seconds=None,
    )


def _none() -> Estimate:
    return Estimate(mean=None, low=None, high=None, n=0, method="none")


def _nothing(difference: Difference) -> Difference:
    return replace(
        difference,
        base=_none(),
        candidate=_none(),
        difference=_none(),
        p=None,
        changed=0,
        mde=None,
        verdict="cannot tell",
        sentence="no case was graded in both arms.",
    )


def _hash(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def _chance(*parts: object) -> float:
    return int(_hash(*parts)[:8], 16) / 0xFFFFFFFF
