"""A report as one HTML file: nothing is fetched, nothing but our own script and style may run.

The templates escape everything; only what `answers` rendered and our own style and script go in as they are.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.comparison import asides
from harness.records.comparisons import Comparison, Difference, Flip, GateResult, VerdictWord
from harness.records.estimates import OVERALL
from harness.records.record import Record
from harness.records.results import Report
from harness.reporting import diff, selection, words
from harness.reporting.cases import CaseView, views
from harness.reporting.chart import Chart, darkened
from harness.reporting.untrusted import shortened, visible

_FLIPS_SHOWN = 10
_CHARTS = ("forest", "scores", "heatmap")


def html(report: Report, charts: Mapping[str, Chart], told: Sequence[CaseView] = ()) -> str:
    """Give the report as one self-contained page; equal reports and charts give equal text.

    `told` are its cases' `views`, where they were made beforehand: they are most of the work, and need no
    chart.
    """
    style, script = _asset("page.css"), _asset("page.js")
    return (
        _templates()
        .get_template("page.html")
        .render(
            report=report,
            arms=selection.arms(report),
            decider=selection.decider(report),
            counted=len(selection.case_ids(report)),
            dimensions=(OVERALL, *report.dimensions),
            verdicts=tuple(_verdicts(report)),
            caveats=selection.caveats(report),
            asides=tuple(_asides(report)),
            opinions=_opinions(report),
            tables=(*selection.deciding(report), *selection.second_opinions(report)),
            gated=_gated(report),
            charts={kind: _figure(kind, charts[kind]) for kind in _CHARTS if kind in charts},
            movements=[_movement(report, each) for each in selection.deciding(report) if report.rubrics],
            cases=told or views(report),
            diffs=list(_diffs(report)),
            tags=sorted({visible(tag) for case in report.cases for tag in case.tags}),
            style=Markup(style),  # noqa: S704 # our own file
            script=Markup(script),  # noqa: S704 # our own file
            policy=_policy(style, script),
        )
    )


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _diffs(report: Report) -> Iterator[tuple[str, Sequence[diff.Line]]]:
    """Give each candidate's prompt against the base's; scores that another tool made know of none."""
    for arm in report.candidates:
        if report.base.run is not None and arm.run is not None:
            base, candidate = (run.manifest.revision.agent.prompt for run in (report.base.run, arm.run))
            yield arm.label, diff.lines(base, candidate)


# ------------------------------------------------------------------ the verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar(Record):
    """One difference on a line of 200 units, zero at 100; `low` and `high` are `None` without interval."""

    dimension: str
    verdict: VerdictWord
    numbers: str
    low: float | None
    mean: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """One candidate's verdict by the grader that decides."""

    candidate: str
    word: VerdictWord
    headline: str
    bars: tuple[Bar, ...]


def _verdicts(report: Report) -> Iterator[Verdict]:
    compared = selection.deciding(report)
    reach = max([10.0, *(_reach(each) for comparison in compared for each in comparison.differences)])
    for comparison in compared:
        yield Verdict(
            candidate=comparison.candidate,
            word=selection.overall(comparison).verdict,
            headline=visible(comparison.headline),
            bars=tuple(_bar(difference, reach) for difference in comparison.differences),
        )


def _reach(difference: Difference) -> float:
    estimate = difference.difference
    bounds = (estimate.low, estimate.mean, estimate.high) if estimate.n else ()
    return max((abs(bound) for bound in bounds if bound is not None), default=0.0)


def _bar(difference: Difference, reach: float) -> Bar:
    estimate = difference.difference
    low, mean, high = (
        None if value is None or not estimate.n else round(100 + 96 * value / reach, 1)
        for value in (estimate.low, estimate.mean, estimate.high)
    )
    numbers = f"{words.signed(estimate.mean)} ({words.interval(estimate, sign=True)})"
    return Bar(
        dimension=difference.dimension,
        verdict=difference.verdict,
        numbers=numbers if estimate.n else "no case graded in both",
        low=low,
        mean=mean,
        high=high,
    )


def _gated(report: Report) -> list[tuple[str, tuple[GateResult, ...]]]:
    """Give each candidate's gates, or those of a single run."""
    decided = [(comparison.candidate, comparison.gates) for comparison in selection.deciding(report)]
    return [(label, gates) for label, gates in (*decided, (report.base.label, report.gates)) if gates]


def _asides(report: Report) -> Iterator[str]:
    """Say who ranks first, which criteria moved, what flickers between attempts, and what would tell more."""
    decider = selection.decider(report)
    yield from (each.words for each in report.rankings if each.grader == decider)
    for comparison in selection.deciding(report):
        told = asides.moved(comparison.criteria)
        yield from (f"{comparison.candidate}: {line}" for line in (told,) if line)
    yield from (asides.reliable(each) for each in report.reliabilities if each.grader == decider)
    decided = ((comparison.candidate, comparison.spreads) for comparison in selection.deciding(report))
    for label, spreads in (*decided, (report.base.label, report.spreads)):
        yield from (f"{label}, {spread.dimension}: {spread.advice}." for spread in spreads[:1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion(Record):
    """What every grader says of one dimension of one candidate, in the order of the graders."""

    candidate: str
    dimension: str
    differences: tuple[Difference | None, ...]


def _opinions(report: Report) -> tuple[Opinion, ...]:
    """Give the graders side by side; nothing where there is only one."""
    if len(report.graders) < 2:
        return ()
    found = {
        (comparison.candidate, comparison.grader, difference.dimension): difference
        for comparison in report.comparisons
        for difference in comparison.differences
    }
    return tuple(
        Opinion(
            candidate=comparison.candidate,
            dimension=difference.dimension,
            differences=tuple(
                found.get((comparison.candidate, grader.kind, difference.dimension))
                for grader in report.graders
            ),
        )
        for comparison in selection.deciding(report)
        for difference in comparison.differences
    )


# ------------------------------------------------------------------ what moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Record):
    """A flip and the words behind it, where a grader quoted any."""

    flip: Flip
    evidence: selection.Evidence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement(Record):
    """One candidate's flips, most telling first; the page folds `rest` away."""

    candidate: str
    first: tuple[Moved, ...]
    rest: tuple[Moved, ...]


def _movement(report: Report, comparison: Comparison) -> Movement:
    quotes = selection.quotes(report, comparison)
    moved = [
        Moved(flip=flip, evidence=quotes.get((flip.case, flip.dimension, flip.criterion)))
        for flip in selection.telling(comparison)
    ]
    return Movement(
        candidate=comparison.candidate, first=tuple(moved[:_FLIPS_SHOWN]), rest=tuple(moved[_FLIPS_SHOWN:])
    )


# ------------------------------------------------------------------ charts and templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Record):
    """A chart for both themes, each as a data address; an image can run nothing."""

    kind: str
    title: str
    alt: str
    light: str
    dark: str


def _figure(kind: str, chart: Chart) -> Figure:
    return Figure(
        kind=kind,
        title=chart.title,
        alt=chart.alt,
        light=_address(chart.svg),
        dark=_address(darkened(chart.svg)),
    )


def _address(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


@cache
def _asset(name: str) -> str:
    return (files("harness.reporting") / "templates" / name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"words": words, "marks": words.MARKS}
    filters: dict[str, Callable[..., str]] = {
        "answer": Markup,
        "kind": lambda word: str(word).replace(" ", "-"),
        "shown": visible,
        "short": _short,
    }
    environment.filters |= filters
    return environment


def _short(text: str, length: int = 240) -> str:
    return shortened(text, length)
