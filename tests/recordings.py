"""A project on recorded answers, for claims about the whole that need no server: who says what."""

import hashlib
import json
from collections.abc import Callable, Sequence

from front_door import AGENT, Door
from harness.parsing.agents import read_agent

NEW = AGENT.replace("Answer briefly", "Answer at length")

Says = Callable[[int, int], str]
"""From the number of a case and of an attempt to an answer; a criterion is met where its word is in it."""

BOTH, ONE, NEITHER = "Validate input against every threat.", "Validate input.", "Good luck."
"""100, 33 and 0 points under the rubric of `front_door`."""


def names(count: int) -> list[str]:
    return [f"case-{number:02}" for number in range(count)]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def record(door: Door, cases: Sequence[str], base: Says, candidate: Says, *, attempts: int = 1) -> None:
    """Write agents/old.md and agents/helper.md, their recorded answers, and an eval that signals grade."""
    door.write("agents/old.md", AGENT)
    door.write("agents/helper.md", NEW)
    door.cases(*cases)
    lines = [
        {
            "id": f"{label}/{case}/{attempt}",
            "revision": label,
            "case": case,
            "attempt": attempt,
            "prompt_hash": read_agent(text.encode(), source=label).prompt_hash,
            "question_hash": sha256(f"How do I build {case}?"),
            "text": says(number, attempt),
        }
        for label, text, says in (("old", AGENT, base), ("helper", NEW, candidate))
        for number, case in enumerate(cases)
        for attempt in range(1, attempts + 1)
    ]
    door.write("datasets/recorded.jsonl", "\n".join(map(json.dumps, lines)) + "\n")
    door.eval(
        "http://127.0.0.1:9",
        model={"provider": "recorded", "answers": "datasets/recorded.jsonl"},
        graders=[{"kind": "signals"}],
        attempts=attempts,
    )
