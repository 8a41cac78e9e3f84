"""Read and write the store; what is kept survives the process, however it ends.

Readers never wait for a writer, and writers take turns, in SQLite (WAL mode) as in PostgreSQL. A process that
is killed loses nothing that had been kept (a power cut may take the last commits of SQLite with it). Writes
only ever add rows or complete them; one costs the same at the first row and at the millionth.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    Row,
    delete,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.exc import SQLAlchemyError

from harness.assembling import Failure
from harness.errors import InputError, StoreError
from harness.parsing.reading import from_json, to_json
from harness.records.calibrations import Calibration
from harness.records.outcomes import Answer, Usage, Verdict
from harness.records.preferences import Preference
from harness.records.record import Record
from harness.records.runs import Manifest, Run, Spending, Stopping
from harness.store.changes import USAGE, VERDICT, Changes
from harness.store.inserts import if_missing, in_place, new
from harness.store.rows import DamagedError, sound
from harness.store.tables import answers, calibrations, failures, preferences, runs, spending, verdicts
from harness.store.trouble import DAMAGED, broken

WRITING = "BEGIN IMMEDIATE"
"""How a transaction that writes begins: with the lock, so that nothing it has read can change below it."""
_CHUNK = 500  # keys per query: below every SQLite's limit on bound values


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Record):
    """A run as a list shows it."""

    id: str
    eval: str
    label: str
    prompt_hash: str
    created_at: str
    asked_at: str
    finished_at: str
    stopped: str = ""
    """How a sequential comparison left cases of it out, in words; empty where it did not."""


class Store:
    """All answers and verdicts by content key, and the runs that asked for them."""

    def __init__(self, engine: Engine, where: str) -> None:
        """Use `open_store`; this only holds what it opened."""
        self._engine = engine
        self._writer = engine.execution_options(begin=WRITING)
        self._where = where

    def close(self) -> None:
        """Give up the connection."""
        self._engine.dispose()

    # -- answers and verdicts

    def answers(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Return the stored answers among these keys."""
        found: dict[str, Answer] = {}
        with self._reading() as connection:
            for chunk in _chunks(keys):
                rows = connection.execute(select(answers).where(answers.c.key.in_(chunk)))
                found.update((row.key, _answer(row)) for row in rows)
        return found

    def verdicts(self, keys: Sequence[str]) -> Mapping[str, Verdict]:
        """Return the stored verdicts among these keys."""
        found: dict[str, Verdict] = {}
        with self._reading() as connection:
            for chunk in _chunks(keys):
                rows = connection.execute(select(*_VERDICTS).where(verdicts.c.key.in_(chunk)))
                found.update((row.key, _verdict(row)) for row in rows)
        return found

    def preferences(self, keys: Sequence[str]) -> Mapping[str, Preference]:
        """Return the stored preferences among these keys."""
        found: dict[str, Preference] = {}
        with self._reading() as connection:
            for chunk in _chunks(keys):
                rows = connection.execute(select(preferences).where(preferences.c.key.in_(chunk)))
                found.update((row.key, _preference(row)) for row in rows)
        return found

    def keep_answer(self, key: str, answer: Answer, *, asked_model: str, at: str) -> None:
        """Put an answer on disk; one that is stored already stays as it is."""
        changes = Changes()
        changes.answer(key, answer, asked_model=asked_model, at=at)
        self.keep(changes)

    def keep_verdicts(
        self, grader: str, given: Sequence[tuple[str, Verdict]], *, asked_model: str, at: str
    ) -> None:
        """Put verdicts on disk together; a stored verdict gives way only if it was ungraded.

        `asked_model` is the judge's, empty for a grader that asks nobody.
        """
        changes = Changes()
        changes.verdicts(grader, given, asked_model=asked_model, at=at)
        self.keep(changes)

    def keep(self, changes: Changes) -> None:
        """Put all of it on disk in one transaction, or nothing."""
        with self.writing() as connection:
            changes.write(connection)

    def habits(self) -> Mapping[tuple[str, str], tuple[float, float, int]]:
        """Mean output tokens, mean seconds and number of what is stored, by role and the model asked.

        What came by batches was not timed, and does not count for the seconds: 0 where all did.

        The role is `agent`, or the grader's kind: the same model answers and judges at other lengths.
        """
        found: dict[tuple[str, str], tuple[float, float, int]] = {}
        roles = (
            (answers, literal("agent")),
            (verdicts, verdicts.c.grader),
            (preferences, literal("pairwise")),
        )
        for table, role in roles:
            seconds = func.coalesce(func.avg(func.nullif(table.c.seconds, 0)), 0)
            means = (func.avg(table.c.output_tokens), seconds, func.count())
            query = select(role.label("role"), table.c.asked_model, *means)
            query = query.where(table.c.asked_model != "").group_by("role", table.c.asked_model)
            with self._reading() as connection:
                for name, model, tokens, took, count in connection.execute(query):
                    found[name, model] = (float(tokens), float(took), int(count))
        return found

    def sizes(self) -> Mapping[str, int]:
        """Count the rows of each table."""
        with self._reading() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (answers, verdicts, preferences, runs, failures, calibrations)
            }

    # -- runs

    def begin(self, run: Run, estimates: Mapping[str, float | None] | None = None) -> None:
        """Record what a run asks, before it is asked; failures of an earlier try are forgotten.

        `estimates` says what each part that asks a model will cost; the first time counts.
        """
        manifest = run.manifest
        values = {
            "id": run.id,
            "eval": manifest.eval_name,
            "label": manifest.revision.label,
            "prompt_hash": manifest.revision.agent.prompt_hash,
            "manifest": to_json(manifest),
            "created_at": run.created_at,
            "asked_at": run.created_at,
            "finished_at": "",
            "stopping": "",
        }
        renewed = ("manifest", "asked_at", "stopping")
        parts = [
            {"run": run.id, "part": part, "estimate": cost, "calls": 0, "unpriced": 0, "cost": 0.0}
            for part, cost in (estimates or {}).items()
        ]
        with self.writing() as connection:
            values["asked_at"] = _after(connection.execute(select(func.max(runs.c.asked_at))).scalar(), run)
            statement = new(runs, connection.dialect.name)
            renewal = {name: statement.excluded[name] for name in renewed}
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=renewal), values)
            connection.execute(delete(failures).where(failures.c.run == run.id))
            if parts:
                connection.execute(if_missing(spending, connection.dialect.name), parts)

    def expect(self, run: str, part: str, estimate: float | None) -> None:
        """Record what one more part of a run that asks a model will cost; the first time counts."""
        row = {"run": run, "part": part, "estimate": estimate, "calls": 0, "unpriced": 0, "cost": 0.0}
        with self.writing() as connection:
            connection.execute(if_missing(spending, connection.dialect.name), row)

    def fail(self, run: str, failure: Failure, *, at: str) -> None:
        """Record why a trial of a run has no answer or no verdicts."""
        changes = Changes()
        changes.failure(run, failure, at=at)
        self.keep(changes)

    def finish(self, run: str, *, at: str) -> None:
        """Record that all of a run was tried; the first time counts, so that reports stay equal."""
        statement = runs.update().where(runs.c.id == run, runs.c.finished_at == "").values(finished_at=at)
        with self.writing() as connection:
            connection.execute(statement)

    def stop(self, run: str, stopping: Stopping) -> None:
        """Record how a sequential comparison went, and so why cases of a run were left out."""
        statement = runs.update().where(runs.c.id == run).values(stopping=to_json(stopping))
        with self.writing() as connection:
            connection.execute(statement)

    def failures(self, run: str) -> tuple[Failure, ...]:
        """Return what went wrong when a run was last tried."""
        columns = (failures.c[name] for name in ("case", "attempt", "stage", "kind", "message", "hint"))
        query = select(*columns).where(failures.c.run == run)
        with self._reading() as connection:
            return tuple(Failure(**sound(row, failures)) for row in connection.execute(query))

    def spending(self, run: str) -> tuple[Spending, ...]:
        """Return what each part of a run was to cost and did."""
        columns = (spending.c[name] for name in Spending.__dataclass_fields__)
        query = select(*columns).where(spending.c.run == run).order_by(spending.c.part)
        with self._reading() as connection:
            found = [Spending(**sound(row, spending)) for row in connection.execute(query)]
        # The order in which calls came back must not show in a report: it is in the last bits of a sum.
        return tuple(replace(each, cost=round(each.cost, 9)) for each in found)

    def list(self) -> tuple[Listed, ...]:
        """Return all runs, the one asked for last at the end."""
        query = select(runs).order_by(runs.c.asked_at, runs.c.id)
        with self._reading() as connection:
            return tuple(_listed(sound(row, runs)) for row in connection.execute(query))

    def load(self, run: str) -> Run:
        """Return a run with its manifest; StoreError if there is none of that id."""
        with self._reading() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run)).one_or_none()
            found = None if row is None else sound(row, runs)
        if found is None:
            msg = f"{self._where}: no run {run}"
            raise StoreError(msg, hint="`harness list` shows the runs that are stored")
        try:
            manifest, stopping = from_json(Manifest, found["manifest"]), _stopping(found)
        except InputError:
            msg = f"{self._where}: damaged: the manifest of run {run} cannot be read"
            raise StoreError(msg, hint=DAMAGED) from None
        times = {name: found[name] for name in ("created_at", "finished_at")}
        return Run(id=run, manifest=manifest, stopping=stopping, **times)

    # -- calibrations

    def keep_calibration(self, found: Calibration) -> None:
        """Put a calibration on disk, in place of an earlier one of this grader on these labels."""
        values = {
            "grader_hash": found.grader_hash,
            "labels": found.labels,
            "grader": found.grader.kind,
            "calibration": to_json(found),
            "created_at": found.created_at,
        }
        with self.writing() as connection:
            connection.execute(in_place(calibrations, connection.dialect.name), values)

    def calibration(self, grader_hash: str, labels: str = "") -> Calibration | None:
        """Return the calibration of a grader on these labels, else its newest on any.

        One that cannot be read, because another version wrote it, counts as none: it is measured again.
        """
        query = select(calibrations).where(calibrations.c.grader_hash == grader_hash)
        preferred = (calibrations.c.labels != labels, calibrations.c.created_at.desc())
        with self._reading() as connection:
            row = connection.execute(query.order_by(*preferred).limit(1)).one_or_none()
            found = None if row is None else sound(row, calibrations)
        try:
            return None if found is None else from_json(Calibration, found["calibration"])
        except InputError:
            return None

    # -- how

    @property
    def dialect(self) -> str:
        """Name the kind of database: `sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One transaction that only reads, and sees the store as it was when it began, a part at a time."""
        at_rest = {} if self.dialect == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with self._translated(), self._engine.connect() as connection:
            yield connection.execution_options(**at_rest, yield_per=_CHUNK)

    @contextmanager
    def connected(self, begin: str = "BEGIN") -> Iterator[Connection]:
        """One connection for several transactions, which whoever uses it begins and ends."""
        with self._translated(), self._engine.execution_options(begin=begin).connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: on disk when the block ends, or not at all."""
        try:
            with self._writer.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise broken(self._where, error) from None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise broken(self._where, error) from None
        except DamagedError as error:
            msg = f"{self._where}: damaged: {error}"
            raise StoreError(msg, hint=DAMAGED) from None


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def _listed(row: Mapping[str, Any]) -> Listed:
    try:
        stopping = _stopping(row)
    except InputError:
        stopping = None
    early = stopping is not None and stopping.early and not row["finished_at"]
    names = (name for name in Listed.__dataclass_fields__ if name != "stopped")
    words = stopping.words if stopping and early else ""
    return Listed(**{name: row[name] for name in names}, stopped=words)


def _stopping(row: Mapping[str, Any]) -> Stopping | None:
    return from_json(Stopping, row["stopping"]) if row["stopping"] else None


def _after(newest: object, run: Run) -> str:
    """Date a run so that it is the newest, although the clock may have gone back since the last one."""
    if not isinstance(newest, str) or newest < run.created_at:
        return run.created_at
    try:
        later = dt.datetime.fromisoformat(newest) + dt.timedelta(milliseconds=1)
    except ValueError:
        return run.created_at
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answer(row: Row[Any]) -> Answer:
    values = sound(row, answers)
    plain = {name: values[name] for name in _ANSWER}
    return Answer(usage=Usage(**{name: values[name] for name in USAGE}), **plain)


def _verdict(row: Row[Any]) -> Verdict:
    values = sound(row, verdicts)
    met = values["met"]
    if met not in {None, 0, 1}:
        msg = f"verdicts.met must be 0, 1 or null, got {met}"
        raise DamagedError(msg)
    others = {name: values[name] for name in VERDICT if name != "met"}
    return Verdict(met=None if met is None else bool(met), **others)


def _preference(row: Row[Any]) -> Preference:
    values = sound(row, preferences)
    if values["winner"] not in _WINNERS:
        msg = f"preferences.winner must be first, second, tie or empty, got {values['winner']!r}"
        raise DamagedError(msg)
    others = {name: values[name] for name in Preference.__dataclass_fields__ if name != "winner"}
    return Preference(winner=values["winner"] or None, **others)


_WINNERS = frozenset({"first", "second", "tie", ""})
# SQLAlchemy would take whatever is not 0 for true; a verdict is not made of damage.
_VERDICTS = (*(c for c in verdicts.c if c.name != "met"), type_coerce(verdicts.c.met, Integer).label("met"))
_ANSWER = tuple(name for name in Answer.__dataclass_fields__ if name != "usage")
