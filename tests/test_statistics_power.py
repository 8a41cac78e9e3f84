"""Power: the drawn gates are those of the public gate, the formulas those of the textbook."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.gate import gates
from harness.statistics.paired import paired
from harness.statistics.power import (
    Attempt,
    GateRule,
    Scatter,
    Seen,
    decided,
    design,
    scatter,
    simulated,
    suite_bounds,
)
from harness.statistics.suite import Suite, above, suite

NAMES = ("overall", "security")


def seen(seed: int, *, prompt: str = "old", cases: int = 10, attempts: int = 3, effect: float = 0.0) -> Seen:
    """A run whose attempts scatter by 10 points; `effect` scatters over the cases of this prompt."""
    draw = np.random.default_rng(seed)
    base = np.random.default_rng(0).normal(70, 15, (cases, 2)) + draw.normal(0, effect, (cases, 2))
    scores = base[:, None, :] + draw.normal(0, 10, (cases, attempts, 2))
    return Seen(
        prompt=prompt,
        cases={f"case-{c}": tuple((float(a), float(b)) for a, b in scores[c]) for c in range(cases)},
    )


def normal(sd: float, cases: float = 0.0) -> Scatter:
    """A scatter that was measured so well that its residuals are a fine normal grid."""
    grid = [sd * float(stats.norm.ppf((k + 0.5) / 2000)) for k in range(2000)]
    spread: tuple[Attempt, ...] = tuple((value,) for value in grid)
    return Scatter(
        names=("overall",),
        attempts={"overall": sd**2},
        cases={"overall": cases},
        residuals=(spread,),
        runs=2,
        pairs=1,
        freedom=1999,
    )


def test_the_variance_between_attempts_is_the_mean_square_within_cases() -> None:
    run = seen(1)
    found = scatter([run], NAMES)
    assert found.attempts is not None
    blocks = [np.array(attempts) for attempts in run.cases.values()]
    expected = np.mean([block.var(axis=0, ddof=1) for block in blocks], axis=0)
    assert list(found.attempts.values()) == pytest.approx(expected)
    assert (found.freedom, found.cases, found.pairs) == (20, None, 0)


def test_the_variance_of_the_effect_is_what_attempts_do_not_explain() -> None:
    old, new = seen(1), seen(2, prompt="new", effect=20)
    found = scatter([old, new], NAMES)
    assert found.attempts is not None
    assert found.cases is not None
    moved = [np.mean(new.cases[case], axis=0)[0] - np.mean(old.cases[case], axis=0)[0] for case in old.cases]
    expected = np.var(moved, ddof=1) - 2 * found.attempts["overall"] / 3
    assert found.cases["overall"] == pytest.approx(expected)
    # At the attempts of the runs themselves, the spread is the one that was seen.
    assert found.spread("overall", 3) == pytest.approx(np.std(moved, ddof=1))


def test_two_runs_of_one_prompt_are_no_pair() -> None:
    assert scatter([seen(1), seen(2)], NAMES).pairs == 0


def test_with_one_attempt_the_parts_stay_together() -> None:
    found = scatter([seen(1, attempts=1), seen(2, prompt="new", attempts=1)], NAMES)
    assert found.attempts is None
    assert found.spread("overall", 1) == found.spread("overall", 5)
    assert design(found, 20, 5, rule=GateRule(margins={"security": 5}), seed=1).gate is None


def test_nothing_to_measure_by_gives_nothing() -> None:
    found = scatter([seen(1, attempts=1)], NAMES)
    made = design(found, 20, 3, rule=GateRule(margins={"security": 5}), seed=1)
    assert (made.detectable["overall"], made.gate) == (None, None)


@given(st.integers(0, 1000))
def test_bounds_of_a_draw_are_those_of_the_public_suite(seed: int) -> None:
    found = scatter([seen(seed), seen(seed + 1, prompt="new")], NAMES)
    drawn = simulated(found, 6, 3, replicates=2, seed=seed)
    difference, error, freedom = suite_bounds(drawn)
    for replicate in range(2):
        for place in range(2):
            base, candidate = (drawn[replicate, arm, :, :, place].tolist() for arm in (0, 1))
            public = suite(base, candidate)
            assert isinstance(public, Suite)
            assert public.difference == pytest.approx(difference[replicate, place], abs=1e-9)
            assert (public.se, public.df) == pytest.approx(
                (error[replicate, place], freedom[replicate, place])
            )


@pytest.mark.parametrize("looks", [1, 2])
def test_every_drawn_gate_is_decided_as_the_public_gate_does(looks: int) -> None:
    found = scatter([seen(1), seen(2, prompt="new")], NAMES)
    drawn = simulated(found, 8, 2, replicates=200, seed=3)
    drawn[:, 1] += np.random.default_rng(1).normal(-4, 5, (200, 1, 1, 2))
    rule = GateRule(margins={"overall": 9.0, "security": 4.0}, floors={"security": (60.0, 62.0)}, looks=looks)
    passes, fails = decided(drawn, NAMES, rule)
    words = np.where(passes, "PASS", np.where(fails, "FAIL", "INCONCLUSIVE"))
    for replicate in range(200):
        arms = {
            name: suite(drawn[replicate, 0, :, :, place].tolist(), drawn[replicate, 1, :, :, place].tolist())
            for place, name in enumerate(NAMES)
        }
        floor = above(60.0, (62 + drawn[replicate, 1, :, :, 1]).tolist())
        told = gates(
            arms, margin=9.0, margins={"security": 4.0}, floors={"security": (60, floor)}, looks=looks
        )
        assert [gate.result for gate in told] == list(words[replicate])
    assert {"PASS", "FAIL", "INCONCLUSIVE"} == set(words.ravel())
    assert rule.titles == ("overall", "security", "security ≥ 60")


def test_cases_from_one_source_find_no_less_than_the_comparison_says() -> None:
    sources = {f"case-{place}": f"source-{place // 2}" for place in range(24)}
    old, new = (
        replace(seen(seed, prompt=prompt, cases=24, effect=15), clusters=sources)
        for seed, prompt in ((1, "old"), (2, "new"))
    )
    found = scatter([old, new], NAMES)
    assert found.crowd == 2
    moved = [np.mean(new.cases[case], axis=0)[0] - np.mean(old.cases[case], axis=0)[0] for case in old.cases]
    compared = paired([float(each) for each in moved], seed=1, clusters=[sources[case] for case in old.cases])
    made = design(found, 24, 3, rule=GateRule(), seed=1)
    assert made.detectable["overall"] == pytest.approx(compared.mde)


def test_attempts_that_never_differ_pass_and_fail_nothing() -> None:
    calm = Scatter(
        names=("overall",),
        attempts={"overall": 0.0},
        cases=None,
        residuals=(((0.0,), (0.0,)),),
        runs=1,
        pairs=0,
        freedom=1,
    )
    made = design(calm, 20, 3, rule=GateRule(margins={"overall": 5}), seed=1)
    assert made.gate == {"PASS": 0.0, "FAIL": 0.0, "INCONCLUSIVE": 1.0}


@pytest.mark.parametrize(("cases", "attempts"), [(20, 3), (40, 2)])
def test_the_detectable_difference_is_the_textbook_one(cases: int, attempts: int) -> None:
    made = design(normal(12, cases=150), cases, attempts, rule=GateRule(), seed=1)
    sd = math.sqrt(150 + 2 * 144 / attempts)
    quantiles = stats.t.ppf(0.975, cases - 1) + stats.t.ppf(0.8, cases - 1)
    assert made.detectable["overall"] == pytest.approx(quantiles * sd / math.sqrt(cases), abs=1e-9)


@pytest.mark.parametrize(("cases", "attempts", "margin"), [(20, 3, 5.0), (12, 5, 8.0)])
def test_the_chance_to_pass_is_that_of_a_noncentral_t(cases: int, attempts: int, margin: float) -> None:
    # With normal attempts of equal variance it passes when a noncentral t is above t.95.
    made = design(normal(12.0), cases, attempts, rule=GateRule(margins={"overall": margin}), seed=1)
    assert made.gate is not None
    df = 2 * cases * (attempts - 1)
    error = 12 * math.sqrt(2 / (cases * attempts))
    expected = stats.nct.sf(stats.t.ppf(0.95, df), df, margin / error)
    assert made.gate["PASS"] == pytest.approx(expected, abs=0.03)
    assert sum(made.gate.values()) == pytest.approx(1)


def test_all_dimensions_together_pass_less_often_than_one() -> None:
    found = scatter([seen(1), seen(2, prompt="new")], NAMES)
    made = design(found, 12, 3, rule=GateRule(margins=dict.fromkeys(NAMES, 5.0)), seed=1)
    assert made.gate is not None
    assert made.gate["PASS"] <= min(chance["PASS"] for chance in made.gates.values())
    assert made.gate["FAIL"] >= max(chance["FAIL"] for chance in made.gates.values())
