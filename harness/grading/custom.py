"""Custom graders: a function of the project's own decides a criterion, held to the rules of all graders."""

from collections.abc import Callable

from harness.errors import InputError
from harness.grading.judging import locate
from harness.records.findings import Finding
from harness.records.inputs import Case, Criterion
from harness.records.outcomes import Verdict

Function = Callable[[str, str, Criterion, str], Finding]
"""From question, answer, criterion and reference to a finding; it must depend on these alone."""

_LONGEST_REASON = 500  # characters


def grade(
    function: Function, name: str, case: Case, answer: str, *, dimension: str, criterion: Criterion
) -> Verdict:
    """Ask a custom grader about one criterion.

    What it raises leaves the verdict open, and so does a quote that the answer does not hold. Raises
    InputError when it returns anything but a `Finding`: that is a mistake in the function, not a verdict.
    """
    found = _found(function, name, case, answer, criterion)
    quote = locate(found.quote, answer)
    if found.quote.strip() and not quote:
        found = Finding(met=None, reason=f"{name}: its quote does not occur in the answer.")
    return Verdict(
        dimension=dimension,
        criterion=criterion.id,
        met=found.met,
        quote=quote,
        reason=found.reason[:_LONGEST_REASON].encode(errors="replace").decode(),
    )


def _found(function: Function, name: str, case: Case, answer: str, criterion: Criterion) -> Finding:
    try:
        found: object = function(case.question, answer, criterion, case.reference)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it raises says nothing of the answer
        return Finding(met=None, reason=f"{name} raised {type(error).__name__}: {error}")
    if not isinstance(found, Finding):
        msg = f"{name}: must return a Finding, got {type(found).__name__}"
        raise InputError(msg, hint="from harness.records.findings import Finding; docs/custom-graders.md")
    return found
