"""What every test stands on: no keys, no proxies, no network beyond this machine."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import postgres
from front_door import Door
from harness.store.address import Place
from hook import Hook
from loopback import Loopback

# How long an example takes says something of this machine, nothing of the claim.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_LEAKS = ("ANTHROPIC_", "HARNESS_STORE", "PG")


@pytest.fixture(autouse=True)
def no_credentials_and_no_proxies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A developer's own key or proxy must never decide a test, nor be sent anywhere by one."""
    for name in list(os.environ):
        if name.startswith(_LEAKS) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path / "no-profiles"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A project of its own in an empty folder, and the command line to use it with."""
    return Door(tmp_path / "project")


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server, where one is installed; every test takes a database of its own."""
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgres.cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for a store, of each kind."""
    if request.param == "sqlite":
        return tmp_path / ".harness" / "store.db"
    running: postgres.Cluster = request.getfixturevalue("cluster")
    return running.fresh()


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Where everything is installed, a skip is a hole in the suite."""
    if (
        os.environ.get("HARNESS_NO_SKIP")
        and call.excinfo
        and call.excinfo.errisinstance(pytest.skip.Exception)
    ):
        reason = str(call.excinfo.value)
        msg = f"{item.nodeid} was skipped where no skip is allowed: {reason}"
        raise pytest.UsageError(msg)
