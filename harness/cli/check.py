"""`harness check`: read everything, call nobody."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from harness import revisions
from harness.cli.options import json_option
from harness.cli.printing import print_json
from harness.comparison.kin import kin
from harness.errors import Fault, HarnessError, InputError
from harness.files import read_bytes, read_text, root_of, shown
from harness.grading.scoring import criteria_of
from harness.models.pricing import shipped_prices
from harness.parsing.agents import read_agent
from harness.parsing.reading import read
from harness.parsing.yamltext import parse
from harness.project import Material, load
from harness.records.inputs import Dataset, Rubric
from harness.reporting.untrusted import visible
from harness.reporting.words import listed, many

_SHOWN = 5


@click.command("check", short_help="Read every file; say all that is wrong.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@json_option
def command(files: tuple[Path, ...], *, as_json: bool) -> int:
    """Read every agent, dataset, rubric and eval of the project and say all that is wrong, at once.

    With FILES, only those: agents are .md files, and a YAML file is known by its shape.
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
        print_json(found)
    else:
        _say(found)
    faulty = sum(not each["ok"] for each in found)
    click.echo(f"{many(len(found), 'file')} read, {faulty} to mend", err=True)
    return 2 if faulty else 0


def _say(found: Iterable[Mapping[str, str | bool]]) -> None:
    said = set()
    for each in found:
        if each["ok"]:
            click.echo(visible(f"ok  {each['file']}: {each['says']}"))
        elif each["says"] not in said:  # two evals that name the same broken file say the same
            said.add(each["says"])
            click.echo(visible(f"error: {each['says']}"), err=True)


def _all(root: Path) -> Iterator[Path]:
    yield from sorted((root / "agents").rglob("*.md"))
    for folder in ("datasets", "evals/rubrics", "evals"):
        yield from sorted(path for path in (root / folder).glob("*.y*ml") if path.is_file())


def _check(path: Path, root: Path) -> str:
    name = shown(path, root)
    if path.suffix == ".md":
        agent = read_agent(read_bytes(path, name=name), source=name)
        notes = "".join(f"\n      line {note.line}: {note.text}" for note in agent.notes)
        examples = many(len(agent.examples), "example")
        return f"agent {agent.name!r}, {examples}, {many(len(agent.prompt.split()), 'word')}{notes}"
    text = read_text(path, name=name)
    kind = _kind(text, path)
    if kind == "rubric":
        rubric = read(Rubric, text, source=name)
        return f"rubric {rubric.dimension!r}, {len(rubric.criteria)} criteria"
    if kind == "dataset":
        cases = read(Dataset, text, source=name)
        criteria = sum(len(of_dimension) for case in cases for of_dimension in case.criteria.values())
        return f"dataset, {many(len(cases), 'case')}, {criteria} criteria of their own"
    material = load(path)
    if faults := tuple(_lost_revisions(material)):
        raise InputError.of_file(name, faults)
    graders = ", ".join(spec.kind for spec in material.eval.graders)
    attempts = many(material.eval.attempts, "attempt")
    notes = "".join(f"\n      {note}" for note in _eval_notes(material))
    return f"eval, {many(len(material.cases), 'case')}, {attempts} each, graded by {graders}{notes}"


def _lost_revisions(material: Material) -> Iterator[Fault]:
    """Say which of the revisions that the eval names are not there: a night would only find out at night."""
    asked = material.eval
    named = [("candidates", each) for each in asked.candidates]
    named += [("nightly.control", asked.nightly.control)] if asked.nightly else []
    for place, spec in named:
        try:
            revisions.named(spec, agent=Path(asked.agent), root=material.root)
        except InputError as error:
            yield Fault(path=place, message=error.message, hint=error.hint)


def _eval_notes(material: Material) -> Iterator[str]:
    """Say what can be run but will surprise: criteria nobody can grade, judges that are the agent's kin."""
    asked = material.eval
    if asked.nightly and not material.sentinels:
        yield "a night has no sentinels: a change of the judge cannot be told from one of the model"
    if asked.nightly and not asked.gate:
        yield "a night has no gate: only what the trend sees over several nights wakes someone"
    if any(spec.kind == "signals" for spec in asked.graders):
        pairs = (pair for case in material.cases for pair in criteria_of(case, material.rubrics))
        silent = sorted(
            {criterion.id for _, criterion in pairs if not (criterion.signals or criterion.checks)}
        )
        if silent:
            more = f" and {len(silent) - _SHOWN} more" if len(silent) > _SHOWN else ""
            yield f"the signals grader leaves {listed(silent[:_SHOWN])}{more} open: no signals are declared"
    yield from filter(None, (kin(asked, spec.kind) for spec in asked.graders))
    for source in material.sources.values():
        yield f"the custom grader would run {source.path}, only with --allow-code"
    known = {name for price in shipped_prices().prices for name in (price.model, *price.aliases)}
    beside = (asked.pairwise.model,) if asked.pairwise else ()
    for spec in (asked.model, *beside, *(model for grader in asked.graders for model in grader.models)):
        if spec.provider == "anthropic" and spec.name not in known:
            near = difflib.get_close_matches(spec.name, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            yield f"no price is known for model {spec.name}{meant}"


def _kind(text: str, path: Path) -> str:
    """Tell what a YAML file is by its shape, else by the folder it lies in."""
    match parse(text).value:
        case list():
            return "dataset"
        case {"agent": _}:
            return "eval"
        case {"dimension": _}:
            return "rubric"
        case _:
            return {"datasets": "dataset", "rubrics": "rubric"}.get(path.parent.name, "eval")
