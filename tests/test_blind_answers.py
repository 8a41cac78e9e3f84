"""The general criteria's signals hold on answers written by someone who had never seen the signals."""

from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from _pytest.mark import ParameterSet

from harness.grading.signals import grade
from harness.parsing.reading import read
from harness.records.inputs import Criterion, Rubric

HERE = Path(__file__).parent
RUBRICS = sorted((HERE.parent / "evals" / "rubrics").glob("*.yaml"))


class Blind(NamedTuple):
    criterion: str
    met: bool
    question: str
    answer: str


def blind_answers() -> list[Blind]:
    path = HERE / "data" / "blind_answers.yaml"
    return [Blind(**each) for each in yaml.safe_load(path.read_text(encoding="utf-8"))]


def criteria() -> dict[str, tuple[str, Criterion]]:
    rubrics = [read(Rubric, path.read_text(encoding="utf-8"), source=path.name) for path in RUBRICS]
    return {each.id: (rubric.dimension, each) for rubric in rubrics for each in rubric.criteria}


CRITERIA = criteria()
BLIND = blind_answers()


# Words cannot say whose weakness a sentence describes: the recommended option's or the other one's.
BEYOND_WORDS = ("I recommend row-level security in Postgres. Checking in each view",)


def trials() -> list[ParameterSet]:
    """Name each answer; those beyond words must fail, so that an improvement shows."""
    beyond = pytest.mark.xfail(strict=True, reason="beyond what words can tell")
    return [
        pytest.param(
            blind,
            id=f"{number}-{blind.criterion}-{blind.met}",
            marks=[beyond] if blind.answer.startswith(BEYOND_WORDS) else [],
        )
        for number, blind in enumerate(BLIND)
    ]


@pytest.mark.parametrize("blind", trials())
def test_signals_agree_with_what_was_written_blind(blind: Blind) -> None:
    dimension, criterion = CRITERIA[blind.criterion]
    verdict = grade(criterion, question=blind.question, answer=blind.answer, dimension=dimension)
    assert verdict.met is blind.met, verdict.reason


def test_every_general_criterion_has_a_blind_answer_that_meets_it_and_one_that_does_not() -> None:
    assert {(blind.criterion, blind.met) for blind in BLIND} >= {
        (name, met) for name in CRITERIA for met in (True, False)
    }
