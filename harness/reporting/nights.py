"""Nights in words: one sentence for each, and a summary of all as Markdown and as data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from xml.etree import ElementTree as ET

from harness.comparison.attributing import evidence
from harness.records.estimates import OVERALL
from harness.records.nights import (
    BUDGET,
    HOLDS,
    INCOMPLETE,
    INCONCLUSIVE,
    REGRESSION,
    NightResult,
    Regraded,
)
from harness.reporting.untrusted import markdown_code, markdown_text, shortened
from harness.reporting.words import listed, points, signed

STATES: Mapping[int, str] = {
    HOLDS: "holds",
    REGRESSION: "REGRESSION",
    INCONCLUSIVE: "inconclusive",
    INCOMPLETE: "incomplete",
    BUDGET: "over budget",
    2: "not run",
    3: "no access",
}
"""What an exit code means for a night, in a word or two."""

_LONGEST = 2000  # characters of one line
_PRECEDENCE = (2, 3, BUDGET, INCOMPLETE, REGRESSION, INCONCLUSIVE, HOLDS)


def worst(codes: Sequence[int]) -> int:
    """Give the code that a command over several evals ends with."""
    return min(codes, key=_PRECEDENCE.index, default=HOLDS)


def headline(results: Sequence[NightResult], *, untold: bool) -> str:
    """Name the states of a night that are not well, the worst first, whatever the exit code makes of them.

    An inconclusive night that is let pass does not hold for that, and a webhook that is down (`untold`) hides
    no regression.
    """
    codes = {each.code for each in results} - {HOLDS}
    states = [STATES[code] for code in _PRECEDENCE if code in codes] or [STATES[HOLDS]]
    return ", ".join([*states, *(["nobody was told"] if untold else [])])


def sentence(night: NightResult) -> str:
    """Say what a night came to, and why."""
    if night.code == REGRESSION:
        return f"Regression: {' '.join((*_failed(night), *night.alarms))}"
    return f"{STATES[night.code].capitalize()}: {_why(night)}"


def watched(found: Regraded | None) -> str:
    """Say how the sentinels were judged."""
    if found is None:
        return "no sentinels"
    counts = ((found.up, "wrongly met"), (found.down, "wrongly not met"), (found.ungraded, "ungraded"))
    off = ", ".join(f"{count} {what}" for count, what in counts if count)
    return f"{found.met} of {found.items} met{f' ({off})' if off else ''}"


def paragraphs(night: NightResult) -> Sequence[str]:
    """Say the rest of a night, line by line: what moved and why, the baseline, the sentinels, the notes."""
    lines = []
    if night.attribution:
        lines += [night.attribution.words, *map(evidence, night.attribution.evidence)]
        lines += [f"Known: {fact}." for fact in night.attribution.facts]
    lines += [gate.words for gate in night.gates if gate.result != "PASS" and night.code]
    if night.topped_up:
        lines.append(f"Topped up to {night.attempts} attempts a case.")
    return [*lines, *([night.baseline] if night.baseline else []), *night.notes]


def summary(
    night: str, results: Sequence[tuple[NightResult, str]], *, untold: bool, extra: Sequence[str]
) -> str:
    """Write all evals of a night as Markdown; each comes with its report's path, empty for none."""
    state = headline([each for each, _ in results], untold=untold)
    lines = [f"# Night {_text(night)}: {state}", ""]
    lines += ["| eval | | live | against control | sentinels | report |", "|---|---|---:|---:|---|---|"]
    for each, page in results:
        live = each.live.scores.get(OVERALL) if each.live else None
        link = markdown_code(page) if page else ""
        cells = (each.eval, STATES[each.code], points(live), signed(apart(each)), watched(each.sentinels))
        lines.append(f"| {' | '.join(map(_text, cells))} | {link} |")
    for each, _ in results:
        lines += ["", f"## {_text(each.eval)}", "", _text(each.words)]
        lines += ["", *(f"- {_text(line)}" for line in paragraphs(each))]
    if extra:
        lines += ["", *(f"**{_text(line)}**" for line in extra)]
    return "\n".join(lines).rstrip() + "\n"


def data(
    night: str, results: Sequence[tuple[NightResult, str]], *, code: int, untold: bool
) -> dict[str, object]:
    """Give all evals of a night as plain data."""
    state = headline([each for each, _ in results], untold=untold)
    evals = [{**asdict(each), "state": STATES[each.code], "report": page} for each, page in results]
    return {"night": night, "code": code, "state": state, "evals": evals}


def _scores(night: NightResult) -> str:
    live = night.live.scores.get(OVERALL) if night.live else None
    return f"{OVERALL} {points(live)}, {signed(apart(night))} against tonight's control"


def apart(night: NightResult) -> float | None:
    """Give how far tonight's live run lies above its control, in points overall."""
    live = night.live.scores.get(OVERALL) if night.live else None
    control = night.control.scores.get(OVERALL) if night.control else None
    return None if live is None or control is None else live - control


def _why(night: NightResult) -> str:
    failed = f"{listed(night.failed)} failed the gate"
    match night.code, night.confirmation:
        case (4, "not confirmed"):
            why = f"{failed}, and did not fail again on fresh attempts."
        case (4, _):
            even = "even with twice the attempts " if night.topped_up else ""
            why = f"{even}the gate can neither pass nor fail on this evidence ({_scores(night)})."
        case (6, "not affordable"):
            why = f"{failed}, and what is left of the budget does not confirm it."
        case (6, _):
            why = "the rest of this night is to be made; the same command goes on."
        case (5, "incomplete"):
            why = f"{failed}, and too much failed while that was to be confirmed."
        case (5, _):
            why = "too many trials failed or stayed ungraded for any verdict to stand."
        case _:
            why = f"{_scores(night)}."
    return why


def _failed(night: NightResult) -> Sequence[str]:
    if not night.failed:
        return ()
    how = {
        "known": "as an earlier night has confirmed",
        "confirmed": "and again on fresh attempts",
    }.get(night.confirmation, "but not again on fresh attempts")
    return (f"{listed(night.failed)} fell beyond chance against tonight's control, {how}.",)


def _text(words: str) -> str:
    """Keep text that others had a hand in from acting as Markdown."""
    return markdown_text(words, _LONGEST)


def message(results: Sequence[NightResult], *, night: str) -> dict[str, object]:
    """Write what a webhook is told of evals whose state changed: `text` for people, the rest for programs."""
    lines = [f"harness, night {night}:"]
    for each in results:
        lines.append(f"• {each.eval}: {STATES[each.code]}. {each.words}")
        lines += [f"  {each.attribution.words}"] if each.attribution else []
    text = "\n".join(shortened(line, _LONGEST) for line in lines)
    # Slack reads these three as its own marks.
    for mark, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, shown)
    evals = [{"eval": each.eval, "code": each.code, "state": STATES[each.code]} for each in results]
    return {"text": text, "night": night, "evals": evals}


def with_nights(junit: str, results: Sequence[NightResult]) -> str:
    """Add a suite to a JUnit document: a testcase for each eval's night, red as its exit code says."""
    root = ET.fromstring(junit)  # noqa: S314 - written by `harness.reporting.junit` a moment ago
    failures = sum(each.code == REGRESSION for each in results)
    skipped = sum(each.code == INCONCLUSIVE for each in results)
    errors = sum(each.code not in {HOLDS, REGRESSION, INCONCLUSIVE} for each in results)
    counts = {"tests": len(results), "failures": failures, "errors": errors, "skipped": skipped}
    suite = ET.SubElement(root, "testsuite", {"name": "nights", **{k: str(n) for k, n in counts.items()}})
    for each in results:
        case = ET.SubElement(suite, "testcase", classname="nights", name=f"{each.eval}, night {each.night}")
        if each.code != HOLDS:
            tag = {REGRESSION: "failure", INCONCLUSIVE: "skipped"}.get(each.code, "error")
            words = [shortened(line, _LONGEST) for line in (each.words, *paragraphs(each))]
            ET.SubElement(case, tag, message=words[0]).text = "\n".join(words)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(int(root.get(name, "0")) + counts[name]))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
