"""Draw the pictures of docs/statistics.md anew, from the harness's own functions. Run by `make drawings`."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib.style
import numpy as np
from drawings_of_parts import OF_PARTS
from drawings_over_time import OVER_TIME
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binom

from harness.reporting import chart as house
from harness.statistics.agreement import gwet_ac1
from harness.statistics.estimates import pass_rate
from harness.statistics.gate import gates
from harness.statistics.paired import paired
from harness.statistics.subsets import subset_means
from harness.statistics.suite import Suite, suite

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
PAGE = ROOT / "docs" / "statistics.md"

_STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "svg.fonttype": "path",
    "svg.hashsalt": "harness",
    "axes.edgecolor": house.RULE,
    "axes.labelcolor": house.SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": house.SOFT,
    "ytick.color": house.INK,
    "text.color": house.INK,
    "figure.facecolor": house.PAPER,
}

DIFFERENCES = [-6.0, 4.0, 7.5, 12.0, 18.0, 3.0, 9.0, 26.0]
"""Candidate minus base at eight cases, in points: an example."""


def errors(axes: Axes) -> None:
    """Show how often each method claims a change where there is none, from the table in the page."""
    text = PAGE.read_text(encoding="utf-8").partition("<!-- simulation: verdict -->")[2]
    rows = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in text.splitlines()[4:]]
    found = [
        (row[0], float(row[2].removesuffix(" %"))) for row in rows if len(row) > 4 and row[4].endswith("%")
    ]
    for place, (name, rate) in enumerate(found):
        axes.barh(place, rate, height=0.6, color=house.CANDIDATE if place == 0 else house.BASE)
        axes.text(rate + 0.6, place, f"{rate:.0f} %", va="center")
        axes.text(-0.8, place, name, va="center", ha="right", weight="bold" if place == 0 else "normal")
    axes.axvline(5, color=house.INK, linewidth=1, linestyle=":")
    axes.set(
        yticks=[], ylim=(len(found) - 0.4, -0.6), xlabel="claims a change where there is none, %, 20 cases"
    )


def subsets(axes: Axes) -> None:
    """Show eight differences, the means of all their subsets, and the interval between the outermost gaps."""
    draw = subset_means(DIFFERENCES, seed=1)
    low, high = draw.interval()
    axes.hist(draw.means, bins=np.arange(-8, 28, 1.5), color=house.STEPS[5], edgecolor=house.PAPER)
    axes.plot(DIFFERENCES, [-5] * len(DIFFERENCES), "o", color=house.INK, markersize=5, clip_on=False)
    axes.plot([low, high], [44, 44], color=house.CANDIDATE, linewidth=3)
    axes.axvline(0, color=house.INK, linewidth=1, linestyle=":")
    axes.text(high + 0.6, 44, f"95 % interval {low:+.1f} to {high:+.1f}", va="center", color=house.CANDIDATE)
    below = round(draw.p_low() * (len(draw.means) + 1)) - 1
    axes.text(
        -7.8, 25, f"{below} of {len(draw.means)}\nat or below 0:\np = {draw.p_two_sided():.3f}", va="center"
    )
    axes.text(27, -5, "differences\nof 8 cases", va="center", clip_on=False)
    axes.set(ylim=(-9, 48), yticks=[], xlabel="means of all 255 subsets of the cases, points", xlim=(-8, 34))


def few(axes: Axes) -> None:
    """Show the interval of twelve cases as more and more of them gain about 15 points."""
    gains = [12.0, 18.0, 15.0, 11.0, 19.0, 14.0, 16.0, 13.0, 17.0, 15.5, 14.5, 12.5]
    for changed in range(13):
        found = paired([*gains[:changed], *[0.0] * (12 - changed)], seed=1)
        low, high = found.estimate.low or 0.0, found.estimate.high or 0.0
        colour = house.SOFT if changed < 6 else house.CANDIDATE
        axes.plot([changed, changed], [low, high], color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot(changed, found.difference, "o", color=colour, markersize=5)
    axes.axhline(0, color=house.INK, linewidth=1, linestyle=":")
    axes.axvline(5.5, color=house.RULE, linewidth=1)
    axes.text(2.5, 33, "pseudo-cases: no p below .05 exists", ha="center", color=house.SOFT)
    axes.text(9, 33, "subset means", ha="center", color=house.CANDIDATE)
    axes.set(
        xticks=range(13),
        ylim=(-20, 38),
        xlabel="of 12 cases, so many gained about 15 points",
        ylabel="points",
    )


def targets(axes: Axes) -> None:
    """Show both intervals of one comparison: what other cases would say, and what these did."""
    rng = np.random.Generator(np.random.PCG64(4))
    effects = rng.normal(6, 12, 12)
    base = [list(60 + rng.normal(0, 7, 3)) for _ in effects]
    candidate = [list(60 + effect + rng.normal(0, 7, 3)) for effect in effects]
    differences = [float(np.mean(b) - np.mean(a)) for a, b in zip(base, candidate, strict=True)]
    over_cases, over_attempts = paired(differences, seed=1).estimate, suite(base, candidate)
    assert isinstance(over_attempts, Suite)  # noqa: S101 - three attempts a case scatter
    axes.plot(differences, [2.0] * 12, "o", color=house.SOFT, markersize=5, alpha=0.7)
    rows = ((1.0, over_cases, house.CANDIDATE), (0.0, over_attempts.estimate(), house.NO_WORSE))
    for place, estimate, colour in rows:
        axes.plot([estimate.low or 0.0, estimate.high or 0.0], [place] * 2, color=colour, linewidth=3)
        axes.plot(estimate.mean or 0.0, place, "o", color=colour, markersize=7)
    axes.axvline(0, color=house.INK, linewidth=1, linestyle=":")
    names = [
        "this suite: would these 12 do it again?",
        "cases like these: would others?",
        "differences of 12 cases",
    ]
    axes.set(yticks=range(3), yticklabels=names, ylim=(-0.6, 2.5), xlabel="candidate minus base, points")


def gate(axes: Axes) -> None:
    """Show four differences with their one-sided bounds, and what the gate says of them."""
    for place, (difference, error) in enumerate(((1.0, 2.0), (-3.0, 0.9), (-8.0, 2.5), (-2.0, 3.5))):
        found = Suite(difference=difference, se=error, df=30, cases=12, attempts=3)
        (decided,) = gates({"overall": found}, margin=5)
        colour = {"PASS": house.NO_WORSE, "FAIL": house.WORSE}.get(decided.result, house.SOFT)
        axes.plot([found.low(), found.high()], [place] * 2, color=colour, linewidth=3)
        axes.plot(difference, place, "o", color=colour, markersize=7)
        also = ", worse, but within the margin" if decided.result == "PASS" and found.high() < 0 else ""
        axes.text(8.5, place, decided.result + also, color=colour, va="center", weight="bold")
    axes.axvline(0, color=house.INK, linewidth=1, linestyle=":")
    axes.axvline(-5, color=house.WORSE, linewidth=1)
    axes.text(-5, -0.85, "margin", ha="center", color=house.WORSE)
    axes.set(
        yticks=[],
        ylim=(3.6, -0.6),
        xlim=(-14, 24),
        xlabel="difference on this suite, one-sided 95 % bounds, points",
    )


def rate(axes: Axes) -> None:
    """Show how often two intervals hold the true pass rate of 20 cases, exactly."""
    truths = np.linspace(0.5, 0.995, 400)
    found = [pass_rate(passed, 20) for passed in range(21)]
    shares = np.arange(21) / 20
    half = 1.96 * np.sqrt(shares * (1 - shares) / 20)
    wilson = [((each.low or 0.0) / 100, (each.high or 0.0) / 100) for each in found]
    plain = list(zip(shares - half, shares + half, strict=True))
    for bounds, colour, name in (
        (wilson, house.CANDIDATE, "Wilson"),
        (plain, house.BASE, "share ± 1.96 s.e."),
    ):
        covered = [
            sum(binom.pmf(k, 20, p) for k, (low, high) in enumerate(bounds) if low <= p <= high)
            for p in truths
        ]
        axes.plot(100 * truths, 100 * np.array(covered), color=colour, linewidth=1.4, label=name)
    axes.axhline(95, color=house.INK, linewidth=1, linestyle=":")
    axes.legend(frameon=False, loc="lower left")
    axes.set(ylim=(55, 101), xlabel="true pass rate, % (20 cases)", ylabel="interval holds it, %")


def agreement(axes: Axes) -> None:
    """Show two coefficients of raters that agree on 90 of 100 verdicts, as more and more are met."""
    yeses = np.arange(100, 191)
    ac1 = [gwet_ac1(90, int(each), 100) or 0.0 for each in yeses]
    chance = [(each / 200) ** 2 + (1 - each / 200) ** 2 for each in yeses]
    kappa = [(0.9 - each) / (1 - each) for each in chance]
    axes.plot(yeses / 2, ac1, color=house.CANDIDATE, linewidth=1.6, label="AC1")
    axes.plot(yeses / 2, kappa, color=house.BASE, linewidth=1.6, label="kappa")
    axes.legend(frameon=False, loc="lower left")
    axes.set(
        ylim=(-0.15, 1), xlabel="share of verdicts that are met, % (both raters alike; they agree on 90 %)"
    )


DRAWINGS: Mapping[str, tuple[Callable[[Axes], None], float]] = {
    "errors": (errors, 2.2),
    "subsets": (subsets, 2.6),
    "few": (few, 2.6),
    "targets": (targets, 1.9),
    "gate": (gate, 2.0),
    "rate": (rate, 2.6),
    "agreement": (agreement, 2.4),
    **OVER_TIME,
    **OF_PARTS,
}
"""Each with its height in inches."""


def main(folder: Path = IMAGES) -> int:
    """Draw all of them as SVG; equal numbers give equal bytes."""
    with matplotlib.style.context(["default", _STYLE]):
        for name, (draw, height) in DRAWINGS.items():
            figure = Figure(figsize=(8.0, height), layout="constrained")
            draw(figure.add_subplot())
            path = folder / f"{name}.svg"
            figure.savefig(path, metadata={"Date": None, "Creator": None})
            # Hundredths are fine enough for a line, and half as long.
            text = re.sub(r'(?<= d=")[^"]*', _coarse, path.read_text(encoding="utf-8"))
            path.write_text(text, encoding="utf-8")
    return 0


def _coarse(found: re.Match[str]) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", found[0])


if __name__ == "__main__":
    sys.exit(main())
