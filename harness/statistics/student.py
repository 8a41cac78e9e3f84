"""Student's t without scipy, whose import costs a quarter of a second and 25 MB: more than a stored run.

Only for single numbers; whoever needs them by the array imports scipy. Held against scipy by the tests.
"""

import math
from statistics import NormalDist

_STEPS = 10_000  # far more than either sum below ever takes
_NEAR_NORMAL = 1e7  # degrees of freedom: from here on the first term of the expansion is exact enough
_MANY = 100.0  # degrees of freedom: from here on the series for the constant is the more exact one


def tail(t: float, df: float) -> float:
    """Give the probability of more than `t` under `df` degrees of freedom, which need not be whole.

    Half the incomplete beta function at df / (df + t²) (Abramowitz and Stegun 1964, 26.7.1).
    """
    if t < 0:
        return 1.0 - tail(-t, df)
    if df >= _NEAR_NORMAL:
        return math.erfc((t - (t**3 + t) / (4 * df)) / math.sqrt(2)) / 2
    beyond = t * t / (df + t * t)
    # x^a (1-x)^b / B(a, b) of a = df/2 and b = 1/2
    front = math.exp(-df / 2 * math.log1p(t * t / df)) * math.sqrt(beyond) * _constant(df)
    if df * beyond > 3 * (1 - beyond):  # the fraction converges fast on one side of the mean or the other
        return front / df * _fraction(1 - beyond, df / 2, 0.5)
    return 0.5 - front * _fraction(beyond, 0.5, df / 2)


def quantile(probability: float, df: float) -> float:
    """Give the t that is not passed with this probability, by Newton's method from the normal quantile.

    In logarithms a tail is nearly straight, however heavy, so that a few steps do.
    """
    if probability < 0.5:
        return -quantile(1 - probability, df)
    t = NormalDist().inv_cdf(probability)
    if probability == 0.5 or math.isinf(df):
        return t
    wanted = math.log1p(-probability)
    for _ in range(_STEPS):
        beyond = tail(t, df)
        density = _constant(df) / math.sqrt(df) * math.exp(-(df + 1) / 2 * math.log1p(t * t / df))
        step = (math.log(beyond) - wanted) * beyond / density
        t += step
        if abs(step) <= 1e-13 * t:
            break
    return t


def _constant(df: float) -> float:
    """Give Γ((df + 1) / 2) / (Γ(df / 2) √π)."""
    if df < _MANY:
        ratio = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2))
    else:
        terms = (1, -1 / 4, 1 / 32, 5 / 128, -21 / 2048, -399 / 8192)
        ratio = math.sqrt(df / 2) * sum(term / df**power for power, term in enumerate(terms))
    return ratio / math.sqrt(math.pi)


def _fraction(x: float, a: float, b: float) -> float:
    """Give the continued fraction of the incomplete beta function (Abramowitz and Stegun 1964, 26.5.8).

    Evaluated from the front by Lentz's method; no part of it is ever 0 here.
    """
    found = back = 1 / (1 - (a + b) * x / (a + 1))
    ratio = 1.0
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        back, ratio = 1 / (1 + even * back), 1 + even / ratio
        found *= back * ratio
        back, ratio = 1 / (1 + odd * back), 1 + odd / ratio
        found *= back * ratio
        if abs(back * ratio - 1) <= 1e-16:
            break
    return found
