"""`harness nightly`: the run that wakes someone only when it should."""

import datetime as dt
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from harness.cli.night import Evening, evening
from harness.cli.options import Wishes, eval_path, wishes_options
from harness.cli.printing import print_json
from harness.cli.screen import err, out, plain
from harness.cli.waking import wake
from harness.errors import HarnessError, InputError
from harness.files import root_of, shown, write
from harness.nightly.notifying import VARIABLE, address
from harness.project import load
from harness.records.estimates import OVERALL
from harness.records.nights import HOLDS, INCONCLUSIVE, NightResult
from harness.redaction import redacted
from harness.reporting.nights import (
    STATES,
    apart,
    data,
    headline,
    paragraphs,
    summary,
    watched,
    with_nights,
    worst,
)
from harness.reporting.words import points, signed

_NIGHT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@click.command("nightly", short_help="The run that wakes someone only when it should.")
@click.argument("names", nargs=-1, required=True, metavar="EVAL…")
@click.option("--night", default="", metavar="ID", help="Which night this is; default: today's date (UTC).")
@click.option("--junit", type=click.Path(path_type=Path), help="Write the gates as JUnit XML there.")
@click.option("--summary", "to", type=click.Path(path_type=Path), help="Write the summary as Markdown there.")
@click.option("--allow-inconclusive", is_flag=True, help="An inconclusive night is a warning: exit 0, not 4.")
@wishes_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
def command(  # noqa: PLR0913 - one for each option
    names: tuple[str, ...],
    *,
    night: str,
    junit: Path | None,
    to: Path | None,
    allow_inconclusive: bool,
    as_json: bool,
    wishes: Wishes,
) -> int:
    """Run evals for one night: what did the agent do tonight, and is there reason to wake someone?

    For each EVAL: the agent's current prompt and its pinned control, both drawn afresh; the sentinels judged
    afresh; the gate on live against control, topped up once if it stays open, confirmed on fresh attempts if
    it fails; the trend over the nights; and, if something moved, what most likely moved it.

    A night is drawn once: the same night again goes on where it was and pays for nothing twice. With
    HARNESS_WEBHOOK in the environment a change of state is posted there. --budget holds for all evals
    together, otherwise each has its own.
    """
    night = _night(night)
    url = os.environ.get(VARIABLE, "")
    if url:
        address(url)  # an address that is not fit is said before anything is paid
    evenings = _evenings(names, night, wishes)
    if wishes.plan_only:
        return _end([each.result for each in evenings])
    extra = list(_inconclusive(evenings)) if allow_inconclusive else []
    code = _end([each.result for each in evenings], allowed=allow_inconclusive)
    told = wake(evenings, wishes.store, night=night, url=url, allowed=allow_inconclusive)
    if told:
        code = worst([code, told.exit_code])
        extra.append(f"NOBODY WAS TOLD: {told}")
    untold = told is not None
    _write(evenings, night, junit, to, untold=untold, extra=extra)
    if as_json:
        print_json({**data(night, _paged(evenings), code=code, untold=untold), "warnings": extra})
    else:
        _show(out(), night, evenings, untold=untold, extra=extra)
    return code


def _night(name: str) -> str:
    name = name or dt.datetime.now(dt.UTC).date().isoformat()
    if not _NIGHT.fullmatch(name):
        msg = f"--night must be up to 64 letters, digits, dots, dashes or underscores, got {name!r}"
        raise InputError(msg)
    return name


def _evenings(names: Sequence[str], night: str, wishes: Wishes) -> list[Evening]:
    """Spend the night of one eval after the other; what ends one does not end the others."""
    found: list[Evening] = []
    left = wishes.budget
    for name in names:
        err().print(plain(f"── {name}, night {night}"), style="bold")
        try:
            made = evening(load(eval_path(name)), night, replace(wishes, budget=left))
        except HarnessError as error:
            err().print(plain(f"error: {error}"), style="red")
            made = Evening(result=_broken(name, night, error), root=root_of(Path.cwd()))
        if made:
            found.append(made)
            left = None if left is None else max(0.0, left - made.spent)
    return found


def _broken(name: str, night: str, error: HarnessError) -> NightResult:
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return NightResult(
        eval=Path(name).stem, night=night, at=at, code=error.exit_code, words=redacted(str(error))
    )


def _end(results: Sequence[NightResult], *, allowed: bool = False) -> int:
    codes = [each.code for each in results]
    return worst([HOLDS if allowed and code == INCONCLUSIVE else code for code in codes])


def _inconclusive(evenings: Sequence[Evening]) -> Sequence[str]:
    names = [each.result.eval for each in evenings if each.result.code == INCONCLUSIVE]
    return [f"warning: {name} is inconclusive, and --allow-inconclusive lets that pass" for name in names]


def _paged(evenings: Sequence[Evening]) -> list[tuple[NightResult, str]]:
    return [(each.result, shown(each.page, each.root) if each.page else "") for each in evenings]


def _write(
    evenings: Sequence[Evening],
    night: str,
    junit: Path | None,
    to: Path | None,
    *,
    untold: bool,
    extra: Sequence[str],
) -> None:
    if to:
        write(to, summary(night, _paged(evenings), untold=untold, extra=extra).encode())
    if junit:
        from harness.reporting.junit import junit as as_junit  # noqa: PLC0415 - only where it is wanted

        gates = as_junit([each.report for each in evenings if each.report])
        write(junit, with_nights(gates, [each.result for each in evenings]).encode())


def _show(
    console: Console, night: str, evenings: Sequence[Evening], *, untold: bool, extra: Sequence[str]
) -> None:
    state = headline([each.result for each in evenings], untold=untold)
    console.print(plain(f"Night {night}: {state}"), style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("eval", "", "live", "against control", "sentinels"):
        table.add_column(name, justify="right" if name in {"live", "against control"} else "left")
    for each in evenings:
        result = each.result
        live = result.live.scores.get(OVERALL) if result.live else None
        cells = (
            result.eval,
            STATES[result.code],
            points(live),
            signed(apart(result)),
            watched(result.sentinels),
        )
        table.add_row(*map(plain, cells))
    console.print(table)
    for each in evenings:
        console.print()
        console.print(plain(f"{each.result.eval}: {each.result.words}"), style="bold")
        for line in paragraphs(each.result):
            console.print(plain(f"  {line}"))
        if each.page:
            console.print(plain(f"  report: {each.page}"), soft_wrap=True)
    for line in extra:
        console.print(plain(f"! {line}"), style="bold yellow")
