"""`harness compare-scores` through the front door: files in, verdict, report and exit code out."""

import json

import pytest

from front_door import Door

BASE = "case,attempt,score\n" + "".join(
    f"q{n},{a},{0.4 + 0.03 * ((n + a) % 3):.2f}\n" for n in range(8) for a in (1, 2)
)
NEW = "".join(
    json.dumps({"case": f"q{n}", "attempt": a, "score": 0.7 + 0.04 * ((n + a) % 3)}) + "\n"
    for n in range(8)
    for a in (1, 2)
)


@pytest.fixture
def files(door: Door) -> Door:
    door.write("old.csv", BASE)
    door.write("new.jsonl", NEW)
    return door


def test_two_files_give_the_verdict_and_a_report(files: Door) -> None:
    done = files.run("compare-scores", "old.csv", "new.jsonl", "--scale", "1", "--margin", "5")
    assert done.code == 0, done.err
    assert "new is better than old overall: +" in done.out
    assert "gate overall: PASS" in done.out
    assert "old: 8 cases, 16 attempts" in done.err
    folder = files.root / "reports" / "scores--old..new"
    assert {path.name for path in folder.iterdir()} >= {
        "index.html",
        "report.md",
        "results.json",
        "results.csv",
        "junit.xml",
        "forest.csv",
    }
    assert json.loads((folder / "results.json").read_text())["comparisons"][0]["grader"] == "scores"


def test_the_command_in_the_report_makes_the_same_report(files: Door) -> None:
    first = files.run("compare-scores", "old.csv", "new.jsonl", "--scale", "1", "--seed", "5", "--json")
    again = files.run(*first.data["command"].split()[1:], "--json")
    assert again.out == first.out
    assert first.data["comparisons"][0]["seed"] == 5


def test_swapped_files_swap_the_verdict_and_fail_the_gate(files: Door) -> None:
    done = files.run("compare-scores", "new.jsonl", "old.csv", "--scale", "1", "--margin", "5")
    assert done.code == 1
    assert "old is worse than new" in done.out


def test_without_a_scale_nothing_is_guessed(files: Door) -> None:
    done = files.run("compare-scores", "old.csv", "new.jsonl")
    assert done.code == 2
    assert "--scale must be the perfect score" in done.err
    assert "these lie between 0.4 and 0.78" in done.err
    assert "--scale 100" in done.err


def test_the_faults_of_both_files_are_told_at_once(files: Door) -> None:
    files.write("bad.csv", "case,score\nq1,2\nq2,x\n")
    files.write("worse.csv", "case,score\nq1,x\n")
    done = files.run("compare-scores", "bad.csv", "worse.csv", "--scale", "1")
    assert done.code == 2
    assert "bad.csv: 1 to mend" in done.err
    assert "worse.csv: 1 to mend" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("old.csv", "old.csv", "--scale", "1"), "not with itself"),
        (("old.csv", "./old.csv", "--scale", "1"), "not with itself"),
        (("old.csv", "missing.csv", "--scale", "1"), "missing.csv: no such file"),
        (("old.csv", "new.jsonl", "--scale", "0"), "a number above 0, got 0"),
        (("old.csv", "new.jsonl", "--scale", "1", "--margin", "0"), "margin must be between 0 and 100"),
        (("old.csv", "new.jsonl", "--scale", "0.5"), "must lie between 0 and 0.5"),
    ],
)
def test_what_cannot_be_compared_is_refused(files: Door, arguments: tuple[str, ...], said: str) -> None:
    done = files.run("compare-scores", *arguments)
    assert done.code == 2
    assert said in done.err


def test_hostile_names_stay_text(files: Door) -> None:
    name, nine = "<script>alert(1)</script>\x1b[31m", range(9)
    files.write(
        "a.jsonl", "".join(json.dumps({"case": f"{name}{n}", "score": n / 9}) + "\n" for n in range(9))
    )
    files.write("b.jsonl", "".join(json.dumps({"case": f"{name}{n}", "score": 0.9}) + "\n" for n in nine))
    done = files.run("compare-scores", "a.jsonl", "b.jsonl", "--scale", "1")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out
    page = (files.root / "reports" / "scores--a..b" / "index.html").read_text()
    assert "<script>alert" not in page
