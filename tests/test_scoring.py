"""Scores are points of met criteria over positive points, and never invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.scoring import criteria_of, outcome, positive_points
from harness.records.outcomes import Graded, Trial, Ungraded
from making import answer, case, criterion, rubric, verdict

TRIAL = Trial(case="queues", attempt=1, key="k")
OWN = {"security": (criterion("own", 3),)}
RUBRICS = (
    rubric("security", criterion("good", 4), criterion("bad", -5)),
    rubric("cost", criterion("cheap", 2)),
)


def graded(**met: bool | None) -> Graded | Ungraded:
    places = {"good": "security", "bad": "security", "own": "security", "cheap": "cost"}
    given = [verdict(name, met=value, dimension=places[name]) for name, value in met.items()]
    return outcome(TRIAL, answer(), given, case("queues", OWN), RUBRICS)


@pytest.mark.parametrize(
    ("met", "value", "raw"),
    [
        ({"good": True, "bad": False, "own": True}, 1.0, 1.0),
        ({"good": True, "bad": False, "own": False}, 4 / 7, 4 / 7),
        ({"good": True, "bad": True, "own": True}, 2 / 7, 2 / 7),
        ({"good": False, "bad": True, "own": False}, 0.0, -5 / 7),
    ],
)
def test_general_and_own_criteria_are_pooled_and_clipped(
    met: dict[str, bool], value: float, raw: float
) -> None:
    found = graded(**met, cheap=True)
    assert isinstance(found, Graded)
    score = found.scores["security"]
    assert [score.value, score.raw, score.positive_points] == pytest.approx([value, raw, 7.0])


def test_overall_is_the_unweighted_mean_of_the_dimensions() -> None:
    found = graded(good=True, bad=False, own=False, cheap=True)
    assert isinstance(found, Graded)
    assert found.overall == pytest.approx((4 / 7 + 1) / 2)


@pytest.mark.parametrize("missing", [None, ...])
def test_one_open_verdict_opens_its_dimension_and_the_whole(missing: object) -> None:
    met: dict[str, bool | None] = {"good": True, "bad": False, "cheap": True}
    if missing is None:
        met["own"] = None
    found = graded(**met)
    assert isinstance(found, Ungraded)
    assert set(found.scores) == {"cost"}
    assert found.reason.startswith("security/own")


def test_verdicts_come_in_the_rubric_s_order_whatever_order_they_were_given_in() -> None:
    found = graded(cheap=True, own=True, bad=False, good=True)
    assert [v.criterion for v in found.verdicts] == ["good", "bad", "own", "cheap"]
    assert [c.id for _, c in criteria_of(case("queues", OWN), RUBRICS)] == ["good", "bad", "own", "cheap"]


def test_positive_points_are_the_denominators() -> None:
    assert positive_points(case("queues", OWN), RUBRICS) == {"security": 7.0, "cost": 2.0}


@given(
    points=st.lists(st.floats(-50, 50).filter(lambda p: abs(p) > 0.01), min_size=1, max_size=8),
    met=st.lists(st.booleans(), min_size=9, max_size=9),
)
def test_a_score_is_within_0_and_1_for_any_rubric(points: list[float], met: list[bool]) -> None:
    criteria = [criterion(f"c{i}", p) for i, p in enumerate([*points, 1.0])]
    given_verdicts = [verdict(c.id, met=m) for c, m in zip(criteria, met, strict=False)]
    found = outcome(TRIAL, answer(), given_verdicts, case("queues"), (rubric("security", *criteria),))
    assert isinstance(found, Graded)
    assert 0.0 <= found.scores["security"].value <= 1.0
    assert 0.0 <= found.overall <= 1.0


@pytest.mark.parametrize("points", [1e308, -1e308, 1001.0])
def test_points_that_would_swamp_a_score_are_refused(points: float) -> None:
    with pytest.raises(ValueError, match="points must lie between"):
        criterion("c", points)


def test_no_dimension_may_take_the_name_of_the_mean() -> None:
    with pytest.raises(ValueError, match="overall"):
        rubric("overall")
