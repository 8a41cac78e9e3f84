"""A prompt evaluation harness: says whether an edited agent prompt got better, and how sure it is.

For Python: `harness.results(run)`, `harness.runs()` and `harness.report(run)`, which `harness.api` holds.
"""

from typing import TYPE_CHECKING

__all__ = ["report", "results", "runs"]

if TYPE_CHECKING:
    from harness.api import report, results, runs
else:  # so that a type checker knows these three names and no other

    def __getattr__(name: str) -> object:
        """Load what Python calls only when it does: every command imports this package and pays for it."""
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        from harness import api  # noqa: PLC0415 - as the docstring says

        return getattr(api, name)
