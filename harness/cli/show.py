"""`harness show`: one case as it was answered and graded, two runs side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.assembling import arm
from harness.cli.finding import find_run
from harness.cli.options import json_option, store_option, store_path
from harness.cli.printing import print_json
from harness.cli.screen import out, plain
from harness.errors import InputError
from harness.files import root_of
from harness.grading.scoring import criteria_of
from harness.planning.regrading import whole
from harness.records.inputs import Case, Criterion
from harness.records.outcomes import Failed, Outcome, Verdict
from harness.records.results import Arm
from harness.reporting import words
from harness.reporting.untrusted import shortened
from harness.store.address import Place
from harness.store.opening import open_store

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
_TWO = 2


@click.command("show", short_help="Read one case.")
@click.argument("names", nargs=-1, required=True, metavar="RUN [RUN] CASE")
@click.option("--attempt", default=1, show_default=True, help="Which attempt.")
@store_option
@json_option
def command(names: tuple[str, ...], *, attempt: int, store: Place | None, as_json: bool) -> int:
    """Read one case: what was asked, what was answered, each verdict with its evidence.

    RUN is an id from `harness list`, its beginning, or a revision's label (its newest run). With two runs
    the answers stand side by side.
    """
    *runs, case_id = names
    if len(runs) not in {1, _TWO}:
        msg = "give one run or two, then the case"
        raise click.UsageError(msg)
    with open_store(store_path(store, root_of(Path.cwd())), create=False) as opened:
        found = [find_run(opened, name) for name in runs]
        arms = [arm(run, whole(run.manifest, opened), opened.failures(run.id)) for run in found]
    case = _case(arms[0], case_id)
    if as_json:
        picked = {a.label: {g: asdict(_outcome(a, g, case.id, attempt)) for g in a.outcomes} for a in arms}
        print_json({"case": asdict(case), "runs": picked})
        return 0
    _show(out(), case, arms, attempt)
    return 0


def _case(of_run: Arm, name: str) -> Case:
    cases = of_run.made.manifest.cases
    found = next((case for case in cases if case.id == name), None)
    if found is None:
        msg = f"{name}: run {of_run.made.id} has no such case"
        raise InputError(msg, hint=f"it has {', '.join(case.id for case in cases[:20])}")
    return found


def _outcome(of_run: Arm, grader: str, case: str, attempt: int) -> Outcome:
    for outcome in of_run.outcomes[grader]:
        if (outcome.trial.case, outcome.trial.attempt) == (case, attempt):
            return outcome
    attempts = of_run.made.manifest.eval.attempts
    msg = f"run {of_run.made.id} has no attempt {attempt} at {case}"
    raise InputError(msg, hint=f"attempts go from 1 to {attempts}")


def _show(console: Console, case: Case, arms: Sequence[Arm], attempt: int) -> None:
    manifest = arms[0].made.manifest
    graders = [i.kind for i in manifest.graders if all(i.kind in of_run.outcomes for of_run in arms)]
    if not graders:
        msg = "these runs have no grader in common"
        raise InputError(msg, hint="show them one by one")
    found = [[_outcome(of_run, grader, case.id, attempt) for grader in graders] for of_run in arms]
    console.print(Panel(plain(case.question.strip()), title=plain(case.title or case.id), title_align="left"))
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in arms:
        grid.add_column(ratio=1)
    grid.add_row(*(_answer(of_run, outcomes[0]) for of_run, outcomes in zip(arms, found, strict=True)))
    console.print(grid)
    others = f"; {', '.join(graders[1:])} only where they differ" if graders[1:] else ""
    console.print(Text(f"by {graders[0]}{others}", style="bold"))
    for dimension, criteria in _criteria(arms, case.id).items():
        console.print(_verdicts(dimension, criteria, [arm.label for arm in arms], found))


def _criteria(arms: Sequence[Arm], case: str) -> Mapping[str, Sequence[Criterion]]:
    """Collect what any of the runs asked of this case: rubrics may have changed between them."""
    found: dict[str, dict[str, Criterion]] = {}
    for of_run in arms:
        manifest = of_run.made.manifest
        of_case = [each for each in manifest.cases if each.id == case]
        for dimension, criterion in (
            pair for each in of_case for pair in criteria_of(each, manifest.rubrics)
        ):
            found.setdefault(dimension, {}).setdefault(criterion.id, criterion)
    return {dimension: tuple(criteria.values()) for dimension, criteria in found.items()}


def _answer(of_run: Arm, outcome: Outcome) -> RenderableType:
    if isinstance(outcome, Failed):
        body = plain(f"no answer: {outcome.message}" + (f"\nhint: {outcome.hint}" if outcome.hint else ""))
        return Panel(body, title=plain(of_run.label), title_align="left", border_style="red")
    answer = outcome.answer
    facts = [f"{answer.words:,} words", answer.stop_reason, words.dollars(answer.cost)]
    return Panel(
        plain(answer.text.strip()),
        title=plain(of_run.label),
        title_align="left",
        subtitle=plain(" · ".join(facts)),
        subtitle_align="left",
    )


def _verdicts(
    dimension: str, criteria: Sequence[Criterion], labels: Sequence[str], found: Sequence[Sequence[Outcome]]
) -> Table:
    """One row per criterion, one column per run; `found` holds each run's outcomes, the decider's first."""
    table = Table(box=None, expand=True, padding=(0, 1), show_edge=False)
    table.add_column(Text(dimension, style="bold"), ratio=2)
    table.add_column("points", justify="right")
    for label, outcomes in zip(labels, found, strict=True):
        table.add_column(plain(f"{label} {_score(outcomes[0], dimension)}"), ratio=3)
    for criterion in criteria:
        cells = (_cell(outcomes, dimension, criterion.id) for outcomes in found)
        table.add_row(plain(criterion.text), f"{criterion.points:+g}", *cells)
    return table


def _score(outcome: Outcome, dimension: str) -> str:
    scores = {} if isinstance(outcome, Failed) else outcome.scores
    return words.points(scores[dimension].value * 100) if dimension in scores else "not graded"


def _cell(outcomes: Sequence[Outcome], dimension: str, criterion: str) -> Text:
    """Give the deciding grader's verdict with its evidence, and whoever says otherwise."""
    if isinstance(outcomes[0], Failed):
        return Text("–", style="dim")
    first, *others = (_verdict(outcome, dimension, criterion) for outcome in outcomes)
    if first is None:
        return Text("– not asked", style="dim")
    text = _evidence(first)
    for other in others:
        if other is not None and other.met is not first.met:
            text.append_text(Text(" · differs: ", style="yellow")).append_text(_evidence(other))
    return text


def _verdict(outcome: Outcome, dimension: str, criterion: str) -> Verdict | None:
    verdicts = () if isinstance(outcome, Failed) else outcome.verdicts
    return next((v for v in verdicts if (v.dimension, v.criterion) == (dimension, criterion)), None)


def _evidence(verdict: Verdict) -> Text:
    mark, style = _MARKS[verdict.met]
    text = Text(f"{mark} ", style=style)
    if verdict.met and verdict.quote:
        text.append_text(Text(f"“{shortened(verdict.quote, 160)}”", style="italic"))
    else:
        text.append_text(Text(shortened(verdict.reason, 160), style="dim"))
    polled = words.behind(verdict)
    return text.append_text(Text(f" ({shortened(polled, 80)})", style="dim")) if polled else text
