"""A report as Markdown for a pull-request comment: the verdict first, the rest folded away.

Everything that a model, a dataset or an agent file wrote goes through `untrusted.markdown_text`.
"""

from collections.abc import Iterator, Sequence

from harness.comparison import asides
from harness.records.comparisons import Comparison, Difference, Flip, GateResult
from harness.records.estimates import Estimate
from harness.records.results import Arm, Report
from harness.records.trust import CorrectedDifference, CorrectedLevel, Correction
from harness.reporting import selection, words
from harness.reporting.untrusted import markdown_code, markdown_text

LIMIT = 65_536
"""Characters that GitHub takes in one comment."""

_FLIPS_SHOWN = 3
_CASES_SHOWN = 5
_ROWS_SHOWN = 60
_RESERVE = 200


def markdown(report: Report) -> str:
    """Give the report as GitHub Markdown of fewer than 65,536 characters; parts that do not fit are named."""
    parts = [_title(report), *(_verdict(report) if report.comparisons else _single(report))]
    parts += [*([_running(report)] if report.base.run else []), *_cached(report), *_folded(report)]
    return _fitted(parts)


def _fitted(parts: Sequence[str]) -> str:
    """Join the parts, leaving out from the end whatever would pass the limit. Each part closes itself."""
    kept: list[str] = []
    room = LIMIT - _RESERVE
    for number, part in enumerate(parts):
        room -= len(part) + 2
        if room < 0:
            kept.append(f"*{len(parts) - number} more parts did not fit here; they are in `index.html`.*")
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"


def _title(report: Report) -> str:
    arms = selection.arms(report)
    names = [markdown_code(arm.label, 60) for arm in arms]
    against = f": {words.listed(tuple(names[1:9]))} against {names[0]}" if names[1:] else f": {names[0]}"
    return f"## {markdown_text(report.eval_name, 80)}{against}"


# ------------------------------------------------------------------ a comparison


def _verdict(report: Report) -> Iterator[str]:
    for comparison in selection.deciding(report):
        yield _headline(comparison)
        yield _differences(comparison)
        yield from _gates(comparison.gates)
        if comparison.criteria:
            yield markdown_text(asides.moved(comparison.criteria), 600)
        yield from _flips(report, comparison) if report.rubrics else _moves(comparison)
    yield from _preferences(report)
    yield from _beside(report)
    caveats = [
        f"{words.listed(names)}: {caveat}" if names else caveat for names, caveat in selection.caveats(report)
    ]
    if caveats or report.notes:
        yield _bullets("**What this does not say**", [*caveats, *report.notes])


def _headline(comparison: Comparison) -> str:
    verdict = selection.overall(comparison).verdict
    title = f"### {words.MARKS[verdict]} {verdict.capitalize()}: {markdown_code(comparison.candidate, 60)}"
    return f"{title}\n\n**{markdown_text(comparison.headline, 600)}**"


def _differences(comparison: Comparison) -> str:
    base, candidate = markdown_text(comparison.base, 40), markdown_text(comparison.candidate, 40)
    header = ("", base, candidate, "difference", "95 % interval", "p", f"verdict ({comparison.grader})")
    return _table(header, [_difference(difference) for difference in comparison.differences[:_ROWS_SHOWN]])


def _difference(difference: Difference) -> tuple[str, ...]:
    return (
        markdown_text(difference.dimension, 60),
        _mean(difference.base),
        _mean(difference.candidate),
        words.signed(difference.difference.mean) if difference.difference.n else words.signed(None),
        words.interval(difference.difference, sign=True),
        markdown_text(words.p_value(difference.p_decides)),
        f"{words.MARKS[difference.verdict]} {difference.verdict}",
    )


def _gates(gates: Sequence[GateResult]) -> Iterator[str]:
    if gates:
        rows = [
            (markdown_text(words.gated(gate), 60), f"**{gate.result}**", markdown_text(gate.words))
            for gate in gates
        ]
        yield _table(("gate", "result", ""), rows)


def _beside(report: Report) -> Iterator[str]:
    """Say who ranks first, what flickers between attempts, and what would tell more."""
    decider = selection.decider(report)
    yield from (markdown_text(each.words, 600) for each in report.rankings if each.grader == decider)
    found = [asides.reliable(each) for each in report.reliabilities if each.grader == decider]
    if found:
        yield _bullets("**How reliably**", found)
    spreads = [
        *((comparison.candidate, comparison.spreads) for comparison in selection.deciding(report)),
        (report.base.label, report.spreads),
    ]
    lines = [f"{label}, {each[0].dimension}: {each[0].advice}." for label, each in spreads if each]
    if lines:
        yield _details("What would tell more", "\n".join(f"- {markdown_text(line, 400)}" for line in lines))


def _preferences(report: Report) -> Iterator[str]:
    """Say how the answers did beside each other, where a judge compared them."""
    for found in report.preferences:
        title = f"**Answer by answer: {markdown_text(found.candidate, 40)}**"
        yield f"{title}\n\n{markdown_text(found.words, 900)}"


def _flips(report: Report, comparison: Comparison) -> Iterator[str]:
    flips = selection.telling(comparison)
    if not flips:
        return
    quotes = selection.quotes(report, comparison)
    first, others = selection.spread(flips, _FLIPS_SHOWN)
    lines = [_flip(flip, quotes.get(_place(flip))) for flip in first]
    yield f"**What moved most** ({_counted(len(flips), 'flip')} in all)\n\n" + "\n".join(lines)
    if others:
        rest = [_flip(flip, None) for flip in others[:_ROWS_SHOWN]]
        if others[_ROWS_SHOWN:]:
            rest.append(f"- and {len(others) - _ROWS_SHOWN} more in `index.html`")
        left = _counted(len(others), "more flip")
        yield _details(f"{left} of {markdown_text(comparison.candidate, 40)}", "\n".join(rest))


def _moves(comparison: Comparison) -> Iterator[str]:
    """Name the cases that moved most, where there are no criteria to name."""
    if moves := selection.moved_most(comparison, _CASES_SHOWN):
        lines = [f"- {words.signed(change)} {markdown_code(case, 80)}" for case, change in moves]
        yield "**Cases that moved most**\n\n" + "\n".join(lines)


def _flip(flip: Flip, evidence: selection.Evidence | None) -> str:
    line = (
        f"- {words.signed(flip.gain)} {markdown_text(flip.dimension, 60)} in {markdown_code(flip.case, 80)}: "
        f"{markdown_text(flip.text, 240)} ({words.met(flip.base)} → {words.met(flip.candidate)})"
    )
    if evidence is None:
        return line
    return f"{line}\n  > {markdown_text(evidence.arm, 40)}: “{markdown_text(evidence.quote, 240)}”"


def _place(flip: Flip) -> selection.Place:
    return flip.case, flip.dimension, flip.criterion


# ------------------------------------------------------------------ a single run


def _single(report: Report) -> Iterator[str]:
    grader = selection.decider(report)
    rows = [
        (markdown_text(dimension, 60), _mean(estimate), words.interval(estimate), words.count(estimate.n))
        for dimension, estimate in report.base.scores.get(grader, ())
    ]
    yield _table((f"points of 100 ({grader})", "mean", "95 % interval", "cases"), rows)
    yield from _gates(report.gates)
    yield from _beside(report)
    if report.notes:
        yield _bullets("**What this does not say**", report.notes)


# ------------------------------------------------------------------ both


def _running(report: Report) -> str:
    grader = selection.decider(report)
    header = (
        "",
        "planned",
        "answered",
        "graded",
        "failed",
        "refused",
        "cut",
        "mean words",
        "agent",
        "graders",
    )
    return _table(header, [_arm(arm, grader) for arm in selection.arms(report)[:_ROWS_SHOWN]])


def _cached(report: Report) -> Iterator[str]:
    if sentence := words.cached([arm.caching for arm in selection.arms(report)]):
        yield markdown_text(sentence, 600)


def _arm(arm: Arm, grader: str) -> tuple[str, ...]:
    label = markdown_text(arm.label, 40)
    counts = arm.counts.get(grader)
    numbers = (
        ("–",) * 6
        if counts is None
        else tuple(
            words.count(number)
            for number in (
                counts.planned, counts.answered, counts.graded, counts.failed, counts.refused, counts.cut,
            )
        )
    )  # fmt: skip
    costs = [cost for kind, cost in arm.costs.items() if kind != "agent"]
    known = [cost for cost in costs if cost is not None]
    grading = sum(known) if len(known) == len(costs) else None
    return (
        label,
        *numbers,
        words.count(arm.words),
        words.dollars(arm.costs.get("agent")),
        words.dollars(grading),
    )


def _folded(report: Report) -> Iterator[str]:
    for comparison in selection.second_opinions(report):
        grader, candidate = markdown_text(comparison.grader, 40), markdown_text(comparison.candidate, 40)
        title = f"Second opinion by {grader}: {candidate}"
        yield _details(title, f"{markdown_text(comparison.headline, 600)}\n\n{_differences(comparison)}")
    if report.agreements:
        yield _details("How far the graders agree with the labels", _agreements(report))
    if report.corrections:
        yield _details("What the graders' errors do to the scores", _corrections(report.corrections))
    yield _details("Provenance", _provenance(report))


def _agreements(report: Report) -> str:
    header = ("grader", "scope", "n", "agree", "balanced", "AC1", "sample", "labels by")
    rows = [
        (
            markdown_text(agreement.grader, 40),
            markdown_text(agreement.scope, 60),
            words.count(agreement.n),
            words.percent(agreement.raw),
            words.percent(agreement.balanced_accuracy),
            words.share(agreement.ac1),
            "in sample" if agreement.in_sample else "unseen",
            markdown_text(agreement.labels, 120),
        )
        for agreement in report.agreements[:_ROWS_SHOWN]
    ]
    return _table(header, rows)


def _corrections(found: Sequence[Correction]) -> str:
    levels = ("", "grader", "by grader", "corrected", "95 % interval", "sees too much", "labelled", "arm")
    moved = (
        "",
        "grader",
        "by grader",
        "by labels",
        "95 % interval",
        "by rates",
        "95 % interval",
        "candidate",
    )
    parts = [words.correcting(found)]
    for header, rows in (
        (levels, [_corrected_level(each, arm) for each in found for arm in each.arms]),
        (moved, [_corrected_difference(each, arm) for each in found for arm in each.differences]),
    ):
        if rows:
            parts.append(_table(header, rows[:_ROWS_SHOWN]))
    return "\n\n".join(parts)


def _corrected_level(found: Correction, arm: CorrectedLevel) -> tuple[str, ...]:
    return (
        markdown_text(found.dimension, 60),
        markdown_text(found.grader, 40),
        words.points(arm.raw),
        words.points(arm.corrected.mean),
        words.interval(arm.corrected),
        words.signed(arm.bias.mean),
        f"{words.count(arm.labelled)} of {words.count(arm.verdicts)}",
        markdown_text(arm.arm, 40),
    )


def _corrected_difference(found: Correction, moved: CorrectedDifference) -> tuple[str, ...]:
    by_rates = moved.by_rates
    return (
        markdown_text(found.dimension, 60),
        markdown_text(found.grader, 40),
        words.signed(moved.raw.mean),
        words.signed(moved.by_labels.mean),
        words.interval(moved.by_labels, sign=True),
        words.signed(by_rates.mean if by_rates else None),
        words.interval(by_rates, sign=True),
        markdown_text(moved.candidate, 40),
    )


def _provenance(report: Report) -> str:
    rows = [
        (markdown_text(name, 60), markdown_text(value, 200))
        for name, value in report.provenance[:_ROWS_SHOWN]
    ]
    command = f"Again: {markdown_code(report.command, 400)}"
    return f"{_table(('what', 'which'), rows)}\n\n{command}" if rows else command


def _mean(estimate: Estimate) -> str:
    return words.points(estimate.mean if estimate.n else None)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _bullets(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, "", *(f"- {markdown_text(line, 400)}" for line in lines[:_ROWS_SHOWN])])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruler = ["---", *["--:"] * (len(header) - 2), "---"]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ruler, *rows))


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
