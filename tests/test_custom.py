"""Custom graders: a function of the project grades where that is allowed; no mistake of it is a verdict."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from front_door import REPOSITORY, Door
from harness.custom import find, imported
from harness.errors import InputError
from harness.grading.custom import Function, grade
from harness.records.findings import Finding
from making import case, criterion
from recordings import BOTH, ONE, record

ANSWER = "Validate every input. Trust nobody."
HEAD = """\
from harness.records.findings import Finding
from harness.records.inputs import Criterion


def grade(question: str, answer: str, criterion: Criterion, reference: str) -> Finding:
"""
RECORDED = {"provider": "recorded", "answers": "datasets/recorded.jsonl"}


def verdict(function: Any) -> Any:
    return grade(
        function,
        "graders.tone:grade",
        case("queues"),
        ANSWER,
        dimension="security",
        criterion=criterion("input"),
    )


# ------------------------------------------------------------------ what a function returns


@pytest.mark.parametrize(
    ("found", "met", "quote", "reason"),
    [
        (
            Finding(met=True, quote="validate  every input", reason="so"),
            None,
            "",
            "does not occur in the answer",
        ),
        (Finding(met=True, quote="Validate  every input", reason="so"), True, "Validate every input", "so"),
        (Finding(met=True, reason="by length"), True, "", "by length"),
        (Finding(met=False, reason="no"), False, "", "no"),
        (Finding(met=None, reason="cannot tell"), None, "", "cannot tell"),
    ],
)
def test_a_finding_becomes_a_verdict_with_the_answers_own_words(
    found: Finding, met: bool | None, quote: str, reason: str
) -> None:
    made = verdict(lambda *_: found)
    assert (made.met, made.quote) == (met, quote)
    assert reason in made.reason


@pytest.mark.parametrize(
    ("error", "words"),
    [(ZeroDivisionError("by nought"), "ZeroDivisionError: by nought"), (SystemExit(3), "SystemExit: 3")],
)
def test_what_a_function_raises_leaves_the_verdict_open_and_says_what_it_was(
    error: BaseException, words: str
) -> None:
    def broken(*_: object) -> Finding:
        raise error

    made = verdict(broken)
    assert made.met is None
    assert made.reason == f"graders.tone:grade raised {words}"


@pytest.mark.parametrize("returned", [True, None, {"met": True}, "yes"])
def test_anything_but_a_finding_is_a_mistake_of_the_function_and_no_verdict(returned: object) -> None:
    with pytest.raises(InputError, match="must return a Finding, got"):
        verdict(lambda *_: returned)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"met": 1}, "met must be True, False or None"), ({"met": True, "quote": None}, "must be text")],
)
def test_a_finding_takes_no_number_for_a_yes(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Finding(**values)


def test_half_a_character_in_a_reason_can_be_stored() -> None:
    assert verdict(lambda *_: Finding(met=False, reason="a\ud800b")).reason == "a?b"


# ------------------------------------------------------------------ where it is found


def written(root: Path, text: str, name: str = "graders/tone.py") -> Function:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return imported(find(root, "graders.tone:grade"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def other(): ...\n", "no function 'grade' at its top level; there are other"),
        ("class grade: ...\n", "no function 'grade' at its top level"),
        ("async def grade(): ...\n", "not async"),
        ("def grade(:\n", "line 1: not Python"),
        ("import nothing_of_this_name\n\ndef grade(): ...\n", "cannot be imported: ModuleNotFoundError"),
        ("from graders import other\n\ndef grade(): ...\n", "no other file of the project"),
        ("raise SystemExit(0)\n\ndef grade(): ...\n", "cannot be imported: SystemExit"),
    ],
)
def test_a_module_that_cannot_grade_is_an_error_that_says_why(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        written(tmp_path, text)
    assert words in str(caught.value)


def test_a_module_that_a_link_leads_to_outside_of_the_project_is_refused(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "tone.py"
    outside.write_text("def grade(): ...\n")
    (root / "graders").mkdir(parents=True)
    (root / "graders" / "tone.py").symlink_to(outside)
    with pytest.raises(InputError, match="lies outside the project"):
        find(root, "graders.tone:grade")


def test_what_is_run_is_the_text_that_was_hashed(tmp_path: Path) -> None:
    path = tmp_path / "tone.py"
    path.write_text("def grade(*_):\n    return 'before'\n")
    source = find(tmp_path, "tone:grade")
    path.write_text("def grade(*_):\n    return 'after'\n")
    assert imported(source)("", "", criterion("x"), "") == "before"  # type: ignore[comparison-overlap]
    assert find(tmp_path, "tone:grade").version != source.version


def test_a_module_may_declare_dataclasses(tmp_path: Path) -> None:
    kind = "from dataclasses import dataclass\n\n@dataclass\nclass Tone:\n    kind: 'str' = ''\n\n"
    text = f"{kind}def grade(*_):\n    return Tone()\n"
    assert type(written(tmp_path, text)("", "", criterion("x"), "")).__name__ == "Tone"


# ------------------------------------------------------------------ through the front door


def project(tmp_path: Path, body: str) -> Door:
    door = Door(tmp_path / "project", key="")
    record(door, ("queues", "caches"), lambda *_: BOTH, lambda *_: ONE)
    door.write("graders/tone.py", HEAD + body)
    grader = {"kind": "custom", "function": "graders.tone:grade"}
    door.eval("http://127.0.0.1:9", model=RECORDED, graders=[grader])
    return door


MARKER = "    open('ran', 'w').close()\n"
MET = "    return Finding(met='input' in criterion.text.lower(), reason=question)\n"


def test_nothing_of_the_project_runs_unless_somebody_allows_it(tmp_path: Path) -> None:
    door = project(tmp_path, MET)
    door.write("graders/tone.py", "open('ran', 'w').close()\n" + HEAD + MET)
    for command in (("check",), ("run", "small"), ("run", "small", "--plan"), ("list",)):
        door.run(*command)
        assert not (door.root / "ran").exists(), command
    refused = door.run("run", "small")
    assert refused.code == 2
    assert "graders/tone.py, and nobody has allowed that" in refused.err
    assert "hint: read the file, then say --allow-code" in refused.err
    assert "the custom grader would run graders/tone.py, only with --allow-code" in door.run("check").out
    assert door.run("run", "small", "--allow-code").code == 0
    assert (door.root / "ran").exists()


def test_a_function_grades_and_its_verdicts_are_kept_until_it_changes(tmp_path: Path) -> None:
    door = project(tmp_path, MARKER + MET)
    first = door.run("run", "small", "--allow-code", "--json")
    assert first.code == 0, first.err
    (trial, _) = first.data["arms"][0]["trials"]["custom"]
    met = {found["criterion"]: found["met"] for found in trial["verdicts"]}
    assert met == {"threat": False, "input": True}
    assert trial["verdicts"][0]["reason"] == "How do I build queues?"
    assert "--allow-code" in first.data["command"]
    (door.root / "ran").unlink()
    assert door.run("run", "small", "--allow-code", "--json").out == first.out
    assert not (door.root / "ran").exists()
    door.write("graders/tone.py", HEAD + MARKER + "    return Finding(met=False)\n")
    after = door.run("run", "small", "--allow-code", "--json").data["arms"][0]["trials"]["custom"]
    assert not any(found["met"] for each in after for found in each["verdicts"])


def test_a_function_that_raises_leaves_the_run_incomplete_and_never_green(tmp_path: Path) -> None:
    done = project(tmp_path, "    raise KeyError('tone')\n").run("run", "small", "--allow-code", "--json")
    assert done.code == 5
    (trial, _) = done.data["arms"][0]["trials"]["custom"]
    assert trial["outcome"] == "ungraded"
    assert trial["verdicts"][0]["reason"] == "graders.tone:grade raised KeyError: 'tone'"


def test_a_function_that_returns_something_else_ends_the_command(tmp_path: Path) -> None:
    done = project(tmp_path, "    return True\n").run("run", "small", "--allow-code")
    assert done.code == 2
    assert "graders.tone:grade: must return a Finding, got bool" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("grader", "words"),
    [
        ({"kind": "custom"}, "must be module:function for kind custom"),
        ({"kind": "custom", "function": "../tone:grade"}, "must be module:function"),
        ({"kind": "custom", "function": "os.path"}, "must be module:function"),
        ({"kind": "signals", "function": "a:b"}, "belongs to kind custom, not signals"),
        ({"kind": "custom", "function": "os:system"}, "os.py"),
    ],
)
def test_a_grader_that_names_no_function_of_the_project_is_refused(
    tmp_path: Path, grader: dict[str, str], words: str
) -> None:
    door = project(tmp_path, MET)
    assert door.run("check").code == 0
    door.eval("http://127.0.0.1:1", model=RECORDED, graders=[grader])
    refused = door.run("check")
    assert refused.code == 2
    assert words in refused.err


def test_the_shipped_example_grades_what_a_sentence_says(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "evals" / "graders", tmp_path / "evals" / "graders")
    function = imported(find(tmp_path, "evals.graders.overlap:grade"))
    made = verdict(function)
    assert (made.met, made.quote) == (True, "Validate every input.")
    assert function("", ANSWER, criterion("budget"), "").met is False
