"""What the numbers say about one dimension, before it is put into words."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.comparison.families import Question
from harness.comparison.pairing import Pairs
from harness.records.comparisons import VerdictWord
from harness.records.estimates import Estimate
from harness.statistics.clusters import level as mean_over
from harness.statistics.paired import Paired, paired
from harness.statistics.suite import Suite, Unavailable, suite

LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One dimension on both targets: `paired` for *cases like these*, `suite` for *this suite*.

    `margin` is the loss in points that still counts as no worse, `level` the p at or below which it decides.
    `p_adjusted` holds for the `family` of questions asked together, `None` where there was one.
    `equal_length` is the difference at equal length of answers, where length moved.
    """

    pairs: Pairs
    base: Estimate
    candidate: Estimate
    paired: Paired
    suite: Suite | Unavailable
    margin: float
    level: float = LEVEL
    p_adjusted: float | None = None
    family: int = 1
    equal_length: Estimate | None = None

    @property
    def dimension(self) -> str:
        """What was scored."""
        return self.pairs.dimension

    @property
    def n(self) -> int:
        """Paired cases."""
        return self.paired.estimate.n

    @property
    def difference(self) -> float:
        """Candidate minus base, in points."""
        return self.paired.difference

    @property
    def p(self) -> float:
        """The p that the verdict goes by: adjusted where several questions were asked."""
        return self.paired.p if self.p_adjusted is None else self.p_adjusted

    @property
    def question(self) -> Question:
        """What a family of questions needs of it."""
        cases = zip(self.pairs.cases, self.pairs.differences, strict=True)
        return Question(differences=dict(cases), p=self.paired.p)

    @property
    def verdict(self) -> VerdictWord:
        """Better or worse by the test on cases like these; else no worse by the bound on this suite."""
        if self.p <= self.level:
            return "better" if self.difference > 0 else "worse"
        if isinstance(self.suite, Suite) and self.suite.low() > -self.margin:
            return "no worse"
        return "cannot tell"


def finding(
    found: Pairs,
    *,
    margin: float,
    seed: int,
    level: float = LEVEL,
    clusters: Mapping[str, str] | None = None,
) -> Finding:
    """Estimate one dimension from at least one pair; `clusters` names the sources of cases."""
    sources = [(clusters or {}).get(case, "") for case in found.cases]
    return Finding(
        pairs=found,
        base=mean_over(found.base_means, sources),
        candidate=mean_over(found.candidate_means, sources),
        paired=paired(found.differences, seed=seed, clusters=sources),
        suite=suite(found.base, found.candidate),
        margin=margin,
        level=level,
    )
