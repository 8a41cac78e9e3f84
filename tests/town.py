"""A server whose agent and judge behave as told, and the nightly eval of a project that asks it.

An answer meets a share of the criteria that depends on the words of the prompt, and says so in plain text;
the judge reads that, and may have grown stricter. Nothing is random: the n-th answer to a question takes the
n-th of a well-spread sequence, so that answers scatter and their mean is what was asked for.
"""

import contextlib
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from front_door import Door, Finished
from harness.cli.main import main
from loopback import Body, Loopback, answer_in, blocks

GOLDEN = 0.6180339887498949
POINTS = tuple(f"p{number}" for number in range(1, 6))
AGENT = "---\nname: helper\ndescription: Helps.\n---\n\nYou are a {kind} engineer. Answer briefly.\n"


@dataclass
class Minds:
    """How agent and judge behave. Shares are 0 to 1.

    `good` of the criteria are met under a prompt with the word careful, `poor` under one with careless.
    `strict` is the share of met criteria that the judge does not give any more. `worse` is what the model
    lost whatever the prompt says. After `recovers` answers to each question, if that is not 0, careless
    prompts do as well as careful ones.
    """

    good: float = 0.7
    poor: float = 0.45
    worse: float = 0.0
    strict: float = 0.0
    recovers: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    def reply(self, body: Body) -> str:
        """Answer: name the points that are made, and a number that no two answers share."""
        question = " ".join(text for place, text, _ in blocks(body) if place.endswith("user"))
        careless = any("careless" in text for place, text, _ in blocks(body) if place == "system")
        kind = f"{careless} {question}"
        self.asked[kind] += 1
        number = self.asked[kind]
        poor = careless and not (self.recovers and number > self.recovers)
        share = (self.poor if poor else self.good) - self.worse
        start = sum(map(ord, question)) % 97 / 97
        made = [p for place, p in enumerate(POINTS) if (start + number * GOLDEN + place / 5) % 1 < share]
        lines = [f"The point {point} is made here in full." for point in made]
        return "\n\n".join([f"Answer {sum(self.asked.values())}.", *lines])

    def judge(self, body: Body) -> Any:
        """Read whether the point is made; a strict judge drops some of those that are."""
        asked = re.findall(r"Makes the point (\w+)\.", " ".join(text for _, text, _ in blocks(body)))[-1]
        quote = f"The point {asked} is made here in full."
        met = quote in answer_in(body)
        self.asked["met"] += met
        if met and (self.asked["met"] * GOLDEN) % 1 < self.strict:
            met = False
        return {"quote": quote if met else "", "reason": "The answer says so.", "met": met}


@contextmanager
def town(minds: Minds) -> Iterator[Loopback]:
    """Open the server; whoever looks into `minds` sees what it does."""
    with Loopback(reply=minds.reply, judge=minds.judge) as server:
        yield server


def settle(door: Door, url: str, **changes: object) -> None:
    """Write a project whose prompt is careful, whose control is the same prompt, and its nightly eval."""
    prompt(door, "careful")
    door.write("agents/pinned.md", AGENT.format(kind="careful"))
    criteria = [{"id": point, "text": f"Makes the point {point}."} for point in POINTS]
    door.write("evals/rubrics/security.yaml", {"dimension": "security", "criteria": criteria})
    door.cases("queues", "caches", "clocks", "keys")
    sentinels(door)
    nightly = {"control": "agents/pinned.md", "sentinels": "datasets/sentinels.jsonl"}
    gate = {"margin": 15, "dimensions": ["overall"], "allow_uncalibrated": True}
    door.eval(url, **{"attempts": 5, "nightly": nightly, "gate": gate, **changes})


def inside(door: Door, *arguments: str) -> Finished:
    """Run `harness` in this process: what is imported once is imported for all nights."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(door.root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        before = os.environ.copy()
        os.environ.update({"ANTHROPIC_API_KEY": door.key, "COLUMNS": "200", "NO_COLOR": "1", **door.environ})
        try:
            code = main(list(arguments))
        finally:
            os.environ.clear()
            os.environ.update(before)
    return Finished(code, out.getvalue(), err.getvalue())


def prompt(door: Door, kind: str) -> None:
    """Edit the agent's prompt."""
    door.write("agents/helper.md", AGENT.format(kind=kind))


def sentinels(door: Door, count: int = 20) -> None:
    """Write sentinels, every second of them met."""
    lines = [json.dumps(_sentinel(number)) for number in range(count)]
    door.write("datasets/sentinels.jsonl", "\n".join(lines) + "\n")


def _sentinel(number: int) -> dict[str, object]:
    point, met = POINTS[number % len(POINTS)], bool(number % 2)
    said = f"The point {point} is made here in full." if met else "Nothing of the kind."
    return {
        "id": f"s{number}",
        "question": "How do I build it?",
        "answer": f"Old answer {number}.\n\n{said}",
        "dimension": "security",
        "criterion": {"id": point, "text": f"Makes the point {point}."},
        "met": met,
    }
