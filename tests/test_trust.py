"""Whether a grader may decide a gate: alpha's bounds, and what is said and undone where it may not."""

from dataclasses import replace

import pytest

from harness.comparison.trust import applied, level, trust
from harness.records.calibrations import Calibration
from harness.records.comparisons import Comparison, GateResult
from harness.records.estimates import Estimate
from harness.records.inputs import Gate
from harness.records.trust import Trust
from harness.statistics.calibration import pooled
from making import calibration, compared

GATE = GateResult(
    dimension="security",
    margin=5.0,
    result="PASS",
    low=-1.0,
    high=2.0,
    certifiable=3.0,
    attempts_needed=None,
    words="nothing is lost",
)
COMPARISON = Comparison(
    grader="judge",
    base="old",
    candidate="new",
    differences=(),
    gates=(GATE,),
    cases=(),
    flips=(),
    headline="new is no worse than old",
    caveats=("first",),
    seed=1,
)


@pytest.mark.parametrize(
    ("alpha", "n", "in_sample", "word"),
    [
        (0.80, 30, False, "use"),
        (0.799, 30, False, "tentative"),
        (0.667, 30, False, "tentative"),
        (0.666, 900, False, "too low"),
        (None, 900, False, "too low"),
        (0.99, 30, True, "tentative"),
        (0.5, 30, True, "too low"),
        (1.0, 29, False, "too low"),
    ],
)
def test_alpha_and_the_number_of_labels_decide_what_a_grader_may_do(
    alpha: float | None, n: int, word: str, *, in_sample: bool
) -> None:
    assert level(alpha, n, in_sample=in_sample) == word


def test_a_handful_of_labels_that_are_all_right_opens_no_gate() -> None:
    trusted = trust("judge", calibration(14, 0), eval_name="small")
    assert (trusted.alpha, trusted.may_gate) == (1.0, False)
    assert "with fewer than 30 labels it should not decide a gate" in trusted.words
    (gate,) = applied(COMPARISON, trusted, Gate()).gates
    assert gate.result == "INCONCLUSIVE"
    assert "was calibrated on too few labels" in gate.words
    assert "label more answers" in gate.words


def test_a_calibration_is_quoted_with_who_labelled() -> None:
    found = trust("judge", calibration(59, 1), eval_name="small")
    assert found.level == "use"
    assert found.may_gate
    for said in ("120 labelled verdicts", "labels.jsonl", "2 model annotators", "alpha 0.97"):
        assert said in found.words


def test_a_grader_written_on_the_labels_is_tentative_however_well_it_agrees() -> None:
    found = trust("signals", calibration(60, 0, in_sample=True), eval_name="small")
    assert (found.level, found.alpha) == ("tentative", 1.0)
    assert "in sample" in found.words
    assert "flatters" in found.words


def test_labels_themselves_need_no_calibration() -> None:
    assert trust("labels", None, eval_name="small") == Trust(grader="labels", level="labels")


def test_without_a_calibration_the_gate_stays_open_and_says_what_to_do() -> None:
    found = applied(COMPARISON, trust("judge", None, eval_name="small"), Gate())
    (gate,) = found.gates
    assert gate.result == "INCONCLUSIVE"
    assert (gate.low, gate.high) == (GATE.low, GATE.high)  # what was measured stays
    assert "uncalibrated" in gate.words
    assert "harness calibrate small" in gate.words
    assert "harness calibrate small" in found.caveats[-1]
    assert found.caveats[0] == "first"


def test_a_grader_that_agrees_too_little_decides_no_gate_either() -> None:
    trusted = trust("judge", calibration(40, 20), eval_name="small")
    (gate,) = applied(COMPARISON, trusted, Gate()).gates
    assert gate.result == "INCONCLUSIVE"
    assert "too little" in gate.words


@pytest.mark.parametrize("found", [None, calibration(40, 20)], ids=["uncalibrated", "too low"])
def test_the_eval_may_allow_it_and_every_report_says_so(found: Calibration | None) -> None:
    allowed = applied(COMPARISON, trust("judge", found, eval_name="small"), Gate(allow_uncalibrated=True))
    assert allowed.gates == COMPARISON.gates
    assert any("allow_uncalibrated" in caveat for caveat in allowed.caveats)


@pytest.mark.parametrize(("right", "wrong"), [(59, 1), (55, 5)])
def test_a_grader_that_agrees_decides(right: int, wrong: int) -> None:
    trusted = trust("judge", calibration(right, wrong), eval_name="small")
    assert applied(COMPARISON, trusted, Gate()).gates == COMPARISON.gates


def test_a_comparison_without_a_gate_is_only_told_about() -> None:
    plain = replace(COMPARISON, gates=())
    found = applied(plain, trust("judge", None, eval_name="small"), None)
    assert found.gates == ()
    assert len(found.caveats) == 2


def test_an_alpha_that_cannot_be_measured_is_said() -> None:
    one_class = [compared(True, True)] * 20
    found = trust("judge", calibration(1, 0, pooled=pooled(one_class, frozenset())), eval_name="small")
    assert found.level == "too low"
    assert "cannot be measured" in found.words


def test_bounds_are_of_points_and_coefficients_alike() -> None:
    overall = calibration(55, 5).overall
    assert isinstance(overall.raw, Estimate)
    assert overall.alpha_low is not None
    assert overall.alpha is not None
    assert overall.alpha_high is not None
    assert -1 <= overall.alpha_low <= overall.alpha <= overall.alpha_high <= 1
