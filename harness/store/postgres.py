"""A store in a database of PostgreSQL, which several machines share."""

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from harness.errors import StoreError
from harness.store.address import Address
from harness.store.store import WRITING

_ANSWER_SECONDS = 10  # how long the server may take to let us in
_LOCK_SECONDS = 30  # writers take turns of milliseconds; whoever holds the lock so long will not let go
# A writer whose machine was cut off or put to sleep must not keep the others waiting: the server ends it.
_TURN = (
    f"SET LOCAL idle_in_transaction_session_timeout = '{_ANSWER_SECONDS}s'",
    f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'",
    # One lock for each store, which is one schema of one database; the transaction's end gives it back.
    "SELECT pg_advisory_xact_lock(hashtext('harness store ' || current_schema()))",
)


def connected(address: Address) -> Engine:
    """Connect so that transactions that write take turns, as they do in a file.

    What such a transaction has read cannot change below it, so that claims mean the same in both kinds of
    store. The connection is encrypted and checked as the address says (`?sslmode=verify-full`); a password
    that is not in it comes from PGPASSWORD or ~/.pgpass. Raises StoreError where there is no driver.
    """
    try:
        engine = create_engine(
            _url(address),
            connect_args={
                "connect_timeout": _ANSWER_SECONDS,
                "application_name": "harness",
                "keepalives_idle": 30,
                "keepalives_interval": 10,
                "keepalives_count": 3,
                "prepare_threshold": None,  # what is prepared is lost behind a pooler such as pgbouncer
            },
        )
    except ModuleNotFoundError:
        msg = f"{address}: the driver for PostgreSQL is not installed"
        raise StoreError(msg, hint="pip install 'agent-prompt-harness[postgres]'") from None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("begin") == WRITING:
            connection.exec_driver_sql("; ".join(_TURN))

    return engine


def _url(address: Address) -> URL:
    try:
        return make_url(address.url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        msg = f"{address}: this is not the address of a database"
        raise StoreError(msg, hint="postgresql://USER@HOST/DATABASE") from None
