"""How far attempts lie apart: a dot for every graded answer, case by case, and a tick at their mean."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean
from typing import TYPE_CHECKING

from harness.charts.canvas import Margins, arm_colour, chart, foot, label, name, panels
from harness.records.estimates import OVERALL
from harness.records.outcomes import Failed, Graded
from harness.records.record import Record
from harness.records.results import Arm, Report
from harness.reporting import selection, words
from harness.reporting.chart import Chart
from harness.reporting.untrusted import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGINS = Margins(left=2.4, right=0.45, top=0.5, bottom=0.72)
_MOST_PANELS = 3
_MOST_CASES = 40
_READ = "\neach dot an answer (larger: several alike), the tick their mean"
_APART = 0.3  # rows between two arms on one row


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Record):
    """One graded answer as it is drawn, in points."""

    arm: str
    case: str
    attempt: int
    score: float


def distribution(report: Report, dimension: str = OVERALL) -> Chart | None:
    """Draw every attempt's score, the hardest case first, by the grader that decides.

    A panel for each candidate beside the base, three at most. Nothing where no answer is graded.
    """
    kind = selection.decider(report)
    drawn = [each for arm in selection.arms(report) for each in _answers(arm, kind, dimension)]
    if not drawn:
        return None
    found = _by_case(drawn)
    cases = _hardest([each.case for each in drawn], drawn)[:_MOST_CASES]
    pairs = [[report.base, arm] for arm in report.candidates[:_MOST_PANELS]] or [[report.base]]
    figure, plots = panels(1.25 * len(cases), len(pairs), _MARGINS)
    for axes, pair in zip(plots, pairs, strict=True):
        axes.set_ylim(len(cases) - 0.5, -0.6)
        axes.set_xlim(-2, 102)
        _heading(axes, [arm.label for arm in pair])
        for row, case in enumerate(cases):
            for offset, arm in enumerate(pair):
                place = row + (offset - (len(pair) - 1) / 2) * _APART
                _strip(axes, place, found.get((arm.label, case), ()), arm_colour(offset or len(pair) == 1))
        read = _READ if axes is plots[0] else ""
        foot(axes, f"{name(dimension)}, points of 100, by {kind}{read}")
    for row, case in enumerate(cases):
        label(plots[0], -0.02, row, shortened(case, 32), ha="right")
    return chart(figure, f"Attempts by case, {dimension}", _alt(found, cases, report, dimension), drawn)


def _answers(arm: Arm, grader: str, dimension: str) -> list[Drawn]:
    found = []
    for outcome in arm.outcomes.get(grader, ()):
        if isinstance(outcome, Failed):
            continue
        trial = outcome.trial
        if dimension == OVERALL:
            value = outcome.overall if isinstance(outcome, Graded) else None
        else:
            value = outcome.scores[dimension].value if dimension in outcome.scores else None
        if value is not None:
            found.append(Drawn(arm=arm.label, case=trial.case, attempt=trial.attempt, score=100 * value))
    return found


_Found = Mapping[tuple[str, str], Sequence[float]]


def _by_case(drawn: Sequence[Drawn]) -> _Found:
    found: dict[tuple[str, str], list[float]] = {}
    for each in drawn:
        found.setdefault((each.arm, each.case), []).append(each.score)
    return found


def _hardest(cases: Sequence[str], drawn: Sequence[Drawn]) -> list[str]:
    scores: dict[str, list[float]] = {}
    for each in drawn:
        scores.setdefault(each.case, []).append(each.score)
    return sorted(dict.fromkeys(cases), key=lambda case: (fmean(scores[case]), case))


def _heading(axes: "Axes", arms: Sequence[str]) -> None:
    """Name the arms in their colours, in place of a legend."""
    for offset, arm in enumerate(arms):
        x = 0.0 if offset == 0 else 0.5
        colour = arm_colour(offset or len(arms) == 1)
        label(axes, x, -1.15, f"● {name(arm)}", color=colour, weight="bold", size=9)


def _strip(axes: "Axes", place: float, scores: Sequence[float], colour: str) -> None:
    """Draw one case of one arm; answers that scored alike share a larger dot."""
    if not scores:
        return
    axes.plot([min(scores), max(scores)], [place, place], color=colour, linewidth=1, alpha=0.55)
    for score, count in Counter(round(each, 1) for each in scores).items():
        axes.plot(
            [score], [place], marker="o", markersize=5 * sqrt(count), color=colour, alpha=0.75,
            markeredgewidth=0, linestyle="none", clip_on=False, zorder=3,
        )  # fmt: skip
    if len(scores) > 1:
        mean = fmean(scores)
        axes.plot([mean, mean], [place - 0.2, place + 0.2], color=colour, linewidth=1.8, zorder=4)


def _alt(found: _Found, cases: Sequence[str], report: Report, dimension: str) -> str:
    parts = []
    for arm in selection.arms(report):
        spans = [
            (max(scores) - min(scores), case) for case in cases if (scores := found.get((arm.label, case)))
        ]
        if spans and max(spans)[0] > 0:
            widest, case = max(spans)
            parts.append(f"{arm.label} scatters most on {case}, over {words.points(widest)} points")
    told = f"Every graded answer's {dimension} score, {words.many(len(cases), 'case')}, the hardest first"
    return ". ".join((told, "; ".join(parts) or "No case scatters from attempt to attempt")) + "."
