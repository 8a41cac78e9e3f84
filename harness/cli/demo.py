"""`harness demo`: the whole job on recorded answers."""

from pathlib import Path

import click

from harness import revisions
from harness.cli.carrying import carry_out
from harness.cli.options import Wishes, json_option, store_option
from harness.cli.reading_out import read_out
from harness.errors import InputError
from harness.files import root_of
from harness.project import load
from harness.store.address import Place

EVAL = Path("evals") / "demo.yaml"


@click.command("demo", short_help="The whole job offline.")
@store_option
@json_option
def command(*, store: Place | None, as_json: bool) -> int:
    """See the whole job offline: no key, no network, no cost.

    Compares the shipped agent with two revisions of its prompt on recorded answers, graded by the free
    deterministic grader and, beside it, by labels, and writes the report. It goes through the same plan
    and store as a paid run, so a second demo makes nothing.
    """
    path = root_of(Path.cwd()) / EVAL
    if not path.is_file():
        msg = f"{path}: the demo's eval is not here"
        raise InputError(msg, hint="run `harness demo` inside a clone of the repository")
    material = load(path)
    agent = Path(material.eval.agent)
    specs = (material.eval.agent, *material.eval.candidates)
    found = revisions.apart(*(revisions.named(spec, agent=agent, root=material.root) for spec in specs))
    carried = carry_out(material, found, Wishes(store=store), typed="harness demo")
    read_out(carried, as_json=as_json)
    return 0  # the demo shows a loss on purpose; it has failed only if it broke
