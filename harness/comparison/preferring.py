"""From what a judge said of pairs of answers to wins, losses, ties and a win rate."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.comparison.kin import related
from harness.grading.preferring import PREFERRING_VERSION
from harness.planning.duels import Duel
from harness.records.estimates import Estimate
from harness.records.preferences import DuelResult, DuelWord, Preference, Preferences, Winner
from harness.records.runs import Manifest
from harness.reporting.words import interval, many, p_value, points
from harness.statistics.estimates import NOTHING, clustered_rate, mean
from harness.statistics.paired import paired

_KIN = (
    "The judge is of the family of the model that answered: such judges favour what they might have written."
)
_NET: Mapping[DuelWord, float] = {"win": 100.0, "tie": 0.0, "loss": -100.0}


def preferences(
    manifests: tuple[Manifest, Manifest], found: Iterable[Duel], stored: Mapping[str, Preference]
) -> Preferences:
    """Sum up a candidate's duels with the base; the eval of the candidate must ask for them.

    The win rate goes by the mean of wins minus losses over cases, tested like any paired difference.
    """
    base, candidate = manifests
    pairwise = candidate.eval.pairwise
    if pairwise is None:
        msg = "the eval asks for no pairwise comparison"
        raise ValueError(msg)
    results = tuple(result(duel, stored) for duel in found)
    counted = Counter(each.result for each in results)
    clusters = {case.id: case.cluster for case in candidate.cases if case.cluster}
    rate, p, p_method = _rate(results, clusters, candidate.eval.seed)
    replies = [reply for each in results for reply in (each.base_first, each.candidate_first) if reply]
    costs = [reply.cost for reply in replies]
    kin = related(pairwise.model.name, candidate.eval.model.name)
    made = Preferences(
        base=base.revision.label,
        candidate=candidate.revision.label,
        model=pairwise.model.name,
        version=PREFERRING_VERSION,
        question=pairwise.criterion,
        wins=counted["win"],
        losses=counted["loss"],
        ties=counted["tie"],
        split=sum(_split(each) for each in results),
        ungraded=counted["ungraded"],
        not_asked=counted["not asked"],
        rate=rate,
        p=p,
        p_method=p_method,
        first_won=_first_won(results),
        cost=None if None in costs else sum(cost or 0.0 for cost in costs),
        words="",
        duels=results,
    )
    return replace(made, words=" ".join((*_sentences(made), *([_KIN] if kin else []))))


def result(duel: Duel, stored: Mapping[str, Preference]) -> DuelResult:
    """Decide one duel: a win or a loss takes the same winner in both orders, all else is a tie."""
    if not duel.asks:
        return DuelResult(case=duel.case.id, attempt=duel.attempt, result="tie")
    base_first, candidate_first = (stored.get(ask.key) for ask in duel.asks)
    return DuelResult(
        case=duel.case.id,
        attempt=duel.attempt,
        result=_decided(base_first, candidate_first),
        base_first=base_first,
        candidate_first=candidate_first,
    )


def _decided(base_first: Preference | None, candidate_first: Preference | None) -> DuelWord:
    if base_first is None or candidate_first is None:
        return "not asked"
    winners: tuple[Winner | None, Winner | None] = (base_first.winner, candidate_first.winner)
    if None in winners:
        return "ungraded"
    if winners == ("second", "first"):
        return "win"
    return "loss" if winners == ("first", "second") else "tie"


def _split(each: DuelResult) -> bool:
    """Say whether the orders contradicted each other: the same place won in both."""
    if each.base_first is None or each.candidate_first is None:
        return False
    return each.base_first.winner == each.candidate_first.winner != "tie" and each.result == "tie"


def _rate(
    results: Sequence[DuelResult], clusters: Mapping[str, str], seed: int
) -> tuple[Estimate, float | None, str]:
    """Give the win rate in points; half of wins minus losses, above 50."""
    nets: dict[str, list[float]] = defaultdict(list)
    for each in results:
        if each.result in _NET:
            nets[each.case].append(_NET[each.result])
    if not nets:
        return NOTHING, None, ""
    found = paired(
        [mean(of_case) for of_case in nets.values()],
        seed=seed,
        clusters=[clusters.get(case, case) for case in nets] if clusters else (),
    )
    net = found.estimate
    rate = Estimate(
        mean=_halved(net.mean),
        low=_halved(net.low),
        high=_halved(net.high),
        n=net.n,
        method=net.method,
        confidence=net.confidence,
        seed=net.seed,
    )
    return rate, found.p, found.p_method


def _halved(net: float | None) -> float | None:
    return None if net is None else 50 + net / 2


def _first_won(results: Sequence[DuelResult]) -> Estimate:
    """Give how often the place shown first won among replies that named a winner, cases as clusters."""
    named: dict[str, list[bool]] = defaultdict(list)
    for each in results:
        for reply in (each.base_first, each.candidate_first):
            if reply is not None and reply.winner in {"first", "second"}:
                named[each.case].append(reply.winner == "first")
    return clustered_rate([(sum(firsts), len(firsts)) for firsts in named.values()])


def _sentences(made: Preferences) -> Iterable[str]:
    decided = made.wins + made.losses + made.ties
    if made.rate.n and decided:
        bounds = interval(made.rate) if made.rate.low is None else f"95 % interval {interval(made.rate)}"
        yield (
            f"{made.candidate} won {made.wins}, lost {made.losses} and tied {made.ties} of "
            f"{many(decided, 'pair')} of answers that {made.model} compared in both orders: win rate "
            f"{points(made.rate.mean)} % ({bounds}, {many(made.rate.n, 'case')}, p {p_value(made.p)}; "
            "a tie counts half). It decides no gate."
        )
    else:
        yield f"No pair of answers of {made.candidate} and {made.base} was judged in both orders."
    if made.first_won.n:
        replies = many(made.first_won.n, "reply", "replies")
        yield (
            f"The answer shown first won {points(made.first_won.mean, 0)} % of {replies} that named a winner "
            f"({interval(made.first_won)}); 50 % is a judge that does not mind the order."
        )
    if made.split:
        yield f"{many(made.split, 'tie')} came of orders that contradicted each other."
    for number, what in ((made.ungraded, "ungraded"), (made.not_asked, "not asked yet")):
        if number:
            yield f"{many(number, 'pair')} {what}: not counted."
