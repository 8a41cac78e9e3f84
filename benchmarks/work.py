"""The work that every client is measured at: cases of one agent call and one judge call.

Needs nothing but the standard library, so that the drivers of other tools can import it in their own
environments.
"""

import json
from pathlib import Path

KEY = "loopback-key-0123456789abcdef"
AGENT_MODEL = "claude-sonnet-5-5"
JUDGE_MODEL = "claude-haiku-5-5"
CONCURRENCY = 50
CRITERION = "Names a threat or an abuse that the design has to withstand."
SCHEMA = {
    "type": "object",
    "properties": {
        "quote": {"type": "string"},
        "reason": {"type": "string"},
        "met": {"type": "boolean"},
    },
    "required": ["quote", "reason", "met"],
    "additionalProperties": False,
}
_ADVICE = (
    "Recommend one design and say what it costs.",
    "Name the risks in the order in which they hurt, and how each would be noticed.",
    "Prefer the boring component that the team already operates.",
    "Say what you would measure before and after, and when you would turn back.",
    "Keep ownership checks in the query, and secrets out of logs.",
    "Answer briefly: a decision first, then the reasons, then what is left open.",
)
PROMPT = "You are a backend engineer.\n\n" + "\n".join(
    f"{number}. {_ADVICE[number % len(_ADVICE)]}" for number in range(1, 56)
)
"""An agent's prompt of about 700 words, as they are in practice."""


def question(number: int) -> str:
    """What the user asks in one case."""
    return f"How do I build service number {number} of a shop?"


def project(root: Path, url: str, cases: int) -> None:
    """Write this work as a project of ours, its eval called `speed`.

    JSON is YAML too, so that nothing but the harness reads YAML here.
    """
    model = {"name": AGENT_MODEL, "max_tokens": 500, "base_url": url}
    judge = {"name": JUDGE_MODEL, "max_tokens": 400, "base_url": url}
    settings = {
        "agent": "agents/helper.md",
        "datasets": ["datasets/cases.yaml"],
        "examples": False,
        "rubrics": ["evals/rubrics/security.yaml"],
        "model": model,
        "graders": [{"kind": "judge", "model": judge, "canary": False}],
        "attempts": 1,
        "concurrency": CONCURRENCY,
    }
    rubric = {"dimension": "security", "criteria": [{"id": "threat", "text": CRITERION}]}
    listed = "".join(f"- id: case-{number:05d}\n  prompt: {question(number)}\n" for number in range(cases))
    write(
        root,
        {
            "pyproject.toml": "",
            "agents/helper.md": f"---\nname: helper\ndescription: Helps with backends.\n---\n\n{PROMPT}\n",
            "datasets/cases.yaml": listed,
            "evals/rubrics/security.yaml": json.dumps(rubric),
            "evals/speed.yaml": json.dumps(settings),
        },
    )


def write(root: Path, files: dict[str, str]) -> None:
    """Write files below a folder, their own folders included."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
