"""A report put together again from stored runs: what `report` and `explain` have in common."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.cli.carrying import assemble
from harness.cli.finding import find_run
from harness.cli.options import command_line
from harness.errors import InputError
from harness.planning.keys import judging
from harness.project import labels_of
from harness.records.results import Report
from harness.records.runs import Manifest, Run
from harness.revisions import apart
from harness.store.address import Place
from harness.store.store import Store


def report_of(
    store: Store, names: Sequence[str], root: Path, *, command: str = "", at: Place | None = None
) -> Report:
    """Put the report of stored runs together, the first as the base of the others.

    Each name is an id, the beginning of one, or a revision's label. `command` is what makes the report again;
    left out, it is `harness report` with the runs' ids, on the store `at`. Raises InputError for runs that
    did not ask the same.
    """
    found = [find_run(store, name) for name in names]
    _same_question(found)
    labels_apart = apart(*(run.manifest.revision for run in found))
    found = [
        replace(run, manifest=replace(run.manifest, revision=revision))
        for run, revision in zip(found, labels_apart, strict=True)
    ]
    labels = labels_of(found[0].manifest.eval, root)
    typed = command or command_line("report", *(run.id for run in found), store=at)
    return assemble(store, found, labels, typed)


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
        "graders": (asked.graders, [judging(spec) for spec in asked.eval.graders]),
        "the model": (asked.eval.model, asked.model_version),
        "attempts": asked.eval.attempts,
    }
