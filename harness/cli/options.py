"""Options that several commands share."""

import difflib
import functools
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.errors import InputError
from harness.files import is_file, root_of

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person wants made and paid. `budget` is in US dollars, `None` for the eval's own."""

    store: Path | None = None
    plan_only: bool = False
    yes: bool = False
    budget: float | None = None
    anew: bool = False
    batch: bool = False


STORE = Path(".harness") / "store.db"


def eval_argument(function: F) -> F:
    """Take an eval: a path, or the name of a file in `evals/`."""
    return click.argument("name", metavar="EVAL")(function)


def store_option(function: F) -> F:
    """Take another place for the store than the project's own."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path),
        help="Store file; default: $HARNESS_STORE, else .harness/store.db in the project.",
    )(function)


def json_option(function: F) -> F:
    """Print data instead of tables."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")(function)


def wishes_options(function: F) -> Callable[..., Any]:
    """Take what decides what may be made and paid, and hand it over as one `wishes`."""

    @store_option
    @click.option("--plan", "plan_only", is_flag=True, help="Show calls, cost and time, and stop.")
    @click.option("--yes", is_flag=True, help="Begin although the estimate is above the budget.")
    @click.option("--budget", type=float, help="US dollars for all calls together; default: the eval's.")
    @click.option("--regrade-ungraded", "anew", is_flag=True, help="Ask again for verdicts that stayed open.")
    @click.option("--batch", is_flag=True, help="Ask by Message Batches: half price, within a day.")
    @functools.wraps(function)
    def taking(
        *arguments: object,
        store: Path | None,
        plan_only: bool,
        yes: bool,
        budget: float | None,
        anew: bool,
        batch: bool,
        **others: object,
    ) -> object:
        wishes = Wishes(store=store, plan_only=plan_only, yes=yes, budget=budget, anew=anew, batch=batch)
        return function(*arguments, wishes=wishes, **others)

    return taking


def eval_path(name: str) -> Path:
    """Find an eval file by path, or by name in `evals/`."""
    folder = root_of(Path.cwd()) / "evals"
    for path in (Path(name), folder / name, folder / f"{name}.yaml"):
        if is_file(path):
            return path
    there = {each.stem for each in folder.glob("*.y*ml")}
    near = difflib.get_close_matches(Path(name).stem, there, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    msg = f"{name}: no such eval"
    raise InputError(msg, hint=f"{meant}in evals/ there are: {', '.join(sorted(there)) or 'none'}")


def command_line(*words: str, store: Path | None) -> str:
    """Write a command the way it can be pasted into a shell."""
    return shlex.join(("harness", *words, *(("--store", str(store)) if store else ())))


def store_path(store: Path | None, root: Path) -> Path:
    """Choose the store: the option, else `HARNESS_STORE`, else the project's own."""
    return store or Path(os.environ.get("HARNESS_STORE") or root / STORE)
