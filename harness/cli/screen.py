"""What people read in the terminal: the plan, progress, verdicts. Untrusted text never reaches it raw."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from harness.comparison import asides
from harness.comparison.sheets import KIND
from harness.pacing.traffic import Quiet, Retry, Traffic
from harness.planning.plan import Plan
from harness.records.comparisons import Comparison, Difference, GateResult, VerdictWord
from harness.records.estimates import OVERALL
from harness.records.outcomes import Failed
from harness.records.results import Arm, Report
from harness.records.trust import Agreement
from harness.reporting import selection, words
from harness.reporting.untrusted import shortened, visible
from harness.runner import Answered, Done, Event, Left, Marked, Paid, Unmarked, Waiting

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
    arms = sum(plan.trials > 0 for plan in plans)  # a pairwise comparison has no trials of its own
    revisions = f"{arms} revisions" if arms > 1 else "one revision"
    trials = sum(plan.trials for plan in plans)
    console.print(f"{words.many(first.cases, 'case')}, {attempts} each, {revisions}: {trials:,} trials")
    table = _table("plan", "", "stored", "to make", "cost")
    for plan in plans:
        for part in plan.parts:
            label = plan.label if part is plan.parts[0] else ""
            cost = words.dollars(part.cost) if part.to_make else "–"
            fewer = 0 < part.calls < part.to_make
            name = f"{part.name}, in {words.many(part.calls, 'call')}" if fewer else part.name
            table.add_row(plain(label), plain(name), f"{part.stored:,}", f"{part.to_make:,}", cost)
    console.print(table)
    if most := [plan.regrades for plan in plans if plan.regrades is not None]:
        calls, costs = sum(part.calls for part in most), [part.cost for part in most]
        dear = words.dollars(None if None in costs else sum(each or 0.0 for each in costs))
        told = f"{words.many(calls, 'call')} to {most[0].model} and {dear}"
        console.print(plain(f"regrading what flips can take {told} more, at most"), style="dim")
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
    if any(plan.sent is not None for plan in plans):
        time_ = "by batches: within a day, mostly within the hour"
    else:
        time_ = _minutes(sum(plan.seconds for plan in plans) / 60)
    return f"{calls:,} paid calls to make, {about}, {time_}. Estimates, not promises."


def _minutes(minutes: float) -> str:
    return "under a minute" if minutes < 1 else f"about {minutes:,.0f} min"


# ------------------------------------------------------------------ meanwhile


class Meter:
    """Counts what a run makes and shows it: a moving line in a terminal, plain lines elsewhere."""

    def __init__(self, console: Console, trials: int, traffic: Traffic) -> None:
        self.answers = self.verdicts = self.failed = self.unmarked = self.left = 0
        self._waited = False
        self.cost: float | None = 0.0
        self.paid = 0.0  # what is known of the cost
        self.done = 0
        self._reasons = Counter[str]()
        self._words: dict[str, tuple[str, str]] = {}
        self._began = self._spoken = time.monotonic()
        self._console = console
        self._moving = console.is_terminal  # asks the system each time
        self._trials = trials
        self._traffic = traffic
        traffic.tell = self._told
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TextColumn("{task.fields[spent]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            _Wire(traffic),
            console=console,
            transient=True,
            disable=not self._moving,
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
            case Answered():
                self.answers += 1
            case Marked(_, _, verdicts):
                self.verdicts += len(verdicts)
            case Paid(_, cost):
                self.cost = None if cost is None or self.cost is None else self.cost + cost
                self.paid += cost or 0.0
            case Failed(trial=trial, kind=kind, message=message, hint=hint):
                self.failed += 1
                self._reason(kind, message, hint)
                self._warn(f"{trial.case}, attempt {trial.attempt}: no answer: {message}")
            case Unmarked(trial, grader, kind, message, hint):
                self.unmarked += 1
                self._reason(kind, message, hint)
                self._warn(f"{trial.case}, attempt {trial.attempt}: {grader} call failed: {message}")
            case Left(_, _, calls):
                self.left += calls
            case Waiting(calls):
                self._wait(calls)
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
        if self.left:
            parts.append(f"{words.many(self.left, 'call')} not made to stay within the budget")
        parts.append(f"{words.dollars(self.cost)} spent")
        if self._traffic.retries:
            refused = f" ({self._traffic.refusals:,} by a rate limit)" if self._traffic.refusals else ""
            parts.append(f"{self._traffic.retries:,} calls tried again{refused}")
        return ", ".join(parts)

    def conclude(self) -> None:
        """Print what was made, and why calls failed, where most failed alike."""
        self._console.print(f"{self.summary()}.", style="dim")
        if not self._reasons:
            return
        kind, count = self._reasons.most_common(1)[0]
        message, hint = self._words[kind]
        share = f"{count:,} of {self._reasons.total():,}"
        self._console.print(plain(f"commonest failure, {share}: {kind}: {shortened(message, 300)}"))
        if hint:
            self._console.print(plain(f"  hint: {shortened(hint, 300)}"))

    def _reason(self, kind: str, message: str, hint: str) -> None:
        self._reasons[kind] += 1
        self._words.setdefault(kind, (message, hint))

    def _told(self, news: Retry | Quiet) -> None:
        """Say the first retry of each kind at once, and who does not answer: silence helps nobody."""
        style = "yellow" if isinstance(news, Retry) else "dim"
        self._console.print(Text(visible(_news(news)), style=style))

    def _step(self) -> None:
        self.done += 1
        now = time.monotonic()
        if self._moving:
            rate = f"{self.done / max(now - self._began, 0.001):,.1f}/s"
            self._progress.update(self._task, advance=1, spent=words.dollars(self.cost), rate=rate)
        elif now - self._spoken >= _QUIET_SECONDS:
            self._spoken = now
            left = (self._trials - self.done) * (now - self._began) / self.done / 60
            self._console.print(
                f"{self.done:,} of {self._trials:,} trials, {words.dollars(self.cost)}, {_minutes(left)} left"
            )

    def _wait(self, calls: int) -> None:
        """Say that another run makes what is left; once where nothing can be redrawn."""
        waiting = f"waiting for another run: {words.many(calls, 'call')}"
        self._progress.update(self._task, description=waiting if calls else "trials")
        if calls and not self._waited and not self._moving:
            self._console.print(waiting)
        self._waited = calls > 0

    def _warn(self, message: str) -> None:
        if self.failed + self.unmarked <= 5:
            self._console.print(Text(f"! {shortened(message, 300)}", style="yellow"))


def _news(news: Retry | Quiet) -> str:
    if isinstance(news, Quiet):
        waiting = f"{words.many(news.in_flight, 'call')} in flight, each given {news.patience:,.0f} s"
        return f"{news.place}: no answer yet after {news.seconds:,.0f} s; {waiting}"
    pause = f" in {news.seconds:,.0f} s" if news.seconds >= 1 else ""
    return f"! {news.place}: {news.kind}: {shortened(news.message, 200)}; trying again{pause}"


class _Wire(ProgressColumn):
    """Calls in flight of those allowed, refusals, and what is waited for; nothing while nothing is asked."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(table_column=Column(no_wrap=True, overflow="ellipsis"))
        self._traffic = traffic

    def render(self, task: Task) -> Text:
        """Write it as it is now."""
        del task
        return Text(on_the_wire(self._traffic, time.monotonic()), style="dim")


def on_the_wire(traffic: Traffic, now: float) -> str:
    """Say how many calls are in flight, how many a server refused, and how long its refusals hold us."""
    if not traffic.limit:
        return ""
    seconds = traffic.held(now)
    parts = [f"waiting {seconds:,.0f} s: rate limit"] if seconds >= 1 else []
    parts.append(f"{traffic.in_flight} of {traffic.limit} in flight")
    if traffic.refusals:
        parts.append(f"{traffic.refusals:,} × 429")
    return " · ".join(parts)


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
    for found in report.preferences:
        console.print()
        title = f"{found.candidate} against {found.base}, answer by answer"
        console.print(Text(visible(title), style="bold"))
        console.print(plain(found.words))
    _show_beside(console, report)
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
            words.p_value(row.p_decides),
            _verdict(row),
        )
    console.print(table)
    if found.grader == KIND and (moves := selection.moved_most(found, 5)):
        most = ", ".join(f"{case} {words.signed(change)}" for case, change in moves)
        console.print(plain(f"moved most: {most}"))
    _show_gates(console, found.gates)
    if found.criteria:
        console.print(plain(asides.moved(found.criteria)))


def _show_gates(console: Console, gates: Sequence[GateResult]) -> None:
    for gate in gates:
        console.print(plain(f"gate {words.gated(gate)}: {gate.result}: {gate.words}"))


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


def _show_beside(console: Console, report: Report) -> None:
    """Print what holds for all arms together: who ranks first, and what flickers."""
    decider = report.graders[0].kind
    deciding = [found for found in report.comparisons if found.grader == decider]
    alone = deciding[0].spreads[:1] if len(deciding) == 1 else ()
    told = [
        *(f"{spread.dimension}: {spread.advice}" for spread in alone),
        *(ranking.words for ranking in report.rankings if ranking.grader == decider),
        *(asides.reliable(found) for found in report.reliabilities if found.grader == decider),
    ]
    if told:
        console.print()
    for line in told:
        console.print(plain(line))


def _show_scores(console: Console, report: Report) -> None:
    for info in report.graders:
        console.print()
        console.print(Text(visible(f"{report.base.label}, by {info.kind}"), style="bold"))
        table = _table("", "score", "95 % interval", "cases")
        for name, estimate in report.base.scores[info.kind]:
            table.add_row(plain(name), words.points(estimate.mean), words.interval(estimate), str(estimate.n))
        console.print(table)
    _show_gates(console, report.gates)
    for spread in report.spreads[:1]:
        console.print(plain(f"{spread.dimension}: {spread.advice}"), style="dim")


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
