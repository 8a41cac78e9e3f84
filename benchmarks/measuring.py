"""What all benchmarks share: a command as a process of its own and what it took, a server, tables."""

import contextlib
import http.client
import json
import math
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

SERVER = Path(__file__).parent / "server.py"
_LOOK_EVERY = 0.02  # seconds between two looks at a process's memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one command took: wall and CPU seconds (its children's included), peak memory in MiB.

    `memory` is the command's own process, `largest` that of the largest process it started and waited for.
    `seen` is what the server counted meanwhile.
    """

    wall: float
    cpu: float
    memory: float
    largest: float
    seen: Mapping[str, float] = field(default_factory=dict)


class Broken(SystemExit):
    """A command failed or took too long; uncaught, it ends the benchmark with its words."""


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    url: str = "",
    said: Path | None = None,
    limit: float = math.inf,
) -> Took:
    """Run a command to its end and say what it took.

    `url` is the server that it asks; `said` is a file for all that it prints. Raises Broken when it fails,
    and when it takes longer than `limit` seconds, with all that it started being ended.
    """
    if url:
        stats(url, "/reset")
    own = 0.0
    began = time.perf_counter()
    with said.open("w+b") if said else tempfile.TemporaryFile() as file:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **environ},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, so that what it started can be ended with it
        )
        # Not `process.wait`: `wait4` also says what the process used, and `_peak` what it alone held.
        while True:
            own = max(own, _peak(process.pid))
            number, status, used = os.wait4(process.pid, os.WNOHANG)
            if number:
                break
            if time.perf_counter() - began > limit:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                msg = f"not done after {limit:.0f} s"
                raise Broken(msg)
            time.sleep(_LOOK_EVERY)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            file.seek(0)
            words = file.read().decode(errors="replace")
            msg = f"{' '.join(map(str, command))}: exit {process.returncode}\n{words}"
            raise Broken(msg)
    unit = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss: bytes there, KiB elsewhere
    largest = used.ru_maxrss / unit
    return Took(
        wall=wall,
        cpu=used.ru_utime + used.ru_stime,
        memory=own or largest,
        largest=largest,
        seen=stats(url) if url else {},
    )


def harness(root: Path, *arguments: str, url: str = "", key: str = "benchmark-key") -> Took:
    """Run our command in a project's folder, with no store but the project's own."""
    environ = {"ANTHROPIC_API_KEY": key, "HARNESS_STORE": "", "NO_COLOR": "1"}
    return run((sys.executable, "-m", "harness", *arguments), cwd=root, environ=environ, url=url)


def middle(rounds: Sequence[Took]) -> Took:
    """Give the round whose wall time is the median, of an even number the faster of the two."""
    return sorted(rounds, key=lambda each: each.wall)[(len(rounds) - 1) // 2]


def _peak(pid: int) -> float:
    """The most memory that one process has held so far, in MiB; 0 where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


# ------------------------------------------------------------------ the server


@contextlib.contextmanager
def server(*options: str, script: Path = SERVER) -> Iterator[list[str]]:
    """Start a server as a process for this block; gives the words it prints, its address first."""
    process = subprocess.Popen([sys.executable, script, *options], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().split() if process.stdout else []
    finally:
        process.terminate()
        process.communicate()


def stats(url: str, path: str = "/stats") -> Mapping[str, float]:
    """Ask the server what it has seen."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path)
        seen: Mapping[str, float] = json.loads(connection.getresponse().read())
        return seen


# ------------------------------------------------------------------ what is printed


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out as a table: the first column to the left, all others to the right."""
    widths = [max(6, *(len(cell) for cell in column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(row)
        )
        for row in (zip(cells, widths, strict=True) for cells in rows)
    )
    return "\n".join(lines)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Write rows as a Markdown table: the first column to the left, all others to the right."""
    rule = ["---", *["---:"] * (len(rows[0]) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def machine() -> str:
    """Name the machine in a line: processor, cores, system, Python, and how busy it was."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    busy = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    where = f"{platform.system()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {name}, {where}{busy}"


def median(numbers: Sequence[float]) -> float:
    """The middle number."""
    return statistics.median(numbers)
