"""`harness explain`: how a verdict came about, step by step."""

import textwrap
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from harness.assembling import exit_code
from harness.cli.options import json_option, store_option, store_path
from harness.cli.screen import out, plain
from harness.cli.stored import report_of
from harness.comparison.explaining import Explanation, Step, explain
from harness.errors import InputError
from harness.files import root_of
from harness.parsing.reading import to_json
from harness.records.estimates import OVERALL
from harness.store.address import Place
from harness.store.opening import open_store

_WIDTH = 100
_ENDS = {
    0: "every gate that the eval sets is kept, or it sets none",
    1: "a gate is not met",
    4: "a gate can neither pass nor fail on this evidence",
    5: "too many trials failed or stayed ungraded for any verdict to stand",
}


@click.command("explain", short_help="Say how a verdict came about.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--dimension", default=OVERALL, show_default=True, help="Which score to explain.")
@store_option
@json_option
def command(runs: tuple[str, ...], *, dimension: str, store: Place | None, as_json: bool) -> int:
    """Say step by step how a verdict came about: of one run, or of several compared with the first.

    RUN is an id from `harness list`, its beginning, or a revision's label (its newest run). It reads what is
    stored and asks no model.
    """
    root = root_of(Path.cwd())
    with open_store(store_path(store, root), create=False) as opened:
        report = report_of(opened, runs, root, command=" ".join(("harness explain", *runs)))
    try:
        found = explain(report, dimension)
    except KeyError:
        msg = f"{dimension}: this eval has no such dimension"
        raise InputError(msg, hint=f"it has {', '.join((OVERALL, *report.dimensions))}") from None
    code = exit_code(report)
    end = Step(title=f"The exit code: {code}", text=f"{_ENDS[code][:1].upper()}{_ENDS[code][1:]}.")
    explained = tuple(replace(each, steps=(*each.steps, end)) for each in found)
    if as_json:
        click.echo(to_json(explained))
        return 0
    for each in explained:
        _print(out(), each)
    return 0


def _print(console: Console, told: Explanation) -> None:
    console.print()
    console.print(Text.assemble((plain(told.of).plain, "bold")))
    for number, step in enumerate(told.steps, start=1):
        console.print()
        console.print(Text.assemble((f"{number}. {plain(step.title).plain}", "bold")))
        width = min(_WIDTH, console.width) - 3
        lines = textwrap.wrap(plain(step.text).plain, width, break_long_words=False, break_on_hyphens=False)
        for line in lines:
            console.print(Text(f"   {line}"), soft_wrap=True)
