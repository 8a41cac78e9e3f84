"""What the store keeps of nights: their results, and the runs that were accepted as baselines."""

from typing import Any, TypeVar

from sqlalchemy import Select, delete, select

from harness.errors import InputError, StoreError
from harness.parsing.reading import from_json, to_json
from harness.records.nights import Acceptance, NightResult
from harness.store.store import Store
from harness.store.tables import acceptances, nights
from harness.store.trouble import DAMAGED

T = TypeVar("T")


class Nights:
    """The nights of all evals in one store."""

    def __init__(self, store: Store) -> None:
        """Share the store's connection and its errors."""
        self._store = store

    def keep(self, result: NightResult) -> None:
        """Put a night's result on disk, in place of an earlier try of the same night."""
        values = {"eval": result.eval, "night": result.night, "at": result.at, "result": to_json(result)}
        same = (nights.c.eval == result.eval, nights.c.night == result.night)
        with self._store.writing() as connection:
            connection.execute(delete(nights).where(*same))
            connection.execute(nights.insert(), values)

    def of(self, eval_name: str) -> tuple[NightResult, ...]:
        """Return all nights of an eval in order of time."""
        column = nights.c.result
        query = select(column).where(nights.c.eval == eval_name).order_by(nights.c.at, nights.c.night)
        return self._read(NightResult, query)

    def accept(self, acceptance: Acceptance) -> None:
        """Put down that a run is the baseline from now on; earlier acceptances stay."""
        values = {
            "eval": acceptance.eval,
            "at": acceptance.at,
            "run": acceptance.run,
            "acceptance": to_json(acceptance),
        }
        with self._store.writing() as connection:
            connection.execute(acceptances.insert(), values)

    def accepted(self, eval_name: str) -> tuple[Acceptance, ...]:
        """Return all acceptances of an eval in order of time."""
        column = acceptances.c.acceptance
        query = select(column).where(acceptances.c.eval == eval_name).order_by(acceptances.c.at)
        return self._read(Acceptance, query)

    def _read(self, kind: type[T], query: Select[Any]) -> tuple[T, ...]:
        with self._store.writing() as connection:
            texts = connection.execute(query).scalars().all()
        try:
            return tuple(from_json(kind, text) for text in texts)
        except InputError as error:
            msg = f"the store holds a {kind.__name__} that cannot be read: {error.message}"
            raise StoreError(msg, hint=DAMAGED) from None
