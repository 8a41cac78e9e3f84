"""Reports as JUnit XML, which GitLab, Jenkins and most GitHub actions show beside the tests.

What is red is what the exit code says and nothing else: a gate that is not met is a failure, a run that
cannot be counted is an error. A case that scored lower is no regression by itself, so cases pass and tell
their scores; what was not graded is skipped, and so is a gate that could not decide.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from harness.assembling import complete
from harness.records.comparisons import Comparison, Flip, GateResult
from harness.records.estimates import OVERALL
from harness.records.outcomes import Failed, Outcome, Ungraded
from harness.records.record import Record
from harness.records.results import Arm, Report
from harness.reporting import selection, words
from harness.reporting.untrusted import shortened, visible

_ILLEGAL = re.compile("[\ufffe\uffff]")  # the only two that XML 1.0 forbids and `visible` lets through
_LINE = 400
_FLIPS_SHOWN = 5


def junit(reports: Sequence[Report]) -> str:
    """Give reports as one JUnit document: a suite for each candidate, or for a single run.

    A case of a dimension is a testcase, and so is each gate; the gates' result is a property of the suite
    too. There is a failure where `exit_code` says 1, and an error where it says 5.
    """
    root = ET.Element("testsuites", name="harness")
    for report in reports:
        for suite in _suites(report):
            root.append(_counted(ET.Element("testsuite", name=suite.name), suite))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suite(Record):
    """One arm that is tested, and what it was compared with. `several` says that it is not the only one."""

    report: Report
    arm: Arm
    comparison: Comparison | None = None
    several: bool = False

    @property
    def name(self) -> str:
        if self.comparison is None:
            return _line(f"{self.report.eval_name}: {self.arm.label}")
        return _line(f"{self.report.eval_name}: {self.arm.label} against {self.comparison.base}")

    @property
    def gates(self) -> Sequence[GateResult]:
        return self.report.gates if self.comparison is None else self.comparison.gates

    @property
    def page(self) -> str:
        return f"reports/{self.report.name}/index.html"

    @property
    def outcomes(self) -> Sequence[Outcome]:
        return self.arm.outcomes.get(selection.decider(self.report), ())

    def classname(self, part: str) -> str:
        """Name a group of tests; readers split it at its dots."""
        parts = (self.report.eval_name, *([self.arm.label] if self.several else []), part)
        return ".".join(_line(each, 80).replace(".", "-") for each in parts)


def _suites(report: Report) -> Iterator[_Suite]:
    arms = {arm.label: arm for arm in report.candidates}
    compared = selection.deciding(report)
    for comparison in compared:
        arm, several = arms[comparison.candidate], len(compared) > 1
        yield _Suite(report=report, arm=arm, comparison=comparison, several=several)
    if not compared:
        yield _Suite(report=report, arm=report.base)


def _counted(element: ET.Element, suite: _Suite) -> ET.Element:
    """Fill a suite: its properties, the tests, and how many of them there are of each kind."""
    tests = [_complete(suite), *_gates(suite), *_cases(suite)]
    ends = [end.tag for test in tests for end in test]
    element.set("tests", str(len(tests)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(ends.count(tag)))
    element.set("time", f"{sum(float(test.get('time', '0')) for test in tests):.3f}")
    element.set("timestamp", suite.report.created_at[:19])
    properties = ET.SubElement(element, "properties")
    for name, value in _properties(suite):
        ET.SubElement(properties, "property", name=name, value=_line(value))
    element.extend(tests)
    return element


def _properties(suite: _Suite) -> Iterator[tuple[str, str]]:
    results = {gate.result for gate in suite.gates}
    worst = next((word for word in ("FAIL", "INCONCLUSIVE", "PASS") if word in results), "none")
    yield "gate", worst
    yield "grader", selection.decider(suite.report)
    if suite.comparison is not None:
        overall = selection.overall(suite.comparison)
        yield "verdict", overall.verdict
        yield "headline", suite.comparison.headline
        yield "difference", words.signed(overall.difference.mean)
        yield "difference 95 % interval", words.interval(overall.difference, sign=True)
        yield "base", suite.comparison.base
    yield "revision", suite.arm.label
    if suite.arm.run is not None:
        yield "run", suite.arm.run.id
    yield "report", suite.page
    yield "again", suite.report.command


# ------------------------------------------------------------------ tests of the whole


def _complete(suite: _Suite) -> ET.Element:
    """Test that enough was graded for any verdict to stand; what did not run is never green."""
    test = _test(suite.classname("run"), "enough was graded for a verdict")
    if not complete((suite.report.base, *suite.report.candidates)):
        counts = [
            f"{arm.label}: {found.graded} graded of {found.planned} planned, {found.failed} failed, "
            f"{found.ungraded} ungraded"
            for arm in (suite.report.base, suite.arm)
            if (found := arm.counts.get(selection.decider(suite.report))) is not None
        ]
        message = f"incomplete: too many trials failed or stayed ungraded. {suite.page}"
        _end(test, "error", message, "incomplete", "\n".join(dict.fromkeys(counts)))
    return test


def _gates(suite: _Suite) -> Iterator[ET.Element]:
    for gate in suite.gates:
        limit = "" if gate.floor is not None else f" loses at most {gate.margin:g} points"
        test = _test(suite.classname("gate"), f"{words.gated(gate)}{limit}")
        if gate.result == "PASS":
            _say(test, gate.words)
        else:
            fails = gate.result == "FAIL"
            tag, kind = ("failure", "gate") if fails else ("skipped", "inconclusive")
            told = "\n".join((gate.words, *_evidence(suite, gate.dimension)))
            _end(test, tag, f"{_sentence(suite, gate) if fails else gate.words} {suite.page}", kind, told)
        yield test


def _sentence(suite: _Suite, gate: GateResult) -> str:
    """Give the comparison's own sentence, and the gate's where that does not speak of it."""
    return gate.words if suite.comparison is None else f"{suite.comparison.headline} {gate.words}"


def _evidence(suite: _Suite, dimension: str) -> Iterator[str]:
    """Name what lost most in this dimension, with the words that are gone, and how to see all of it."""
    if suite.comparison is not None:
        flips = [
            flip
            for flip in selection.telling(suite.comparison)
            if flip.gain < 0 and dimension in {flip.dimension, OVERALL}
        ]
        if flips:
            quotes = selection.quotes(suite.report, suite.comparison)
            yield "What lost most:"
            for flip in flips[:_FLIPS_SHOWN]:
                yield f"  {flip.case}: {_flip(flip)}"
                if found := quotes.get((flip.case, flip.dimension, flip.criterion)):
                    yield f"    {found.arm}: “{shortened(found.quote, _LINE)}”"
    yield f"Report: {suite.page}"
    yield f"Again: {suite.report.command}"


# ------------------------------------------------------------------ tests of cases


def _cases(suite: _Suite) -> Iterator[ET.Element]:
    """Give a test for each case of each dimension; their times add up to what the answers took."""
    dimensions = suite.report.dimensions or (OVERALL,)
    names, outcomes = _names(suite.report), _by_case(suite.outcomes)
    scores, flips = _scores(suite), _flips(suite)
    for dimension in dimensions:
        classname = suite.classname(dimension)
        for case in selection.case_ids(suite.report):
            seconds = sum(each.answer.seconds for each in outcomes[case] if not isinstance(each, Failed))
            test = _test(classname, names.get(case, case), seconds / len(dimensions))
            before, after = scores.get(case, (None, None))
            if after is None or dimension not in after or after[dimension] is None:
                _missing(test, suite, outcomes[case])
            else:
                _say(test, "\n".join(_told(suite, before, after, dimension, flips[case, dimension])))
            yield test


_Means = Mapping[str, float | None]


def _scores(suite: _Suite) -> Mapping[str, tuple[_Means | None, _Means]]:
    """Give each case's mean scores in the base, if there is one, and in the arm that is tested."""
    if suite.comparison is not None:
        return {each.case: (each.base, each.candidate) for each in suite.comparison.cases}
    found = selection.case_scores(suite.arm, selection.decider(suite.report))
    return {case: (None, dict(means)) for case, means in found.items()}


def _flips(suite: _Suite) -> Mapping[tuple[str, str], Sequence[Flip]]:
    found: defaultdict[tuple[str, str], list[Flip]] = defaultdict(list)
    for flip in selection.telling(suite.comparison) if suite.comparison else ():
        found[flip.case, flip.dimension].append(flip)
    return found


def _told(
    suite: _Suite, before: _Means | None, after: _Means, dimension: str, flips: Sequence[Flip]
) -> Iterator[str]:
    now, then = after[dimension], None if before is None else before.get(dimension)
    told = f"{suite.arm.label}: {words.points(now)} of 100 points"
    if suite.comparison is not None:
        told += f"; {suite.comparison.base}: {words.points(then)}"
    if now is not None and then is not None:
        told += f"; difference {words.signed(now - then)}"
    yield told
    yield from (_flip(flip) for flip in flips)


def _flip(flip: Flip) -> str:
    text = shortened(flip.text, _LINE)
    return f"{words.signed(flip.gain)} {text} ({words.met(flip.base)} → {words.met(flip.candidate)})"


def _missing(test: ET.Element, suite: _Suite, outcomes: Sequence[Outcome]) -> None:
    """Say why a case has no score: an error where the whole run is incomplete for it, else skipped."""
    reasons = dict.fromkeys(
        f"{each.kind}: {each.message}" if isinstance(each, Failed) else f"ungraded: {each.reason}"
        for each in outcomes
        if isinstance(each, Failed | Ungraded)
    )
    kind = next((each.kind for each in outcomes if isinstance(each, Failed)), "ungraded")
    message = "; ".join(reasons) or "this grader graded nothing here"
    broke = not complete((suite.report.base, *suite.report.candidates))
    _end(test, "error" if broke else "skipped", message, kind, "\n".join(reasons))


def _names(report: Report) -> Mapping[str, str]:
    """Give each case its title, with its id where two share one: readers tell tests apart by name."""
    titles = [case.title or case.id for case in report.cases]
    return {
        case.id: title if titles.count(title) == 1 else f"{title} ({case.id})"
        for case, title in zip(report.cases, titles, strict=True)
    }


def _by_case(outcomes: Sequence[Outcome]) -> Mapping[str, Sequence[Outcome]]:
    found: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.trial.case].append(outcome)
    return found


# ------------------------------------------------------------------ elements


def _test(classname: str, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.Element("testcase", classname=classname, name=_line(name), time=f"{seconds:.3f}")


def _end(test: ET.Element, tag: str, message: str, kind: str, text: str) -> None:
    end = ET.SubElement(test, tag, type=_line(kind, 80), message=_line(message))
    end.text = _legal(text)


def _say(test: ET.Element, text: str) -> None:
    ET.SubElement(test, "system-out").text = _legal(text)


def _line(text: str, length: int = _LINE) -> str:
    return _legal(shortened(text, length))


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", visible(text))
