"""Read per-item scores of any other tool, CSV or JSONL, every fault of a file at once."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from harness.errors import Fault, InputError
from harness.records.estimates import OVERALL
from harness.records.sheets import Row, Sheet

COLUMNS = ("case", "score", "attempt", "dimension", "cluster")
"""What is read; other columns are left alone. The first two must be there."""

_NEEDED = COLUMNS[:2]


def read_rows(text: str, *, source: str) -> tuple[Row, ...]:
    """Read the rows of a `.csv` or `.jsonl` file; a score that is empty or null is one that was not given.

    Raises InputError with every row that cannot be read, or when there is none.
    """
    kinds = {".csv": _csv, ".jsonl": _jsonl}
    suffix = PurePath(source).suffix.lower()
    if suffix not in kinds:
        msg = f"{source}: must end in .csv or .jsonl, so that it is clear how to read it"
        raise InputError(msg)
    rows: list[Row] = []
    faults: list[Fault] = []
    for line, fields in kinds[suffix](text, source):
        found = fields if isinstance(fields, Fault) else _row(fields, line)
        if isinstance(found, Row):
            rows.append(found)
        else:
            faults += [found] if isinstance(found, Fault) else found
    if faults:
        raise InputError.of_file(source, tuple(faults))
    if not rows:
        msg = f"{source}: must hold at least one score, got none"
        raise InputError(msg)
    return tuple(rows)


def sheet(rows: Sequence[Row], *, source: str, label: str, scale: float, digest: str = "") -> Sheet:
    """Put rows together as points; `scale` is the perfect score.

    Overall is the mean over the dimensions of an attempt, where it has a score on all of them. Raises
    InputError with every score outside 0 to `scale`, every row that stands there twice, and every case that
    belongs to two clusters.
    """
    if faults := (*_outside(rows, scale), *_twice(rows), *_two_clusters(rows)):
        raise InputError.of_file(source, faults)
    dimensions = tuple(dict.fromkeys(row.dimension for row in rows if row.dimension))
    trials: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        scored = trials.setdefault((row.case, row.attempt), {})
        if row.score is not None:
            scored[row.dimension or OVERALL] = 100 * row.score / scale
    for scored in trials.values():
        if dimensions and all(name in scored for name in dimensions):
            scored[OVERALL] = math.fsum(scored[name] for name in dimensions) / len(dimensions)
    return Sheet(
        label=label,
        path=source,
        digest=digest,
        dimensions=dimensions,
        scores={name: _of_dimension(trials, name) for name in (OVERALL, *dimensions)},
        cases=tuple(dict.fromkeys(row.case for row in rows)),
        trials=len(trials),
        graded=sum(OVERALL in scored for scored in trials.values()),
        clusters={row.case: row.cluster for row in rows if row.cluster},
    )


# ------------------------------------------------------------------ the two formats


def _csv(text: str, source: str) -> Iterator[tuple[int, Mapping[str, object] | Fault]]:
    # Lines end at LF only; a quoted cell may hold some, so a row may begin above the line where it ends.
    reader = csv.reader((f"{line}\n" for line in text.split("\n")), strict=True)
    header: list[str] = []
    began = 1
    try:
        for cells in reader:
            line, began = began, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip().lower() for cell in cells]
                _check_header(header, source, line)
            elif len(cells) != len(header):
                message = f"must hold {len(header)} cells as the header does, got {len(cells)}"
                yield line, Fault(line=line, message=message)
            else:
                yield line, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        yield began, Fault(line=began, message=f"not CSV: {error}")


def _check_header(header: Sequence[str], source: str, line: int) -> None:
    faults = [
        Fault(line=line, message=f"a column {name!r} is needed, got {', '.join(header)}")
        for name in _NEEDED
        if name not in header
    ]
    faults += [
        Fault(line=line, message=f"a column {name!r} may stand there once")
        for name in COLUMNS
        if header.count(name) > 1
    ]
    if faults:
        hint = f"the first line names the columns, separated by commas; known are {', '.join(COLUMNS)}"
        raise InputError.of_file(source, tuple(faults), hint=hint)


def _jsonl(text: str, source: str) -> Iterator[tuple[int, Mapping[str, object] | Fault]]:
    del source
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            yield line, Fault(line=line, message=f"not JSON: {error}")
            continue
        if isinstance(found, dict):
            yield line, found
        else:
            yield line, Fault(line=line, message='must be an object such as {"case": "a", "score": 0.5}')


# ------------------------------------------------------------------ one row


def _row(fields: Mapping[str, object], line: int) -> Row | list[Fault]:
    faults: list[Fault] = []
    names: dict[str, str] = {}
    for column in ("case", "attempt", "dimension", "cluster"):
        value = fields.get(column)
        if isinstance(value, bool | float | list | dict):
            message = f"must be text or a whole number, got {value!r}"
            faults.append(Fault(line=line, path=column, message=message))
        names[column] = "" if value is None else str(value).strip()
    faults += [
        Fault(line=line, path=column, message="must not be empty")
        for column in ("case", "dimension")
        if not names[column] and (column == "case" or column in fields)
    ]
    if names["dimension"].lower() == OVERALL:
        message = "may not be overall: that is the mean of all dimensions, which is computed"
        faults.append(Fault(line=line, path="dimension", message=message))
    if "score" not in fields:
        faults.append(Fault(line=line, path="score", message="must be there; null where none was given"))
    score = _number(fields.get("score"))
    if isinstance(score, str):
        faults.append(Fault(line=line, path="score", message=f"must be a finite number, got {score}"))
        return faults
    return faults or Row(line=line, score=score, **names)


def _number(value: object) -> float | str | None:
    """Give a finite number, `None` for no score, or, for anything else, how it looks."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return repr(value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return repr(value)
    return number if math.isfinite(number) else repr(value)


# ------------------------------------------------------------------ all rows


def _outside(rows: Sequence[Row], scale: float) -> Iterator[Fault]:
    for row in rows:
        if row.score is not None and not 0 <= row.score <= scale:
            message = f"must lie between 0 and {scale:g} (--scale), got {row.score:g}"
            yield Fault(line=row.line, path="score", message=message)


def _twice(rows: Sequence[Row]) -> Iterator[Fault]:
    first: dict[tuple[str, str, str], int] = {}
    for row in rows:
        line = first.setdefault((row.case, row.attempt, row.dimension), row.line)
        if line != row.line:
            which = ", ".join(part for part in (row.case, row.attempt, row.dimension) if part)
            hint = "" if row.attempt else "several attempts at a case are told apart by a column attempt"
            yield Fault(line=row.line, message=f"{which} stands in line {line} already", hint=hint)


def _two_clusters(rows: Sequence[Row]) -> Iterator[Fault]:
    first: dict[str, Row] = {}
    for row in rows:
        known = first.setdefault(row.case, row)
        if known.cluster != row.cluster:
            message = f"{row.case} belongs to {known.cluster!r} in line {known.line}, here to {row.cluster!r}"
            yield Fault(line=row.line, path="cluster", message=message)


def _of_dimension(
    trials: Mapping[tuple[str, str], Mapping[str, float]], name: str
) -> Mapping[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for (case, _), scored in trials.items():
        if name in scored:
            found.setdefault(case, []).append(scored[name])
    return {case: tuple(scores) for case, scores in found.items()}
