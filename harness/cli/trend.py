"""`harness trend`: has the score moved over time?"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from harness.assembling import arm, complete
from harness.cli.options import eval_argument, eval_path, json_option, store_option, store_path
from harness.cli.screen import err, out, plain
from harness.comparison.trending import Line, Period, periods, scored, told
from harness.errors import IncompleteError, InputError
from harness.files import root_of
from harness.planning.nights import newest_of_each_draw
from harness.planning.regrading import whole
from harness.records.estimates import OVERALL
from harness.records.results import Arm
from harness.reporting import words
from harness.statistics.trend import ALLOWANCE, DECISION, Side, Step
from harness.store.address import Place
from harness.store.opening import open_store
from harness.store.store import Store

_SHOWN = 30
_SIDES: Mapping[str, tuple[Side, ...]] = {"both": ("down", "up"), "down": ("down",), "up": ("up",)}


@click.command("trend", short_help="Has the score moved over time?")
@eval_argument
@click.option("--label", help="Only runs of the revision with this label.")
@click.option("--control", default="", help="Label of a pinned revision: watch the score minus its own.")
@click.option("--dimension", default=OVERALL, show_default=True, help="Whose nights the table shows.")
@click.option(
    "--side", type=click.Choice([*_SIDES]), default="both", show_default=True, help="Alarms for what."
)
@click.option("--since", default="", metavar="DATE", help="Begin anew there, once a change is acknowledged.")
@store_option
@json_option
def command(  # noqa: PLR0913 - one for each option
    name: str,
    *,
    label: str | None,
    control: str,
    dimension: str,
    side: str,
    since: str,
    store: Place | None,
    as_json: bool,
) -> int:
    """See the score of an eval's stored runs in order of time, and whether it has moved.

    Each run is held against all runs before it (a self-starting CUSUM), on every dimension; an alarm names
    the day the change most likely began. Where cases, rubrics, the deciding grader or the model changed,
    scores are not comparable: a new period begins. Alarms change no exit code.
    """
    eval_name = eval_path(name).stem
    root = root_of(Path.cwd())
    with open_store(store_path(store, root), create=False) as opened:
        arms = stored_arms(opened, eval_name, (label, control))
    found = periods(
        [each for each in map(scored, arms) if each.at >= since], control=control, sides=_SIDES[side]
    )
    if not any(period.lines for period in found):
        msg = f"{eval_name}: no finished run to show" + (" with a control of the same day" if control else "")
        raise IncompleteError(msg, hint="`harness list` shows the runs that are stored")
    known = {each for period in found for each in period.lines}
    if dimension not in known:
        msg = f"--dimension {dimension}: there is no such score"
        raise InputError(msg, hint=f"there are: {words.listed(sorted(known))}")
    if as_json:
        click.echo(json.dumps(_data(eval_name, control, found), indent=2, ensure_ascii=False))
        return 0
    _show(out(), found, dimension, control)
    if several := _mixed(found, label, control):
        out().print(plain(several), style="dim")
    return 0


def stored_arms(store: Store, eval_name: str, labels: tuple[str | None, str]) -> list[Arm]:
    """Read the finished runs back.

    A run with more missing than its eval allows is named and left out, and so is one that stopped early: its
    score is over other cases.
    """
    label, control = labels
    rows = [
        row
        for row in store.list()
        if row.eval == eval_name and (label is None or row.label in {label, control})
    ]
    for row in rows:
        if row.stopped:
            err().print(plain(f"{row.id} ({row.label}) left out: {row.stopped}"), style="dim")
    runs = newest_of_each_draw([store.load(row.id) for row in rows if row.finished_at])
    arms = [arm(run, whole(run.manifest, store), store.failures(run.id)) for run in runs]
    for each in arms:
        if not complete([each]):
            missing = f"{each.made.id} ({each.label}) left out: too many of its trials failed or are ungraded"
            err().print(plain(missing), style="dim")
    return [each for each in arms if complete([each])]


def _show(console: Console, found: Sequence[Period], dimension: str, control: str) -> None:
    series = [
        [step.night.value for step in period.lines[dimension].steps]
        for period in found
        if dimension in period.lines
    ]
    drawn = "│".join(words.sparkline(values) for values in series)
    what = f"{dimension} minus {control}" if control else dimension
    console.print(plain(f"{what}, {words.many(sum(map(len, series)), 'run')}: {drawn}"), style="bold")
    console.print(_table(found, dimension))
    console.print(
        plain(
            f"off: how far from all runs before it, in standard deviations; down and up: what adds up beyond "
            f"{ALLOWANCE:g} a run, an alarm above {DECISION:g}"
        ),
        style="dim",
    )
    raised = [
        told(name, alarm) for period in found for name, line in period.lines.items() for alarm in line.alarms
    ]
    for sentence in raised:
        console.print(plain(f"! {sentence}"), style="bold yellow")
    if not raised:
        console.print(_calm(found))


def _mixed(found: Sequence[Period], label: str | None, control: str) -> str:
    """Say that one line holds several revisions, which may be meant: a prompt as it changes over time."""
    names = sorted({run.label for period in found for run in period.runs})
    if label is not None or control or len(names) < 2:
        return ""
    return f"This is one line over runs of {words.listed(names)}; --label watches one of them."


def _calm(found: Sequence[Period]) -> str:
    longest = max(len(line.steps) for period in found for line in period.lines.values())
    few = " With so few runs only a large change would raise one." if longest < 10 else ""
    return f"No alarm.{few}"


def _table(found: Sequence[Period], dimension: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("run", "revision", "score", "off", "down", "up", ""):
        right = name in {"score", "off", "down", "up"}
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "revision")
    rows = [row for period in found if dimension in period.lines for row in _rows(period, dimension)]
    if len(rows) > _SHOWN:
        table.add_row("…", plain(f"{len(rows) - _SHOWN} earlier"), "", "", "", "", "")
    for row in rows[-_SHOWN:]:
        table.add_row(*(plain(cell) for cell in row))
    return table


def _rows(period: Period, dimension: str) -> list[tuple[str, ...]]:
    line = period.lines[dimension]
    labels = {run.at: run.label for run in period.runs}
    rows = [_row(step, labels.get(step.night.at, ""), line) for step in line.steps]
    if not period.broke:
        return rows
    changed = f"{words.listed(period.broke)} changed: a new period begins"
    return [("", changed, "", "", "", "", ""), *rows]


def _row(step: Step, label: str, line: Line) -> tuple[str, ...]:
    at = step.night.at
    marks = [f"! alarm, {alarm.side}" for alarm in line.alarms if alarm.raised == at]
    marks += ["← change began" for alarm in line.alarms if alarm.changed == at]
    return (
        at[:16].replace("T", " "),
        label,
        words.points(step.night.value),
        words.signed(step.q),
        words.points(step.down),
        words.points(step.up),
        ", ".join(marks),
    )


def _data(eval_name: str, control: str, found: Sequence[Period]) -> dict[str, object]:
    return {
        "eval": eval_name,
        "control": control,
        "allowance": ALLOWANCE,
        "decision": DECISION,
        "periods": [asdict(period) for period in found],
    }
