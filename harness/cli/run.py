"""`harness run`: one revision over the cases of an eval."""

from pathlib import Path

import click

from harness import revisions
from harness.cli.carrying import carry_out
from harness.cli.options import Wishes, command_line, eval_argument, eval_path, json_option, wishes_options
from harness.cli.reading_out import read_out
from harness.project import load


@click.command("run", short_help="Run an eval.")
@eval_argument
@click.option("--revision", default="", help="A file, a git revision or REV:PATH; default: the working file.")
@wishes_options
@json_option
def command(name: str, revision: str, *, as_json: bool, wishes: Wishes) -> int:
    """Run an eval: make what is missing, grade it, write the report.

    EVAL is a YAML file, or the name of one in evals/. The plan is shown before money is spent; a run that
    is stopped goes on where it was when the same command is given again. Of a gate the floors are decided
    here; what is guarded against another revision is for `harness compare`.
    """
    path = eval_path(name)
    material = load(path)
    found = revisions.find(revision, agent=Path(material.eval.agent), root=material.root)
    typed = command_line(
        "run", name, *(("--revision", revision) if revision else ()), *wishes.repeated, store=wishes.store
    )
    carried = carry_out(material, [found], wishes, typed=typed)
    return read_out(carried, as_json=as_json)
