"""`harness accept`: from here on, this run is how it should be."""

import datetime as dt
import os
from dataclasses import asdict
from pathlib import Path

import click

from harness import git
from harness.assembling import arm, complete
from harness.cli.finding import find_run
from harness.cli.options import json_option, store_option, store_path
from harness.cli.printing import print_json
from harness.cli.screen import err, out, plain
from harness.errors import IncompleteError, InputError
from harness.files import root_of
from harness.planning.regrading import whole
from harness.records.nights import Acceptance
from harness.records.runs import Run
from harness.store.address import Place
from harness.store.nights import Nights
from harness.store.opening import open_store
from harness.store.store import Store


@click.command("accept", short_help="Accept a run as the baseline.")
@click.argument("run", metavar="RUN")
@click.option("--why", required=True, help="Why this is how it should be; people will read it.")
@click.option("--by", default="", help="Who accepts it; default: git's user, else the one logged in.")
@store_option
@json_option
def command(run: str, *, why: str, by: str, store: Place | None, as_json: bool) -> int:
    """Accept a run as the baseline: who, when and why are put down, and nothing is overwritten.

    RUN is an id from `harness list`, its beginning, or a revision's label (its newest run), such as `live`.
    `harness nightly` compares with the run accepted at the closest ancestor commit, and its trend begins anew
    with the night that was accepted.
    """
    if not why.strip():
        msg = "--why must say why this run is accepted, got nothing"
        raise InputError(msg)
    root = root_of(Path.cwd())
    with open_store(store_path(store, root), create=False) as opened:
        found = find_run(opened, run)
        _refuse_unfit(opened, found)
        made = _acceptance(found, why=why.strip(), by=by or _who(root))
        Nights(opened).accept(made)
    if as_json:
        print_json(asdict(made))
        return 0
    out().print(plain(f"accepted: {made.run}, {found.manifest.eval_name}/{found.manifest.revision.label}"))
    out().print(plain(f"by {made.by}: {made.why}"))
    if found.manifest.revision.dirty:
        err().print("! Its prompt had uncommitted changes: commit them, or the baseline is not in git.")
    _warn_of_control(found)
    return 0


def _refuse_unfit(store: Store, run: Run) -> None:
    """Refuse to take for the baseline what did not run whole."""
    made = arm(run, whole(run.manifest, store), store.failures(run.id))
    if not run.finished_at or not complete([made]):
        msg = f"{run.id}: too many of its trials failed, stayed ungraded or were not run to accept it"
        raise IncompleteError(msg, hint="give the command that made it again, then accept it")


def _acceptance(run: Run, *, why: str, by: str) -> Acceptance:
    revision = run.manifest.revision
    return Acceptance(
        eval=run.manifest.eval_name,
        run=run.id,
        commit=revision.commit,
        prompt_hash=revision.agent.prompt_hash,
        since=run.created_at,
        at=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        by=by,
        why=why,
    )


def _who(root: Path) -> str:
    who = git.user(root) or os.environ.get("USER", "") or os.environ.get("LOGNAME", "")
    if not who:
        msg = "it is not known who accepts this run"
        raise InputError(msg, hint="say it with --by NAME")
    return who


def _warn_of_control(run: Run) -> None:
    """Say that the gate goes on comparing with the pinned control, whatever is accepted."""
    wanted = run.manifest.eval.nightly
    if wanted is None:
        return
    err().print(
        plain(
            f"The gate of {run.manifest.eval_name} goes on comparing with its control, {wanted.control}. If "
            "what was accepted scores lower on purpose, pin it anew: `control` under `nightly` in the eval."
        ),
        style="dim",
    )
