"""The schema, and how a store of any earlier version gets there."""

from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    text,
)

from harness.store.text import Whole

metadata = MetaData()

versions = Table("schema_version", metadata, Column("version", Integer, nullable=False))

answers = Table(
    "answers",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("stop_reason", String(64), nullable=False),
    Column("model", String(200), nullable=False),
    Column("asked_model", String(200), nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cache_write_tokens", Integer, nullable=False),
    Column("cache_read_tokens", Integer, nullable=False),
    Column("cost", Float),
    Column("seconds", Float, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("request_id", String(200), nullable=False),
    Column("created_at", String(32), nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("grader", String(64), nullable=False),
    Column("dimension", String(200), nullable=False),
    Column("criterion", String(200), nullable=False),
    Column("met", Boolean),
    Column("quote", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cost", Float),
    Column("asked_model", String(200), nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("input_tokens", Integer, nullable=False, server_default="0"),
    Column("cache_write_tokens", Integer, nullable=False, server_default="0"),
    Column("cache_read_tokens", Integer, nullable=False, server_default="0"),
)

preferences = Table(
    "preferences",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("winner", String(8), nullable=False),  # empty: ungraded
    Column("first_quote", Text, nullable=False),
    Column("second_quote", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cost", Float),
    Column("asked_model", String(200), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cache_write_tokens", Integer, nullable=False),
    Column("cache_read_tokens", Integer, nullable=False),
    Column("created_at", String(32), nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("eval", String(200), nullable=False),
    Column("label", String(200), nullable=False),
    Column("prompt_hash", String(64), nullable=False),
    Column("manifest", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("finished_at", String(32), nullable=False),
    Column("stopping", Text, nullable=False, server_default=""),
)

failures = Table(
    "failures",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("case", String(200), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("stage", String(64), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
)

spending = Table(
    "spending",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("part", String(64), primary_key=True),
    Column("estimate", Float),
    Column("calls", Integer, nullable=False),
    Column("unpriced", Integer, nullable=False),
    Column("cost", Float, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("place", String(400), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beat", Integer, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("worker", String(32), nullable=False, index=True),
)


calibrations = Table(
    "calibrations",
    metadata,
    Column("grader_hash", String(64), primary_key=True),
    Column("labels", String(400), primary_key=True),
    Column("grader", String(64), nullable=False),
    Column("calibration", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("id", String(128), nullable=False),
    Column("base_url", String(500), nullable=False),
    Column("key_variable", String(200), nullable=False),
    Column("requests", Integer, nullable=False),
    Column("mark", String(128), nullable=False),
    Column("foreign_ids", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("settled_at", String(32), nullable=False),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("batch", String(64), nullable=False),
    Column("custom_id", String(64), nullable=False),
    Column("item", Text, nullable=False),
    Index("batch_items_by_batch", "batch", "custom_id"),
)

nights = Table(
    "nights",
    metadata,
    Column("eval", String(200), primary_key=True),
    Column("night", String(200), primary_key=True),
    Column("at", String(32), nullable=False),
    Column("result", Text, nullable=False),
)

acceptances = Table(
    "acceptances",
    metadata,
    Column("eval", String(200), primary_key=True),
    Column("at", String(32), primary_key=True),
    Column("run", String(64), nullable=False),
    Column("acceptance", Text, nullable=False),
)


# A file takes text of any length and numbers of 64 bits, whatever is declared; so does PostgreSQL here.
for _column in (column for table in metadata.tables.values() for column in table.columns):
    if isinstance(_column.type, String):
        _column.type = _column.type.with_variant(Whole(), "postgresql")
    elif isinstance(_column.type, Integer):
        _column.type = _column.type.with_variant(BigInteger(), "postgresql")


def _first(connection: Connection) -> None:
    """Version 1: answers, verdicts, runs, failures."""
    metadata.create_all(connection, tables=[versions, answers, verdicts, runs, failures])


def _calibrations(connection: Connection) -> None:
    """Version 2: calibrations of graders, by grader and file of labels."""
    metadata.create_all(connection, tables=[calibrations])


def _stopping(connection: Connection) -> None:
    """Version 3: how a sequential comparison stopped a run: JSON, empty for none."""
    columns = {column["name"] for column in inspect(connection).get_columns(runs.name)}
    if "stopping" not in columns:  # a store made by this version has it from the first step on
        connection.execute(text("ALTER TABLE runs ADD COLUMN stopping TEXT NOT NULL DEFAULT ''"))


def _spending(connection: Connection) -> None:
    """Version 4: what was paid, and who is making what right now."""
    metadata.create_all(connection, tables=[spending, workers, claims])


def _batches(connection: Connection) -> None:
    """Version 5: what is known of Message Batches, and the requests that are in one."""
    metadata.create_all(connection, tables=[batches, batch_items])


def _prompts_of_verdicts(connection: Connection) -> None:
    """Version 6: what a verdict's prompts were made of; 0 for older verdicts, of which it is not known."""
    there = {column["name"] for column in inspect(connection).get_columns(verdicts.name)}
    for name in ("input_tokens", "cache_write_tokens", "cache_read_tokens"):
        if name not in there:  # a new store's first step made the tables as they are today
            connection.execute(text(f"ALTER TABLE verdicts ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0"))


def _nights(connection: Connection) -> None:
    """Version 7: what nights found, and which runs were accepted as the baseline, by whom and why."""
    metadata.create_all(connection, tables=[nights, acceptances])


def _preferences(connection: Connection) -> None:
    """Version 8: which of two answers a judge prefers, one row for each order they were shown in."""
    metadata.create_all(connection, tables=[preferences])


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _first,
    _calibrations,
    _stopping,
    _spending,
    _batches,
    _prompts_of_verdicts,
    _nights,
    _preferences,
)
"""Step n takes a store from version n to n + 1. Never edit a step that has shipped; append one."""
