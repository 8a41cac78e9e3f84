"""From labelled verdicts to a calibration: agreement by criterion, pooled, by revision and by case."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from harness.records.calibrations import Compared, Fold, HeldOut, Lean, Measure
from harness.records.estimates import Estimate
from harness.statistics import student
from harness.statistics.agreement import cohen_kappa, gwet_ac1, two_rater_alpha
from harness.statistics.estimates import NOTHING, clustered_rate, mean, pass_rate
from harness.statistics.paired import paired

POOLED = "all criteria"
GENERAL = "general criteria"
BOTH_CLASSES = "general, both classes"

LOW = 0.7
"""A criterion below this balanced accuracy is never shown without a note."""
WANTED_BALANCED, WANTED_AC1 = 0.85, 0.60
"""What the shipped signals are to reach, case by case on average."""
FEW = 5
"""Fewer labels of one class than this leave the interval too wide to mean much."""

K = TypeVar("K", bound=Any)  # anything with an order

General = frozenset[tuple[str, str]]
"""(dimension, criterion) of those that apply to every case."""


class Counted(NamedTuple):
    """Graded verdicts by what the grader and the label say."""

    both_met: int
    false_met: int
    false_unmet: int
    both_unmet: int

    @property
    def n(self) -> int:
        """All of them."""
        return sum(self)

    @property
    def agreed(self) -> int:
        """Those where both say the same."""
        return self.both_met + self.both_unmet

    @property
    def by_grader(self) -> int:
        """Those that the grader says are met."""
        return self.both_met + self.false_met

    @property
    def by_label(self) -> int:
        """Those that the label says are met."""
        return self.both_met + self.false_unmet

    @property
    def alpha(self) -> float | None:
        """Krippendorff's alpha of grader and label."""
        return two_rater_alpha(self.agreed, self.by_grader + self.by_label, self.n)

    def without(self, other: "Counted") -> "Counted":
        """Take the verdicts of a part away."""
        return Counted(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def counted(items: Iterable[Compared]) -> Counted:
    """Count the graded verdicts."""
    tally = Counter((item.met, item.label) for item in items)
    return Counted(tally[True, True], tally[True, False], tally[False, True], tally[False, False])


def by_criterion(items: Sequence[Compared]) -> tuple[Measure, ...]:
    """Measure each criterion on its own, answers taken as independent: Wilson's intervals."""
    groups = _grouped(items, lambda item: (item.dimension, item.criterion))
    return tuple(
        _measure(group, scope=criterion, dimension=dimension, clustered=False)
        for (dimension, criterion), group in groups.items()
    )


def pooled(items: Sequence[Compared], general: General) -> tuple[Measure, ...]:
    """Measure all criteria together, then the general ones, then each dimension.

    Verdicts on answers to one case err together, so the intervals take the cases as clusters.
    """
    of_general = [item for item in items if (item.dimension, item.criterion) in general]
    scopes = {
        POOLED: list(items),
        GENERAL: of_general,
        BOTH_CLASSES: _both_classes(items, general),
        **_grouped(items, lambda item: item.dimension),
    }
    return tuple(_measure(group, scope=scope, clustered=True) for scope, group in scopes.items())


def by_case(items: Sequence[Compared], general: General) -> tuple[Fold, ...]:
    """Take each case on its own, and all the others without it."""
    of_general = [item for item in items if (item.dimension, item.criterion) in general]
    groups = _grouped(of_general, lambda item: item.case)
    whole = counted(of_general)
    return tuple(_fold(case, group, whole.without(counted(group))) for case, group in groups.items())


def held_out(items: Sequence[Compared], general: General) -> HeldOut | None:
    """Average over cases, each one a fold: general criteria that have both classes; `None` without any."""
    measured = _both_classes(items, general)
    if not measured:
        return None
    folds = [
        _measure(group, scope=case, clustered=False)
        for case, group in _grouped(measured, lambda item: item.case).items()
    ]
    return HeldOut(
        balanced_accuracy=_averaged([fold.balanced_accuracy for fold in folds]),
        ac1=_averaged([fold.ac1 for fold in folds]),
    )


def by_revision(items: Sequence[Compared], *, seed: int, first: str = "") -> tuple[Lean, ...]:
    """Say how the grader errs on each revision's answers, and whether it favours one over the first.

    `first` goes first if it is among them; the others follow by name.
    """
    groups = _grouped(items, lambda item: item.revision)
    names = sorted(groups, key=lambda name: (name != first, name))
    return tuple(_lean(name, groups[name], groups[names[0]], seed=seed) for name in names)


def _measure(items: Sequence[Compared], *, scope: str, clustered: bool, dimension: str = "") -> Measure:
    table = counted(items)
    rate = _over_cases if clustered else _plain
    sensitivity, specificity = (rate([i for i in items if i.label is wanted]) for wanted in (True, False))
    low, high = _jackknife(items) if clustered else (None, None)
    both = 0 < table.by_label < table.n  # a label that never varies cannot tell agreement from habit
    found = Measure(
        scope=scope,
        dimension=dimension,
        **table._asdict(),
        ungraded=len(items) - table.n,
        raw=rate(items),
        sensitivity=sensitivity,
        specificity=specificity,
        balanced_accuracy=_middle(sensitivity, specificity),
        kappa=cohen_kappa(table.agreed, (table.by_grader, table.by_label), table.n) if both else None,
        ac1=gwet_ac1(table.agreed, table.by_grader + table.by_label, table.n),
        alpha=table.alpha if both else None,
        alpha_low=low if both else None,
        alpha_high=high if both else None,
    )
    return _noted(found)


def _both_classes(items: Sequence[Compared], general: General) -> list[Compared]:
    of_general = [item for item in items if (item.dimension, item.criterion) in general]
    measurable = {(each.dimension, each.scope) for each in by_criterion(of_general) if each.measurable}
    return [item for item in of_general if (item.dimension, item.criterion) in measurable]


def _averaged(coefficients: Iterable[float | None]) -> Estimate:
    """Give the mean over cases with a t interval, cut at 1; two cases or more have one."""
    found = [value for value in coefficients if value is not None]
    if not found:
        return NOTHING
    n, centre = len(found), mean(found)
    low = high = None
    if n > 1:
        half = student.quantile(0.975, n - 1) * math.sqrt(
            math.fsum((v - centre) ** 2 for v in found) / (n - 1) / n
        )
        low, high = max(-1.0, centre - half), min(1.0, centre + half)
    return Estimate(mean=centre, low=low, high=high, n=n, method="t over cases")


def _noted(found: Measure) -> Measure:
    """Say what the figures alone would hide."""
    return replace(found, note="; ".join(_notes(found)))


def _notes(found: Measure) -> Iterable[str]:
    met, unmet = found.both_met + found.false_unmet, found.both_unmet + found.false_met
    if found.n == 0:
        yield "not measurable: nothing was graded"
        return
    if not found.measurable:
        yield f"not measurable: the labels say {'met' if met else 'not met'} throughout"
        return
    if found.balanced_accuracy is not None and found.balanced_accuracy < LOW:
        yield f"below {LOW}: {_kind_of_error(found)}"
    if min(met, unmet) < FEW:
        yield f"only {min(met, unmet)} {'met' if met < unmet else 'not met'}"


def _kind_of_error(found: Measure) -> str:
    """Say on which side the grader errs."""
    if found.false_unmet > found.false_met:
        return f"misses {found.false_unmet} of {found.both_met + found.false_unmet} that are met"
    return f"says met of {found.false_met} of {found.both_unmet + found.false_met} that are not"


def _plain(items: Sequence[Compared]) -> Estimate:
    graded = [item for item in items if item.met is not None]
    return pass_rate(sum(item.right for item in graded), len(graded)) if graded else NOTHING


def _over_cases(items: Sequence[Compared]) -> Estimate:
    graded = _grouped([item for item in items if item.met is not None], lambda item: item.case)
    return clustered_rate([(sum(item.right for item in group), len(group)) for group in graded.values()])


def _middle(one: Estimate, other: Estimate) -> float | None:
    return None if one.mean is None or other.mean is None else (one.mean + other.mean) / 200


def _jackknife(items: Sequence[Compared]) -> tuple[float | None, float | None]:
    """Bound alpha at 95 % by leaving out one case at a time; nothing where some part has no alpha."""
    whole = counted(items)
    cases = [counted(group) for group in _grouped(items, lambda item: item.case).values()]
    parts = [part for case in cases if (part := whole.without(case).alpha) is not None]
    if whole.alpha is None or len(parts) < len(cases) or len(cases) < 3:
        return None, None
    centre, count = mean(parts), len(parts)
    error = math.sqrt((count - 1) / count * math.fsum((part - centre) ** 2 for part in parts))
    half = student.quantile(0.975, count - 1) * error
    return max(-1.0, whole.alpha - half), min(1.0, whole.alpha + half)


def _fold(case: str, items: Sequence[Compared], others: Counted) -> Fold:
    found = _measure(items, scope=case, clustered=False)
    return Fold(
        case=case,
        n=found.n,
        raw=found.raw.mean,
        balanced_accuracy=found.balanced_accuracy,
        ac1=found.ac1,
        alpha_without=others.alpha,
    )


def _lean(name: str, items: Sequence[Compared], first: Sequence[Compared], *, seed: int) -> Lean:
    table = counted(items)
    own, reference = _errors(items), _errors(first)
    shared = sorted(own.keys() & reference.keys())
    compared = paired([own[case] - reference[case] for case in shared], seed=seed) if shared else None
    is_first = items is first
    return Lean(
        revision=name,
        measure=_measure(items, scope=name, clustered=True),
        lean=100 * (table.by_grader - table.by_label) / table.n if table.n else 0.0,
        against=None if is_first or compared is None else compared.estimate,
        p=None if is_first or compared is None else compared.p,
    )


def _errors(items: Sequence[Compared]) -> Mapping[str, float]:
    """Give each case's lean in points."""
    groups = _grouped([item for item in items if item.met is not None], lambda item: item.case)
    return {
        case: 100 * mean([float(bool(item.met)) - float(item.label) for item in group])
        for case, group in groups.items()
    }


def _grouped(items: Iterable[Compared], by: Callable[[Compared], K]) -> dict[K, list[Compared]]:
    """Sort the items into groups, the groups in order."""
    groups: dict[K, list[Compared]] = {}
    for item in items:
        groups.setdefault(by(item), []).append(item)
    return dict(sorted(groups.items()))
