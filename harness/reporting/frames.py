"""Results as pandas data frames in long format, from what results.json holds: one row for each verdict.

Scores are points, 0 to 100. What is undefined is missing (`pd.NA`), never 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness.reporting.tables import FORMAT

if TYPE_CHECKING:
    import pandas as pd

Published = Mapping[str, Any]
"""A results.json, read."""

_KINDS = {
    "run": "string",
    "arm": "string",
    "role": "string",
    "prompt_hash": "string",
    "grader": "string",
    "case": "string",
    "attempt": "Int64",
    "outcome": "string",
    "dimension": "string",
    "criterion": "string",
    "points": "Float64",
    "met": "boolean",
    "quote": "string",
    "reason": "string",
    "score": "Float64",
    "overall": "Float64",
    "words": "Int64",
    "stop_reason": "string",
    "cost": "Float64",
    "seconds": "Float64",
}
COLUMNS = tuple(_KINDS)


def verdicts(data: Sequence[Published]) -> "pd.DataFrame":
    """Give a row for each verdict on each answer, over all of these results, in their order.

    `score` is the answer's on that dimension, `overall` its mean over dimensions. A trial without an answer
    has one row with its `reason` and no criterion. Raises InputError for another format of results.json.
    """
    import pandas as pd  # noqa: PLC0415 - half a second and 40 MB that no report needs

    rows = [row for each in data for row in _rows(each)]
    frame = pd.DataFrame.from_records(rows, columns=list(COLUMNS))
    return frame.astype(_KINDS)


def listed(rows: Sequence[Mapping[str, object]]) -> "pd.DataFrame":
    """Give stored runs as they are listed, times as times in UTC; a run that is not finished has none."""
    import pandas as pd  # noqa: PLC0415 - as above

    frame = pd.DataFrame(list(rows))
    for name in frame.columns.intersection(["created_at", "asked_at", "finished_at"]):
        frame[name] = pd.to_datetime(frame[name].replace("", None), utc=True, format="ISO8601")
    return frame


def parquet(frame: "pd.DataFrame") -> bytes:
    """Give a frame as Parquet; raises InputError where pyarrow, which is never required, is not there."""
    try:
        data: bytes = frame.to_parquet(index=False, engine="pyarrow")
    except ImportError:
        msg = "Parquet is written by pyarrow, which is not installed"
        raise InputError(
            msg, hint="`pip install pyarrow`; results.csv and results.json need nothing"
        ) from None
    return data


def _rows(data: Published) -> Iterator[tuple[object, ...]]:
    if data.get("format") != FORMAT:
        msg = f"results of format {data.get('format')!r}: this version reads {FORMAT}"
        raise InputError(msg, hint="`harness report RUN` writes them again")
    points = _points(data)
    for arm in data["arms"]:
        run = arm["run"] or {"id": "", "revision": {"agent": {"prompt_hash": ""}}}
        head = (run["id"], arm["label"], arm["role"], run["revision"]["agent"]["prompt_hash"])
        for grader, trials in arm["trials"].items():
            for trial in trials:
                place = (*head, grader, trial["case"], trial["attempt"], trial["outcome"])
                yield from _of_trial(trial, place, data["answers"], points)


def _of_trial(
    trial: Published, place: tuple[object, ...], answers: Published, points: Mapping[tuple[str, ...], float]
) -> Iterator[tuple[object, ...]]:
    if trial["outcome"] == "failed":
        reason = f"{trial['kind']}: {trial['message']}"
        yield (*place, None, None, None, None, None, reason, None, None, None, None, None, None)
        return
    answer = answers[trial["key"]]
    about = (answer["words"], answer["stop_reason"], answer["cost"], answer["seconds"])
    for verdict in trial["verdicts"]:
        dimension, criterion = verdict["dimension"], verdict["criterion"]
        own = points.get((trial["case"], dimension, criterion))
        score = trial["scores"].get(dimension)
        yield (
            *place,
            dimension,
            criterion,
            points.get((dimension, criterion)) if own is None else own,
            verdict["met"],
            verdict["quote"],
            verdict["reason"],
            None if score is None else score["value"],
            trial.get("overall"),
            *about,
        )


def _points(data: Published) -> Mapping[tuple[str, ...], float]:
    """Give what each criterion is worth, by dimension and id; a case's own by its id too."""
    found: dict[tuple[str, ...], float] = {
        (rubric["dimension"], each["id"]): each["points"]
        for rubric in data["rubrics"]
        for each in rubric["criteria"]
    }
    for case in data["cases"]:
        for dimension, own in case["criteria"].items():
            found |= {(case["id"], dimension, each["id"]): each["points"] for each in own}
    return found
