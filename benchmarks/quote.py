"""Run the benchmarks that the documents quote, and put what they print into them.

    make performance      or: python benchmarks/quote.py [startup throughput ...]

Those of docs/performance.md, reliability.md and reports.md. A block of them begins with `<!-- COMMAND -->`
and ends with `<!-- end -->`; what stands between is replaced by what the command prints. Without names all
blocks are written anew, which takes most of an hour; do it on a machine that does nothing else.
"""

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
DOCUMENTS = tuple(REPOSITORY / "docs" / name for name in ("performance.md", "reliability.md", "reports.md"))
_BLOCK = re.compile(r"(<!-- (python benchmarks/\S+\.py[^\n]*) -->\n).*?(<!-- end -->)", re.DOTALL)


def printed(command: str) -> str:
    """Run a command with our own Python and give what it printed."""
    print(f"{command} …", file=sys.stderr)
    _, *arguments = command.split()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


def main() -> None:
    """Rewrite the blocks whose command holds one of the names given, or all."""
    names = sys.argv[1:]

    def written(block: re.Match[str]) -> str:
        begin, command, end = block.groups()
        if names and not any(name in command for name in names):
            return block.group()
        return f"{begin}\n{printed(command)}\n\n{end}"

    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        document.write_text(_BLOCK.sub(written, text), encoding="utf-8")


if __name__ == "__main__":
    main()
