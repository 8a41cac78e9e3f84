"""`harness sentinels`: freeze labelled answers, to be judged afresh every night."""

from collections.abc import Iterator
from pathlib import Path

import click

from harness import revisions
from harness.cli.calibrate import labels_beside, recorded_beside
from harness.cli.options import eval_argument, eval_path, store_option, store_path
from harness.cli.screen import err, plain
from harness.errors import InputError
from harness.files import append_line
from harness.grading.labels import Labels
from harness.grading.scoring import criteria_of
from harness.parsing.reading import to_json
from harness.planning.nights import frozen
from harness.project import Material, load
from harness.records.calibrations import Sample
from harness.records.nights import Sentinel
from harness.reporting.words import many
from harness.samples import samples
from harness.store.address import Place
from harness.store.opening import open_store


@click.command("sentinels", short_help="Freeze labelled answers, to be judged afresh every night.")
@eval_argument
@click.option(
    "--count", type=click.IntRange(2), default=20, show_default=True, help="How many; half are met."
)
@click.option("--out", type=click.Path(path_type=Path), help="Add them to this file; default: print them.")
@store_option
def command(name: str, count: int, out: Path | None, *, store: Place | None) -> int:
    """Freeze labelled answers of an eval as sentinels: half of them met, spread over criteria and answers.

    Name the file in the eval, `sentinels` under `nightly`. Each sentinel holds all that the judge sees, so
    that an edited rubric or dataset leaves it as it is. Nothing is asked of any model.
    """
    material = load(eval_path(name))
    spec = next((spec for spec in material.eval.graders if spec.labels), None)
    if spec is None:
        msg = f"{material.name}: no grader names labels, and a sentinel needs a verdict that is known"
        raise InputError(msg, hint="add `labels: datasets/labels/NAME.jsonl` to a grader")
    labels = labels_beside(material, spec, "")
    manifest = material.manifest(revisions.find("", agent=Path(material.eval.agent), root=material.root))
    with open_store(store_path(store, material.root)) as opened:
        known = samples(manifest, recorded_beside(material, spec.labels, ""), opened)
        chosen = frozen([each for sample in known for each in _labelled(material, sample, labels)], count)
    if len(chosen) < count:
        msg = f"{material.name}: {many(count, 'sentinel')} need {count // 2} labels of each kind, met and not"
        raise InputError(msg, hint="label more answers with `harness label`, or ask for fewer with --count")
    for each in chosen:
        if out:
            append_line(out, to_json(each))
        else:
            click.echo(to_json(each))
    err().print(plain(f"{many(len(chosen), 'sentinel')}, {sum(each.met for each in chosen)} of them met"))
    return 0


def _labelled(material: Material, sample: Sample, labels: Labels) -> Iterator[Sentinel]:
    for dimension, criterion in criteria_of(sample.case, material.rubrics):
        label = labels.find(sample.answer.text, dimension, criterion.id)
        if label is not None and not criterion.checks:
            yield Sentinel(
                id=f"{sample.name}/{criterion.id}",
                question=sample.case.question,
                answer=sample.answer.text,
                dimension=dimension,
                criterion=criterion,
                met=label.met,
                guidance=sample.case.guidance,
                reference=sample.case.reference,
            )
