"""`python -m harness`, and the command `harness`: ready for Ctrl-C before anything heavy is imported."""

import sys

from harness.cli.leaving import listen


def main() -> int:
    """Run one command in a process of its own and return its exit code."""
    listen()
    from harness.cli.main import main as door  # noqa: PLC0415 - a signal during these imports must end cleanly

    return door()


if __name__ == "__main__":
    sys.exit(main())
