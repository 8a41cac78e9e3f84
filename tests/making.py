"""Small records for tests: each function fills in what its test does not care about."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.planning.keys import run_id
from harness.planning.work import Taken
from harness.records.calibrations import Calibration, Compared
from harness.records.inputs import Agent, Case, Criterion, Eval, GraderSpec, ModelSpec, Rubric, Signal
from harness.records.outcomes import Answer, Verdict
from harness.records.runs import GraderInfo, Manifest, Revision, Run
from harness.statistics.calibration import by_criterion, pooled

MODEL = ModelSpec(name="claude-sonnet-5-5", max_tokens=1000)
JUDGE = ModelSpec(name="claude-haiku-5-5", max_tokens=500)
INFOS = {
    "judge": GraderInfo(kind="judge", version="j1", model=JUDGE.name),
    "signals": GraderInfo(kind="signals", version="s1"),
    "labels": GraderInfo(kind="labels", version="l1"),
}


def criterion(name: str, points: float = 1.0, **more: Any) -> Criterion:
    signals = (Signal(all=(name,)),)
    return Criterion(id=name, text=f"Says {name}.", points=points, **{"signals": signals, **more})


def rubric(dimension: str, *criteria: Criterion) -> Rubric:
    return Rubric(dimension=dimension, criteria=criteria or (criterion(f"{dimension}-one"),))


def case(name: str, criteria: Mapping[str, tuple[Criterion, ...]] | None = None, **more: Any) -> Case:
    return Case(id=name, criteria=criteria or {}, **{"prompt": f"How do I build {name}?", **more})


def spec(kind: str) -> GraderSpec:
    if kind == "judge":
        return GraderSpec(kind="judge", model=JUDGE)
    return (
        GraderSpec(kind="labels", labels="labels.jsonl") if kind == "labels" else GraderSpec(kind="signals")
    )


def agent(prompt: str = "You are an engineer.", **more: Any) -> Agent:
    return Agent(
        **{
            "name": "helper",
            "description": "",
            "prompt_hash": prompt.encode().hex(),
            "file_hash": "f",
            **more,
        },
        prompt=prompt,
    )


def manifest(
    cases: Sequence[Case] = (),
    rubrics: Sequence[Rubric] = (),
    *,
    graders: Sequence[str] = ("signals",),
    prompt: str = "You are an engineer.",
    **changes: Any,
) -> Manifest:
    settings: dict[str, Any] = {
        "agent": "agents/helper.md",
        "rubrics": ("evals/rubrics/security.yaml",),
        "model": MODEL,
        "graders": tuple(map(spec, graders)),
        **changes,
    }
    return Manifest(
        eval_name="small",
        eval=Eval(**settings),
        revision=Revision(label="working", path="agents/helper.md", agent=agent(prompt)),
        cases=tuple(cases) or (case("queues"), case("caches")),
        rubrics=tuple(rubrics) or (rubric("security"),),
        graders=tuple(INFOS[kind] for kind in graders),
        model_version="2026-10-21",
    )


def run(made_from: Manifest) -> Run:
    return Run(id=run_id(made_from), manifest=made_from, created_at="2026-11-22T00:00:00.000Z")


def answer(text: str = "Validate input.", **more: Any) -> Answer:
    return Answer(text=text, **more)


def verdict(name: str, *, met: bool | None = True, dimension: str = "security", **more: Any) -> Verdict:
    return Verdict(dimension=dimension, criterion=name, met=met, **more)


def compared(
    met: bool | None,
    label: bool,
    *,
    case: str = "a",
    revision: str = "old",
    place: tuple[str, str] = ("security", "threat"),
) -> Compared:
    return Compared(
        answer=f"{revision}/{case}",
        revision=revision,
        case=case,
        dimension=place[0],
        criterion=place[1],
        label=label,
        met=met,
    )


def calibration(right: int, wrong: int, **changes: Any) -> Calibration:
    """A calibration on six cases, half of the labels met; the grader is wrong on `wrong` of each class."""
    items = [
        compared(said, label, case=f"case{number % 6}")
        for label in (True, False)
        for said, count in ((label, right), (not label, wrong))
        for number in range(count)
    ]
    settings: dict[str, Any] = {
        "eval_name": "small",
        "grader": INFOS["judge"],
        "grader_hash": "h",
        "in_sample": False,
        "labels": "labels.jsonl",
        "labels_version": "v",
        "labelled_by": "2 model annotators",
        "labels_alpha": 0.9,
        "answers": 12,
        "not_found": 0,
        "not_asked": 0,
        "pooled": pooled(items, frozenset()),
        "criteria": by_criterion(items),
        "revisions": (),
        "cases": (),
        "wrong": (),
        "cost": 0.25,
        "created_at": "2026-11-23T00:00:00.000Z",
    }
    return Calibration(**{**settings, **changes})


class Desk:
    """Grants every claim and is always on disk: a run that is alone."""

    async def take(self, keys: Sequence[str]) -> Taken:
        return Taken(frozenset(keys), 0)

    def drop(self, keys: Sequence[str]) -> None:
        pass

    async def committed(self) -> None:
        pass

    async def pause(self) -> None:
        pass


class Shelf:
    """What is stored, in memory; `looked_up` counts the keys that were asked for."""

    def __init__(self) -> None:
        self.of_answers: dict[str, Answer] = {}
        self.of_verdicts: dict[str, Verdict] = {}
        self.looked_up = 0

    def answers(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        self.looked_up += len(keys)
        return {key: self.of_answers[key] for key in keys if key in self.of_answers}

    def verdicts(self, keys: Sequence[str]) -> Mapping[str, Verdict]:
        self.looked_up += len(keys)
        return {key: self.of_verdicts[key] for key in keys if key in self.of_verdicts}
