"""What code can decide of an answer: deterministic checks, free, and never running what it reads.

Every check gives a verdict with a reason, and where text was found, with the passage as its quote.
"""

import ast
import json
import logging
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from harness.parsing.yamltext import syntax_fault
from harness.records.checks import Bounds, Check, CodeLanguage
from harness.records.inputs import Case, Criterion
from harness.records.outcomes import Answer, Verdict

_PATTERN_SECONDS = 1.0  # a pattern that backtracks for ever is stopped, and its criterion stays open
_LONGEST_CODE = 100_000
_SHINGLE = 8  # words in a row that two texts share by accident next to never
_ECHOED = {"question": 0.8, "prompt": 0.2}  # a good answer may quote its question in part, its prompt never


@dataclass(frozen=True, slots=True)
class Against:
    """What an answer may be compared with: its case, and the system prompt that it was written under."""

    case: Case
    prompt: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says: passed or not, or `None` where it cannot tell; why; the passage it found."""

    passed: bool | None
    reason: str
    quote: str = ""


def grade(criterion: Criterion, answer: Answer, against: Against, *, dimension: str) -> Verdict:
    """Run all checks of a criterion: it is met when each one passes, open when one cannot tell.

    The reason names the first check that failed.
    """
    findings = [check(each, answer, against) for each in criterion.checks]
    telling = next((found for found in findings if found.passed is None), None)
    telling = telling or next((found for found in findings if not found.passed), findings[0])
    quote = next((found.quote for found in findings if found.quote), "") if telling.passed else ""
    return Verdict(
        dimension=dimension,
        criterion=criterion.id,
        met=telling.passed,
        quote=quote,
        reason=telling.reason if not telling.passed else "; ".join(found.reason for found in findings),
    )


def check(wanted: Check, answer: Answer, against: Against) -> Finding:
    """Run one check.

    >>> against = Against(Case(id="a", prompt="b"), "You are brief.")
    >>> check(Check(words=Bounds(at_most=3)), Answer(text="Use a queue."), against).reason
    '3 words'
    """
    return _CHECKS[wanted.name](wanted, answer, against)


def _yes(reason: str, quote: str = "") -> Finding:
    return Finding(passed=True, reason=reason, quote=quote)


def _no(reason: str) -> Finding:
    return Finding(passed=False, reason=reason)


def _open(reason: str) -> Finding:
    return Finding(passed=None, reason=reason)


def _contains(wanted: Check, answer: Answer, _against: Against) -> Finding:
    found = _find(wanted.contains, answer.text)
    return Finding(bool(found), f"{'holds' if found else 'does not hold'} {wanted.contains!r}", found)


def _lacks(wanted: Check, answer: Answer, _against: Against) -> Finding:
    found = _find(wanted.lacks, answer.text)
    return Finding(not found, f"{'holds' if found else 'does not hold'} {wanted.lacks!r}")


def _matches(wanted: Check, answer: Answer, _against: Against) -> Finding:
    import regex  # noqa: PLC0415 - unlike the standard library's, it can be told to stop

    try:
        found = regex.search(wanted.matches, answer.text, timeout=_PATTERN_SECONDS)
    except TimeoutError:
        return _open(f"the pattern {wanted.matches!r} took more than {_PATTERN_SECONDS:g} s")
    if found is None:
        return _no(f"nothing matches {wanted.matches!r}")
    return _yes(f"matches {wanted.matches!r}", str(found.group()).strip())


def _words(wanted: Check, answer: Answer, _against: Against) -> Finding:
    return _within(wanted.words, answer.words, f"{answer.words:,} words")


def _tokens(wanted: Check, answer: Answer, _against: Against) -> Finding:
    tokens = answer.usage.output_tokens
    if not tokens:
        return _open("the tokens of this answer were not counted")
    return _within(wanted.tokens, tokens, f"{tokens:,} tokens")


def _seconds(wanted: Check, answer: Answer, _against: Against) -> Finding:
    if not answer.seconds:
        return _open("the time of this answer was not measured")
    return _within(wanted.seconds, answer.seconds, f"{answer.seconds:.1f} s")


def _cost(wanted: Check, answer: Answer, _against: Against) -> Finding:
    if answer.cost is None:
        return _open("no price is known for this answer's model")
    return _within(wanted.cost, answer.cost, f"${answer.cost:.4f}")


def _within(bounds: Bounds | None, number: float, words: str) -> Finding:
    return Finding(bounds is not None and bounds.hold(number), words)


def _json(wanted: Check, answer: Answer, _against: Against) -> Finding:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only for those who use it
    from jsonschema.exceptions import SchemaError, best_match  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    blocks = [code for language, code in _blocks(answer.text) if language == "json"]
    if len(blocks) > 1:
        return _no(f"{len(blocks)} JSON blocks, and one is wanted")
    text = blocks[0] if blocks else answer.text
    fault, value = _json_value(text)
    if fault:
        return _no(f"not JSON: {fault}")
    schema = dict(wanted.json or {})
    try:
        Draft202012Validator.check_schema(schema)
        # An empty registry: a schema may come from a stranger, and must not fetch others from the network.
        broken = best_match(Draft202012Validator(schema, registry=Registry()).iter_errors(value))
    except (SchemaError, Unresolvable, RecursionError) as error:
        return _open(f"the schema cannot be used: {str(error).splitlines()[0]}")
    if broken is not None:
        return _no(f"{broken.json_path}: {broken.message[:200]}")
    return _yes("JSON that the schema allows", text.strip()[:200])


def _code(wanted: Check, answer: Answer, _against: Against) -> Finding:
    language = wanted.code or "python"
    blocks = [code for name, code in _blocks(answer.text) if _ALIASES.get(name, name) == language]
    if not blocks:
        return _no(f"no {language} block")
    for number, code in enumerate(blocks, start=1):
        fault = _PARSERS[language](code) if len(code) <= _LONGEST_CODE else "longer than any answer's code"
        if fault:
            return _no(f"{language} block {number} of {len(blocks)} does not parse: {fault}")
    count = f"{len(blocks)} {language} block{'s' if len(blocks) > 1 else ''}"
    return _yes(f"{count}, all parse", blocks[0].strip().partition("\n")[0])


def _similar(wanted: Check, answer: Answer, against: Against) -> Finding:
    from rapidfuzz import fuzz, utils  # noqa: PLC0415 - only for those who use it

    to = wanted.similar.to if wanted.similar and wanted.similar.to else against.case.reference
    if not to.strip():
        return _open("there is no reference to compare with: give the case one")
    share = fuzz.token_sort_ratio(answer.text, to, processor=utils.default_process) / 100
    enough = wanted.similar is not None and share >= wanted.similar.at_least
    return Finding(enough, f"{share:.2f} similar to the reference")


def _echoes(wanted: Check, answer: Answer, against: Against) -> Finding:
    what = wanted.echoes or "question"
    source = _shingles(against.case.question if what == "question" else against.prompt)
    if not source:
        return _no(f"the {what} is too short to be repeated")
    share = len(source & _shingles(answer.text)) / len(source)
    return Finding(share >= _ECHOED[what], f"repeats {share:.0%} of the {what}")


def _language(wanted: Check, answer: Answer, _against: Against) -> Finding:
    prose = _prose(answer.text)
    if len(prose.split()) < _SHINGLE:
        return _open("too little prose to tell its language")
    import py3langid  # noqa: PLC0415 - a third of a second, only for those who use it

    found, _score = py3langid.classify(prose)
    return Finding(found == wanted.language, f"written in {found}")


_CHECKS: Mapping[str, Callable[[Check, Answer, Against], Finding]] = {
    "contains": _contains,
    "lacks": _lacks,
    "matches": _matches,
    "words": _words,
    "tokens": _tokens,
    "seconds": _seconds,
    "cost": _cost,
    "json": _json,
    "code": _code,
    "similar": _similar,
    "echoes": _echoes,
    "language": _language,
}

# ------------------------------------------------------------------ text

_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u00a0", "''\"\" ")


def _find(wanted: str, text: str) -> str:
    """Find a text whatever its capitals, white space and quotes; give the passage as it stands."""
    words = (re.escape(word) for word in wanted.translate(_QUOTES).split())
    found = re.search(r"\s+".join(words), text.translate(_QUOTES), re.IGNORECASE)
    return text[found.start() : found.end()] if found else ""


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)}


# ------------------------------------------------------------------ code blocks

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*")
_ALIASES: Mapping[str, CodeLanguage] = {
    "py": "python",
    "python3": "python",
    "postgresql": "sql",
    "postgres": "sql",
    "mysql": "sql",
    "sqlite": "sql",
    "plpgsql": "sql",
    "yml": "yaml",
}


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the code of each fenced block, in one pass; an open block ends with the text."""
    return ((language, code) for language, code in _parts(text) if language is not None)


def _prose(text: str) -> str:
    return "\n".join(part for language, part in _parts(text) if language is None)


def _parts(text: str) -> Iterator[tuple[str | None, str]]:
    """Yield runs of lines: blocks with the language of their fence, empty if unnamed, and prose with none."""
    fence, language, lines = "", None, list[str]()
    for line in text.replace("\r\n", "\n").split("\n"):
        opened = None if fence else _FENCE.fullmatch(line)
        closed = bool(fence) and line.strip().startswith(fence) and not line.strip(" \t`~")
        if opened or closed:
            yield language, textwrap.dedent("\n".join(lines))
            fence, language = (opened[1], opened[2].lower()) if opened else ("", None)
            lines = []
        else:
            lines.append(line)
    yield language, "\n".join(lines)


def _json_value(text: str) -> tuple[str, object]:
    try:
        return "", json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return str(error)[:200] or "nested too deeply", None


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _json_fault(code: str) -> str:
    return _json_value(code)[0]


def _python_fault(code: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful escape in an answer is no business of ours
            ast.parse(code)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error)[:200] or "nested too deeply"
    return ""


def _sql_fault(code: str) -> str:
    import sqlglot  # noqa: PLC0415 - only for those who use it

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of every statement that it only skims
    fault = ""
    for dialect in ("postgres", "mysql", "sqlite"):
        try:
            sqlglot.parse(code, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
        except sqlglot.errors.SqlglotError as error:
            fault = fault or str(error).splitlines()[0][:200]
        except RecursionError:
            return "nested too deeply"
        else:
            return ""
    return fault


_PARSERS: Mapping[CodeLanguage, Callable[[str], str]] = {
    "python": _python_fault,
    "sql": _sql_fault,
    "json": _json_fault,
    "yaml": syntax_fault,
}
