"""The simulations: their data scatter as they claim, their arithmetic is the harness's, and they go on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import batch
import deciding
import model
import simulate
from model import World
from study import Cell, Result, Study

WORLDS = [
    World(cases=4, attempts=3),
    World(cases=10, attempts=1),
    World(cases=14, attempts=2, level=0.95),
    World(cases=15, attempts=3, level=0.98, likeness=1.0),
    World(cases=16, attempts=2, change=8.0),
    World(cases=20, attempts=5, level=0.85, broken=0.1),
]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


# ------------------------------------------------------------------ the data


def test_scores_scatter_between_and_within_cases_as_the_model_says() -> None:
    drawn = model.draw(World(cases=40, attempts=4), 2_000, rng())
    within = drawn.base.var(axis=2, ddof=1).mean()
    between = drawn.base.mean(axis=2).var() - within / 4
    assert drawn.base.mean() == pytest.approx(100 * model.TUNED_AT, abs=0.3)
    assert within**0.5 == pytest.approx(model.ATTEMPT_SD, abs=0.1)
    assert between**0.5 == pytest.approx(model.CASE_SD, abs=0.1)


def test_two_answers_to_a_case_disagree_as_often_as_the_model_says() -> None:
    world = World(cases=40, attempts=2)
    hard, _ = model._hardness(world, 1_000, rng())
    answers = model._answers(hard + 0.5244005, 2, rng(2))
    assert (answers[:, :, 0] != answers[:, :, 1]).mean() == pytest.approx(model.DISAGREE, abs=0.002)


@pytest.mark.parametrize("world", [*WORLDS[:2], WORLDS[4], WORLDS[5]])
def test_the_change_is_on_average_what_the_world_says(world: World) -> None:
    drawn = model.draw(world, 6_000, rng())
    found = batch.moved(drawn)
    assert found.mean() == pytest.approx(world.change, abs=4 * found.std() / 6_000**0.5)


@pytest.mark.parametrize("change", [-10.0, -5.0, 0.0])
def test_fixed_cases_differ_by_exactly_what_the_world_says(change: float) -> None:
    # With this many attempts hardly anything but the truth of these cases is left.
    drawn = model.draw_fixed(World(cases=10, attempts=2_000, change=change), 5, rng())
    assert batch.moved(drawn) == pytest.approx([change] * 5, abs=0.6)


# ------------------------------------------------------------------ the arithmetic


@pytest.mark.parametrize("world", WORLDS)
def test_many_verdicts_at_once_are_those_of_the_harness(world: World) -> None:
    drawn = model.draw(world, 40, rng())
    said = batch.verdict(drawn, seed=5)
    for row in range(40):
        batch.check_verdict(drawn, said, 5, row)


@pytest.mark.parametrize("world", [world for world in WORLDS if world.attempts > 1 and not world.broken])
@pytest.mark.parametrize("margin", [2.0, 5.0, 20.0])
def test_many_gates_at_once_are_those_of_the_harness(world: World, margin: float) -> None:
    drawn = model.draw_fixed(world, 40, rng())
    said = batch.gate(drawn, margin)
    for row in range(40):
        batch.check_gate(drawn, said, margin, row)


def test_a_batch_that_says_something_else_ends_the_simulation() -> None:
    drawn = model.draw_fixed(WORLDS[4], 10, rng())
    said, gated = batch.verdict(drawn, 5), batch.gate(drawn, 5.0)
    with pytest.raises(batch.Mismatch):
        batch.check_verdict(drawn, replace(said, low=said.low - 0.001), 5, 3)
    with pytest.raises(batch.Mismatch):
        batch.check_gate(drawn, replace(gated, passes=~gated.passes), 5.0, 3)


@pytest.mark.parametrize("study", [deciding.VERDICT, deciding.SKEWED, deciding.GATE], ids=lambda s: s.name)
def test_a_study_counts_in_every_cell_and_makes_a_table(study: Study) -> None:
    results = [
        Result(cell=cell, replicates=20, counts=study.measure(cell, 20, 3))
        for cell in study.cells
        if cell["cases"] < 40
    ]
    large = [
        replace(result, cell={**result.cell, "cases": 40}) for result in results if result.cell["cases"] == 20
    ]
    table = study.table([*results, *large])
    widths = {line.count("|") for line in table.splitlines() if line.startswith("| ---")}
    assert all(line.count("|") in {0, *widths} for line in table.splitlines())
    assert "nan" not in table


def test_where_nothing_changed_the_verdict_errs_one_time_in_twenty_and_naive_methods_more_often() -> None:
    counts = deciding.VERDICT.measure(deciding.VERDICT.cells[0], 1_000, 11)
    assert counts["verdict claims"] <= 70
    assert counts["verdicts claims"] > 2 * counts["verdict claims"]
    assert counts["verdict covers"] >= 930


# ------------------------------------------------------------------ going on


def study_of(made: list[int], cells: Sequence[Cell] = ({"n": 1.0}, {"n": 2.0})) -> Study:
    def measure(cell: Cell, replicates: int, seed: int) -> Mapping[str, int]:
        made.append(seed)
        return {"seen": int(cell["n"]) * replicates // 4}

    return Study(name="toy", cells=tuple(cells), measure=measure, table=lambda _: "", faults=lambda _: ())


def test_a_stopped_simulation_goes_on_and_more_blocks_add_to_those_made(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    made: list[int] = []
    first = simulate.simulate(study_of(made), 2, kept)
    assert len(set(made)) == 4
    kept.write_text(kept.read_text()[:-20])  # killed while it wrote the last line
    made.clear()
    again = simulate.simulate(study_of(made), 2, kept)
    assert len(made) == 1
    assert [result.counts for result in again] == [result.counts for result in first]
    made.clear()
    (one, _) = simulate.simulate(study_of(made), 3, kept)
    assert len(made) == 2
    assert (one.replicates, one.rate("seen")) == (3 * simulate.BLOCK, 0.25)


def test_counts_of_other_code_are_not_used(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    made: list[int] = []
    simulate.simulate(study_of(made), 1, kept)
    old = [json.loads(line) | {"code": "another"} for line in kept.read_text().strip().split("\n")]
    kept.write_text("".join(json.dumps(line) + "\n" for line in old))
    made.clear()
    simulate.simulate(study_of(made), 1, kept)
    assert len(made) == 2


def test_a_table_takes_the_place_between_its_markers_and_no_other() -> None:
    page = "a\n<!-- simulation: x -->\nold\n<!-- end of simulation: x -->\nb\n"
    written = simulate.marked(page, "x", r"new \1")
    assert written == "a\n<!-- simulation: x -->\n\nnew \\1\n\n<!-- end of simulation: x -->\nb\n"
    assert simulate.marked(written, "x", r"new \1") == written
    with pytest.raises(LookupError):
        simulate.marked(page, "y", "new")


def test_every_study_has_its_place_in_the_document() -> None:
    page = simulate.PAGE.read_text(encoding="utf-8")
    for study in simulate.STUDIES:
        assert simulate.marked(page, study.name, "") != page


def test_the_upper_bound_is_clopper_and_pearsons() -> None:
    found = Result(cell={}, replicates=40, counts={"none": 0, "some": 3, "all": 40})
    assert found.upper("none") == pytest.approx(1 - 0.05 ** (1 / 40))
    assert 3 / 40 < found.upper("some") < 0.2
    assert found.upper("all") == 1
