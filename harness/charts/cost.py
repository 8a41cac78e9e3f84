"""What a score costs: each revision and model by its price and its score, and those that nothing beats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.charts.canvas import ROW, Margins, canvas, chart, name
from harness.records.estimates import OVERALL, Estimate
from harness.records.record import Record
from harness.records.results import Arm
from harness.reporting import chart as house
from harness.reporting import words
from harness.reporting.chart import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGINS = Margins(left=0.9, right=2.6, top=0.35, bottom=0.75)
_ROWS = 13
_WIDE = 25  # times from the cheapest to the dearest, from which on only a logarithm shows both
_HUNDRED = 100
_POINTS_AN_INCH = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Record):
    """One run as it is drawn. `cost` is in US dollars for 100 answers of the agent, `None` if not known.

    `front` says that no other run is as good for less, or better for as much.
    """

    run: str
    revision: str
    model: str
    cost: float | None
    score: float | None
    low: float | None
    high: float | None
    n: int
    front: bool = False


def cost(arms: Sequence[Arm]) -> Chart | None:
    """Draw overall score over cost, by each run's deciding grader; the arms must be comparable.

    Nothing where no run has both a score and a price, or all came for nothing.
    """
    return plotted(priced(arms))


def plotted(drawn: Sequence[Drawn]) -> Chart | None:
    """Draw what `priced` gave; nothing as `cost` says."""
    shown = [each for each in drawn if each.cost is not None and each.score is not None]
    if not any(each.cost for each in shown):
        return None
    figure, axes = canvas(_ROWS, _MARGINS, width=8.6)
    _scales(axes, shown)
    front = sorted((each for each in shown if each.front), key=lambda each: each.cost or 0.0)
    axes.step(
        [each.cost or 0.0 for each in front], [each.score or 0.0 for each in front], where="post",
        color=house.RULE, linewidth=2.2, zorder=1,
    )  # fmt: skip
    for each in shown:
        _point(axes, each)
    _labels(axes, shown)
    missing = [each.revision for each in drawn if each not in shown]
    left = f"; no price or score: {words.listed([name(each) for each in missing])}" if missing else ""
    axes.set_xlabel(
        f"US dollars for 100 answers (the agent's calls alone){left}",
        color=house.SOFT, fontsize=8.5, labelpad=5, loc="left",
    )  # fmt: skip
    axes.set_title(
        "overall score, points of 100 (intervals: 95 %)", loc="left", fontsize=8.5, color=house.SOFT
    )
    return chart(figure, "Cost and score", _alt(shown), drawn)


def priced(arms: Sequence[Arm]) -> list[Drawn]:
    """Give each run's price and score, and say which of them nothing beats."""
    return unbeaten([_of(arm) for arm in arms])


def unbeaten(found: Sequence[Drawn]) -> list[Drawn]:
    """Mark those that none of the others beats."""
    return [replace(each, front=_unbeaten(each, found)) for each in found]


def _of(arm: Arm) -> Drawn:
    manifest = arm.made.manifest
    decider = manifest.graders[0].kind
    score = dict(arm.scores.get(decider, ())).get(OVERALL)
    score = score or Estimate(mean=None, low=None, high=None, n=0, method="none")
    answered, spent = arm.counts[decider].answered, arm.costs.get("agent")
    known = spent is not None and answered > 0
    return Drawn(
        run=arm.made.id,
        revision=arm.label,
        model=manifest.eval.model.name or manifest.eval.model.provider,
        cost=_HUNDRED * (spent or 0.0) / answered if known else None,
        score=score.mean,
        low=score.low,
        high=score.high,
        n=score.n,
    )


def _unbeaten(one: Drawn, others: Sequence[Drawn]) -> bool:
    if one.cost is None or one.score is None:
        return False
    return not any(
        other.cost <= one.cost
        and other.score >= one.score
        and (other.cost < one.cost or other.score > one.score)
        for other in others
        if other.cost is not None and other.score is not None
    )


def _scales(axes: "Axes", shown: Sequence[Drawn]) -> None:
    prices = [each.cost for each in shown if each.cost is not None]
    bounds = [bound for each in shown for bound in (each.low, each.score, each.high) if bound is not None]
    low, high = max(0.0, min(bounds) - 4), min(100.0, max(bounds) + 4)
    if min(prices) > 0 and max(prices) / min(prices) > _WIDE:
        axes.set_xscale("log")
        axes.set_xlim(min(prices) / 1.4, max(prices) * 1.4)
        axes.minorticks_off()
    else:
        axes.set_xlim(0, 1.12 * max(prices) or 1)
    axes.set_yticks(range(0, 101, 10 if high - low > 30 else 5))
    axes.set_ylim(low, high)
    axes.xaxis.set_major_formatter(lambda value, _position: f"${value:.3g}")
    axes.yaxis.set_major_formatter(lambda value, _position: words.points(value, 0))
    axes.tick_params(colors=house.SOFT, labelsize=8.5, length=0, pad=6)
    axes.grid(color=house.RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def _point(axes: "Axes", each: Drawn) -> None:
    colour = house.CANDIDATE if each.front else house.BASE
    x, y = each.cost or 0.0, each.score or 0.0
    if each.low is not None and each.high is not None:
        axes.plot([x, x], [each.low, each.high], color=colour, linewidth=1.8, solid_capstyle="butt")
    axes.plot(
        [x], [y], marker="o", markersize=7.5, color=colour, linestyle="none", zorder=3, clip_on=False,
        markerfacecolor=colour if each.front else house.PAPER, markeredgewidth=1.4,
    )  # fmt: skip


def _labels(axes: "Axes", shown: Sequence[Drawn]) -> None:
    """Name each point at its right; names that would lie on each other are moved apart."""
    low, high = axes.get_ylim()
    least = (high - low) * 1.5 / _ROWS
    several = len({each.model for each in shown}) > 1
    taken: list[tuple[bool, float, float]] = []
    for each in sorted(shown, key=lambda one: one.score or 0.0):
        x, y = each.cost or 0.0, each.score or 0.0
        beside = 0.3 * axes.get_xlim()[1]
        near = [height for front, at, height in taken if front == each.front and abs(at - x) < beside]
        place = max([y, *(height + least for height in near)])
        taken.append((each.front, x, place))
        model = f"  {name(each.model)}" if several else ""
        raised = (place - y) / (high - low) * _ROWS * ROW * _POINTS_AN_INCH
        axes.annotate(
            f"{name(each.revision)} {words.points(each.score)}{model}", (x, y),
            xytext=(9, raised + (7 if each.front else -7)),
            textcoords="offset points", va="center", fontsize=9, annotation_clip=False,
            color=house.CANDIDATE if each.front else house.SOFT, weight="bold" if each.front else "normal",
            bbox={"facecolor": house.PAPER, "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
        )  # fmt: skip


def _alt(shown: Sequence[Drawn]) -> str:
    parts = [
        f"{each.revision} ({each.model}): {words.points(each.score)} points at {words.dollars(each.cost)}"
        + (", which none of the others beats" if each.front else "")
        for each in shown
    ]
    return f"Overall score over the cost of 100 answers. {'; '.join(parts)}."
