"""`harness signals try`: what a criterion's signals see in an answer."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from harness.cli.options import json_option
from harness.cli.printing import print_json
from harness.cli.screen import out, plain
from harness.errors import InputError
from harness.files import read_text
from harness.grading.tracing import CriterionSeen, Occurrence, PhraseSeen, SignalSeen, trace
from harness.parsing.reading import read, to_json
from harness.parsing.yamltext import parse
from harness.records.inputs import Case, Criterion, Dataset, Rubric
from harness.reporting.untrusted import shortened, visible
from harness.reporting.words import many

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
_PLACES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Asked:
    """The criteria to try, by dimension, and the question that they belong to."""

    criteria: tuple[tuple[str, Criterion], ...]
    question: str


@click.group("signals", short_help="Try signals on an answer.")
def command() -> None:
    """Work on the phrases that the free grader looks for."""


@command.command("try", short_help="What matched where.")
@click.argument("rubric", type=click.Path(path_type=Path))
@click.argument("answer", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--case", "case_id", default="", help="Which case of a dataset.")
@click.option("--criterion", "only", default="", help="One criterion alone, with all that its signals saw.")
@click.option("--question", default="", help="The user's message, for {asked} and {addition} in a rubric.")
@json_option
def try_(rubric: Path, answer: Path, case_id: str, only: str, question: str, *, as_json: bool) -> int:
    """Show what matched where: for each criterion the signal, the words and the sentence.

    RUBRIC is a rubric, or a dataset with --case. ANSWER is a text file, or - for standard input. A criterion
    that is not met shows its nearest signal: which phrases occur, which do not, and what spoke against them.
    """
    asked = _asked(rubric, case_id, question)
    text = sys.stdin.read() if str(answer) == "-" else read_text(answer)
    chosen = [pair for pair in asked.criteria if only in {"", pair[1].id}]
    if not chosen:
        known = ", ".join(criterion.id for _, criterion in asked.criteria)
        msg = f"{rubric}: no criterion {only!r}"
        raise InputError(msg, hint=f"it has {known}")
    seen = [trace(each, question=asked.question, answer=text, dimension=name) for name, each in chosen]
    if as_json:
        print_json(json.loads(to_json(tuple(seen))))
        return 0
    console = out()
    for each in seen:
        _show(console, each, everything=bool(only))
    met = sum(each.verdict.met is True for each in seen)
    console.print(f"{met} of {len(seen)} met", style="dim")
    if not asked.question and any(_needs_question(criterion) for _, criterion in chosen):
        console.print(
            "no --question given: {asked} stands for nothing, {addition} for any name", style="yellow"
        )
    return 0


def _asked(path: Path, case_id: str, question: str) -> _Asked:
    """Read the criteria of a rubric, or of one case of a dataset."""
    text = read_text(path)
    if not isinstance(parse(text).value, list):
        rubric = read(Rubric, text, source=str(path))
        return _Asked(tuple((rubric.dimension, criterion) for criterion in rubric.criteria), question)
    case = _case(read(Dataset, text, source=str(path)), path, case_id)
    criteria = ((name, criterion) for name, found in case.criteria.items() for criterion in found)
    return _Asked(tuple(criteria), question or case.question)


def _case(cases: Dataset, path: Path, case_id: str) -> Case:
    found = [case for case in cases if case.id == case_id] if case_id else list(cases)
    if len(found) == 1:
        return found[0]
    msg = f"{path}: no case {case_id!r}" if case_id else f"{path}: a dataset of {len(cases)} cases"
    raise InputError(msg, hint=f"name one with --case: {', '.join(case.id for case in cases[:20])}")


def _needs_question(criterion: Criterion) -> bool:
    phrases = (phrase for signal in criterion.signals for phrase in (*signal.all, *signal.unless))
    return any("{asked}" in phrase or "{addition}" in phrase for phrase in phrases)


def _show(console: Console, seen: CriterionSeen, *, everything: bool) -> None:
    mark, style = _MARKS[seen.verdict.met]
    head = Text(f"{mark} ", style=style).append(visible(seen.criterion), style="bold")
    console.print(head.append(f"  {shortened(seen.text, 200)}", style="dim"))
    if not seen.signals:
        console.print("   no signals declared", style="yellow")
    for signal in seen.signals if everything else _worth(seen.signals):
        _show_signal(console, signal)
    console.print()


def _worth(signals: Sequence[SignalSeen]) -> Iterator[SignalSeen]:
    """Give the first signal that matched; else the nearest, if any phrase of it occurs."""
    matched = next((signal for signal in signals if signal.quote), None)
    nearest = max(signals, key=lambda signal: signal.nearness, default=None)
    chosen = matched or nearest
    if chosen is not None and (chosen.quote or chosen.nearness):
        yield chosen


def _show_signal(console: Console, signal: SignalSeen) -> None:
    became = "matches" if signal.quote else signal.why
    console.print(plain(f"   signal {signal.number}: {became}"), style="green" if signal.quote else "yellow")
    for number, phrase in enumerate(signal.phrases):
        places = phrase.occurrences
        if signal.matched:
            said, quote = signal.matched[number], signal.quote
            places = (
                tuple(p for p in phrase.counting if p.words == said and p.sentence in quote)[:1] or places
            )
        _show_phrase(console, phrase, places, taken=bool(signal.matched))
    for phrase in signal.unless:
        console.print(plain(f"     unless “{shortened(phrase.phrase, 60)}” occurs:"), style="dim")
        for place in phrase.occurrences[:_PLACES_SHOWN]:
            console.print(Text("       ").append_text(_highlighted(place)))


def _show_phrase(console: Console, phrase: PhraseSeen, places: Sequence[Occurrence], *, taken: bool) -> None:
    """Print a phrase with the place that was taken, or with the first few and what speaks against them."""
    name = shortened(phrase.phrase, 60)
    if not places:
        console.print(plain(f"     – “{name}” does not occur"), style="dim")
        return
    shown = places[: 1 if taken else _PLACES_SHOWN]
    more = len(places) - len(shown)
    left = f", and {many(more, 'place')} more" if more and not taken else ""
    console.print(plain(f"     + “{name}”{left}"), style="dim")
    for place in shown:
        line = Text("       ").append_text(_highlighted(place))
        console.print(line.append(f"  ({place.against})", style="yellow") if place.against else line)


def _highlighted(place: Occurrence) -> Text:
    """Cut the sentence around the words and set them off, also where there is no colour."""
    before, after = place.sentence[: place.start], place.sentence[place.end :]
    start = "…" + visible(before[-80:]) if len(before) > 80 else visible(before)
    end = visible(after[:80]) + "…" if len(after) > 80 else visible(after)
    line = Text(" ".join(start.split()) + (" " if start[-1:].isspace() else ""))
    line.append(f"«{shortened(place.words, 80)}»", style="bold reverse")
    return line.append((" " if end[:1].isspace() else "") + " ".join(end.split()))
