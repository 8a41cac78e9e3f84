"""Claims: who is making what right now, so that two runs at once on one store never pay twice.

A worker, which is one running command, claims a key before it asks for it. The claim goes in the
transaction that keeps the result, or when the worker leaves. A worker counts a heartbeat up while it works.
It is taken for dead, and its claims pass on, when its process is gone from the place where we both run, or
when its count has not moved for `PATIENCE` seconds of *our own* steady clock. No wall clock is read and
none compared, so clocks that differ, jump or go backwards change nothing.
"""

import os
import platform
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from harness.planning.work import Taken
from harness.store.inserts import if_missing
from harness.store.tables import answers, claims, preferences, verdicts, workers

PATIENCE = 45.0
"""Seconds without a heartbeat after which a worker elsewhere is taken for dead."""
BEAT = 5.0
"""Seconds between two heartbeats."""
_CHUNK = 500  # keys per query: below every SQLite's limit on bound values


def _place() -> str:
    """Name the machine since its start, and the container in it, so that process ids compare."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        container = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not Linux: the machine's name alone
        boot = container = ""
    return f"{platform.node()}/{boot}/{container}"


@dataclass(slots=True)
class Worker:
    """One command at work on a store; every method runs inside the caller's transaction."""

    clock: Callable[[], float] = time.monotonic
    place: str = field(default_factory=_place)
    pid: int = field(default_factory=os.getpid)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    held: set[str] = field(default_factory=set)
    _beat: int = 0
    _beaten: float | None = None
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    def claim(
        self, connection: Connection, wanted: Sequence[Sequence[str]], *, anew: bool = False
    ) -> list[Taken]:
        """Claim what is neither stored nor claimed of each of these groups of keys.

        Of two groups that want one key the first gets it. With `anew`, ungraded verdicts and
        preferences are not stored.
        """
        if not self.joined:
            self.beat(connection)
        keys = list(dict.fromkeys(key for group in wanted for key in group))
        stored = _stored(connection, keys, anew=anew)
        free = [key for key in keys if key not in stored and key not in self.held]
        owners = self._claimed(connection, free)
        dead = self._dead(connection, {owner for owner in owners.values() if owner != self.id})
        if dead:
            connection.execute(delete(claims).where(claims.c.worker.in_(dead)))
            connection.execute(delete(workers).where(workers.c.id.in_(dead)))
            owners |= self._claimed(connection, [key for key, owner in owners.items() if owner in dead])
        return [self._taken(group, owners) for group in wanted]

    def release(self, connection: Connection, keys: Sequence[str]) -> None:
        """Give up claims: their results are stored, or will not be made by us."""
        ours = self.held.intersection(keys)
        for chunk in _chunks(sorted(ours)):
            mine = claims.c.worker == self.id
            connection.execute(delete(claims).where(claims.c.key.in_(chunk), mine))
        self.held -= ours

    @property
    def joined(self) -> bool:
        """Whether others know of us: only who claims something joins."""
        return self._beaten is not None

    @property
    def due(self) -> bool:
        """Whether others should hear again that we live."""
        return self._beaten is not None and self.clock() - self._beaten >= BEAT

    def beat(self, connection: Connection) -> None:
        """Say that we live."""
        self._beat += 1
        row = {"id": self.id, "place": self.place, "pid": self.pid, "beat": self._beat}
        found = connection.execute(update(workers).where(workers.c.id == self.id).values(beat=self._beat))
        if not found.rowcount:  # the first time; or others took us for dead while this machine slept
            self.held.clear()
            connection.execute(workers.insert(), row)
        self._beaten = self.clock()

    def leave(self, connection: Connection) -> None:
        """Give up everything."""
        if self.joined:
            connection.execute(delete(claims).where(claims.c.worker == self.id))
            connection.execute(delete(workers).where(workers.c.id == self.id))
            self.held.clear()
            self._beaten = None

    def _claimed(self, connection: Connection, keys: Sequence[str]) -> dict[str, str]:
        """Claim these keys where nobody has, and say who holds each now."""
        if not keys:
            return {}
        claim = if_missing(claims, connection.dialect.name)
        connection.execute(claim, [{"key": key, "worker": self.id} for key in keys])
        owners: dict[str, str] = {}
        for chunk in _chunks(keys):
            found = connection.execute(select(claims.c.key, claims.c.worker).where(claims.c.key.in_(chunk)))
            owners.update((row.key, row.worker) for row in found)
        return owners

    def _taken(self, group: Sequence[str], owners: dict[str, str]) -> Taken:
        ours = {key for key in group if owners.get(key) == self.id and key not in self.held}
        self.held |= ours
        return Taken(frozenset(ours), sum(owners.get(key, self.id) != self.id for key in set(group)))

    def _dead(self, connection: Connection, ids: set[str]) -> set[str]:
        """Find out who of these works no more."""
        if not ids:
            return set()
        rows = {row.id: row for row in connection.execute(select(workers).where(workers.c.id.in_(ids)))}
        now, dead = self.clock(), ids - set(rows)
        for row in rows.values():
            beat, since = self._seen.get(row.id, (None, now))
            if beat != row.beat:
                since = now
            self._seen[row.id] = (row.beat, since)
            here = row.place == self.place and row.pid != self.pid
            if now - since >= PATIENCE or (here and not _runs(row.pid)):
                dead.add(row.id)
        return dead


def _stored(connection: Connection, keys: Sequence[str], *, anew: bool) -> set[str]:
    found: set[str] = set()
    graded = {verdicts: verdicts.c.met.is_not(None), preferences: preferences.c.winner != ""}
    for table in (answers, verdicts, preferences):
        for chunk in _chunks(keys):
            query = select(table.c.key).where(table.c.key.in_(chunk))
            if anew and table in graded:
                query = query.where(graded[table])
            found.update(connection.execute(query).scalars())
    return found


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's process, but a process
        return True
    return True


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
