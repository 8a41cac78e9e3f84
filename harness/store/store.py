"""Read and write the store; what is kept survives the process, however it ends.

SQLite in WAL mode: readers never wait for a writer, and a process that is killed loses nothing that had
been kept (a power cut may take the last commits with it). Writes only ever add rows or complete them; one
costs the same at the first row and at the millionth.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, literal, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from harness.errors import StoreError
from harness.parsing.reading import from_json, to_json
from harness.records.outcomes import Answer, Usage, Verdict
from harness.records.record import Record
from harness.records.results import Manifest, Run
from harness.results import Failure
from harness.store.tables import answers, failures, runs, verdicts

_CHUNK = 500  # keys per query: below every SQLite's limit on bound values
_USAGE = ("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")

_TAKEN = ("cost", *_USAGE, "seconds")

# Built once: building a statement costs more than SQLite takes to carry it out.
_KEEP_ANSWER = sqlite.insert(answers).on_conflict_do_nothing()
_NEW_VERDICT = sqlite.insert(verdicts)
_KEEP_VERDICT = _NEW_VERDICT.on_conflict_do_update(
    index_elements=["key"],
    set_={
        **{name: _NEW_VERDICT.excluded[name] for name in ("met", "quote", "reason", "created_at")},
        # What was paid for the verdict that gives way stays paid.
        **{name: verdicts.c[name] + _NEW_VERDICT.excluded[name] for name in _TAKEN},
    },
    where=verdicts.c.met.is_(None),
)


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


class Store:
    """All answers and verdicts by content key, and the runs that asked for them."""

    def __init__(self, engine: Engine, where: str) -> None:
        """Use `open_store`; this only holds what it opened."""
        self._engine = engine
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
                rows = connection.execute(select(verdicts).where(verdicts.c.key.in_(chunk)))
                found.update((row.key, _verdict(row)) for row in rows)
        return found

    def keep_answer(self, key: str, answer: Answer, *, asked_model: str, at: str) -> None:
        """Put an answer on disk; one that is stored already stays as it is."""
        values = {name: getattr(answer.usage, name) for name in _USAGE}
        for name in ("text", "stop_reason", "model", "cost", "seconds", "retries", "request_id"):
            values[name] = getattr(answer, name)
        with self._writing() as connection:
            connection.execute(
                _KEEP_ANSWER, {"key": key, "asked_model": asked_model, "created_at": at, **values}
            )

    def keep_verdicts(
        self, grader: str, given: Sequence[tuple[str, Verdict]], *, asked_model: str, at: str
    ) -> None:
        """Put verdicts on disk together; a stored verdict gives way only if it was ungraded.

        `asked_model` is the judge's, empty for a grader that asks nobody.
        """
        same = {"grader": grader, "asked_model": asked_model, "created_at": at}
        rows = [{"key": key, **same, **asdict(verdict)} for key, verdict in given]
        with self._writing() as connection:
            connection.execute(_KEEP_VERDICT, rows)

    def habits(self) -> Mapping[tuple[str, str], tuple[float, float, int]]:
        """Mean output tokens, mean seconds and number of what is stored, by role and the model asked.

        The role is `agent`, or the grader's kind: the same model answers and judges at other lengths.
        """
        found: dict[tuple[str, str], tuple[float, float, int]] = {}
        for table, role in ((answers, literal("agent")), (verdicts, verdicts.c.grader)):
            means = (func.avg(table.c.output_tokens), func.avg(table.c.seconds), func.count())
            query = select(role.label("role"), table.c.asked_model, *means)
            query = query.where(table.c.asked_model != "").group_by("role", table.c.asked_model)
            with self._reading() as connection:
                for name, model, tokens, seconds, count in connection.execute(query):
                    found[name, model] = (float(tokens), float(seconds), int(count))
        return found

    def sizes(self) -> Mapping[str, int]:
        """Count the rows of each table."""
        with self._reading() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (answers, verdicts, runs, failures)
            }

    # -- runs

    def begin(self, run: Run) -> None:
        """Record what a run asks, before it is asked; failures of an earlier try are forgotten."""
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
        }
        renewed = {name: values[name] for name in ("manifest", "asked_at")}
        statement = sqlite.insert(runs).on_conflict_do_update(index_elements=["id"], set_=renewed)
        with self._writing() as connection:
            connection.execute(statement, values)
            connection.execute(delete(failures).where(failures.c.run == run.id))

    def fail(self, run: str, failure: Failure, *, at: str) -> None:
        """Record why a trial of a run has no answer or no verdicts."""
        statement = sqlite.insert(failures).prefix_with("OR REPLACE")
        with self._writing() as connection:
            connection.execute(statement, {"run": run, "created_at": at, **asdict(failure)})

    def finish(self, run: str, *, at: str) -> None:
        """Record that all of a run was tried; the first time counts, so that reports stay equal."""
        statement = runs.update().where(runs.c.id == run, runs.c.finished_at == "").values(finished_at=at)
        with self._writing() as connection:
            connection.execute(statement)

    def failures(self, run: str) -> tuple[Failure, ...]:
        """Return what went wrong when a run was last tried."""
        columns = (failures.c[name] for name in ("case", "attempt", "stage", "kind", "message", "hint"))
        query = select(*columns).where(failures.c.run == run)
        with self._reading() as connection:
            return tuple(Failure(**row._mapping) for row in connection.execute(query))  # noqa: SLF001 - the documented accessor

    def list(self) -> tuple[Listed, ...]:
        """Return all runs, the one asked for last at the end."""
        columns = (runs.c[name] for name in Listed.__dataclass_fields__)
        query = select(*columns).order_by(runs.c.asked_at, runs.c.id)
        with self._reading() as connection:
            return tuple(Listed(**row._mapping) for row in connection.execute(query))  # noqa: SLF001 - the documented accessor

    def load(self, run: str) -> Run:
        """Return a run with its manifest; StoreError if there is none of that id."""
        with self._reading() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run)).one_or_none()
        if row is None:
            msg = f"{self._where}: no run {run}"
            raise StoreError(msg, hint="`harness list` shows the runs that are stored")
        manifest = from_json(Manifest, row.manifest)
        return Run(id=row.id, manifest=manifest, created_at=row.created_at, finished_at=row.finished_at)

    # -- how

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise broken(self._where, error) from None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction: on disk when the block ends, or not at all."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise broken(self._where, error) from None


def broken(where: str, error: SQLAlchemyError) -> StoreError:
    """Say in plain words what a database error means for the person at the keyboard."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    hints = {
        "locked": "another run is writing; wait for it to end, then run the same command again",
        "readonly": "the store or its folder is read-only; nothing that was stored is lost",
        "disk is full": "free some space and run the same command again; what was kept is safe",
        "not a database": "this file is not a store; name another with --store, or move it away",
        "malformed": "the file is damaged; move it away and keep it, a new one is made by the next run",
        "unable to open": "check that the folder exists and can be written",
    }
    hint = next((text for word, text in hints.items() if word in reason), "")
    return StoreError(f"{where}: {reason}", hint=hint)


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def _answer(row: Row[Any]) -> Answer:
    return Answer(
        text=row.text,
        stop_reason=row.stop_reason,
        model=row.model,
        usage=Usage(**{name: getattr(row, name) for name in _USAGE}),
        cost=row.cost,
        seconds=row.seconds,
        retries=row.retries,
        request_id=row.request_id,
    )


def _verdict(row: Row[Any]) -> Verdict:
    return Verdict(
        dimension=row.dimension,
        criterion=row.criterion,
        met=row.met,
        quote=row.quote,
        reason=row.reason,
        **{name: getattr(row, name) for name in _TAKEN},
    )
