"""`python -m harness`, and the command `harness`: ready for Ctrl-C before anything heavy is imported."""

import gc
import sys

from harness.cli.leaving import listen

# Objects made before the collector looks for cycles among the young. Records hold none, and are many: at
# Python's own 700 a run of thousands of trials spends a fifth of its time on looking.
_YOUNG = 50_000


def main() -> int:
    """Run one command in a process of its own and return its exit code."""
    listen()
    gc.disable()  # until the command is imported: what modules are made of stays
    gc.set_threshold(_YOUNG)
    from harness.cli.main import main as door  # noqa: PLC0415 - a signal during these imports must end cleanly

    code = door()
    gc.freeze()  # else Python looks through all of them once more before it ends
    return code


if __name__ == "__main__":
    sys.exit(main())
