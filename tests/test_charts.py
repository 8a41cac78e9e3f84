"""Charts: drawn the same every time, legible in both themes, and never fooled by their labels."""

import re
import struct
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

import sample
from harness.charts.of_report import draw
from harness.records.results import Report
from harness.reporting import chart as house
from harness.reporting.chart import Chart, dark, darkened

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = r"$\frac{1}{0}$</text><script>alert(1)</script>日本"


@pytest.fixture(scope="module")
def charts() -> Mapping[str, Chart]:
    return draw(sample.report())


def words(chart: Chart) -> list[str]:
    root = ET.fromstring(chart.svg)  # noqa: S314 # drawn by us a moment ago
    return ["".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")]


def renamed(report: Report, label: str) -> Report:
    """Give the sample's first candidate a name of its author's choice."""
    (old, *others), name = report.candidates, report.candidates[0].label
    return replace(
        report,
        candidates=(replace(old, label=label), *others),
        comparisons=tuple(
            replace(each, candidate=label) if each.candidate == name else each for each in report.comparisons
        ),
    )


def test_a_comparison_has_all_three(charts: Mapping[str, Chart]) -> None:
    assert set(charts) == {"forest", "scores", "heatmap"}


def test_equal_reports_give_equal_bytes(charts: Mapping[str, Chart]) -> None:
    assert draw(sample.report()) == charts


def test_no_setting_of_the_readers_own_shows(charts: Mapping[str, Chart]) -> None:
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert draw(sample.report()) == charts


def test_the_forest_says_every_verdict_and_number() -> None:
    report = sample.report()
    said = words(draw(report)["forest"])
    for comparison in report.comparisons:
        for each in comparison.differences:
            assert any(each.verdict in text for text in said)
            number = f"{abs(each.difference.mean or 0):.1f}"
            assert any(number in text for text in said)


def test_the_heatmap_prints_each_difference_in_its_cell(charts: Mapping[str, Chart]) -> None:
    cells = [text for text in words(charts["heatmap"]) if re.fullmatch(r"[+\N{MINUS SIGN}]?\d+|–", text)]
    report = sample.report()
    assert len(cells) == len(report.cases) * (len(report.dimensions) + 1) * len(report.candidates)


@pytest.mark.parametrize("kind", ["forest", "scores", "heatmap"])
def test_pixels_are_twice_the_size_of_the_vector(kind: str, charts: Mapping[str, Chart]) -> None:
    chart = charts[kind]
    width, height = struct.unpack(">II", chart.png[16:24])
    points = [float(found) for found in re.findall(r'(?:width|height)="([\d.]+)pt"', chart.svg)[:2]]
    assert (width, height) == pytest.approx([2 * 96 / 72 * size for size in points], abs=2)
    assert chart.alt
    assert chart.title


def test_labels_are_text_and_nothing_else() -> None:
    for chart in draw(renamed(sample.report(), HOSTILE)).values():
        root = ET.fromstring(chart.svg)  # noqa: S314 # drawn by us a moment ago
        assert not list(root.iter(f"{SVG}script"))
        assert any(text.startswith(r"$\frac{1}{0}$") for text in words(chart))


def test_a_chart_that_would_show_nothing_is_left_out() -> None:
    assert draw(sample.all_failed()) == {}


@pytest.mark.parametrize(
    ("shape", "kinds"),
    [
        (sample.Shape(candidates=()), {"scores", "heatmap"}),
        (sample.Shape(cases=3, attempts=1, graders=1), {"forest", "scores", "heatmap"}),
        (sample.Shape(cases=1, attempts=2), {"forest", "scores", "heatmap"}),
    ],
)
def test_smaller_reports_have_what_they_can_show(shape: sample.Shape, kinds: set[str]) -> None:
    assert set(draw(sample.report(shape))) == kinds


def test_every_colour_of_a_chart_has_a_dark_counterpart(charts: Mapping[str, Chart]) -> None:
    for chart in charts.values():
        light = set(re.findall(r"#[0-9a-f]{6}", chart.svg))
        after = set(re.findall(r"#[0-9a-f]{6}", darkened(chart.svg)))
        assert light
        assert after == {dark(colour) for colour in light}
        assert not light & after


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXTS = (house.INK, house.BASE, house.CANDIDATE, *house.VERDICTS.values())
PAIRS = [
    *product(TEXTS, [house.PAPER]),
    *product([house.INK], house.STEPS[1:-1]),
    *product([house.STRONG_TEXT], (house.STEPS[0], house.STEPS[-1])),
]


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_is_legible_in_both_themes(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 4.5
    assert contrast(dark(text), dark(ground)) >= 4.5
