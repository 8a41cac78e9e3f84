"""Read and write files: errors that say what to do, writes that are whole or not there."""

import difflib
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from harness.errors import Fault, InputError

_LIMIT = 64 * 1024 * 1024  # bytes; no agent, dataset or eval comes near it


def root_of(path: Path) -> Path:
    """Return the project's root: the nearest folder above that holds `pyproject.toml` or `.git`.

    Without either it is the working folder.
    """
    here = path.resolve()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file() or (folder / ".git").exists():
            return folder
    return Path.cwd()


def shown(path: Path, root: Path) -> str:
    """Name a path the way people see it: from the project's root where it lies below it."""
    try:
        whole = path.resolve()
    except (OSError, RuntimeError):  # a loop of symbolic links; whoever reads the file says so
        return str(path)
    return str(whole.relative_to(root) if whole.is_relative_to(root) else path)


def read_bytes(path: Path, *, name: str = "") -> bytes:
    """Read a file whole; InputError says why it cannot be, and which names are near."""
    name = name or str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            msg = f"{name}: a folder, and a file is needed"
            raise InputError(msg)
        if not stat.S_ISREG(status.st_mode):
            msg = f"{name}: not a regular file"
            raise InputError(msg)
        if status.st_size > _LIMIT:
            msg = f"{name}: larger than {_LIMIT // 2**20} MiB"
            raise InputError(msg, hint="split it")
        return path.read_bytes()
    except FileNotFoundError:
        msg = f"{name}: no such file"
        raise InputError(msg, hint=_near(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{name}: cannot be read: {reason}"
        raise InputError(msg) from None


def is_file(path: Path) -> bool:
    """Say whether a path is a file; what cannot be a path is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def inside(root: Path, name: str) -> Path:
    """Find a file that a project's file names; InputError when it lies outside the project.

    A symbolic link that leads outside is outside: an eval from a stranger must not send other files away.
    """
    try:
        path = (root / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        msg = f"{name!r}: not a path: {error}"
        raise InputError(msg) from None
    if not path.is_relative_to(root.resolve()):
        msg = f"{name}: lies outside the project {root}"
        raise InputError(msg, hint="copy the file into the project")
    return path


def read_text(path: Path, *, name: str = "") -> str:
    """Read a UTF-8 file; a byte order mark is dropped and line ends become LF."""
    name = name or str(path)
    data = read_bytes(path, name=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        fault = Fault(line=line, message="not UTF-8", hint="save the file as UTF-8")
        raise InputError.of_file(name, (fault,)) from None
    return text.replace("\r\n", "\n")


def sha256(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def write(path: Path, data: bytes) -> None:
    """Write a file whole: a reader sees the old content or the new, never a part."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise InputError(msg) from None


def append_line(path: Path, line: str) -> None:
    """Add one line to a file and see it on disk; a file whose last line has no end is given one first."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if file.tell() and _last(file) != b"\n":
                line = f"\n{line}"
            file.write(f"{line}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise InputError(msg) from None


def _last(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def _near(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return f"the folder {path.parent} does not exist either"
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"did you mean {(path.parent / close[0]).name!r}?" if close else ""
