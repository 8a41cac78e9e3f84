"""Correcting for a grader's errors: against textbook sums, and that the truth lies in the interval."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.correction import Marked, apart, bias_apart, divided, level, rates

CASES = 12


def marks(
    seed: int,
    *,
    per_case: int = 5,
    labelled: float = 1.0,
    sensitivity: float = 0.95,
    specificity: float = 0.7,
) -> tuple[list[Marked], float]:
    """Verdicts whose truth differs by case, a grader that errs at these rates, and the true mean."""
    draw = np.random.default_rng(seed)
    chance = draw.beta(4, 2, size=CASES)
    truth = draw.random((CASES, per_case)) < chance[:, None]
    met = np.where(truth, draw.random(truth.shape) < sensitivity, draw.random(truth.shape) > specificity)
    known = draw.random(truth.shape) < labelled
    found = [
        Marked(
            case=f"case-{c}",
            worth=100 / truth.size,
            met=bool(met[c, v]),
            label=bool(truth[c, v]) if known[c, v] else None,
        )
        for c in range(CASES)
        for v in range(per_case)
    ]
    return found, 100 * 4 / 6


def by_case(found: Sequence[Marked]) -> dict[str, float]:
    scores = dict.fromkeys((mark.case for mark in found), 0.0)
    for mark in found:
        scores[mark.case] += CASES * mark.worth * bool(mark.label)
    return scores


def test_where_all_is_labelled_the_labels_decide_with_the_t_interval_over_cases() -> None:
    found, _ = marks(1)
    corrected = level(found)
    assert corrected is not None
    truth = list(by_case(found).values())
    estimate = corrected.estimate()
    low, high = stats.t.interval(0.95, CASES - 1, loc=np.mean(truth), scale=stats.sem(truth))
    assert (estimate.mean, estimate.low, estimate.high) == pytest.approx(
        (np.mean(truth), low, high), abs=1e-9
    )
    assert corrected.raw - corrected.corrected == pytest.approx(corrected.bias, abs=1e-9)


def test_with_one_verdict_a_case_it_is_the_published_estimator() -> None:
    found, _ = marks(1, per_case=1, labelled=0.7)
    corrected = level(found)
    assert corrected is not None
    truth = np.array([100.0 * mark.label for mark in found if mark.label is not None])
    seen = np.array([100.0 * mark.met for mark in found if mark.label is not None])
    rest = np.array([100.0 * mark.met for mark in found if mark.label is None])
    n, more = len(truth), len(rest)
    power = min(1, max(0, np.cov(truth, seen)[0, 1] / ((1 + n / more) * seen.var(ddof=1))))
    assert corrected.corrected == pytest.approx(power * rest.mean() + (truth - power * seen).mean(), abs=1e-9)
    # The published variance, var(Y - power f) / n + power**2 var(f) / N, with n for n - 1 and G / (G - 1).
    square = ((truth - power * seen).var() / n + power**2 * rest.var() / more) * CASES / (CASES - 1)
    estimate = corrected.estimate()
    assert estimate.high is not None
    half = stats.t.ppf(0.975, CASES - 1) * math.sqrt(square)
    assert estimate.high - corrected.corrected == pytest.approx(half, abs=1e-9)


def test_without_a_second_labelled_case_nothing_is_corrected() -> None:
    found = [Marked(case="a", worth=50, met=True, label=True), Marked(case="b", worth=50, met=True)]
    assert level(found) is None
    assert rates(found) is None


@given(st.integers(0, 200), st.randoms(use_true_random=False))
def test_the_order_of_verdicts_changes_nothing(seed: int, shuffle: object) -> None:
    found, _ = marks(seed, labelled=0.6)
    shuffled = list(found)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = level(found), level(shuffled)
    if one is None or other is None:
        assert one is other
        return
    assert one.corrected == pytest.approx(other.corrected, abs=1e-9)
    assert one.estimate().high == pytest.approx(other.estimate().high, abs=1e-9)


def test_the_corrected_interval_holds_the_truth_where_the_raw_one_does_not() -> None:
    held = raw_held = 0
    for seed in range(200):
        found, truth = marks(seed, per_case=8, labelled=0.5)
        corrected = level(found)
        assert corrected is not None
        estimate = corrected.estimate()
        assert estimate.low is not None
        assert estimate.high is not None
        held += estimate.low <= truth <= estimate.high
        raw_held += abs(corrected.raw - truth) <= (estimate.high - estimate.low) / 2
    assert held >= 180
    assert raw_held < held


def test_a_perfect_grader_leaves_a_difference_as_it_is() -> None:
    found, _ = marks(2, sensitivity=1, specificity=1)
    perfect = rates(found)
    assert perfect is not None
    assert perfect.youden == 1
    differences = {
        f"case-{c}": float(value) for c, value in enumerate(np.random.default_rng(1).normal(5, 9, CASES))
    }
    estimate = divided(differences, perfect)
    assert estimate is not None
    values = list(differences.values())
    low, high = stats.t.interval(0.95, CASES - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (estimate.mean, estimate.low, estimate.high) == pytest.approx(
        (np.mean(values), low, high), abs=1e-9
    )


def test_what_the_rates_leave_open_widens_the_interval() -> None:
    found, _ = marks(2, sensitivity=0.9, specificity=0.8, labelled=0.4)
    measured = rates(found)
    assert measured is not None
    differences = {f"other-{c}": 10.0 + c % 3 for c in range(CASES)}
    estimate = divided(differences, measured)
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    d, j = np.mean(list(differences.values())), measured.youden
    assert estimate.mean == pytest.approx(d / j)
    fixed = 2 * stats.t.ppf(0.975, CASES - 1) * stats.sem(list(differences.values())) / j
    assert estimate.high - estimate.low > fixed


def test_a_grader_that_tells_nothing_apart_corrects_nothing() -> None:
    found = [Marked(case=f"c{n}", worth=1, met=bool(n % 2), label=n % 4 < 2) for n in range(8)]
    blind = rates(found)
    assert blind is not None
    assert blind.youden == 0
    assert divided({"a": 1.0, "b": 2.0}, blind) is None


def test_rates_need_both_kinds_of_label() -> None:
    assert rates([Marked(case=f"c{n}", worth=1, met=True, label=True) for n in range(5)]) is None


def test_errors_that_differ_by_arm_show_as_a_difference_of_bias() -> None:
    strict, _ = marks(7, sensitivity=0.99, specificity=0.99)
    lenient, _ = marks(7, sensitivity=0.99, specificity=0.2)
    base, candidate = level(strict), level(lenient)
    assert base is not None
    assert candidate is not None
    flattered = bias_apart(base, candidate)
    assert flattered.mean == pytest.approx(candidate.bias - base.bias)
    assert flattered.low is not None
    assert flattered.low > 0
    # The truth of both arms is the same, and labels on everything say so.
    assert apart(base, candidate).mean == pytest.approx(0, abs=1e-9)
