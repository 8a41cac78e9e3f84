"""The work of a run: every trial once, with what is stored of it; and what the plan says of it."""

import datetime as dt
from dataclasses import replace

import pytest

from harness.models.pricing import shipped_prices
from harness.planning.plan import Habit, Plan, plan
from harness.planning.work import jobs, marks_of, request_of
from harness.records.inputs import Case, Turn
from harness.records.outcomes import Verdict
from harness.records.runs import Manifest
from making import MODEL, Shelf, answer, case, criterion, manifest, rubric

TODAY = dt.date(2026, 11, 22)
TWO = (rubric("security", criterion("threat"), criterion("input")), rubric("cost", criterion("cheap")))


def planned(asked: Manifest, shelf: Shelf, **habits: Habit) -> Plan:
    named = {("agent", "claude-sonnet-5-5"): habits["agent"]} if habits else {}
    return plan(asked, jobs(asked, shelf), shipped_prices(), named, TODAY)


def test_every_case_comes_once_before_any_comes_twice() -> None:
    asked = manifest(attempts=2)
    order = [(job.trial.case, job.trial.attempt) for job in jobs(asked, Shelf())]
    assert order == [("queues", 1), ("caches", 1), ("queues", 2), ("caches", 2)]


def test_attempts_have_keys_of_their_own() -> None:
    keys = {job.trial.key for job in jobs(manifest(attempts=3), Shelf())}
    assert len(keys) == 6


def test_what_is_stored_is_found_and_the_rest_is_left_to_make() -> None:
    shelf, asked = Shelf(), manifest(rubrics=TWO)
    first, _ = list(jobs(asked, shelf))
    shelf.of_answers[first.trial.key] = answer()
    marks = list(marks_of(asked, first.case, answer()))
    shelf.of_verdicts[marks[0].key] = Verdict(dimension="security", criterion="threat", met=True)
    found, other = list(jobs(asked, shelf))
    assert (found.answer, found.done, other.answer, other.marks) == (answer(), False, None, ())
    assert [mark.verdict is not None for mark in found.marks] == [True, False, False]
    shelf.of_verdicts.update({mark.key: Verdict(dimension="d", criterion="c", met=False) for mark in marks})
    assert next(iter(jobs(asked, shelf))).done


def test_a_stored_verdict_takes_the_names_it_has_here() -> None:
    shelf, asked = Shelf(), manifest()
    job = next(iter(jobs(asked, shelf)))
    shelf.of_answers[job.trial.key] = answer()
    (mark,) = marks_of(asked, job.case, answer())
    shelf.of_verdicts[mark.key] = Verdict(dimension="old", criterion="old", met=True, quote="q")
    verdict = next(iter(jobs(asked, shelf))).marks[0].verdict
    assert verdict == Verdict(dimension="security", criterion="security-one", met=True, quote="q")


def test_looking_up_costs_the_same_for_every_case() -> None:
    counts = {}
    for size in (100, 1000):
        shelf = Shelf()
        assert len(list(jobs(manifest([case(str(i)) for i in range(size)]), shelf))) == size
        counts[size] = shelf.looked_up
    assert counts[1000] == 10 * counts[100]


@pytest.mark.parametrize(
    ("asked", "messages"),
    [
        (case("a", prompt="Hi"), [("user", "Hi")]),
        (case("a", prompt="Hi", context="A bank."), [("user", "Context: A bank.\n\nHi")]),
        (
            case(
                "a",
                prompt="",
                context="A bank.",
                turns=(
                    Turn(role="user", text="Hi"),
                    Turn(role="assistant", text="Yes?"),
                    Turn(role="user", text="How?"),
                ),
            ),
            [("user", "Context: A bank.\n\nHi"), ("assistant", "Yes?"), ("user", "How?")],
        ),
    ],
)
def test_a_case_is_sent_with_its_context_in_front(asked: Case, messages: list[tuple[str, str]]) -> None:
    sent = request_of(manifest(), asked, "1").messages
    assert [(message.role, *message.parts) for message in sent] == messages


def test_the_plan_counts_stored_and_to_make() -> None:
    shelf, asked = Shelf(), manifest(rubrics=TWO, graders=("judge", "signals"), attempts=2)
    everything = list(jobs(asked, shelf))
    shelf.of_answers[everything[0].trial.key] = answer()
    made = planned(asked, shelf)
    assert [(part.name, part.stored, part.to_make) for part in made.parts] == [
        ("answers", 1, 3),
        ("judge verdicts", 0, 12),
        ("signals verdicts", 0, 12),
    ]
    assert (made.trials, made.calls) == (4, 15)


def test_the_estimate_is_calls_times_what_a_call_takes() -> None:
    asked = manifest([case(str(i)) for i in range(10)], concurrency=2)
    made = planned(asked, Shelf(), agent=Habit(output_tokens=1000, seconds=30, measured=8))
    assert made.seconds == 10 * 30 / 2
    per_output = shipped_prices().price("claude-sonnet-5-5", TODAY)
    assert per_output is not None
    output_alone = 10 * 1000 * per_output.rates.output / 1e6
    assert made.cost is not None
    assert output_alone < made.cost < 1.1 * output_alone
    assert "mean of 8 stored" in made.parts[0].basis


def test_an_unknown_price_makes_the_cost_unknown_never_nothing() -> None:
    asked = manifest(model=type(MODEL)(name="claude-unheard-of"))
    assert planned(asked, Shelf()).cost is None


def test_when_all_is_stored_nothing_is_to_pay() -> None:
    shelf, asked = Shelf(), manifest(model=type(MODEL)(name="claude-unheard-of"))
    for job in jobs(asked, shelf):
        shelf.of_answers[job.trial.key] = answer()
    made = planned(asked, shelf)
    assert (made.calls, made.cost, made.seconds) == (0, 0.0, 0.0)


def test_an_estimate_never_exceeds_what_a_call_may_write() -> None:
    short = manifest(model=type(MODEL)(name=MODEL.name, max_tokens=100))
    assert "100 output tokens a call" in planned(short, Shelf()).parts[0].basis


def test_batches_cost_half_and_what_is_in_one_already_costs_nothing_more() -> None:
    asked, shelf = manifest(rubrics=TWO, graders=("judge",)), Shelf()
    whole = planned(asked, shelf)
    half = plan(asked, jobs(asked, shelf), shipped_prices(), {}, TODAY, sent=frozenset())
    assert (whole.cost, half.cost) != (None, None)
    assert (half.cost or 0) == pytest.approx((whole.cost or 0) / 2)
    assert (whole.sent, half.sent, half.seconds) == (None, 0, 0)
    first, _ = jobs(asked, shelf)
    rest = plan(asked, jobs(asked, shelf), shipped_prices(), {}, TODAY, sent=frozenset({first.trial.key}))
    assert (rest.sent, rest.parts[0].to_make, rest.calls) == (1, 1, half.calls - 1)


def test_verdicts_in_a_batch_are_counted_there() -> None:
    asked, shelf = manifest(rubrics=TWO, graders=("judge",)), Shelf()
    first, _ = jobs(asked, shelf)
    shelf.of_answers[first.trial.key] = answer()
    one = next(marks_of(asked, first.case, answer())).key
    found = plan(asked, jobs(asked, shelf), shipped_prices(), {}, TODAY, sent=frozenset({one}))
    assert (found.sent, found.parts[1].to_make) == (1, 5)


def test_calls_that_were_never_timed_are_guessed() -> None:
    untimed = planned(manifest(), Shelf(), agent=Habit(output_tokens=9, seconds=0, measured=3))
    assert untimed.parts[0].seconds == planned(manifest(), Shelf()).parts[0].seconds > 0


def test_a_judge_is_thought_to_read_answers_of_the_length_that_is_known() -> None:
    asked = manifest(rubrics=TWO, graders=("judge",))

    def price(**habits: Habit) -> float:
        (_, judged) = planned(asked, Shelf(), **habits).parts
        return judged.cost or 0.0

    short, usual = (Habit(output_tokens=tokens, seconds=1, measured=9) for tokens in (100, 400))
    assert 0 < price(agent=short) < price(agent=usual) < price()
    capped = replace(asked, eval=replace(asked.eval, model=replace(asked.eval.model, max_tokens=100)))
    assert planned(capped, Shelf()).parts[1].cost == pytest.approx(price(agent=short))
