"""Runners that share a store: each call is made once, also when one of them is killed and comes back."""

import random
from pathlib import Path

import pytest

from postgres import Cluster
from sharing import CONCURRENCY, shared

CALLS = 3  # of a case: an answer and two verdicts


def test_two_runners_on_one_postgresql_ask_everything_once(tmp_path: Path, cluster: Cluster) -> None:
    found = shared(tmp_path, cluster.fresh(), random.Random(0), cases=12, kills=0)  # noqa: S311 - moments
    assert (found.asked, found.distinct, found.again) == (12 * CALLS, 12 * CALLS, 0)


@pytest.mark.parametrize("seed", range(2))
def test_two_runners_killed_and_restarted_ask_nothing_again_that_was_kept(
    tmp_path: Path, cluster: Cluster, seed: int
) -> None:
    found = shared(tmp_path, cluster.fresh(), random.Random(seed))  # noqa: S311 - moments, not secrets
    assert found.kept == 0
    assert found.distinct == 30 * CALLS
    assert found.again <= found.kills * 2 * CONCURRENCY  # what was in the hands of the one that was killed
    assert found.lost == 0
