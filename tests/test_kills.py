"""Nothing is lost: a run that is killed anywhere is taken up again, and nothing kept is paid twice."""

import random
from pathlib import Path

import pytest

from killing import CONCURRENCY, REQUESTS, killed, undisturbed


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> object:
    return undisturbed(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_run_pays_for_nothing_twice_that_was_on_disk_and_says_the_same_in_the_end(
    tmp_path: Path, whole: object, seed: int
) -> None:
    found = killed(tmp_path, whole, random.Random(seed))  # noqa: S311 - a moment, not a secret
    assert 0 < found.requests <= REQUESTS
    assert found.twice_committed == 0
    # A trial in hand has one answer that is not on disk yet, or the verdicts of one: then it waits.
    assert len(found.twice) <= 2 * CONCURRENCY
    assert found.code == 0
    assert found.equal
