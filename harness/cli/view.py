"""`harness view`: reports, runs and trends in the browser, for this machine alone."""

import secrets
from contextlib import ExitStack
from pathlib import Path

import click

from harness.cli.carrying import REPORTS
from harness.cli.options import store_option, store_path
from harness.cli.screen import err, plain
from harness.errors import StoreError
from harness.files import root_of
from harness.store.address import Place
from harness.store.opening import open_store
from harness.store.store import Store
from harness.viewing.app import App
from harness.viewing.guard import LOOPBACK
from harness.viewing.serving import bound, serve
from harness.viewing.sight import Sight


@click.command("view", short_help="See reports, runs and trends in the browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any that is free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Another address opens it to others.")
@store_option
def command(*, port: int, host: str, store: Place | None) -> int:
    """Serve an index over the reports folder and the store: verdicts, trends, and runs as they go on.

    The address that is printed holds a random token; without it nothing is shown. Only this machine is
    served unless --host says otherwise, and nothing can be changed from the browser. Ctrl-C ends it.
    """
    root = root_of(Path.cwd())
    with ExitStack() as stack, bound(host, port) as taken:
        address, number = taken.getsockname()[:2]
        sight = Sight(
            project=root.name, reports=root / REPORTS, store=_store(stack, store_path(store, root), root)
        )
        token = secrets.token_urlsafe(32)
        if host not in LOOPBACK:
            warning = (
                f"! {host} is not this machine alone: whoever gets the address sees every report, unencrypted"
            )
            err().print(plain(warning), style="yellow")
        named = f"[{address}]" if ":" in address else address
        click.echo(f"http://{named}:{number}/?token={token}")
        err().print("Ctrl-C ends it", style="dim")
        serve(App(sight=sight, token=token, host=host, cookie=f"harness-{number}"), taken)
    return 0


def _store(stack: ExitStack, place: Place, root: Path) -> Store | None:
    """Open the store; where there is none yet, reports may have come from elsewhere."""
    try:
        return stack.enter_context(open_store(place, create=False))
    except StoreError as error:
        if not (root / REPORTS).is_dir():
            raise
        err().print(plain(f"{error.message}: only reports are shown"), style="dim")
        return None
