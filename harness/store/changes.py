"""What is to be committed together: rows as they come in, and the statements that carry them out."""

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.sql.base import Executable

from harness.assembling import Failure
from harness.records.outcomes import Answer, Verdict
from harness.records.preferences import Preference
from harness.redaction import redacted
from harness.store.inserts import if_missing, in_place, new
from harness.store.tables import answers, failures, preferences, spending, verdicts

USAGE = ("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")
_PLAIN = ("text", "stop_reason", "model", "cost", "seconds", "retries", "request_id")

_PREFERRED = ("winner", "first_quote", "second_quote", "reason")

VERDICT = tuple(name for name in Verdict.__dataclass_fields__ if name in verdicts.c)
"""What is stored of a verdict; what it was decided from is stored as verdicts, too."""

Row = dict[str, Any]


@functools.cache  # building a statement costs more than SQLite takes to carry it out
def _statements(dialect: str) -> tuple[Executable, ...]:
    """Say how answers, verdicts, preferences, failures and spending are written."""
    spent = new(spending, dialect)
    sums = {name: spending.c[name] + spent.excluded[name] for name in ("calls", "unpriced", "cost")}
    return (
        if_missing(answers, dialect),
        _judged(verdicts, ("met", "quote", "reason"), verdicts.c.met.is_(None), dialect),
        _judged(preferences, _PREFERRED, preferences.c.winner == "", dialect),
        in_place(failures, dialect),
        spent.on_conflict_do_update(index_elements=["run", "part"], set_=sums),
    )


def _judged(table: Table, said: Sequence[str], still_open: ColumnElement[bool], dialect: str) -> Executable:
    """Insert what a judge said; it gives way only while it is open, and what was paid for it stays paid."""
    row = new(table, dialect)
    given = {name: row.excluded[name] for name in (*said, "created_at")}
    paid = {name: table.c[name] + row.excluded[name] for name in ("cost", *USAGE, "seconds")}
    return row.on_conflict_do_update(index_elements=["key"], set_=given | paid, where=still_open)


@dataclass(slots=True)
class Changes:
    """Rows to write in one transaction; `keys` are those of the answers and verdicts among them."""

    keys: list[str] = field(default_factory=list)
    _answers: list[Row] = field(default_factory=list)
    _verdicts: list[Row] = field(default_factory=list)
    _preferences: list[Row] = field(default_factory=list)
    _failures: list[Row] = field(default_factory=list)
    _spending: dict[tuple[str, str], Row] = field(default_factory=dict)

    def __bool__(self) -> bool:
        rows = (self._answers, self._verdicts, self._preferences, self._failures, self._spending)
        return any(rows)

    def answer(self, key: str, answer: Answer, *, asked_model: str, at: str) -> None:
        """Add an answer; one that is stored already will stay as it is."""
        row: Row = {"key": key, "asked_model": asked_model, "created_at": at}
        row |= {name: getattr(answer.usage, name) for name in USAGE}
        row |= {name: getattr(answer, name) for name in _PLAIN}
        self._answers.append(row)
        self.keys.append(key)

    def verdicts(
        self, grader: str, given: Sequence[tuple[str, Verdict]], *, asked_model: str, at: str
    ) -> None:
        """Add verdicts; a stored one will give way only if it was ungraded.

        `asked_model` is the judge's, empty for a grader that asks nobody.
        """
        same = {"grader": grader, "asked_model": asked_model, "created_at": at}
        self._verdicts += [{"key": key, **same, **_row(verdict)} for key, verdict in given]
        self.keys += [key for key, _ in given]

    def preference(self, key: str, preference: Preference, *, asked_model: str, at: str) -> None:
        """Add a preference; a stored one will give way only if it was ungraded."""
        row: Row = {"key": key, "asked_model": asked_model, "created_at": at, **asdict(preference)}
        self._preferences.append(row | {"winner": preference.winner or ""})
        self.keys.append(key)

    def failure(self, run: str, failure: Failure, *, at: str) -> None:
        """Add why a trial of a run has no answer or no verdicts."""
        row: Row = {"run": run, "created_at": at, **asdict(failure)}
        # The words of servers and gateways, who have been seen to repeat what they were sent.
        self._failures.append(row | {name: redacted(row[name]) for name in ("message", "hint")})

    def paid(self, run: str, part: str, cost: float | None) -> None:
        """Add what one call cost; `None` where no price is known."""
        new: Row = {"run": run, "part": part, "estimate": None, "calls": 0, "unpriced": 0, "cost": 0.0}
        row = self._spending.setdefault((run, part), new)
        row["calls"] += 1
        row["unpriced"] += cost is None
        row["cost"] += cost or 0.0

    def write(self, connection: Connection) -> None:
        """Carry it all out; the transaction is the caller's."""
        given = (
            self._answers,
            self._verdicts,
            self._preferences,
            self._failures,
            list(self._spending.values()),
        )
        for statement, rows in zip(_statements(connection.dialect.name), given, strict=True):
            if rows:
                connection.execute(statement, rows)


def _row(verdict: Verdict) -> Row:
    return {name: getattr(verdict, name) for name in VERDICT}
