"""Several candidates and their base in order, with those that cannot be told from the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.comparison import asides
from harness.comparison.families import Question, adjusted
from harness.comparison.pairing import graded_attempts, mean_of
from harness.records.comparisons import Rank, Ranking
from harness.records.estimates import OVERALL
from harness.records.results import Arm
from harness.statistics.clusters import level
from harness.statistics.paired import paired

_LEVEL = 0.05
_METHOD = "step-down max-T over all pairs, sign flips"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    label: str
    scores: tuple[float, ...]

    @property
    def total(self) -> float:
        return sum(self.scores)


def ranking(arms: Sequence[Arm], *, grader: str, clusters: Mapping[str, str], seed: int) -> Ranking | None:
    """Rank three arms or more by their overall score, over the cases that all of them have graded.

    Every pair is tested, and the p values hold for all pairs together, so that the one that is truly best is
    parted from the seemingly best in one of twenty reports at most. An arm of which nothing was graded has no
    place; `None` where fewer than three are left, or without a case that all of these have graded.
    """
    scored = [(arm, graded_attempts(arm.outcomes[grader], OVERALL)) for arm in arms]
    placed = [(arm, graded) for arm, graded in scored if graded]
    cases = sorted(set.intersection(*(set(graded) for _, graded in placed))) if len(placed) > 2 else []
    if not cases:
        return None
    places = sorted(
        (
            _Place(label=arm.label, scores=tuple(mean_of(graded[case]) for case in cases))
            for arm, graded in placed
        ),
        key=lambda place: (-place.total, place.label),
    )
    sources = [clusters.get(case, "") for case in cases]
    against_best = _against_best(places, cases, clusters, seed)
    ranks = tuple(
        Rank(
            label=place.label,
            score=level(place.scores, sources),
            behind=(places[0].total - place.total) / len(cases),
            p_adjusted=p,
            tied=p is None or p > _LEVEL,
        )
        for place, p in zip(places, against_best, strict=True)
    )
    return Ranking(
        grader=grader, n=len(cases), ranks=ranks, words=asides.ranked(ranks), method=_METHOD, seed=seed
    )


def _against_best(
    places: Sequence[_Place], cases: Sequence[str], clusters: Mapping[str, str], seed: int
) -> list[float | None]:
    """Give each place's p against the first, adjusted over all pairs; the first has none."""
    sources = [clusters.get(case, "") for case in cases]
    pairs = list(combinations(places, 2))
    questions = []
    for one, other in pairs:
        differences = [a - b for a, b in zip(one.scores, other.scores, strict=True)]
        p = paired(differences, seed=seed, clusters=sources).p
        questions.append(Question(differences=dict(zip(cases, differences, strict=True)), p=p))
    together = adjusted(questions, clusters=clusters, seed=seed)
    # The first places - 1 pairs are those of the first place.
    return [None, *together[: len(places) - 1]]
