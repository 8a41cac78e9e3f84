"""Reviewed output kept beside the tests; `HARNESS_GOLDEN=1` writes it anew."""

import os
from collections.abc import Callable
from pathlib import Path

from harness.records.results import Report

Render = Callable[[Report], str]


def check(path: Path, text: str) -> None:
    """Compare with the reviewed file, or write it where asked to."""
    if os.environ.get("HARNESS_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    assert path.read_bytes().decode() == text, f"{path.name} changed; `make golden` rewrites it for review"
