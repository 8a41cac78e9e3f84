"""Which verdicts are asked for by the same call, and in which order."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.grading.seats import Seat
from harness.planning.work import Mark


@dataclass(frozen=True, slots=True)
class Call:
    """Marks that one request asks a judge for; `key` names the call, also when parts of it are stored."""

    key: str
    seat: Seat
    marks: tuple[Mark, ...]

    @property
    def alone(self) -> bool:
        """Whether its model is asked nothing else about the answer: nobody would read what it caches."""
        return self.marks[0].alone


def calls(marks: Iterable[Mark]) -> tuple[Call, ...]:
    """Put marks together by call; those of graders that ask no model are left out.

    Calls and the marks in each are in the order of their keys: where a criterion stands in its file changes
    neither what is asked nor who goes ahead, and no criterion is first in every answer.
    """
    found: dict[str, tuple[Seat, dict[str, Mark]]] = {}
    for mark in sorted(marks, key=lambda mark: mark.key):
        if mark.seat is not None:
            _, asked = found.setdefault(mark.call, (mark.seat, {}))
            asked.setdefault(mark.key, mark)
    return tuple(Call(key, seat, tuple(asked.values())) for key, (seat, asked) in found.items())
