"""From calls to votes, from votes to verdicts: laws that hold for any of them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparison.pairing import score_of
from harness.comparison.spreads import spreads_of_one
from harness.comparison.votes import by_vote
from harness.grading.scoring import outcome
from harness.grading.seats import Seat, regrader_of, seats
from harness.grading.shares import shared, usages
from harness.grading.voting import decided, polled
from harness.models.pricing import shipped_prices
from harness.planning.calls import calls
from harness.planning.plan import Plan, plan
from harness.planning.regrading import flips, regrading, whole
from harness.planning.work import Job, jobs, marks_of
from harness.records.inputs import Criterion, Escalation, GraderSpec, JudgeMode, ModelSpec
from harness.records.outcomes import Failed, Outcome, Usage, Verdict, Vote
from harness.records.runs import Manifest
from making import JUDGE, Shelf, answer, case, criterion, manifest, rubric, verdict

OPUS = ModelSpec(name="claude-opus-5-5", max_tokens=500)
THREE = (JUDGE, OPUS, replace(JUDGE, name="another-1"))
TWO = [rubric("security", *(criterion(name) for name in "abc")), rubric("design", criterion("d"))]
ASKED = criterion("a")
METS = st.sampled_from([True, False, None])


@dataclass(frozen=True)
class Ballot:
    verdict: Verdict | None
    seat: Seat | None = None
    criterion: Criterion = ASKED
    dimension: str = "security"


def ballots(mets: Sequence[bool | None]) -> list[Ballot]:
    return [
        Ballot(
            verdict("a", met=met, reason=f"vote {vote}", cost=0.25, output_tokens=vote),
            Seat(model=JUDGE, vote=vote),
        )
        for vote, met in enumerate(mets, start=1)
    ]


def judged(spec: GraderSpec) -> Manifest:
    made = manifest(rubrics=TWO, graders=("judge",), attempts=2)
    return replace(made, eval=replace(made.eval, graders=(spec,)))


# ------------------------------------------------------------------ shares


@given(st.floats(0, 1e6), st.integers(1, 40), st.randoms())
def test_shares_add_up_to_the_amount_in_any_order(amount: float, parts: int, toss: object) -> None:
    found = list(shared(amount, parts))
    toss.shuffle(found)  # type: ignore[attr-defined]
    assert (len(found), sum(found)) == (parts, amount)
    assert max(found) - min(found) <= max(amount * 1e-15, 5e-324)


@given(
    st.builds(Usage, input_tokens=st.integers(0, 10**7), output_tokens=st.integers(0, 10**5)),
    st.integers(1, 40),
)
def test_shares_of_tokens_add_up(usage: Usage, parts: int) -> None:
    assert sum(usages(usage, parts), Usage()) == usage


# ------------------------------------------------------------------ votes


@given(st.lists(METS, min_size=3, max_size=9).filter(lambda mets: len(mets) % 2 == 1))
def test_a_verdict_is_what_more_than_half_of_all_votes_say_or_open(mets: list[bool | None]) -> None:
    (found,) = decided(ballots(mets))
    expected = next((met for met in (True, False) if 2 * mets.count(met) > len(mets)), None)
    assert found.met is expected
    assert [vote.met for vote in found.votes] == mets
    assert found.agreed == mets.count(expected)
    assert (found.cost, found.output_tokens) == (len(mets) * 0.25, sum(range(1, len(mets) + 1)))
    assert found.reason in {f"vote {n}" for n in range(1, 10)} or found.met is None


@given(st.lists(METS, min_size=3, max_size=5).filter(lambda mets: len(mets) % 2 == 1))
def test_the_order_of_votes_changes_no_verdict(mets: list[bool | None]) -> None:
    assert len({decided(ballots(order))[0].met for order in permutations(mets)}) == 1


def test_a_missing_vote_is_waited_for_only_while_it_could_decide() -> None:
    two = [*ballots([True, True]), Ballot(None, Seat(model=JUDGE, vote=3))]
    assert decided(two)[0].met is True
    split = [*ballots([True, False]), Ballot(None, Seat(model=JUDGE, vote=3))]
    assert decided(split) == []


def test_one_vote_is_handed_through_as_it_is() -> None:
    (ballot,) = ballots([None])
    assert decided([ballot]) == [ballot.verdict]


def test_who_regrades_decides_and_the_votes_stay_visible() -> None:
    regrader = Seat(model=OPUS, regrades=True)
    cheap = ballots([True])
    (found,) = decided([*cheap, Ballot(verdict("a", met=False, cost=1.0), regrader)])
    assert (found.met, found.regraded_by, found.cost) == (False, OPUS.name, 1.25)
    assert [vote.met for vote in found.votes] == [True]
    assert decided([*cheap, Ballot(None, regrader)]) == []
    assert [each.met for each in polled([*cheap, Ballot(None, regrader)])] == [True]


# ------------------------------------------------------------------ calls


@pytest.mark.parametrize(("mode", "sizes"), [("criterion", [1] * 12), ("dimension", [1, 1, 1, 3, 3, 3])])
def test_every_seat_asks_about_every_criterion_once(mode: JudgeMode, sizes: list[int]) -> None:
    asked = judged(GraderSpec(kind="judge", model=JUDGE, mode=mode, votes=3))
    found = calls(marks_of(asked, case("queues"), answer()))
    assert sorted(len(call.marks) for call in found) == sizes
    assert len({mark.key for call in found for mark in call.marks}) == 12


@pytest.mark.parametrize("mode", ["criterion", "dimension"])
def test_the_order_of_a_file_changes_neither_calls_nor_their_order(mode: JudgeMode) -> None:
    spec = GraderSpec(kind="judge", model=JUDGE, mode=mode)
    orders = set()
    for criteria in permutations(TWO[0].criteria):
        asked = replace(judged(spec), rubrics=(TWO[1], replace(TWO[0], criteria=criteria)))
        found = calls(marks_of(asked, case("queues"), answer()))
        orders.add(tuple((call.key, tuple(mark.key for mark in call.marks)) for call in found))
    assert len(orders) == 1


@pytest.mark.parametrize(
    ("spec", "alone"),
    [
        (GraderSpec(kind="judge", model=JUDGE, mode="dimension"), [False, False]),
        (GraderSpec(kind="judge", panel=THREE, mode="dimension"), [False] * 6),
        (GraderSpec(kind="judge", model=JUDGE, mode="dimension", votes=3), [False] * 6),
    ],
    ids=["two dimensions", "three models", "three votes"],
)
def test_a_call_is_alone_where_its_model_is_asked_nothing_else_about_the_answer(
    spec: GraderSpec, alone: list[bool]
) -> None:
    asked = judged(spec)
    marks = list(marks_of(asked, case("queues"), answer()))
    assert [call.alone for call in calls(marks)] == alone
    assert not any(call.alone for call in calls(marks[:1]))  # whatever of it is stored already
    fewer = marks_of(replace(asked, rubrics=tuple(TWO[:1])), case("queues"), answer())
    assert all(call.alone == (spec.votes == 1) for call in calls(fewer))


def test_a_call_keeps_its_name_when_parts_of_it_are_stored() -> None:
    asked = judged(GraderSpec(kind="judge", model=JUDGE, mode="dimension"))
    marks = list(marks_of(asked, case("queues"), answer()))
    names = {call.key for call in calls(marks)}
    assert {call.key for call in calls(marks[1:])} <= names


def test_a_dearer_judge_has_a_seat_at_every_verdict_only_if_it_regrades_all() -> None:
    for when, count in (("flips", 1), ("both", 2)):
        spec = GraderSpec(kind="judge", model=JUDGE, escalate=Escalation(model=OPUS, when=when))  # type: ignore[arg-type]
        assert len(seats(spec)) == count
        assert regrader_of(spec) == Seat(model=OPUS, regrades=True)


@pytest.mark.parametrize("mode", ["criterion", "dimension"])
@pytest.mark.parametrize("votes", [1, 3])
@pytest.mark.parametrize("panel", [(), THREE])
@pytest.mark.parametrize("when", ["", "flips", "both"])
@pytest.mark.parametrize("canary", [False, True])
def test_the_plan_counts_the_calls_that_are_made_before_and_after_there_are_answers(
    mode: JudgeMode, votes: int, panel: tuple[ModelSpec, ...], when: str, *, canary: bool
) -> None:
    dear = replace(OPUS, effort="max")
    escalate = Escalation(model=dear, when=when) if when else None  # type: ignore[arg-type]
    model = None if panel else JUDGE
    spec = GraderSpec(kind="judge", model=model, panel=panel, votes=votes, mode=mode, escalate=escalate)
    plain, shelf = judged(spec), Shelf()
    asked = replace(plain, graders=tuple(replace(info, canary=canary) for info in plain.graders))

    def planned() -> Plan:
        return plan(asked, whole(asked, shelf), shipped_prices(), {}, dt.date(2026, 11, 22))

    trials = list(jobs(asked, shelf))
    made = sum(len(calls(marks_of(asked, job.case, answer(job.trial.key)))) for job in trials)
    assert planned().calls == len(trials) + made
    most = planned().regrades
    assert (most.calls if most else 0) == (len(trials) * (4 + canary) if when == "flips" else 0)
    shelf.of_answers = {job.trial.key: answer(job.trial.key) for job in trials}
    assert planned().calls == made


# ------------------------------------------------------------------ flips


def flipping(mets: dict[tuple[int, str], bool | None]) -> tuple[Manifest, Shelf]:
    """A run of one case, two attempts, of which these verdicts are stored: by attempt and criterion."""
    spec = GraderSpec(kind="judge", model=JUDGE, escalate=Escalation(model=OPUS))
    asked, shelf = replace(judged(spec), cases=(case("queues"),)), Shelf()
    for job in jobs(asked, shelf):
        given_ = answer(f"Answer {job.trial.attempt}.")
        shelf.of_answers[job.trial.key] = given_
        for mark in marks_of(asked, job.case, given_):
            met = mets.get((job.trial.attempt, mark.criterion.id), True)
            shelf.of_verdicts[mark.key] = verdict(mark.criterion.id, met=met, dimension=mark.dimension)
    return asked, shelf


def regraded(work: list[Job]) -> list[tuple[int, str]]:
    return [
        (job.trial.attempt, mark.criterion.id)
        for job in work
        for mark in job.marks
        if mark.seat is not None and mark.seat.regrades
    ]


def test_what_flips_is_regraded_in_every_attempt_and_nothing_else() -> None:
    asked, shelf = flipping({(2, "b"): False, (1, "c"): None, (1, "d"): False, (2, "d"): False})
    assert flips(asked, jobs(asked, shelf)) == {("judge", "queues", "security", "b")}
    assert regraded(list(whole(asked, shelf))) == [(1, "b"), (2, "b")]
    assert [len(job.marks) for job in regrading(asked, shelf)] == [1, 1]


def test_when_regrades_are_stored_nothing_is_left_and_they_are_found() -> None:
    asked, shelf = flipping({(2, "b"): False})
    for job in regrading(asked, shelf):
        shelf.of_verdicts |= {mark.key: verdict("b") for mark in job.marks}
    assert list(regrading(asked, shelf)) == []
    assert all(job.done for job in whole(asked, shelf))
    found = [each for job in whole(asked, shelf) for each in decided(job.marks) if each.criterion == "b"]
    assert [(each.met, each.regraded_by) for each in found] == [(True, OPUS.name)] * 2


def test_without_a_flip_a_run_is_what_it_was() -> None:
    asked, shelf = flipping({})
    assert list(whole(asked, shelf)) == list(jobs(asked, shelf))


# ------------------------------------------------------------------ how far votes differ


def test_votes_that_differ_show_as_the_judge_s_share_of_the_spread() -> None:
    asked = judged(GraderSpec(kind="judge", model=JUDGE, votes=3))
    trial = next(iter(jobs(asked, Shelf()))).trial

    def answered(mets: Sequence[bool]) -> Outcome:
        votes = tuple(Vote(model=JUDGE.name, met=met) for met in mets)
        given_ = [
            verdict("a", met=sum(mets) > 1, votes=votes),
            *(verdict(name, met=True, votes=(Vote(model=JUDGE.name, met=True),) * 3) for name in "bc"),
            verdict("d", dimension="design"),  # a check's: nobody votes on it
        ]
        return outcome(trial, answer(), given_, asked.cases[0], asked.rubrics)

    outcomes = [answered([True, True, False]), answered([True, True, True])]
    votes = by_vote([*outcomes, Failed(trial=trial, kind="timeout", message="")], asked)
    assert [[100 * (score_of(each, "security") or 0) for each in of_trial] for of_trial in votes] == [
        pytest.approx([100, 100, 200 / 3]),
        [100, 100, 100],
    ]
    two = [replace(outcomes[0], trial=replace(trial, case=name)) for name in ("queues", "caches")]
    spread = spreads_of_one(two, ["security"], {}, votes)[1]
    assert spread.judge == pytest.approx((stdev([100, 100, 200 / 3]) ** 2 / 2) ** 0.5)
    assert spreads_of_one(two, ["security"], {})[1].judge is None
