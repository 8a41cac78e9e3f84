"""Find a stored run by what a person types."""

from harness.errors import InputError
from harness.records.runs import Run
from harness.store.store import Listed, Store


def find_run(store: Store, name: str) -> Run:
    """Find a run by id, by the beginning of one, or by a revision's label: its newest run.

    Raises InputError when nothing or more than one run is meant.
    """
    rows = store.list()
    by_label = [row for row in rows if name in {row.label, f"{row.eval}/{row.label}"}]
    by_id = [row for row in rows if row.id.startswith(name)]
    if by_label:
        return store.load(by_label[-1].id)
    if len(by_id) == 1:
        return store.load(by_id[0].id)
    if by_id:
        msg = f"{name}: {len(by_id)} runs begin so: {', '.join(row.id for row in by_id)}"
        raise InputError(msg, hint="type more of it")
    msg = f"{name}: no such run"
    raise InputError(msg, hint=_known(rows))


def _known(rows: tuple[Listed, ...]) -> str:
    if not rows:
        return "the store holds no runs yet; `harness demo` makes some"
    newest = ", ".join(f"{row.id} ({row.eval}/{row.label})" for row in rows[-5:])
    return f"the newest are {newest}; `harness list` shows all"
