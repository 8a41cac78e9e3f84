"""`harness store`: copy, check and prune the store."""

import dataclasses
import datetime as dt
import re
from pathlib import Path

import click
from rich.table import Table

from harness.cli.options import WHERE, json_option, store_path
from harness.cli.printing import print_json
from harness.cli.screen import err, out, plain
from harness.errors import InputError
from harness.files import root_of
from harness.reporting import words
from harness.store.address import Address, Place
from harness.store.checking import check, counts
from harness.store.copying import copy
from harness.store.opening import open_store
from harness.store.pruning import Keep, Pruned, prune

_DAYS = {"d": 1, "w": 7, "y": 365}
_SHOWN = 20


@click.group("store", short_help="Copy, check or prune the store.")
def command() -> None:
    """Copy, check or prune the store: what it keeps is every answer and verdict that was paid for.

    A store is a file, or a database of PostgreSQL that a team shares: postgresql://USER@HOST/DATABASE, in
    HARNESS_STORE or as --store. Its password is best kept in PGPASSWORD or ~/.pgpass.
    """


class _Age(click.ParamType[dt.timedelta]):
    """A number of days, weeks or years, such as 30d."""

    name = "age"

    def convert(
        self, value: str | dt.timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.timedelta:
        """Read what was typed."""
        if isinstance(value, dt.timedelta):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,4})([dwy])", value)
        if not found:
            self.fail(f"{value!r} is not an age such as 30d, 12w or 1y", param, ctx)
        return dt.timedelta(days=int(found[1]) * _DAYS[found[2]])


@command.command("copy", short_help="Copy one store into another.")
@click.argument("source", type=WHERE, metavar="FROM")
@click.argument("target", type=WHERE, metavar="TO")
@json_option
def copy_command(source: Place, target: Place, *, as_json: bool) -> int:
    """Copy what is in FROM and not in TO; what TO has stays as it is. Each is a file or an address.

    This is how a store moves to a team's database, how it is backed up (also while runs are at work), and how
    two become one. TO is made where there is none. Copying again goes on from where it was cut short.
    """
    if _same(source, target):
        msg = f"{source}: a store cannot be copied into itself"
        raise InputError(msg, hint="name another place for the copy")
    with open_store(source, create=False) as old, open_store(target, say=err().print) as new:
        found = list(copy(old, new))
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
        return 0
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("table", "rows", "new"):
        table.add_column(name, justify="left" if name == "table" else "right")
    for each in found:
        if each.rows:
            table.add_row(each.table, f"{each.rows:,}", f"{each.new:,}")
    out().print(table)
    err().print(plain(f"{sum(each.new for each in found):,} rows are new in {target}"))
    return 0


@command.command("check", short_help="Is a store whole?")
@click.argument("where", type=WHERE, metavar="[STORE]", required=False)
@json_option
def check_command(where: Place | None, *, as_json: bool) -> int:
    """See whether a store is whole: the file, every value, and all that its runs were made from.

    Keys are computed anew from what each run asked, and what is stored is looked for under them. Exit code 2
    if something is damaged.
    """
    with open_store(_place(where), create=False) as opened:
        found = list(check(opened))
        sizes = counts(opened)
    faults = [each for each in found if each.kind == "fault"]
    if as_json:
        print_json({"rows": sizes, "findings": [dataclasses.asdict(each) for each in found]})
    else:
        for each in found:
            out().print(
                plain(f"{each.kind}: {each.words}"), style="red" if each.kind == "fault" else "yellow"
            )
        rows = words.listed([words.many(sizes[f"{name}s"], name) for name in ("run", "answer", "verdict")])
        out().print(plain(f"{'damaged' if faults else 'whole'}: {rows}"))
    return 2 if faults else 0


@command.command("prune", short_help="Remove old runs and what only they need.")
@click.argument("where", type=WHERE, metavar="[STORE]", required=False)
@click.option("--keep", "age", type=_Age(), metavar="AGE", help="Keep runs asked for since: 30d, 12w, 1y.")
@click.option(
    "--keep-runs",
    "newest",
    type=click.IntRange(1),
    metavar="N",
    help="Keep the newest N of each eval; a comparison is two.",
)
@click.option("--yes", is_flag=True, help="Remove it. Without this, only what would go is shown.")
@json_option
def prune_command(
    where: Place | None, *, age: dt.timedelta | None, newest: int | None, yes: bool, as_json: bool
) -> int:
    """Show which runs would go, with the answers and verdicts that no other run needs; --yes removes them.

    A run stays if either option keeps it. Accepted baselines always stay, and so do calibrations, what is in
    a batch, and unfinished runs of the last two days. What is removed would have to be paid again, and a
    trend begins with the oldest run that stays. Reports that are written already stay as they are.
    """
    if age is None and newest is None:
        msg = "say what is to stay: --keep AGE, --keep-runs N, or both"
        raise click.UsageError(msg)
    place = _place(where)
    with open_store(place, create=False, say=err().print) as opened:
        found = prune(opened, Keep(age=age, runs=newest), dt.datetime.now(dt.UTC), really=yes)
    if as_json:
        print_json({**dataclasses.asdict(found), "removed": yes})
        return 0
    _show(found, place, removed=yes)
    return 0


def _show(found: Pruned, place: Place, *, removed: bool) -> None:
    if not found.runs:
        err().print(f"nothing to remove: {_staying(found)}")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("run", "eval", "revision", "asked for"):
        table.add_column(name, no_wrap=name != "revision")
    for row in found.runs[:_SHOWN]:
        table.add_row(row.id, plain(row.eval), plain(row.label), row.asked_at[:16].replace("T", " "))
    out().print(table)
    if len(found.runs) > _SHOWN:
        out().print(f"… and {len(found.runs) - _SHOWN:,} more")
    went = "were removed" if removed else "would be removed"
    made = f"{words.many(found.answers, 'answer')} and {words.many(found.verdicts, 'verdict')}"
    cost = words.dollars(found.cost)
    err().print(
        f"{words.many(len(found.runs), 'run')} {went}, with {made} that only they need; these cost {cost}."
    )
    err().print(f"{_staying(found)}.")
    if not removed:
        err().print(
            plain(f"Nothing has gone yet: --yes removes it. `harness store copy {place} FILE` is a backup.")
        )


def _staying(found: Pruned) -> str:
    return f"{words.many(found.stay, 'run')} {'stays' if found.stay == 1 else 'stay'}"


def _place(where: Place | None) -> Place:
    return store_path(where, root_of(Path.cwd()))


def _same(source: Place, target: Place) -> bool:
    if isinstance(source, Address) or isinstance(target, Address):
        return str(source) == str(target)
    return source.resolve() == target.resolve()
