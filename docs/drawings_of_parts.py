"""The pictures of docs/statistics.md on clusters, length, components, repeats, candidates and judge error."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes

from harness.reporting import chart as house
from harness.statistics.clusters import level
from harness.statistics.components import of_scores
from harness.statistics.length import at_equal_length
from harness.statistics.paired import paired
from harness.statistics.repeats import at_least_once, every_time
from harness.statistics.together import step_down


def clusters(axes: Axes) -> None:
    """Show the same twelve scores with the interval of twelve cases, and with that of four incidents."""
    scores = [82.0, 80.0, 84.0, 61.0, 64.0, 60.0, 90.0, 88.0, 91.0, 72.0, 70.0, 74.0]
    sources = [name for name in "abcd" for _ in range(3)]
    colours = [house.STEPS[2 + 2 * "abcd".index(name)] for name in sources]
    axes.scatter(scores, [2.0] * len(scores), c=colours, edgecolors=house.INK, s=40)
    rows = ((1.0, level(scores), house.BASE), (0.0, level(scores, sources), house.CANDIDATE))
    for place, found, colour in rows:
        axes.plot([found.low or 0.0, found.high or 0.0], [place] * 2, color=colour, linewidth=3)
        axes.plot(found.mean or 0.0, place, "o", color=colour, markersize=7)
    axes.set(
        yticks=(2, 1, 0),
        yticklabels=("scores, by incident", "taken as 12 cases", "taken as 4 incidents"),
        ylim=(-0.6, 2.5),
        xlabel="score, points",
    )


def length(axes: Axes) -> None:
    """Show changes of score over changes of length, their line, and where it meets equal length."""
    longer = [-120.0, -40.0, 10.0, 60.0, 140.0, 210.0, 260.0, 330.0, 420.0, 510.0]
    differences = [-6.0, 1.0, -2.0, 4.0, 3.0, 9.0, 6.0, 12.0, 14.0, 15.0]
    found = at_equal_length(differences, longer)
    assert found is not None  # noqa: S101 - ten cases of different length
    slope, intercept = np.polyfit(longer, differences, 1)
    ends = np.array([-160.0, 560.0])
    axes.plot(longer, differences, "o", color=house.SOFT, markersize=5)
    axes.plot(ends, intercept + slope * ends, color=house.BASE, linewidth=1.6)
    axes.axvline(0, color=house.RULE, linewidth=1)
    axes.plot([0, 0], [found.low or 0.0, found.high or 0.0], color=house.CANDIDATE, linewidth=3)
    axes.plot(0, found.mean or 0.0, "o", color=house.CANDIDATE, markersize=7)
    raw = float(np.mean(differences))
    words = f"at equal length {found.mean:+.1f}; raw {raw:+.1f}"
    axes.text(16, (found.low or 0.0) - 1.5, words, color=house.CANDIDATE)
    axes.set(xlabel="change of length, words", ylabel="change of score, points")


def components(axes: Axes) -> None:
    """Show the half-width of an interval over attempts, for three numbers of cases."""
    rng = np.random.Generator(np.random.PCG64(3))
    means = rng.normal(75, 8, 12)
    found = of_scores([[[float(each)] for each in mean + rng.normal(0, 16, 3)] for mean in means])
    assert found is not None  # noqa: S101 - three attempts at twelve cases
    attempts = range(1, 11)
    for cases, colour in ((12, house.BASE), (24, house.CANDIDATE), (48, house.INK)):
        halves = [found.half_width(more_cases=cases - 12, more_attempts=each - 3) for each in attempts]
        axes.plot(attempts, halves, color=colour, linewidth=2)
        axes.text(10.15, halves[-1], f"{cases} cases", va="center", color=colour)
    axes.set(xlim=(1, 11.4), ylim=(0, None), xlabel="attempts a case", ylabel="± points")


def repeats(axes: Axes) -> None:
    """Show pass@k and pass^k of three things that pass in 9, 7 and 5 of 10 attempts."""
    ks = range(1, 11)
    for passed, colour in ((9, house.CANDIDATE), (7, house.BASE), (5, house.INK)):
        once = [100 * at_least_once(passed, 10, k) for k in ks]
        axes.plot(ks, once, color=colour, linewidth=1.6, linestyle="--")
        axes.plot(ks, [100 * every_time(passed, 10, k) for k in ks], color=colour, linewidth=2)
        axes.text(0.9, 10 * passed, f"{passed} of 10", color=colour, ha="right", va="center")
    axes.text(7.2, 90, "pass@k: once at least", color=house.SOFT)
    axes.text(5.2, 22, "pass^k: every time", color=house.SOFT)
    axes.set(xlabel="k attempts", ylabel="%", xlim=(0, 10.3), ylim=(-4, 106), xticks=list(ks))


def candidates(axes: Axes) -> None:
    """Show the p of eight candidates that change nothing: alone, and adjusted for being asked together."""
    rng = np.random.Generator(np.random.PCG64(11))
    shared = rng.normal(0, 6, 20)
    columns = [[float(each) for each in shared + rng.normal(0, 9, 20)] for _ in range(8)]
    alone = sorted((paired(column, seed=1).p, place) for place, column in enumerate(columns))
    together = step_down(columns, seed=1)
    for row, (p, place) in enumerate(alone):
        axes.plot([p, together[place]], [row] * 2, color=house.RULE, linewidth=1.5)
        axes.plot(p, row, "o", color=house.BASE, markersize=6)
        axes.plot(together[place], row, "o", color=house.CANDIDATE, markersize=6)
    axes.axvline(0.05, color=house.WORSE, linewidth=1)
    axes.text(0.06, 7.3, ".05", color=house.WORSE)
    axes.text(alone[0][0] + 0.02, -0.75, "alone", color=house.BASE)
    axes.text(together[alone[0][1]] + 0.02, -0.75, "asked together", color=house.CANDIDATE)
    axes.set(yticks=[], ylim=(-1.2, 7.8), xlim=(0, 1.02), xlabel="p of eight candidates that change nothing")


def judge(axes: Axes) -> None:
    """Show what a grader sees of a true score, for three pairs of sensitivity and specificity."""
    truth = np.linspace(0, 100, 101)
    graders = ((0.97, 0.90, house.CANDIDATE), (0.95, 0.70, house.BASE), (0.80, 0.90, house.INK))
    for sensitivity, specificity, colour in graders:
        seen = truth * sensitivity + (100 - truth) * (1 - specificity)
        axes.plot(truth, seen, color=colour, linewidth=2)
        place = (2, seen[2] + 13) if specificity < 0.8 else (101, seen[-1])
        axes.text(*place, f"{sensitivity:.2f}, {specificity:.2f}", va="center", color=colour)
    axes.plot(truth, truth, color=house.RULE, linewidth=1, linestyle=":")
    name = "true score (sensitivity, specificity beside each line)"
    axes.set(xlim=(0, 118), ylim=(0, 100), xlabel=name, ylabel="seen")


OF_PARTS: Mapping[str, tuple[Callable[[Axes], None], float]] = {
    "clusters": (clusters, 1.9),
    "length": (length, 2.6),
    "components": (components, 2.4),
    "repeats": (repeats, 2.6),
    "candidates": (candidates, 2.4),
    "judge": (judge, 2.6),
}
"""Each with its height in inches."""
