"""How far a grader's verdicts agree with labels."""

from collections.abc import Sequence

from harness.records.results import Agreement


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


def _middle(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else (one + other) / 2


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
