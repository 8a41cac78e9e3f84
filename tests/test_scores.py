"""Scores of another tool, read: two formats, one meaning; every fault with its line."""

import csv
import io
import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.parsing.scores import read_rows, sheet
from harness.records.estimates import OVERALL
from harness.records.sheets import Sheet

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1).filter(str.strip)
SHARES = st.none() | st.floats(0, 1)
ROWS = st.dictionaries(st.tuples(NAMES.map(str.strip), st.integers(1, 3)), SHARES, min_size=1, max_size=12)


def read(text: str, *, source: str = "a.csv", scale: float = 1.0) -> Sheet:
    return sheet(read_rows(text, source=source), source=source, label="a", scale=scale)


def as_csv(rows: Sequence[Mapping[str, object]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def as_jsonl(rows: Sequence[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@given(ROWS)
def test_csv_and_jsonl_that_say_the_same_are_read_the_same(scores: Mapping[tuple[str, int], float]) -> None:
    rows = [{"case": case, "attempt": n, "score": score} for (case, n), score in scores.items()]
    one, other = read(as_csv(rows)), read(as_jsonl(rows), source="a.jsonl")
    assert (one.scores, one.cases, one.trials) == (other.scores, other.cases, other.trials)
    assert one.trials == len(rows)
    assert one.graded == sum(score is not None for score in scores.values())


@given(ROWS, st.sampled_from([1.0, 5.0, 100.0]))
def test_points_do_not_depend_on_the_scale(scores: Mapping[tuple[str, int], float], scale: float) -> None:
    shares = [{"case": case, "attempt": n, "score": score} for (case, n), score in scores.items()]
    scaled = [
        row | {"score": None if row["score"] is None else scale * float(str(row["score"]))} for row in shares
    ]
    one, other = read(as_csv(shares)), read(as_csv(scaled), scale=scale)
    assert one.cases == other.cases
    for case, attempts in one.scores[OVERALL].items():
        assert other.scores[OVERALL][case] == pytest.approx(attempts, abs=1e-9)


def test_overall_is_the_mean_of_the_dimensions_where_all_are_scored() -> None:
    found = read("case,dimension,score\nq,a,0.2\nq,b,0.6\nr,a,1\nr,b,\n")
    assert found.dimensions == ("a", "b")
    assert found.scores[OVERALL] == {"q": pytest.approx((40,))}
    assert found.scores["a"] == {"q": pytest.approx((20,)), "r": (100,)}
    assert (found.trials, found.graded) == (2, 1)


def test_columns_that_are_not_known_and_lines_that_are_blank_are_left_alone() -> None:
    found = read('model,Case,Score,notes\nm,q,1,"two\nlines"\n\nm,r,0,\n')
    assert found.scores[OVERALL] == {"q": (100,), "r": (0,)}


def test_clusters_are_kept_by_case() -> None:
    assert read("case,score,cluster\nq,1,x\nr,0,\n").clusters == {"q": "x"}


@pytest.mark.parametrize(
    ("source", "text", "said"),
    [
        ("a.txt", "", ["a.txt: must end in .csv or .jsonl"]),
        ("a.csv", "", ["at least one score"]),
        ("a.csv", "case,score\n", ["at least one score"]),
        ("a.csv", "item_id,score\nq,1\n", ["line 1", "a column 'case' is needed, got item_id, score"]),
        ("a.csv", "case,score,score\nq,1,1\n", ["line 1", "'score' may stand there once"]),
        (
            "a.csv",
            "case,score\nq,high\nr,nan\ns,1\nt,inf\n",
            ["3 to mend", "line 2, score", "line 3", "line 5"],
        ),
        (
            "a.csv",
            "case,score\n,1\nq\n",
            ["2 to mend", "line 2, case: must not be empty", "line 3: must hold 2"],
        ),
        ("a.csv", 'case,score\n"q\nq",1\nr,x\n', ["1 to mend", "line 4, score"]),
        ("a.csv", 'case,score\nq,"1\n', ["not CSV"]),
        ("a.csv", "case,score\nq,1.01\nr,-1\n", ["line 2, score: must lie between 0 and 1", "line 3"]),
        ("a.csv", "case,score\nq,1\nr,1\nq,0\n", ["line 4: q stands in line 2 already", "column attempt"]),
        ("a.csv", "case,attempt,score\nq,1,1\nq,1,0\n", ["line 3: q, 1 stands in line 2 already"]),
        ("a.csv", "case,attempt,score,cluster\nq,1,1,x\nq,2,1,y\n", ["line 3, cluster", "'x' in line 2"]),
        ("a.csv", "case,score,dimension\nq,1,\nq,1,overall\n", ["line 2, dimension", "may not be overall"]),
        ("a.jsonl", '{"case": "q", "score": 1}\n[1]\n{"case": 1.5}\n{', ["4 to mend", "line 2", "line 4"]),
        ("a.jsonl", '{"case": "q", "score": true}\n{"case": "r", "score": NaN}', ["True", "nan"]),
        ("a.jsonl", "[" * 100_000, ["line 1: not JSON"]),
        ("a.jsonl", '{"case": "q", "score": 1' + "0" * 400 + "}", ["finite"]),
    ],
)
def test_what_is_wrong_is_said_with_its_line(source: str, text: str, said: Sequence[str]) -> None:
    with pytest.raises(InputError) as caught:
        read(text, source=source)
    assert [part for part in said if part not in str(caught.value)] == []
