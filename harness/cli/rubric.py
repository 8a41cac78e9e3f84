"""`harness rubric`: what a run says of the criteria it was graded by."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.assembling import arm
from harness.cli.finding import find_run
from harness.cli.options import json_option, store_option, store_path
from harness.cli.printing import print_json
from harness.cli.screen import out, plain
from harness.comparison.critique import FEWEST_CASES, Criticised, critique
from harness.errors import IncompleteError, InputError
from harness.files import root_of
from harness.parsing.reading import to_json
from harness.planning.regrading import whole
from harness.records.results import Arm
from harness.reporting import words
from harness.reporting.untrusted import shortened
from harness.store.address import Place
from harness.store.opening import open_store

_TWO = 2
_LEVEL = 0.05


@click.command("rubric", short_help="Which criteria of a run say nothing.")
@click.argument("names", nargs=-1, required=True, metavar="RUN [RUN]")
@click.option("--grader", "kind", default="", help="Whose verdicts; default: the grader that decides.")
@store_option
@json_option
def command(names: tuple[str, ...], kind: str, *, store: Place | None, as_json: bool) -> int:
    """Judge the criteria by the verdicts of a run: which are always or never met, which repeat another,
    which flip between attempts; with two runs, which tell them apart.

    RUN is an id from `harness list`, its beginning, or a revision's label (its newest run). Nothing is
    asked of any model.
    """  # noqa: D205 - the first paragraph is what --help prints as one
    if len(names) > _TWO:
        msg = "give one run or two"
        raise click.UsageError(msg)
    with open_store(store_path(store, root_of(Path.cwd())), create=False) as opened:
        found = [find_run(opened, name) for name in names]
        arms = [arm(run, whole(run.manifest, opened), opened.failures(run.id)) for run in found]
    kind = _kind(arms, kind)
    manifest = arms[0].made.manifest
    said = critique([each.outcomes[kind] for each in arms], seed=manifest.eval.seed)
    if not said:
        msg = f"run {arms[0].made.id} holds no verdict by {kind}"
        raise IncompleteError(msg, hint=f"`harness run {manifest.eval_name}` makes what is missing")
    if as_json:
        print_json(json.loads(to_json(said)))
    else:
        _show(out(), said, " against ".join(each.label for each in reversed(arms)), kind)
    return 0


def _kind(arms: Sequence[Arm], wanted: str) -> str:
    """Choose the grader: the one that was named, else the one that decides the first run."""
    kinds = [kind for kind in arms[0].outcomes if all(kind in each.outcomes for each in arms)]
    if not kinds or (wanted and wanted not in kinds):
        msg = f"no grader {wanted or 'that graded both runs'}"
        raise InputError(msg, hint=f"there are: {', '.join(kinds) or 'none'}")
    return wanted or kinds[0]


def _show(console: Console, said: Sequence[Criticised], title: str, kind: str) -> None:
    measured = [each for each in said if each.measurable]
    two = any(each.difference is not None for each in measured)
    console.print(Text(f"criteria of {title}, by {kind}", style="bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("criterion", "cases", "met", "flips", *(("change", "p") if two else ()), ""):
        table.add_column(name, justify="left" if name in {"criterion", ""} else "right", no_wrap=name != "")
    for each in measured:
        moved = (words.signed(each.difference), words.p_value(each.p)) if two else ()
        table.add_row(
            Text(shortened(each.criterion, 30)),
            str(each.cases),
            words.percent(each.met / each.asked),
            f"{each.flipping}/{each.repeated}" if each.repeated else "–",
            *moved,
            plain("; ".join(_remarks(each))),
        )
    if measured:
        console.print(table)
    for line in _reading(said, two=two):
        console.print(line, style="dim")


def _remarks(each: Criticised) -> Iterator[str]:
    if each.constant:
        yield "always met" if each.met else "never met"
    if each.twins:
        yield f"always as {words.listed(each.twins)}"
    if each.opposites:
        yield f"never as {words.listed(each.opposites)}"
    if each.p is not None and each.p <= _LEVEL:
        yield "tells the revisions apart"


def _reading(said: Sequence[Criticised], *, two: bool) -> Iterator[str]:
    """Say how to read the table, and what it leaves out."""
    few = sum(not each.measurable for each in said)
    if few:
        which = words.many(few, "criterion", "criteria")
        yield f"Not measurable, asked of fewer than {FEWEST_CASES} cases: {which}."
    if few == len(said):
        return
    yield "Always or never met: moves no score. Always as another: counts the same thing twice."
    if any(each.repeated for each in said):
        yield "flips: cases whose attempts disagree, of those with several attempts in one run."
    if two:
        yield "change: points more often met, case by case; p adjusted over the criteria that moved (Holm)."
