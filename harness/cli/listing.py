"""`harness list`: the runs in the store."""

import dataclasses
from pathlib import Path

import click
from rich.table import Table

from harness.cli.options import json_option, store_option, store_path
from harness.cli.printing import print_json
from harness.cli.screen import out, plain
from harness.files import root_of
from harness.store.address import Place
from harness.store.opening import open_store


@click.command("list", short_help="List the runs in the store.")
@store_option
@json_option
def command(*, store: Place | None, as_json: bool) -> int:
    """List the runs in the store, the newest last."""
    with open_store(store_path(store, root_of(Path.cwd())), create=False) as opened:
        rows = opened.list()
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
        return 0
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("run", "eval", "revision", "prompt", "begun", ""):
        table.add_column(name, no_wrap=name in {"run", "prompt", "begun"})
    for row in rows:
        begun = row.created_at[:16].replace("T", " ")
        state = row.stopped or ("" if row.finished_at else "unfinished")
        table.add_row(row.id, plain(row.eval), plain(row.label), row.prompt_hash[:8], begun, state)
    out().print(table)
    return 0
