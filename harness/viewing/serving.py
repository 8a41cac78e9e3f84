"""The server below the application: one socket, one process, until it is interrupted."""

import asyncio
import socket

import uvicorn

from harness.errors import InputError
from harness.viewing.app import App

_AT_ONCE = 32


def bound(host: str, port: int) -> socket.socket:
    """Take an address; port 0 takes any that is free. Raises InputError where it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen()  # so that whoever follows the printed address at once is not turned away
    except (OSError, OverflowError) as error:
        msg = f"--host {host} --port {port}: cannot be served: {error}"
        raise InputError(msg, hint="leave --port out: any free one is taken") from None
    return taken


def serve(app: App, taken: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, and let what is on its way get there first."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_AT_ONCE,
        timeout_graceful_shutdown=2,
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[taken]))
