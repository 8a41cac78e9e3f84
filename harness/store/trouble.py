"""What a database's errors mean for the person at the keyboard."""

from sqlalchemy.exc import SQLAlchemyError

from harness.errors import StoreError
from harness.redaction import redacted

DAMAGED = "something else has written to it; move it away and keep it, a new one is made by the next run"

_SAFE = "Everything that was kept is safe; the same command goes on from there"
_HINTS = {
    # SQLite
    "locked": "another program is writing to it and does not let go; end it, then run this command again",
    "readonly": "the store or its folder is read-only; nothing that was stored is lost",
    "disk is full": "free some space and run the same command again; what was kept is safe",
    "disk I/O": "free some space, or look after the disk; what was kept is safe",
    "not a database": "this file is not a store; name another with --store, or move it away",
    "malformed": "the file is damaged; move it away and keep it, a new one is made by the next run",
    "unable to open": "check that the folder exists and can be written",
    "no such": DAMAGED,
    "has no column": DAMAGED,
    # PostgreSQL
    "password authentication failed": "check the user, and the password in PGPASSWORD or ~/.pgpass",
    "no password supplied": "put the password into PGPASSWORD or ~/.pgpass",
    "no pg_hba.conf entry": "the server lets nobody in from this machine by this user; ask whoever runs it",
    "Connection refused": f"is the server running, and is the address right? {_SAFE}",
    "could not translate host name": "check the host's name in the address",
    "failed to resolve host": "check the host's name in the address",
    "timeout expired": f"the server does not answer; is it running, and may this machine reach it? {_SAFE}",
    "too many clients": "wait until others have finished, or raise max_connections of the server",
    "remaining connection slots": "wait until others have finished, or raise max_connections of the server",
    "permission denied": "the user of the address needs to read, write and make tables in this database",
    "read-only transaction": "this server or database takes no writes; give the address of one that does",
    "lock timeout": f"another program is writing to the store and does not let go. {_SAFE}",
    "No space left": f"the server's disk is full. {_SAFE}",
    'relation "': "something else has written to this database; restore it, or give another address",
    "does not exist": "create the database first: createdb NAME; the tables are made by the first run",
    "closed the connection": f"the connection to the server was lost. {_SAFE}",
    "terminating connection": f"the server ended the connection. {_SAFE}",
    "connection is lost": f"the connection to the server was lost. {_SAFE}",
    "connection is closed": f"the connection to the server was lost. {_SAFE}",
    "starting up": "the server is starting; run the same command in a moment",
    "shutting down": f"the server is going down. {_SAFE}",
}


def broken(where: str, error: SQLAlchemyError) -> StoreError:
    """Say in plain words what a database error means for the person at the keyboard."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
    # libpq tries several addresses of one host and tells of each; the last line is about the last one.
    reason = next((line for line in lines if any(word in line for word in _HINTS)), lines[0])
    hint = next((text for word, text in _HINTS.items() if word in reason), "")
    return StoreError(f"{where}: {redacted(reason.strip())}", hint=hint)
