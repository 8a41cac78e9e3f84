"""`harness check`: read everything, call nobody."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from harness.cli.options import json_option
from harness.errors import HarnessError
from harness.files import read_bytes, read_text, root_of, shown
from harness.parsing.agents import read_agent
from harness.parsing.reading import read
from harness.project import load
from harness.records.inputs import Dataset, Rubric


@click.command("check", short_help="Read every file; say all that is wrong.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@json_option
def command(files: tuple[Path, ...], *, as_json: bool) -> int:
    """Read every agent, dataset, rubric and eval of the project and say all that is wrong, at once.

    With FILES, only those: agents are .md files; a YAML file is read by the folder it lies in.
    """
    root = root_of(Path.cwd())
    found: list[dict[str, str | bool]] = []
    for path in files or tuple(_all(root)):
        try:
            found.append({"file": shown(path, root), "ok": True, "says": _check(path, root)})
        except HarnessError as error:
            found.append({"file": shown(path, root), "ok": False, "says": str(error)})
    if not found:
        click.echo(f"{root}: nothing to check: no agents/, datasets/ or evals/ here", err=True)
        return 5
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _say(found)
    faulty = sum(not each["ok"] for each in found)
    click.echo(f"{len(found)} files read, {faulty} to mend", err=True)
    return 2 if faulty else 0


def _say(found: Iterable[Mapping[str, str | bool]]) -> None:
    said = set()
    for each in found:
        if each["ok"]:
            click.echo(f"ok  {each['file']}: {each['says']}")
        elif each["says"] not in said:  # two evals that name the same broken file say the same
            said.add(each["says"])
            click.echo(f"error: {each['says']}", err=True)


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
