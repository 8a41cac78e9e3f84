"""A calibration as people read it in the terminal."""

from collections.abc import Iterator, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli.screen import plain
from harness.comparison.trust import trust
from harness.records.calibrations import Calibration, Compared, Measure
from harness.records.estimates import Estimate
from harness.reporting import words
from harness.reporting.untrusted import shortened
from harness.statistics.calibration import LOW, WANTED_AC1, WANTED_BALANCED

_SAYS = {True: "met", False: "not met"}
_FIGURES = ("n", "raw", "sensitivity", "specificity", "bal.", "AC1", "alpha")


def show_calibration(console: Console, found: Calibration, *, wrong: int, every: bool) -> None:
    """Print what was measured, from the sentence that matters to the verdicts that were wrong."""
    console.print(Text(f"{found.grader.kind} against labels", style="bold"))
    for line in _opening(found):
        console.print(plain(line))
    _show_pooled(console, found)
    _show_criteria(console, found, every=every)
    _show_revisions(console, found)
    _show_cases(console, found)
    _show_wrong(console, found.wrong, wrong)
    console.print()
    said = trust(found.grader.kind, found, eval_name=found.eval_name)
    style = {"use": "bold green", "tentative": "bold yellow"}.get(said.level, "bold red")
    console.print(Text.assemble((f"{said.level}  ", style), plain(said.words)))


def _opening(found: Calibration) -> Iterator[str]:
    graded = found.overall.n
    yield (
        f"{graded:,} labelled verdicts on {words.many(found.answers, 'answer')} to "
        f"{words.many(len(found.cases), 'case')}, {found.labels}; cost {words.dollars(found.cost)}."
    )
    between = found.labels_alpha
    agreed = f"; they agree with each other at alpha {words.share(between)}" if between is not None else ""
    yield f"Labelled by {found.labelled_by}{agreed}."
    if found.in_sample:
        yield "In sample: the grader was written while looking at these labels, which flatters every figure."
    for count, what in (
        (found.overall.ungraded, "verdicts stayed ungraded and are left out"),
        (found.not_found, "labels are about answers that are neither recorded nor stored here"),
        (found.not_asked, "labels are about criteria that this eval does not ask"),
    ):
        if count:
            yield f"{count:,} {what}."


def _show_pooled(console: Console, found: Calibration) -> None:
    table = _table("pooled", *_FIGURES, "kappa")
    for measure in found.pooled:
        table.add_row(plain(measure.scope), *_figures(measure), words.share(measure.kappa))
    console.print()
    console.print(table)
    console.print(
        "Sensitivity: of what the labels call met, how much the grader finds; specificity: of the rest, how "
        "much it leaves. In points, with 95 % intervals; cases are clusters.",
        style="dim",
    )


def _show_criteria(console: Console, found: Calibration, *, every: bool) -> None:
    own = {measure for measure in found.criteria if not every and _of_one_case(measure, found)}
    shown = [measure for measure in found.criteria if measure not in own or _poor(measure)]
    table = _table("criterion", *_FIGURES)
    for measure in shown:
        style = "red" if _poor(measure) else "" if measure.measurable else "dim"
        table.add_row(Text(shortened(measure.scope, 28), style=style), *_figures(measure))
    console.print()
    console.print(table)
    for measure in shown:
        if measure.note:
            console.print(plain(f"· {measure.scope}: {measure.note}"), style="dim")
    hidden = [measure for measure in own if not _poor(measure)]
    if hidden:
        right = sum(measure.both_met + measure.both_unmet == measure.n for measure in hidden)
        console.print(
            f"· and {len(hidden)} criteria that only some cases ask, {right} of them right throughout "
            "(--all prints them)",
            style="dim",
        )


def _of_one_case(measure: Measure, found: Calibration) -> bool:
    """Say whether a criterion is asked of fewer answers than there are."""
    return measure.n + measure.ungraded < found.answers


def _poor(measure: Measure) -> bool:
    return measure.balanced_accuracy is not None and measure.balanced_accuracy < LOW


def _show_revisions(console: Console, found: Calibration) -> None:
    table = _table("revision", "n", "labels", "leans", "against the first", "sensitivity", "specificity")
    for lean in found.revisions:
        measure = lean.measure
        table.add_row(
            plain(lean.revision),
            f"{measure.n:,}",
            _percent(measure.both_met + measure.false_unmet, measure.n),
            words.signed(lean.lean),
            f"{words.signed(lean.against.mean)} {words.interval(lean.against, sign=True)}"
            if lean.against
            else "",
            _rate(measure.sensitivity),
            _rate(measure.specificity),
        )
    console.print()
    console.print(table)
    console.print(
        "labels: the share that they call met; leans: how many points more the grader does. A grader that "
        "leans alike everywhere leaves a comparison its sign; "
        f"here the leans differ by {found.bias:.1f} points.",
        style="dim",
    )


def _show_cases(console: Console, found: Calibration) -> None:
    table = _table("case, general criteria", "n", "raw", "bal.", "AC1", "alpha without it")
    for fold in found.cases:
        figures = (
            words.share(fold.balanced_accuracy),
            words.share(fold.ac1),
            words.share(fold.alpha_without),
        )
        table.add_row(plain(fold.case), str(fold.n), words.points(fold.raw, 0), *figures)
    console.print()
    console.print(table)
    spread = sorted(fold.balanced_accuracy for fold in found.cases if fold.balanced_accuracy is not None)
    parts = [fold.alpha_without for fold in found.cases if fold.alpha_without is not None]
    lines = [
        _held_out(found),
        f"Balanced accuracy by case: {words.share(spread[0])} to {words.share(spread[-1])}, "
        f"median {words.share(median(spread))}."
        if spread
        else "",
        f"Without any one case alpha stays within {words.share(min(parts))} and {words.share(max(parts))}."
        if parts
        else "",
        "No code fits this grader, so a case left out was not unseen: this shows how evenly it errs, and not "
        "what it would reach on new cases."
        if found.grader.kind == "signals"
        else "",
    ]
    console.print(" ".join(line for line in lines if line), style="dim")


def _held_out(found: Calibration) -> str:
    """Say what cases held out one by one come to, beside what the shipped signals are to reach."""
    if found.held_out is None:
        return ""
    balanced, ac1 = found.held_out.balanced_accuracy, found.held_out.ac1
    sentence = (
        f"Each case held out in turn, over the general criteria with both classes: balanced accuracy "
        f"{_coefficient(balanced)}, AC1 {_coefficient(ac1)} on average over {words.many(ac1.n, 'case')}"
    )
    if found.grader.kind != "signals":
        return f"{sentence}."
    return f"{sentence}; the target for signals is {WANTED_BALANCED:.2f} and {WANTED_AC1:.2f}."


def _coefficient(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return words.share(estimate.mean)
    return f"{words.share(estimate.mean)} ({words.share(estimate.low)} to {words.share(estimate.high)})"


def _show_wrong(console: Console, wrong: Sequence[Compared], most: int) -> None:
    console.print()
    if not wrong:
        console.print("No verdict was wrong.")
        return
    console.print(Text(f"{words.many(len(wrong), 'verdict')} wrong", style="bold"))
    for item in wrong[: max(most, 0)]:
        says = f"label {_SAYS[item.label]}, grader {_SAYS[bool(item.met)]}"
        console.print(plain(f"{item.answer} · {item.criterion}: {says}"), style="red")
        console.print(plain(f"   label:  {_evidence(item.label_quote, '')}"))
        console.print(plain(f"   grader: {_evidence(item.quote, item.reason)}"))
    if len(wrong) > most:
        console.print(
            f"… and {len(wrong) - max(most, 0):,} more: --wrong {len(wrong)} prints all", style="dim"
        )


def _evidence(quote: str, reason: str) -> str:
    return f"“{shortened(quote, 160)}”" if quote else shortened(reason, 160) or "no quote"


def _figures(measure: Measure) -> tuple[str, ...]:
    coefficients = (measure.balanced_accuracy, measure.ac1, measure.alpha)
    rates = (_rate(measure.sensitivity), _rate(measure.specificity))
    raw = words.points(measure.raw.mean, 0) if measure.n else words.points(None)
    return (f"{measure.n:,}", raw, *rates, *map(words.share, coefficients))


def _rate(estimate: Estimate) -> str:
    """Give a rate with its bounds in whole points: `97 95–98`."""
    if estimate.mean is None:
        return words.points(None)
    if estimate.low is None or estimate.high is None:
        return f"{estimate.mean:.0f}"
    return f"{estimate.mean:.0f} {estimate.low:.0f}–{estimate.high:.0f}"


def _shift(estimate: Estimate | None) -> str:
    """Give a difference with its interval, nothing where there is none to give."""
    return "" if estimate is None else f"{words.signed(estimate.mean)} {words.interval(estimate, sign=True)}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else words.points(None)


def _table(*names: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table
