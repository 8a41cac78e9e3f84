"""`harness cases`: what an agent's own examples would be run as."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from harness.cli.options import json_option
from harness.cli.printing import print_json
from harness.files import read_bytes
from harness.parsing.agents import cases_of, read_agent
from harness.parsing.yamltext import dump


@click.command("cases", short_help="Cases from an agent's examples.")
@click.argument("agent", type=click.Path(path_type=Path))
@json_option
def command(agent: Path, *, as_json: bool) -> int:
    """Show the cases mined from an agent's own examples, as YAML to review or to keep in a dataset.

    Examples say when the agent should act, not what a good answer is: add criteria of your own.
    """
    found = read_agent(read_bytes(agent), source=str(agent))
    for note in found.notes:
        click.echo(f"{agent}, line {note.line}: {note.text}", err=True)
    cases = [_filled(json.loads(json.dumps(asdict(case)))) for case in cases_of(found)]
    if as_json:
        print_json(cases)
    elif cases:
        click.echo(dump(cases), nl=False)
    if not cases:
        click.echo(f"{agent}: its description holds no <example> that makes a case", err=True)
    return 0


def _filled(case: dict[str, object]) -> dict[str, object]:
    """Leave out what is empty, as a person would."""
    return {name: value for name, value in case.items() if value}
