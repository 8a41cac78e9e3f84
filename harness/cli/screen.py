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
from harness.records.results import OVERALL, Agreement, Arm, Comparison, Difference, Report, VerdictWord
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
    [
        "base",
        "new",
        "change",
        "score",
        "cases",
        "verdicts",
        "raw",
        "AC1",
        "stored",
        "cost",
        "planned",
        "answered",
        "graded",
        "ungraded",
        "failed",
        "words",
    ]
) | {"to make", "balanced accuracy"}
_QUIET_SECONDS = 10.0  # between two lines of progress where there is no terminal to redraw


class _Honest(Console):
    """A console that leaves the exit code to the door when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def out() -> Console:
    """Where data goes: standard output."""
    return _Honest(highlight=False)


def err() -> Console:
    """Where words and progress go: standard error."""
    return _Honest(stderr=True, highlight=False)


def plain(text: str) -> Text:
    """Wrap text from elsewhere so that neither markup nor control characters in it act."""
    return Text(visible(text))


# ------------------------------------------------------------------ before


def show_plan(console: Console, plans: Sequence[Plan]) -> None:
    """Print what is stored and what is to be made of each revision, and what that would cost."""
    first = plans[0]
    attempts = f"{first.attempts} attempts" if first.attempts > 1 else "one attempt"
    revisions = f"{len(plans)} revisions" if len(plans) > 1 else "one revision"
    trials = sum(plan.trials for plan in plans)
    console.print(f"{first.cases} cases, {attempts} each, {revisions}: {trials:,} trials")
    table = _table("plan", "", "stored", "to make", "cost")
    for plan in plans:
        for part in plan.parts:
            label = plan.label if part is plan.parts[0] else ""
            cost = words.dollars(part.cost) if part.to_make else "–"
            table.add_row(plain(label), plain(part.name), f"{part.stored:,}", f"{part.to_make:,}", cost)
    console.print(table)
    bases = {part.model: part.basis for plan in plans for part in plan.parts if part.model and part.to_make}
    for name, basis in bases.items():
        console.print(plain(f"estimate for {name}: {basis}"), style="dim")
    caching = (part.caching for plan in plans for part in plan.parts if part.caching)
    for line in dict.fromkeys(caching):
        console.print(plain(f"prompt cache, {line}"), style="dim")
    console.print(_sum_of(plans))


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

    @property
    def made(self) -> int:
        """How many answers and verdicts were made."""
        return self.answers + self.verdicts

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
        deciding, *others = (c for c in report.comparisons if c.candidate == candidate.label)
        _show_deciding(console, deciding, alone=not others)
        for other in others:
            console.print(_in_a_line(other))
    _show_caveats(console, [c for c in report.comparisons if c.grader == report.graders[0].kind])
    if report.agreements:
        _show_agreements(console, report.agreements)
    if report.notes:
        _show_notes(console, report.notes)


def show_counts(console: Console, report: Report) -> None:
    """Print the three denominators, answer lengths and cost of each arm."""
    table = _table("trials", "planned", "answered", "graded", "ungraded", "failed", "words", "cost")
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
    if sentence := words.cached([arm.caching for arm in (report.base, *report.candidates)]):
        console.print(plain(sentence), style="dim")


def _total(arm: Arm) -> float | None:
    costs = list(arm.costs.values())
    return None if None in costs else sum(cost or 0.0 for cost in costs)


def _show_deciding(console: Console, found: Comparison, *, alone: bool) -> None:
    by = f", by {found.grader}" if alone else f", by {found.grader}, which decides"
    console.print()
    console.print(Text(visible(f"{found.candidate} against {found.base}{by}"), style="bold"))
    console.print(plain(found.headline))
    table = _table("", "base", "new", "change", "95 % interval", "p", "verdict")
    for row in found.differences:
        table.add_row(
            Text(visible(row.dimension), style="bold" if row.dimension == OVERALL else ""),
            words.points(row.base.mean),
            words.points(row.candidate.mean),
            words.signed(row.difference.mean),
            words.interval(row.difference, sign=True),
            words.p_value(row.p),
            _verdict(row),
        )
    console.print(table)
    for gate in found.gates:
        console.print(plain(f"gate {gate.dimension}: {gate.result}: {gate.words}"))


def _in_a_line(found: Comparison) -> Text:
    """Give a second opinion without its evidence, which the report holds."""
    line = Text(visible(f"by {found.grader}: "))
    for number, row in enumerate(found.differences):
        line.append(" · " if number else "")
        line.append(f"{visible(row.dimension)} {words.signed(row.difference.mean)} ")
        line.append_text(_verdict(row))
    return line


def _verdict(row: Difference) -> Text:
    return Text(f"{words.MARKS[row.verdict]} {row.verdict}", style=STYLES[row.verdict])


def _show_caveats(console: Console, found: Sequence[Comparison]) -> None:
    """Print what holds for all candidates once, and what holds for one under its name."""
    if not found:
        return
    shared = [caveat for caveat in found[0].caveats if all(caveat in other.caveats for other in found)]
    own = [(c.candidate, caveat) for c in found for caveat in c.caveats if caveat not in shared]
    console.print()
    console.print(Text("What this does not say", style="bold"))
    for caveat in shared:
        console.print(plain(f"· {caveat}"), style="dim")
    for candidate, caveat in own:
        console.print(plain(f"· {candidate}: {caveat}"), style="dim")


def _show_scores(console: Console, report: Report) -> None:
    for info in report.graders:
        console.print()
        console.print(Text(visible(f"{report.base.label}, by {info.kind}"), style="bold"))
        table = _table("", "score", "95 % interval", "cases")
        for name, estimate in report.base.scores[info.kind]:
            table.add_row(plain(name), words.points(estimate.mean), words.interval(estimate), str(estimate.n))
        console.print(table)


def _show_agreements(console: Console, agreements: Sequence[Agreement]) -> None:
    console.print()
    console.print(Text("How far the free grader agrees with the labels", style="bold"))
    table = _table("grader", "over", "verdicts", "raw", "balanced accuracy", "AC1")
    for row in agreements:
        measured = (words.percent(row.raw), words.share(row.balanced_accuracy), words.share(row.ac1))
        table.add_row(plain(row.grader), plain(row.scope), f"{row.n:,}", *measured)
    console.print(table)
    if any(row.in_sample for row in agreements):
        sentence = "In sample: this grader was written while looking at these labels, which flatters it."
        console.print(sentence, style="dim")


def _show_notes(console: Console, notes: Sequence[str]) -> None:
    console.print()
    console.print(Text("To know", style="bold"))
    for note in notes:
        console.print(plain(f"· {note}"), style="dim")


def _table(*names: str) -> Table:
    """Make a table that fits 80 columns: no lines, numbers to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
    return table
