"""What is left of a difference at equal length of answers."""

import math
from collections.abc import Sequence

from harness.records.estimates import Estimate
from harness.statistics import student
from harness.statistics.estimates import FEWEST_CASES, TOLERANCE, mean

AT_EQUAL_LENGTH = "least squares at equal length"
BEYOND = f"{AT_EQUAL_LENGTH}, beyond what was seen"


def at_equal_length(
    differences: Sequence[float], longer: Sequence[float], *, confidence: float = 0.95
) -> Estimate | None:
    """Give the difference that least squares expects of a case whose answers kept their length.

    `differences` in points and `longer` (candidate minus base, in words) case by case. The intercept of the
    line through both, with its t interval (n - 2 degrees of freedom), cut to -100..100. Where every case got
    longer, or every one shorter, the line is drawn out beyond what was seen, and the method says so. `None`
    for fewer than six cases, where length changed by the same everywhere, and where a line fits without
    remainder.
    """
    n = len(differences)
    centre = mean(longer) if longer else 0.0
    squares = math.fsum((each - centre) ** 2 for each in longer)
    if n < FEWEST_CASES or squares <= TOLERANCE:
        return None
    middle = mean(differences)
    pairs = list(zip(longer, differences, strict=True))
    slope = math.fsum((x - centre) * (y - middle) for x, y in pairs) / squares
    intercept = middle - slope * centre
    residual = math.fsum((y - intercept - slope * x) ** 2 for x, y in pairs) / (n - 2)
    if residual <= TOLERANCE:
        return None
    half = student.quantile((1 + confidence) / 2, n - 2) * math.sqrt(residual * (1 / n + centre**2 / squares))
    return Estimate(
        mean=intercept,
        low=max(-100.0, intercept - half),
        high=min(100.0, intercept + half),
        n=n,
        method=AT_EQUAL_LENGTH if min(longer) <= 0 <= max(longer) else BEYOND,
        confidence=confidence,
    )
