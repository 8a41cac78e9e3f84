"""Evals as tests: `pytest evals/` collects YAML evals, and each gate and dimension is an item.

pytest loads this module in every project that has the harness installed, so it imports nothing but pytest
until an eval is collected.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.project import Material
    from harness.records.comparisons import Comparison, GateResult
    from harness.records.results import Report
    from harness.records.runs import Revision

_EVAL = re.compile(rb"^agent[ \t]*:", re.MULTILINE)
_LIMIT = 64 * 1024  # bytes; whatever names its agent later than that is no eval of ours
_FLIPS = 3

_DESELECTED = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of evals."""
    group = parser.getgroup("harness", "evals of agent prompts")
    group.addoption("--evals-live", action="store_true", help="Run evals that need an API key, too.")
    group.addoption(
        "--evals-model", metavar="NAME", default="", help="Ask this model in place of the evals' own."
    )
    group.addoption("--evals-budget", metavar="USD", type=float, help="Budget in place of the evals' own.")
    group.addoption(
        "--evals-allow-code", action="store_true", help="Run the Python files of the evals' custom graders."
    )
    group.addoption(
        "--evals-allow-inconclusive",
        action="store_true",
        help="Skip a gate that can neither pass nor fail, in place of failing it.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark that every item of an eval bears."""
    config.addinivalue_line("markers", "eval: an eval of an agent's prompt")
    config.stash[_DESELECTED] = {}


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "EvalFile | None":
    """Collect YAML files with a top-level `agent:`."""
    if file_path.suffix not in {".yaml", ".yml"}:
        return None
    with file_path.open("rb") as file:
        if not _EVAL.search(file.read(_LIMIT)):
            return None
    collected: EvalFile = EvalFile.from_parent(parent, path=file_path)
    return collected


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out evals that need a key, unless they were asked for."""
    if config.getoption("--evals-live"):
        return
    out = [item for item in items if isinstance(item, EvalItem) and item.file.paid]
    if out:
        counted = config.stash[_DESELECTED]
        for item in out:
            counted[item.file.nodeid] = counted.get(item.file.nodeid, 0) + 1
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say which evals were left out, and how to run them."""
    return [
        f"harness: {name} needs an API key, {count} of its items left out; --evals-live runs them"
        for name, count in config.stash[_DESELECTED].items()
    ]


class EvalFailedError(Exception):
    """An item of an eval did not hold; the message is all that is to be printed."""


class EvalFile(pytest.File):
    """One eval; it is carried out once, when its first item runs."""

    _made: "Report | None" = None
    _page: Path | None = None

    def collect(self) -> "Iterator[EvalItem]":
        """Yield an item for each revision and dimension, and one that says whether the run is complete."""
        from harness.errors import HarnessError  # noqa: PLC0415 - and so below: only where there is an eval

        try:
            labels = [revision.label for revision in self.revisions]
        except HarnessError as error:
            raise self.CollectError(str(error)) from None
        yield EvalItem.from_parent(self, name="complete", about=("", ""))
        dimensions = ("overall", *(rubric.dimension for rubric in self.material.rubrics))
        for label in labels[1:] or labels:
            for dimension in dimensions:
                name = f"{label}-{dimension}" if len(labels) > 2 else dimension
                yield EvalItem.from_parent(self, name=name, about=(label, dimension))

    @cached_property
    def material(self) -> "Material":
        """The eval with all that it names, under the options given."""
        from harness.project import load  # noqa: PLC0415

        found = load(self.path)
        name = self.config.getoption("--evals-model")
        if name and found.eval.model.provider != "recorded":
            model = replace(found.eval.model, name=name)
            found = replace(found, eval=replace(found.eval, model=model))
        return found

    @property
    def paid(self) -> bool:
        """Whether a model has to be asked."""
        asked = self.material.eval
        beside = (asked.pairwise.model,) if asked.pairwise else ()
        models = (asked.model, *beside, *(model for grader in asked.graders for model in grader.models))
        return any(model.provider != "recorded" for model in models)

    @cached_property
    def revisions(self) -> "Sequence[Revision]":
        """The working file and the eval's candidates; without candidates HEAD and the working file."""
        return _revisions(self.material)

    def report(self) -> "Report":
        """Carry the eval out, once."""
        if self._made is None:
            self._made, self._page = _carried_out(
                self.material,
                self.revisions,
                budget=self.config.getoption("--evals-budget"),
                allow_code=self.config.getoption("--evals-allow-code"),
            )
        return self._made

    def words(self, lines: Iterable[str]) -> str:
        """Join lines of a failure, the report's path last."""
        return "\n".join((*lines, f"report: {self._page}"))


class EvalItem(pytest.Item):
    """One dimension of one revision, with its gate where there is one."""

    def __init__(self, *, about: tuple[str, str], **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type] # pytest's own
        self.label, self.dimension = about
        self.add_marker("eval")

    @property
    def file(self) -> EvalFile:
        """The eval."""
        assert isinstance(self.parent, EvalFile)  # noqa: S101 - made nowhere else
        return self.parent

    def runtest(self) -> None:
        """Raise where the item does not hold."""
        report = self.file.report()
        if not self.dimension:
            _complete(self.file, report)
            return
        found = next((each for each in report.comparisons if each.candidate == self.label), None)
        gates = report.gates if found is None else found.gates
        gate = next((each for each in gates if each.dimension == self.dimension), None)
        sentence = _sentence(found, report, self.dimension)
        if gate is not None and gate.result != "PASS":
            self._gate(gate, found, sentence)
        self.add_report_section("call", "verdict", sentence)

    def _gate(self, gate: "GateResult", found: "Comparison | None", sentence: str) -> None:
        words = f"gate {gate.result}: {gate.words}"
        if gate.result == "INCONCLUSIVE" and self.config.getoption("--evals-allow-inconclusive"):
            pytest.skip(words)
        raise EvalFailedError(self.file.words((sentence, words, *_flips(found, self.dimension))))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """Print what a person needs, and no traceback for what is no bug."""
        from harness.errors import HarnessError  # noqa: PLC0415
        from harness.reporting.untrusted import visible  # noqa: PLC0415

        if isinstance(excinfo.value, EvalFailedError | HarnessError):
            return visible(str(excinfo.value))
        return str(super().repr_failure(excinfo, style=style))  # type: ignore[arg-type]

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the item the way it is printed."""
        return self.path, None, self.name


@dataclass(frozen=True)
class Harness:
    """Evals for tests written in Python. Each method carries an eval out and returns its report."""

    root: Path
    allow_code: bool = False

    def run(self, eval_file: str, revision: str = "") -> "Report":
        """Run one revision of an eval's agent; `eval_file` is a path from pytest's root folder."""
        return self._report(eval_file, (revision,))

    def compare(self, eval_file: str, base: str = "HEAD", *candidates: str) -> "Report":
        """Compare revisions: files, git revisions or REV:PATH; no candidate is the working file."""
        return self._report(eval_file, (base, *(candidates or ("",))))

    def _report(self, eval_file: str, specs: Sequence[str]) -> "Report":
        from harness import revisions  # noqa: PLC0415
        from harness.project import load  # noqa: PLC0415

        material = load(self.root / eval_file)
        agent = Path(material.eval.agent)
        found = [revisions.find(spec, agent=agent, root=material.root) for spec in specs]
        arms = revisions.apart(found[0], *found[1:])
        report, _page = _carried_out(material, arms, budget=None, allow_code=self.allow_code)
        return report


@pytest.fixture(name="harness", scope="session")
def harness_fixture(pytestconfig: pytest.Config) -> Harness:
    """Carry out evals from tests written in Python: `harness.run(...)`, `harness.compare(...)`."""
    return Harness(pytestconfig.rootpath, allow_code=pytestconfig.getoption("--evals-allow-code"))


def _revisions(material: "Material") -> "Sequence[Revision]":
    from harness import revisions  # noqa: PLC0415
    from harness.git import top  # noqa: PLC0415

    agent, candidates = Path(material.eval.agent), material.eval.candidates
    if candidates:
        specs = (material.eval.agent, *candidates)
        return revisions.apart(*(revisions.named(spec, agent=agent, root=material.root) for spec in specs))
    found = revisions.find("", agent=agent, root=material.root)
    if top(material.root) is None:
        return (found,)
    committed = revisions.find("HEAD", agent=agent, root=material.root)
    same = committed.agent.prompt == found.agent.prompt
    return (found,) if same else revisions.apart(committed, found)


def _carried_out(
    material: "Material", found: "Sequence[Revision]", *, budget: float | None, allow_code: bool
) -> "tuple[Report, Path | None]":
    from harness.cli.carrying import carry_out  # noqa: PLC0415
    from harness.cli.options import Wishes  # noqa: PLC0415
    from harness.errors import IncompleteError  # noqa: PLC0415

    wishes = Wishes(budget=budget, allow_code=allow_code)
    carried = carry_out(material, found, wishes, typed=f"pytest evals/{material.name}.yaml")
    if carried.report is None:
        msg = "nothing was carried out"
        raise IncompleteError(msg)
    return carried.report, carried.page


def _complete(file: EvalFile, report: "Report") -> None:
    from harness.assembling import complete  # noqa: PLC0415

    if complete((report.base, *report.candidates)):
        return
    decider = report.graders[0].kind
    lines = [
        f"{arm.label}: {counted.graded} of {counted.planned} trials graded, {counted.failed} failed, "
        f"{counted.ungraded} ungraded"
        for arm in (report.base, *report.candidates)
        for counted in (arm.counts[decider],)
    ]
    raise EvalFailedError(file.words(("incomplete: too much failed for any verdict to stand", *lines)))


def _sentence(found: "Comparison | None", report: "Report", dimension: str) -> str:
    if found is not None:
        return next(each.sentence for each in found.differences if each.dimension == dimension)
    from harness.reporting.words import interval, points  # noqa: PLC0415

    estimate = dict(report.base.scores[report.graders[0].kind])[dimension]
    return f"{dimension}: {points(estimate.mean)} points over {estimate.n} cases ({interval(estimate)})"


def _flips(found: "Comparison | None", dimension: str) -> Iterator[str]:
    """Name the losses that weigh most."""
    losses = [] if found is None else [each for each in found.flips if each.gain < 0]
    mine = [each for each in losses if dimension in {"overall", each.dimension}]
    for flip in sorted(mine, key=lambda each: each.gain)[:_FLIPS]:
        yield f"  {flip.case}: {flip.dimension}/{flip.criterion}: {flip.text} ({flip.gain:+.1f} points)"
