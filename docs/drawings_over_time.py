"""The pictures of docs/statistics.md on power, looks and trend, from the harness's own functions."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes

from harness.reporting import chart as house
from harness.statistics.power import GateRule, Scatter, design
from harness.statistics.sequential import FRACTIONS, levels
from harness.statistics.trend import DECISION, Night, alarms, cusum


def power(axes: Axes) -> None:
    """Show the difference that is found four times in five, over cases, for three numbers of attempts."""
    found = Scatter(
        names=("overall",),
        attempts={"overall": 12.4**2},
        cases={"overall": 13.0**2},
        residuals=(),
        runs=2,
        pairs=1,
        freedom=1,
    )
    cases = np.arange(8, 81)
    for attempts, color, aside in ((1, house.BASE, 1), (3, house.CANDIDATE, 0.8), (10, house.INK, -1.2)):
        finds = [
            design(found, int(n), attempts, rule=GateRule(), seed=1).detectable["overall"] or np.nan
            for n in cases
        ]
        axes.plot(cases, finds, color=color, linewidth=2)
        axes.text(
            81,
            finds[-1] + aside,
            f"{attempts} attempt{'s' if attempts > 1 else ''}",
            va="center",
            color=color,
        )
    axes.set(
        xlabel="cases",
        ylabel="points found",
        xlim=(8, 92),
        ylim=(0, 32),
        xticks=[10, 20, 40, 80],
        title="attempts scatter by 12.4 points, cases take a change differently by 13",
    )
    axes.title.set_fontsize(9)


def looks(axes: Axes) -> None:
    """Show the p that each look decides at, beside the .05 of a single test."""
    at = levels(FRACTIONS)
    for place, (share, level) in enumerate(zip(FRACTIONS, at, strict=True)):
        axes.barh(place, level, height=0.6, color=house.CANDIDATE)
        axes.text(level + 0.0007, place, f"{level:.4f}", va="center")
        axes.text(-0.0007, place, f"after {100 * share:.0f} % of the cases", va="center", ha="right")
    axes.axvline(0.05, color=house.INK, linewidth=1, linestyle=":")
    axes.text(0.0503, 2.35, "one test: .05", va="center", clip_on=False)
    axes.set(
        yticks=[], ylim=(2.6, -0.6), xlim=(0, 0.058), xlabel="two-sided p at or below which a look stops"
    )


def trend(axes: Axes) -> None:
    """Show nightly scores that fall by 5 points, the sum, its alarm, and the night it is dated to."""
    draw = np.random.default_rng(2)
    values = 78 + 1.8 * draw.standard_normal(60)
    values[40:] -= 5
    nights = [Night(at=f"{night:03}", value=float(value)) for night, value in enumerate(values)]
    steps = cusum(nights)
    first = alarms(steps, sides=("down",))[0]
    axes.plot(values, "o-", color=house.BASE, markersize=3, linewidth=1)
    axes.axvline(int(first.changed), color=house.INK, linewidth=1, linestyle=":")
    axes.text(int(first.changed) - 0.4, 83.4, "change dated here", ha="right")
    beside = axes.twinx()
    beside.fill_between(
        range(60), [step.down for step in steps], color=house.CANDIDATE, alpha=0.35, linewidth=0
    )
    beside.axhline(DECISION, color=house.CANDIDATE, linewidth=1, linestyle="--")
    beside.plot([int(first.raised)], [steps[int(first.raised)].down], "o", color=house.CANDIDATE)
    beside.annotate(
        "alarm",
        (int(first.raised), steps[int(first.raised)].down),
        textcoords="offset points",
        xytext=(-8, 4),
        ha="right",
        color=house.CANDIDATE,
    )
    beside.set(ylim=(0, 24), yticks=[0, 5], ylabel="sum downwards")
    beside.spines[["top"]].set_visible(False)
    axes.set(xlabel="night", ylabel="score, points", ylim=(62, 84.5))


OVER_TIME: Mapping[str, tuple[Callable[[Axes], None], float]] = {
    "power": (power, 2.6),
    "looks": (looks, 1.7),
    "trend": (trend, 2.6),
}
"""Each with its height in inches."""
