"""`harness chart`: one chart of stored runs, alone, as a picture and as data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from harness import revisions
from harness.assembling import arm, slug
from harness.charts.calibration import calibration
from harness.charts.canvas import styled
from harness.charts.cost import cost
from harness.charts.criteria import criteria
from harness.charts.discrimination import discrimination
from harness.charts.distribution import distribution
from harness.charts.forest import forest
from harness.charts.heatmap import heatmap
from harness.charts.scores import scores
from harness.charts.trend import trend
from harness.cli.carrying import REPORTS, calibrations
from harness.cli.finding import find_run
from harness.cli.options import eval_path, json_option, store_option, store_path
from harness.cli.printing import print_json
from harness.cli.stored import report_of
from harness.cli.trend import stored_arms
from harness.comparison.designing import changes, ground
from harness.comparison.trending import periods, scored
from harness.errors import IncompleteError, InputError
from harness.files import root_of, write
from harness.planning.work import jobs
from harness.project import load
from harness.records.estimates import OVERALL
from harness.records.results import Arm, Report
from harness.reporting import words
from harness.reporting.chart import Chart
from harness.reporting.untrusted import visible
from harness.store.address import Place
from harness.store.opening import open_store
from harness.store.store import Store

FORMATS = ("svg", "png", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the person typed, and the store to find it in."""

    names: tuple[str, ...]
    dimension: str
    label: str | None
    control: str
    store: Store
    root: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A chart: what it needs, what it shows, and how it comes from what was asked."""

    needs: str
    shows: str
    draw: Callable[[_Asked], tuple[str, Chart | None]]


@click.command("chart", short_help="Draw one chart of stored runs.")
@click.argument("kind", metavar="KIND")
@click.argument("names", nargs=-1, required=True, metavar="RUN… | EVAL")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder, or a file that ends in .svg, .png or .csv."
)
@click.option("--svg", "formats", flag_value="svg", multiple=True, help="Write the vector picture.")
@click.option(
    "--png", "formats", flag_value="png", multiple=True, help="Write the pixels, at twice the size."
)
@click.option("--csv", "formats", flag_value="csv", multiple=True, help="Write the data that is drawn.")
@click.option("--dimension", default=OVERALL, show_default=True, help="Whose scores: trend and distribution.")
@click.option("--label", help="trend: only runs of the revision with this label.")
@click.option("--control", default="", help="trend: a pinned revision's label; draw the score minus its own.")
@store_option
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    kind: str,
    names: tuple[str, ...],
    *,
    out: Path | None,
    formats: tuple[str, ...],
    dimension: str,
    label: str | None,
    control: str,
    store: Place | None,
    as_json: bool,
) -> int:
    """Draw one chart, and say in words what it shows.

    \b
    forest RUN RUN…          paired differences, the first run is the base
    scores RUN…              score by dimension
    heatmap RUN…             cases by dimension
    criteria RUN…            cases by criterion
    distribution RUN…        every attempt of every case
    discrimination RUN [RUN] which criteria tell answers apart
    trend EVAL               the score over time, with breaks and alarms
    cost EVAL | RUN…         score against cost over revisions and models
    calibration EVAL         how far its graders agree with labels

    RUN is an id from `harness list`, its beginning, or a revision's label. Without --svg, --png or --csv all
    three are written, to reports/charts/. Nothing is asked of any model.
    """  # noqa: D301 - \b is click's mark of lines that stay as they are
    found = _kind(kind)
    root = root_of(Path.cwd())
    with open_store(store_path(store, root), create=False) as opened, styled():
        asked = _Asked(
            names=names, dimension=dimension, label=label, control=control, store=opened, root=root
        )
        subject, made = found.draw(asked)
    if made is None:
        msg = f"{kind} of {words.listed(names)}: there is nothing to draw"
        raise IncompleteError(msg, hint=f"this chart shows {found.shows}, and needs {found.needs}")
    files = _write(made, out, f"{kind}--{slug(subject)}", formats, root)
    if as_json:
        print_json({"kind": kind, "title": made.title, "alt": made.alt, "files": files})
        return 0
    click.echo(visible(made.alt))
    for path in files.values():
        click.echo(path)
    return 0


def _kind(name: str) -> _Kind:
    if name not in KINDS:
        msg = f"{name}: no such chart"
        raise InputError(msg, hint=f"there are: {', '.join(KINDS)}")
    return KINDS[name]


def _write(made: Chart, out: Path | None, name: str, formats: Sequence[str], root: Path) -> Mapping[str, str]:
    """Write what was wished for; a file's name says its format by itself."""
    contents = {"svg": made.svg.encode(), "png": made.png, "csv": made.csv.encode()}
    if out is not None and out.suffix[1:] in FORMATS:
        paths = {out.suffix[1:]: out}
    else:
        folder = out or root / REPORTS / "charts"
        paths = {each: folder / f"{name}.{each}" for each in FORMATS if each in (formats or FORMATS)}
    for each, path in paths.items():
        write(path, contents[each])
    return {each: str(path) for each, path in paths.items()}


# ------------------------------------------------------------------ over runs


def _of_report(draw: Callable[[Report], Chart | None]) -> Callable[[_Asked], tuple[str, Chart | None]]:
    def drawn(asked: _Asked) -> tuple[str, Chart | None]:
        made = report_of(asked.store, asked.names, asked.root)
        return made.name, draw(made)

    return drawn


def _distribution(asked: _Asked) -> tuple[str, Chart | None]:
    made = report_of(asked.store, asked.names, asked.root)
    _known(asked.dimension, (OVERALL, *made.dimensions))
    name = made.name if asked.dimension == OVERALL else f"{made.name}--{asked.dimension}"
    return name, distribution(made, asked.dimension)


# ------------------------------------------------------------------ over an eval


def _trend(asked: _Asked) -> tuple[str, Chart | None]:
    eval_name = _one_eval(asked)
    arms = stored_arms(asked.store, eval_name, (asked.label, asked.control))
    found = periods([scored(each) for each in arms], control=asked.control)
    if any(period.lines for period in found):
        _known(asked.dimension, tuple(dict.fromkeys(line for period in found for line in period.lines)))
    name = eval_name if asked.dimension == OVERALL else f"{eval_name}--{asked.dimension}"
    return name, trend(found, dimension=asked.dimension, control=asked.control)


def _cost(asked: _Asked) -> tuple[str, Chart | None]:
    """Draw the newest run of each revision and model that asked what the newest of all asked."""
    if len(asked.names) == 1 and Path(asked.names[0]).stem in {row.eval for row in asked.store.list()}:
        eval_name = Path(asked.names[0]).stem
        arms = stored_arms(asked.store, eval_name, (None, ""))
        newest = {(each.label, each.made.manifest.eval.model): each for each in arms}
        return eval_name, cost([each for each in newest.values() if not _differ(arms[-1], each)])
    runs = [find_run(asked.store, name) for name in asked.names]
    arms = [arm(run, jobs(run.manifest, asked.store), asked.store.failures(run.id)) for run in runs]
    for each in arms[1:]:
        if differ := _differ(arms[0], each):
            msg = f"{each.label} and {arms[0].label} differ in {words.listed(differ)}"
            raise InputError(msg, hint="scores that are drawn together may differ in prompt and model alone")
    return "+".join(each.label for each in arms), cost(arms)


def _differ(one: Arm, other: Arm) -> tuple[str, ...]:
    found = changes(ground(one.made.manifest), ground(other.made.manifest))
    return tuple(name for name in found if name != "model")


def _calibration(asked: _Asked) -> tuple[str, Chart | None]:
    """Draw the first grader of the eval that has been calibrated."""
    _one_eval(asked)
    material = load(eval_path(asked.names[0]))
    revision = revisions.find("", agent=Path(material.eval.agent), root=material.root)
    found = calibrations(asked.store, material.manifest(revision))
    return material.name, next((calibration(each) for each in found.values()), None)


def _one_eval(asked: _Asked) -> str:
    if len(asked.names) > 1:
        msg = f"{words.listed(asked.names)}: this chart is of one eval"
        raise InputError(msg, hint="name a file in evals/")
    return eval_path(asked.names[0]).stem


def _known(dimension: str, known: Sequence[str]) -> None:
    if dimension not in known:
        msg = f"--dimension {dimension}: there is no such score"
        raise InputError(msg, hint=f"there are: {words.listed(sorted(known))}")


_RUNS, _TWO, _EVAL = (
    "graded runs",
    "two runs or more with graded cases in common",
    "an eval with finished runs",
)
KINDS: Mapping[str, _Kind] = {
    "forest": _Kind(needs=_TWO, shows="paired differences", draw=_of_report(forest)),
    "scores": _Kind(needs=_RUNS, shows="scores by dimension", draw=_of_report(scores)),
    "heatmap": _Kind(needs=_RUNS, shows="cases by dimension", draw=_of_report(heatmap)),
    "criteria": _Kind(needs=_RUNS, shows="cases by criterion", draw=_of_report(criteria)),
    "distribution": _Kind(needs=_RUNS, shows="attempts by case", draw=_distribution),
    "discrimination": _Kind(
        needs="criteria that six cases or more ask",
        shows="which criteria tell answers apart",
        draw=_of_report(discrimination),
    ),
    "trend": _Kind(needs=_EVAL, shows="scores over time", draw=_trend),
    "cost": _Kind(needs="runs whose answers have a price", shows="scores against what they cost", draw=_cost),
    "calibration": _Kind(
        needs="a calibration, which `harness calibrate` makes",
        shows="how far a grader agrees with labels",
        draw=_calibration,
    ),
}
