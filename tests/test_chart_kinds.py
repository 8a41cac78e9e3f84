"""Every kind of chart: it shows what its data say, in words, in numbers and in pixels."""

import csv
import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

import sample
from harness.charts.calibration import calibration
from harness.charts.canvas import styled
from harness.charts.cost import cost, priced
from harness.charts.criteria import OWN, criteria
from harness.charts.discrimination import discrimination
from harness.charts.distribution import distribution
from harness.charts.of_report import draw
from harness.charts.trend import trend
from harness.comparison.trending import Period, Scored, periods
from harness.records.calibrations import Calibration, Measure
from harness.records.comparisons import CriterionDifference
from harness.records.estimates import OVERALL, Estimate
from harness.records.outcomes import Graded, Ungraded
from harness.records.results import Arm, Report
from harness.records.runs import GraderInfo
from harness.reporting import chart as house
from harness.reporting.chart import Chart, dark, darkened, sheet
from harness.reporting.selection import arms

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = r"$\\frac{1}{0}$</text><script>alert(1)</script>"
THUMBNAILS = Path(__file__).parent / "goldens" / "charts"
RUN = sample.Shape(candidates=(), attempts=3)
PAIR = sample.Shape(candidates=("rigorous",), attempts=3, graders=1)


def words(chart: Chart) -> list[str]:
    root = ET.fromstring(chart.svg)  # noqa: S314 # drawn by us a moment ago
    return ["".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")]


def rows(chart: Chart) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(chart.csv)))


def drawn(chart: Chart | None) -> Chart:
    assert chart is not None
    return chart


# ------------------------------------------------------------------ what they are drawn from


def night(number: int, value: float, *, prompt: str = "one", grader: str = "g", label: str = "v1") -> Scored:
    return Scored(
        at=f"2026-{1 + number // 28:02}-{1 + number % 28:02}T02:00:00Z",
        run=f"{number:04}",
        label=label,
        scores={OVERALL: value},
        ground={"cases": "c", "grader": grader},
        bounds={OVERALL: (value - 3, value + 4)},
        prompt=prompt,
    )


def nights() -> tuple[Period, ...]:
    """Forty nights: another prompt at 20 that costs 8 points, another grader at 30."""
    wobble = np.random.default_rng(4).standard_normal(40)
    found = [
        night(
            number,
            (80 if number < 20 else 72) + float(wobble[number]),
            prompt="one" if number < 20 else "two",
            label="v1" if number < 20 else "v2",
            grader="g" if number < 30 else "h",
        )
        for number in range(40)
    ]
    return periods(found)


def arm(report: Report, *, label: str, model: str, spent: float | None, score: float | None) -> Arm:
    """Give the sample's base another name, model, price and score."""
    base = report.base
    manifest = base.made.manifest
    model_of = replace(manifest.eval.model, provider="anthropic", name=model, answers="")
    asked = replace(manifest, eval=replace(manifest.eval, model=model_of))
    mean = Estimate(mean=score, low=None if score is None else score - 5, high=None, n=12, method="t")
    return replace(
        base,
        label=label,
        run=replace(base.made, manifest=asked),
        costs={"agent": spent},
        scores={"signals": ((OVERALL, mean),)},
    )


def costly() -> list[Arm]:
    report = sample.report(RUN)
    return [
        arm(report, label="seed", model="small", spent=0.1, score=60.0),
        arm(report, label="rigorous", model="small", spent=0.3, score=85.0),
        arm(report, label="seed", model="large", spent=0.9, score=84.0),
        arm(report, label="unpriced", model="large", spent=None, score=84.0),
    ]


def rate(mean: float) -> Estimate:
    return Estimate(mean=mean, low=mean - 8, high=min(100.0, mean + 5), n=40, method="Wilson")


def measure(scope: str, right: int = 20, wrong: int = 2) -> Measure:
    share = 100 * right / (right + wrong)
    return Measure(
        scope=scope, dimension="security", both_met=right, false_met=wrong, false_unmet=wrong,
        both_unmet=right, ungraded=0, raw=rate(share), sensitivity=rate(share), specificity=rate(share - 3),
        balanced_accuracy=0.9, kappa=0.8, ac1=0.8, alpha=0.8,
    )  # fmt: skip


def calibrated() -> Calibration:
    return Calibration(
        eval_name="e", grader=GraderInfo(kind="judge", version="1"), grader_hash="h", in_sample=True,
        labels="datasets/labels/x.jsonl", labels_version="1", labelled_by="two people", labels_alpha=0.9,
        answers=12, not_found=0, not_asked=0, pooled=(measure("all criteria"),),
        criteria=(
            measure("threat"),
            measure("control", right=11, wrong=9),
            replace(measure("one class"), both_unmet=0, false_met=0),
            measure("few", right=2, wrong=1),
        ),
        revisions=(), cases=(), wrong=(), cost=None, created_at="2026-01-01T00:00:00Z",
    )  # fmt: skip


def moved(criterion: str, before: float, after: float, word: str, points: float = 3.0) -> CriterionDifference:
    change = after - before
    return CriterionDifference(
        dimension="security", criterion=criterion, text=criterion, points=points, base=before,
        candidate=after, difference=Estimate(mean=change, low=change - 9, high=change + 9, n=12, method="s"),
        p=0.01, p_adjusted=0.03, family=4, changed=5, moved=word,  # type: ignore[arg-type] # one of its words
    )  # fmt: skip


def told_apart() -> Report:
    report = sample.report(PAIR)
    found = (
        moved("threat", 40, 90, "more often"),
        moved("breaks", 10, 60, "more often", points=-4.0),
        moved("flat", 100, 100, "not measurable"),
        moved("unclear", 50, 55, "cannot tell"),
    )
    return replace(report, comparisons=tuple(replace(each, criteria=found) for each in report.comparisons))


KINDS: Mapping[str, Callable[[], Chart | None]] = {
    "forest": lambda: draw(sample.report(PAIR))["forest"],
    "scores": lambda: draw(sample.report(PAIR))["scores"],
    "heatmap": lambda: draw(sample.report(PAIR))["heatmap"],
    "criteria": lambda: criteria(sample.report(RUN)),
    "criteria moved": lambda: criteria(sample.report(PAIR)),
    "distribution": lambda: distribution(sample.report(PAIR)),
    "discrimination": lambda: discrimination(sample.report(RUN)),
    "discrimination moved": lambda: discrimination(told_apart()),
    "trend": lambda: trend(nights()),
    "cost": lambda: cost(costly()),
    "calibration": lambda: calibration(calibrated()),
}


@pytest.fixture(scope="module")
def charts() -> Mapping[str, Chart]:
    with styled():
        return {kind: drawn(make()) for kind, make in KINDS.items()}


# ------------------------------------------------------------------ of every kind


@pytest.mark.parametrize("kind", KINDS)
def test_equal_data_give_equal_bytes(kind: str, charts: Mapping[str, Chart]) -> None:
    with styled():
        assert KINDS[kind]() == charts[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_words_data_and_pictures_are_all_there(kind: str, charts: Mapping[str, Chart]) -> None:
    chart = charts[kind]
    assert chart.title
    assert chart.alt.endswith(".")
    assert rows(chart)
    assert chart.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", KINDS)
def test_every_colour_has_a_dark_counterpart(kind: str, charts: Mapping[str, Chart]) -> None:
    light = set(re.findall(r"#[0-9a-f]{6}", charts[kind].svg))
    after = set(re.findall(r"#[0-9a-f]{6}", darkened(charts[kind].svg)))
    assert after == {dark(colour) for colour in light}
    assert not light & after


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_drawn_over_the_edge(kind: str, charts: Mapping[str, Chart]) -> None:
    pixels = np.asarray(Image.open(io.BytesIO(charts[kind].png)).convert("L"))
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    assert all((edge == 255).all() for edge in edges)


Thumbnail = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def apart(one: Thumbnail, other: Thumbnail) -> float:
    """Say how different two thumbnails look: root mean square, of 256 greys."""
    return float(np.sqrt(np.square(one - other).mean()))


def thumbnail(chart: Chart) -> Thumbnail:
    """Shrink a picture to what is left of it at arm's length: fonts do not matter there, shapes do."""
    picture = Image.open(io.BytesIO(chart.png)).convert("L")
    small = picture.resize((48, round(48 * picture.height / picture.width)), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.int64)


@pytest.mark.parametrize("kind", KINDS)
def test_it_looks_as_it_did_when_somebody_looked(kind: str, charts: Mapping[str, Chart]) -> None:
    path = THUMBNAILS / f"{kind.replace(' ', '-')}.txt"
    seen = thumbnail(charts[kind])
    if os.environ.get("HARNESS_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join("".join(f"{value:02x}" for value in row) for row in seen) + "\n")
    known = np.array([list(bytes.fromhex(line)) for line in path.read_text().splitlines()])
    assert seen.shape == known.shape
    assert apart(seen, known) < 5


def test_a_mark_in_another_place_looks_different(charts: Mapping[str, Chart]) -> None:
    found = costly()
    with styled():
        other = drawn(
            cost([found[0], arm(sample.report(RUN), label="rigorous", model="small", spent=0.8, score=65.0)])
        )
    assert apart(thumbnail(other), thumbnail(charts["cost"])) > 5


def hostile_arms() -> Sequence[Arm]:
    return [replace(each, label=HOSTILE) for each in costly()]


@pytest.mark.parametrize(
    "make",
    [
        lambda: cost(hostile_arms()),
        lambda: trend(
            periods([night(1, 70.0, label=HOSTILE), night(2, 71.0, label=HOSTILE, prompt=HOSTILE)])
        ),
        lambda: calibration(replace(calibrated(), pooled=(measure(HOSTILE),))),
        lambda: criteria(replace(sample.report(RUN), base=replace(sample.report(RUN).base, label=HOSTILE))),
        lambda: distribution(
            replace(sample.report(RUN), base=replace(sample.report(RUN).base, label=HOSTILE))
        ),
    ],
    ids=["cost", "trend", "calibration", "criteria", "distribution"],
)
def test_labels_are_text_and_nothing_else(make: Callable[[], Chart | None]) -> None:
    with styled():
        chart = drawn(make())
    root = ET.fromstring(chart.svg)  # noqa: S314 # drawn by us a moment ago
    assert not list(root.iter(f"{SVG}script"))
    assert any("frac" in text for text in words(chart))


def test_a_sheet_holds_no_formula_and_no_undefined_number() -> None:
    text = sheet([night(1, 70.0, label="=1+1", prompt="@sum")])
    assert "'=1+1" in text
    assert "'@sum" in text
    assert "nan" not in text.lower()
    assert sheet([]) == "\n"


# ------------------------------------------------------------------ of each


def test_a_cell_is_the_share_of_attempts_that_passed() -> None:
    report = sample.report(RUN)
    with styled():
        cells = {(row["case"], row["column"]): row["value"] for row in rows(drawn(criteria(report)))}
    for rubric in report.rubrics:
        for criterion in rubric.criteria:
            met = [
                verdict.met
                for outcome in report.base.outcomes["signals"]
                if isinstance(outcome, Graded | Ungraded) and outcome.trial.case == "audit-log"
                for verdict in outcome.verdicts
                if verdict.criterion == criterion.id and verdict.met is not None
            ]
            share = 100 * sum(met) / len(met)
            passed = share if criterion.points > 0 else 100 - share
            assert float(cells["audit-log", f"{rubric.dimension}/{criterion.id}"]) == pytest.approx(passed)
    assert ("audit-log", f"security/{OWN}") in cells


def test_every_graded_attempt_is_a_dot_in_the_data() -> None:
    report = sample.report(PAIR)
    with styled():
        found = rows(drawn(distribution(report)))
    scores = [
        (one.label, each.trial.case, each.trial.attempt, 100 * each.overall)
        for one in arms(report)
        for each in one.outcomes["signals"]
        if isinstance(each, Graded)
    ]
    shown = [(row["arm"], row["case"], int(row["attempt"]), float(row["score"])) for row in found]
    assert [each[:3] for each in shown] == [each[:3] for each in scores]
    assert [each[3] for each in shown] == pytest.approx([each[3] for each in scores])


def test_the_trend_marks_prompts_breaks_and_alarms(charts: Mapping[str, Chart]) -> None:
    said, found = words(charts["trend"]), rows(charts["trend"])
    assert "grader changed" in said
    assert "▲ v1" in said
    assert "▲ v2" in said
    assert any(text.startswith("alarm") for text in said)
    assert [row["period"] for row in found] == ["1"] * 30 + ["2"] * 10
    raised = [number for number, row in enumerate(found) if row["alarm"] == "down"]
    assert raised
    assert 20 <= raised[0] < 30
    assert all(float(row["low"]) < float(row["value"]) < float(row["high"]) for row in found)


def test_differences_to_a_control_have_no_band() -> None:
    live = [night(number, 80.0 + number % 3) for number in range(8)]
    pinned = [replace(each, label="pinned", run=f"c{each.run}") for each in live]
    with styled():
        chart = drawn(trend(periods([*live, *pinned], control="pinned"), control="pinned"))
    assert {row["low"] for row in rows(chart)} == {""}
    assert {float(row["value"]) for row in rows(chart)} == {0.0}


def test_what_nothing_beats_is_on_the_front() -> None:
    found = {(each.revision, each.model): each for each in priced(costly())}
    assert [place for place, each in found.items() if each.front] == [
        ("seed", "small"),
        ("rigorous", "small"),
    ]
    assert found["unpriced", "large"].cost is None
    answered = costly()[0].counts["signals"].answered
    assert found["seed", "small"].cost == pytest.approx(100 * 0.1 / answered)


def test_recorded_answers_cost_nothing_to_draw() -> None:
    free = arm(sample.report(RUN), label="a", model="m", spent=0.0, score=50.0)
    with styled():
        assert cost([free]) is None


def test_meeting_what_a_good_answer_avoids_is_drawn_as_worse(charts: Mapping[str, Chart]) -> None:
    svg = charts["discrimination moved"].svg
    assert house.BETTER in svg
    assert house.WORSE in svg
    said = words(charts["discrimination moved"])
    assert "always met by both" in said
    assert "cannot tell, p 0.030" in said


def test_criteria_of_one_run_say_what_they_do_not_tell() -> None:
    report = sample.report(RUN)
    with styled():
        found = {row["criterion"]: row for row in rows(drawn(discrimination(report)))}
    assert {criterion.id for rubric in report.rubrics for criterion in rubric.criteria} == set(found)
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in found.values())
    assert any("flips in" in row["remark"] for row in found.values())


def test_a_criterion_with_few_labels_or_of_one_kind_is_left_out(charts: Mapping[str, Chart]) -> None:
    assert [row["scope"] for row in rows(charts["calibration"])] == ["all criteria", "control", "threat"]
    assert "2 criteria are left out" in charts["calibration"].alt


@pytest.mark.parametrize(
    "make",
    [
        lambda: criteria(sample.all_failed()),
        lambda: distribution(sample.all_failed()),
        lambda: discrimination(replace(sample.all_failed(), candidates=(), comparisons=())),
        lambda: trend(()),
        lambda: trend(nights(), dimension="style"),
        lambda: calibration(replace(calibrated(), pooled=(), criteria=())),
        lambda: cost([]),
    ],
    ids=["criteria", "distribution", "discrimination", "trend", "dimension", "calibration", "cost"],
)
def test_nothing_is_drawn_of_nothing(make: Callable[[], Chart | None]) -> None:
    with styled():
        assert make() is None
