"""What there is to see: the reports folder and the store, read anew each time, the slow parts remembered."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from harness.assembling import arm, complete
from harness.charts.canvas import styled
from harness.charts.trend import trend
from harness.comparison.trending import Scored, periods, scored
from harness.errors import HarnessError, InputError
from harness.files import read_text
from harness.parsing.reading import from_json
from harness.planning.regrading import whole
from harness.planning.work import Job, looked_up
from harness.records.runs import Manifest
from harness.reporting.chart import Chart
from harness.reporting.index import Group, Overview, Running, Shown, Stored
from harness.reporting.summary import Summary
from harness.store.store import Listed, Store
from harness.viewing.guard import file_below

_SUMMARY = "summary.json"
_PAGE = "index.html"
_NIGHTS = 60  # runs in one picture; more would be a blur, and each is read from the store once
_STILL = 30.0  # seconds without a new answer or verdict: nobody seems to work on the run


@dataclass(slots=True)
class _Watched:
    """An unfinished run between two looks: what is left of it, and when it last got on."""

    manifest: Manifest
    planned: int
    left: list[Job]
    done: tuple[int, int, int] = (0, 0, 0)
    moved: float = float("-inf")


@dataclass(slots=True)
class Sight:
    """Sees one project. Methods may be called from several threads; `store` is `None` where there is none."""

    project: str
    reports: Path
    store: Store | None
    clock: Callable[[], float] = time.monotonic
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _scored: dict[str, Scored | None] = field(default_factory=dict)
    _charts: dict[tuple[str, tuple[str, ...]], Chart | None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def overview(self) -> Overview:
        """Give everything that the index shows, evals by their newest report or run."""
        shown = list(self._shown())
        rows, trouble = self._rows()
        names = [each.summary.eval_name if each.summary else each.folder.partition("--")[0] for each in shown]
        newest = dict.fromkeys([*names, *(row.eval for row in reversed(rows))])
        groups = [
            Group(
                name=name,
                reports=tuple(each for each, of in zip(shown, names, strict=True) if of == name),
                runs=tuple(_stored(row) for row in reversed(rows) if row.eval == name),
                finished=len(_nights(rows, name)),
            )
            for name in newest
        ]
        return Overview(project=self.project, groups=tuple(groups), running=self.running(), trouble=trouble)

    def running(self) -> tuple[Running, ...]:
        """Count what is stored of each run that is not finished; only what was missing is looked up again."""
        rows, _ = self._rows()
        open_ = [row for row in rows if not row.finished_at and not row.stopped]
        with self._lock:
            self._watched = {row.id: self._watched[row.id] for row in open_ if row.id in self._watched}
            return tuple(self._look(row) for row in open_ if self.store is not None)

    def trend(self, eval_name: str) -> Chart | None:
        """Draw an eval's overall score over its newest finished runs; `None` with fewer than two."""
        rows, _ = self._rows()
        nights = _nights(rows, eval_name)[-_NIGHTS:]
        key = (eval_name, tuple(row.id for row in nights))
        with self._lock:
            if len(nights) > 1 and key not in self._charts:
                found = [each for row in nights if (each := self._score(row)) is not None]
                with styled():
                    self._charts[key] = trend(periods(found))
            return self._charts.get(key)

    def _rows(self) -> tuple[tuple[Listed, ...], str]:
        """List the stored runs; what cannot be read is trouble, and the reports stay to be seen."""
        try:
            return (() if self.store is None else self.store.list()), ""
        except HarnessError as error:
            return (), str(error)

    def _shown(self) -> Iterator[Shown]:
        """Find the folders of reports, the newest first."""
        found = self.reports.glob(f"*/{_PAGE}")
        pages = [page for page in found if file_below(self.reports, f"{page.parent.name}/{_PAGE}")]
        for page in sorted(pages, key=lambda path: (-path.stat().st_mtime, path)):
            yield Shown(folder=page.parent.name, summary=_summary(page.parent / _SUMMARY))

    def _look(self, row: Listed) -> Running:
        assert self.store is not None  # noqa: S101 - whoever calls has looked
        watched = self._watched.get(row.id)
        first = watched is None
        if watched is None:
            manifest = self.store.load(row.id).manifest
            planned = len(manifest.cases) * manifest.eval.attempts
            watched = self._watched[row.id] = _Watched(manifest, planned, list(whole(manifest, self.store)))
        else:
            watched.left = list(looked_up(watched.manifest, self.store, watched.left))
        watched.left = [job for job in watched.left if not job.done]
        graded = watched.planned - len(watched.left)
        answered = graded + sum(job.answer is not None for job in watched.left)
        verdicts = sum(mark.verdict is not None for job in watched.left for mark in job.marks)
        if not first and watched.done != (graded, answered, verdicts):
            watched.moved = self.clock()
        watched.done = (graded, answered, verdicts)
        return Running(
            run=row.id,
            eval_name=row.eval,
            label=row.label,
            planned=watched.planned,
            answered=answered,
            graded=graded,
            failed=sum(each.stage == "answer" for each in self.store.failures(row.id)),
            moving=self.clock() - watched.moved < _STILL,
        )

    def _score(self, row: Listed) -> Scored | None:
        """Score a finished run once; one with too much missing has none."""
        assert self.store is not None  # noqa: S101 - there would be no row
        if row.id not in self._scored:
            run = self.store.load(row.id)
            made = arm(run, whole(run.manifest, self.store), self.store.failures(row.id))
            self._scored[row.id] = scored(made) if complete([made]) else None
        return self._scored[row.id]


def _nights(rows: tuple[Listed, ...], eval_name: str) -> list[Listed]:
    return [row for row in rows if row.eval == eval_name and row.finished_at and not row.stopped]


def _stored(row: Listed) -> Stored:
    state = row.stopped or ("" if row.finished_at else "unfinished")
    return Stored(run=row.id, label=row.label, prompt=row.prompt_hash[:8], begun=row.created_at, state=state)


def _summary(path: Path) -> Summary | None:
    try:
        return None if path.is_symlink() else from_json(Summary, read_text(path))
    except InputError:
        return None
