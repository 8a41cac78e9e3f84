"""What can go wrong, as one tree.

HarnessError            exit code
├── InputError          2    a file, an option or a revision is wrong; holds every Fault found
├── AccessError         3    the API refuses us: no key, a bad key, a spend limit
├── IncompleteError     5    nothing ran, or nothing that ran can be counted
├── BudgetError         6    the estimate is above the budget
└── StoreError          2    the store cannot be opened, read or written

CallError is apart: one call to a model failed. It is a value in the run (`Failed`), never the end of it.
Its child UnaffordableError is a call that was not made, because it could have passed the budget.

Only the doors catch HarnessError; they print it and leave with its exit code. A traceback means a bug.
"""

from dataclasses import dataclass
from typing import ClassVar

_MOST_SHOWN = 50  # faults of one file; whoever made more made one mistake many times


class HarnessError(Exception):
    """The root of everything that the person at the keyboard can mend."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep what happened apart from what to do about it."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Where, what must hold, got what; then what to do."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend in a file: where it is and what must hold there."""

    message: str
    line: int | None = None
    path: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """Read like `line 4, [0].prompt: Field required`."""
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.path) if part)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} (hint: {self.hint})" if self.hint else text


class InputError(HarnessError):
    """A file, an option or a revision is wrong; all faults of a file are reported at once."""

    def __init__(self, message: str, *, faults: tuple[Fault, ...] = (), hint: str = "") -> None:
        """Hold the faults beside the sentence, so that doors can list or count them."""
        super().__init__(message, hint=hint)
        self.faults = faults

    @classmethod
    def of_file(cls, name: str, faults: tuple[Fault, ...], *, hint: str = "") -> "InputError":
        """Say how much of the file there is to mend, then each fault in file order."""
        ordered = tuple(sorted(faults, key=lambda fault: (fault.line or 0, fault.path)))
        lines = [f"{name}: {len(ordered)} to mend", *(f"  {fault}" for fault in ordered[:_MOST_SHOWN])]
        if len(ordered) > _MOST_SHOWN:
            lines.append(f"  … and {len(ordered) - _MOST_SHOWN} more")
        return cls("\n".join(lines), faults=ordered, hint=hint)

    @classmethod
    def together(cls, errors: "tuple[InputError, ...]") -> "InputError":
        """Join the errors of several files into one, so that a person mends them in one go."""
        if len(errors) == 1:
            return errors[0]
        return cls("\n".join(str(error) for error in errors), faults=sum((e.faults for e in errors), ()))


class StoreError(HarnessError):
    """The store cannot be opened, read or written."""


class AccessError(HarnessError):
    """The API refuses us for a reason that no retry mends: no key, a bad key, a spend limit."""

    exit_code = 3


class IncompleteError(HarnessError):
    """Nothing ran, or nothing that ran can be counted."""

    exit_code = 5


class BudgetError(HarnessError):
    """Going on would cost more than the budget allows."""

    exit_code = 6


class CallError(Exception):
    """One call to a model failed for good; the run goes on and records the trial as `Failed`."""

    def __init__(self, kind: str, message: str, *, hint: str = "") -> None:
        """`kind` is a short stable word, such as `timeout`, `server` or `recorded-miss`."""
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


class UnaffordableError(CallError):
    """A call was not made: it could have cost more than is left of the budget."""

    def __init__(self, message: str) -> None:
        """`message` says what it could have cost and what is left."""
        super().__init__("budget", message)
