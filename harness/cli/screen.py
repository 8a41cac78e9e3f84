"""What people read in the terminal: the plan, progress, verdicts. Untrusted text never reaches it raw."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from harness.planning.plan import Plan
from harness.records.outcomes import Failed
from harness.records.results import OVERALL, Agreement, Arm, Comparison, Report, VerdictWord
from harness.reporting import words
from harness.reporting.untrusted import shortened, visible
from harness.runner import Answered, Done, Event, Marked, Unmarked

STYLES: dict[VerdictWord, str] = {
    "better": "bold green",
    "worse": "bold red",
    "no worse": "bold cyan",
    "cannot tell": "bold yellow",
}

_NUMBERS = frozenset(
    {
        "base",
        "candidate",
        "difference",
        "score",
        "cases",
        "verdicts",
        "raw",
        "AC1",
        "stored",
        "to make",
        "cost",
    }
)

_QUIET_SECONDS = 10.0  # between two lines of progress where there is no terminal to redraw


def out() -> Console:
    """Where data goes: standard output."""
    return Console(highlight=False, soft_wrap=False)


def err() -> Console:
    """Where words and progress go: standard error."""
    return Console(stderr=True, highlight=False)


def plain(text: str) -> Text:
    """Wrap text from elsewhere so that neither markup nor control characters in it act."""
    return Text(visible(text))


# ------------------------------------------------------------------ before


def show_plan(console: Console, plans: Sequence[Plan]) -> None:
    """Print what is stored and what is to be made of each revision, and what that would cost."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("plan", "", "stored", "to make", "cost", "estimated from"):
        table.add_column(
            name, justify="right" if name in _NUMBERS else "left", no_wrap=name != "estimated from"
        )
    for plan in plans:
        for part in plan.parts:
            shown = f"{plan.label}: {_times(plan)}" if part is plan.parts[0] else ""
            cost = words.dollars(part.cost) if part.to_make else "–"
            basis = f"{part.model}: {part.basis}" if part.model else part.basis
            row = (f"{part.stored:,}", f"{part.to_make:,}", cost, Text(visible(basis), style="dim"))
            table.add_row(plain(shown), part.name, *row)
    console.print(table)
    console.print(_sum_of(plans))


def _times(plan: Plan) -> str:
    attempts = f" × {plan.attempts} attempts" if plan.attempts > 1 else ", one attempt each"
    return f"{plan.cases} cases{attempts}"


def _sum_of(plans: Sequence[Plan]) -> str:
    calls = sum(plan.calls for plan in plans)
    if not calls:
        return "No paid call to make."
    costs = [plan.cost for plan in plans]
    known = None if None in costs else sum(cost or 0.0 for cost in costs)
    about = "cost unknown: no price for a model" if known is None else f"about {words.dollars(known)}"
    minutes = sum(plan.seconds for plan in plans) / 60
    return f"{calls:,} paid calls to make, {about}, {_minutes(minutes)}. Estimates, not promises."


def _minutes(minutes: float) -> str:
    return "under a minute" if minutes < 1 else f"about {minutes:,.0f} min"


# ------------------------------------------------------------------ meanwhile


class Meter:
    """Counts what a run makes and shows it: a moving line in a terminal, plain lines elsewhere."""

    def __init__(self, console: Console, trials: int) -> None:
        self.answers = self.verdicts = self.failed = self.unmarked = 0
        self.cost: float | None = 0.0
        self.done = 0
        self._began = self._spoken = time.monotonic()
        self._console = console
        self._trials = trials
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[spent]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("trials", total=trials, spent="", rate="")

    @contextmanager
    def running(self) -> Iterator["Meter"]:
        """Show progress while the block runs."""
        with self._progress:
            yield self

    def watch(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case Answered(_, answer):
                self.answers += 1
                self._spend(answer.cost)
            case Marked(_, _, verdicts):
                self.verdicts += len(verdicts)
                for _, verdict in verdicts:
                    self._spend(verdict.cost)
            case Failed(trial=trial, message=message):
                self.failed += 1
                self._warn(f"{trial.case}, attempt {trial.attempt}: no answer: {message}")
            case Unmarked(trial, grader, _, message):
                self.unmarked += 1
                self._warn(f"{trial.case}, attempt {trial.attempt}: {grader} call failed: {message}")
            case Done():
                self._step()

    def summary(self) -> str:
        """Say what was made."""
        parts = [f"{self.answers:,} answers and {self.verdicts:,} verdicts made"]
        if self.failed:
            parts.append(f"{self.failed:,} trials failed")
        if self.unmarked:
            parts.append(f"{self.unmarked:,} grader calls failed")
        parts.append(f"{words.dollars(self.cost)} spent")
        return ", ".join(parts)

    def _spend(self, cost: float | None) -> None:
        self.cost = None if cost is None or self.cost is None else self.cost + cost

    def _step(self) -> None:
        self.done += 1
        now = time.monotonic()
        rate = f"{self.done / max(now - self._began, 0.001):,.1f}/s"
        self._progress.update(self._task, advance=1, spent=words.dollars(self.cost), rate=rate)
        if not self._console.is_terminal and now - self._spoken >= _QUIET_SECONDS:
            self._spoken = now
            left = (self._trials - self.done) * (now - self._began) / self.done / 60
            self._console.print(
                f"{self.done:,} of {self._trials:,} trials, {words.dollars(self.cost)}, {_minutes(left)} left"
            )

    def _warn(self, message: str) -> None:
        if self.failed + self.unmarked <= 5:
            self._console.print(Text(f"! {shortened(message, 300)}", style="yellow"))


# ------------------------------------------------------------------ afterwards


def show_report(console: Console, report: Report) -> None:
    """Print the verdict of every candidate, the deciding grader first; or the scores of a single run."""
    if not report.comparisons:
        _show_scores(console, report)
    for candidate in report.candidates:
        for comparison in report.comparisons:
            if comparison.candidate == candidate.label:
                _show_comparison(console, report, comparison)
    if report.agreements:
        _show_agreements(console, report.agreements)


def show_counts(console: Console, report: Report) -> None:
    """Print the three denominators, answer lengths and cost of each arm."""
    table = Table(box=None)
    for name in ("", "planned", "answered", "graded", "ungraded", "failed", "mean words", "cost"):
        table.add_column(name, justify="right" if name else "left")
    for arm in (report.base, *report.candidates):
        counted = arm.counts[report.graders[0].kind]
        table.add_row(
            plain(arm.label),
            *(str(n) for n in (counted.planned, counted.answered, counted.graded)),
            *(str(n) for n in (counted.ungraded, counted.failed)),
            words.count(arm.words),
            words.dollars(_total(arm)),
        )
    console.print(table)


def _total(arm: Arm) -> float | None:
    costs = list(arm.costs.values())
    return None if None in costs else sum(cost or 0.0 for cost in costs)


def _show_comparison(console: Console, report: Report, found: Comparison) -> None:
    decides = found.grader == report.graders[0].kind and len(report.graders) > 1
    by = f"by {found.grader}" + (" (decides)" if decides else "")
    console.print()
    console.print(Text(visible(f"{found.candidate} against {found.base}, {by}"), style="bold"))
    console.print(plain(found.headline))
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("", "base", "candidate", "difference", "95 % interval", "p", "verdict"):
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row in found.differences:
        table.add_row(
            Text(row.dimension, style="bold" if row.dimension == OVERALL else ""),
            words.points(row.base.mean),
            words.points(row.candidate.mean),
            words.signed(row.difference.mean),
            words.interval(row.difference, sign=True),
            words.p_value(row.p),
            Text(f"{words.MARKS[row.verdict]} {row.verdict}", style=STYLES[row.verdict]),
        )
    console.print(table)
    for gate in found.gates:
        console.print(plain(f"gate {gate.dimension}: {gate.result}: {gate.words}"))
    if found.grader == report.graders[0].kind:
        for caveat in found.caveats:
            console.print(plain(f"· {caveat}"), style="dim")


def _show_scores(console: Console, report: Report) -> None:
    for info in report.graders:
        console.print()
        console.print(Text(visible(f"{report.base.label}, by {info.kind}"), style="bold"))
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("", "score", "95 % interval", "cases"):
            table.add_column(name, justify="right" if name in _NUMBERS else "left")
        for name, estimate in report.base.scores[info.kind]:
            table.add_row(name, words.points(estimate.mean), words.interval(estimate), str(estimate.n))
        console.print(table)


def _show_agreements(console: Console, agreements: tuple[Agreement, ...]) -> None:
    console.print()
    console.print(Text("How far the free grader agrees with the labels", style="bold"))
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("grader", "over", "verdicts", "raw", "balanced accuracy", "AC1", ""):
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row in agreements:
        sample = "in sample: written while looking at these labels" if row.in_sample else ""
        measured = (words.percent(row.raw), words.share(row.balanced_accuracy), words.share(row.ac1))
        table.add_row(row.grader, row.scope, f"{row.n:,}", *measured, sample)
    console.print(table)
