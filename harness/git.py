"""What git knows of a file, by plumbing: nothing is ever checked out, no hook runs, no shell is used."""

import os
import subprocess
from pathlib import Path

_SECONDS = 30


def commit(folder: Path, revision: str = "HEAD") -> str:
    """Return the full hash of the commit that a revision names; empty if it names none."""
    return _text(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")


def top(folder: Path) -> Path | None:
    """Return the top folder of the repository that holds this folder, if one does."""
    text = _text(folder, "rev-parse", "--show-toplevel")
    return Path(text) if text else None


def read(folder: Path, commit_hash: str, path: str) -> bytes | None:
    """Return a file's bytes as they were at a commit; `None` if it was not there.

    `path` is relative to the repository's top folder.
    """
    done = _git(folder, "cat-file", "blob", f"{commit_hash}:{path}")
    return done.stdout if done is not None and done.returncode == 0 else None


def default_branch(folder: Path) -> str:
    """Return the commit that the default branch stands at; empty where none can be found.

    The remote's idea of it comes first, then `main` and `master`, here or there.
    """
    names = ("origin/HEAD", "origin/main", "main", "origin/master", "master")
    return next((found for name in names if (found := commit(folder, name))), "")


def distance(folder: Path, ancestor: str, descendant: str = "HEAD") -> int | None:
    """Count the commits from an ancestor to a descendant, 0 for the same; `None` if it is no ancestor."""
    done = _git(folder, "merge-base", "--is-ancestor", ancestor, descendant)
    if done is None or done.returncode:
        return None
    counted = _text(folder, "rev-list", "--count", f"{ancestor}..{descendant}")
    return int(counted) if counted.isdigit() else None


def user(folder: Path) -> str:
    """Return who git says commits here, as `name <address>`; empty where nobody is configured."""
    name, address = _text(folder, "config", "user.name"), _text(folder, "config", "user.email")
    return f"{name} <{address}>" if name and address else name or address


def dirty(folder: Path, path: Path) -> bool | None:
    """Say whether a working file differs from HEAD or is unknown to it; `None` outside a repository."""
    done = _git(folder, "status", "--porcelain", "--", str(path))
    return bool(done.stdout.strip()) if done is not None and done.returncode == 0 else None


def _text(folder: Path, *arguments: str) -> str:
    done = _git(folder, *arguments)
    return done.stdout.decode(errors="replace").strip() if done is not None and done.returncode == 0 else ""


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    """Run git without a shell; `None` where git is not installed or does not answer."""
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *arguments]
    try:
        return subprocess.run(  # noqa: S603 - fixed program, arguments never reach a shell
            command,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
