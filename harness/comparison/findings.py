"""What the numbers say about one dimension, before it is put into words."""

from dataclasses import dataclass

from harness.comparison.pairing import Pairs
from harness.records.results import Estimate, VerdictWord
from harness.statistics.estimates import mean_score
from harness.statistics.paired import Paired, paired
from harness.statistics.suite import Suite, Unavailable, suite

LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One dimension on both targets: `paired` for *cases like these*, `suite` for *this suite*.

    `margin` is the loss in points that still counts as no worse, `level` the p at or below which it decides.
    """

    dimension: str
    base: Estimate
    candidate: Estimate
    paired: Paired
    suite: Suite | Unavailable
    margin: float
    level: float = LEVEL

    @property
    def n(self) -> int:
        """Paired cases."""
        return self.paired.estimate.n

    @property
    def difference(self) -> float:
        """Candidate minus base, in points."""
        return self.paired.difference

    @property
    def verdict(self) -> VerdictWord:
        """Better or worse by the test on cases like these; else no worse by the bound on this suite."""
        if self.paired.p <= self.level:
            return "better" if self.difference > 0 else "worse"
        if isinstance(self.suite, Suite) and self.suite.low() > -self.margin:
            return "no worse"
        return "cannot tell"


def finding(found: Pairs, *, margin: float, seed: int, level: float = LEVEL) -> Finding:
    """Estimate one dimension from at least one pair."""
    return Finding(
        dimension=found.dimension,
        base=mean_score(found.base_means),
        candidate=mean_score(found.candidate_means),
        paired=paired(found.differences, seed=seed),
        suite=suite(found.base, found.candidate),
        margin=margin,
        level=level,
    )
