"""`harness compare-scores`: two files of scores that any other tool made."""

import math
import shlex
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import click

from harness.cli.carrying import REPORTS, Carried
from harness.cli.options import json_option
from harness.cli.reading_out import read_out
from harness.comparison.sheets import report
from harness.drawing import drawing
from harness.errors import InputError
from harness.files import read_text, root_of, sha256
from harness.parsing.scores import read_rows, sheet
from harness.publishing import publish
from harness.records.estimates import OVERALL
from harness.records.inputs import SEED, Gate
from harness.records.sheets import Row, Sheet
from harness.reporting.untrusted import visible
from harness.reporting.words import many

T = TypeVar("T")


@click.command("compare-scores", short_help="Compare scores that another tool made.")
@click.argument("base", metavar="BASE")
@click.argument("candidate", metavar="CANDIDATE")
@click.option("--scale", type=float, help="The perfect score: 1 for shares of 1, 100 for points of 100.")
@click.option("--margin", type=float, help="Gate: points (0 to 100) of loss that are still acceptable.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=SEED, show_default=True, help="Seed of the random draws."
)
@json_option
def command(
    base: str, candidate: str, *, scale: float | None, margin: float | None, seed: int, as_json: bool
) -> int:
    """Compare per-item scores of any other tool: the verdict, report and JSON that `compare` gives.

    BASE and CANDIDATE are CSV or JSONL files with a row for each score. Columns: case, score; attempt where
    a case was answered more than once; dimension where scores are told apart; cluster where cases come
    from common sources. An empty score was not given: it is counted, and never a 0.
    """
    if Path(base).resolve() == Path(candidate).resolve():
        msg = f"{base}: a file is compared with another one, not with itself"
        raise InputError(msg)
    sheets = _sheets((base, candidate), scale)
    for each in sheets:
        told = f"{many(len(each.cases), 'case')}, {many(each.trials, 'attempt')}"
        click.echo(visible(f"{each.label}: {told}"), err=True)
    options = {"--scale": scale, "--margin": margin, "--seed": None if seed == SEED else seed}
    given = [part for name, value in options.items() if value is not None for part in (name, f"{value}")]
    made = report(
        *sheets,
        command=shlex.join(["harness", "compare-scores", base, candidate, *given]),
        gate=_gate(margin, sheets[0].dimensions),
        seed=seed,
        about=(("scale", f"0 to {scale:g}"), ("harness", version("agent-prompt-harness"))),
    )
    with drawing() as charts:
        page = publish(made, root_of(Path.cwd()) / REPORTS, charts)
    return read_out(Carried(report=made, page=page), as_json=as_json)


def _gate(margin: float | None, dimensions: Sequence[str]) -> Gate | None:
    """Gate every dimension, or overall where scores are not told apart."""
    if margin is None:
        return None
    try:
        return Gate(margin=margin, dimensions=tuple(dimensions) or (OVERALL,))
    except ValueError as error:
        msg = f"--margin: {error}"
        raise InputError(msg) from None


def _sheets(names: Sequence[str], scale: float | None) -> tuple[Sheet, Sheet]:
    """Read both files; all that is wrong with either is one error."""
    texts = [read_text(Path(name)) for name in names]
    rows = _both(lambda place: read_rows(texts[place], source=names[place]))
    if scale is None or not (math.isfinite(scale) and scale > 0):
        raise _no_scale(rows, scale)
    stems = [Path(name).stem for name in names]
    labels = stems if stems[0] != stems[1] else list(names)
    return _both(
        lambda place: sheet(
            rows[place],
            source=names[place],
            label=labels[place],
            scale=scale,
            digest=sha256(Path(names[place]).read_bytes()),
        )
    )


def _both(make: Callable[[int], T]) -> tuple[T, T]:
    """Make something of the first and the second file, and raise what is wrong with either together."""
    made: list[T] = []
    errors: list[InputError] = []
    for place in (0, 1):
        try:
            made.append(make(place))
        except InputError as error:
            errors.append(error)
    if errors:
        raise InputError.together(tuple(errors))
    return made[0], made[1]


def _no_scale(rows: Sequence[Sequence[Row]], scale: float | None) -> InputError:
    """Ask what a perfect score is, which the scores alone cannot say."""
    given = [row.score for each in rows for row in each if row.score is not None]
    seen = f"these lie between {min(given):g} and {max(given):g}" if given else "these are all empty"
    got = "" if scale is None else f", got {scale}"
    msg = f"--scale must be the perfect score, a number above 0{got}: {seen}, which does not say it"
    return InputError(msg, hint="--scale 1 if scores are shares of 1, --scale 100 if they are points of 100")
