"""Results for Python: data frames and reports of what is stored. Nothing here asks a model or writes a file.

Importing this module is cheap; pandas and the store are loaded when a function needs them.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness.files import read_text, root_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pandas as pd

    from harness.records.results import Report
    from harness.store.store import Store

_RESULTS = "results.json"


def results(*sources: "str | Path | Report", store: Path | None = None) -> "pd.DataFrame":
    """Give every verdict as a row: run, arm, grader, case, attempt, dimension, criterion, met, quote, etc.

    A source is a stored run (its id, the beginning of one, or a revision's label for its newest run), a path
    of a report's folder or its results.json, or a report. Several sources stand below each other. `store` is
    the project's own if left out. Raises InputError for a source that there is not.
    """
    from harness.reporting.frames import verdicts  # noqa: PLC0415 - as the module says

    return verdicts([_published(source, store) for source in sources])


def runs(*, store: Path | None = None) -> "pd.DataFrame":
    """Give the stored runs, the one asked for last at the end."""
    from harness.reporting.frames import listed  # noqa: PLC0415 - as the module says

    with _opened(store) as opened:
        return listed([asdict(row) for row in opened.list()])


def report(*names: str, store: Path | None = None) -> "Report":
    """Put the report of stored runs together, the first as the base of the others: all records, no files.

    Raises InputError for runs that there are not, or that did not ask the same.
    """
    from harness.cli.stored import report_of  # noqa: PLC0415 - as the module says

    with _opened(store) as opened:
        return report_of(opened, names, root_of(Path.cwd()), at=store)


def _published(source: "str | Path | Report", store: Path | None) -> dict[str, Any]:
    """Read a source as results.json says it."""
    from harness.reporting.tables import as_json  # noqa: PLC0415 - as the module says

    if isinstance(source, str | Path):
        path = Path(source)
        path = path / _RESULTS if path.is_dir() else path
        if path.is_file():
            return _read(path)
        if isinstance(source, Path):
            msg = f"{source}: no results there"
            raise InputError(msg, hint=f"a report's folder holds a {_RESULTS}")
        source = report(source, store=store)
    data: dict[str, Any] = json.loads(as_json(source))
    return data


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        msg = f"{path}: not JSON: {error}"
        raise InputError(msg) from None
    if not isinstance(data, dict) or "format" not in data:
        msg = f"{path}: not the results of a report"
        raise InputError(msg, hint=f"a report's folder holds a {_RESULTS}")
    return data


def _opened(store: Path | None) -> "AbstractContextManager[Store]":
    from harness.cli.options import store_path  # noqa: PLC0415 - as the module says
    from harness.store.opening import open_store  # noqa: PLC0415 - as the module says

    return open_store(store_path(store, root_of(Path.cwd())), create=False)
