"""`harness compare`: two revisions of a prompt, paired by case."""

from pathlib import Path

import click

from harness import revisions
from harness.cli.carrying import carry_out
from harness.cli.options import Wishes, command_line, eval_argument, eval_path, json_option, wishes_options
from harness.cli.reading_out import read_out
from harness.project import Material, load
from harness.records.runs import Revision


@click.command("compare", short_help="Compare two revisions of a prompt.")
@eval_argument
@click.option("--base", default="HEAD", show_default=True, help="What it is compared with.")
@click.option("--candidate", "candidates", multiple=True, help="What is judged; may be given several times.")
@click.option(
    "--sequential", is_flag=True, help="Look after 50, 75 and 100 % of the cases; stop when it is clear."
)
@wishes_options
@json_option
def command(
    name: str,
    base: str,
    candidates: tuple[str, ...],
    *,
    sequential: bool,
    as_json: bool,
    wishes: Wishes,
) -> int:
    """Compare revisions of a prompt: better, worse, no worse, or can't you tell yet?

    A revision is a file, a git revision (HEAD~1, a branch, a tag: the agent's own path there) or REV:PATH.
    Without --candidate it is what the eval names under `candidates`, else the working file. Datasets,
    rubrics and the eval always come from the working tree.

    With --sequential, half of the cases are run first, then three quarters, then all; it stops as soon as the
    answer is clear or no longer likely to become so, and says how many calls that saved.
    """
    material = load(eval_path(name))
    found = [_find(material, spec) for spec in (base, *candidates)]
    if not candidates:
        found += _named(material) or [_find(material, "")]
    changed: list[Revision] = []
    for each in found[1:]:
        twin = next(
            (other for other in (found[0], *changed) if other.agent.prompt == each.agent.prompt), None
        )
        if twin is None:
            changed.append(each)
        else:
            click.echo(f"nothing changed: {each.label} has the prompt of {twin.label}", err=True)
    if not changed:
        if as_json:
            click.echo('{"nothing_changed": true, "comparisons": []}')
        return 0
    named = [word for candidate in candidates for word in ("--candidate", candidate)]
    named += ["--sequential"] if sequential else []
    typed = command_line("compare", name, "--base", base, *named, *wishes.repeated, store=wishes.store)
    arms = revisions.apart(found[0], *changed)
    carried = carry_out(material, arms, wishes, typed=typed, sequential=sequential)
    return read_out(carried, as_json=as_json)


def _find(material: Material, spec: str) -> Revision:
    return revisions.find(spec, agent=Path(material.eval.agent), root=material.root)


def _named(material: Material) -> list[Revision]:
    asked = material.eval
    return [revisions.named(s, agent=Path(asked.agent), root=material.root) for s in asked.candidates]
