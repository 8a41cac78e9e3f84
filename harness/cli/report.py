"""`harness report`: write the report of stored runs again."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from harness.assembling import exit_code
from harness.cli.carrying import REPORTS, Carried
from harness.cli.options import json_option, store_option, store_path
from harness.cli.reading_out import read_out
from harness.cli.stored import report_of
from harness.drawing import drawing
from harness.files import root_of, write
from harness.publishing import publish
from harness.records.results import Report
from harness.reporting import tables
from harness.store.address import Place
from harness.store.opening import open_store


@click.command("report", short_help="Write the report of stored runs again.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print it for a pull request or step summary.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML there too.")
@click.option("--parquet", type=click.Path(path_type=Path), help="Write every verdict there; needs pyarrow.")
@store_option
@json_option
def command(
    runs: tuple[str, ...],
    *,
    as_markdown: bool,
    junit: Path | None,
    parquet: Path | None,
    store: Place | None,
    as_json: bool,
) -> int:
    """Write the report of stored runs again: of one, or of several compared with the first.

    RUN is an id from `harness list`, its beginning, or a revision's label (its newest run). Nothing is
    asked of any model. `harness report RUN --markdown >> "$GITHUB_STEP_SUMMARY"` shows it on GitHub.
    """
    if as_markdown and as_json:
        msg = "--markdown and --json both print to standard output: choose one"
        raise click.UsageError(msg)
    root = root_of(Path.cwd())
    with open_store(store_path(store, root), create=False) as opened:
        made = report_of(opened, runs, root, at=store)
    with drawing() as charts:
        page = publish(made, root / REPORTS, charts)
    for path, content in _beside(made, page, junit=junit, parquet=parquet):
        write(path, content)
    if not as_markdown:
        return read_out(Carried(report=made, page=page), as_json=as_json)
    click.echo((page.parent / "report.md").read_text(encoding="utf-8"), nl=False)
    click.echo(f"report: {page}", err=True)
    return exit_code(made)


def _beside(
    made: Report, page: Path, *, junit: Path | None, parquet: Path | None
) -> Iterator[tuple[Path, bytes]]:
    """Give what was wished for beside the report's own files."""
    if junit is not None:
        yield junit, (page.parent / "junit.xml").read_bytes()
    if parquet is not None:
        from harness.reporting import frames  # noqa: PLC0415 - pandas, which nothing else here needs

        yield parquet, frames.parquet(frames.verdicts([json.loads(tables.as_json(made))]))
