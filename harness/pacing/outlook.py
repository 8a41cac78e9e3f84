"""Whether there is any use in going on: a server that never answered and fails all alike is the wrong one."""

from collections.abc import Mapping
from types import MappingProxyType

_ALIKE = 3
"""Calls that must have failed alike, or all that are in hand where there are fewer."""
TRIES: Mapping[str, int] = MappingProxyType({"connection": 3, "unreadable": 3, "not-found": 1})
"""How often each of them was tried, by kind of failure. Other kinds may pass, however long they last."""


class Outlook:
    """What became of the first calls of one model; the first answer ends its doubts for good."""

    def __init__(self) -> None:
        self._answered = False
        self._failed: dict[str, dict[int, int]] = {}

    def answered(self) -> None:
        """Take in an answer: whatever fails from now on is worth waiting for."""
        self._answered = True
        self._failed.clear()

    def hopeless(self, call: int, kind: str, in_hand: int) -> bool:
        """Take in a failed attempt of a call; whether all `in_hand` have failed alike and often enough."""
        if self._answered or kind not in TRIES:
            return False
        tried = self._failed.setdefault(kind, {})
        tried[call] = tried.get(call, 0) + 1
        done = sum(times >= TRIES[kind] for times in tried.values())
        return done >= max(1, min(_ALIKE, in_hand)) if kind != "not-found" else done >= _ALIKE
