"""Where does the time of a run go?

    make profile      or: python benchmarks/hotspots.py [--cases 2000]

A run is made under Python's own profiler, from start to exit and without the process that draws the charts;
the time spent in each function itself is summed up by the library it belongs to. The profiler costs a call
more than many a function does, so shares are right to a few points and no seconds are shown.
"""

import argparse
import pstats
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from measuring import machine, markdown, run, server
from work import project

_PROFILED = """\
import cProfile, sys
from harness.__main__ import main
_, written, *sys.argv[1:] = sys.argv
profiler = cProfile.Profile()
code = profiler.runcall(main)
profiler.dump_stats(written)
sys.exit(code)
"""
_HTTP = "anthropic|httpx2?|httpcore2?|h11|aiohttp|yarl|multidict|anyio|sniffio|frozenlist|propcache|idna|ssl"
_GROUPS = {
    "imports": r"importlib|marshal|builtins\.(exec|compile|__build_class__)|dataclasses\.py",
    "HTTP: the SDK's client, httpx2, aiohttp": rf"/({_HTTP})\b",
    "event loop and sockets": r"asyncio|uvloop|selectors|socket|select\.epoll|_contextvars|method 'run' of",
    "retries": r"/tenacity/",
    "the store": r"/sqlalchemy/|sqlite3|harness/store",
    "the report": r"/(jinja2|markdown_it|mdurl|markupsafe)/|harness/reporting|templates",
    "planning and keys": r"harness/(planning|project|parsing)|/yaml/|hashlib|pydantic",
    "the judge's replies": r"harness/(judge|grading|prompts)",
    "models: wire, leaders, pace": r"harness/(models|pacing)",
    "runner, session, results": r"harness/(runner|session|results|comparison|statistics)",
    "JSON": r"/json/|_json|json\.",
    "the screen": r"/rich/|harness/cli|/click/",
}


def seconds_by_group(stats: pstats.Stats) -> Counter[str]:
    """Sum up the time that functions spent in themselves; built-in functions count for who called them."""
    found: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, callers) in stats.stats.items():  # type: ignore[attr-defined]
        group = _group(f"{file} {name}")
        if group or not callers:
            found[group or "everything else"] += own
            continue
        for (calling, _, caller), (*_, of_caller, _) in callers.items():
            found[_group(f"{calling} {caller}") or "everything else"] += of_caller
    return found


def _group(place: str) -> str:
    return next((name for name, pattern in _GROUPS.items() if re.search(pattern, place)), "")


def main() -> None:
    """Profile one run and print the table as Markdown."""
    options = argparse.ArgumentParser(description="Where does the time of a run go?")
    options.add_argument("--cases", type=int, default=2000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="profile-") as folder, server() as (url,):
        root, written = Path(folder), Path(folder) / ".profile"
        project(root, url, chosen.cases)
        command = (sys.executable, "-c", _PROFILED, written, "run", "speed", "--yes")
        environ = {"ANTHROPIC_API_KEY": "benchmark-key", "HARNESS_STORE": "", "NO_COLOR": "1"}
        run(command, cwd=root, environ=environ, url=url)
        found = seconds_by_group(pstats.Stats(str(written)))
    total = found.total()
    print(f"{machine()}; {chosen.cases:,} cases, two calls each, under the profiler\n")
    rows = [(name, f"{spent / total:.0%}") for name, spent in found.most_common()]
    print(markdown([("where", "share"), *rows]))


if __name__ == "__main__":
    main()
