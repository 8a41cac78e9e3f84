"""Agreement of a grader with labels: against sums done another way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.results import Agreement
from harness.statistics.agreement import agreement, gwet_ac1

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
