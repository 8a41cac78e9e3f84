"""Options that several commands share."""

import difflib
import functools
import math
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.errors import InputError
from harness.files import is_file, root_of
from harness.store.address import Place, place

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person wants made and paid, and how fast.

    `budget` is in US dollars, `concurrency` in calls in flight, `None` for the eval's own; `max_rate` in
    calls started a second on each account. `allow_code` lets the eval's custom graders run.
    """

    store: Place | None = None
    plan_only: bool = False
    yes: bool = False
    budget: float | None = None
    anew: bool = False
    batch: bool = False
    concurrency: int | None = None
    max_rate: float | None = None
    allow_code: bool = False

    @property
    def repeated(self) -> tuple[str, ...]:
        """The options that a command needs to do the same again."""
        return ("--allow-code",) if self.allow_code else ()


STORE = Path(".harness") / "store.db"


_WISHES = tuple(field.name for field in fields(Wishes))


class _Where(click.ParamType[Place]):
    """A file, or the address of a database."""

    name = "path or address"

    def convert(self, value: str | Place, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """Read what was typed; whoever typed a password does not see it again."""
        del param, ctx
        return place(value) if isinstance(value, str) else value


class _Rate(click.ParamType[float]):
    """A number above 0, and finite."""

    name = "float"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read what was typed."""
        try:
            rate = float(value)
        except ValueError:
            rate = math.nan
        return rate if 0 < rate < math.inf else self.fail(f"{value!r} is not a number above 0", param, ctx)


WHERE = _Where()
"""What an option or argument is that says where a store is."""


def eval_argument(function: F) -> F:
    """Take an eval: a path, or the name of a file in `evals/`."""
    return click.argument("name", metavar="EVAL")(function)


def store_option(function: F) -> F:
    """Take another place for the store than the project's own."""
    return click.option(
        "--store",
        type=WHERE,
        metavar="PLACE",
        help="Store: a file, or postgresql://USER@HOST/DATABASE. "
        "Default: $HARNESS_STORE, else .harness/store.db in the project.",
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
    @click.option(
        "--concurrency", type=click.IntRange(1), help="Calls in flight at most; default: the eval's."
    )
    @click.option("--allow-code", is_flag=True, help="Run the Python file of the eval's custom grader.")
    @click.option("--max-rate", type=_Rate(), help="Calls started a second at most, on each account.")
    @functools.wraps(function)
    def taking(*arguments: object, **options: Any) -> object:  # noqa: ANN401 - click hands over whatever was typed
        wishes = Wishes(**{name: options.pop(name) for name in _WISHES})
        return function(*arguments, wishes=wishes, **options)

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


def command_line(*words: str, store: Place | None) -> str:
    """Write a command the way it can be pasted into a shell; the password of a store is left out."""
    return shlex.join(("harness", *words, *(("--store", str(store)) if store else ())))


def store_path(store: Place | None, root: Path) -> Place:
    """Choose the store: the option, else `HARNESS_STORE`, else the project's own."""
    if store:
        return store
    found = os.environ.get("HARNESS_STORE")
    return place(found) if found else root / STORE
