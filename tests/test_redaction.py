"""Redaction: what is a key beyond doubt is taken out wherever it would be shown, and nothing else is."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folded import unfolded
from front_door import Door
from harness.redaction import redacted
from loopback import KEY, Body, Loopback

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "anthropic": "sk-ant-" + "api03-Zm9vYmFyYmF6cXV4",
    "project": "sk-proj-" + "4f8a1c2e9b7d4f8a1c2e",
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github, for some repositories": "github_pat_" + "11ABCDEFG0abcdefghijkl_AbCdEfGhIjKlMnOpQrStUv",
    "gitlab": "glpat-" + "4f8a1c2e9b7d4f8a1c2e",
    "slack": "xoxb-" + "123456789012-abcdefghij",
    "google": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
}
HARMLESS = [
    "Use Bearer authentication, and rotate the bearer token often.",
    "SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "postgresql://${USER}:${PASSWORD}@db/app and https://example.org:8443/a@b",
    "postgresql://user:<password>@host",
    "sk-learn, risk-averse-but-reasonable-design, task-12345678901234567890",
    "request req_011CUabcdefghijklmnop",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
]


@pytest.mark.parametrize("name", SECRETS)
def test_a_key_is_taken_out_and_what_it_was_is_still_told(name: str) -> None:
    secret = SECRETS[name]
    found = redacted(f"the key ({secret}), it said")
    assert secret[6:] not in found
    assert found.startswith(f"the key ({secret[:3]}")
    assert found.endswith("[redacted]), it said")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.DEF-123_456~789", "Authorization: Bearer [redacted]"),
        ("x-api-key: 0123456789abcdef", "x-api-key: [redacted]"),
        ('{"X-Api-Key": "0123456789abcdef"}', '{"X-Api-Key": "[redacted]"}'),
        ("mysql://root:toor@db:3306/x", "mysql://root:[redacted]@db:3306/x"),
        ("redis://:s3cret@cache", "redis://:[redacted]@cache"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/[redacted]"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----",
        ),
    ],
)
def test_what_opens_a_door_is_taken_out(text: str, left: str) -> None:
    assert redacted(text) == left
    assert redacted(left) == left


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_key_stays(text: str) -> None:
    assert redacted(text) == text


@given(
    parts=st.lists(
        st.sampled_from([*SECRETS.values(), *HARMLESS, '"', "\\", "://a:", "b@c", "\n"]) | st.text()
    )
)
def test_json_stays_json_of_the_same_shape(parts: list[str]) -> None:
    found = json.loads(redacted(json.dumps(parts)))
    assert len(found) == len(parts)
    assert [type(each) for each in found] == [str] * len(parts)


# ------------------------------------------------------------------ through the front door


def leaky(_: Body) -> str:
    """Answer with keys of every kind."""
    return "Validate input against attacks.\n\n" + "\n".join(SECRETS.values()) + "\n`redis://:s3cret@cache`\n"


def test_keys_in_an_answer_are_in_the_store_alone_and_in_no_report_and_on_no_screen(door: Door) -> None:
    with Loopback(reply=leaky) as server:
        door.eval(server.url, graders=[{"kind": "signals"}])
        done = door.run("run", "small")
    assert done.code == 0, done.err
    run = door.run("list", "--json").data[0]["id"]
    shown = [done, door.run("show", run, "queues"), door.run("show", run, "queues", "--json")]
    reports = [path for path in (door.root / "reports").rglob("*") if path.is_file()]
    written = {path.name: path.read_text(errors="replace") for path in reports}
    written["index.html"] = unfolded(written["index.html"])
    texts = written | {str(number): each.out + each.err for number, each in enumerate(shown)}
    for secret in (*SECRETS.values(), "s3cret"):
        assert [name for name, text in texts.items() if secret[8:] in text and secret[8:]] == []
    assert "[redacted]" in written["index.html"]


def test_keys_in_a_server_s_refusal_are_taken_out_before_it_is_stored_or_shown(
    door: Door, server: Loopback
) -> None:
    secret = SECRETS["anthropic"]
    server.fail(f"400,message=who sent Bearer {KEY} and {secret}?")
    door.eval(server.url, graders=[{"kind": "signals"}])
    done = door.run("run", "small")
    kept = b"".join(path.read_bytes() for path in (door.root / ".harness").iterdir())
    reports = "".join(path.read_text(errors="replace") for path in (door.root / "reports").rglob("*.*"))
    for place in (done.out, done.err, kept.decode(errors="replace"), reports):
        assert secret[8:] not in place
        assert KEY not in place
    assert "sk-ant-[redacted]" in reports


def test_the_debug_log_tells_of_every_call_and_holds_no_text_and_no_key(door: Door, server: Loopback) -> None:
    url = server.at("529,times=1")
    door.eval(url, graders=[{"kind": "signals"}])
    store = "postgresql://ann:hunter2@127.0.0.1:1/evals"
    door.run("--debug-log", "debug.log", "list", "--store", store)
    done = door.run("--debug-log", "debug.log", "run", "small")
    assert done.code == 0, done.err
    path = door.root / "debug.log"
    log = path.read_text()
    assert log.count("POST ") == server.count() == 3
    assert ": 529 after " in log
    assert "request-id" in log
    for hidden in (door.key, "hunter2", "How do I build", "You are a backend engineer"):
        assert hidden not in log
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_debug_log_that_cannot_be_written_is_said(door: Door) -> None:
    done = door.run("--debug-log", str(Path("no") / "such" / "folder.log"), "list")
    assert done.code == 2
    assert "cannot be written" in done.err
