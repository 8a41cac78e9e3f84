"""`harness check`: read everything, call nobody."""

from collections.abc import Iterator
from pathlib import Path

import click

from harness.errors import HarnessError
from harness.files import read_bytes, read_text, root_of, shown
from harness.parsing.agents import read_agent
from harness.parsing.reading import read
from harness.project import load
from harness.records.inputs import Dataset, Rubric

_Line = tuple[str, str, str]  # kind, file, what there is to say


@click.command("check", short_help="Read every file; say all that is wrong.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def command(files: tuple[Path, ...]) -> int:
    """Read every agent, dataset, rubric and eval of the project and say all that is wrong, at once.

    With FILES, only those: agents are .md files; a YAML file is read by the folder it lies in.
    """
    root = root_of(Path.cwd())
    faulty = checked = 0
    for path in files or tuple(_all(root)):
        checked += 1
        try:
            click.echo(f"ok  {shown(path, root)}: {_check(path, root)}")
        except HarnessError as error:
            faulty += 1
            click.echo(f"error: {error}", err=True)
    if not checked:
        click.echo(f"{root}: nothing to check: no agents/, datasets/ or evals/ here", err=True)
        return 5
    click.echo(f"{checked} files read, {faulty} to mend", err=True)
    return 2 if faulty else 0


def _all(root: Path) -> Iterator[Path]:
    yield from sorted((root / "agents").rglob("*.md"))
    yield from sorted((root / "datasets").glob("*.yaml"))
    yield from sorted((root / "evals" / "rubrics").glob("*.yaml"))
    yield from sorted((root / "evals").glob("*.yaml"))


def _check(path: Path, root: Path) -> str:
    name = shown(path, root)
    if path.suffix == ".md":
        agent = read_agent(read_bytes(path, name=name), source=name)
        notes = "".join(f"\n      line {note.line}: {note.text}" for note in agent.notes)
        return (
            f"agent {agent.name!r}, {len(agent.examples)} examples, {len(agent.prompt.split())} words{notes}"
        )
    text = read_text(path, name=name)
    if path.parent.name == "rubrics":
        rubric = read(Rubric, text, source=name)
        return f"rubric {rubric.dimension!r}, {len(rubric.criteria)} criteria"
    if path.parent.name == "datasets":
        cases = read(Dataset, text, source=name)
        criteria = sum(len(of_dimension) for case in cases for of_dimension in case.criteria.values())
        return f"dataset, {len(cases)} cases, {criteria} criteria of their own"
    material = load(path)
    graders = ", ".join(spec.kind for spec in material.eval.graders)
    return f"eval, {len(material.cases)} cases × {material.eval.attempts} attempts, graded by {graders}"
