"""A PostgreSQL of the tests' own: made in a temporary folder, started on 127.0.0.1, gone at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from harness.store.address import Address

USER, PASSWORD = "ann", "s3cret-of-ann"
_ACCOUNT = "postgres"  # the server refuses to run as root; packages make this account


def binaries() -> Path | None:
    """Find the folder with the server's programs; Debian keeps them off the path."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@dataclass
class Cluster:
    """A running server."""

    programs: Path
    folder: Path
    port: int
    made: int = 0

    def address(self, database: str, *, user: str = USER, password: str = PASSWORD) -> Address:
        return Address(f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}")

    def fresh(self) -> Address:
        """Make an empty database."""
        self.made += 1
        name = f"evals_{self.made}"
        self.sql("postgres", f"create database {name}")
        return self.address(name)

    def sql(self, database: str | Address, *statements: str) -> list[tuple[object, ...]]:
        """Carry statements out, and give what the last one found."""
        address = database if isinstance(database, Address) else self.address(database)
        with psycopg.connect(address.url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        # What was committed must survive the processes here, not a power cut.
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-w", "-D", str(self.data), "-o", settings, "-l", log, "start")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-w", "-D", str(self.data), "-m", how, "stop")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def make(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        owner = _ACCOUNT if os.getuid() == 0 else None
        if owner:
            shutil.chown(self.folder, owner)
            shutil.chown(secret, owner)
        self._run(
            *("initdb", "-D", str(self.data), "-U", USER, "-A", "scram-sha-256"),
            *("--pwfile", str(secret), "-E", "UTF8", "--locale=C.UTF-8", "-N"),
        )
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        account = {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": ()} if os.getuid() == 0 else {}
        command: Sequence[str] = (str(self.programs / program), *arguments)
        with (self.folder / f"{program}.out").open("a+b") as said:  # a pipe would be held open by the server
            done = subprocess.run(
                command,
                cwd=self.folder,
                stdout=said,
                stderr=said,
                env={"PATH": "/usr/bin:/bin"},
                check=False,
                timeout=60,
                **account,  # type: ignore[call-overload] # named so by subprocess
            )
            said.seek(0)
            assert done.returncode == 0, said.read().decode()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server, and stop it at the end of the block."""
    programs = binaries()
    assert programs, "PostgreSQL is not installed"
    with tempfile.TemporaryDirectory(prefix="harness-postgres-") as name:
        made = Cluster(programs, Path(name), _free_port())
        made.make()
        try:
            yield made
        finally:
            made.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
