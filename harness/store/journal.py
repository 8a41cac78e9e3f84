"""The journal: everything that a run makes goes through it to disk, in groups, off the event loop.

What comes in while one group is being committed makes up the next, which gathers for two milliseconds before
it goes. So a result is on disk within milliseconds, and many share one commit when results come fast.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from harness.errors import HarnessError
from harness.planning.work import Taken
from harness.store.changes import Changes
from harness.store.claims import BEAT, Worker
from harness.store.store import Store

_GATHER_SECONDS = 0.002
_PAUSE_SECONDS = 0.5  # between two looks at what others are making


@dataclass(slots=True)
class _Group:
    """What is committed together, who waits for it, and what is told once it is on disk."""

    done: asyncio.Future[list[Taken]]
    changes: Changes = field(default_factory=Changes)
    wanted: list[Sequence[str]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    then: list[Callable[[], None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changes or self.wanted or self.dropped or self.then)


class Journal:
    """Puts changes on disk in the order in which they come, and claims keys between them.

    Use it in an `async with` block: at its end all is on disk and every claim is given up. A StoreError is
    raised wherever the journal is used next, and nothing more is taken in. With `anew`, ungraded
    verdicts may be claimed like missing ones.
    """

    def __init__(self, store: Store, worker: Worker, *, anew: bool = False) -> None:
        self._store, self._worker, self._anew = store, worker, anew
        self._wake = asyncio.Event()
        self._leaving = False
        self._broken: BaseException | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    async def __aenter__(self) -> Self:
        self._group = self._new()
        self._last = self._group.done  # of the group that went last; the first has nothing before it
        self._last.set_result([])
        self._group = self._new()
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        self._wake.set()
        await self._task
        self._thread.shutdown()
        if self._broken is not None and error is None:
            raise self._broken

    @property
    def changes(self) -> Changes:
        """What will be committed next; add to it, and it is on its way."""
        if self._broken is not None:
            raise self._broken
        self._wake.set()
        return self._group.changes

    def then(self, told: Callable[[], None]) -> None:
        """Call this once all that came in before is on disk."""
        self._group.then.append(told)
        self._wake.set()

    async def committed(self) -> None:
        """Wait until all that came in before is on disk."""
        if self._broken is not None:
            raise self._broken
        await asyncio.shield(self._group.done if self._group else self._last)

    async def take(self, keys: Sequence[str]) -> Taken:
        """Claim these keys; whoever may make one has it claimed until its result is on disk."""
        if self._broken is not None:
            raise self._broken
        group, place = self._group, len(self._group.wanted)
        group.wanted.append(keys)
        self._wake.set()
        return (await asyncio.shield(group.done))[place]

    def drop(self, keys: Sequence[str]) -> None:
        """Give claims up: what was claimed will not be made."""
        self._group.dropped.extend(keys)
        self._wake.set()

    async def pause(self) -> None:
        """Wait a moment before looking again at what others are making."""
        await asyncio.sleep(_PAUSE_SECONDS)

    def _new(self) -> _Group:
        return _Group(asyncio.get_running_loop().create_future())

    async def _write(self) -> None:
        while not (self._leaving and not self._group):
            try:
                async with asyncio.timeout(BEAT):
                    await self._wake.wait()
            except TimeoutError:
                pass  # nothing to write; but others must hear that we live
            self._wake.clear()
            if not self._leaving:
                await asyncio.sleep(_GATHER_SECONDS)
            group, self._group = self._group, self._new()
            self._last = group.done
            try:
                await self._commit(group)
            except BaseException as error:  # noqa: BLE001 - whoever waits for this group must hear of it
                self._broken = error
                for done in (group.done, self._group.done):
                    done.set_exception(error)
                    done.exception()  # it has been seen, also if nobody waits
                return
        await self._leave()

    async def _commit(self, group: _Group) -> None:
        taken: list[Taken] = []
        if group.changes or group.wanted or group.dropped or self._worker.due:
            loop = asyncio.get_running_loop()
            taken = await loop.run_in_executor(self._thread, self._carry_out, group)
        for told in group.then:
            told()
        group.done.set_result(taken)

    def _carry_out(self, group: _Group) -> list[Taken]:
        worker = self._worker
        with self._store.writing() as connection:
            group.changes.write(connection)
            if worker.due:
                worker.beat(connection)
            worker.release(connection, [*group.changes.keys, *group.dropped])
            return worker.claim(connection, group.wanted, anew=self._anew) if group.wanted else []

    async def _leave(self) -> None:
        def leave() -> None:
            if self._worker.joined:
                with self._store.writing() as connection:
                    self._worker.leave(connection)

        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, leave)
        except HarnessError as error:  # the claims then lapse with this process
            self._broken = error
