"""`harness report`: write the report of stored runs again."""

from pathlib import Path

import click

from harness.cli.carrying import REPORTS, Carried
from harness.cli.options import json_option, store_option, store_path
from harness.cli.reading_out import read_out
from harness.cli.stored import report_of
from harness.drawing import drawing
from harness.files import root_of
from harness.publishing import publish
from harness.store.address import Place
from harness.store.opening import open_store


@click.command("report", short_help="Write the report of stored runs again.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@store_option
@json_option
def command(runs: tuple[str, ...], *, store: Place | None, as_json: bool) -> int:
    """Write the report of stored runs again: of one, or of several compared with the first.

    RUN is an id from `harness list`, its beginning, or a revision's label (its newest run). Nothing is
    asked of any model.
    """
    root = root_of(Path.cwd())
    with open_store(store_path(store, root), create=False) as opened:
        made = report_of(opened, runs, root, at=store)
    with drawing() as charts:
        page = publish(made, root / REPORTS, charts)
    return read_out(Carried(report=made, page=page), as_json=as_json)
