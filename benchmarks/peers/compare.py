"""The same work through four other tools, each in an environment of its own, next to ours and a bare loop.

    make bench-peers      or: python benchmarks/peers/compare.py [--cases 500] [--only inspect …]

Installs them from the package registries into `.harness/peers/` (about 2.5 GB; a tool that cannot be
installed or does not finish gets a row that says so) in the versions below, then measures each as a process
from start to exit: at zero latency, at 300 ms a call, and against a server that takes 40 requests a second
and does not tell.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from measuring import Broken, Took, harness, machine, markdown, run, server
from work import CONCURRENCY, project

PLACE = HERE.parent.parent / ".harness" / "peers"
_QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "NO",
    "INSPECT_LOG_LEVEL": "error",
    "PYDANTIC_AI_HIDE_BANNER": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One tool: the packages that are installed for it, and the driver that gives it the work."""

    name: str
    packages: tuple[str, ...]
    driver: str
    npm: bool = False

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return PLACE / self.name.lower()

    def command(self, url: str, cases: int) -> tuple[str | Path, ...]:
        """Give what runs the work."""
        python = sys.executable if self.npm else self.folder / "bin" / "python"
        return (python, HERE / self.driver, url, str(cases), *((self.folder,) if self.npm else ()))

    def install(self) -> None:
        """Install the tool, once; raises Broken when the registry or the tool will not."""
        marker = self.folder / ".installed"
        if marker.is_file() and marker.read_text(encoding="utf-8") == " ".join(self.packages):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        commands: list[Sequence[str | Path]]
        if self.npm:
            commands = [("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *self.packages)]
        else:
            pip: Sequence[str | Path] = (
                self.folder / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                *self.packages,
            )
            commands = [(sys.executable, "-m", "venv", self.folder), pip]
        for command in commands:
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
            if done.returncode:
                msg = f"could not be installed: {(done.stderr or done.stdout).strip().splitlines()[-1]}"
                raise Broken(msg)
        marker.write_text(" ".join(self.packages), encoding="utf-8")


PEERS = (
    Peer(
        name="pydantic-evals",
        packages=("pydantic-evals==2.62.0", "pydantic-ai-slim[anthropic]==2.62.0", "anthropic==2.12.0"),
        driver="with_pydantic_evals.py",
    ),
    Peer(name="promptfoo", packages=("promptfoo@0.121.20",), driver="with_promptfoo.py", npm=True),
    Peer(name="Inspect", packages=("inspect-ai==0.3.285", "anthropic==2.12.0"), driver="with_inspect.py"),
    Peer(name="DeepEval", packages=("deepeval==4.3.1", "anthropic==2.12.0"), driver="with_deepeval.py"),
)
OURS = "harness"
LOOP = "bare loop, SDK on aiohttp"
Client = Callable[[Path, str, int], Took]


def clients(only: Sequence[str], limit: float) -> dict[str, Client]:
    """Give a way to do the work for each tool, ours and the bare loop first."""

    def ours(root: Path, url: str, cases: int) -> Took:
        project(root, url, cases)
        return harness(root, "run", "speed", "--yes", url=url)

    def bare(root: Path, url: str, cases: int) -> Took:
        command = (sys.executable, HERE.parent / "bare.py", "sdk-aiohttp", url, "--cases", str(cases))
        return run(command, cwd=root, environ={}, url=url)

    def of(peer: Peer) -> Client:
        def theirs(root: Path, url: str, cases: int) -> Took:
            peer.install()
            return run(peer.command(url, cases), cwd=root, environ=_QUIET, url=url, limit=limit)

        return theirs

    named = {f"{peer.name} {_version(peer)}": of(peer) for peer in PEERS if _wanted(peer.name, only)}
    return {LOOP: bare, OURS: ours, **named}


def _version(peer: Peer) -> str:
    return peer.packages[0].replace("@", "==").rpartition("==")[2]


def _wanted(name: str, only: Sequence[str]) -> bool:
    return not only or name.lower() in {each.lower() for each in only}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One kind of server."""

    title: str
    options: tuple[str, ...]
    ideal: Callable[[int], float]


SETTINGS = {
    "at-once": Setting(title="no latency", options=(), ideal=lambda _: 0.0),
    "latency": Setting(
        title="300 ms a call",
        options=("--latency", "0.3"),
        ideal=lambda cases: 2 * cases * 0.3 / CONCURRENCY,
    ),
    "limit": Setting(
        title="300 ms a call, 40 requests a second, unknown to the tool",
        options=("--latency", "0.3", "--rate", "40"),
        ideal=lambda cases: (2 * cases - 40) / 40,
    ),
}


def measured(setting: Setting, cases: int, tools: dict[str, Client]) -> dict[str, Took | str]:
    """Let each tool do the work once; in place of what it took, why it did not."""
    found: dict[str, Took | str] = {}
    with server(*setting.options) as (url,):
        for name, work in tools.items():
            print(f"  {setting.title}: {name} …", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix="peers-") as folder:
                try:
                    found[name] = work(Path(folder), url, cases)
                except Broken as error:
                    found[name] = _why(str(error))
    return found


def _why(said: str) -> str:
    """Find the line that tells why a tool broke: the last that names an error, else the last."""
    lines = said.strip().splitlines()
    return next((line.strip(" |+") for line in reversed(lines) if "Error" in line), lines[-1])


def rows(setting: Setting, cases: int, found: dict[str, Took | str]) -> list[tuple[str, ...]]:
    """Lay one setting out as a table."""
    ideal = setting.ideal(cases)
    of = f"/ ideal {ideal:.1f} s" if ideal else "cases/s"
    many = f"{cases:,} cases" if cases > 1 else "one case"
    head = (f"{many}, {setting.title}", "wall s", of, "CPU s", "largest process MiB")
    lines: list[tuple[str, ...]] = [(*head, "mean in flight", "requests", "429s")]
    for name, took in found.items():
        if isinstance(took, str):
            lines.append((name, f"not done: {took[:200]}", *["–"] * 6))
            continue
        lines.append(
            (
                name,
                f"{took.wall:.1f}",
                f"{took.wall / ideal:.2f}" if ideal else f"{cases / took.wall:,.0f}",
                f"{took.cpu:.1f}",
                f"{took.largest:.0f}",
                f"{took.seen['mean_in_flight']:.1f}" if ideal else "–",
                f"{took.seen['requests']:,.0f}",
                f"{took.seen['refused']:,.0f}",
            )
        )
    return lines


def main() -> None:
    """Install, measure, print the tables as Markdown."""
    options = argparse.ArgumentParser(description="The same work through other tools.")
    options.add_argument("--cases", type=int, default=500)
    options.add_argument("--only", nargs="+", default=(), metavar="TOOL", help="only these beside ours")
    options.add_argument("--settings", nargs="+", choices=tuple(SETTINGS), default=tuple(SETTINGS))
    options.add_argument("--limit", type=float, default=300.0, help="seconds after which a tool is ended")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there too")
    chosen = options.parse_args()
    os.environ.pop("ANTHROPIC_API_KEY", None)  # nobody here needs a real one
    tools = clients(chosen.only, chosen.limit)
    print(f"{machine()}; one round\n")
    data = {}
    for name in chosen.settings:
        found = measured(SETTINGS[name], chosen.cases, tools)
        data[name] = {tool: took if isinstance(took, str) else asdict(took) for tool, took in found.items()}
        print(markdown(rows(SETTINGS[name], chosen.cases, found)), end="\n\n", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
