"""The wire as a person meets it: early words, the commonest reason, a pace of one's own."""

from pathlib import Path

import pytest
from rich.console import Console

from allowances import Allowance, Limits
from front_door import Door
from harness.cli.screen import Meter, on_the_wire
from harness.pacing.limiter import Call, Limiter
from harness.pacing.traffic import Quiet, Retry, Traffic
from harness.records.outcomes import Failed, Trial
from loopback import Loopback


def test_a_server_that_is_not_there_ends_the_run_early_with_exit_5_and_a_hint(door: Door) -> None:
    door.eval("http://127.0.0.1:9")
    door.cases(*(f"case-{number}" for number in range(40)))
    done = door.run("run", "small")
    assert done.code == 5
    assert "connection" in done.err
    assert "trying again" in done.err
    assert "answered none of the first calls" in done.err
    assert "hint: check that http://127.0.0.1:9 can be reached" in done.err


def test_the_wrong_path_ends_the_run_after_a_few_calls(door: Door, server: Loopback) -> None:
    door.eval(f"{server.url}/wrong")
    door.cases(*(f"case-{number}" for number in range(60)))
    done = door.run("run", "small", "--concurrency", "3")
    assert done.code == 5
    assert "check the model's name and base_url" in done.err
    assert server.count() < 20


def test_the_commonest_reason_comes_with_its_hint(door: Door, server: Loopback) -> None:
    door.eval(server.at("413"))
    done = door.run("run", "small")
    assert done.code == 5
    assert "commonest failure, 2 of 2: too-large: 413" in done.err
    assert "hint: shorten the prompt" in done.err


def test_concurrency_and_rate_can_be_lowered_for_one_run(door: Door) -> None:
    with Loopback(latency=0.05) as server:
        door.eval(server.url)
        door.cases(*(f"case-{number}" for number in range(8)))
        done = door.run("run", "small", "--concurrency", "2", "--max-rate", "40")
        assert done.code == 0
        assert server.peak <= 2
        times = sorted(seen.at for seen in server.requests)
    assert len(times) == 8 * 3
    assert times[-1] - times[0] > 22 / 40


@pytest.mark.parametrize(
    "option", [("--concurrency", "0"), ("--max-rate", "0"), ("--max-rate", "nan"), ("--max-rate", "x")]
)
def test_a_pace_that_is_none_is_exit_2(door: Door, server: Loopback, option: tuple[str, str]) -> None:
    door.eval(server.url)
    assert door.run("run", "small", *option).code == 2
    assert server.count() == 0


def test_agent_and_judge_share_one_limit_even_by_two_names_of_one_key(door: Door) -> None:
    with Loopback(latency=0.02) as server:
        path = door.eval(server.url, concurrency=2)
        path.write_text(
            path.read_text().replace(
                "model:\n    name: claude-haiku",
                "model:\n    key_variable: JUDGE_API_KEY\n    name: claude-haiku",
            )
        )
        assert "JUDGE_API_KEY" in path.read_text()
        door.environ["JUDGE_API_KEY"] = door.key
        done = door.run("run", "small")
        assert done.code == 0
        assert server.peak <= 2


def test_an_address_with_a_slash_at_its_end_is_the_same_account(door: Door, server: Loopback) -> None:
    judge = {"name": "claude-haiku-5-5", "max_tokens": 400, "base_url": f"{server.url}/"}
    door.eval(server.url, graders=[{"kind": "judge", "model": judge, "canary": False}])
    door.cases(*(f"case-{number}" for number in range(6)))
    done = door.run("run", "small", "--max-rate", "20")
    assert done.code == 0, done.err
    times = sorted(seen.at for seen in server.requests)
    assert len(times) == 18
    assert times[-1] - times[0] > 16 / 20


def test_behind_a_rate_limit_the_run_says_so_at_its_end_and_loses_nothing(door: Door) -> None:
    limits = Limits(buckets={"requests": Allowance(30, 5)}, retry_after="1")
    with Loopback(limits=limits) as server:
        door.eval(server.url)
        door.cases(*(f"case-{number}" for number in range(10)))
        done = door.run("run", "small")
    assert done.code == 0
    assert "rate-limit" in done.err
    assert "by a rate limit)" in done.err


def test_a_spend_limit_stops_at_once_with_exit_3(door: Door, server: Loopback) -> None:
    door.eval(server.at("429,code=enforced_spend_limit_reached"))
    done = door.run("run", "small", "--concurrency", "1")
    assert done.code == 3
    assert server.count() == 1


@pytest.mark.parametrize("address", ["http://user:s3cret@127.0.0.1:8700", "http://127.0.0.1:65536"])
def test_an_address_with_a_password_or_an_impossible_port_is_exit_2(door: Door, address: str) -> None:
    door.eval(address)
    done = door.run("check")
    assert done.code == 2
    assert "base_url" in done.err + done.out
    assert "s3cret" not in done.err + done.out


# ------------------------------------------------------------------ what the display says


def test_nothing_is_said_of_the_wire_while_nothing_is_asked() -> None:
    assert on_the_wire(Traffic(), 0.0) == ""


def test_the_display_says_what_is_in_flight_refused_and_waited_for() -> None:
    traffic, limiter = Traffic(), Limiter(ceiling=16)
    traffic.join(limiter)
    call = Call(1, "m", 100, 100)
    assert on_the_wire(traffic, 0.0) == "0 of 16 in flight"
    ticket = limiter.start(0.0, call)
    limiter.start(0.0, Call(2, "m", 100, 100))
    assert on_the_wire(traffic, 0.0) == "2 of 16 in flight"
    limiter.refused(ticket, 0.0, after=12.0, reset=0.0)
    assert on_the_wire(traffic, 0.0) == "waiting 12 s: rate limit · 1 of 12 in flight · 1 × 429"
    assert on_the_wire(traffic, 13.0) == "1 of 12 in flight · 1 × 429"


def test_a_server_that_says_nothing_is_named_with_what_waits_for_it(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+") as stream:
        Meter(Console(file=stream, width=200), 1, traffic := Traffic())
        traffic.tell(Quiet(place="http://h", seconds=15, in_flight=16, patience=600))
        stream.seek(0)
        assert stream.read() == "http://h: no answer yet after 15 s; 16 calls in flight, each given 600 s\n"


def test_words_of_a_server_cannot_act_in_the_terminal(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+") as stream:
        meter = Meter(Console(file=stream, width=200), 1, traffic := Traffic())
        bad = "\x1b[31m[bold]red[/bold]"
        traffic.retried(Retry(place="http://h", kind="server", message=bad, hint="", seconds=3))
        meter.watch(Failed(trial=Trial(case="a", attempt=1, key="k"), kind="server", message=bad, hint=bad))
        meter.conclude()
        stream.seek(0)
        shown = stream.read()
    assert "\x1b" not in shown
    assert shown.count("[bold]red[/bold]") >= 3
    assert "trying again in 3 s" in shown
