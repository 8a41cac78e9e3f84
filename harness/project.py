"""Load an eval and everything it names from disk; every fault of every file in one error."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from harness.custom import Source, find, imported, path_of
from harness.errors import Fault, IncompleteError, InputError
from harness.files import inside, read_bytes, read_text, root_of, sha256, shown
from harness.grading import signals
from harness.grading.custom import Function
from harness.grading.judging import QUOTE_RULES
from harness.grading.labels import Labels, read_labels
from harness.grading.screening import SCREENING_RULES
from harness.models.recorded import Recorded, read_recorded
from harness.parsing.agents import cases_of, read_agent
from harness.parsing.lines import read_lines
from harness.parsing.reading import read
from harness.planning.model import API_VERSION
from harness.prompts import JUDGE_VERSIONS
from harness.records.estimates import OVERALL
from harness.records.inputs import WAKES, Agent, Case, Dataset, Eval, GraderSpec, Rubric
from harness.records.nights import Sentinel
from harness.records.runs import GraderInfo, Manifest, Revision

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """An eval with all that it names, read and checked against each other.

    `files` maps each named path to the SHA-256 of its bytes. `sources` holds the files of custom graders,
    read and not run; `functions` what `permitted` made of them.
    """

    name: str
    root: Path
    eval: Eval
    agent: Agent
    cases: tuple[Case, ...]
    rubrics: tuple[Rubric, ...]
    labels: Mapping[str, Labels]
    recorded: Recorded | None
    files: Mapping[str, str]
    sources: Mapping[str, Source] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    sentinels: tuple[Sentinel, ...] = ()

    def manifest(self, revision: Revision) -> Manifest:
        """Put down everything that running this revision would be made from."""
        return Manifest(
            eval_name=self.name,
            eval=self.eval,
            revision=revision,
            cases=self.cases,
            rubrics=self.rubrics,
            graders=tuple(_guarded(self._info(spec), spec) for spec in self.eval.graders),
            model_version=self.recorded.version if self.recorded else API_VERSION,
            files=self.files,
            harness_version=metadata.version("agent-prompt-harness"),
        )

    def _info(self, spec: GraderSpec) -> GraderInfo:
        if spec.judges:
            judged_by = f"{JUDGE_VERSIONS[spec.mode]}-{QUOTE_RULES}/{API_VERSION}"
            names = " + ".join(model.name for model in spec.judges)
            return GraderInfo(kind=spec.kind, version=judged_by, model=names)
        if spec.kind == "labels":
            return GraderInfo(kind=spec.kind, version=self.labels[spec.labels].version[:12])
        if spec.kind == "checks":
            return GraderInfo(kind=spec.kind, version=_checks_code())
        if spec.kind == "custom":
            return GraderInfo(kind=spec.kind, version=self.sources[spec.function].version)
        return GraderInfo(kind=spec.kind, version=f"{signals.VERSION}-{_signals_code()}")


def _guarded(info: GraderInfo, spec: GraderSpec) -> GraderInfo:
    """Note what keeps this grader from being talked round."""
    screened = spec.screening and spec.kind in {"judge", "signals"}
    canary = spec.canary and spec.kind == "judge"
    return replace(info, canary=canary, screening=SCREENING_RULES if screened else 0)


@cache
def _signals_code() -> str:
    """Hash the code that matches signals: when it changes, its verdicts are made anew, which is free."""
    grading = files("harness.grading")
    names = ("signals", "phrases", "placeholders", "negation", "units")
    sources = [grading.joinpath(f"{name}.py").read_bytes() for name in names]
    sources.append(files("harness.records").joinpath("phrases.py").read_bytes())
    return sha256(b"".join(sources))[:8]


@cache
def _checks_code() -> str:
    return sha256(files("harness.grading").joinpath("checks.py").read_bytes())[:8]


def load(path: Path) -> Material:
    """Read an eval file and the agent, datasets, rubrics, labels and recorded answers that it names.

    Raises InputError with the faults of all files together, and IncompleteError when
    everything is in order but there is no case to run.
    """
    root = root_of(path)
    name = shown(path, root)
    wanted = read(Eval, read_text(path, name=name), source=name)
    loader = _Loader(root)
    agent = loader.take(_agent, wanted.agent)
    datasets = {file: loader.take(_dataset, file) for file in wanted.datasets}
    rubrics = {file: loader.take(_rubric, file) for file in wanted.rubrics}
    labels = {spec.labels: loader.take(_labels, spec.labels) for spec in wanted.graders if spec.labels}
    names = [spec.function for spec in wanted.graders if spec.function]
    sources = {name: loader.take(partial(_source, root, name), path_of(name)) for name in names}
    answers = wanted.model.answers
    recorded = loader.take(_recorded, answers) if answers else []
    watched = wanted.nightly.sentinels if wanted.nightly else ""
    sentinels = loader.take(_sentinels, watched) if watched else []
    loader.done()
    cases = [case for found in datasets.values() for dataset in found for case in dataset]
    faults = tuple(_mismatches(wanted, cases, [rubric for found in rubrics.values() for rubric in found]))
    if faults:
        raise InputError.of_file(name, faults)
    material = Material(
        name=path.stem,
        root=root,
        eval=wanted,
        agent=agent[0],
        cases=(*(cases_of(agent[0]) if wanted.examples else ()), *cases),
        rubrics=tuple(rubric for found in rubrics.values() for rubric in found),
        labels={file: found[0] for file, found in labels.items()},
        recorded=recorded[0] if recorded else None,
        files=loader.hashes,
        sources={name: found[0] for name, found in sources.items()},
        sentinels=sentinels[0] if sentinels else (),
    )
    if not material.cases:
        msg = f"{name}: there is no case to run"
        raise IncompleteError(msg, hint="add a case to a dataset, or an <example> to the agent's description")
    return material


def permitted(material: Material, *, allow_code: bool) -> Material:
    """Import the functions of custom graders, if the person at the keyboard allows it.

    An eval file may come from a stranger, so what it names is not run on its word alone: InputError without
    leave.
    """
    if material.sources and not allow_code:
        files = ", ".join(source.path for source in material.sources.values())
        msg = f"the eval's custom grader would run {files}, and nobody has allowed that"
        raise InputError(msg, hint="read the file, then say --allow-code (pytest: --evals-allow-code)")
    return replace(material, functions={name: imported(source) for name, source in material.sources.items()})


def labels_of(wanted: Eval, root: Path) -> Mapping[str, Labels]:
    """Read the labels that an eval's graders name, leaving out files that are no longer there."""
    names = {spec.labels for spec in wanted.graders if spec.labels}
    return {name: _labels(inside(root, name), name) for name in sorted(names) if (root / name).is_file()}


class _Loader:
    """Reads files one after the other and collects what is wrong, so that all of it is said at once."""

    def __init__(self, root: Path) -> None:
        self.hashes: dict[str, str] = {}
        self._root = root
        self._errors: list[InputError] = []

    def take(self, reader: Callable[[Path, str], T], name: str) -> list[T]:
        """Read one file: a list of what it holds, empty when it cannot be read."""
        try:
            path = inside(self._root, name)
            value = reader(path, name)
        except InputError as error:
            self._errors.append(error)
            return []
        self.hashes[name] = sha256(read_bytes(path))
        return [value]

    def done(self) -> None:
        """Raise everything that was wrong."""
        if self._errors:
            raise InputError.together(tuple(self._errors))


def _agent(path: Path, name: str) -> Agent:
    return read_agent(read_bytes(path, name=name), source=name)


def _dataset(path: Path, name: str) -> Dataset:
    return read(Dataset, read_text(path, name=name), source=name)


def _rubric(path: Path, name: str) -> Rubric:
    return read(Rubric, read_text(path, name=name), source=name)


def _labels(path: Path, name: str) -> Labels:
    return read_labels(read_text(path, name=name), source=name)


def _source(root: Path, function: str, path: Path, name: str) -> Source:
    del path, name  # `find` says where it lies
    return find(root, function)


def _sentinels(path: Path, name: str) -> tuple[Sentinel, ...]:
    return read_lines(Sentinel, read_text(path, name=name), source=name)


def _recorded(path: Path, name: str) -> Recorded:
    return read_recorded(read_text(path, name=name), source=name)


def _mismatches(wanted: Eval, cases: Sequence[Case], rubrics: Sequence[Rubric]) -> Iterator[Fault]:
    """Say where files that are each in order do not fit together."""
    dimensions = [rubric.dimension for rubric in rubrics]
    for name in _twice(dimensions):
        yield Fault(path="rubrics", message=f"two rubrics are about {name!r}")
    for name in _twice([case.id for case in cases]):
        yield Fault(path="datasets", message=f"two datasets hold a case {name!r}")
    yield from _strangers(wanted, dimensions)
    general = {rubric.dimension: {criterion.id for criterion in rubric.criteria} for rubric in rubrics}
    for case in cases:
        for dimension, criteria in case.criteria.items():
            place = f"case {case.id}: criteria.{dimension}"
            if dimension not in general:
                known = ", ".join(dimensions)
                yield Fault(path=place, message=f"no rubric is about {dimension!r}; there are {known}")
            for criterion in criteria:
                if criterion.id in general.get(dimension, ()):
                    yield Fault(path=place, message=f"{criterion.id!r} is in the rubric already")


def _strangers(wanted: Eval, dimensions: Sequence[str]) -> Iterator[Fault]:
    """Say which dimensions a gate or a night names that there are no rubrics for."""
    known = (*dimensions, OVERALL)
    named: dict[str, Iterable[str]] = {}
    if gate := wanted.gate:
        named |= {"dimensions": gate.dimensions, "margins": gate.margins, "floors": gate.floors}
        named = {f"gate.{place}": names for place, names in named.items()}
    if wanted.nightly and wanted.nightly.wakes != WAKES:  # the default leaves out what there is not
        named["nightly.wakes"] = wanted.nightly.wakes
    for place, names in named.items():
        for name in sorted({*names} - {*known}):
            there = ", ".join(known)
            yield Fault(path=place, message=f"no rubric is about {name!r}; there are {there}")


def _twice(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
