"""The door: finds the command, catches what a person can mend, returns the exit code.

A command's module is imported when it is called, so that `--help` costs next to nothing.
"""

import contextlib
import difflib
import gc
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.leaving import INTERRUPTED, listen
from harness.errors import HarnessError
from harness.reporting.untrusted import visible

BUG = 70
CLOSED = 141  # what a shell makes of SIGPIPE

COMMANDS: dict[str, tuple[tuple[str, str], ...]] = {
    "Start here": (
        ("demo", "The whole job offline on recorded answers: no key, no network, seconds."),
        ("check", "Read every agent, dataset, rubric and eval; say all that is wrong."),
        ("cases", "Show the cases mined from an agent's own examples, as YAML."),
    ),
    "Ask a question": (
        ("run", "Run an eval: make what is missing, grade it, write the report."),
        ("compare", "Compare two revisions of a prompt: better, worse, no worse, cannot tell?"),
        ("compare-scores", "The same verdict on scores that another tool made, CSV or JSONL."),
        ("power", "See what an eval would find at other sizes, and what they cost."),
    ),
    "Every night": (
        ("nightly", "Live run, pinned control, sentinels, trend and gate: the run that wakes someone."),
        ("init", "Write the files for GitHub, GitLab, systemd or cron that run it every night."),
        ("accept", "Accept a run as the baseline: who, when and why."),
        ("sentinels", "Freeze labelled answers, to be judged afresh every night."),
        ("trend", "See the score over time: has it moved, and since when?"),
    ),
    "Trust the graders": (
        ("calibrate", "How far a grader agrees with labelled answers; stored, and quoted by reports."),
        ("label", "Label answers in the terminal: blind, one criterion at a time, to be taken up again."),
        ("rubric", "Which criteria of a run say nothing, say the same, or flip between attempts."),
        ("signals", "Try signals on an answer: what matched where, and what nearly did."),
    ),
    "Look at what there is": (
        ("view", "See reports, runs and trends in the browser, live; this machine alone."),
        ("chart", "Draw one chart of stored runs: SVG, PNG, its data as CSV."),
        ("list", "List the runs in the store."),
        ("show", "Read one case: the answers, each verdict and its evidence."),
        ("explain", "Say step by step how a verdict came about."),
        ("report", "Write the report of stored runs again."),
        ("store", "Copy, check or prune the store; it may be a PostgreSQL that a team shares."),
        ("schema", "Print the JSON Schema of a file format, for editors."),
    ),
}

OURS = object()
"""Marks a process that is the command's own: `__main__` has switched the collector off until it is loaded."""

_MODULES = {"list": "listing", "compare-scores": "compare_scores"}

_INTRO = """\
You changed an agent's prompt. Is it better, worse, no worse, or can't you tell yet?

An eval file (evals/*.yaml) names an agent, cases, a model and graders. Every answer and verdict is
stored under the hash of what was asked, so running again makes only what is missing.
"""

_OUTRO = """\
  harness demo                                   see it work
  harness run evals/backend.yaml --plan          what would it cost? calls nobody
  harness compare evals/backend.yaml             last commit against the working file
  harness compare evals/backend.yaml --base main --candidate agents/new.md
"""

_CODES = """\
  0 holds · 1 a gate is not met · 2 a file or option is wrong · 3 access refused · 4 inconclusive
  5 incomplete: nothing ran or too much failed · 6 above the budget · 70 a bug in the harness · 130 stopped
"""


class Commands(click.Group):
    """The commands in the order in which a newcomer meets them, loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands, in that order."""
        del ctx
        return [name for group in COMMANDS.values() for name, _ in group]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and name the nearest one where there is none of that name."""
        known = self.list_commands(ctx)
        if args and args[0] not in known:
            near = difflib.get_close_matches(args[0], known, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"harness.cli.{_MODULES.get(cmd_name, cmd_name)}")
        if ctx.obj is OURS:
            gc.freeze()
            gc.enable()
        command: click.Command = module.command
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say what this is for, then the commands by purpose, then what to type."""
        formatter.write(f"Usage: {ctx.command_path} COMMAND …\n\n{_INTRO}")
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(commands, col_max=16)
        formatter.write(f"\nFor example:\n{_OUTRO}\nExit codes:\n{_CODES}\n")
        formatter.write("`harness COMMAND --help` says more. Settings live in the eval file.\n")
        formatter.write("`harness --debug-log FILE COMMAND …` logs each call to a model, safe to paste.\n")


@click.group(cls=Commands, context_settings={"max_content_width": 100})
@click.version_option(package_name="agent-prompt-harness", prog_name="harness")
@click.option(
    "--debug-log", type=click.Path(path_type=Path, dir_okay=False), help="Write what calls are made."
)
def harness(debug_log: Path | None) -> None:
    """Tell whether an edited agent prompt got better."""
    if debug_log is not None:
        from harness.cli.debugging import log_to  # noqa: PLC0415 - hardly anybody asks for it

        log_to(debug_log)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; prints errors to stderr, a traceback only for a bug."""
    _print_anything()
    if arguments is None:  # this process is ours
        listen()
    try:
        # Not `harness.main()`: that turns a closed pipe into exit code 1, which here means a regression.
        given = list(sys.argv[1:] if arguments is None else arguments)
        with harness.make_context("harness", given, obj=OURS if arguments is None else None) as ctx:
            code = harness.invoke(ctx)
            if sys.stdout is not None:  # a caller may have closed it
                sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except (HarnessError, click.ClickException, OSError) as error:
        return _mendable(error)
    except (KeyboardInterrupt, click.Abort):
        _say("stopped")
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - the last line of defence: a bug must not look like a regression
        _say(traceback.format_exc())
        _say("this is a bug in the harness, not in your files; please report it")
        return BUG
    return code if isinstance(code, int) else 0


def _print_anything() -> None:
    """Let what the terminal's encoding lacks become a question mark: a result is no reason to crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _mendable(error: HarnessError | click.ClickException | OSError) -> int:
    """Say what a person can mend, and return the exit code for it."""
    if isinstance(error, HarnessError):
        _say(f"error: {error}")
        return error.exit_code
    if isinstance(error, click.ClickException):
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "harness"
        _say(f"error: {error.format_message()}\n  hint: `{where} --help` shows what there is")
        return 2
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has seen enough; say nothing more, also not when Python closes the pipe.
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED
    _say(f"error: {error.filename or 'output'}: {error.strerror}")
    return 2


def _say(text: str) -> None:
    """Print to stderr; servers and files had a hand in the text, so that nothing in it may act."""
    with contextlib.suppress(OSError):
        click.echo(visible(text), err=True)
