"""Agreement of a grader with labels: against sums done another way."""

from itertools import permutations
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa  # type: ignore[import-untyped]

from harness.records.trust import Agreement
from harness.statistics.agreement import agreement, cohen_kappa, gwet_ac1, krippendorff_alpha, two_rater_alpha

PAIRS = st.lists(st.tuples(st.sampled_from([True, False, None]), st.booleans()), max_size=60)


def measured(pairs: list[tuple[bool | None, bool]]) -> Agreement:
    return agreement(pairs, grader="signals", scope="all", in_sample=True, labels="labels.jsonl")


@given(PAIRS)
def test_shares_are_those_counted_by_hand(pairs: list[tuple[bool | None, bool]]) -> None:
    found = measured(pairs)
    graded = [pair for pair in pairs if pair[0] is not None]
    yes = [met for met, label in graded if label]
    no = [met for met, label in graded if not label]
    assert (found.n, found.ungraded) == (len(graded), len(pairs) - len(graded))
    assert found.met_by_label == len(yes)
    assert found.met_by_grader == yes.count(True) + no.count(True)
    assert found.raw == (sum(met == label for met, label in graded) / len(graded) if graded else None)
    assert found.sensitivity == (yes.count(True) / len(yes) if yes else None)
    assert found.specificity == (no.count(False) / len(no) if no else None)
    if found.sensitivity is not None and found.specificity is not None:
        assert found.balanced_accuracy == (found.sensitivity + found.specificity) / 2
    else:
        assert found.balanced_accuracy is None


@given(PAIRS)
def test_ac1_is_the_textbook_sum_over_categories(pairs: list[tuple[bool | None, bool]]) -> None:
    graded = [(met, label) for met, label in pairs if met is not None]
    found = measured(pairs).ac1
    if found is None or not graded:
        assert found is None
        assert not graded
        return
    # Gwet 2008: chance agreement is the sum over the categories of pi (1 - pi), over (categories - 1).
    pi = {
        category: (sum(met == category for met, _ in graded) + sum(label == category for _, label in graded))
        / (2 * len(graded))
        for category in (True, False)
    }
    chance = sum(share * (1 - share) for share in pi.values()) / (len(pi) - 1)
    observed = sum(met == label for met, label in graded) / len(graded)
    assert found == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)
    assert -1 <= found <= 1


def test_ac1_stays_high_where_nearly_all_is_met_and_all_but_one_agree() -> None:
    pairs: list[tuple[bool | None, bool]] = [*[(True, True)] * 98, (True, False), (False, True)]
    found = measured(pairs)
    assert found.ac1 is not None
    assert found.ac1 > 0.97
    assert found.specificity == 0


def test_nothing_to_count_gives_nothing() -> None:
    assert gwet_ac1(0, 0, 0) is None
    found = measured([(None, True)])
    assert (found.n, found.ungraded, found.raw, found.balanced_accuracy) == (0, 1, None, None)


# ------------------------------------------------------------------ kappa and alpha

TABLES = st.tuples(*[st.integers(0, 30)] * 4)  # both yes, only the one yes, only the other yes, both no
UNITS = st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=4), max_size=30)


@given(TABLES)
def test_kappa_is_that_of_statsmodels(table: tuple[int, int, int, int]) -> None:
    yes, one, other, no = table
    n = sum(table)
    found = cohen_kappa(yes + no, (yes + one, yes + other), n)
    if n in {0, yes, no}:
        assert found is None
    else:
        assert found == pytest.approx(cohens_kappa([[yes, one], [other, no]], return_results=False), abs=1e-9)


@pytest.mark.parametrize(
    ("raters", "alpha"),
    [
        (["0100000010", "1110010000"], 0.095),
        (["aabbdcccedda", "babbbccceddd"], 0.692),
        (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], 0.743),
    ],
    ids=["two observers, two values", "two observers, five values", "four observers, values missing"],
)
def test_alpha_is_that_of_krippendorff_s_worked_examples(raters: list[str], alpha: float) -> None:
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", examples A, B and C."""
    units = [[None if value == "." else value for value in unit] for unit in zip(*raters, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(alpha, abs=0.0005)


@given(UNITS)
def test_alpha_is_one_minus_observed_over_expected_disagreement(units: list[list[str | None]]) -> None:
    """By the definition: mean disagreement within units over that of any two values drawn together."""
    known = [[value for value in unit if value is not None] for unit in units]
    paired = [unit for unit in known if len(unit) > 1]
    values = [value for unit in paired for value in unit]
    expected = [one != other for one, other in permutations(values, 2)]
    found = krippendorff_alpha(units)
    if not any(expected):
        assert found is None
        return
    observed = [mean([one != other for one, other in permutations(unit, 2)]) for unit in paired for _ in unit]
    assert found == pytest.approx(1 - mean(observed) / mean(expected), abs=1e-9)


@given(TABLES)
def test_alpha_of_two_raters_needs_only_the_counts(table: tuple[int, int, int, int]) -> None:
    yes, one, other, no = table
    kinds = ((True, True), (True, False), (False, True), (False, False))
    units = [pair for pair, count in zip(kinds, table, strict=True) for _ in range(count)]
    found = two_rater_alpha(yes + no, 2 * yes + one + other, sum(table))
    assert found == pytest.approx(krippendorff_alpha(units), abs=1e-9) if units else found is None
