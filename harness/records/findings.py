"""What a custom grader, a function of the project's own, says of one criterion."""

from dataclasses import dataclass

from harness.records.record import Record, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Record):
    """A yes or no with its evidence; `met is None` means that it cannot be told, and `reason` says why.

    A `quote` must occur in the answer; white space, quotation marks and Markdown may differ.
    """

    met: bool | None
    quote: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse a yes or no that is none, for a number could be taken for one."""
        met: object = self.met  # whoever makes it need not have checked its types
        texts: tuple[object, ...] = (self.quote, self.reason)
        if not (met is None or isinstance(met, bool)):
            refuse(f"met must be True, False or None, got {met!r}")
        if not all(isinstance(text, str) for text in texts):
            refuse("quote and reason must be text")
