"""`harness calibrate`: how far a grader agrees with labelled answers."""

import json
from dataclasses import replace
from pathlib import Path

import click

from harness import revisions
from harness.calibrating import Bench, calibration, found, work
from harness.cli.attacked import attack, show_attacks
from harness.cli.calibrated import show_calibration
from harness.cli.carrying import afford, paced, session_for
from harness.cli.options import Wishes, eval_argument, eval_path, json_option, wishes_options
from harness.cli.printing import print_json
from harness.cli.screen import Meter, err, out
from harness.cli.stopping import until_stopped
from harness.errors import BudgetError, InputError
from harness.files import is_file, read_text, shown
from harness.grading.labels import Labels, read_labels
from harness.models.recorded import Recorded, read_recorded
from harness.parsing.reading import to_json
from harness.planning.plan import Plan
from harness.project import Material, load
from harness.records.calibrations import Calibration
from harness.records.inputs import GraderSpec
from harness.reporting.words import dollars, listed, many
from harness.samples import samples
from harness.session import Session


@click.command("calibrate", short_help="How far a grader agrees with labels.")
@eval_argument
@click.option("--grader", "kind", default="", help="Which grader; default: the first that names labels.")
@click.option("--labels", "labels_file", default="", help="Labels file, in place of the grader's own.")
@click.option(
    "--answers",
    "answers_file",
    default="",
    help="Recorded answers that the labels are about; default: those of the eval, else the file of the "
    "same name in datasets/recorded/.",
)
@click.option("--wrong", default=5, show_default=True, help="How many wrong verdicts to print.")
@click.option(
    "--attacks", is_flag=True, help="Try answers that want to talk the judge round instead of labelled ones."
)
@click.option("--all", "every", is_flag=True, help="Print the criteria of single cases too.")
@wishes_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    name: str,
    kind: str,
    labels_file: str,
    answers_file: str,
    wrong: int,
    *,
    attacks: bool,
    every: bool,
    as_json: bool,
    wishes: Wishes,
) -> int:
    """Measure how far a grader agrees with labelled answers, and store it for reports to quote.

    Graded are the labelled answers that are recorded or stored; verdicts that are stored are not made
    again. A gate trusts a grader with an alpha of 0.80, tentatively from 0.667, and below or without a
    calibration only if the eval says `gate.allow_uncalibrated: true`.

    With --attacks the eval's judge is asked about the attacks that ship with the harness, none of which meets
    the criterion; the exit code is 1 if one is believed to.
    """
    if wishes.batch:
        msg = "calibrate asks its calls one at a time, not by batches"
        raise InputError(msg, hint="leave --batch out; it is for run and compare")
    if attacks:
        return _attack(load(eval_path(name)), wishes, as_json=as_json)
    material = paced(load(eval_path(name)), wishes)
    spec = _spec(material, kind, labels_file)
    labels = labels_beside(material, spec, labels_file)
    recorded = recorded_beside(material, spec.labels, answers_file)
    spec = replace(spec, in_sample=spec.in_sample and _seen(material, labels))
    material = replace(
        material,
        eval=replace(material.eval, graders=(spec,)),
        labels={spec.labels: labels, **material.labels},
    )
    with session_for(material, wishes) as at_work:
        made = _measure(at_work, labels, recorded, wishes)
    if isinstance(made, Plan):
        if as_json:
            print_json(json.loads(to_json((made,))))
    elif as_json:
        print_json(json.loads(to_json(made)))
    else:
        show_calibration(out(), made, wrong=wrong, every=every)
    return 0


def _attack(material: Material, wishes: Wishes, *, as_json: bool) -> int:
    found = attack(material, wishes)
    if as_json:
        print_json(json.loads(to_json((found,) if isinstance(found, Plan) else found)))
    elif not isinstance(found, Plan):
        judges = (model.name for spec in material.eval.graders for model in spec.judges)
        show_attacks(out(), found, listed(list(judges)))
    return int(not isinstance(found, Plan) and any(each.stand == "fooled" for each in found))


def _measure(
    at_work: Session, labels: Labels, recorded: Recorded | None, wishes: Wishes
) -> Calibration | Plan:
    """Grade what is not graded yet, measure, and keep the calibration; the plan if that is all."""
    material, console = at_work.material, err()
    agent = Path(material.eval.agent)
    bench = Bench(material.manifest(revisions.find("", agent=agent, root=material.root)), labels)
    taken = found(samples(bench.manifest, recorded, at_work.store), labels)
    asked = work(bench, taken, at_work.shelf)
    missing = [job for _, job in asked if not job.done]
    plan = at_work.plan_of(bench.manifest, [job for _, job in asked])
    if plan.calls or wishes.plan_only:
        console.print(_plan_line(plan, len(asked)))
    if wishes.plan_only:
        return plan
    afford([plan], material, wishes)
    at_work.unlock([plan])
    meter = Meter(console, len(missing), at_work.traffic)
    if missing:
        with meter.running():
            until_stopped(at_work.grade(bench.manifest, missing, meter.watch))
        meter.conclude()
    if meter.left:  # a calibration on the answers that happened to come first is none
        msg = f"the budget is reached: {many(meter.left, 'verdict')} to make before anything is measured"
        raise BudgetError(msg, hint="what was made is kept; the same command goes on from there")
    (spec,) = material.eval.graders
    graded = work(bench, taken, at_work.shelf)
    made = calibration(bench, graded, in_sample=spec.in_sample, at=at_work.at())
    at_work.store.keep_calibration(made)
    return made


def _plan_line(plan: Plan, answers: int) -> str:
    """Say what is stored and what grading the rest would cost."""
    (*_, part) = plan.parts
    cost = f", about {dollars(plan.cost)}; {part.basis}" if plan.calls else ""
    return f"{answers} labelled answers: {part.stored:,} verdicts stored, {part.to_make:,} to make{cost}"


def _spec(material: Material, kind: str, labels_file: str) -> GraderSpec:
    """Choose the grader: the one of that kind, else the first that can be measured."""
    specs = [spec for spec in material.eval.graders if spec.kind != "labels"]
    chosen = [spec for spec in specs if spec.kind == kind] if kind else specs
    if not chosen:
        there = ", ".join(spec.kind for spec in specs) or "none but labels, which are what others are held to"
        msg = f"{material.name}: no grader {kind or 'to measure'}"
        raise InputError(msg, hint=f"its graders are: {there}")
    with_labels = [spec for spec in chosen if spec.labels]
    if not with_labels and not labels_file:
        msg = f"{material.name}: grader {chosen[0].kind} names no labels to be measured against"
        raise InputError(msg, hint="add `labels: datasets/labels/NAME.jsonl` to it, or use --labels FILE")
    spec = (with_labels or chosen)[0]
    if not labels_file:
        return spec
    return replace(spec, labels=shown(Path(labels_file), material.root))


def labels_beside(material: Material, spec: GraderSpec, labels_file: str) -> Labels:
    """Read a grader's labels, or those in a file of their own."""
    if not labels_file and spec.labels in material.labels:
        return material.labels[spec.labels]
    return read_labels(read_text(Path(labels_file), name=spec.labels), source=spec.labels)


def _seen(material: Material, labels: Labels) -> bool:
    """Say whether labels are on answers that the eval's own labels are on, which the grader's writer saw."""
    own = {place[0] for known in material.labels.values() for place in known.by_key}
    return any(place[0] in own for place in labels.by_key)


def recorded_beside(material: Material, labels: str, answers_file: str) -> Recorded | None:
    """Read the recorded answers that labels are about: a file's, the eval's, or the labels' namesake's.

    Those that a run stored are found without.
    """
    namesake = material.root / "datasets" / "recorded" / Path(labels).name
    if not answers_file and (material.recorded is not None or not is_file(namesake)):
        return material.recorded
    path = Path(answers_file) if answers_file else namesake
    name = shown(path, material.root)
    return read_recorded(read_text(path, name=name), source=name)
