"""A project in a folder of its own, used the way a person does: files on disk, the command as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from loopback import KEY

REPOSITORY = Path(__file__).parent.parent

AGENT = """\
---
name: helper
description: Helps with backends.
---

You are a backend engineer. Answer briefly.
"""

RUBRIC: dict[str, Any] = {
    "dimension": "security",
    "criteria": [
        {"id": "threat", "text": "Names a threat.", "points": 4, "signals": [{"all": ["threat* | attack*"]}]},
        {"id": "input", "text": "Checks input.", "points": 2, "signals": [{"all": ["validat* | schema"]}]},
    ],
}


@dataclass(frozen=True)
class Finished:
    """What a process left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Door:
    """A project folder and the command line. Writing files is all that sets it up."""

    root: Path
    key: str = KEY
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.write("pyproject.toml", "")

    def write(self, name: str, content: str | object) -> Path:
        """Write text as it is, and anything else as YAML."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return path

    def cases(self, *ids: str, criteria: Mapping[str, object] | None = None) -> None:
        own = {"criteria": criteria} if criteria else {}
        self.write("datasets/cases.yaml", [{"id": i, "prompt": f"How do I build {i}?", **own} for i in ids])

    def eval(self, base_url: str, **changes: object) -> Path:
        """Write a small project whose eval asks a server at `base_url`, judged by a model there."""
        if not (self.root / "agents" / "helper.md").exists():
            self.write("agents/helper.md", AGENT)
        if not (self.root / "evals" / "rubrics" / "security.yaml").exists():
            self.write("evals/rubrics/security.yaml", RUBRIC)
        if not (self.root / "datasets" / "cases.yaml").exists():
            self.cases("queues", "caches")
        model = {"name": "claude-sonnet-5-5", "max_tokens": 500, "base_url": base_url}
        judge = {"name": "claude-haiku-5-5", "max_tokens": 400, "base_url": base_url}
        settings: dict[str, object] = {
            "agent": "agents/helper.md",
            "datasets": ["datasets/cases.yaml"],
            "examples": False,
            "rubrics": ["evals/rubrics/security.yaml"],
            "model": model,
            # Calls are counted here, and the judge tosses coins: canaries have tests of their own.
            "graders": [{"kind": "judge", "model": judge, "canary": False}],
            **changes,
        }
        return self.write("evals/small.yaml", settings)

    def run(self, *arguments: str, cwd: Path | None = None) -> Finished:
        """Run `harness` as a process in the project's folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COLUMNS")}
        environ = {**kept, "ANTHROPIC_API_KEY": self.key, "COLUMNS": "160", "NO_COLOR": "1", **self.environ}
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=cwd or self.root,
            env={name: value for name, value in environ.items() if value},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def git(self, *arguments: str) -> str:
        settings = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
        command = ["git", *settings, *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout
