"""How far a grader's verdicts agree with labels."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import permutations

from harness.records.trust import Agreement


def agreement(
    pairs: Sequence[tuple[bool | None, bool]],
    *,
    grader: str,
    scope: str,
    in_sample: bool,
    labels: str,
) -> Agreement:
    """Count how often a grader says what the label says; each pair is (grader, label), `None` for ungraded.

    All shares are over graded pairs; `n` counts those. Sensitivity needs a label that says met, specificity
    one that says not met: without, they and balanced accuracy are `None`, as all is without a graded pair.

    >>> found = [(True, True), (True, False), (False, False), (None, True)]
    >>> agreement(found, grader="signals", scope="all", in_sample=True, labels="labels.jsonl").specificity
    0.5
    """
    graded = [(bool(met), label) for met, label in pairs if met is not None]
    right_yes = sum(met and label for met, label in graded)
    right_no = sum(not met and not label for met, label in graded)
    by_grader = sum(met for met, _ in graded)
    by_label = sum(label for _, label in graded)
    n = len(graded)
    sensitivity = _share(right_yes, by_label)
    specificity = _share(right_no, n - by_label)
    return Agreement(
        grader=grader,
        scope=scope,
        n=n,
        ungraded=len(pairs) - n,
        met_by_label=by_label,
        met_by_grader=by_grader,
        raw=_share(right_yes + right_no, n),
        sensitivity=sensitivity,
        specificity=specificity,
        balanced_accuracy=_middle(sensitivity, specificity),
        ac1=gwet_ac1(right_yes + right_no, by_grader + by_label, n),
        in_sample=in_sample,
        labels=labels,
    )


def gwet_ac1(agreed: int, yeses: int, n: int) -> float | None:
    """Give Gwet's chance-corrected agreement of two raters on n yes-or-no questions; `None` without any.

    `yeses` counts those of both raters. Unlike kappa it does not collapse when nearly all are yes
    or nearly all are no (Gwet 2008, Br. J. Math. Stat. Psychol. 61, 29-48).
    """
    if n == 0:
        return None
    prevalence = yeses / (2 * n)
    by_chance = 2 * prevalence * (1 - prevalence)
    return (agreed / n - by_chance) / (1 - by_chance)


def cohen_kappa(agreed: int, yeses: tuple[int, int], n: int) -> float | None:
    """Give Cohen's chance-corrected agreement of two raters on n yes-or-no questions.

    `yeses` counts those of each rater. `None` without questions, and where both raters gave one and the
    same answer throughout: chance alone explains that (Cohen 1960, Educ. Psychol. Meas. 20, 37-46).
    """
    if n == 0:
        return None
    one, other = (count / n for count in yeses)
    by_chance = one * other + (1 - one) * (1 - other)
    return None if by_chance == 1 else (agreed / n - by_chance) / (1 - by_chance)


def krippendorff_alpha(units: Iterable[Sequence[Hashable | None]]) -> float | None:
    """Give Krippendorff's alpha for nominal values; each unit holds one value per rater, `None` for missing.

    Any number of raters, any values. A unit with fewer than two values pairs nothing and is left out. `None`
    where nothing can be paired, and where all values are the same: agreement on what never varies shows
    nothing (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, sections C and D).

    >>> krippendorff_alpha([("a", "a"), ("a", "b"), ("b", "b"), ("b", None)])
    0.4444444444444444
    """
    totals: Counter[Hashable] = Counter()
    disagreed = 0.0
    for unit in units:
        values = [value for value in unit if value is not None]
        if len(values) < 2:
            continue
        totals.update(values)
        disagreed += sum(one != other for one, other in permutations(values, 2)) / (len(values) - 1)
    n = totals.total()
    by_chance = n * n - sum(count * count for count in totals.values())
    return None if by_chance == 0 else 1 - (n - 1) * disagreed / by_chance


def two_rater_alpha(agreed: int, yeses: int, n: int) -> float | None:
    """Give `krippendorff_alpha` of two raters on n yes-or-no questions that both answered, from the counts.

    `yeses` counts those of both raters, as in `gwet_ac1`.
    """
    values = 2 * n
    by_chance = values * values - yeses * yeses - (values - yeses) ** 2
    return None if by_chance == 0 else 1 - (values - 1) * 2 * (n - agreed) / by_chance


def _middle(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else (one + other) / 2


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
