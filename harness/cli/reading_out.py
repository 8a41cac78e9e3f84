"""How a command ends: the verdict or the data on standard output, the page's path last."""

import json

import click

from harness.assembling import exit_code
from harness.cli.carrying import Carried
from harness.cli.printing import print_json
from harness.cli.screen import out, show_counts, show_report
from harness.errors import BudgetError
from harness.parsing.reading import to_json
from harness.reporting.tables import as_json as report_as_json


def read_out(carried: Carried, *, as_json: bool) -> int:
    """Print what came of it and return the exit code; a mere plan holds."""
    if carried.report is None:
        if as_json:
            print_json(json.loads(to_json(carried.plans)))
        return 0
    if as_json:
        click.echo(report_as_json(carried.report), nl=False)
        click.echo(f"report: {carried.page}", err=True)
    else:
        console = out()
        show_report(console, carried.report)
        if carried.report.base.run is not None:
            console.print()
            show_counts(console, carried.report)
        console.print()
        click.echo(f"report: {carried.page}")
    if carried.left:
        click.echo(f"exit 6: the budget is reached: {carried.left}; the same command goes on", err=True)
        return BudgetError.exit_code
    code = exit_code(carried.report)
    if code:
        click.echo(_MEANING[code], err=True)
    return code


_MEANING = {
    1: "exit 1: a gate is not met",
    4: "exit 4: inconclusive: a gate can neither pass nor fail on this evidence",
    5: "exit 5: incomplete: too many trials failed or stayed ungraded for any verdict to stand",
}
