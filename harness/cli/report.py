"""`harness report`: write the report of stored runs again."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.carrying import REPORTS, Carried, assemble
from harness.cli.finding import find_run
from harness.cli.options import json_option, store_option, store_path
from harness.cli.reading_out import read_out
from harness.drawing import drawing
from harness.errors import InputError
from harness.files import root_of
from harness.project import labels_of
from harness.publishing import publish
from harness.records.results import Manifest, Run
from harness.revisions import apart
from harness.store.opening import open_store


@click.command("report", short_help="Write the report of stored runs again.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@store_option
@json_option
def command(runs: tuple[str, ...], *, store: Path | None, as_json: bool) -> int:
    """Write the report of stored runs again: of one, or of several compared with the first.

    RUN is an id from `harness list`, its beginning, or a revision's label (its newest run). Nothing is
    asked of any model.
    """
    root = root_of(Path.cwd())
    with open_store(store_path(store, root), create=False) as opened:
        found = [find_run(opened, name) for name in runs]
        _same_question(found)
        labels_apart = apart(*(run.manifest.revision for run in found))
        found = [
            replace(run, manifest=replace(run.manifest, revision=revision))
            for run, revision in zip(found, labels_apart, strict=True)
        ]
        labels = labels_of(found[0].manifest.eval, root)
        made = assemble(opened, found, labels, " ".join(("harness report", *(run.id for run in found))))
    with drawing() as charts:
        page = publish(made, root / REPORTS, charts)
    return read_out(Carried(report=made, page=page), as_json=as_json)


def _same_question(runs: Sequence[Run]) -> None:
    """Refuse to compare what is not comparable."""
    if len({run.id for run in runs}) < len(runs):
        msg = "a run is compared with another one, not with itself"
        raise InputError(msg, hint="`harness list` shows which there are")
    first, *others = (_question(run.manifest) for run in runs)
    for other in others:
        differ = [name for name, value in first.items() if other[name] != value]
        if differ:
            msg = f"these runs did not ask the same: they differ in {', '.join(differ)}"
            raise InputError(msg, hint="`harness compare` asks both the same and makes what is missing")


def _question(asked: Manifest) -> dict[str, object]:
    """Everything but the prompt: what must be equal for a difference to be the prompt's."""
    return {
        "the eval": asked.eval_name,
        "cases": asked.cases,
        "rubrics": asked.rubrics,
        "graders": (asked.graders, [spec.model for spec in asked.eval.graders]),
        "the model": (asked.eval.model, asked.model_version),
        "attempts": asked.eval.attempts,
    }
