"""`harness label`: a person labels answers, one criterion at a time."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from harness import revisions
from harness.cli.options import eval_argument, eval_path, store_option, store_path
from harness.cli.screen import out, plain
from harness.errors import IncompleteError, InputError
from harness.files import append_line, is_file, read_text, shown
from harness.grading.judging import locate
from harness.grading.labels import read_labels
from harness.labelling import Question, label, questions
from harness.models.recorded import read_recorded
from harness.parsing.reading import to_json
from harness.project import Material, load
from harness.records.calibrations import Sample
from harness.reporting.words import many
from harness.samples import samples
from harness.store.address import Place
from harness.store.opening import open_store

_NAME = re.compile(r"[\w.-]+")
_HELP = "y met · n not met · s skip · a show the answer again · q stop"


class _Stopped(Exception):  # noqa: N818 - not a fault: the person has had enough
    """The person wants to stop."""


@click.command("label", short_help="Label answers by hand.")
@eval_argument
@click.option("--annotator", required=True, help="Your name in the labels file, one word.")
@click.option(
    "--to", "target", default="", help="Labels file; default: datasets/labels/EVAL-ANNOTATOR.jsonl."
)
@click.option("--answers", "answers_file", default="", help="Recorded answers to label, besides stored ones.")
@click.option("--general", is_flag=True, help="Only the rubrics' criteria, not those of single cases.")
@store_option
def command(
    name: str, annotator: str, target: str, answers_file: str, *, general: bool, store: Place | None
) -> int:
    """Label answers of an eval, blind: the answer, one criterion, yes or no, and the words that show it.

    Neither the revision nor any grader's verdict is shown, and the order says nothing. Each label is on disk
    at once; the same command goes on where you stopped. `harness calibrate EVAL --labels FILE` then holds a
    grader to them.
    """
    if not _NAME.fullmatch(annotator):
        msg = f"--annotator must be one word of letters, digits, dots and dashes, got {annotator!r}"
        raise InputError(msg)
    path = eval_path(name)
    material = load(path)
    file = (
        Path(target) if target else material.root / "datasets" / "labels" / f"{path.stem}-{annotator}.jsonl"
    )
    there = read_labels(read_text(file), source=shown(file, material.root)).by_key if is_file(file) else {}
    groups = questions(
        _samples(material, answers_file, store_path(store, material.root)),
        material.rubrics,
        general=general,
        done=there.keys(),
    )
    left = sum(map(len, groups))
    console = out()
    console.print(
        f"{len(there):,} labelled, {left:,} left on {many(len(groups), 'answer')}. {_HELP}", style="dim"
    )
    made = _sit(console, groups, file, annotator)
    console.print(
        f"{many(made, 'label')} added to {shown(file, material.root)}, {left - made:,} left.", style="dim"
    )
    return 0


def _samples(material: Material, answers_file: str, store: Place) -> Sequence[Sample]:
    recorded = material.recorded
    if answers_file:
        recorded = read_recorded(read_text(Path(answers_file)), source=answers_file)
    manifest = material.manifest(revisions.find("", agent=Path(material.eval.agent), root=material.root))
    with open_store(store) as opened:
        found = tuple(samples(manifest, recorded, opened))
    if not found:
        msg = f"{material.name}: there is no answer to label"
        raise IncompleteError(
            msg, hint=f"`harness run {material.name}` makes some, --answers FILE names some"
        )
    return found


def _sit(console: Console, groups: Sequence[Sequence[Question]], file: Path, annotator: str) -> int:
    """Ask one question after the other until there is none left or the person stops; count the labels."""
    made = 0
    try:
        for number, group in enumerate(groups, 1):
            _show_answer(console, group[0], f"answer {number} of {len(groups)}")
            for place, asked in enumerate(group, 1):
                said = _ask(console, asked, f"{place} of {len(group)}")
                if said is not None:
                    met, quote = said
                    append_line(file, to_json(label(asked, met=met, quote=quote, annotator=annotator)))
                    made += 1
    except _Stopped:
        console.print()
    return made


def _show_answer(console: Console, asked: Question, title: str) -> None:
    console.print()
    console.print(Panel(plain(asked.case.question.strip()), title="asked", title_align="left"))
    console.print(Panel(plain(asked.answer.strip()), title=title, title_align="left"))


def _ask(console: Console, asked: Question, place: str) -> tuple[bool, str] | None:
    """Ask for a verdict and its evidence; `None` for a criterion that is skipped."""
    console.print()
    console.print(
        Text.assemble((f"{place}  ", "dim"), (asked.dimension, "bold"), "  "), plain(asked.criterion.text)
    )
    while True:
        match _typed("met? [y/n/s/a/q] ").lower():
            case "y" | "yes":
                return True, _quote(console, asked)
            case "n" | "no":
                return False, ""
            case "s":
                return None
            case "a":
                _show_answer(console, asked, "the answer")
            case "q":
                raise _Stopped
            case _:
                console.print(_HELP, style="dim")


def _quote(console: Console, asked: Question) -> str:
    """Ask for the words of the answer that show it, until they are found there or none are given."""
    if asked.criterion.evidence == "absence":
        return ""
    while True:
        quote = _typed("which words of the answer show it? (Enter: none) ")
        if not quote or locate(quote, asked.answer):
            return quote
        console.print("these words do not stand in the answer", style="yellow")


def _typed(prompt: str) -> str:
    """Read a line; its end, like a closed terminal, stops the sitting."""
    click.echo(prompt, nl=False)
    line = sys.stdin.readline() if sys.stdin else ""
    if not line:
        raise _Stopped
    return line.strip()
